/* SPDX-License-Identifier: MIT */

/* Choosing a meter and opening its counters: the part that needs privilege. */

#include <string.h>

#include "dropped.h"
#include "ops.h"

static const MeterOps *const meters[] = { &perf_ops, &powercap_ops, &model_ops, &none_ops };

const MeterOps *meter_ops_find(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(meters); i++)
                if (strcmp(meters[i]->name, name) == 0)
                        return meters[i];
        return NULL;
}

size_t counters_add_domain(GArray *domains, const Domain *domain, char *source, double unit_uj, uint64_t range_uj) {
        MeterDomain entry = {
                .name = g_strdup(domain->name),
                .kind = domain->kind,
                .package = domain->package,
                .in_total = domain->in_total,
                .source = source,
                .unit_uj = unit_uj,
                .range_uj = range_uj,
                .hw_range_uj = domain->powercap.range_uj,
                .max_power_uw = domain->powercap.max_power_uw,
        };

        g_array_append_val(domains, entry);
        return domains->len - 1;
}

void counters_add(GArray *counters, int fd, size_t domain) {
        MeterCounter counter = { .n = 1, .fds = { fd }, .domains = { domain } };

        g_array_append_val(counters, counter);
}

static size_t count_in_total(const MeterCounters *counters) {
        size_t n = 0;

        for (size_t i = 0; i < counters->n_domains; i++)
                n += counters->domains[i].in_total;
        return n;
}

static int open_with(const MeterOps *ops, const Topology *topology, const Sysroot *root, const MeterConfig *config,
                     MeterCounters **ret) {
        g_autoptr(MeterCounters) opened = g_new0(MeterCounters, 1);
        GArray *domains = g_array_new(FALSE, FALSE, sizeof(MeterDomain));
        GArray *counters = g_array_new(FALSE, FALSE, sizeof(MeterCounter));
        GArray *dropped = dropped_new();
        int r;

        for (size_t i = 0; i < topology->n_dropped; i++)
                dropped_add(dropped, g_strdup(topology->dropped[i].name), g_strdup(topology->dropped[i].source),
                            g_strdup(topology->dropped[i].reason));
        r = ops->open(topology, root, config, domains, counters, dropped);

        opened->name = ops->name;
        opened->ops = ops;
        opened->n_domains = domains->len;
        opened->domains = (MeterDomain *) (void *) g_array_free(domains, FALSE);
        opened->n_counters = counters->len;
        opened->counters = (MeterCounter *) (void *) g_array_free(counters, FALSE);
        opened->dropped = dropped_steal(dropped, &opened->n_dropped);
        if (r == 0 && opened->n_domains > METER_DOMAINS_MAX)
                r = -E2BIG;
        *ret = g_steal_pointer(&opened);
        return r;
}

/* Why there are no joules, for people: what was there and could not be used. */
static char *reason_in_words(const MeterCounters *counters) {
        GString *text;
        size_t n = 0;

        if (counters->n_domains == 0 && counters->n_dropped == 0)
                return g_strdup("this host shows no RAPL counter");

        text = g_string_new("no package or dram counter can be used");
        for (size_t i = 0; i < counters->n_dropped && n < 4; i++, n++)
                g_string_append_printf(text, "%s%s: %s", n == 0 ? " (" : "; ", counters->dropped[i].name,
                                       counters->dropped[i].reason);
        for (size_t i = 0; i < counters->n_domains && n < 4; i++, n++)
                g_string_append_printf(text, "%s%s is never added", n == 0 ? " (" : "; ", counters->domains[i].name);
        if (n > 0)
                g_string_append_c(text, ')');
        return g_string_free(text, FALSE);
}

static int refuse(int error, char *reason, char **ret_reason) {
        if (ret_reason)
                *ret_reason = reason;
        else
                g_free(reason);
        return error;
}

static int open_auto(const Topology *topology, const Sysroot *root, const MeterConfig *config, MeterCounters **ret,
                     char **ret_reason) {
        g_autoptr(MeterCounters) perf = NULL, powercap = NULL;
        int perf_error, powercap_error;

        perf_error = open_with(&perf_ops, topology, root, config, &perf);
        powercap_error = open_with(&powercap_ops, topology, root, config, &powercap);
        if (perf_error == 0 && count_in_total(perf) > 0 && count_in_total(perf) >= count_in_total(powercap)) {
                *ret = g_steal_pointer(&perf);
                return 0;
        }
        if (powercap_error == 0 && count_in_total(powercap) > 0) {
                *ret = g_steal_pointer(&powercap);
                return 0;
        }
        return refuse(-ENODEV, reason_in_words(perf->n_domains > 0 ? perf : powercap), ret_reason);
}

int meter_open_counters(const Topology *topology, const Sysroot *root, const MeterConfig *config, MeterCounters **ret,
                        char **ret_reason) {
        g_autoptr(MeterCounters) counters = NULL;
        const char *name = config->name ?: "auto";
        const MeterOps *ops;
        int r;

        if (strcmp(name, "auto") == 0)
                return open_auto(topology, root, config, ret, ret_reason);

        ops = meter_ops_find(name);
        if (!ops)
                return refuse(-EINVAL, g_strdup_printf("there is no meter '%s'", name), ret_reason);
        r = open_with(ops, topology, root, config, &counters);
        if (r == -EINVAL && ops->simulated)
                return refuse(r, g_strdup("the model needs CPU time and watts from 0 to 100000"), ret_reason);
        if (r < 0)
                return refuse(r, reason_in_words(counters), ret_reason);
        if (ops->read && count_in_total(counters) == 0)
                return refuse(-ENODEV, reason_in_words(counters), ret_reason);
        *ret = g_steal_pointer(&counters);
        return 0;
}

MeterCounters *meter_counters_free(MeterCounters *counters) {
        if (!counters)
                return NULL;
        for (size_t i = 0; i < counters->n_domains; i++) {
                g_free(counters->domains[i].name);
                g_free(counters->domains[i].source);
        }
        g_free(counters->domains);
        for (size_t i = 0; i < counters->n_counters; i++)
                for (size_t j = 0; j < counters->counters[i].n; j++)
                        safe_close(counters->counters[i].fds[j]);
        g_free(counters->counters);
        dropped_free(counters->dropped, counters->n_dropped);
        g_free(counters);
        return NULL;
}
