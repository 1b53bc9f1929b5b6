/* SPDX-License-Identifier: MIT */

/* A topology as text. */

#include "topology.h"

static void describe_cpus(const CpuInfo *info, GString *text) {
        g_string_append_printf(text, "cpu: %s, %s, microcode %s\n", info->vendor ?: "unknown vendor",
                               info->model ?: "unknown model", info->microcode ?: "unknown");
        for (size_t i = 0; i < info->n_cpus; i++) {
                const Cpu *cpu = &info->cpus[i];
                g_autofree char *list = NULL;
                cpu_set_t cpus;
                bool first = true;

                for (size_t j = 0; j < i; j++)
                        first = first && info->cpus[j].package != cpu->package;
                if (!first)
                        continue;
                cpu_info_package_cpus(info, cpu->package, &cpus);
                list = cpulist_format(&cpus);
                g_string_append_printf(text, "package %d: CPUs %s\n", cpu->package, list);
        }
        for (CoreType type = CORE_TYPE_PERFORMANCE; info->hybrid && type <= CORE_TYPE_EFFICIENCY; type++) {
                g_autofree char *list = NULL;
                cpu_set_t cpus;

                CPU_ZERO(&cpus);
                for (size_t i = 0; i < info->n_cpus; i++)
                        if (info->cpus[i].type == type)
                                CPU_SET(info->cpus[i].number, &cpus);
                list = cpulist_format(&cpus);
                g_string_append_printf(text, "%s cores: CPUs %s\n", core_type_to_string(type), list);
        }
        g_string_append_printf(text, "smt: %s\n", info->smt < 0 ? "unknown" : info->smt ? "active" : "inactive");
        g_string_append_printf(text, "virtualised: %s\n",
                               info->virtualised < 0 ? "unknown"
                               : info->virtualised   ? "yes"
                                                     : "no");
        g_string_append_printf(text, "energy filter: %s\n", energy_filter_to_string(info->energy_filter));
}

static void describe_reservation(const Topology *topology, GString *text) {
        g_autofree char *list = NULL;
        cpu_set_t cpus;
        Reservation reservation = topology_reserve_auto(topology, &cpus);

        list = cpulist_format(&cpus);
        g_string_append(text, "reserved automatically: ");
        switch (reservation) {
        case RESERVATION_CORE:
                g_string_append_printf(text, "CPUs %s\n", list);
                break;
        case RESERVATION_CONFINED:
                g_string_append_printf(text, "none to spare; jobs are confined to CPU %s\n", list);
                break;
        case RESERVATION_NONE:
                g_string_append_printf(text, "none to spare; there is one CPU, %s\n", list);
                break;
        }
}

static const char *role(const Domain *domain) {
        if (domain->in_total)
                return "in the total";
        return domain->kind == DOMAIN_PSYS ? "holds the packages, never added" : "part of its package, never added";
}

static void describe_domain(const Domain *domain, GString *text) {
        char unit[G_ASCII_DTOSTR_BUF_SIZE];

        g_string_append_printf(text, "domain %s: %s\n", domain->name, role(domain));
        if (domain->powercap.id) {
                g_string_append_printf(text, "  powercap %s: ", domain->powercap.id);
                if (domain->powercap.problem)
                        g_string_append_printf(text, "not usable, %s\n", domain->powercap.problem);
                else
                        g_string_append_printf(text, "unit 1 µJ, range %" PRIu64 " µJ\n", domain->powercap.range_uj);
        }
        if (domain->perf.pmu) {
                g_string_append_printf(text, "  perf %s/%s/ on CPU %u: ", domain->perf.pmu, domain->perf.event,
                                       domain->perf.cpu);
                if (domain->perf.problem)
                        g_string_append_printf(text, "not usable, %s\n", domain->perf.problem);
                else
                        g_string_append_printf(text, "unit %s µJ, 64 bits\n",
                                               g_ascii_formatd(unit, sizeof(unit), "%.6g", domain->perf.unit_uj));
        }
}

char *topology_describe(const Topology *topology) {
        GString *text = g_string_new(NULL);

        describe_cpus(topology->cpu, text);
        describe_reservation(topology, text);
        for (size_t i = 0; i < topology->n_domains; i++)
                describe_domain(&topology->domains[i], text);
        for (size_t i = 0; i < topology->n_dropped; i++) {
                const DroppedDomain *dropped = &topology->dropped[i];

                g_string_append_printf(text, "dropped %s (%s): %s\n", dropped->name, dropped->source, dropped->reason);
        }
        g_string_append_printf(text, "total: %s\n", *topology->total ? topology->total : "none");
        return g_string_free(text, FALSE);
}
