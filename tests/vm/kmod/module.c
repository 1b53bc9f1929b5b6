/* SPDX-License-Identifier: MIT */
/* Plays RAPL for the tests of JouleTrace, on machines that have none. The energy it shows is computed:
 *
 *   package = idle_mw x time + core_mw x busy time of the package's CPUs
 *   dram    = dram_idle_mw x time + dram_core_mw x busy time
 *
 * and is shown in steps of tick_us, in units of 2^-unit_shift J, by the powercap class (control type intel-rapl) and
 * by perf (PMU "power"). The true values stand in debugfs: jouletrace_rapl_fixture/truth has those of now, and marks
 * those of the moments at which a program wrote there. Never load it on a machine whose figures somebody may believe.
 */

#include "fixture.h"

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

Settings settings = {
        .idle_mw = { [0 ... FIXTURE_MAX_PACKAGES - 1] = 10000 },
        .core_mw = { [0 ... FIXTURE_MAX_PACKAGES - 1] = 5000 },
        .dram_idle_mw = { [0 ... FIXTURE_MAX_PACKAGES - 1] = 1000 },
        .dram_core_mw = { [0 ... FIXTURE_MAX_PACKAGES - 1] = 500 },
        .psys_mw = 3000,
        .temp_mc = 45000,
};

Shape shape = {
        .tick_us = 1000,
        .unit_shift = 14,
        .dram_unit_shift = 14,
        .start_uj = 123456789,
        .powercap = true,
        .perf = true,
};

#define SHAPE(name, type, text)                           \
        module_param_named(name, shape.name, type, 0444); \
        MODULE_PARM_DESC(name, text)

SHAPE(packages, uint, "packages: 0: as the machine has them, else CPUs are split in so many blocks");
SHAPE(mirrors, uint, "per package, so many further zones package-N-die-M that show the same counter");
SHAPE(tick_us, uint, "how often the counters move");
SHAPE(unit_shift, uint, "energy unit: 2^-unit_shift J");
SHAPE(dram_unit_shift, uint, "the same for dram");
SHAPE(range_uj, ullong, "max_energy_range_uj of the zones, after which they wrap; 0: 2^32-1 units");
SHAPE(start_uj, ullong, "where the zones start to count");
SHAPE(powercap, bool, "have powercap zones");
SHAPE(perf, bool, "have the perf PMU \"power\"");
SHAPE(mmio, bool, "have a twin of package-0 as control type intel-rapl-mmio");
SHAPE(psys, bool, "have a psys domain");
SHAPE(no_dram, bool, "have no dram domain");
SHAPE(core_zone, bool, "have a core domain in each package");
SHAPE(power_core, bool, "have the perf PMU \"power_core\", a counter per physical core");
SHAPE(no_range, bool, "max_energy_range_uj cannot be read");
SHAPE(sensors, bool, "have an x86_pkg_temp thermal zone and a coretemp hwmon");
SHAPE(cpufreq, bool, "have a cpufreq driver with boost and an energy preference; no CPU changes its speed");

static int set_list(const char *text, unsigned int *setting, unsigned int max) {
        unsigned int values[FIXTURE_MAX_PACKAGES], n = 0;

        for (;;) {
                unsigned long value;
                char *end;

                value = simple_strtoul(text, &end, 10);
                if (end == text || n >= max || value > 10000000)
                        return -EINVAL;
                values[n++] = value;
                text = end;
                if (*text != ',')
                        break;
                text++;
        }
        if (*text != '\0' && *text != '\n')
                return -EINVAL;
        for (unsigned int i = n; i < max; i++)
                values[i] = values[n - 1];
        energy_change(setting, max, values);
        return 0;
}

static int set_per_package(const char *text, const struct kernel_param *param) {
        return set_list(text, param->arg, FIXTURE_MAX_PACKAGES);
}

static int set_one(const char *text, const struct kernel_param *param) {
        return set_list(text, param->arg, 1);
}

