/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "examine-internal.h"

int processes_find(const Sysroot *root, const char *const *names, char ***ret) {
        g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
        g_auto(GStrv) processes = NULL;
        int r;

        r = sysroot_list(root, "proc", &processes);
        if (r < 0)
                return r;
        for (char **process = processes; *process; process++) {
                g_autofree char *path = g_build_filename("proc", *process, "comm", NULL), *comm = NULL;

                /* A process may end while we look. */
                if (!g_ascii_isdigit(**process) || sysroot_read(root, path, &comm) < 0 ||
                    !g_strv_contains(names, comm) || g_ptr_array_find_with_equal_func(found, comm, g_str_equal, NULL))
                        continue;
                g_ptr_array_add(found, g_steal_pointer(&comm));
        }
        /* With hidepid= not even the first process shows to others. */
        if (found->len == 0 && !host_has(root, "proc/1/comm"))
                return -EACCES;
        g_ptr_array_add(found, NULL);
        *ret = (char **) g_ptr_array_free(g_steal_pointer(&found), FALSE);
        return 0;
}
