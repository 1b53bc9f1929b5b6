/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "descendants.h"
#include "fs.h"

#define DEPTH_MAX 64 /* each level holds a directory open */

typedef int (*Visit)(pid_t pid, bool ours, void *userdata);

uint64_t rusage_cpu_usec(const struct rusage *usage) {
        return (uint64_t) (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * USEC_PER_SEC +
               (uint64_t) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

/* Which of our own children are looked at: all but those in others, and main in any case. */
typedef struct Choice {
        GHashTable *others;
        pid_t main;
} Choice;

static int walk(pid_t pid, const Choice *choice, unsigned depth, Visit visit, void *userdata);

static bool chosen(const Choice *choice, pid_t child) {
        return child == choice->main || !g_hash_table_contains(choice->others, GINT_TO_POINTER(child));
}

static int walk_thread(const char *path, const Choice *choice, unsigned depth, Visit visit, void *userdata) {
        g_autofree char *text = NULL;
        g_auto(GStrv) words = NULL;
        int r;

        r = read_file_at(AT_FDCWD, path, &text);
        if (r == -ENOENT || r == -ESRCH)
                return 0;
        if (r < 0)
                return r;

        words = g_strsplit(text, " ", -1);
        for (char **word = words; *word; word++) {
                uint64_t number;
                pid_t child;

                if (parse_u64(*word, &number) < 0)
                        continue;
                child = (pid_t) number;
                if (choice && !chosen(choice, child))
                        continue;
                r = walk(child, NULL, depth + 1, visit, userdata);
                if (r < 0)
                        return r;
                r = visit(child, choice != NULL, userdata);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* proc/PID/task/TID/children is there with CONFIG_PROC_CHILDREN, which Debian sets. */
static int walk(pid_t pid, const Choice *choice, unsigned depth, Visit visit, void *userdata) {
        g_autofree char *tasks = g_strdup_printf("/proc/%d/task", pid);
        g_autoptr(GDir) dir = NULL;
        const char *name;
        int r;

        if (depth > DEPTH_MAX)
                return 0; /* whoever is deeper becomes our child when those above are dead, and is met then */
        dir = g_dir_open(tasks, 0, NULL);
        if (!dir)
                return 0;
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_strdup_printf("%s/%s/children", tasks, name);

                r = walk_thread(path, choice, depth, visit, userdata);
                if (r < 0)
                        return r;
        }
        return 0;
}

typedef struct Sweep {
        pid_t main;
        bool kill;
        uint64_t *cpu_usec;
        int alive;
} Sweep;

static bool is_zombie(pid_t pid) {
        g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
        g_autofree char *text = NULL;
        const char *state;

        if (read_file_at(AT_FDCWD, path, &text) < 0)
                return true;
        state = strrchr(text, ')');
        return !state || state[1] == '\0' || strchr("ZX", state[2]);
}

static int sweep_one(pid_t pid, bool ours, void *userdata) {
        Sweep *sweep = userdata;
        struct rusage usage;

        if (ours && pid != sweep->main) {
                if (wait4(pid, NULL, WNOHANG, &usage) == pid) {
                        *sweep->cpu_usec += rusage_cpu_usec(&usage);
                        return 0;
                }
        } else if (is_zombie(pid))
                return 0;

        sweep->alive++;
        if (sweep->kill)
                (void) kill(pid, SIGKILL);
        return 0;
}

int descendants_sweep(GHashTable *others, pid_t main, bool kill, uint64_t *cpu_usec) {
        const Choice choice = { .others = others, .main = main };
        Sweep sweep = { .main = main, .kill = kill, .cpu_usec = cpu_usec };
        int r;

        r = walk(getpid(), &choice, 0, sweep_one, &sweep);
        return r < 0 ? r : sweep.alive;
}

/* Ticks of 10 ms; the living part comes to the nanosecond from the process's own clock. proc_pid_stat(5): cutime and
 * cstime are fields 16 and 17, the state after the name in parentheses is field 3. */
static uint64_t reaped_children_usec(pid_t pid) {
        g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
        g_autofree char *text = NULL;
        g_auto(GStrv) fields = NULL;
        const char *rest;
        uint64_t user, system;

        if (read_file_at(AT_FDCWD, path, &text) < 0)
                return 0;
        rest = strrchr(text, ')');
        if (!rest || rest[1] != ' ')
                return 0;
        fields = g_strsplit(rest + 2, " ", -1);
        if (g_strv_length(fields) < 15 || parse_u64(fields[16 - 3], &user) < 0 ||
            parse_u64(fields[17 - 3], &system) < 0)
                return 0;
        return (user + system) * USEC_PER_SEC / (uint64_t) sysconf(_SC_CLK_TCK);
}

static int add_cpu_usec(pid_t pid, bool ours, void *userdata) {
        uint64_t *sum = userdata;
        clockid_t clock;

        if (clock_getcpuclockid(pid, &clock) == 0)
                *sum += clock_ns(clock) / NSEC_PER_USEC;
        *sum += reaped_children_usec(pid);
        return 0;
}

int descendants_cpu_usec(GHashTable *others, pid_t main, uint64_t *ret_usec) {
        const Choice choice = { .others = others, .main = main };
        uint64_t sum = 0;
        int r;

        r = walk(getpid(), &choice, 0, add_cpu_usec, &sum);
        if (r < 0)
                return r;
        *ret_usec = sum;
        return 0;
}
