/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "report-internal.h"
#include "thermal.h"

#define CPU_DIR "sys/devices/system/cpu"
#define POWERCAP_DIR "sys/class/powercap"
#define CONSTRAINTS_MAX 8

/* A member that is the text of a file, or null with the errno. */
static void write_file(Body *body, const char *member, const char *file) {
        g_autofree char *text = NULL, *path = g_strdup_printf("environment.%s", member);
        int r;

        r = sysroot_read(body->record->root, file, &text);
        if (r >= 0) {
                body_string(body, member, text);
                return;
        }
        text = g_strdup_printf("/%s: %s", file, g_strerror(-r));
        body_absent(body, member, path, text);
}

static int first_cpu(const JobRecord *record) {
        cpu_set_t cpus;
        int cpu;

        if (cpulist_parse(record->context->cpus, &cpus) < 0)
                return 0;
        cpu = cpulist_first(&cpus);
        return MAX(cpu, 0);
}

static void write_unknown(Body *body, const char *member) {
        g_autofree char *path = g_strdup_printf("environment.%s", member);

        body_absent(body, member, path, "the processor does not say");
}

static void write_flag(Body *body, const char *member, int flag) {
        if (flag >= 0)
                body_bool(body, member, flag > 0);
        else
                write_unknown(body, member);
}

static void write_text(Body *body, const char *member, const char *text) {
        if (text)
                body_string(body, member, text);
        else
                write_unknown(body, member);
}

static void write_processor(Body *body) {
        const CpuInfo *info = body->record->topology->cpu;
        const Cpu *cpu = cpu_info_find(info, (unsigned) first_cpu(body->record));

        write_text(body, "cpu", info->model);
        write_text(body, "core_type", cpu ? core_type_to_string(cpu->type) : NULL);
        write_text(body, "microcode", info->microcode);
        write_flag(body, "smt", info->smt);
        body_int(body, "packages", info->n_packages);
        write_text(body, "energy_filter",
                   info->energy_filter == ENERGY_FILTER_UNKNOWN ? NULL : energy_filter_to_string(info->energy_filter));
        write_flag(body, "virtualised", info->virtualised);
}

static void write_turbo(Body *body) {
        const Sysroot *root = body->record->root;
        uint64_t value;

        if (sysroot_read_u64(root, CPU_DIR "/intel_pstate/no_turbo", &value) >= 0)
                body_bool(body, "turbo", value == 0);
        else if (sysroot_read_u64(root, CPU_DIR "/cpufreq/boost", &value) >= 0)
                body_bool(body, "turbo", value != 0);
        else
                body_absent(body, "turbo", "environment.turbo", "neither intel_pstate nor cpufreq tells");
}

static void write_frequency(Body *body) {
        const int cpu = first_cpu(body->record);
        g_autofree char *governor = g_strdup_printf(CPU_DIR "/cpu%d/cpufreq/scaling_governor", cpu);
        g_autofree char *epp = g_strdup_printf(CPU_DIR "/cpu%d/cpufreq/energy_performance_preference", cpu);

        write_file(body, "governor", governor);
        write_file(body, "epp", epp);
        write_turbo(body);
}

static void write_mitigations(Body *body) {
        g_auto(GStrv) names = NULL;

        if (sysroot_list(body->record->root, CPU_DIR "/vulnerabilities", &names) < 0) {
                body_absent(body, "mitigations", "environment.mitigations", "the kernel does not list them");
                return;
        }
        body_open(body, "mitigations");
        for (char **name = names; *name; name++) {
                g_autofree char *file = g_strdup_printf(CPU_DIR "/vulnerabilities/%s", *name), *text = NULL;

                if (sysroot_read(body->record->root, file, &text) >= 0)
                        body_string(body, *name, text);
        }
        body_close(body);
}

static bool write_constraint(Body *body, const char *zone, unsigned number) {
        const Sysroot *root = body->record->root;
        g_autofree char *prefix = g_strdup_printf(POWERCAP_DIR "/%s/constraint_%u", zone, number);
        g_autofree char *name_file = g_strconcat(prefix, "_name", NULL);
        g_autofree char *limit_file = g_strconcat(prefix, "_power_limit_uw", NULL);
        g_autofree char *window_file = g_strconcat(prefix, "_time_window_us", NULL);
        g_autofree char *name = NULL;
        uint64_t limit_uw, window_usec;

        if (sysroot_read(root, name_file, &name) < 0 || sysroot_read_u64(root, limit_file, &limit_uw) < 0)
                return false;
        body_open(body, NULL);
        body_string(body, "zone", zone);
        body_string(body, "name", name);
        body_int(body, "limit_uw", limit_uw);
        if (sysroot_read_u64(root, window_file, &window_usec) >= 0)
                body_int(body, "window_usec", window_usec);
        else
                body_null(body, "window_usec");
        body_close(body);
        return true;
}

