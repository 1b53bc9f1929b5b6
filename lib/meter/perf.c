/* SPDX-License-Identifier: MIT */
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>

#include "dropped.h"
#include "ops.h"
#include "perf.h"

/* The kernel's timer takes up the 32-bit register at half its range at 200 W (arch/x86/events/rapl.c), so it misses no
 * wrap below twice that. */
#define KERNEL_TIMER_WATTS 400

int perf_open(const PerfSource *source, int group_fd) {
        struct perf_event_attr attr = {
                .size = sizeof(attr),
                .type = source->type,
                .config = source->config,
                .read_format = PERF_FORMAT_GROUP,
        };
        long fd;

        fd = syscall(SYS_perf_event_open, &attr, -1, (int) source->cpu, group_fd, PERF_FLAG_FD_CLOEXEC);
        return fd < 0 ? -errno : (int) fd;
}

static bool wanted(const Domain *domain, const MeterConfig *config) {
        return domain->cpu < 0 || (config->cores && CPU_ISSET((unsigned) domain->cpu, config->cores));
}

/* The counter whose group this event can join: that of the same PMU on the same CPU. */
static MeterCounter *find_group(GArray *counters, const PerfSource *const *leaders, const PerfSource *source) {
        for (guint i = 0; i < counters->len; i++)
                if (leaders[i]->type == source->type && leaders[i]->cpu == source->cpu)
                        return &g_array_index(counters, MeterCounter, i);
        return NULL;
}

static int perf_open_all(const Topology *topology, const Sysroot *root, const MeterConfig *config, GArray *domains,
                         GArray *counters, GArray *dropped) {
        g_autofree const PerfSource **leaders = g_new0(const PerfSource *, topology->n_domains);
        int error = 0;

        for (size_t i = 0; i < topology->n_domains; i++) {
                const Domain *domain = &topology->domains[i];
                const PerfSource *source = &domain->perf;
                MeterCounter *group;
                char *text;
                int fd = -EOPNOTSUPP;

                if (!wanted(domain, config))
                        continue;
                if (!source->pmu || source->error < 0) {
                        dropped_add(dropped, g_strdup(domain->name), g_strdup("perf"),
                                    g_strdup(source->problem ?: "not in perf"));
                        continue;
                }

                text = g_strdup_printf("%s/%s/ on CPU %u", source->pmu, source->event, source->cpu);
                group = find_group(counters, leaders, source);
                if (group && sysroot_is_host(root) && group->n < METER_GROUP_MAX) {
                        fd = perf_open(source, group->fds[0]);
                        if (fd >= 0) {
                                group->fds[group->n] = fd;
                                group->domains[group->n++] =
                                                counters_add_domain(domains, domain, text, source->unit_uj, 0);
                                continue;
                        }
                }
                if (sysroot_is_host(root))
                        fd = perf_open(source, -1);
                if (fd < 0) {
                        error = fd;
                        dropped_add(dropped, g_strdup(domain->name), text,
                                    sysroot_is_host(root) ? g_strdup_printf("perf_event_open: %s", g_strerror(-fd))
                                                          : g_strdup("perf is not available on a fixture tree"));
                        continue;
                }
                leaders[counters->len] = source;
                counters_add(counters, fd, counters_add_domain(domains, domain, text, source->unit_uj, 0));
        }
        return domains->len > 0 ? 0 : error;
}

static int perf_read(const MeterCounter *counter, const MeterConfig *config, uint64_t now_ns, uint64_t *ret_counts) {
        struct {
                uint64_t n;
                uint64_t counts[METER_GROUP_MAX];
        } group;
        ssize_t n;

        do
                n = read(counter->fds[0], &group, sizeof(group));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if (n == 0) /* the event is in error state */
                return -ENODATA;
        if ((size_t) n < sizeof(uint64_t) * (1 + counter->n) || group.n != counter->n)
                return -EIO;
        memcpy(ret_counts, group.counts, counter->n * sizeof(uint64_t));
        return 0;
}

const MeterOps perf_ops = {
        .name = "perf", .open = perf_open_all, .read = perf_read, .safe_watts = KERNEL_TIMER_WATTS
};
