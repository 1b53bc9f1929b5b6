/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include "uids.h"

/* The file stays when the lock goes: to remove it would leave two with a lock on "the same" name. */
static int lock_uid(int dir_fd, uid_t uid, int *ret_fd) {
        g_autofree char *name = g_strdup_printf("%u", uid);
        autofd fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        *ret_fd = steal_fd(&fd);
        return 0;
}

int uid_lease(int dir_fd, uid_t first, uid_t last, UidLease **ret) {
        for (uint64_t uid = first; uid <= last; uid++) {
                UidLease *lease;
                int fd = -1, r;

                r = lock_uid(dir_fd, (uid_t) uid, &fd);
                if (r == -EWOULDBLOCK)
                        continue;
                if (r < 0)
                        return r;
                lease = g_new(UidLease, 1);
                *lease = (UidLease){ .uid = (uid_t) uid, .fd = fd };
                *ret = lease;
                return 0;
        }
        return -EUSERS;
}

UidLease *uid_lease_free(UidLease *lease) {
        if (!lease)
                return NULL;
        safe_close(lease->fd);
        g_free(lease);
        return NULL;
}
