/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include <glib/gstdio.h>

#include "knobs.h"

typedef struct Fixture {
        char *directory, *file, *drop_ins;
        GPtrArray *problems;
} Fixture;

static void free_problem(void *p) {
        config_problem_free(p);
}

static void set_up(Fixture *f, gconstpointer data) {
        f->directory = g_dir_make_tmp("knobs-XXXXXX", NULL);
        f->file = g_build_filename(f->directory, "jouletraced.conf", NULL);
        f->drop_ins = g_strconcat(f->file, ".d", NULL);
        f->problems = g_ptr_array_new_with_free_func(free_problem);
        g_assert_cmpint(g_mkdir(f->drop_ins, 0700), ==, 0);
}

static void remove_tree(const char *path) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *child = g_build_filename(path, name, NULL);

                remove_tree(child);
        }
        (void) g_remove(path);
}

static void tear_down(Fixture *f, gconstpointer data) {
        remove_tree(f->directory);
        g_free(f->directory);
        g_free(f->file);
        g_free(f->drop_ins);
        g_ptr_array_unref(f->problems);
}

static void write_file(const char *path, const char *text) {
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static Config *load(Fixture *f, const char *text) {
        Config *config = NULL;
        int r;

        if (text)
                write_file(f->file, text);
        g_ptr_array_set_size(f->problems, 0);
        r = config_load(f->file, &config, f->problems);
        g_assert_true((r >= 0) == (config != NULL));
        return config;
}

static const ConfigProblem *only_problem(Fixture *f) {
        g_assert_cmpuint(f->problems->len, ==, 1);
        return f->problems->pdata[0];
}

static void test_defaults(Fixture *f, gconstpointer data) {
        g_autoptr(Config) config = load(f, NULL);

        g_assert_nonnull(config);
        g_assert_cmpuint(f->problems->len, ==, 0);
        for (const Knob *knob = knobs; knob->name; knob++) {
                g_autofree char *text = config_format(config, knob);
                g_autofree char *file = g_strdup_printf("[JouleTrace]\n%s=%s\n", knob->name, text);
                g_autoptr(Config) again = load(f, file);
                g_autofree char *formatted = NULL;

                /* What is printed reads back as the same. */
                g_assert_nonnull(again);
                g_assert_cmpuint(f->problems->len, ==, 0);
                formatted = config_format(again, knob);
                g_assert_cmpstr(formatted, ==, text);
        }
        g_assert_cmpuint(config->max_cpu_limit_usec, ==, 300 * USEC_PER_SEC);
        g_assert_cmpuint(config->retain_usec, ==, UINT64_C(90) * 86400 * USEC_PER_SEC);
        g_assert_cmpuint(config->max_memory, ==, 0);
}

/* Both sides of every bound. */
static void test_bounds(Fixture *f, gconstpointer data) {
        for (const Knob *knob = knobs; knob->name; knob++) {
                const char *unit = knob->type == KNOB_USEC ? "us" : "";

                if (knob->type != KNOB_UINT && knob->type != KNOB_USEC && knob->type != KNOB_BYTES)
                        continue;
                for (int side = 0; side < 2; side++)
                        for (int beyond = 0; beyond < 2; beyond++) {
                                uint64_t value = side == 0 ? knob->min - (uint64_t) beyond
                                                           : knob->max + (uint64_t) beyond;
                                g_autofree char *text = g_strdup_printf("[JouleTrace]\n%s=%" PRIu64 "%s\n", knob->name,
                                                                        value, unit);
                                g_autoptr(Config) config = NULL;

                                if (side == 0 && beyond && knob->min == 0)
                                        continue;
                                config = load(f, text);
                                g_assert_cmpuint(f->problems->len, ==, (unsigned) beyond);
                                g_assert_true((config == NULL) == (beyond && knob->security));
                        }
        }
}

static void test_wrong_value_uses_default(Fixture *f, gconstpointer data) {
        g_autoptr(Config) config = load(f, "# comment\n[JouleTrace]\n\nDefaultTrials=many\nCooldown=1s\n");

        g_assert_nonnull(config);
        g_assert_cmpuint(config->default_trials, ==, 9);
        g_assert_cmpuint(config->cooldown_usec, ==, USEC_PER_SEC);
        g_assert_cmpuint(only_problem(f)->line, ==, 4);
        g_assert_false(only_problem(f)->fatal);
        g_assert_cmpstr(only_problem(f)->file, ==, f->file);
        g_assert_nonnull(strstr(only_problem(f)->text, "DefaultTrials=many is not between 1 and 1000; using 9"));
}

static void test_wrong_bound_refuses(Fixture *f, gconstpointer data) {
        g_assert_null(load(f, "[JouleTrace]\nMinWindow=1us\n"));
        g_assert_true(only_problem(f)->fatal);
        g_assert_cmpuint(only_problem(f)->line, ==, 2);
        g_assert_nonnull(strstr(only_problem(f)->text, "MinWindow=1us is not between 1ms and 10s"));

        g_assert_null(load(f, "[JouleTrace\nMinWindow=1s\n"));
        g_assert_true(only_problem(f)->fatal);
}

static void test_unknown(Fixture *f, gconstpointer data) {
        g_autoptr(Config) config = load(f, "[JouleTrace]\nReservedCpus=2\n");

        g_assert_nonnull(config);
        g_assert_cmpuint(only_problem(f)->line, ==, 2);
        g_assert_nonnull(strstr(only_problem(f)->text, "unknown knob ReservedCpus"));

        g_clear_pointer(&config, config_free);
        config = load(f, "[Jouletrace]\nMeter=none\n");
        g_assert_nonnull(strstr(only_problem(f)->text, "[Jouletrace]"));
        g_assert_cmpstr(config->meter, ==, "auto");
}

static void test_drop_ins(Fixture *f, gconstpointer data) {
        g_autofree char *a = g_build_filename(f->drop_ins, "10-a.conf", NULL);
        g_autofree char *b = g_build_filename(f->drop_ins, "20-b.conf", NULL);
        g_autofree char *c = g_build_filename(f->drop_ins, "30-c.conf.off", NULL);
        g_autoptr(Config) config = NULL;

        write_file(a, "[JouleTrace]\nMaxTrials=20\nMaxTasks=10\n");
        write_file(b, "[JouleTrace]\nMaxTrials=30\n");
        write_file(c, "[JouleTrace]\nMaxTrials=40\n");
        config = load(f, "[JouleTrace]\nMaxTrials=10\nMaxQueued=7\n");
        g_assert_nonnull(config);
        g_assert_cmpuint(config->max_trials, ==, 30);
        g_assert_cmpuint(config->max_tasks, ==, 10);
        g_assert_cmpuint(config->max_queued, ==, 7);
}

static void test_texts(Fixture *f, gconstpointer data) {
        static const struct {
                const char *line;
                bool good;
        } table[] = {
                { "ReservedCPUs=none", true },    { "ReservedCPUs=2-3,5", true },  { "ReservedCPUs=", false },
                { "ReservedCPUs=3-2", false },    { "Partition=isolated", true },  { "Partition=member", false },
                { "Isolation=confined", true },   { "Isolation=none", false },     { "Meter=powercap", true },
                { "Meter=msr", false },           { "ModelWatts=0.5", true },      { "ModelWatts=0", false },
                { "ModelWatts=nan", false },      { "ModelWatts=1,5", false },     { "LogLevel=debug", true },
                { "LogLevel=loud", false },       { "ReleaseSec=0", true },        { "ReleaseSec=-1s", false },
                { "ForeignLoadLimit=0.1", true }, { "ForeignLoadLimit=0", false }, { "ForeignLoadLimit=101", false },
                { "FrequencyLimit=100", true },   { "FrequencyLimit=-1", false },  { "FrequencyLimit=5%", false },
                { "ThermalPolicy=strict", true }, { "ThermalPolicy=", false },     { "ThermalPolicy=warn", false },
                { "RetainDays=7", true },         { "RetainBytes=10M", true },     { "RetainBytes=10MB", false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *text = g_strdup_printf("[JouleTrace]\n%s\n", table[i].line);
                g_autoptr(Config) config = load(f, text);

                g_test_message("%s", table[i].line);
                g_assert_nonnull(config);
                g_assert_cmpuint(f->problems->len, ==, table[i].good ? 0 : 1);
        }
}

static void test_parsers(Fixture *f, gconstpointer data) {
        static const struct {
                const char *text;
                int r;
                uint64_t value;
        } spans[] = {
                { "1", 0, 1000000 },
                { "1.5s", 0, 1500000 },
                { "500ms", 0, 500000 },
                { "7us", 0, 7 },
                { "2min", 0, 120000000 },
                { "1h", 0, 3600000000 },
                { "1 d", 0, UINT64_C(86400000000) },
                { "", -EINVAL, 0 },
                { "s", -EINVAL, 0 },
                { "1y", -EINVAL, 0 },
                { "1e30", -ERANGE, 0 },
        };
        uint64_t value;

        for (size_t i = 0; i < G_N_ELEMENTS(spans); i++) {
                g_test_message("%s", spans[i].text);
                g_assert_cmpint(time_span_parse(spans[i].text, &value), ==, spans[i].r);
                if (spans[i].r == 0)
                        g_assert_cmpuint(value, ==, spans[i].value);
        }
        g_assert_cmpint(byte_size_parse("3K", &value), ==, 0);
        g_assert_cmpuint(value, ==, 3072);
        g_assert_cmpint(byte_size_parse("1.5G", &value), ==, 0);
        g_assert_cmpuint(value, ==, UINT64_C(3) << 29);
        g_assert_cmpint(byte_size_parse("G", &value), ==, -EINVAL);
}

static void test_request_limits(Fixture *f, gconstpointer data) {
        g_autoptr(Config) config =
                        load(f, "[JouleTrace]\nMaxTrials=5\nMinWindow=2s\nDefaultTrials=7\nDefaultWarmups=0\n"
                                "MaxMemory=16M\nCooldown=0\nMaxCPULimit=10s\nMaxBlobs=1M\n");
        RequestLimits limits;

        g_assert_nonnull(config);
        config_request_limits(config, &limits);
        g_assert_cmpuint(limits.bounds[REQUEST_TRIALS].max, ==, 5);
        g_assert_cmpuint(limits.bounds[REQUEST_TRIALS].fallback, ==, 5);
        g_assert_cmpuint(limits.bounds[REQUEST_MAX_TRIALS].max, ==, 5);
        g_assert_cmpuint(limits.bounds[REQUEST_WARMUPS].fallback, ==, 0);
        g_assert_cmpuint(limits.bounds[REQUEST_MIN_WINDOW].min, ==, 2 * USEC_PER_SEC);
        g_assert_cmpuint(limits.bounds[REQUEST_MIN_WINDOW].fallback, ==, 2 * USEC_PER_SEC);
        g_assert_cmpuint(limits.bounds[REQUEST_MEMORY_MAX].max, ==, 16 << 20);
        g_assert_cmpuint(limits.bounds[REQUEST_MEMORY_MAX].fallback, ==, 16 << 20);
        g_assert_cmpuint(limits.bounds[REQUEST_CPU_LIMIT].fallback, ==, 10 * USEC_PER_SEC);
        g_assert_cmpuint(limits.bounds[REQUEST_COOLDOWN].fallback, ==, 0);
        g_assert_cmpuint(limits.bounds[REQUEST_BLOBS].max, ==, 1 << 20);
        for (KeyId key = 0; key < N_REQUEST_KEYS; key++)
                g_assert_cmpuint(limits.bounds[key].min, <=, limits.bounds[key].max);
}

static void test_box_uids(Fixture *f, gconstpointer data) {
        static const struct {
                const char *text;
                bool right;
        } cases[] = {
                { BOX_UIDS_DEFAULT, true },
                { "65536-65791", true },
                { "65535-65791", false },
                { "65536-65790", false }, /* one id too few */
                { "524032-524287", true },
                { "524033-524288", false },
                { "1879048192-1879048447", true },
                { "1879048191-1879048447", false },
                { "4294967038-4294967293", true },
                { "4294967039-4294967294", false },
                { "400000-1900000000", false }, /* containers are between */
                { "0-1000", false },
                { "61184-61500", false },
                { "70000", false },
                { "", false },
                { "70000-", false },
                { "-70000", false },
                { "80000-70000", false },
                { "70000-71000-72000", false },
                { "70000-18446744073709551615", false },
                { "0x11170-80000", false },
                { "70000 - 71000", false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = g_strdup_printf("[JouleTrace]\nBoxUidRange=%s\n", cases[i].text);
                g_autoptr(Config) config = load(f, text);

                g_test_message("%s", cases[i].text);
                g_assert_true((config != NULL) == cases[i].right);
                if (!cases[i].right) {
                        g_assert_true(only_problem(f)->fatal);
                        continue;
                }
                {
                        g_autofree char *again = uid_range_format(&config->box_uids);

                        g_assert_cmpstr(again, ==, cases[i].text);
                }
        }

        g_assert_null(load(f, "[JouleTrace]\nBoxUidRange=1000-2000\n"));
        g_assert_nonnull(strstr(
                        only_problem(f)->text,
                        "BoxUidRange=1000-2000 is not right: it must be at least 256 ids within 65536-524287 or "
                        "1879048192-4294967293, where no users, dynamic users and containers are"));
}

static void test_box_uids_of_others(Fixture *f, gconstpointer data) {
        static const struct {
                const char *subids, *ids; /* of subuid and subgid; of passwd and group */
                const char *owner;        /* NULL: nobody */
        } cases[] = {
                { NULL, NULL, NULL },
                { "", "", NULL },
                { "user1:100000:65536\n", "root:x:0:\n", NULL },
                { "user1:69000:1000\n", NULL, NULL },
                { "user1:69000:1001\n", NULL, "user1" },
                { "user1:70255:1\n", NULL, "user1" },
                { "user1:70256:65536\n", NULL, NULL },
                { "user1:0:0\nuser2:1:4294967295\n", NULL, "user2" },
                { "garbage\n:\nuser1:x:y\nuser3:70100:2", NULL, "user3" },
                { NULL, "a:x:69999:\nb:x:70256:\n", NULL },
                { NULL, "a:x:70000:\n", "a" },
                { NULL, "b:x:70255:\n", "b" },
        };
        static const char *const names[][2] = { { "subuid", "passwd" }, { "subgid", "group" } };
        const UidRange range = { .first = 70000, .last = 70255 };

        for (size_t i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(names); i++) {
                const size_t n = i / G_N_ELEMENTS(names);
                const char *const *files = names[i % G_N_ELEMENTS(names)];
                g_autofree char *subids = g_build_filename(f->directory, files[0], NULL);
                g_autofree char *ids = g_build_filename(f->directory, files[1], NULL);
                g_autofree char *reason = NULL;
                int r;

                g_test_message("%zu of %s, %s", n, files[0], files[1]);
                if (cases[n].subids)
                        write_file(subids, cases[n].subids);
                if (cases[n].ids)
                        write_file(ids, cases[n].ids);
                r = uid_range_check(&range, f->directory, &reason);
                g_assert_cmpint(r, ==, cases[n].owner ? -EEXIST : 0);
                if (cases[n].owner) {
                        g_autofree char *end = g_strdup_printf("overlaps with what %s gives to %s",
                                                               cases[n].subids ? subids : ids, cases[n].owner);

                        g_assert_cmpstr(reason, ==, end);
                }
                (void) g_remove(subids);
                (void) g_remove(ids);
        }
}

static void test_log_level(Fixture *f, gconstpointer data) {
        g_autoptr(Config) config = load(f, "[JouleTrace]\nLogLevel=warning\n");

        g_assert_cmpint(config_log_level(config), ==, LOG_WARNING);
}

#define ADD(name, function) g_test_add("/knobs/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("defaults", test_defaults);
        ADD("bounds", test_bounds);
        ADD("wrong-value-uses-default", test_wrong_value_uses_default);
        ADD("wrong-bound-refuses", test_wrong_bound_refuses);
        ADD("unknown", test_unknown);
        ADD("drop-ins", test_drop_ins);
        ADD("texts", test_texts);
        ADD("parsers", test_parsers);
        ADD("request-limits", test_request_limits);
        ADD("box-uids", test_box_uids);
        ADD("box-uids-of-others", test_box_uids_of_others);
        ADD("log-level", test_log_level);
        return g_test_run();
}
