/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "thermal.h"

#define ZONES "sys/class/thermal"
#define HWMON "sys/class/hwmon"
#define TRIP_POINTS_MAX 32

struct Thermal {
        const Sysroot *root;
        GPtrArray *inputs; /* files with m°C */
        int64_t band_mc;
        int64_t limit_mc; /* INT64_MAX: none */
};

static int read_mc(const Sysroot *root, const char *path, int64_t *ret) {
        g_autofree char *text = NULL;
        uint64_t value;
        int r;

        r = sysroot_read(root, path, &text);
        if (r < 0)
                return r;
        r = parse_u64(text[0] == '-' ? text + 1 : text, &value);
        if (r < 0)
                return r;
        if (value > INT32_MAX)
                return -ERANGE;
        *ret = text[0] == '-' ? -(int64_t) value : (int64_t) value;
        return 0;
}

static bool file_says(const Sysroot *root, const char *path, const char *const *words) {
        g_autofree char *text = NULL;

        return sysroot_read(root, path, &text) >= 0 && g_strv_contains(words, text);
}

/* Firmware leaves limits it does not know at 0. */
static void note_limit(Thermal *thermal, const char *path) {
        int64_t mc;

        if (read_mc(thermal->root, path, &mc) >= 0 && mc > 0)
                thermal->limit_mc = MIN(thermal->limit_mc, mc);
}

/* The passive ones of x86_pkg_temp throttle nothing: they are thresholds at which user space wants to be told
 * (drivers/thermal/intel/x86_pkg_temp_thermal.c), and thermald sets them where it likes. */
static void note_trip_points(Thermal *thermal, const char *zone) {
        static const char *const types[] = { "hot", "critical", NULL };

        for (unsigned trip = 0; trip < TRIP_POINTS_MAX; trip++) {
                g_autofree char *type = g_strdup_printf(ZONES "/%s/trip_point_%u_type", zone, trip);
                g_autofree char *temp = g_strdup_printf(ZONES "/%s/trip_point_%u_temp", zone, trip);

                if (file_says(thermal->root, type, types))
                        note_limit(thermal, temp);
        }
}

static void find_zones(Thermal *thermal) {
        static const char *const types[] = { "x86_pkg_temp", NULL };
        g_auto(GStrv) names = NULL;

        if (sysroot_list(thermal->root, ZONES, &names) < 0)
                return;
        for (char **name = names; *name; name++) {
                g_autofree char *type = g_strdup_printf(ZONES "/%s/type", *name);

                if (!g_str_has_prefix(*name, "thermal_zone") || !file_says(thermal->root, type, types))
                        continue;
                g_ptr_array_add(thermal->inputs, g_strdup_printf(ZONES "/%s/temp", *name));
                note_trip_points(thermal, *name);
        }
}

/* temp1 is the package with both drivers ("Package id 0", "Tctl"). */
static void find_hwmon(Thermal *thermal) {
        const bool inputs = thermal->inputs->len == 0;
        static const char *const drivers[] = { "coretemp", "k10temp", NULL };
        g_auto(GStrv) names = NULL;

        if (sysroot_list(thermal->root, HWMON, &names) < 0)
                return;
        for (char **name = names; *name; name++) {
                g_autofree char *driver = g_strdup_printf(HWMON "/%s/name", *name);
                g_autofree char *critical = g_strdup_printf(HWMON "/%s/temp1_crit", *name);

                if (!file_says(thermal->root, driver, drivers))
                        continue;
                if (inputs)
                        g_ptr_array_add(thermal->inputs, g_strdup_printf(HWMON "/%s/temp1_input", *name));
                note_limit(thermal, critical);
        }
}

int thermal_open(const Sysroot *root, int64_t band_mc, int64_t limit_mc, Thermal **ret) {
        g_autoptr(Thermal) thermal = g_new(Thermal, 1);
        int64_t now_mc;
        int r;

        *thermal = (Thermal){ .root = root,
                              .inputs = g_ptr_array_new_with_free_func(g_free),
                              .band_mc = band_mc,
                              .limit_mc = INT64_MAX };
        find_zones(thermal);
        find_hwmon(thermal);
        if (limit_mc > 0)
                thermal->limit_mc = MIN(thermal->limit_mc, limit_mc);
        if (thermal->inputs->len == 0)
                return -ENOENT;
        r = thermal_read(thermal, &now_mc);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&thermal);
        return 0;
}

int thermal_read(const Thermal *thermal, int64_t *ret_mc) {
        int64_t hottest = INT64_MIN;
        int error = -ENODATA;

        for (guint i = 0; i < thermal->inputs->len; i++) {
                int64_t mc;
                int r;

                r = read_mc(thermal->root, g_ptr_array_index(thermal->inputs, i), &mc);
                if (r < 0)
                        error = r;
                else
                        hottest = MAX(hottest, mc);
        }
        if (hottest == INT64_MIN)
                return error;
        *ret_mc = hottest;
        return 0;
}

int thermal_limit(const Thermal *thermal, int64_t *ret_mc) {
        if (thermal->limit_mc == INT64_MAX)
                return -ENODATA;
        *ret_mc = thermal->limit_mc;
        return 0;
}

ThermalGate thermal_look(const Thermal *thermal, int64_t now_mc, const int64_t *reference_mc) {
        if (now_mc >= thermal->limit_mc || (reference_mc && now_mc - *reference_mc > thermal->band_mc))
                return THERMAL_HOT;
        return reference_mc && *reference_mc - now_mc > thermal->band_mc ? THERMAL_COLD : THERMAL_OPEN;
}

Thermal *thermal_free(Thermal *thermal) {
        if (!thermal)
                return NULL;
        g_ptr_array_unref(thermal->inputs);
        g_free(thermal);
        return NULL;
}
