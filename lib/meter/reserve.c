/* SPDX-License-Identifier: MIT */

/* Which CPUs a job gets, and from which ones its energy is read. */

#include "topology.h"

static bool is_lead(const CpuInfo *info, const Cpu *cpu) {
        for (size_t i = 0; i < info->n_cpus; i++)
                if (info->cpus[i].package == cpu->package)
                        return info->cpus[i].number == cpu->number;
        return false;
}

/* A physical core is known by its first thread. */
static bool is_first_thread(const Cpu *cpu) {
        return cpulist_first(&cpu->threads) == (int) cpu->number;
}

static bool holds_lead(const CpuInfo *info, const Cpu *core) {
        for (size_t i = 0; i < info->n_cpus; i++)
                if (CPU_ISSET(info->cpus[i].number, &core->threads) && is_lead(info, &info->cpus[i]))
                        return true;
        return false;
}

/* The last core of a package that is not the lead CPU's; efficiency cores only when there is no other. */
static const Cpu *last_core(const CpuInfo *info, int package) {
        const Cpu *last = NULL;

        for (size_t i = 0; i < info->n_cpus; i++) {
                const Cpu *core = &info->cpus[i];

                if (core->package != package || !is_first_thread(core) || holds_lead(info, core))
                        continue;
                if (last && last->type != CORE_TYPE_EFFICIENCY && core->type == CORE_TYPE_EFFICIENCY)
                        continue;
                last = core;
        }
        return last;
}

Reservation topology_reserve_auto(const Topology *topology, cpu_set_t *ret_cpus) {
        const CpuInfo *info = topology->cpu;
        const Cpu *chosen = NULL;

        for (size_t i = 0; i < info->n_cpus; i++) {
                const Cpu *cpu = &info->cpus[i];
                const Cpu *core;

                if (!is_lead(info, cpu) || (chosen && chosen->package <= cpu->package))
                        continue;
                core = last_core(info, cpu->package);
                if (core)
                        chosen = core;
        }
        if (chosen) {
                *ret_cpus = chosen->threads;
                return RESERVATION_CORE;
        }

        /* No core to spare: the last thread, which is not a lead CPU unless every CPU is one. */
        CPU_ZERO(ret_cpus);
        CPU_SET(info->cpus[info->n_cpus - 1].number, ret_cpus);
        return info->n_cpus == 1 ? RESERVATION_NONE : RESERVATION_CONFINED;
}

void topology_housekeeping(const Topology *topology, const cpu_set_t *reserved, cpu_set_t *ret_cpus) {
        const CpuInfo *info = topology->cpu;

        CPU_ZERO(ret_cpus);
        for (size_t i = 0; i < info->n_cpus; i++) {
                const Cpu *ours = &info->cpus[i];

                if (!CPU_ISSET(ours->number, reserved))
                        continue;
                for (size_t j = 0; j < info->n_cpus; j++)
                        if (info->cpus[j].package == ours->package && !CPU_ISSET(info->cpus[j].number, reserved))
                                CPU_SET(info->cpus[j].number, ret_cpus);
        }
        if (CPU_COUNT(ret_cpus) == 0)
                cpu_info_package_cpus(info, -1, ret_cpus);
}

void topology_lead_cpus(const Topology *topology, cpu_set_t *ret_cpus) {
        const CpuInfo *info = topology->cpu;

        CPU_ZERO(ret_cpus);
        for (size_t i = 0; i < info->n_cpus; i++)
                if (is_lead(info, &info->cpus[i]))
                        CPU_SET(info->cpus[i].number, ret_cpus);
}

bool topology_smt_shared(const Topology *topology, const cpu_set_t *cpus) {
        const CpuInfo *info = topology->cpu;

        for (size_t i = 0; i < info->n_cpus; i++)
                if (CPU_ISSET(info->cpus[i].number, cpus) && !cpulist_subset(&info->cpus[i].threads, cpus))
                        return true;
        return false;
}
