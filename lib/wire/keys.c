/* SPDX-License-Identifier: MIT */
#include <glib/gi18n-lib.h>
#include <sched.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "request.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC

/* Whole numbers up to here survive a JSON reader that keeps numbers as doubles. */
#define JSON_INTEGER_MAX ((UINT64_C(1) << 53) - 1)

static const char *const profiles[] = { "host", "box", NULL };
static const char *const isolations[] = { "configured", "confined", "reserved", NULL };
static const char *const meters[] = { "auto", "perf", "powercap", "model", "none", NULL };
static const char *const resolutions[] = { "rounded", "fine", NULL };
static const char *const on_failures[] = { "stop", "continue", NULL };

#define AT(member) offsetof(Request, member)
#define MEASURE (1U << JOB_MEASURE)
#define COMPARE (1U << JOB_COMPARE)
#define CALIBRATE (1U << JOB_CALIBRATE)
#define PROGRAM_JOB (MEASURE | COMPARE | 1U << JOB_VALIDATE)
#define ANY_JOB (PROGRAM_JOB | CALIBRATE)
#define PROGRAM_MEASUREMENT (MEASURE | COMPARE)
#define MEASUREMENT (PROGRAM_MEASUREMENT | CALIBRATE)
#define PROGRAM (MEASURE | 1U << REQUEST_CANDIDATE | 1U << JOB_VALIDATE)
#define MEASURED_PROGRAM (MEASURE | 1U << REQUEST_CANDIDATE)

