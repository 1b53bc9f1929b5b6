/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include <glib.h>

#include "base.h"
#include "box-uids.h"
#include "fs.h"

/* Boxes that may live at once, with room: a window has 64 iterations, and validators have boxes of their own. */
#define IDS_MIN 256U

/* Between these systemd, Debian and the kernel give ids away themselves: below, users and dynamic users; in the
 * middle, systemd-nspawn's; at the end, (uid_t) -1. */
static const UidRange free_ranges[] = {
        { 65536, 524287 },
        { 1879048192, 4294967293 },
};

char *uid_range_format(const UidRange *range) {
        return g_strdup_printf("%" PRIu32 "-%" PRIu32, (uint32_t) range->first, (uint32_t) range->last);
}

char *uid_range_format_bounds(void) {
        g_autofree char *low = uid_range_format(&free_ranges[0]), *high = uid_range_format(&free_ranges[1]);

        return g_strdup_printf("at least %u ids within %s or %s", IDS_MIN, low, high);
}

static bool is_free(uint64_t first, uint64_t last) {
        for (size_t i = 0; i < G_N_ELEMENTS(free_ranges); i++)
                if (first >= free_ranges[i].first && last <= free_ranges[i].last)
                        return true;
        return false;
}

int uid_range_parse(const char *text, UidRange *ret, char **ret_reason) {
        g_auto(GStrv) ends = g_strsplit(text, "-", 2);
        g_autofree char *bounds = NULL;
        uint64_t first, last;

        if (g_strv_length(ends) != 2 || parse_u64(ends[0], &first) < 0 || parse_u64(ends[1], &last) < 0) {
                *ret_reason = g_strdup("is no range of user ids such as " BOX_UIDS_DEFAULT);
                return -EINVAL;
        }
        if (!is_free(first, last) || last < first || last - first + 1 < IDS_MIN) {
                bounds = uid_range_format_bounds();
                *ret_reason = g_strdup_printf("is not right: it must be %s, where no users, dynamic users and "
                                              "containers are",
                                              bounds);
                return -ERANGE;
        }
        *ret = (UidRange){ .first = (uid_t) first, .last = (uid_t) last };
        return 0;
}

static bool overlaps(const UidRange *range, uint64_t first, uint64_t count) {
        return count > 0 && first <= range->last && (count > UINT32_MAX || first + count > range->first);
}

/* Lines whose field number field is an id, and the one after it, with counted, how many follow. */
static int check_file(const UidRange *range, const char *path, unsigned field, bool counted, char **ret_reason) {
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return 0;
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++) {
                g_auto(GStrv) fields = g_strsplit(*line, ":", -1);
                uint64_t first, count = 1;

                if (g_strv_length(fields) <= field + counted || parse_u64(fields[field], &first) < 0 ||
                    (counted && parse_u64(fields[field + 1], &count) < 0) || !overlaps(range, first, count))
                        continue;
                *ret_reason = g_strdup_printf("overlaps with what %s gives to %s", path, fields[0]);
                return -EEXIST;
        }
        return 0;
}

int uid_range_check(const UidRange *range, const char *etc, char **ret_reason) {
        static const struct {
                const char *name;
                unsigned field;
                bool counted;
        } files[] = {
                { "subuid", 1, true },
                { "subgid", 1, true }, /* a box's gid is its uid */
                { "passwd", 2, false },
                { "group", 2, false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autofree char *path = g_build_filename(etc, files[i].name, NULL);
                int r = check_file(range, path, files[i].field, files[i].counted, ret_reason);

                if (r < 0)
                        return r;
        }
        return 0;
}
