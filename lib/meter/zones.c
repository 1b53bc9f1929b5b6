/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>

#include "dropped.h"
#include "zones.h"

#define POWERCAP "sys/class/powercap"

static const char *const control_names[] = {
        [CONTROL_RAPL] = "intel-rapl", [CONTROL_TPMI] = "intel-rapl-tpmi", [CONTROL_MMIO] = "intel-rapl-mmio"
};

static int parse_component(const char **p, int base, unsigned *ret) {
        unsigned value = 0;
        const char *start = *p;

        for (; base == 16 ? g_ascii_isxdigit(**p) : g_ascii_isdigit(**p); (*p)++) {
                value = value * (unsigned) base + (unsigned) g_ascii_xdigit_value(**p);
                if (value > INT16_MAX)
                        return -EINVAL;
        }
        if (*p == start)
                return -EINVAL;
        *ret = value;
        return 0;
}

int zone_id_parse(const char *text, ZoneId *ret) {
        ZoneId id = {};
        size_t length = strcspn(text, ":");
        const char *p = text + length;
        bool known = false;
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(control_names); i++)
                if (strlen(control_names[i]) == length && strncmp(text, control_names[i], length) == 0) {
                        id.control = (ControlType) i;
                        known = true;
                }
        if (!known || *p == '\0')
                return -EINVAL;

        while (*p == ':') {
                p++;
                if (id.depth == ZONE_DEPTH_MAX)
                        return -EINVAL;
                r = parse_component(&p, 16, &id.index[id.depth]);
                if (r < 0)
                        return r;
                id.depth++;
        }
        if (*p != '\0')
                return -EINVAL;
        *ret = id;
        return 0;
}

int zone_name_parse(const char *name, DomainKind *ret_kind, int *ret_package, int *ret_die) {
        static const DomainKind plain[] = { DOMAIN_DRAM, DOMAIN_CORE, DOMAIN_UNCORE, DOMAIN_PSYS };
        unsigned package, die;
        const char *p;

        for (size_t i = 0; i < G_N_ELEMENTS(plain); i++)
                if (strcmp(name, domain_kind_to_string(plain[i])) == 0) {
                        *ret_kind = plain[i];
                        *ret_package = *ret_die = -1;
                        return 0;
                }

        if (!g_str_has_prefix(name, "package-"))
                return -EINVAL;
        p = name + strlen("package-");
        if (parse_component(&p, 10, &package) < 0)
                return -EINVAL;
        if (*p == '\0') {
                *ret_die = -1;
        } else {
                if (!g_str_has_prefix(p, "-die-"))
                        return -EINVAL;
                p += strlen("-die-");
                if (parse_component(&p, 10, &die) < 0 || *p != '\0')
                        return -EINVAL;
                *ret_die = (int) die;
        }
        *ret_kind = DOMAIN_PACKAGE;
        *ret_package = (int) package;
        return 0;
}

static int compare_ids(const ZoneId *a, const ZoneId *b) {
        if (a->control != b->control)
                return (int) a->control - (int) b->control;
        for (size_t i = 0; i < a->depth && i < b->depth; i++)
                if (a->index[i] != b->index[i])
                        return (int) a->index[i] - (int) b->index[i];
        return (int) a->depth - (int) b->depth;
}

static int compare_zones(const void *a, const void *b) {
        return compare_ids(&((const Zone *) a)->id, &((const Zone *) b)->id);
}

static void zone_clear(void *p) {
        Zone *zone = p;

        g_free(zone->name);
        g_free(zone->source.id);
        g_free(zone->source.path);
        g_free(zone->source.problem);
}

static bool have_zone(GArray *zones, const ZoneId *id) {
        for (guint i = 0; i < zones->len; i++)
                if (compare_ids(&g_array_index(zones, Zone, i).id, id) == 0)
                        return true;
        return false;
}

/* The class directory links every zone; a container may show it only the outermost ones, so look inside these too. */
static int collect(const Sysroot *root, const char *directory, size_t depth, GArray *zones) {
        g_auto(GStrv) names = NULL;
        int r;

        r = sysroot_list(root, directory, &names);
        if (r < 0)
                return r;
        for (char **name = names; *name; name++) {
                Zone zone = { .package = -1, .die = -1 };

                if (zone_id_parse(*name, &zone.id) < 0 || (depth > 0 && zone.id.depth <= depth) ||
                    have_zone(zones, &zone.id))
                        continue;
                zone.source.id = g_strdup(*name);
                zone.source.path = g_strdup_printf("%s/%s", directory, *name);
                g_array_append_val(zones, zone);
        }
        return 0;
}

