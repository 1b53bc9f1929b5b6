/* SPDX-License-Identifier: MIT */
/* The powercap class's view: the real class makes the real sysfs files, modes and all. */

#include "fixture.h"

#include <linux/math64.h>
#include <linux/powercap.h>
#include <linux/slab.h>

#define MAX_ZONES (FIXTURE_MAX_PACKAGES * (16 + 2) + 2)

typedef struct Zone {
        struct powercap_zone zone;
        struct powercap_control_type *type;
        Domain domain;
        unsigned int package;
        u64 offset_counts; /* what the register held when the module was loaded */
} Zone;

static struct powercap_control_type *msr_type, *mmio_type;
static Zone *zones;
static unsigned int n_zones;

static Zone *to_zone(struct powercap_zone *zone) {
        return container_of(zone, Zone, zone);
}

static u64 to_counts(u64 uj, unsigned int shift) {
        return mul_u64_u64_div_u64(uj, 1ULL << shift, USEC_PER_SEC);
}

/* The highest count the register can hold. */
static u64 range_counts(Domain domain) {
        return shape.range_uj > 0 ? to_counts(shape.range_uj, energy_unit_shift(domain)) : U32_MAX;
}

static int get_max_energy_range_uj(struct powercap_zone *zone, u64 *ret) {
        Domain domain = to_zone(zone)->domain;

        if (shape.no_range)
                return -EIO;
        *ret = (range_counts(domain) * USEC_PER_SEC) >> energy_unit_shift(domain);
        return 0;
}

static int get_energy_uj(struct powercap_zone *zone, u64 *ret) {
        Zone *z = to_zone(zone);
        unsigned int shift = energy_unit_shift(z->domain);
        u64 counts;

        if (READ_ONCE(settings.eio))
                return -EIO;
        counts = READ_ONCE(z->offset_counts) + energy_counts(z->domain, z->package);
        div64_u64_rem(counts, range_counts(z->domain) + 1, &counts);
        *ret = (counts * USEC_PER_SEC) >> shift;
        return 0;
}

static int get_enable(struct powercap_zone *zone, bool *ret) {
        *ret = true;
        return 0;
}

static int set_enable(struct powercap_zone *zone, bool enable) {
        return 0;
}

static int release(struct powercap_zone *zone) {
        return 0;
}

static const struct powercap_zone_ops zone_ops = {
        .get_max_energy_range_uj = get_max_energy_range_uj,
        .get_energy_uj = get_energy_uj,
        .get_enable = get_enable,
        .set_enable = set_enable,
        .release = release,
};

/* powercap refuses a zone (-EINVAL) unless its constraints can be read and set in full. */
static int get_power_limit_uw(struct powercap_zone *zone, int id, u64 *ret) {
        *ret = 65000000;
        return 0;
}

static int get_time_window_us(struct powercap_zone *zone, int id, u64 *ret) {
        *ret = 27983872;
        return 0;
}

static int refuse(struct powercap_zone *zone, int id, u64 value) {
        return -EACCES;
}

static const char *get_constraint_name(struct powercap_zone *zone, int id) {
        return "long_term";
}

static const struct powercap_zone_constraint_ops constraint_ops = {
        .set_power_limit_uw = refuse,
        .get_power_limit_uw = get_power_limit_uw,
        .set_time_window_us = refuse,
        .get_time_window_us = get_time_window_us,
        .get_max_power_uw = get_power_limit_uw,
        .get_name = get_constraint_name,
};

static Zone *add(struct powercap_control_type *type, Zone *parent, Domain domain, unsigned int package,
                 const char *name) {
        Zone *z = zones + n_zones;
        struct powercap_zone *registered;

        z->type = type;
        z->domain = domain;
        z->package = package;
        z->offset_counts = to_counts(shape.start_uj, energy_unit_shift(domain));
        registered = powercap_register_zone(&z->zone, type, name, parent ? &parent->zone : NULL, &zone_ops, 1,
                                            &constraint_ops);
        if (IS_ERR(registered))
                return ERR_CAST(registered);
        n_zones++;
        return z;
}

static int add_package(unsigned int package) {
        Zone *parent, *z;
        char name[32];

        for (unsigned int die = 0; die <= shape.mirrors; die++) {
                if (shape.mirrors > 0)
                        snprintf(name, sizeof(name), "package-%u-die-%u", package, die);
                else
                        snprintf(name, sizeof(name), "package-%u", package);
                z = add(msr_type, NULL, DOMAIN_PACKAGE, package, name);
                if (IS_ERR(z))
                        return PTR_ERR(z);
                if (die == 0)
                        parent = z;
        }
        if (shape.core_zone) {
                z = add(msr_type, parent, DOMAIN_CORE, package, "core");
                if (IS_ERR(z))
                        return PTR_ERR(z);
        }
        if (!shape.no_dram) {
                z = add(msr_type, parent, DOMAIN_DRAM, package, "dram");
                if (IS_ERR(z))
                        return PTR_ERR(z);
        }
        return 0;
}

static int add_all(void) {
        Zone *z;
        int r;

        for (unsigned int i = 0; i < energy_packages(); i++) {
                r = add_package(i);
                if (r < 0)
                        return r;
        }
        if (shape.psys) {
                z = add(msr_type, NULL, DOMAIN_PSYS, 0, "psys");
                if (IS_ERR(z))
                        return PTR_ERR(z);
        }
        if (shape.mmio) {
                mmio_type = powercap_register_control_type(NULL, "intel-rapl-mmio", NULL);
                if (IS_ERR(mmio_type)) {
                        r = PTR_ERR(mmio_type);
                        mmio_type = NULL;
                        return r;
                }
                z = add(mmio_type, NULL, DOMAIN_PACKAGE, 0, "package-0");
                if (IS_ERR(z))
                        return PTR_ERR(z);
        }
        return 0;
}

int zones_wrap_in(u64 uj) {
        if (!zones)
                return -ENODEV;
        for (unsigned int i = 0; i < n_zones; i++) {
                Zone *z = zones + i;
                u64 modulus = range_counts(z->domain) + 1, left = to_counts(uj, energy_unit_shift(z->domain)), used;

                if (left >= modulus)
                        return -ERANGE;
                div64_u64_rem(energy_counts(z->domain, z->package), modulus, &used);
                WRITE_ONCE(z->offset_counts, 2 * modulus - used - left);
        }
        return 0;
}

int zones_init(void) {
        int r;

        if (!shape.powercap)
                return 0;
        zones = kcalloc(MAX_ZONES, sizeof(Zone), GFP_KERNEL);
        if (!zones)
                return -ENOMEM;
        msr_type = powercap_register_control_type(NULL, "intel-rapl", NULL);
        if (IS_ERR(msr_type)) {
                r = PTR_ERR(msr_type);
                msr_type = NULL;
        } else
                r = add_all();
        if (r < 0)
                zones_exit();
        return r;
}

void zones_exit(void) {
        while (n_zones > 0) {
                Zone *z = zones + --n_zones;

                powercap_unregister_zone(z->type, &z->zone);
        }
        if (mmio_type)
                powercap_unregister_control_type(mmio_type);
        if (msr_type)
                powercap_unregister_control_type(msr_type);
        mmio_type = msr_type = NULL;
        kfree(zones);
        zones = NULL;
}
