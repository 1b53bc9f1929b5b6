/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <string.h>

#include "dropped.h"
#include "pmu.h"
#include "topology.h"
#include "zones.h"

/* How often two zones must be seen to show the same value before they are called one counter. */
#define MIRROR_ROUNDS 3

/* One die of a package with several, and the die whose zone is read for it: itself, unless it is a mirror. */
typedef struct Die {
        int package, die;
        int read_as;
        const char *why; /* how we know */
} Die;

typedef struct Discovery {
        const Sysroot *root;
        CpuInfo *cpu;
        GArray *zones;   /* of Zone */
        GArray *events;  /* of PmuEvent */
        GArray *dies;    /* of Die */
        GArray *domains; /* of Domain */
        GArray *dropped; /* of DroppedDomain */
} Discovery;

const char *domain_kind_to_string(DomainKind kind) {
        switch (kind) {
        case DOMAIN_PACKAGE:
                return "package";
        case DOMAIN_DRAM:
                return "dram";
        case DOMAIN_CORE:
                return "core";
        case DOMAIN_UNCORE:
                return "uncore";
        case DOMAIN_PSYS:
                break;
        }
        return "psys";
}

bool domain_kind_in_total(DomainKind kind) {
        return kind == DOMAIN_PACKAGE || kind == DOMAIN_DRAM;
}

static char *domain_name(DomainKind kind, int package, int die, int cpu) {
        const char *word = domain_kind_to_string(kind);

        if (package < 0)
                return g_strdup(word);
        if (cpu >= 0)
                return g_strdup_printf("%s-%d-cpu-%d", word, package, cpu);
        if (die >= 0)
                return g_strdup_printf("%s-%d-die-%d", word, package, die);
        return g_strdup_printf("%s-%d", word, package);
}

static char *event_source(const PerfSource *source) {
        return g_strdup_printf("%s/%s/ on CPU %u", source->pmu, source->event, source->cpu);
}

static void drop_zone(Discovery *d, guint index, char *reason) {
        const Zone *zone = &g_array_index(d->zones, Zone, index);

        dropped_add(d->dropped, domain_name(zone->kind, zone->package, zone->die, -1), g_strdup(zone->source.id),
                    reason);
        g_array_remove_index(d->zones, index);
}

static bool same_place(const Zone *a, const Zone *b) {
        return a->kind == b->kind && a->package == b->package && a->die == b->die;
}

/* Zones of one name count the same joules, whichever driver shows them; the first in the order of trust that works is
 * used. */
static void drop_twins(Discovery *d) {
        static const char *const drivers[] = {
                [CONTROL_RAPL] = "MSR", [CONTROL_TPMI] = "TPMI", [CONTROL_MMIO] = "MMIO"
        };

        for (guint i = 0; i < d->zones->len;) {
                const Zone *zone = &g_array_index(d->zones, Zone, i), *best = NULL;
                char *reason;

                for (guint j = 0; j < d->zones->len; j++) {
                        const Zone *other = &g_array_index(d->zones, Zone, j);

                        if (same_place(zone, other) && (!best || (best->source.error < 0 && other->source.error == 0)))
                                best = other;
                }
                if (best == zone) {
                        i++;
                        continue;
                }
                if (zone->source.error < 0)
                        reason = g_strdup_printf("%s; %s is used", zone->source.problem, best->source.id);
                else if (zone->id.control == best->id.control)
                        reason = g_strdup_printf("second zone of that name; %s is used", best->source.id);
                else
                        reason = g_strdup_printf("%s twin of %s", drivers[zone->id.control], best->source.id);
                drop_zone(d, i, reason);
        }
}

/* AMD's "core" zone reads the energy of one core, the one that powercap happens to read it on. */
static void drop_single_cores(Discovery *d) {
        if (!cpu_info_counts_per_package(d->cpu))
                return;
        for (guint i = 0; i < d->zones->len;)
                if (g_array_index(d->zones, Zone, i).kind == DOMAIN_CORE)
                        drop_zone(d, i, g_strdup("counts one core of the package, not all"));
                else
                        i++;
}

