/* SPDX-License-Identifier: MIT */

/* What test-box-profile and test-filter run in a box: makes one system call and says what came of it, for one. */

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define FOREIGN_BIT 0x40000000L /* x32's numbers */

static long make_call(const char *name) {
        const struct rlimit none = {};
        struct rlimit limit;
        const struct {
                const char *name;
                long number, a, b, c, d;
        } calls[] = {
                { "ptrace", SYS_ptrace, 0, 0, 0 },
                { "unshare", SYS_unshare, CLONE_NEWUSER, 0, 0 },
                { "mount", SYS_mount, 0, 0, 0 },
                { "bpf", SYS_bpf, 0, 0, 0 },
                { "clone", SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0 },
                { "clone3", SYS_clone3, 0, 0, 0 },
                { "io_uring_setup", SYS_io_uring_setup, 1, 0, 0 },
                { "fsopen", SYS_fsopen, 0, 0, 0 },
                { "userfaultfd", SYS_userfaultfd, 0, 0, 0 },
                { "unknown", 0x3fff, 0, 0, 0 },
                { "setpriority", SYS_setpriority, 0, 0, 5 },
                { "TIOCSTI", SYS_ioctl, 0, TIOCSTI, 0 },
                { "TIOCSTI-64", SYS_ioctl, 0, TIOCSTI | 0x100000000L, 0 },
                { "TCGETS", SYS_ioctl, 0, 0x5401, 0 },
                { "foreign", SYS_getpid | FOREIGN_BIT, 0, 0, 0 },
                { "inet", SYS_socket, AF_INET, SOCK_STREAM, 0 },
                { "netlink", SYS_socket, AF_NETLINK, SOCK_RAW, 0 },
                { "unix", SYS_socket, AF_UNIX, SOCK_STREAM, 0 },
                { "prctl-core", SYS_prctl, 62, 1, 0 },
                { "securebits", SYS_prctl, PR_GET_SECUREBITS, 0, 0 },
                { "mmap-huge", SYS_mmap, 0, PAGE, 0, ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE },
                { "memfd", SYS_memfd_create, (long) "memfd", MFD_CLOEXEC },
                { "memfd-huge", SYS_memfd_create, (long) "memfd", MFD_CLOEXEC | MFD_HUGETLB },
                { "shm", SYS_shmget, IPC_PRIVATE, PAGE, 0600 },
                { "shm-huge", SYS_shmget, IPC_PRIVATE, PAGE, 0600 | SHM_HUGETLB },
                { "core-read", SYS_prlimit64, 0, RLIMIT_CORE, 0, (long) &limit },
                { "core-none", SYS_prlimit64, 0, RLIMIT_CORE, (long) &none },
                { "core-none-64", SYS_prlimit64, 0, RLIMIT_CORE | 0x100000000L, (long) &none },
                { "core-none-old", SYS_setrlimit, RLIMIT_CORE, (long) &none },
                { "files-fewer", SYS_prlimit64, 0, RLIMIT_NOFILE, (long) &none, (long) &limit },
        };

        for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
                if (strcmp(calls[i].name, name) == 0)
                        return syscall(calls[i].number, calls[i].a, calls[i].b, calls[i].c, calls[i].d, 0, 0);
        abort();
}

static int call(const char *name) {
        long r = make_call(name);

        if (r < 0)
                printf("%s\n", strerrorname_np(errno));
        else
                printf("%ld\n", r);
        return 0;
}

/* The same from a grandchild, whose end its parent hides. */
static int call_below(const char *name) {
        pid_t pid = fork();

        if (pid == 0)
                _exit(call(name));
        (void) waitpid(pid, NULL, 0);
        return 0;
}

/* How many children one can have. */
static int count_children(void) {
        int n = 0;

        for (pid_t pid; n < 1000 && (pid = fork()) >= 0; n++)
                if (pid == 0)
                        return pause();
        printf("%d\n", n);
        return 0;
}

/* Only its last byte is there. */
static int make_sparse(off_t size) {
        int fd = open("sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        if (fd < 0)
                return 1;
        return pwrite(fd, "", 1, size - 1) == 1 ? 0 : errno;
}

/* How many of 1,000 readings of its own CPU time, one right after the other, find that none was used. */
static int count_still(void) {
        struct timespec last = {}, now;
        int n = 0;

        for (int i = 0; i < 1000; i++, last = now) {
                if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) < 0)
                        return 1;
                n += now.tv_sec == last.tv_sec && now.tv_nsec == last.tv_nsec;
        }
        printf("%d\n", n);
        return 0;
}

static _Noreturn void bomb(void) {
        for (;;)
                if (fork() < 0)
                        pause();
}

int main(int argc, char **argv) {
        if (argc == 3 && strcmp(argv[1], "call") == 0)
                return call(argv[2]);
        if (argc == 3 && strcmp(argv[1], "call-below") == 0)
                return call_below(argv[2]);
        if (argc == 3 && strcmp(argv[1], "sparse") == 0)
                return make_sparse(atoll(argv[2]));
        if (argc == 2 && strcmp(argv[1], "abort") == 0)
                abort();
        if (argc == 2 && strcmp(argv[1], "terminate") == 0)
                return raise(SIGTERM);
        if (argc == 2 && strcmp(argv[1], "alarm") == 0)
                return alarm(1) == 0 ? pause() : 1;
        if (argc == 2 && strcmp(argv[1], "children") == 0)
                return count_children();
        if (argc == 2 && strcmp(argv[1], "cpu-clock") == 0)
                return count_still();
        if (argc == 2 && strcmp(argv[1], "bomb") == 0)
                bomb();
        return 2;
}