/* clang-format off */
const RequestKey request_keys[N_REQUEST_KEYS] = {
        [REQUEST_ARGV] = {
                "argv", KEY_STRINGS, AT(argv), .bounds = {1, REQUEST_STRINGS_MAX, 0},
                .kinds = PROGRAM,
                .doc = N_("the program and its arguments; with env at most 1 MiB, counted as execve(2) counts"),
        },
        [REQUEST_PROFILE] = {
                "profile", KEY_CHOICE, AT(profile), .choices = profiles, .metavar = "PROFILE",
                .kinds = PROGRAM,
                .doc = N_("where the program runs: host as the caller, in the caller's file system; box in a root of its own, "
                        "with what was sent along"),
        },
        [REQUEST_CWD] = {
                "cwd", KEY_FD, AT(cwd_fd),
                .kinds = MEASURED_PROGRAM,
                .doc = N_("the working directory, entered with the caller's rights"),
        },
        [REQUEST_ENV] = {
                "env", KEY_STRINGS, AT(env), .bounds = {0, REQUEST_STRINGS_MAX, 0},
                .kinds = PROGRAM,
                .doc = N_("the environment as NAME=VALUE; records keep names and a digest, never values"),
        },
        [REQUEST_STDIN] = {
                "stdin", KEY_FD_OR_BYTES, AT(stdin_fd), .bounds = {0, MIB, 0},
                .kinds = MEASURED_PROGRAM,
                .doc = N_("what every run reads as standard input: a regular file, a memfd, or the bytes themselves"),
        },
        [REQUEST_OUTPUT] = {
                "output", KEY_FD, AT(output_fd),
                .kinds = MEASURE,
                .doc = N_("where the first run's standard output is copied to after that run"),
        },
        [REQUEST_ERROR_OUTPUT] = {
                "error-output", KEY_FD, AT(error_output_fd),
                .kinds = MEASURE,
                .doc = N_("where the first run's standard error is copied to after that run; of a box 1 MiB at most"),
        },
        [REQUEST_TRIALS] = {
                "trials", KEY_UINT32, AT(trials), .bounds = {1, 1000, 9}, .knob = "MaxTrials", .metavar = "N",
                .kinds = MEASUREMENT,
                .doc = N_("how many times to measure"),
        },
        [REQUEST_WARMUPS] = {
                "warmups", KEY_UINT32, AT(warmups), .bounds = {0, 100, 2}, .metavar = "N",
                .kinds = MEASUREMENT,
                .doc = N_("how many runs to discard before measuring"),
        },
        [REQUEST_REL_CI] = {
                "rel-ci", KEY_DOUBLE, AT(rel_ci), .metavar = "FRACTION",
                .kinds = MEASURE,
                .doc = N_("measure until half the interval is this fraction of the median, at most max-trials times"),
        },
        [REQUEST_MAX_TRIALS] = {
                "max-trials", KEY_UINT32, AT(max_trials), .bounds = {1, 1000, 30}, .knob = "MaxTrials", .metavar = "N",
                .kinds = MEASURE,
                .doc = N_("with rel-ci, where to stop even without that precision"),
        },
        [REQUEST_CPU_LIMIT] = {
                "cpu-limit", KEY_USEC, AT(cpu_limit_usec), .bounds = {MSEC, 300 * SEC, 30 * SEC},
                .knob = "MaxCPULimit", .metavar = "TIME",
                .kinds = PROGRAM,
                .doc = N_("CPU time of one run"),
        },
        [REQUEST_WALL_LIMIT] = {
                "wall-limit", KEY_USEC, AT(wall_limit_usec), .bounds = {10 * MSEC, 900 * SEC, 61 * SEC},
                .knob = "MaxWallLimit", .metavar = "TIME",
                .kinds = PROGRAM,
                .doc = N_("duration of one run; else twice the cpu-limit and a second"),
        },
        [REQUEST_JOB_LIMIT] = {
                "job-limit", KEY_USEC, AT(job_limit_usec), .bounds = {10 * MSEC, 3600 * SEC, 900 * SEC},
                .knob = "MaxJobLimit", .metavar = "TIME",
                .kinds = ANY_JOB,
                .doc = N_("duration of the whole job once it has started"),
        },
        [REQUEST_MEMORY_MAX] = {
                "memory-max", KEY_BYTES, AT(memory_max), .bounds = {4 * MIB, UINT64_MAX, 512 * MIB},
                .knob = "MaxMemory", .metavar = "BYTES",
                .kinds = PROGRAM,
                .doc = N_("memory of one run"),
        },
        [REQUEST_OUTPUT_MAX] = {
                "output-max", KEY_BYTES, AT(output_max), .bounds = {0, GIB, 16 * MIB},
                .knob = "MaxOutput", .metavar = "BYTES",
                .kinds = PROGRAM,
                .doc = N_("what one run may write to standard output and error"),
        },
        [REQUEST_TASKS_MAX] = {
                "tasks-max", KEY_UINT32, AT(tasks_max), .bounds = {1, 4096, 64}, .knob = "MaxTasks", .metavar = "N",
                .kinds = PROGRAM,
                .doc = N_("processes and threads of one run"),
        },
        [REQUEST_MIN_WINDOW] = {
                "min-window", KEY_USEC, AT(min_window_usec), .bounds = {MSEC, 10 * SEC, 100 * MSEC},
                .knob = "MinWindow", .metavar = "TIME",
                .kinds = MEASUREMENT,
                .doc = N_("shortest window energy is given for; a shorter program is repeated to fill it"),
        },
        [REQUEST_COOLDOWN] = {
                "cooldown", KEY_USEC, AT(cooldown_usec), .bounds = {0, 60 * SEC, 500 * MSEC}, .metavar = "TIME",
                .kinds = MEASUREMENT,
                .doc = N_("pause between trials"),
        },
        [REQUEST_THERMAL_WAIT] = {
                "thermal-wait", KEY_USEC, AT(thermal_wait_usec), .bounds = {0, 600 * SEC, 5 * SEC}, .metavar = "TIME",
                .kinds = MEASUREMENT,
                .doc = N_("how long to wait for the package to cool down; 0 does not look"),
        },
        [REQUEST_TUNE] = {
                "tune", KEY_STRING, AT(tune), .bounds = {1, 256, 0}, .metavar = "SETTINGS",
                .kinds = PROGRAM_MEASUREMENT,
                .doc = N_("how the processor is set meanwhile: governor, epp, turbo, min-frequency and max-frequency (kHz), as "
                        "governor=performance,turbo=off; needs an administrator"),
        },
        [REQUEST_CPUS] = {
                "cpus", KEY_UINT32, AT(cpus), .bounds = {1, CPU_SETSIZE, 1}, .knob = "ReservedCPUs", .metavar = "N",
                .kinds = PROGRAM_JOB,
                .doc = N_("how many of the reserved CPUs the program may use"),
        },
        [REQUEST_ISOLATION] = {
                "isolation", KEY_CHOICE, AT(isolation), .choices = isolations, .metavar = "LEVEL",
                .kinds = PROGRAM_MEASUREMENT,
                .doc = N_("confined keeps the program on its CPUs, reserved keeps everybody else off them"),
        },
        [REQUEST_METER] = {
                "meter", KEY_CHOICE, AT(meter), .choices = meters, .metavar = "METER",
                .kinds = PROGRAM_MEASUREMENT,
                .doc = N_("which counters to read; model computes joules from CPU time and is never chosen by auto"),
        },
        [REQUEST_MAX_JOULES] = {
                "max-joules", KEY_DOUBLE, AT(max_joules), .metavar = "JOULES",
                .kinds = MEASURED_PROGRAM,
                .doc = N_("energy of one run, after which it is killed"),
        },
        [REQUEST_RESOLUTION] = {
                "resolution", KEY_CHOICE, AT(resolution), .choices = resolutions, .metavar = "RESOLUTION",
                .kinds = PROGRAM_MEASUREMENT,
                .doc = N_("fine gives energies unrounded and short windows, and needs an administrator"),
        },
        [REQUEST_IGNORE_EXIT] = {
                "ignore-exit", KEY_BOOLEAN, AT(ignore_exit), .metavar = "",
                .kinds = PROGRAM,
                .doc = N_("go on when the program exits non-zero"),
        },
        [REQUEST_BLOBS] = {
                "blobs", KEY_FD_OR_BYTES, AT(blobs_fd), .bounds = {0, 256 * MIB, 0}, .knob = "MaxBlobs",
                .kinds = PROGRAM,
                .doc = N_("all files, inputs and answers back to back: a sealed memfd, or the bytes themselves"),
        },
        [REQUEST_FILES] = {
                "files", KEY_FILES, AT(files), .bounds = {1, 4096, 0},
                .kinds = PROGRAM,
                .doc = N_("what lies in the box's working directory: name, offset in blobs, size, permission bits"),
        },
        [REQUEST_TESTS] = {
                "tests", KEY_TESTS, AT(tests), .bounds = {1, 10000, 0},
                .kinds = PROGRAM,
                .doc = N_("what the program is run on: name, offset and size of the input, offset and size of the answer"),
        },
        [REQUEST_VALIDATOR] = {
                "validator", KEY_VALIDATOR, AT(validator),
                .kinds = PROGRAM,
                .doc = N_("how an output is compared with the answer; else token by token"),
        },
        [REQUEST_LANGUAGE] = {
                "language", KEY_STRING, AT(language), .bounds = {1, 32, 0}, .metavar = "LANGUAGE",
                .kinds = PROGRAM,
                .doc = N_("what files are written in, which says how they are compiled and run; argv are arguments then"),
        },
        [REQUEST_FUNCTION] = {
                "function", KEY_FUNCTION, AT(function),
                .kinds = PROGRAM,
                .doc = N_("a Python function to be called with each test's input, its result compared as a value"),
        },
        [REQUEST_REGION] = {
                "region", KEY_BOOLEAN, AT(region), .metavar = "",
                .kinds = PROGRAM,
                .doc = N_("let the program say which part of it is measured"),
        },
        [REQUEST_MAX_TESTS] = {
                "max-tests", KEY_UINT32, AT(max_tests), .bounds = {0, 10000, 0}, .metavar = "N",
                .kinds = PROGRAM,
                .doc = N_("how many of the tests to take, the first ones; 0 takes all"),
        },
        [REQUEST_ON_FAILURE] = {
                "on-failure", KEY_CHOICE, AT(on_failure), .choices = on_failures, .metavar = "ACTION",
                .kinds = PROGRAM,
                .doc = N_("stop at the first test that fails, or continue with the others"),
        },
        [REQUEST_LABEL] = {
                "label", KEY_STRING, AT(label), .bounds = {0, 256, 0}, .metavar = "TEXT",
                .kinds = ANY_JOB,
                .doc = N_("a name of your own for the job, found again in records"),
        },
        [REQUEST_CANDIDATE_ID] = {
                "candidate-id", KEY_STRING, AT(candidate_id), .bounds = {0, 256, 0}, .metavar = "TEXT",
                .kinds = PROGRAM,
                .doc = N_("which candidate this is; echoed in the report"),
        },
        [REQUEST_PROBLEM_NAME] = {
                "problem-name", KEY_STRING, AT(problem_name), .bounds = {0, 256, 0}, .metavar = "TEXT",
                .kinds = PROGRAM_JOB,
                .doc = N_("which problem it solves; echoed in the report"),
        },
        [REQUEST_SEED] = {
                "seed", KEY_UINT64, AT(seed), .bounds = {0, JSON_INTEGER_MAX, 0}, .metavar = "N",
                .kinds = ANY_JOB,
                .doc = N_("seed of the order of tests; else random, and in the report"),
        },
        [REQUEST_ALLOW_FILTERED] = {
                "allow-filtered", KEY_BOOLEAN, AT(allow_filtered), .metavar = "",
                .kinds = MEASUREMENT,
                .doc = N_("accept counters the processor blurs on purpose"),
        },
        [REQUEST_FAIL_ABOVE] = {
                "fail-above", KEY_DOUBLE, AT(fail_above), .metavar = "FRACTION",
                .kinds = COMPARE,
                .doc = N_("fail when a candidate takes more than the first one by more than this, and that is no noise"),
        },
        [REQUEST_FAIL_BELOW] = {
                "fail-below", KEY_DOUBLE, AT(fail_below), .metavar = "FRACTION",
                .kinds = COMPARE,
                .doc = N_("fail when a candidate takes less than the first one by more than this, and that is no noise"),
        },
        [REQUEST_DETACH] = {
                "detach", KEY_BOOLEAN, AT(detach), .metavar = "",
                .kinds = ANY_JOB,
                .doc = N_("let the job outlive the connection that asked for it"),
        },
};
/* clang-format on */

