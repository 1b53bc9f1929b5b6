/* SPDX-License-Identifier: MIT */
#pragma once

/* The one table of request keys. The parser, the bounds' tests, joulectl's options and --help, the manual pages and
 * the completions all come from it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "states.h"

/* argv and env together, each string with its NUL and its pointer, as execve(2) counts. */
#define REQUEST_STRINGS_MAX (UINT64_C(1024) * 1024)

/* Blobs in the message itself, for callers that cannot pass descriptors; a message of the bus has at most 32 MiB. */
#define REQUEST_BLOBS_INLINE_MAX (UINT64_C(16) * 1024 * 1024)

/* A name of a file or of a test, in bytes. */
#define REQUEST_NAME_MAX 255U

typedef enum KeyType {
        KEY_STRINGS, /* as */
        KEY_STRING,  /* s, bounded in bytes */
        KEY_CHOICE,  /* s, one of choices */
        KEY_UINT32,  /* u */
        KEY_UINT64,  /* t */
        KEY_USEC,    /* t, microseconds; on the command line a time span ("500ms", "2s", a plain number is seconds) */
        KEY_BYTES,   /* t, bytes; on the command line with K M G (1024) */
        KEY_DOUBLE,  /* d */
        KEY_BOOLEAN, /* b */
        KEY_FD,      /* h */
        KEY_FD_OR_BYTES, /* h or ay */
        KEY_FILES,       /* a(sttu): name, offset, size, mode */
        KEY_TESTS,       /* a(stttt): name, input's offset and size, answer's offset and size */
        KEY_VALIDATOR,   /* a{sv} */
        KEY_FUNCTION,    /* a{sv} */
} KeyType;

/* In place of a job's kind: one of the candidates of a comparison, whose dictionary says what is run. What holds for
 * all of them is in that of JOB_COMPARE. */
#define REQUEST_CANDIDATE ((JobKind) N_JOB_KINDS)

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
        REQUEST_TUNE,
        REQUEST_CPUS,
        REQUEST_ISOLATION,
        REQUEST_METER,
        REQUEST_MAX_JOULES,
        REQUEST_RESOLUTION,
        REQUEST_IGNORE_EXIT,
        REQUEST_BLOBS,
        REQUEST_FILES,
        REQUEST_TESTS,
        REQUEST_VALIDATOR,
        REQUEST_LANGUAGE,
        REQUEST_FUNCTION,
        REQUEST_REGION,
        REQUEST_MAX_TESTS,
        REQUEST_ON_FAILURE,
        REQUEST_LABEL,
        REQUEST_CANDIDATE_ID,
        REQUEST_PROBLEM_NAME,
        REQUEST_SEED,
        REQUEST_ALLOW_FILTERED,
        REQUEST_FAIL_ABOVE,
        REQUEST_FAIL_BELOW,
        REQUEST_DETACH,
        N_REQUEST_KEYS,
} KeyId;

/* Of a KEY_UINT32/UINT64/USEC/BYTES key's number, of the bytes of KEY_STRING, KEY_STRINGS and KEY_FD_OR_BYTES, of the
 * entries of KEY_FILES and KEY_TESTS; doubles are bounded by their parser (finite and > 0, some < 1). */
typedef struct KeyBounds {
        uint64_t min, max, fallback;
} KeyBounds;

typedef struct RequestKey {
        const char *name; /* on the bus; the command line's option is "--" name unless option says otherwise */
        KeyType type;
        size_t offset; /* of the member in Request */
        KeyBounds bounds;
        const char *const *choices; /* KEY_CHOICE: NULL-terminated, the first is the default */
        const char *knob;    /* of jouletraced.conf that raises the upper bound (MinWindow: sets the lower one) */
        unsigned kinds;      /* bits 1 << JobKind, REQUEST_CANDIDATE among them: who takes it; the others refuse it by
                              * name */
        const char *metavar; /* of the option; "": it takes no value; NULL: no option of joulectl's by itself */
        const char *doc;     /* one English clause for the manual, --help (translated there) and the completions */
} RequestKey;

extern const RequestKey request_keys[N_REQUEST_KEYS];

/* -ENOENT for an unknown name. */
int request_key_find(const char *name, KeyId *ret);

bool request_key_takes(KeyId key, JobKind kind);

/* Whether a KEY_DOUBLE has to be below 1, too: rel-ci, and fail-below, since no program takes less than nothing. */
bool request_key_below_one(KeyId key);

/* Of the names such a job takes, the one most like a mistyped one; NULL when none is near. */
const char *request_key_closest(JobKind kind, const char *name);

/* "100ms", "512M", "9": exact, and what request_set_text() reads. */
char *request_format_number(KeyType type, uint64_t value);

/* What the key accepts under these bounds, for a person: "1 to 1000", "rounded, fine". */
char *request_key_range(KeyId key, const KeyBounds *bounds);

/* The bounds in force: the table's, moved by the configuration. */
typedef struct RequestLimits {
        KeyBounds bounds[N_REQUEST_KEYS];
} RequestLimits;

/* The table's own bounds and defaults; memory-max's upper bound is half of the machine's RAM. */
void request_limits_init(RequestLimits *limits);
