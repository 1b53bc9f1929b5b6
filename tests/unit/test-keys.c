/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base.h"
#include "keys.h"

static void test_table(void) {
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];
                const KeyBounds *bounds = &key->bounds;
                KeyId found;

                g_assert_nonnull(key->name);
                g_assert_nonnull(key->doc);
                g_assert_cmpuint(key->kinds, !=, 0);
                g_assert_cmpuint(strlen(key->name), <=, 32);
                g_assert_cmpuint(bounds->min, <=, bounds->max);
                g_assert_true((key->choices != NULL) == (key->type == KEY_CHOICE));
                g_assert_true((key->metavar && key->metavar[0] == '\0') == (key->type == KEY_BOOLEAN));
                if (key->type == KEY_UINT32 || key->type == KEY_UINT64 || key->type == KEY_USEC ||
                    key->type == KEY_BYTES) {
                        g_assert_cmpuint(bounds->fallback, >=, bounds->min);
                        g_assert_cmpuint(bounds->fallback, <=, bounds->max);
                }
                if (key->type == KEY_UINT32)
                        g_assert_cmpuint(bounds->max, <, UINT32_MAX);
                g_assert_cmpint(request_key_find(key->name, &found), ==, 0);
                g_assert_cmpint(found, ==, id);
        }
}

/* What the design says about each number; tests that walk the table would follow a wrong one. */
static void test_bounds_as_designed(void) {
        static const struct {
                const char *name;
                uint64_t fallback, min, max;
                const char *knob;
        } table[] = {
                { "trials", 9, 1, 1000, "MaxTrials" },
                { "warmups", 2, 0, 100, NULL },
                { "max-trials", 30, 1, 1000, "MaxTrials" },
                { "cpu-limit", 30 * USEC_PER_SEC, 1000, 300 * USEC_PER_SEC, "MaxCPULimit" },
                { "wall-limit", 61 * USEC_PER_SEC, 10000, 900 * USEC_PER_SEC, "MaxWallLimit" },
                { "job-limit", 900 * USEC_PER_SEC, 10000, 3600 * USEC_PER_SEC, "MaxJobLimit" },
                { "memory-max", UINT64_C(512) << 20, UINT64_C(4) << 20, UINT64_MAX, "MaxMemory" },
                { "output-max", UINT64_C(16) << 20, 0, UINT64_C(1) << 30, "MaxOutput" },
                { "tasks-max", 64, 1, 4096, "MaxTasks" },
                { "min-window", 100000, 1000, 10 * USEC_PER_SEC, "MinWindow" },
                { "cooldown", 500000, 0, 60 * USEC_PER_SEC, NULL },
                { "thermal-wait", 5 * USEC_PER_SEC, 0, 600 * USEC_PER_SEC, NULL },
                { "cpus", 1, 1, 1024, "ReservedCPUs" },
                { "seed", 0, 0, (UINT64_C(1) << 53) - 1, NULL },
                { "blobs", 0, 0, UINT64_C(256) << 20, "MaxBlobs" },
                { "files", 0, 1, 4096, NULL },
                { "tests", 0, 1, 10000, NULL },
                { "language", 0, 1, 32, NULL },
                { "max-tests", 0, 0, 10000, NULL },
                { "label", 0, 0, 256, NULL },
                { "candidate-id", 0, 0, 256, NULL },
                { "problem-name", 0, 0, 256, NULL },
                { "tune", 0, 1, 256, NULL },
                { "stdin", 0, 0, UINT64_C(1) << 20, NULL },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                const RequestKey *key;
                KeyId id;

                g_assert_cmpint(request_key_find(table[i].name, &id), ==, 0);
                key = &request_keys[id];
                g_assert_cmpuint(key->bounds.fallback, ==, table[i].fallback);
                g_assert_cmpuint(key->bounds.min, ==, table[i].min);
                g_assert_cmpuint(key->bounds.max, ==, table[i].max);
                g_assert_cmpstr(key->knob, ==, table[i].knob);
        }
}

/* What only a measurement knows is no key of a validation; the rest goes with both. */
static void test_kinds(void) {
        static const char *const measure_only[] = { "cwd",        "stdin",      "output",       "error-output",
                                                    "trials",     "warmups",    "rel-ci",       "max-trials",
                                                    "min-window", "cooldown",   "thermal-wait", "isolation",
                                                    "meter",      "max-joules", "resolution",   "allow-filtered",
                                                    "tune",       NULL };

        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const bool compare_only = g_str_has_prefix(request_keys[id].name, "fail-");

                g_assert_cmpint(request_key_takes(id, JOB_MEASURE), !=, compare_only);
                g_assert_cmpint(request_key_takes(id, JOB_VALIDATE), !=,
                                compare_only || g_strv_contains(measure_only, request_keys[id].name));
        }
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                static const char *const keys[] = {
                        "trials", "warmups", "min-window", "cooldown", "thermal-wait", "job-limit", "allow-filtered",
                        "seed",   "label",   "detach",     NULL
                };

                g_assert_cmpint(request_key_takes(id, JOB_CALIBRATE), ==,
                                g_strv_contains(keys, request_keys[id].name));
        }
        g_assert_cmpstr(request_key_closest(JOB_MEASURE, "trails"), ==, "trials");
        g_assert_null(request_key_closest(JOB_VALIDATE, "trails"));
        g_assert_cmpstr(request_key_closest(JOB_VALIDATE, "test"), ==, "tests");
}

