/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include "fs.h"
#include "uids.h"

static const struct {
        uint64_t first, last;
        const char *whose;
} taken[] = {
        { 0, 60000, "the system and its users" },
        { 60001, 65535, "systemd's services and nobody" },
        { 524288, 1879048191, "containers" },
        { 2147352576, 2147418111, "foreign images" },
        { 2147483648, 4294967295, "nobody (many programs take them for negative)" },
};

static bool overlaps(const UidRange *range, uint64_t first, uint64_t last) {
        return range->first <= last && range->last >= first;
}

static int check_conventions(const UidRange *range, char **ret_why) {
        for (size_t i = 0; i < G_N_ELEMENTS(taken); i++)
                if (overlaps(range, taken[i].first, taken[i].last)) {
                        *ret_why = g_strdup_printf("%" PRIu64 "-%" PRIu64 " belong to %s", taken[i].first,
                                                   taken[i].last, taken[i].whose);
                        return -ERANGE;
                }
        return 0;
}

/* Lines "name:first:count"; what is none of these is no range. */
static int check_subids(const UidRange *range, const char *file, const char *text, char **ret_why) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        for (char **line = lines; *line; line++) {
                g_auto(GStrv) fields = g_strsplit(*line, ":", -1);
                uint64_t first, count;

                if (g_strv_length(fields) != 3 || parse_u64(fields[1], &first) < 0 || parse_u64(fields[2], &count) < 0)
                        continue;
                if (count > 0 && first <= UINT32_MAX && count <= UINT32_MAX &&
                    overlaps(range, first, first + count - 1)) {
                        *ret_why = g_strdup_printf("%s gives %s %s ids from %s on", file, fields[0], fields[2],
                                                   fields[1]);
                        return -ERANGE;
                }
        }
        return 0;
}

int uid_range_parse(const char *text, const char *subuid, const char *subgid, UidRange *ret, char **ret_why) {
        g_auto(GStrv) ends = g_strsplit(text, "-", -1);
        uint64_t first, last;
        UidRange range;
        int r;

        if (g_strv_length(ends) != 2 || parse_u64(ends[0], &first) < 0 || parse_u64(ends[1], &last) < 0 ||
            first > last || last > UINT32_MAX) {
                *ret_why = g_strdup("it is not FIRST-LAST");
                return -EINVAL;
        }
        range = (UidRange){ .first = (uid_t) first, .last = (uid_t) last };
        r = check_conventions(&range, ret_why);
        if (r >= 0 && subuid)
                r = check_subids(&range, "/etc/subuid", subuid, ret_why);
        if (r >= 0 && subgid)
                r = check_subids(&range, "/etc/subgid", subgid, ret_why);
        if (r < 0)
                return r;
        *ret = range;
        return 0;
}

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

int uid_lease(int dir_fd, const UidRange *range, UidLease **ret) {
        for (uint64_t uid = range->first; uid <= range->last; uid++) {
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
