/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu.h"

const char *core_type_to_string(CoreType type) {
        switch (type) {
        case CORE_TYPE_PERFORMANCE:
                return "performance";
        case CORE_TYPE_EFFICIENCY:
                return "efficiency";
        case CORE_TYPE_UNIFORM:
                break;
        }
        return "uniform";
}

const char *energy_filter_to_string(EnergyFilter filter) {
        switch (filter) {
        case ENERGY_FILTER_NONE:
                return "none";
        case ENERGY_FILTER_SGX:
                return "sgx";
        case ENERGY_FILTER_UNKNOWN:
                break;
        }
        return "unknown";
}

static bool has_word(const char *words, const char *word) {
        g_auto(GStrv) list = g_strsplit(words, " ", -1);

        return g_strv_contains((const char *const *) list, word);
}

void cpu_info_parse_cpuinfo(CpuInfo *info, const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        struct {
                const char *key;
                char **value;
        } strings[] = { { "vendor_id", &info->vendor },
                        { "model name", &info->model },
                        { "microcode", &info->microcode } };
        bool flags_seen = false;

        for (char **line = lines; *line; line++) {
                char *colon = strchr(*line, ':');
                const char *value;

                if (!colon)
                        continue;
                *colon = '\0';
                g_strchomp(*line);
                value = g_strstrip(colon + 1);

                for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
                        if (!*strings[i].value && *value != '\0' && strcmp(*line, strings[i].key) == 0)
                                *strings[i].value = g_utf8_make_valid(value, -1);
                if (!flags_seen && strcmp(*line, "flags") == 0) {
                        /* The kernel clears the flag when the firmware left SGX off. */
                        info->energy_filter = has_word(value, "sgx") ? ENERGY_FILTER_SGX : ENERGY_FILTER_NONE;
                        info->virtualised = has_word(value, "hypervisor");
                        flags_seen = true;
                }
        }
}

bool cpu_info_counts_per_package(const CpuInfo *info) {
        return info->vendor &&
               (strcmp(info->vendor, "AuthenticAMD") == 0 || strcmp(info->vendor, "HygonGenuine") == 0);
}

static int read_cpulist(const Sysroot *root, const char *path, cpu_set_t *ret) {
        g_autofree char *text = NULL;
        int r;

        r = sysroot_read(root, path, &text);
        if (r < 0)
                return r;
        return cpulist_parse(text, ret);
}

/* Package and die numbers are small; the kernel writes -1 or nothing where it does not know. */
static int read_number(const Sysroot *root, unsigned cpu, const char *name) {
        g_autofree char *path = g_strdup_printf("sys/devices/system/cpu/cpu%u/topology/%s", cpu, name);
        uint64_t value;

        if (sysroot_read_u64(root, path, &value) < 0 || value > INT16_MAX)
                return 0;
        return (int) value;
}

static void read_threads(const Sysroot *root, const cpu_set_t *online, Cpu *cpu) {
        static const char *const files[] = { "core_cpus_list", "thread_siblings_list" };

        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autofree char *path =
                                g_strdup_printf("sys/devices/system/cpu/cpu%u/topology/%s", cpu->number, files[i]);

                if (read_cpulist(root, path, &cpu->threads) >= 0 && CPU_ISSET(cpu->number, &cpu->threads)) {
                        CPU_AND(&cpu->threads, &cpu->threads, online);
                        return;
                }
        }
        CPU_ZERO(&cpu->threads);
        CPU_SET(cpu->number, &cpu->threads);
}

static void count_packages(CpuInfo *info) {
        for (size_t i = 0; i < info->n_cpus; i++) {
                bool seen = false;

                for (size_t j = 0; j < i; j++)
                        seen = seen || info->cpus[j].package == info->cpus[i].package;
                info->n_packages += !seen;
        }
}

int cpu_info_read(const Sysroot *root, CpuInfo **ret) {
        g_autoptr(CpuInfo) info = g_new0(CpuInfo, 1);
        g_autofree char *cpuinfo = NULL;
        cpu_set_t online, performance, efficiency;
        uint64_t smt;
        int r;

        info->smt = info->virtualised = -1;

        r = read_cpulist(root, "sys/devices/system/cpu/online", &online);
        if (r < 0)
                return r;
        if (CPU_COUNT(&online) == 0)
                return -EINVAL;

        info->hybrid = read_cpulist(root, "sys/devices/cpu_core/cpus", &performance) >= 0 &&
                       read_cpulist(root, "sys/devices/cpu_atom/cpus", &efficiency) >= 0;

        info->cpus = g_new0(Cpu, (gsize) CPU_COUNT(&online));
        for (unsigned number = 0; number < CPU_SETSIZE; number++) {
                Cpu *cpu;

                if (!CPU_ISSET(number, &online))
                        continue;
                cpu = &info->cpus[info->n_cpus++];
                cpu->number = number;
                cpu->package = read_number(root, number, "physical_package_id");
                cpu->die = read_number(root, number, "die_id");
                if (info->hybrid && CPU_ISSET(number, &performance))
                        cpu->type = CORE_TYPE_PERFORMANCE;
                else if (info->hybrid && CPU_ISSET(number, &efficiency))
                        cpu->type = CORE_TYPE_EFFICIENCY;
                read_threads(root, &online, cpu);
        }
        count_packages(info);

        if (sysroot_read_u64(root, "sys/devices/system/cpu/smt/active", &smt) >= 0)
                info->smt = smt != 0;
        if (sysroot_read(root, "proc/cpuinfo", &cpuinfo) >= 0)
                cpu_info_parse_cpuinfo(info, cpuinfo);

        *ret = g_steal_pointer(&info);
        return 0;
}

CpuInfo *cpu_info_free(CpuInfo *info) {
        if (!info)
                return NULL;
        g_free(info->cpus);
        g_free(info->vendor);
        g_free(info->model);
        g_free(info->microcode);
        g_free(info);
        return NULL;
}

const Cpu *cpu_info_find(const CpuInfo *info, unsigned number) {
        for (size_t i = 0; i < info->n_cpus; i++)
                if (info->cpus[i].number == number)
                        return &info->cpus[i];
        return NULL;
}

void cpu_info_package_cpus(const CpuInfo *info, int package, cpu_set_t *ret) {
        CPU_ZERO(ret);
        for (size_t i = 0; i < info->n_cpus; i++)
                if (package < 0 || info->cpus[i].package == package)
                        CPU_SET(info->cpus[i].number, ret);
}
