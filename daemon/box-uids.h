/* SPDX-License-Identifier: MIT */
#pragma once

/* The user ids programs in boxes run as, each with the group id of the same number: a range that belongs to nobody and
 * nothing else, since whoever had one of them could signal those programs, and they could touch what is his. */

#include <sys/types.h>

typedef struct UidRange {
        uid_t first, last;
} UidRange;

/* Beyond what systemd gives to users, dynamic users and containers (systemd.io/UIDS-GIDS), what Debian's login.defs
 * gives to subordinate ids, and what directory services map to by default. */
#define BOX_UIDS_DEFAULT "2130706432-2130771967"

/* "FIRST-LAST". -EINVAL, -ERANGE with *ret_reason, which goes on from the value: "is not …". */
int uid_range_parse(const char *text, UidRange *ret, char **ret_reason);
char *uid_range_format(const UidRange *range);

/* What is accepted, for a person. */
char *uid_range_format_bounds(void);

/* -EEXIST with *ret_reason when subuid(5), subgid(5), passwd(5) or group(5) below etc gives an id of the range to
 * somebody. A file that is not there gives none. */
int uid_range_check(const UidRange *range, const char *etc, char **ret_reason);
