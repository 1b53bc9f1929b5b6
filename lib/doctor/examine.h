/* SPDX-License-Identifier: MIT */
#pragma once

/* What about a host keeps it from measuring well, or spoils what it measures: one finding per check, from files that
 * every user may read, below a root that can be a tree of fixtures. Nothing is asked of any service. */

#include "fs.h"

typedef enum FindingLevel {
        FINDING_OK,
        FINDING_NOTE,    /* numbers vary more, or mean something else, than they could */
        FINDING_PROBLEM, /* numbers are wrong or absent, or jobs cannot run */
} FindingLevel;

/* "ok", "note", "problem" */
const char *finding_level_to_string(FindingLevel level);

/* One file of the kernel that --fix writes. It holds until the next boot. Without `to` it is not written: the kernel
 * moves it along with the ones before it, and does not move it back. */
typedef struct Setting {
        char *path;     /* below the root: "sys/kernel/mm/transparent_hugepage/enabled" */
        char *from;     /* what it holds now */
        const char *to; /* NULL: left to the kernel */
} Setting;

void setting_free(Setting *setting);

/* What one check found. Whatever is not FINDING_OK has a command or an advice. Group, name, why and advice are English
 * constants, found by xgettext. */
typedef struct Finding {
        const char *group, *name;
        FindingLevel level;
        char *value;         /* what was found */
        const char *why;     /* why it matters */
        char *command;       /* what a root shell mends it with; NULL: no command does */
        const char *advice;  /* what else mends it; NULL: nothing to add */
        GPtrArray *settings; /* of Setting: what doctor_mend() writes; empty: that is not for a program to decide */
} Finding;

/* All checks of the host, in the order they are shown in: *ret is an array of Finding that owns what they hold.
 * A file that is not there or cannot be read is a finding, not an error; the errors are those of
 * topology_discover(). */
int doctor_examine(const Sysroot *root, GArray **ret);

/* Writes the finding's settings, those that were written are done[0..]: *ret_done counts them also on failure. Whether
 * the kernel took them shows when it is examined again. Returns the negative errno of the first write that failed, and
 * leaves the rest. */
int doctor_mend(const Sysroot *root, const Finding *finding, size_t *ret_done);

/* The command by which a root shell takes the first `done` settings back. */
char *doctor_undo(const Finding *finding, size_t done);
