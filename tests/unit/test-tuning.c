/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/wait.h>

#include "tuning-machine.h"

static void test_apply_and_restore(Fixture *f, const void *data) {
        g_autoptr(Tuning) tuning = open_tuning(f);

        for (unsigned i = 0; i < 2; i++) {
                g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
                assert_tuned();
                g_assert_true(has_journal(f));
                /* The others' CPUs, and what is not the jobs' already. */
                assert_value(CPUFREQ "policy0/scaling_governor", "powersave");
                assert_value(CPUFREQ "policy0/energy_performance_preference", "balance_power");
                assert_value(CPUFREQ "policy0/scaling_max_freq", "4000000");
                assert_value("proc/irq/7/smp_affinity_list", "0-1");

                g_assert_cmpint(tuning_restore(tuning), ==, 0);
                assert_as_before(f);
                g_assert_false(has_journal(f));
                g_assert_cmpint(tuning_restore(tuning), ==, 0);
        }
}

/* Each alone, and nothing else moves. */
static void test_one_by_one(Fixture *f, const void *data) {
        const TuningWish all = f->wish;

        for (unsigned i = 0; i < 6; i++) {
                TuningWish wish = { .cpus = all.cpus, .others = all.others };
                g_autoptr(Tuning) tuning = open_tuning(f);

                wish.governor = i == 0 ? all.governor : NULL;
                wish.epp = i == 1 ? all.epp : NULL;
                wish.turbo = i == 2 ? all.turbo : NULL;
                wish.max_khz = i == 3 ? all.max_khz : 0;
                wish.min_khz = i == 4 ? 1000000 : 0;
                wish.move_irqs = i == 5;
                g_assert_cmpint(apply(tuning, &wish), ==, 0);
                g_assert_cmpuint(count_changed(), ==, i == 0 || i == 2 ? 2 : i == 5 ? 3 : 1);
                g_assert_cmpint(tuning_restore(tuning), ==, 0);
                assert_as_before(f);
        }
}

/* Steps to its end; each writes one setting at most. */
static void step_by_step(Tuning *tuning, unsigned n_settings) {
        unsigned n = 0;
        int r;

        do {
                kernel.n_writes = 0;
                r = tuning_step(tuning);
                g_assert_cmpint(r, >=, 0);
                g_assert_cmpuint(kernel.n_writes, <=, 1);
                n += kernel.n_writes;
        } while (r > 0);
        g_assert_cmpuint(n, >=, n_settings);
        g_assert_cmpint(tuning_step(tuning), ==, 0);
}

static void test_stepwise(Fixture *f, const void *data) {
        g_autoptr(Tuning) tuning = open_tuning(f);

        g_assert_cmpint(tuning_begin(tuning, &f->wish), >, 0);
        assert_as_before(f);
        g_assert_true(has_journal(f));
        step_by_step(tuning, 7);
        assert_tuned();
        g_assert_cmpint(tuning_begin_restore(tuning), >, 0);
        assert_tuned();
        step_by_step(tuning, 8);
        assert_as_before(f);
        g_assert_false(has_journal(f));
        g_assert_cmpint(tuning_begin_restore(tuning), ==, 0);
}

/* Cancelled between two settings. */
static void test_turned_back(Fixture *f, const void *data) {
        g_autoptr(Tuning) tuning = open_tuning(f);

        for (unsigned n = 0; n < 7; n++) {
                g_assert_cmpint(tuning_begin(tuning, &f->wish), >, 0);
                for (unsigned i = 0; i < n; i++)
                        g_assert_cmpint(tuning_step(tuning), >, 0);
                g_assert_cmpint(tuning_begin_restore(tuning), >, 0);
                step_by_step(tuning, n);
                assert_as_before(f);
                g_assert_false(has_journal(f));
        }
}

static void test_nothing_wished(Fixture *f, const void *data) {
        const TuningWish nothing = { .cpus = f->wish.cpus, .others = f->wish.others };
        g_autoptr(Tuning) tuning = open_tuning(f);

        g_assert_cmpint(apply(tuning, &nothing), ==, 0);
        assert_as_before(f);
        g_assert_false(has_journal(f));
}

static void test_freed(Fixture *f, const void *data) {
        Tuning *tuning = open_tuning(f);

        g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
        g_assert_null(tuning_free(tuning));
        assert_as_before(f);
        g_assert_false(has_journal(f));
}

