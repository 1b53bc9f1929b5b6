/* SPDX-License-Identifier: MIT */
/* A cpufreq driver, so that the kernel's own files of governors, limits and boost are there to be changed. No CPU runs
 * any faster or slower for it. The energy preference, which in the kernel belongs to the drivers of two makes, is a
 * word that it keeps. */

#include "fixture.h"

#include <linux/cpufreq.h>
#include <linux/string.h>

static struct cpufreq_frequency_table table[] = {
        { .frequency = 1200000 },
        { .frequency = 1600000 },
        { .frequency = 2000000 },
        { .frequency = 2400000 },
        { .flags = CPUFREQ_BOOST_FREQ, .frequency = 3000000 },
        { .frequency = CPUFREQ_TABLE_END },
};

static const char *const preferences[] = { "default", "performance", "balance_performance", "balance_power", "power" };
static unsigned int preference[NR_CPUS]; /* of the policy of this CPU */
static bool registered;

static ssize_t show_energy_performance_preference(struct cpufreq_policy *policy, char *buffer) {
        return sprintf(buffer, "%s\n", preferences[READ_ONCE(preference[policy->cpu])]);
}

static ssize_t store_energy_performance_preference(struct cpufreq_policy *policy, const char *buffer, size_t size) {
        int i = sysfs_match_string(preferences, buffer);

        if (i < 0)
                return i;
        WRITE_ONCE(preference[policy->cpu], i);
        return size;
}

cpufreq_freq_attr_rw(energy_performance_preference);
static struct freq_attr *attributes[] = { &energy_performance_preference, NULL };

static int policy_init(struct cpufreq_policy *policy) {
        policy->freq_table = table;
        policy->cur = table[0].frequency;
        policy->cpuinfo.transition_latency = NSEC_PER_MSEC;
        return 0;
}

static int set_target(struct cpufreq_policy *policy, unsigned int index) {
        policy->cur = table[index].frequency;
        return 0;
}

/* CPUFREQ_ASYNC_NOTIFICATION: nobody is told of a change, or the kernel would take the clock of an emulated CPU, the
 * TSC, for one that follows it. */
static struct cpufreq_driver driver = {
        .name = "rapl_fixture",
        .flags = CPUFREQ_ASYNC_NOTIFICATION | CPUFREQ_CONST_LOOPS,
        .init = policy_init,
        .verify = cpufreq_generic_frequency_table_verify,
        .target_index = set_target,
        .attr = attributes,
        .boost_enabled = true,
};

int cpufreq_init(void) {
        int r;

        if (!shape.cpufreq)
                return 0;
        r = cpufreq_register_driver(&driver);
        if (r < 0)
                return r;
        registered = true;
        r = cpufreq_enable_boost_support();
        if (r < 0)
                cpufreq_exit();
        return r;
}

void cpufreq_exit(void) {
        if (registered)
                cpufreq_unregister_driver(&driver);
        registered = false;
}
