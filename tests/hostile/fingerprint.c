/* SPDX-License-Identifier: MIT */
/* Prints all that a program can see of where it runs, one fact a line, in an order of its own making, so that two
 * outputs can be compared byte by byte: a program must not be able to tell validation, warm-up and trial apart.
 *
 * What differs between any two runs is not printed, but named: "exception NAME: why". Those lines are the list that
 * the documentation has to repeat.
 *
 *   fingerprint [--names|--shallow]     --names prints the names of the exceptions only; --shallow leaves out what
 *                                       lies in /usr, which takes most of the time */

#define _GNU_SOURCE

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX (1 << 20)

static const struct {
        const char *name, *why;
} exceptions[] = {
        { "addresses", "the layout of memory is random: maps, stack pointers, AT_RANDOM" },
        { "clocks",
          "time goes on: clocks, CPU time, context switches, page faults, I/O, and the times of what was just made" },
        { "numbers", "the kernel counts up: inodes, anonymous devices, mount ids, namespace ids, socket cookies" },
        { "host", "what all of the kernel's programs share: load, free memory, interrupts, frequencies" },
        { "use", "its own use of memory so far, to the page" },
};

/* Files of /proc/self that consist of exceptions only. */
static const char *const skipped[] = {
        "autogroup", /* the number of the session */
        "auxv",
        "maps",
        "smaps",
        "smaps_rollup",
        "numa_maps",
        "pagemap",
        "stat",
        "statm",
        "syscall",
        "stack",
        "wchan",
        "sched",
        "schedstat",
        "io",
        "timers",
        "latency",
        "mem",
        "clear_refs",
        "mountinfo",
        "mountstats",
        "net",
        "task",
        "fd",
        "fdinfo",
        "map_files",
        "ns",
        "root",
        "cwd",
        "exe",
        "arch_status",
        "ksm_stat",
        "oom_score",
        "ksm_merging_pages",
        "cpu_resctrl_groups",
};

/* Lines of /proc/self/status that are exceptions. */
static const char *const skipped_lines[] = { "Vm", "Rss", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches",
                                             "HugetlbPages" };

static int by_name(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The names in a directory, sorted; NULL when it cannot be read. */
static char **list(const char *path, size_t *ret_n) {
        DIR *directory = opendir(path);
        struct dirent *entry;
        char **names = NULL;
        size_t n = 0;

        *ret_n = 0;
        if (!directory)
                return NULL;
        while ((entry = readdir(directory))) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                names = realloc(names, (n + 1) * sizeof(char *));
                names[n++] = strdup(entry->d_name);
        }
        closedir(directory);
        if (n > 0)
                qsort(names, n, sizeof(char *), by_name);
        *ret_n = n;
        return names;
}

static void free_list(char **names, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(names[i]);
        free(names);
}

