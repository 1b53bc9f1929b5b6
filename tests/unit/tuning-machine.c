/* SPDX-License-Identifier: MIT */
#include "tuning-machine.h"

Kernel kernel;

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

void assert_value(const char *path, const char *value) {
        g_autofree char *now = get(path);

        g_assert_cmpstr(now, ==, value);
}

void set_in_force(const char *path, int64_t khz) {
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

static void reset(const Fixture *f) {
        for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
                g_autofree char *line = g_strconcat(before[i].value, "\n", NULL);

                tree_put(f->tree, before[i].path, line);
        }
}

void setup(Fixture *f, const void *data) {
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

void teardown(Fixture *f, const void *data) {
        sysroot_free(f->root);
        tree_free(f->tree);
        g_free(f->run);
}

Tuning *open_tuning(const Fixture *f) {
        Tuning *tuning = NULL;

        g_assert_cmpint(tuning_open(f->root, BOOT, f->run, &tuning), ==, 0);
        return tuning;
}

int apply(Tuning *tuning, const TuningWish *wish) {
        int r;

        r = tuning_begin(tuning, wish);
        while (r > 0)
                r = tuning_step(tuning);
        return r;
}

bool has_journal(const Fixture *f) {
        g_autofree char *path = g_build_filename(f->run, "tuning", NULL);

        return g_file_test(path, G_FILE_TEST_EXISTS);
}

void put_journal(const Fixture *f, const char *text) {
        tree_put(f->tree, "run/tuning", text);
}

unsigned count_changed(void) {
        unsigned n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
                g_autofree char *now = get(before[i].path);

                n += !g_str_equal(now, before[i].value);
        }
        return n;
}

void assert_as_before(const Fixture *f) {
        for (size_t i = 0; i < G_N_ELEMENTS(before); i++)
                assert_value(before[i].path, before[i].value);
}

void assert_tuned(void) {
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
