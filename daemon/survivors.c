/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fs.h"
#include "names.h"
#include "survivors.h"

static bool is_populated(const char *slice, const char *scope) {
        g_autofree char *path = g_build_filename(slice, scope, "cgroup.events", NULL), *events = NULL;
        uint64_t populated;
        int r;

        r = read_file_at(AT_FDCWD, path, &events);
        if (r == -ENOENT || r == -ENODEV)
                return false; /* removed meanwhile */
        return r < 0 || flat_keyed_u64(events, "populated", &populated) < 0 || populated > 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

char **survivors_find(const char *cgroup_root) {
        g_autofree char *path = g_build_filename(cgroup_root, JT_SLICE, NULL);
        g_autoptr(GDir) slice = g_dir_open(path, 0, NULL);
        GPtrArray *found = g_ptr_array_new();
        const char *name;

        while (slice && (name = g_dir_read_name(slice)))
                if (g_str_has_prefix(name, JT_SCOPE_PREFIX) && g_str_has_suffix(name, ".scope") &&
                    is_populated(path, name))
                        g_ptr_array_add(found, g_strdup(name));
        if (found->len > 0)
                qsort(found->pdata, found->len, sizeof(*found->pdata), compare);
        g_ptr_array_add(found, NULL);
        return (char **) g_ptr_array_free(found, FALSE);
}
