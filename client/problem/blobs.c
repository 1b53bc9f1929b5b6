/* SPDX-License-Identifier: MIT */
#include "blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base.h"

struct Blobs {
        GPtrArray *parts;    /* GBytes, in their order */
        GHashTable *offsets; /* GBytes → index of the part, that knows its place */
        GArray *starts;      /* uint64_t, of each part */
        uint64_t size;
};

static void unref_bytes(void *bytes) {
        g_bytes_unref(bytes);
}

Blobs *blobs_new(void) {
        Blobs *blobs = g_new0(Blobs, 1);

        blobs->parts = g_ptr_array_new_with_free_func(unref_bytes);
        blobs->offsets = g_hash_table_new(g_bytes_hash, g_bytes_equal);
        blobs->starts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        return blobs;
}

int blobs_add(Blobs *blobs, GBytes *bytes, uint64_t *ret_offset) {
        size_t size = g_bytes_get_size(bytes);
        void *index;

        if (g_hash_table_lookup_extended(blobs->offsets, bytes, NULL, &index)) {
                *ret_offset = g_array_index(blobs->starts, uint64_t, GPOINTER_TO_UINT(index));
                return 0;
        }
        if (size > BLOBS_MAX - blobs->size)
                return -EFBIG;
        *ret_offset = blobs->size;
        g_hash_table_insert(blobs->offsets, bytes, GUINT_TO_POINTER(blobs->parts->len));
        g_ptr_array_add(blobs->parts, g_bytes_ref(bytes));
        g_array_append_val(blobs->starts, blobs->size);
        blobs->size += size;
        return 0;
}

uint64_t blobs_size(const Blobs *blobs) {
        return blobs->size;
}

static int write_part(int fd, GBytes *part) {
        size_t size;
        const char *data = g_bytes_get_data(part, &size);

        while (size > 0) {
                ssize_t n = write(fd, data, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t) n;
        }
        return 0;
}

int blobs_seal(const Blobs *blobs, int *ret_fd) {
        autofd fd = memfd_create("blobs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r;

        if (fd < 0)
                return -errno;
        for (unsigned i = 0; i < blobs->parts->len; i++) {
                r = write_part(fd, g_ptr_array_index(blobs->parts, i));
                if (r < 0)
                        return r;
        }
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
                return -errno;
        *ret_fd = steal_fd(&fd);
        return 0;
}

int blobs_join(const Blobs *blobs, GBytes **ret) {
        g_autoptr(GByteArray) bytes = NULL;

        if (blobs->size > BLOBS_INLINE_MAX)
                return -EFBIG;
        bytes = g_byte_array_sized_new((unsigned) blobs->size);
        for (unsigned i = 0; i < blobs->parts->len; i++) {
                size_t size;
                const void *data = g_bytes_get_data(g_ptr_array_index(blobs->parts, i), &size);

                g_byte_array_append(bytes, data, (unsigned) size);
        }
        *ret = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
        return 0;
}

Blobs *blobs_free(Blobs *blobs) {
        if (!blobs)
                return NULL;
        g_hash_table_unref(blobs->offsets);
        g_ptr_array_unref(blobs->parts);
        g_array_unref(blobs->starts);
        g_free(blobs);
        return NULL;
}