static bool among(const char *name, const char *const *names, size_t n, bool prefix) {
        for (size_t i = 0; i < n; i++)
                if (prefix ? strncmp(name, names[i], strlen(names[i])) == 0 : strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

static void print_escaped(const char *text, size_t length) {
        for (size_t i = 0; i < length; i++)
                if (isprint((unsigned char) text[i]) && text[i] != '\\')
                        putchar(text[i]);
                else
                        printf("\\x%02x", (unsigned char) text[i]);
}

static void print_file(const char *name, const char *path) {
        static char text[FILE_MAX];
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        ssize_t length = 0, n;

        printf("file %s: ", name);
        if (fd < 0) {
                printf("%s\n", strerror(errno));
                return;
        }
        while ((n = read(fd, text + length, sizeof(text) - length)) > 0)
                length += n;
        if (n < 0 && length == 0)
                printf("%s", strerror(errno));
        close(fd);
        for (char *line = text; line < text + length;) {
                char *end = memchr(line, '\n', text + length - line) ?: text + length;

                if (strcmp(name, "status") != 0 ||
                    !among(line, skipped_lines, sizeof(skipped_lines) / sizeof(skipped_lines[0]), true)) {
                        print_escaped(line, end - line);
                        fputs(" | ", stdout);
                }
                line = end + 1;
        }
        putchar('\n');
}

static void print_self(void) {
        size_t n;
        char **names = list("/proc/self", &n), path[512];

        for (size_t i = 0; i < n; i++) {
                snprintf(path, sizeof(path), "/proc/self/%s", names[i]);
                if (among(names[i], skipped, sizeof(skipped) / sizeof(skipped[0]), false))
                        printf("file %s: exception\n", names[i]);
                else
                        print_file(names[i], path);
        }
        free_list(names, n);
}

/* "pipe:[1234]" without its number. */
static void print_link(const char *what, const char *path) {
        char target[4096];
        ssize_t length = readlink(path, target, sizeof(target) - 1);

        printf("%s ", what);
        if (length < 0)
                printf("%s", strerror(errno));
        else {
                char *number;

                target[length] = '\0';
                number = strchr(target, '[');
                print_escaped(target, number ? (size_t) (number - target) : (size_t) length);
        }
}

static void print_descriptors(void) {
        for (int fd = 0; fd < 4096; fd++) {
                int flags = fcntl(fd, F_GETFL);
                char path[64], what[32];
                struct stat st;

                if (flags < 0 || fstat(fd, &st) < 0)
                        continue;
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                snprintf(what, sizeof(what), "fd %d", fd);
                print_link(what, path);
                printf(" mode %o flags %o descriptor-flags %d offset %jd", st.st_mode, flags, fcntl(fd, F_GETFD),
                       (intmax_t) lseek(fd, 0, SEEK_CUR));
                printf(" size %jd owner %u:%u pipe %d seals %d\n", (intmax_t) st.st_size, st.st_uid, st.st_gid,
                       fcntl(fd, F_GETPIPE_SZ), fcntl(fd, F_GET_SEALS));
        }
}

static void print_mounts(void) {
        char line[8192];
        FILE *file = fopen("/proc/self/mountinfo", "re");

        while (file && fgets(line, sizeof(line), file)) {
                char *rest = line;

                for (int i = 0; rest && i < 3; i++) { /* id, parent, device */
                        rest = strchr(rest, ' ');
                        rest += rest != NULL;
                }
                printf("mount ");
                print_escaped(rest ?: line, strcspn(rest ?: line, "\n"));
                putchar('\n');
        }
        if (file)
                fclose(file);
}

static void print_identity(int argc, char **argv) {
        struct utsname uts = {};
        cpu_set_t cpus;
        char cwd[4096];

        for (int i = 0; i < argc; i++)
                printf("argv %d: %s\n", i, argv[i]);
        for (char **entry = environ; *entry; entry++)
                printf("env %s\n", *entry);
        printf("cwd %s\n", getcwd(cwd, sizeof(cwd)) ?: strerror(errno));
        printf("ids uid %u euid %u gid %u egid %u groups %d\n", getuid(), geteuid(), getgid(), getegid(),
               getgroups(0, NULL));
        printf("pid %d ppid %d pgid %d sid %d\n", getpid(), getppid(), getpgrp(), getsid(0));
        uname(&uts);
        printf("uname %s %s %s %s %s\n", uts.sysname, uts.nodename, uts.release, uts.version, uts.machine);
        if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0) {
                printf("affinity");
                for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
                        if (CPU_ISSET(cpu, &cpus))
                                printf(" %d", cpu);
                printf(" of %ld online, %ld configured\n", sysconf(_SC_NPROCESSORS_ONLN),
                       sysconf(_SC_NPROCESSORS_CONF));
        }
        printf("scheduling policy %d nice %d umask %o\n", sched_getscheduler(0), getpriority(PRIO_PROCESS, 0),
               umask(022));
        printf("prctl dumpable %d no-new-privs %d seccomp %d securebits %d timerslack %d subreaper-signal %d\n",
               prctl(PR_GET_DUMPABLE), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_SECCOMP),
               prctl(PR_GET_SECUREBITS), prctl(PR_GET_TIMERSLACK), prctl(PR_GET_PDEATHSIG, (int[]){ 0 }));
        printf("speculation store-bypass %d indirect-branch %d\n",
               prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0, 0, 0),
               prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, 0, 0, 0));
        printf("auxv secure %lu hwcap %lx hwcap2 %lx flags %lx clktck %lu pagesz %lu execfn %s\n",
               getauxval(AT_SECURE), getauxval(AT_HWCAP), getauxval(AT_HWCAP2), getauxval(AT_FLAGS),
               getauxval(AT_CLKTCK), getauxval(AT_PAGESZ), (const char *) getauxval(AT_EXECFN));
        for (int sig = 1; sig < 65; sig++) {
                struct sigaction action;

                if (sigaction(sig, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
                        printf("signal %d is handled\n", sig);
        }
        for (int clock = 0; clock < 12; clock++) {
                struct timespec resolution;

                if (clock_getres(clock, &resolution) == 0)
                        printf("clock %d resolution %ld\n", clock,
                               resolution.tv_sec * 1000000000L + resolution.tv_nsec);
        }
}

static uint64_t hash(uint64_t h, const char *text) {
        for (; *text; text++)
                h = (h ^ (unsigned char) *text) * 1099511628211U;
        return h;
}

typedef struct Digest {
        uint64_t hash;
        unsigned long files;
} Digest;

/* What lies on a file system of the host's keeps its times; what was made for this run, as the box's root was, has new
 * ones. */
static void stat_line(const char *path, char *line, size_t size) {
        struct statvfs fs;
        struct stat st, root;
        int n;

        if (lstat(path, &st) < 0) {
                snprintf(line, size, "%s: %s", path, strerror(errno));
                return;
        }
        n = snprintf(line, size, "%s mode %o owner %u:%u rdev %jx", path, st.st_mode, st.st_uid, st.st_gid,
                     (uintmax_t) st.st_rdev);
        if (S_ISREG(st.st_mode))
                n += snprintf(line + n, size - n, " size %jd links %ju", (intmax_t) st.st_size,
                              (uintmax_t) st.st_nlink);
        if (statvfs(path, &fs) == 0 && fs.f_flag & ST_RDONLY && lstat("/", &root) == 0 && st.st_dev != root.st_dev)
                snprintf(line + n, size - n, " modified %jd", (intmax_t) st.st_mtime);
}

static bool shallow;

/* Every file is printed down to depth; below, a directory is one digest, or this would be larger than an output may
 * be. */
static void walk(const char *path, int depth, Digest *digest) {
        size_t n;
        char **names, line[8192];
        Digest below = { 14695981039346656037U, 0 };
        struct stat st;

        stat_line(path, line, sizeof(line));
        if (digest) {
                digest->hash = hash(digest->hash, line);
                digest->files++;
        } else
                printf("stat %s\n", line);
        if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || strcmp(path, "/proc") == 0 || strcmp(path, "/sys") == 0 ||
            (shallow && strcmp(path, "/usr") == 0))
                return;
        names = list(path, &n);
        if (!names && n == 0 && !digest && access(path, R_OK) < 0)
                printf("list %s: %s\n", path, strerror(errno));
        for (size_t i = 0; i < n; i++) {
                char *child = NULL;

                if (asprintf(&child, "%s/%s", strcmp(path, "/") == 0 ? "" : path, names[i]) < 0)
                        abort();
                if (strlen(child) < 4096)
                        walk(child, depth - 1, digest ?: depth > 0 ? digest : &below);
                free(child);
        }
        if (!digest && depth <= 0 && below.files > 0)
                printf("tree %s: %lu files, digest %016" PRIx64 "\n", path, below.files, below.hash);
        free_list(names, n);
}

static void print_proc(void) {
        size_t n;
        char **names = list("/proc", &n);

        for (size_t i = 0; i < n; i++)
                printf("proc %s\n", names[i]);
        free_list(names, n);
}

int main(int argc, char **argv) {
        for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
                if (argc > 1 && strcmp(argv[1], "--names") == 0)
                        puts(exceptions[i].name);
                else
                        printf("exception %s: %s\n", exceptions[i].name, exceptions[i].why);
        if (argc > 1 && strcmp(argv[1], "--names") == 0)
                return 0;
        print_identity(argc, argv);
        print_descriptors();
        print_self();
        print_mounts();
        print_proc();
        shallow = argc > 1 && strcmp(argv[1], "--shallow") == 0;
        walk("/", 2, NULL);
        return 0;
}