/* Two zones are one counter when a reading of the one always lies between two readings of the other. */
static bool show_same_counter(const Sysroot *root, const Zone *a, const Zone *b) {
        for (int round = 0; round < MIRROR_ROUNDS; round++) {
                uint64_t before, between, after;

                if (zone_read_energy(root, a, &before) < 0 || zone_read_energy(root, b, &between) < 0 ||
                    zone_read_energy(root, a, &after) < 0)
                        return false;
                if (!topology_is_mirror(before, between, after))
                        return false;
        }
        return true;
}

bool topology_is_mirror(uint64_t before, uint64_t between, uint64_t after) {
        if (before <= after)
                return before <= between && between <= after;
        return between >= before || between <= after; /* it wrapped in between */
}

static int compare_dies(const void *a, const void *b) {
        const Die *x = a, *y = b;

        return x->package != y->package ? x->package - y->package : x->die - y->die;
}

static Die *find_die(GArray *dies, int package, int die) {
        for (guint i = 0; i < dies->len; i++) {
                Die *entry = &g_array_index(dies, Die, i);

                if (entry->package == package && entry->die == die)
                        return entry;
        }
        return NULL;
}

static void note_die(Discovery *d, int package, int die) {
        Die entry = { .package = package, .die = die, .read_as = die };

        if (!find_die(d->dies, package, die))
                g_array_append_val(d->dies, entry);
}

static const Zone *package_zone_of_die(const Discovery *d, int package, int die) {
        for (guint i = 0; i < d->zones->len; i++) {
                const Zone *zone = &g_array_index(d->zones, Zone, i);

                if (zone->kind == DOMAIN_PACKAGE && zone->package == package && zone->die == die)
                        return zone;
        }
        return NULL;
}

static const char *why_mirror(const Discovery *d, const Die *a, const Die *b) {
        const Zone *zone_a = package_zone_of_die(d, a->package, a->die);
        const Zone *zone_b = package_zone_of_die(d, b->package, b->die);

        /* What the zones show decides; where they may not be read, what the kernel knows about the vendor. */
        if (zone_a && zone_b && zone_a->have_value && zone_b->have_value)
                return show_same_counter(d->root, zone_a, zone_b) ? "both show the same energy" : NULL;
        return cpu_info_counts_per_package(d->cpu) ? "this vendor counts packages, not dies" : NULL;
}

/* Which dies have a counter of their own. Kernels before 6.11 made one zone and one event for each die of AMD
 * packages, all reading the package's counter (fixed by 26096aed and 8d72eba1); Intel's two-die packages really have
 * two. */
static void find_mirrors(Discovery *d) {
        for (guint i = 0; i < d->zones->len; i++) {
                const Zone *zone = &g_array_index(d->zones, Zone, i);

                if (zone->die >= 0)
                        note_die(d, zone->package, zone->die);
        }
        for (guint i = 0; i < d->events->len; i++)
                for (guint j = 0; j < i; j++) {
                        const PmuEvent *a = &g_array_index(d->events, PmuEvent, i);
                        const PmuEvent *b = &g_array_index(d->events, PmuEvent, j);

                        if (a->per_core || b->per_core || a->package != b->package || a->die == b->die)
                                continue;
                        note_die(d, a->package, a->die);
                        note_die(d, b->package, b->die);
                }

        g_array_sort(d->dies, compare_dies);
        for (guint i = 0; i < d->dies->len; i++)
                for (guint j = 0; j < i; j++) {
                        Die *die = &g_array_index(d->dies, Die, i);
                        const Die *earlier = &g_array_index(d->dies, Die, j);
                        const char *why;

                        if (die->package != earlier->package || earlier->read_as != earlier->die ||
                            die->read_as != die->die)
                                continue;
                        why = why_mirror(d, earlier, die);
                        if (!why)
                                continue;
                        die->read_as = earlier->die;
                        die->why = why;
                }
}

/* Whether all dies of a package turned out to be one counter, which then is the package's. */
static bool package_collapsed(const Discovery *d, int package) {
        size_t dies = 0, counters = 0;

        for (guint i = 0; i < d->dies->len; i++) {
                const Die *die = &g_array_index(d->dies, Die, i);

                if (die->package == package) {
                        dies++;
                        counters += die->read_as == die->die;
                }
        }
        return dies > 1 && counters == 1;
}

