/* SPDX-License-Identifier: MIT */
#pragma once

/* The one table of request keys. The parser, the bounds' tests, joulectl's options and --help, the manual pages and the
 * completions all come from it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum KeyType {
        KEY_STRINGS,  /* as */
        KEY_STRING,   /* s, bounded in bytes */
        KEY_CHOICE,   /* s, one of choices */
        KEY_UINT32,   /* u */
        KEY_UINT64,   /* t */
        KEY_USEC,     /* t, microseconds; on the command line a time span ("500ms", "2s", a plain number is seconds) */
        KEY_BYTES,    /* t, bytes; on the command line with K M G (1024) */
        KEY_DOUBLE,   /* d */
        KEY_BOOLEAN,  /* b */
        KEY_FD,       /* h */
        KEY_FD_OR_BYTES, /* h or ay */
} KeyType;

/* Index into request_keys[], and into RequestLimits. */
typedef enum KeyId {
        REQUEST_ARGV,
        REQUEST_PROFILE,
        REQUEST_CWD,
        REQUEST_ENV,
        REQUEST_STDIN,
        REQUEST_OUTPUT,
        REQUEST_ERROR_OUTPUT,
        REQUEST_TRIALS,
        REQUEST_WARMUPS,
        REQUEST_REL_CI,
        REQUEST_MAX_TRIALS,
        REQUEST_CPU_LIMIT,
        REQUEST_WALL_LIMIT,
        REQUEST_JOB_LIMIT,
        REQUEST_MEMORY_MAX,
        REQUEST_OUTPUT_MAX,
        REQUEST_TASKS_MAX,
        REQUEST_MIN_WINDOW,
        REQUEST_COOLDOWN,
        REQUEST_THERMAL_WAIT,
        REQUEST_CPUS,
        REQUEST_ISOLATION,
        REQUEST_METER,
        REQUEST_MAX_JOULES,
        REQUEST_RESOLUTION,
        REQUEST_IGNORE_EXIT,
        REQUEST_LABEL,
        REQUEST_CANDIDATE_ID,
        REQUEST_PROBLEM_NAME,
        REQUEST_SEED,
        REQUEST_ALLOW_FILTERED,
        REQUEST_DETACH,
        N_REQUEST_KEYS,
} KeyId;

/* A number of a KEY_UINT32/UINT64/USEC/BYTES key; doubles are bounded by their parser (finite and > 0, rel-ci < 1). */
typedef struct KeyBounds {
        uint64_t min, max, fallback;
} KeyBounds;

typedef struct RequestKey {
        const char *name;           /* on the bus; the command line's option is "--" name unless option says otherwise */
        KeyType type;
        size_t offset;              /* of the member in Request */
        KeyBounds bounds;
        const char *const *choices; /* KEY_CHOICE: NULL-terminated, the first is the default */
        const char *knob;           /* of jouletraced.conf that raises the upper bound (MinWindow: sets the lower one) */
        const char *metavar;        /* of the option; NULL: no option of joulectl measure */
        const char *doc;            /* one English sentence for the XML, the manual and --help (translated there) */
} RequestKey;

extern const RequestKey request_keys[N_REQUEST_KEYS];

/* -ENOENT for an unknown name. */
int request_key_find(const char *name, KeyId *ret);

/* The bounds in force: the table's, moved by the configuration. */
typedef struct RequestLimits {
        KeyBounds bounds[N_REQUEST_KEYS];
} RequestLimits;

/* The table's own bounds and defaults; memory-max's upper bound is half of the machine's RAM. */
void request_limits_init(RequestLimits *limits);
