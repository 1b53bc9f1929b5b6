/* SPDX-License-Identifier: MIT */

/* The counters, and what the processor does to what they show. */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "examine-internal.h"

#define CPUFREQ "sys/devices/system/cpu/cpufreq"
#define NO_TURBO "sys/devices/system/cpu/intel_pstate/no_turbo"
#define MIN_PERF_PCT "sys/devices/system/cpu/intel_pstate/min_perf_pct"
#define BOOST CPUFREQ "/boost"
#define CLOCKSOURCE "sys/devices/system/clocksource/clocksource0"
#define PARANOID "proc/sys/kernel/perf_event_paranoid"

void check_counters(const Host *host, Finding *ret) {
        const Topology *topology = host->topology;
        bool perf = false, powercap = false;

        for (size_t i = 0; i < topology->n_domains; i++) {
                const Domain *domain = &topology->domains[i];

                if (!domain->in_total)
                        continue;
                perf = perf || (domain->perf.pmu && domain->perf.error == 0);
                powercap = powercap || (domain->powercap.id && domain->powercap.error == 0);
        }
        if (topology->total[0] != '\0') {
                finding_set(ret, FINDING_OK, "%s (%s%s%s)", topology->total, perf ? "perf" : "",
                            perf && powercap ? ", " : "", powercap ? "powercap" : "");
                return;
        }
        finding_set(ret, FINDING_PROBLEM, "%s", N_("no energy counter"));
        if (topology->cpu->virtualised > 0)
                ret->advice = N_("This is a virtual machine, which sees no counters unless its host passes them on: "
                                 "measure on the host.");
        else {
                ret->command = g_strdup("modprobe -a rapl intel_rapl_msr");
                ret->advice = N_("Processors without RAPL have none: Intel has it since Sandy Bridge, AMD since Zen.");
        }
}

/* Permission bits of the first counter powercap has, as anybody may see them. */
static int counter_mode(const Host *host, mode_t *ret) {
        int r = -ENOENT;

        for (size_t i = 0; i < host->topology->n_domains; i++) {
                const char *zone = host->topology->domains[i].powercap.path;
                g_autofree char *path = zone ? g_strconcat(zone, "/energy_uj", NULL) : NULL;
                struct stat st;
                autofd fd = -1;

                if (!path)
                        continue;
                fd = sysroot_openat(host->root, path, O_PATH);
                if (fd < 0) {
                        r = fd;
                        continue;
                }
                if (fstat(fd, &st) < 0)
                        return -errno;
                *ret = st.st_mode & 07777;
                return 0;
        }
        return r;
}

void check_permissions(const Host *host, Finding *ret) {
        g_autoptr(GString) value = g_string_new(NULL), command = g_string_new(NULL);
        g_autofree char *text = NULL;
        mode_t mode = 0;

        if (sysroot_read(host->root, PARANOID, &text) >= 0) {
                g_string_append_printf(value, "perf_event_paranoid %s", text);
                /* Below 1 everybody may open events of whole processors, and so the power PMU's. */
                if (g_ascii_strtoll(text, NULL, 10) < 1) {
                        g_string_append(command, "sysctl kernel.perf_event_paranoid=2");
                        finding_add_setting(ret, PARANOID, g_steal_pointer(&text), "2");
                }
        }
        if (counter_mode(host, &mode) >= 0) {
                g_string_append_printf(value, "%senergy_uj %04o", value->len ? ", " : "", (unsigned) mode);
                if (mode & (S_IRGRP | S_IROTH))
                        g_string_append_printf(command, "%schmod 0400 /sys/class/powercap/*/energy_uj",
                                               command->len ? "; " : "");
        }
        finding_set(ret, command->len ? FINDING_NOTE : FINDING_OK, "%s",
                    value->len ? value->str : N_("no counter to protect"));
        if (command->len)
                ret->command = g_strdup(command->str);
}