static int get_per_package(char *buffer, const struct kernel_param *param) {
        const unsigned int *values = param->arg;

        return sprintf(buffer, "%u,%u,%u,%u\n", values[0], values[1], values[2], values[3]);
}

static int get_one(char *buffer, const struct kernel_param *param) {
        return sprintf(buffer, "%u\n", *(const unsigned int *) param->arg);
}

static const struct kernel_param_ops per_package_ops = { .set = set_per_package, .get = get_per_package };
static const struct kernel_param_ops one_ops = { .set = set_one, .get = get_one };

#define SETTING(name, ops, text)                           \
        module_param_cb(name, &ops, &settings.name, 0644); \
        MODULE_PARM_DESC(name, text)

SETTING(idle_mw, per_package_ops, "power of a package with idle CPUs; a,b,c: of each package");
SETTING(core_mw, per_package_ops, "further power of a busy CPU; a,b,c: of each package");
SETTING(dram_idle_mw, per_package_ops, "power of the memory at a package with idle CPUs");
SETTING(dram_core_mw, per_package_ops, "further power of the memory for a busy CPU");
SETTING(psys_mw, one_ops, "what psys has on top of packages and memory");
SETTING(noise_permille, one_ops, "idle power varies by so much from one 10 ms to the next");
SETTING(frozen, one_ops, "the counters stand still");
SETTING(eio, one_ops, "reading a zone and opening a perf event fail with EIO");
SETTING(temp_mc, one_ops, "the temperature the sensors show, in millidegrees");

static int set_wrap_in(const char *text, const struct kernel_param *param) {
        unsigned long long uj;
        int r;

        r = kstrtoull(text, 10, &uj);
        if (r < 0)
                return r;
        return zones_wrap_in(uj);
}

static const struct kernel_param_ops wrap_in_ops = { .set = set_wrap_in };
module_param_cb(wrap_in_uj, &wrap_in_ops, NULL, 0200);
MODULE_PARM_DESC(wrap_in_uj, "once loaded: move the zones' counters so that they wrap when so much more was spent");

/* Where the truth is, the settings are too. */
static void link_settings(void) {
        static const char *const names[] = {
                "idle_mw",        "core_mw", "dram_idle_mw", "dram_core_mw", "psys_mw",
                "noise_permille", "frozen",  "eio",          "temp_mc",      "wrap_in_uj"
        };
        char target[80];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                snprintf(target, sizeof(target), "/sys/module/" FIXTURE_NAME "/parameters/%s", names[i]);
                debugfs_create_symlink(names[i], energy_debugfs(), target);
        }
}

static int __init fixture_init(void) {
        int r;

        if (!shape.tick_us || shape.tick_us > USEC_PER_SEC || shape.unit_shift > 20 || shape.dram_unit_shift > 20 ||
            shape.packages > FIXTURE_MAX_PACKAGES || shape.mirrors > 15)
                return -EINVAL;

        r = energy_init();
        if (r < 0)
                return r;
        r = zones_init();
        if (r < 0)
                goto no_zones;
        r = pmu_init();
        if (r < 0)
                goto no_pmu;
        r = sensors_init();
        if (r < 0)
                goto no_sensors;
        r = cpufreq_init();
        if (r < 0)
                goto no_cpufreq;

        link_settings();
        marks_init();
        pr_warn(FIXTURE_NAME ": this is a TEST FIXTURE: RAPL energy of %u package(s) is made up\n", energy_packages());
        return 0;

no_cpufreq:
        sensors_exit();
no_sensors:
        pmu_exit();
no_pmu:
        zones_exit();
no_zones:
        energy_exit();
        return r;
}

static void __exit fixture_exit(void) {
        cpufreq_exit();
        sensors_exit();
        pmu_exit();
        zones_exit();
        energy_exit();
}

module_init(fixture_init);
module_exit(fixture_exit);

MODULE_DESCRIPTION("TEST FIXTURE of JouleTrace: plays RAPL counters");
MODULE_AUTHOR("The JouleTrace authors");
MODULE_LICENSE("Dual MIT/GPL");