int request_key_find(const char *name, KeyId *ret) {
        for (size_t i = 0; i < N_REQUEST_KEYS; i++)
                if (strcmp(name, request_keys[i].name) == 0) {
                        *ret = (KeyId) i;
                        return 0;
                }
        return -ENOENT;
}

bool request_key_takes(KeyId id, JobKind kind) {
        return request_keys[id].kinds & (1U << kind);
}

bool request_key_below_one(KeyId id) {
        return id == REQUEST_REL_CI || id == REQUEST_FAIL_BELOW;
}

/* Levenshtein distance of two names; a is at most as long as the longest key plus a few. */
static unsigned distance(const char *a, const char *b) {
        unsigned row[64];
        size_t n = strlen(b);

        for (size_t j = 0; j <= n; j++)
                row[j] = (unsigned) j;
        for (size_t i = 1; a[i - 1] != '\0'; i++) {
                unsigned diagonal = row[0];

                row[0] = (unsigned) i;
                for (size_t j = 1; j <= n; j++) {
                        unsigned replaced = diagonal + (g_ascii_tolower(a[i - 1]) != b[j - 1]);

                        diagonal = row[j];
                        row[j] = MIN(MIN(row[j], row[j - 1]) + 1, replaced);
                }
        }
        return row[n];
}

