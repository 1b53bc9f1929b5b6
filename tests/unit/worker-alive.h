/* SPDX-License-Identifier: MIT */
#pragma once

/* Which of a worker's processes still live. */

#include <stdlib.h>
#include <string.h>

#include "worker-client.h"

/* Whether a command line begins with it, in whatever box. */
static inline bool alive(const char *argument) {
        g_autofree char *command = g_strdup_printf("pgrep -f '^%s' >/dev/null", argument);

        return system(command) == 0;
}

static inline bool worker_alive(const char *pid) {
        g_autofree char *path = g_strdup_printf("/proc/%s/stat", pid), *text = NULL;

        return g_file_get_contents(path, &text, NULL, NULL) && !strstr(text, ") Z");
}

static inline void wait_until(bool (*condition)(const char *), const char *argument, bool value) {
        const uint64_t deadline = now_monotonic_usec() + 10 * USEC_PER_SEC;

        while (condition(argument) != value) {
                g_assert_cmpuint(now_monotonic_usec(), <, deadline);
                g_usleep(5000);
        }
}
