/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "fs.h"
#include "names-of.h"

char *uuid_new(void) {
        uint8_t b[16];

        if (getrandom(b, sizeof(b), 0) != (ssize_t) sizeof(b))
                g_assert_not_reached();
        b[6] = (uint8_t) ((b[6] & 0x0f) | 0x40);
        b[8] = (uint8_t) ((b[8] & 0x3f) | 0x80);
        return g_strdup_printf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                               b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                               b[15]);
}

char *process_name(pid_t pid) {
        g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int) pid), *text = NULL, *boot = NULL;
        g_auto(GStrv) fields = NULL;
        const char *rest;

        if (read_file_at(AT_FDCWD, path, &text) < 0 ||
            read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot) < 0)
                return NULL;
        rest = strrchr(text, ')');
        fields = g_strsplit(rest ? rest + 1 : "", " ", -1);
        if (g_strv_length(fields) < 21)
                return NULL;
        return g_strdup_printf("%s %d %s", boot, (int) pid, fields[20]);
}

bool process_is_alive(const char *name) {
        g_auto(GStrv) fields = g_strsplit(name, " ", 3);
        g_autofree char *now = NULL;

        if (g_strv_length(fields) != 3)
                return false;
        now = process_name(atoi(fields[1]));
        return g_strcmp0(now, name) == 0;
}
