/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/wait.h>

#include "tree.h"
#include "tuning.h"

#define BOOT "0f0e0d0c-0b0a-4900-8807-060504030201"
#define CPUFREQ "sys/devices/system/cpu/cpufreq/"
#define NO_TURBO "sys/devices/system/cpu/intel_pstate/no_turbo"
#define MIN_PERF_PCT "sys/devices/system/cpu/intel_pstate/min_perf_pct"
#define CRASHED 42

/* What the kernel does, and where the process dies. */
static struct {
        const char *tree;
        int crash_after; /* steps: system calls that leave something changed; negative: never */
        int fsync_error, write_error;
        const char *stubborn; /* a file that takes nothing */
        int64_t cap_khz;      /* of a hot processor, on policy2; 0: none */
        char max_khz[32];     /* what was asked for there */
        unsigned n_writes;    /* since somebody looked */
} kernel;

static void step(void) {
        if (kernel.crash_after == 0)
                _exit(CRASHED);
        if (kernel.crash_after > 0)
                kernel.crash_after--;
}

int __real_sysroot_write(const Sysroot *root, const char *path, const char *text);
int __wrap_sysroot_write(const Sysroot *root, const char *path, const char *text);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags);

static char *get(const char *path) {
        g_autofree char *whole = g_build_filename(kernel.tree, path, NULL);
        char *text = NULL;

        g_assert_true(g_file_get_contents(whole, &text, NULL, NULL));
        return g_strchomp(text);
}

static void assert_value(const char *path, const char *value) {
        g_autofree char *now = get(path);

        g_assert_cmpstr(now, ==, value);
}

static void set_in_force(const char *path, int64_t khz) {
        tree_put_u64(kernel.tree, path, (uint64_t) khz);
}

/* As intel_pstate: the governor "performance" takes the preference with it, which then takes no other; and does not
 * give it back; without turbo the least performance comes down to what is left. As cpufreq before 5.3: no lowest
 * frequency above the highest. */
static int kernel_write(const Sysroot *root, const char *path, const char *text) {
        g_autofree char *directory = g_path_get_dirname(path), *name = g_path_get_basename(path);
        g_autofree char *epp = g_build_filename(directory, "energy_performance_preference", NULL);
        g_autofree char *governor_file = g_build_filename(directory, "scaling_governor", NULL);
        g_autofree char *other_file = g_build_filename(
                        directory, g_str_equal(name, "scaling_max_freq") ? "scaling_min_freq" : "scaling_max_freq",
                        NULL);
        g_autofree char *governor = NULL, *other = NULL;
        int64_t order;

        if (kernel.stubborn && g_str_equal(path, kernel.stubborn))
                return kernel.write_error;
        if (g_str_equal(name, "scaling_governor") && g_str_equal(text, "performance"))
                tree_put(kernel.tree, epp, "performance\n");
        if (g_str_equal(path, epp) && !g_str_equal(text, "performance")) {
                governor = get(governor_file);
                if (g_str_equal(governor, "performance"))
                        return -EBUSY;
        }
        if (g_str_equal(path, NO_TURBO) && g_str_equal(text, "1"))
                tree_put(kernel.tree, MIN_PERF_PCT, "75\n");
        if (g_str_has_suffix(name, "_freq")) {
                other = get(other_file);
                order = g_ascii_strtoll(text, NULL, 10) - g_ascii_strtoll(other, NULL, 10);
                if (g_str_equal(name, "scaling_max_freq") ? order < 0 : order > 0)
                        return -EINVAL;
        }
        if (g_str_equal(path, CPUFREQ "policy2/scaling_max_freq")) {
                g_strlcpy(kernel.max_khz, text, sizeof(kernel.max_khz));
                if (kernel.cap_khz > 0) {
                        set_in_force(path, MIN(kernel.cap_khz, g_ascii_strtoll(text, NULL, 10)));
                        return 0;
                }
        }
        return __real_sysroot_write(root, path, text);
}

int __wrap_sysroot_write(const Sysroot *root, const char *path, const char *text) {
        int r;

        kernel.n_writes++;
        step();
        r = kernel_write(root, path, text);
        step();
        return r;
}

int __wrap_fsync(int fd) {
        step();
        if (kernel.fsync_error != 0) {
                errno = kernel.fsync_error;
                return -1;
        }
        return __real_fsync(fd);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to) {
        step();
        return __real_renameat(from_fd, from, to_fd, to);
}

int __wrap_unlinkat(int fd, const char *path, int flags) {
        step();
        return __real_unlinkat(fd, path, flags);
}

/* ---- a machine: CPUs 0-1 and 2-3 in a policy each, of which 2-3 are for jobs ---- */