const char *request_key_closest(JobKind kind, const char *name) {
        const char *closest = NULL;
        unsigned best;

        if (strlen(name) > 32)
                return NULL;

        best = (unsigned) MAX(strlen(name) / 3, 1) + 1;
        for (size_t i = 0; i < N_REQUEST_KEYS; i++) {
                unsigned d = distance(name, request_keys[i].name);

                if (d < best && request_key_takes((KeyId) i, kind)) {
                        best = d;
                        closest = request_keys[i].name;
                }
        }
        return closest;
}

void request_limits_init(RequestLimits *limits) {
        KeyBounds *memory = &limits->bounds[REQUEST_MEMORY_MAX];
        struct sysinfo info = {};

        for (size_t i = 0; i < N_REQUEST_KEYS; i++)
                limits->bounds[i] = request_keys[i].bounds;

        if (sysinfo(&info) >= 0)
                memory->max = MAX((uint64_t) info.totalram * info.mem_unit / 2 / MIB * MIB, memory->min);
        memory->fallback = MIN(memory->fallback, memory->max);
}

static char *in_units(uint64_t value, const uint64_t *sizes, const char *const *names, size_t n) {
        if (value == 0)
                return g_strdup("0");
        for (size_t i = 0; i < n; i++)
                if (value % sizes[i] == 0)
                        return g_strdup_printf("%" G_GUINT64_FORMAT "%s", value / sizes[i], names[i]);
        g_assert_not_reached();
}