void check_energy_filter(const Host *host, Finding *ret) {
        switch (host->topology->cpu->energy_filter) {
        case ENERGY_FILTER_NONE:
                finding_set(ret, FINDING_OK, "%s", N_("off"));
                break;
        case ENERGY_FILTER_SGX:
                finding_set(ret, FINDING_PROBLEM, "%s", N_("on: the processor has SGX switched on"));
                ret->advice = N_("Switch SGX off in the firmware's setup.");
                break;
        case ENERGY_FILTER_UNKNOWN:
                finding_set(ret, FINDING_NOTE, "%s", N_("cannot be told: /proc/cpuinfo shows no flags"));
                ret->advice = N_("See in the firmware's setup that SGX is off.");
                break;
        }
}

/* The first of the numbered entries of a directory whose file says one of words. */
static bool find_sensor(const Sysroot *root, const char *directory, const char *file, const char *const *words,
                        const char *input, char **ret_name, uint64_t *ret_mc) {
        g_auto(GStrv) entries = NULL;

        if (sysroot_list(root, directory, &entries) < 0)
                return false;
        for (char **entry = entries; *entry; entry++) {
                g_autofree char *name_path = g_build_filename(directory, *entry, file, NULL), *name = NULL;
                g_autofree char *input_path = g_build_filename(directory, *entry, input, NULL);

                if (sysroot_read(root, name_path, &name) >= 0 && g_strv_contains(words, name) &&
                    sysroot_read_u64(root, input_path, ret_mc) >= 0) {
                        *ret_name = g_steal_pointer(&name);
                        return true;
                }
        }
        return false;
}

void check_temperature(const Host *host, Finding *ret) {
        static const char *const zones[] = { "x86_pkg_temp", NULL };
        static const char *const chips[] = { "coretemp", "k10temp", "zenpower", NULL };
        g_autofree char *name = NULL;
        uint64_t mc;

        if (find_sensor(host->root, "sys/class/thermal", "type", zones, "temp", &name, &mc) ||
            find_sensor(host->root, "sys/class/hwmon", "name", chips, "temp1_input", &name, &mc)) {
                finding_set(ret, FINDING_OK, "%s, %" PRIu64 " °C", name, (mc + 500) / 1000);
                return;
        }
        finding_set(ret, FINDING_NOTE, "%s", N_("no sensor in the processor can be read"));
        if (host->topology->cpu->virtualised > 0)
                ret->advice = N_("A virtual machine has none: measure on the host.");
        else
                ret->command = g_strdup_printf("modprobe %s", cpu_info_counts_per_package(host->topology->cpu)
                                                                              ? "k10temp"
                                                                              : "coretemp");
}

void check_smt(const Host *host, Finding *ret) {
        const CpuInfo *info = host->topology->cpu;
        bool shared = false;

        for (size_t i = 0; i < info->n_cpus; i++)
                shared = shared || CPU_COUNT(&info->cpus[i].threads) > 1;
        if (!shared) {
                finding_set(ret, FINDING_OK, "%s", N_("one thread on each core"));
                return;
        }
        finding_set(ret, FINDING_NOTE, "%s", N_("on: cores have two threads or more"));
        ret->command = g_strdup("echo off > /sys/devices/system/cpu/smt/control");
}

static void append_word(GString *words, const char *word) {
        g_auto(GStrv) known = g_strsplit(words->str, ", ", -1);

        if (!g_strv_contains((const char *const *) known, word))
                g_string_append_printf(words, "%s%s", words->len ? ", " : "", word);
}

static bool offers(const Sysroot *root, const char *policy, const char *governor) {
        g_autofree char *path = g_build_filename(CPUFREQ, policy, "scaling_available_governors", NULL), *text = NULL;
        g_auto(GStrv) words = NULL;

        if (sysroot_read(root, path, &text) < 0)
                return false;
        words = g_strsplit(g_strstrip(text), " ", -1);
        return g_strv_contains((const char *const *) words, governor);
}