static const struct {
        const char *path, *value;
} before[] = {
        { NO_TURBO, "0" },
        { MIN_PERF_PCT, "100" },
        { CPUFREQ "policy0/affected_cpus", "0 1" },
        { CPUFREQ "policy0/scaling_governor", "powersave" },
        { CPUFREQ "policy0/energy_performance_preference", "balance_power" },
        { CPUFREQ "policy0/scaling_max_freq", "4000000" },
        { CPUFREQ "policy0/scaling_min_freq", "800000" },
        { CPUFREQ "policy2/affected_cpus", "2 3" },
        { CPUFREQ "policy2/scaling_governor", "powersave" },
        { CPUFREQ "policy2/energy_performance_preference", "128" },
        { CPUFREQ "policy2/scaling_max_freq", "1500000" },
        { CPUFREQ "policy2/scaling_min_freq", "800000" },
        { "proc/irq/default_smp_affinity", "f" },
        { "proc/irq/0/smp_affinity_list", "0-3" },
        { "proc/irq/7/smp_affinity_list", "0-1" },
        { "proc/irq/24/smp_affinity_list", "3" },
        { "proc/irq/25/smp_affinity_list", "0,2" },
};

typedef struct Fixture {
        char *tree, *run;
        Sysroot *root;
        TuningWish wish;
} Fixture;

static void reset(const Fixture *f) {
        for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
                g_autofree char *line = g_strconcat(before[i].value, "\n", NULL);

                tree_put(f->tree, before[i].path, line);
        }
}

static void setup(Fixture *f, const void *data) {
        f->tree = tree_new();
        f->run = g_build_filename(f->tree, "run", NULL);
        g_assert_cmpint(g_mkdir(f->run, 0755), ==, 0);
        kernel = (typeof(kernel)){ .tree = f->tree, .crash_after = -1 };
        reset(f);
        g_assert_cmpint(sysroot_open(f->tree, &f->root), ==, 0);
        f->wish = (TuningWish){ .governor = "performance",
                                .epp = "performance",
                                .turbo = "off",
                                .min_khz = 2000000,
                                .max_khz = 2000000,
                                .move_irqs = true };
        CPU_SET(2, &f->wish.cpus);
        CPU_SET(3, &f->wish.cpus);
        CPU_SET(0, &f->wish.others);
        CPU_SET(1, &f->wish.others);
}

static void teardown(Fixture *f, const void *data) {
        sysroot_free(f->root);
        tree_free(f->tree);
        g_free(f->run);
}

static Tuning *open_tuning(const Fixture *f) {
        Tuning *tuning = NULL;

        g_assert_cmpint(tuning_open(f->root, BOOT, f->run, &tuning), ==, 0);
        return tuning;
}

static int apply(Tuning *tuning, const TuningWish *wish) {
        int r;

        r = tuning_begin(tuning, wish);
        while (r > 0)
                r = tuning_step(tuning);
        return r;
}

static bool has_journal(const Fixture *f) {
        g_autofree char *path = g_build_filename(f->run, "tuning", NULL);

        return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void put_journal(const Fixture *f, const char *text) {
        tree_put(f->tree, "run/tuning", text);
}

static void assert_as_before(const Fixture *f) {
        for (size_t i = 0; i < G_N_ELEMENTS(before); i++)
                assert_value(before[i].path, before[i].value);
}

static void assert_tuned(void) {
        assert_value(NO_TURBO, "1");
        assert_value(MIN_PERF_PCT, "75");
        assert_value(CPUFREQ "policy2/scaling_governor", "performance");
        assert_value(CPUFREQ "policy2/energy_performance_preference", "performance");
        assert_value(CPUFREQ "policy2/scaling_max_freq", "2000000");
        assert_value(CPUFREQ "policy2/scaling_min_freq", "2000000");
        assert_value("proc/irq/0/smp_affinity_list", "0-1");
        assert_value("proc/irq/24/smp_affinity_list", "0-1");
        assert_value("proc/irq/25/smp_affinity_list", "0");
}

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
                unsigned changed = 0;

                wish.governor = i == 0 ? all.governor : NULL;
                wish.epp = i == 1 ? all.epp : NULL;
                wish.turbo = i == 2 ? all.turbo : NULL;
                wish.max_khz = i == 3 ? all.max_khz : 0;
                wish.min_khz = i == 4 ? 1000000 : 0;
                wish.move_irqs = i == 5;
                g_assert_cmpint(apply(tuning, &wish), ==, 0);
                for (size_t j = 0; j < G_N_ELEMENTS(before); j++) {
                        g_autofree char *now = get(before[j].path);

                        changed += !g_str_equal(now, before[j].value);
                }
                g_assert_cmpuint(changed, ==, i == 0 || i == 2 ? 2 : i == 5 ? 3 : 1);
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
        ADD("boost", test_boost);
        ADD("userspace", test_userspace);
        ADD("others-limit", test_others_limit);
        ADD("cooled", test_cooled);
        ADD("hot-meanwhile", test_hot_meanwhile);
        ADD("damaged", test_damaged);
        ADD("of-another-boot", test_of_another_boot);
        ADD("left", test_left);
        ADD("link", test_link);
#undef ADD
        return g_test_run();
}