static void test_limits(void) {
        RequestLimits limits;
        KeyBounds *memory = &limits.bounds[REQUEST_MEMORY_MAX];
        uint64_t physical = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);

        request_limits_init(&limits);
        g_assert_cmpuint(memory->max, <=, physical / 2);
        g_assert_cmpuint(memory->max, >, physical / 2 - (UINT64_C(1) << 20));
        g_assert_cmpuint(memory->fallback, <=, memory->max);
        g_assert_cmpuint(limits.bounds[REQUEST_TRIALS].fallback, ==, 9);
}

static void test_find(void) {
        KeyId id;

        g_assert_cmpint(request_key_find("trails", &id), ==, -ENOENT);
        g_assert_cmpint(request_key_find("", &id), ==, -ENOENT);
        g_assert_cmpint(request_key_find("trials ", &id), ==, -ENOENT);
}

static void test_closest(void) {
        static const struct {
                const char *name, *closest;
        } cases[] = {
                { "trails", "trials" },
                { "trial", "trials" },
                { "warm-ups", "warmups" },
                { "cpu_limit", "cpu-limit" },
                { "CPU-LIMIT", "cpu-limit" },
                { "seeed", "seed" },
                { "sead", "seed" },
                { "memorymax", "memory-max" },
                { "zzz", NULL },
                { "", NULL },
                { "banana", NULL },
                { "abcdefghijklmnopqrstuvwxyzabcdefg", NULL },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpstr(request_key_closest(JOB_MEASURE, cases[i].name), ==, cases[i].closest);
}

static void test_format(void) {
        static const struct {
                KeyType type;
                uint64_t value;
                const char *text;
        } cases[] = {
                { KEY_UINT32, 0, "0" },
                { KEY_UINT64, UINT64_MAX, "18446744073709551615" },
                { KEY_USEC, 0, "0" },
                { KEY_USEC, 1, "1us" },
                { KEY_USEC, 1500, "1500us" },
                { KEY_USEC, 100000, "100ms" },
                { KEY_USEC, 1500000, "1500ms" },
                { KEY_USEC, 2000000, "2s" },
                { KEY_USEC, 60000000, "1min" },
                { KEY_USEC, 61000000, "61s" },
                { KEY_USEC, 3600000000, "1h" },
                { KEY_BYTES, 0, "0" },
                { KEY_BYTES, 1023, "1023" },
                { KEY_BYTES, 1024, "1K" },
                { KEY_BYTES, 64 << 20, "64M" },
                { KEY_BYTES, UINT64_C(3) << 30, "3G" },
                { KEY_BYTES, 1536 << 10, "1536K" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = request_format_number(cases[i].type, cases[i].value);

                g_assert_cmpstr(text, ==, cases[i].text);
        }
}

static void test_range(void) {
        static const struct {
                KeyId id;
                const char *text;
        } cases[] = {
                { REQUEST_ARGV, "at least one, the first not empty" },
                { REQUEST_ENV, "each NAME=VALUE" },
                { REQUEST_PROFILE, "host, box" },
                { REQUEST_CWD, "a directory" },
                { REQUEST_STDIN, "open for reading, or at most 1 MiB" },
                { REQUEST_OUTPUT, "open for writing" },
                { REQUEST_TRIALS, "1 to 1000" },
                { REQUEST_REL_CI, "more than 0 and less than 1" },
                { REQUEST_MAX_JOULES, "more than 0" },
                { REQUEST_FAIL_ABOVE, "more than 0" },
                { REQUEST_FAIL_BELOW, "more than 0 and less than 1" },
                { REQUEST_CPU_LIMIT, "1ms to 5min" },
                { REQUEST_JOB_LIMIT, "10ms to 1h" },
                { REQUEST_MEMORY_MAX, "at least 4M" },
                { REQUEST_LABEL, "at most 256 bytes" },
                { REQUEST_RESOLUTION, "rounded, fine" },
                { REQUEST_DETACH, "true or false" },
                { REQUEST_BLOBS, "a sealed memfd of at most 256M, or at most 16 MiB" },
                { REQUEST_FILES, "1 to 4096 entries" },
                { REQUEST_TESTS, "1 to 10000 entries" },
                { REQUEST_VALIDATOR, "type, and the keys of that type" },
                { REQUEST_LANGUAGE, "a name such as c, cpp or python3" },
                { REQUEST_FUNCTION, "name, and how results are compared" },
                { REQUEST_MAX_TESTS, "0 to 10000" },
                { REQUEST_ON_FAILURE, "stop, continue" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = request_key_range(cases[i].id, &request_keys[cases[i].id].bounds);

                g_assert_cmpstr(text, ==, cases[i].text);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/keys/table", test_table);
        g_test_add_func("/keys/bounds-as-designed", test_bounds_as_designed);
        g_test_add_func("/keys/kinds", test_kinds);
        g_test_add_func("/keys/limits", test_limits);
        g_test_add_func("/keys/find", test_find);
        g_test_add_func("/keys/closest", test_closest);
        g_test_add_func("/keys/format", test_format);
        g_test_add_func("/keys/range", test_range);
        return g_test_run();
}