/* The process dies before or after each thing it changes, from the first to the last, and again while it puts back
 * what that left. */
static bool crash(const Fixture *f, int after, bool job) {
        pid_t pid = fork();
        int status;

        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                Tuning *tuning;

                kernel.crash_after = after;
                tuning = open_tuning(f);
                if (job) {
                        g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
                        assert_tuned();
                        g_assert_cmpint(tuning_restore(tuning), ==, 0);
                }
                tuning_free(tuning);
                _exit(EXIT_SUCCESS);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFEXITED(status));
        g_assert_true(WEXITSTATUS(status) == CRASHED || WEXITSTATUS(status) == EXIT_SUCCESS);
        return WEXITSTATUS(status) == CRASHED;
}

static void assert_recovers(const Fixture *f) {
        Tuning *tuning = open_tuning(f);

        assert_as_before(f);
        g_assert_false(has_journal(f));
        tuning_free(tuning);
}

static void test_crashes(Fixture *f, const void *data) {
        int n = 0;

        for (; crash(f, n, true); n++)
                assert_recovers(f);
        assert_as_before(f);
        g_assert_false(has_journal(f));
        g_assert_cmpint(n, >, 2 * 2 * 8); /* before and after each of eight changes and of their undoing */
}

static void test_crashes_twice(Fixture *f, const void *data) {
        /* unlinkat, fsync, renameat, fsync; then before and after each setting but the preference, which the governor
         * took along. */
        const int applied = 4 + 2 * 7;
        int n = 0;

        for (;; n++) {
                g_assert_true(crash(f, applied, true));
                assert_tuned();
                if (!crash(f, n, false))
                        break;
                assert_recovers(f);
        }
        assert_as_before(f);
        g_assert_cmpint(n, >, 2 * 8);
}

/* Nothing is changed whose old value is not on record. */
static void test_no_record(Fixture *f, const void *data) {
        g_autoptr(Tuning) tuning = open_tuning(f);

        kernel.fsync_error = ENOSPC;
        g_assert_cmpint(apply(tuning, &f->wish), ==, -ENOSPC);
        kernel.fsync_error = 0;
        assert_as_before(f);
        g_assert_false(has_journal(f));
        g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
        assert_tuned();
}

/* What stays changed stays on record with the oldest value, whatever comes between. */
static void test_stuck(Fixture *f, const void *data) {
        static const char file[] = CPUFREQ "policy2/scaling_governor";
        TuningWish other = f->wish;
        Tuning *tuning = open_tuning(f);

        g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
        kernel.stubborn = file;
        kernel.write_error = -EIO;
        g_assert_cmpint(tuning_restore(tuning), ==, -EIO);
        g_assert_true(has_journal(f));
        assert_value(NO_TURBO, "0");
        assert_value(file, "performance");

        other.governor = "schedutil";
        g_assert_cmpint(apply(tuning, &other), ==, 0);
        g_assert_cmpint(tuning_restore(tuning), ==, -EIO);
        tuning_free(tuning);
        g_assert_true(has_journal(f));

        kernel.stubborn = NULL;
        assert_recovers(f);
}

/* One that says it took the value and did not. */
static void test_read_back(Fixture *f, const void *data) {
        Tuning *tuning = open_tuning(f);

        g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
        kernel.stubborn = NO_TURBO;
        g_assert_cmpint(tuning_restore(tuning), ==, -EIO);
        g_assert_true(has_journal(f));
        kernel.stubborn = NULL;
        g_assert_null(tuning_free(tuning));
        assert_as_before(f);
}

static void test_unmovable(Fixture *f, const void *data) {
        g_autoptr(Tuning) tuning = open_tuning(f);

        kernel.stubborn = "proc/irq/0/smp_affinity_list";
        kernel.write_error = -EIO;
        g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
        assert_value("proc/irq/0/smp_affinity_list", "0-3");
        assert_value("proc/irq/24/smp_affinity_list", "0-1");
        g_assert_cmpint(tuning_restore(tuning), ==, 0);
        assert_as_before(f);
        g_assert_false(has_journal(f));
}