static void write_power_limits(Body *body) {
        g_auto(GStrv) zones = NULL;

        if (sysroot_list(body->record->root, POWERCAP_DIR, &zones) < 0) {
                body_absent(body, "power_limits", "environment.power_limits", "the kernel has no powercap zones");
                return;
        }
        body_open_array(body, "power_limits");
        for (char **zone = zones; *zone; zone++)
                for (unsigned number = 0; strchr(*zone, ':') && number < CONSTRAINTS_MAX; number++)
                        if (!write_constraint(body, *zone, number))
                                break;
        body_close_array(body);
}

static void write_mc(Body *body, const char *member, int64_t mc, const char *reason) {
        g_autofree char *path = g_strdup_printf("environment.thermal.%s", member);

        if (mc == TEMPERATURE_UNKNOWN) {
                body_absent(body, member, path, reason);
                return;
        }
        json_builder_set_member_name(body->builder, member);
        json_builder_add_int_value(body->builder, mc);
}

static void write_thermal(Body *body) {
        const JobRecord *record = body->record;
        const char *reason = record->thermal_absent ?: "no trial was made";
        g_autoptr(Thermal) thermal = NULL;
        int64_t limit_mc = TEMPERATURE_UNKNOWN, start_mc = TEMPERATURE_UNKNOWN, end_mc = TEMPERATURE_UNKNOWN;

        if (thermal_open(record->root, (int64_t) record->context->thermal_band_mc,
                         (int64_t) record->context->thermal_limit_mc, &thermal) >= 0)
                (void) thermal_limit(thermal, &limit_mc);
        if (record->trials->len > 0) {
                const TrialRecord *first = g_ptr_array_index(record->trials, 0);
                const TrialRecord *last = g_ptr_array_index(record->trials, record->trials->len - 1);

                start_mc = first->temp_start_mc;
                end_mc = last->temp_end_mc;
        }
        body_open(body, "thermal");
        body_bool(body, "gate", !record->thermal_absent && record->request->thermal_wait_usec > 0);
        body_int(body, "band_mc", record->context->thermal_band_mc);
        write_mc(body, "limit_mc", limit_mc, record->thermal_absent ?: "no sensor names one");
        write_mc(body, "start_mc", start_mc, reason);
        write_mc(body, "end_mc", end_mc, reason);
        body_close(body);
}

/* Who holds a run to its limits: where there is no controller, a stand-in, or nobody. */
static void write_limits(Body *body) {
        const bool scope = body->record->containment == CONTAINMENT_SCOPE;

        body_open(body, "limits");
        body_string(body, "memory", scope ? "memory.max" : "RLIMIT_DATA of each process");
        if (scope)
                body_string(body, "tasks", "pids.max");
        else
                body_absent(body, "tasks", "environment.limits.tasks", "without a scope nothing limits tasks");
        body_close(body);
}

static void write_isolation(Body *body) {
        const JobContext *context = body->record->context;

        body_string(body, "containment", containment_kind_to_string(body->record->containment));
        write_limits(body);
        body_string(body, "isolation", context->isolation);
        body_string(body, "cpus", context->cpus);
        if (*context->reserved_cpus)
                body_string(body, "reserved_cpus", context->reserved_cpus);
        else
                body_absent(body, "reserved_cpus", "environment.reserved_cpus", "no CPUs are reserved");
        if (*context->may_sleep)
                body_absent(body, "sleep_inhibited", "environment.sleep_inhibited", context->may_sleep);
        else
                body_bool(body, "sleep_inhibited", true);
        if (*context->partition)
                body_string(body, "partition", context->partition);
        else
                body_absent(body, "partition", "environment.partition", "the CPUs are no partition");
}

void body_environment(Body *body) {
        body_open(body, "environment");
        write_file(body, "host", "proc/sys/kernel/hostname");
        write_file(body, "kernel", "proc/sys/kernel/osrelease");
        write_processor(body);
        write_frequency(body);
        write_isolation(body);
        write_mitigations(body);
        write_power_limits(body);
        write_thermal(body);
        body_close(body);
}
