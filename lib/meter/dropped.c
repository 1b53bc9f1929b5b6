/* SPDX-License-Identifier: MIT */
#include "dropped.h"

GArray *dropped_new(void) {
        return g_array_new(FALSE, FALSE, sizeof(DroppedDomain));
}

void dropped_add(GArray *dropped, char *name, char *source, char *reason) {
        DroppedDomain entry = { .name = name, .source = source, .reason = reason };

        g_array_append_val(dropped, entry);
}

DroppedDomain *dropped_steal(GArray *dropped, size_t *ret_n) {
        *ret_n = dropped->len;
        return (DroppedDomain *) (void *) g_array_free(dropped, FALSE);
}

void dropped_free(DroppedDomain *dropped, size_t n) {
        for (size_t i = 0; i < n; i++) {
                g_free(dropped[i].name);
                g_free(dropped[i].source);
                g_free(dropped[i].reason);
        }
        g_free(dropped);
}
