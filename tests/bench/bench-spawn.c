/* SPDX-License-Identifier: MIT */
/* bench-spawn N COMMAND…: wall time of N runs of a command, one after the other, from posix_spawn to wait; one JSON
 * line. The peers' side of bench-box. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base.h"

extern char **environ;

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

int main(int argc, char **argv) {
        size_t n = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
        g_autofree uint64_t *took_ns = g_new0(uint64_t, n + 1);
        posix_spawn_file_actions_t actions;

        if (n == 0) {
                fprintf(stderr, "usage: bench-spawn N COMMAND…\n");
                return 1;
        }
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        for (size_t i = 0; i < n; i++) {
                uint64_t begin_ns = now_monotonic_ns();
                int status, r;
                pid_t pid;

                r = posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ);
                if (r != 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
                        fprintf(stderr, "bench-spawn: %s failed\n", argv[2]);
                        return 1;
                }
                took_ns[i] = now_monotonic_ns() - begin_ns;
        }
        posix_spawn_file_actions_destroy(&actions);
        qsort(took_ns, n, sizeof(*took_ns), compare);
        printf("{\"bench\":\"spawn\",\"command\":\"%s\",\"n\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", argv[2], n,
               (double) took_ns[n / 2] / 1e3, (double) took_ns[n * 99 / 100] / 1e3);
        return 0;
}
