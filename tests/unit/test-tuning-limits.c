/* SPDX-License-Identifier: MIT */

/* Settings that are not what they seem to be: limits that others lower, and what goes with others. */

#include "tuning-machine.h"

static void test_boost(Fixture *f, const void *data) {
        static const char file[] = CPUFREQ "boost";
        g_autofree char *no_turbo = g_build_filename(f->tree, NO_TURBO, NULL);
        g_autoptr(Tuning) tuning = open_tuning(f);
        const TuningWish wish = { .turbo = "off" };

        g_assert_cmpint(unlink(no_turbo), ==, 0);
        tree_put(f->tree, file, "1\n");
        g_assert_cmpint(apply(tuning, &wish), ==, 0);
        assert_value(file, "0");
        /* With acpi-cpufreq it takes the highest frequency of everybody's CPUs along. */
        tree_put(f->tree, CPUFREQ "policy0/scaling_max_freq", "3000000\n");
        g_assert_cmpint(tuning_restore(tuning), ==, 0);
        assert_value(file, "1");
        assert_value(CPUFREQ "policy0/scaling_max_freq", "4000000");
}

/* The frequency it was told would be lost; what else is wished comes about. */
static void test_userspace(Fixture *f, const void *data) {
        static const char file[] = CPUFREQ "policy2/scaling_governor";
        g_autoptr(Tuning) tuning = open_tuning(f);

        tree_put(f->tree, file, "userspace\n");
        tree_put(f->tree, CPUFREQ "policy2/scaling_setspeed", "1200000\n");
        g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
        assert_value(file, "userspace");
        assert_value(CPUFREQ "policy2/scaling_max_freq", "2000000");
        assert_value(NO_TURBO, "1");
        g_assert_cmpint(tuning_restore(tuning), ==, 0);
        tree_put(f->tree, file, "powersave\n");
        assert_as_before(f);
}

/* What is read is the limit in force; a hot processor's is not made the administrator's. */
static void test_others_limit(Fixture *f, const void *data) {
        static const char file[] = CPUFREQ "policy2/scaling_max_freq";
        TuningWish wish = f->wish;
        g_autoptr(Tuning) tuning = open_tuning(f);

        wish.max_khz = wish.min_khz = 0;
        tree_put(f->tree, file, "1200000\n");
        g_assert_cmpint(apply(tuning, &wish), ==, 0);
        tree_put(f->tree, file, "1500000\n");
        g_assert_cmpint(tuning_restore(tuning), ==, 0);
        assert_as_before(f);
}

/* The limit of a processor that is hot already is not taken for the administrator's. */
static void test_cooled(Fixture *f, const void *data) {
        static const char *const types[] = { "Processor\n", "cpufreq-cpu2\n", "thermal-cpufreq-0\n", "Fan\n" };
        static const char device[] = "sys/class/thermal/cooling_device7/";
        g_autofree char *type = g_strconcat(device, "type", NULL), *state = g_strconcat(device, "cur_state", NULL);
        g_autofree char *no_turbo = g_build_filename(f->tree, NO_TURBO, NULL);
        g_autoptr(Tuning) tuning = open_tuning(f);
        const TuningWish boost = { .turbo = "off" };

        for (size_t i = 0; i < 2 * G_N_ELEMENTS(types); i++) {
                const bool hot = i < 3;

                tree_put(f->tree, type, types[i % G_N_ELEMENTS(types)]);
                tree_put(f->tree, state, i < G_N_ELEMENTS(types) ? "2\n" : "0\n");
                g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
                assert_value(CPUFREQ "policy2/scaling_governor", "performance");
                assert_value(CPUFREQ "policy2/scaling_max_freq", hot ? "1500000" : "2000000");
                assert_value(CPUFREQ "policy2/scaling_min_freq", hot ? "800000" : "2000000");
                g_assert_cmpint(tuning_restore(tuning), ==, 0);
                assert_as_before(f);
                g_assert_true(!hot || kernel.max_khz[0] == '\0');
        }

        g_assert_cmpint(unlink(no_turbo), ==, 0);
        tree_put(f->tree, CPUFREQ "boost", "1\n");
        tree_put(f->tree, type, types[0]);
        tree_put(f->tree, state, "1\n");
        g_assert_cmpint(apply(tuning, &boost), ==, 0);
        assert_value(CPUFREQ "boost", "1");
        g_assert_false(has_journal(f));
}

/* It got hot in the job: the request is back, whatever is in force; also when that looks like the old value. */
static void test_hot_meanwhile(Fixture *f, const void *data) {
        static const char file[] = CPUFREQ "policy2/scaling_max_freq";
        static const int64_t caps[] = { 1200000, 1500000 };

        for (size_t i = 0; i < G_N_ELEMENTS(caps); i++) {
                g_autoptr(Tuning) tuning = open_tuning(f);

                g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
                g_assert_cmpstr(kernel.max_khz, ==, "2000000");
                kernel.cap_khz = caps[i];
                set_in_force(file, caps[i]);
                g_assert_cmpint(tuning_restore(tuning), ==, 0);
                g_assert_cmpstr(kernel.max_khz, ==, "1500000");
                g_assert_false(has_journal(f));
                kernel.cap_khz = 0;
                set_in_force(file, 1500000);
                assert_as_before(f);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/tuning-limits/" name, Fixture, NULL, setup, function, teardown)
        ADD("boost", test_boost);
        ADD("userspace", test_userspace);
        ADD("others-limit", test_others_limit);
        ADD("cooled", test_cooled);
        ADD("hot-meanwhile", test_hot_meanwhile);
#undef ADD
        return g_test_run();
}