static int zone_fail(Zone *zone, int error, const char *file) {
        zone->source.error = error;
        zone->source.problem = g_strdup_printf("%s: %s", file, g_strerror(-error));
        return error;
}

int zone_read_energy(const Sysroot *root, const Zone *zone, uint64_t *ret_uj) {
        g_autofree char *path = g_strdup_printf("%s/energy_uj", zone->source.path);

        return sysroot_read_u64(root, path, ret_uj);
}

static int read_attribute(const Sysroot *root, const Zone *zone, const char *file, uint64_t *ret) {
        g_autofree char *path = g_strdup_printf("%s/%s", zone->source.path, file);

        return sysroot_read_u64(root, path, ret);
}

static int zone_fill(const Sysroot *root, TopologyFlags flags, Zone *zone) {
        g_autofree char *name = NULL;
        g_autofree char *name_path = g_strdup_printf("%s/name", zone->source.path);
        int r;

        r = sysroot_read(root, name_path, &name);
        if (r < 0)
                return zone_fail(zone, r, "name");
        zone->name = g_utf8_make_valid(name, -1);

        r = read_attribute(root, zone, "max_energy_range_uj", &zone->source.range_uj);
        if (r >= 0 && (zone->source.range_uj == 0 || zone->source.range_uj > INT64_MAX))
                r = -ERANGE;
        if (r < 0)
                return zone_fail(zone, r, "max_energy_range_uj");

        if (read_attribute(root, zone, "constraint_0_max_power_uw", &zone->source.max_power_uw) < 0 ||
            zone->source.max_power_uw == 0)
                if (read_attribute(root, zone, "constraint_0_power_limit_uw", &zone->source.max_power_uw) < 0)
                        zone->source.max_power_uw = 0;

        if (!(flags & TOPOLOGY_PROBE))
                return 0;
        r = zone_read_energy(root, zone, &zone->value_uj);
        if (r < 0)
                return zone_fail(zone, r, "energy_uj");
        zone->have_value = true;
        return 0;
}

static const Zone *find_parent(GArray *zones, const Zone *zone) {
        for (guint i = 0; i < zones->len; i++) {
                const Zone *other = &g_array_index(zones, Zone, i);

                if (other->id.control == zone->id.control && other->id.depth == 1 &&
                    other->id.index[0] == zone->id.index[0])
                        return other;
        }
        return NULL;
}

/* Gives the zone kind, package and die; NULL, or why it can have none. */
static char *classify(GArray *zones, Zone *zone) {
        const Zone *parent;
        DomainKind parent_kind;

        if (!zone->name)
                return g_strdup(zone->source.problem);
        if (zone_name_parse(zone->name, &zone->kind, &zone->package, &zone->die) < 0)
                return g_strdup("unknown kind of zone");
        if (zone->kind == DOMAIN_PACKAGE || zone->kind == DOMAIN_PSYS)
                return NULL;

        parent = find_parent(zones, zone);
        if (!parent || parent == zone || !parent->name ||
            zone_name_parse(parent->name, &parent_kind, &zone->package, &zone->die) < 0 ||
            parent_kind != DOMAIN_PACKAGE)
                return g_strdup("not below the zone of a package");
        return NULL;
}

void zones_read(const Sysroot *root, TopologyFlags flags, GArray **ret_zones, GArray *dropped) {
        g_autoptr(GArray) zones = g_array_new(FALSE, FALSE, sizeof(Zone));
        int r;

        g_array_set_clear_func(zones, zone_clear);
        r = collect(root, POWERCAP, 0, zones);
        if (r < 0 && r != -ENOENT)
                dropped_add(dropped, g_strdup("powercap"), g_strdup(POWERCAP), g_strdup(g_strerror(-r)));
        for (guint i = 0; i < zones->len; i++) {
                const Zone *zone = &g_array_index(zones, Zone, i);
                g_autofree char *path = g_strdup(zone->source.path);

                (void) collect(root, path, zone->id.depth, zones);
        }
        g_array_sort(zones, compare_zones);

        for (guint i = 0; i < zones->len; i++)
                (void) zone_fill(root, flags, &g_array_index(zones, Zone, i));
        for (guint i = 0; i < zones->len;) {
                Zone *zone = &g_array_index(zones, Zone, i);
                char *reason = classify(zones, zone);

                if (!reason) {
                        i++;
                        continue;
                }
                dropped_add(dropped, g_strdup(zone->name ?: zone->source.id), g_strdup(zone->source.id), reason);
                g_array_remove_index(zones, i);
        }
        *ret_zones = g_steal_pointer(&zones);
}