char *request_format_number(KeyType type, uint64_t value) {
        static const uint64_t spans[] = { 3600 * SEC, 60 * SEC, SEC, MSEC, 1 };
        static const char *const span_names[] = { "h", "min", "s", "ms", "us" };
        static const uint64_t sizes[] = { GIB, MIB, KIB, 1 };
        static const char *const size_names[] = { "G", "M", "K", "" };

        if (type == KEY_USEC)
                return in_units(value, spans, span_names, G_N_ELEMENTS(spans));
        if (type == KEY_BYTES)
                return in_units(value, sizes, size_names, G_N_ELEMENTS(sizes));
        return g_strdup_printf("%" G_GUINT64_FORMAT, value);
}

char *request_key_range(KeyId id, const KeyBounds *bounds) {
        const RequestKey *key = &request_keys[id];
        g_autofree char *min = NULL, *max = NULL;

        switch (key->type) {
        case KEY_STRINGS:
                return g_strdup(id == REQUEST_ARGV ? "at least one, the first not empty" : "each NAME=VALUE");
        case KEY_STRING:
                if (id == REQUEST_LANGUAGE)
                        return g_strdup("a name such as c, cpp or python3");
                return g_strdup_printf("at most %" G_GUINT64_FORMAT " bytes", bounds->max);
        case KEY_CHOICE:
                return g_strjoinv(", ", (char **) key->choices);
        case KEY_FD:
                return g_strdup(id == REQUEST_CWD ? "a directory" : "open for writing");
        case KEY_FD_OR_BYTES:
                if (id == REQUEST_STDIN)
                        return g_strdup("open for reading, or at most 1 MiB");
                if (bounds->max == UINT64_MAX)
                        return g_strdup("a sealed memfd, or at most 16 MiB");
                max = request_format_number(KEY_BYTES, bounds->max);
                return g_strdup_printf("a sealed memfd of at most %s, or at most 16 MiB", max);
        case KEY_FILES:
        case KEY_TESTS:
                return g_strdup_printf("%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " entries", bounds->min,
                                       bounds->max);
        case KEY_VALIDATOR:
                return g_strdup("type, and the keys of that type");
        case KEY_FUNCTION:
                return g_strdup("name, and how results are compared");
        case KEY_BOOLEAN:
                return g_strdup("true or false");
        case KEY_DOUBLE:
                return g_strdup(request_key_below_one(id) ? _("more than 0 and less than 1") : _("more than 0"));
        default:
                min = request_format_number(key->type, bounds->min);
                if (bounds->max == (key->type == KEY_UINT32 ? UINT32_MAX : UINT64_MAX))
                        return g_strdup_printf(_("at least %s"), min);
                max = request_format_number(key->type, bounds->max);
                return g_strdup_printf(_("%s to %s"), min, max);
        }
}