/* The die whose counter this one's is, or -1 when it is the whole package's. */
static int counter_of_die(const Discovery *d, int package, int die) {
        const Die *entry = die >= 0 ? find_die(d->dies, package, die) : NULL;

        if (!entry || package_collapsed(d, package))
                return -1;
        return entry->read_as;
}

/* Why a second source for one domain is not used. */
static char *second_reason(const Discovery *d, int package, int die, const char *used) {
        const Die *entry = die >= 0 ? find_die(d->dies, package, die) : NULL;

        if (!entry || entry->read_as == entry->die)
                return g_strdup_printf("second of that name; %s is used", used);
        return g_strdup_printf("mirror of %s: %s", used, entry->why);
}

static Domain *add_domain(Discovery *d, DomainKind kind, int package, int die, int cpu) {
        g_autofree char *name = domain_name(kind, package, die, cpu);
        Domain domain;

        for (guint i = 0; i < d->domains->len; i++)
                if (strcmp(g_array_index(d->domains, Domain, i).name, name) == 0)
                        return &g_array_index(d->domains, Domain, i);

        domain = (Domain){ .name = g_steal_pointer(&name),
                           .kind = kind,
                           .package = package,
                           .die = die,
                           .cpu = cpu,
                           .in_total = domain_kind_in_total(kind) };
        g_array_append_val(d->domains, domain);
        return &g_array_index(d->domains, Domain, d->domains->len - 1);
}

static void add_zones(Discovery *d) {
        for (guint i = 0; i < d->zones->len;) {
                Zone *zone = &g_array_index(d->zones, Zone, i);
                int die = counter_of_die(d, zone->package, zone->die);
                Domain *domain = add_domain(d, zone->kind, zone->package, die, -1);

                if (domain->powercap.id) {
                        drop_zone(d, i, second_reason(d, zone->package, zone->die, domain->powercap.id));
                        continue;
                }
                domain->powercap = zone->source;
                zone->source = (PowercapSource){};
                i++;
        }
}

static bool several_psys(const Discovery *d) {
        size_t n = 0;

        for (guint i = 0; i < d->events->len; i++)
                n += g_array_index(d->events, PmuEvent, i).kind == DOMAIN_PSYS;
        return n > 1;
}

static void add_event(Discovery *d, PmuEvent *event, bool psys_of_packages) {
        bool psys = event->kind == DOMAIN_PSYS;
        int package = psys && !psys_of_packages ? -1 : event->package;
        int die = psys || event->per_core ? -1 : counter_of_die(d, event->package, event->die);
        Domain *domain = add_domain(d, event->kind, package, die, event->per_core ? (int) event->source.cpu : -1);

        if (domain->perf.pmu) {
                g_autofree char *used = event_source(&domain->perf);

                dropped_add(d->dropped, domain_name(event->kind, event->package, event->die, -1),
                            event_source(&event->source), second_reason(d, event->package, event->die, used));
                return;
        }
        domain->perf = event->source;
        event->source = (PerfSource){};
}

static void domain_clear(void *p) {
        Domain *domain = p;

        g_free(domain->name);
        g_free(domain->powercap.id);
        g_free(domain->powercap.path);
        g_free(domain->powercap.problem);
        g_free(domain->perf.pmu);
        g_free(domain->perf.event);
        g_free(domain->perf.problem);
}

/* Sets unit and range from the better source, and drops what has no source that works. */
static void keep_usable(Discovery *d) {
        for (guint i = 0; i < d->domains->len;) {
                Domain *domain = &g_array_index(d->domains, Domain, i);
                bool perf = domain->perf.pmu && domain->perf.error == 0;
                bool powercap = domain->powercap.id && domain->powercap.error == 0;

                domain->range_uj = powercap ? domain->powercap.range_uj : 0;
                domain->unit_uj = perf ? domain->perf.unit_uj : 1;
                if (perf || powercap) {
                        i++;
                        continue;
                }
                if (domain->powercap.id)
                        dropped_add(d->dropped, g_strdup(domain->name), g_strdup(domain->powercap.id),
                                    g_strdup(domain->powercap.problem));
                if (domain->perf.pmu)
                        dropped_add(d->dropped, g_strdup(domain->name), event_source(&domain->perf),
                                    g_strdup(domain->perf.problem));
                g_array_remove_index(d->domains, i);
        }
}

