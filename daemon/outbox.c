/* SPDX-License-Identifier: MIT */
#include "outbox.h"

struct Outbox {
        GHashTable *users; /* uid → bytes, of answers since the queue was last empty */
        uint64_t bytes;
};

Outbox *outbox_new(void) {
        Outbox *outbox = g_new0(Outbox, 1);

        outbox->users = g_hash_table_new_full(g_int_hash, g_int_equal, g_free, g_free);
        return outbox;
}

Outbox *outbox_free(Outbox *outbox) {
        if (!outbox)
                return NULL;
        g_hash_table_unref(outbox->users);
        g_free(outbox);
        return NULL;
}

int outbox_charge(Outbox *outbox, uid_t uid, uint64_t bytes, uint64_t n_unsent) {
        const int key = (int) uid;
        uint64_t *charged;

        if (n_unsent == 0) {
                g_hash_table_remove_all(outbox->users);
                outbox->bytes = 0;
        }
        charged = g_hash_table_lookup(outbox->users, &key);
        if (outbox->bytes + bytes > OUTBOX_MAX || (charged && *charged + bytes > OUTBOX_USER_MAX))
                return -ENOBUFS;
        if (!charged) {
                charged = g_new0(uint64_t, 1);
                g_hash_table_insert(outbox->users, g_memdup2(&key, sizeof(key)), charged);
        }
        *charged += bytes;
        outbox->bytes += bytes;
        return 0;
}