/* A device was pulled out, a CPU went offline. */
static void test_gone(Fixture *f, const void *data) {
        g_autofree char *irq = g_build_filename(f->tree, "proc/irq/24/smp_affinity_list", NULL);
        g_autoptr(Tuning) tuning = open_tuning(f);

        g_assert_cmpint(apply(tuning, &f->wish), ==, 0);
        g_assert_cmpint(unlink(irq), ==, 0);
        g_assert_cmpint(tuning_restore(tuning), ==, 0);
        g_assert_false(has_journal(f));
        tree_put(f->tree, "proc/irq/24/smp_affinity_list", "3\n");
        assert_as_before(f);
}

/* Values that could not be put back are not touched. */
static void test_unsupported(Fixture *f, const void *data) {
        static const char file[] = CPUFREQ "policy2/energy_performance_preference";
        g_autoptr(Tuning) tuning = open_tuning(f);
        const TuningWish wish = { .epp = "power", .cpus = f->wish.cpus };

        tree_put(f->tree, file, "<unsupported>\n");
        g_assert_cmpint(apply(tuning, &wish), ==, 0);
        assert_value(file, "<unsupported>");
        g_assert_false(has_journal(f));
}

/* ---- journals of others ---- */

static void assert_rejected(const Fixture *f) {
        g_autofree char *rejected = g_build_filename(f->run, "tuning.rejected", NULL);

        g_assert_true(g_file_test(rejected, G_FILE_TEST_EXISTS));
        g_assert_cmpint(unlink(rejected), ==, 0);
}

/* Not even the good lines of it are followed. */
static void test_damaged(Fixture *f, const void *data) {
        g_autofree char *path = g_build_filename(f->run, "tuning", NULL);

        put_journal(f, "jouletrace-tuning-1 " BOOT "\ngovernor 0 performance\nirq 7 ../../etc\nend 2\n");
        assert_recovers(f);
        assert_rejected(f);
        put_journal(f, "jouletrace-tuning-1 " BOOT "\ngovernor 0 performance\n");
        assert_recovers(f);
        assert_rejected(f);
        put_journal(f, "jouletrace-tuning-1 " BOOT "\ngovernor 0 performance\nend 1\n");
        g_assert_cmpint(chmod(path, 0666), ==, 0);
        assert_recovers(f);
        assert_rejected(f);
}

static void test_of_another_boot(Fixture *f, const void *data) {
        put_journal(f, "jouletrace-tuning-1 1f0e0d0c-0b0a-4900-8807-060504030201\ngovernor 0 performance\nend 1\n");
        assert_recovers(f);
}

static void test_left(Fixture *f, const void *data) {
        put_journal(f, "jouletrace-tuning-1 " BOOT "\ngovernor 0 performance\nend 1\n");
        tuning_free(open_tuning(f));
        assert_value(CPUFREQ "policy0/scaling_governor", "performance");
        g_assert_false(has_journal(f));
}

/* A link among the kernel's files would lead a write elsewhere. */
static void test_link(Fixture *f, const void *data) {
        static const char file[] = CPUFREQ "policy0/scaling_governor";
        g_autofree char *path = g_build_filename(f->tree, file, NULL);

        tree_put(f->tree, "victim", "as it was\n");
        g_assert_cmpint(unlink(path), ==, 0);
        g_assert_cmpint(symlink("/victim", path), ==, 0);
        put_journal(f, "jouletrace-tuning-1 " BOOT "\ngovernor 0 performance\nend 1\n");
        tuning_free(open_tuning(f));
        assert_value("victim", "as it was");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/tuning/" name, Fixture, NULL, setup, function, teardown)
        ADD("apply-and-restore", test_apply_and_restore);
        ADD("one-by-one", test_one_by_one);
        ADD("stepwise", test_stepwise);
        ADD("turned-back", test_turned_back);
        ADD("nothing-wished", test_nothing_wished);
        ADD("freed", test_freed);
        ADD("crashes", test_crashes);
        ADD("crashes-twice", test_crashes_twice);
        ADD("no-record", test_no_record);
        ADD("stuck", test_stuck);
        ADD("read-back", test_read_back);
        ADD("unmovable", test_unmovable);
        ADD("gone", test_gone);
        ADD("unsupported", test_unsupported);
        ADD("damaged", test_damaged);
        ADD("of-another-boot", test_of_another_boot);
        ADD("left", test_left);
        ADD("link", test_link);
#undef ADD
        return g_test_run();
}