static int compare_domains(const void *a, const void *b) {
        const Domain *x = a, *y = b;

        if ((x->kind == DOMAIN_PSYS) != (y->kind == DOMAIN_PSYS))
                return x->kind == DOMAIN_PSYS ? 1 : -1;
        if (x->package != y->package)
                return x->package - y->package;
        if ((x->cpu >= 0) != (y->cpu >= 0))
                return x->cpu >= 0 ? 1 : -1;
        if (x->die != y->die)
                return x->die - y->die;
        if (x->kind != y->kind)
                return (int) x->kind - (int) y->kind;
        return x->cpu - y->cpu;
}

static char *total_formula(const GArray *domains) {
        GString *formula = g_string_new(NULL);

        for (guint i = 0; i < domains->len; i++) {
                const Domain *domain = &g_array_index(domains, Domain, i);

                if (domain->in_total)
                        g_string_append_printf(formula, "%s%s", formula->len > 0 ? " + " : "", domain->name);
        }
        return g_string_free(formula, FALSE);
}

static void discovery_clear(Discovery *d) {
        g_clear_pointer(&d->cpu, cpu_info_free);
        g_clear_pointer(&d->zones, g_array_unref);
        g_clear_pointer(&d->events, g_array_unref);
        g_clear_pointer(&d->dies, g_array_unref);
        g_clear_pointer(&d->domains, g_array_unref);
}

int topology_discover(const Sysroot *root, TopologyFlags flags, Topology **ret) {
        Discovery d = { .root = root };
        Topology *topology;
        bool psys_of_packages;
        int r;

        r = cpu_info_read(root, &d.cpu);
        if (r < 0)
                return r;
        d.dropped = dropped_new();
        d.events = pmu_events_new();
        d.dies = g_array_new(FALSE, FALSE, sizeof(Die));
        d.domains = g_array_new(FALSE, FALSE, sizeof(Domain));
        g_array_set_clear_func(d.domains, domain_clear);

        zones_read(root, flags, &d.zones, d.dropped);
        pmu_read(root, flags, d.cpu, "power", d.events, d.dropped);
        pmu_read(root, flags, d.cpu, "power_core", d.events, d.dropped);

        drop_twins(&d);
        drop_single_cores(&d);
        find_mirrors(&d);
        add_zones(&d);
        psys_of_packages = several_psys(&d);
        for (guint i = 0; i < d.events->len; i++)
                add_event(&d, &g_array_index(d.events, PmuEvent, i), psys_of_packages);
        keep_usable(&d);
        g_array_sort(d.domains, compare_domains);

        topology = g_new0(Topology, 1);
        topology->cpu = g_steal_pointer(&d.cpu);
        topology->total = total_formula(d.domains);
        topology->probed = flags & TOPOLOGY_PROBE;
        topology->n_domains = d.domains->len;
        g_array_set_clear_func(d.domains, NULL);
        topology->domains = (Domain *) (void *) g_array_free(g_steal_pointer(&d.domains), FALSE);
        topology->dropped = dropped_steal(d.dropped, &topology->n_dropped);
        discovery_clear(&d);
        *ret = topology;
        return 0;
}

Topology *topology_free(Topology *topology) {
        if (!topology)
                return NULL;
        for (size_t i = 0; i < topology->n_domains; i++)
                domain_clear(&topology->domains[i]);
        g_free(topology->domains);
        dropped_free(topology->dropped, topology->n_dropped);
        cpu_info_free(topology->cpu);
        g_free(topology->total);
        g_free(topology);
        return NULL;
}

const Domain *topology_find(const Topology *topology, const char *name) {
        for (size_t i = 0; i < topology->n_domains; i++)
                if (strcmp(topology->domains[i].name, name) == 0)
                        return &topology->domains[i];
        return NULL;
}