void check_governor(const Host *host, Finding *ret) {
        g_autoptr(GString) governors = g_string_new(NULL), preferences = g_string_new(NULL);
        g_auto(GStrv) policies = NULL;

        (void) sysroot_list(host->root, CPUFREQ, &policies);
        for (char **policy = policies; policy && *policy; policy++) {
                g_autofree char *path = g_build_filename(CPUFREQ, *policy, "scaling_governor", NULL), *text = NULL;
                g_autofree char *epp_path = g_build_filename(CPUFREQ, *policy, "energy_performance_preference", NULL),
                                *epp = NULL;

                if (!g_str_has_prefix(*policy, "policy") || sysroot_read(host->root, path, &text) < 0)
                        continue;
                append_word(governors, text);
                if (sysroot_read(host->root, epp_path, &epp) >= 0)
                        append_word(preferences, epp);
                if (strcmp(text, "performance") != 0 && offers(host->root, *policy, "performance"))
                        finding_add_setting(ret, path, g_steal_pointer(&text), "performance");
        }
        if (governors->len == 0) {
                finding_set(ret, FINDING_NOTE, "%s", N_("not the kernel's: the firmware or hypervisor decides"));
                ret->advice = N_("Choose the performance profile in the firmware's setup, if it has one.");
                return;
        }
        finding_set(ret, strcmp(governors->str, "performance") == 0 ? FINDING_OK : FINDING_NOTE, "%s%s%s%s",
                    governors->str, preferences->len ? " (EPP " : "", preferences->str, preferences->len ? ")" : "");
        if (ret->level != FINDING_OK)
                ret->command = g_strdup(
                                "echo performance | tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor");
}

void check_turbo(const Host *host, Finding *ret) {
        static const struct {
                const char *path, *on, *off;
                const char *along; /* NULL: nothing */
        } switches[] = { { NO_TURBO, "0", "1", MIN_PERF_PCT }, { BOOST, "1", "0", NULL } };

        for (size_t i = 0; i < G_N_ELEMENTS(switches); i++) {
                g_autofree char *text = NULL, *along = NULL;

                if (sysroot_read(host->root, switches[i].path, &text) < 0)
                        continue;
                if (strcmp(text, switches[i].on) != 0) {
                        finding_set(ret, FINDING_OK, "%s", N_("off"));
                        return;
                }
                finding_set(ret, FINDING_NOTE, "%s", N_("on"));
                ret->command = g_strdup_printf("echo %s > /%s", switches[i].off, switches[i].path);
                finding_add_setting(ret, switches[i].path, g_steal_pointer(&text), switches[i].off);
                if (switches[i].along && sysroot_read(host->root, switches[i].along, &along) >= 0)
                        finding_add_setting(ret, switches[i].along, g_steal_pointer(&along), NULL);
                return;
        }
        finding_set(ret, FINDING_OK, "%s", N_("none that the kernel could switch"));
}

static bool clock_is_fast(const char *name) {
        static const char *const fast[] = { "tsc", "arch_sys_counter", "kvm-clock", NULL };

        return g_strv_contains(fast, name) || g_str_has_prefix(name, "hyperv_clocksource");
}

void check_clock(const Host *host, Finding *ret) {
        g_autofree char *current = NULL, *available = NULL;
        g_auto(GStrv) words = NULL;

        if (sysroot_read(host->root, CLOCKSOURCE "/current_clocksource", &current) < 0) {
                finding_set(ret, FINDING_NOTE, "%s", N_("cannot be told"));
                ret->advice = N_("Look in the kernel's log for “clocksource”.");
                return;
        }
        if (clock_is_fast(current)) {
                finding_set(ret, FINDING_OK, "%s", current);
                return;
        }
        finding_set(ret, FINDING_PROBLEM, "%s", current);
        ret->advice = N_("The kernel gave up the fast clock, mostly because the firmware disturbs it: look in the "
                         "kernel's log for “clocksource”, and update the firmware.");
        (void) sysroot_read(host->root, CLOCKSOURCE "/available_clocksource", &available);
        words = g_strsplit(available ?: "", " ", -1);
        if (g_strv_contains((const char *const *) words, "tsc"))
                ret->command = g_strdup("echo tsc > /" CLOCKSOURCE "/current_clocksource");
}
