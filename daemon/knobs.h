/* SPDX-License-Identifier: MIT */
#pragma once

/* The knobs of jouletraced.conf(5). One table holds each knob's name, type, default, bounds and text; the parser, the
 * manual page and the tests come from it. A knob is there together with what it does. */

#include <stdbool.h>

#include "base.h"
#include "box-uids.h"
#include "keys.h"

typedef enum KnobType {
        KNOB_UINT,   /* decimal */
        KNOB_USEC,   /* time span: "500ms", "2s", "15min", "1h", "90d"; a plain number is seconds */
        KNOB_BYTES,  /* K M G T to the base 1024; "auto" is 0 */
        KNOB_DOUBLE, /* positive */
        KNOB_CHOICE, /* one of choices */
        KNOB_CPUS,   /* "auto", "none" or a CPU list */
        KNOB_UIDS,   /* FIRST-LAST */
} KnobType;

typedef struct Config {
        char *reserved_cpus;
        char *partition;
        uint64_t release_usec;
        char *isolation;
        UidRange box_uids;
        char *meter;
        double model_watts;
        double foreign_load_limit, frequency_limit; /* % */
        uint64_t max_jobs_per_user, max_queued, calls_per_minute;
        uint64_t max_cpu_limit_usec, max_wall_limit_usec, max_job_limit_usec;
        uint64_t max_memory; /* bytes; 0: half of the machine's memory */
        uint64_t max_tasks, max_output, max_blobs, max_trials;
        uint64_t min_window_usec;
        uint64_t default_trials, default_warmups;
        uint64_t cooldown_usec;
        uint64_t thermal_band, thermal_limit; /* °C; limit 0: the machine's own */
        char *thermal_policy;                 /* "note" "strict" */
        char *governor, *epp, *turbo;
        uint64_t min_khz, max_khz; /* 0: left alone */
        char *irq_affinity;
        uint64_t calibration_max_age_usec; /* 0: no limit */
        uint64_t retain_usec, retain_count, retain_bytes;
        char *log_level;
} Config;

typedef struct Knob {
        const char *name;
        KnobType type;
        size_t offset;              /* of the member in Config */
        const char *fallback;       /* as text */
        uint64_t min, max;          /* of numbers */
        const char *const *choices; /* KNOB_CHOICE */
        bool security;              /* a wrong value refuses to start: nobody may run with wider bounds than meant */
        const char *doc;
} Knob;

/* Terminated by an entry without name. */
extern const Knob knobs[];

/* One thing wrong in a file. */
typedef struct ConfigProblem {
        char *file;
        unsigned line; /* 0: unknown */
        char *text;    /* what is wrong, the value, and what would be right */
        bool fatal;
} ConfigProblem;

void config_problem_free(ConfigProblem *problem);

/* All defaults. */
Config *config_new(void);
Config *config_free(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* Reads file, then file.d/ *.conf in the order of their names; later settings win, a missing file is no error. What is
 * wrong is appended to problems (of ConfigProblem) and the default used. -EINVAL when a problem is fatal. */
int config_load(const char *file, Config **ret, GPtrArray *problems);

/* The same, with what is wrong in the log. */
int config_load_logged(const char *file, Config **ret);

/* The text of one knob as it would stand in the file. */
char *config_format(const Config *config, const Knob *knob);

/* "1 to 100000", "none, root, isolated"… */
char *knob_format_bounds(const Knob *knob);

/* The request table's bounds and defaults, moved by the knobs. */
void config_request_limits(const Config *config, RequestLimits *ret);

/* syslog level of LogLevel. */
int config_log_level(const Config *config);

/* -EINVAL, -ERANGE */
int time_span_parse(const char *text, uint64_t *ret_usec);
int byte_size_parse(const char *text, uint64_t *ret_bytes);
