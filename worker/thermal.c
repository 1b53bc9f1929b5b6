/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "thermal.h"

#define ZONES "sys/class/thermal"
#define HWMON "sys/class/hwmon"
#define TRIP_POINTS_MAX 32

struct Thermal {
        const Sysroot *root;
        GPtrArray *inputs; /* files with m°C */
        GPtrArray *zones;  /* directories with trip points */
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
                g_ptr_array_add(thermal->zones, g_strdup_printf(ZONES "/%s", *name));
        }
}

/* temp1 is the package with both drivers ("Package id 0", "Tctl"). */
static void find_hwmon(Thermal *thermal) {
        static const char *const drivers[] = { "coretemp", "k10temp", NULL };
        g_auto(GStrv) names = NULL;

        if (sysroot_list(thermal->root, HWMON, &names) < 0)
                return;
        for (char **name = names; *name; name++) {
                g_autofree char *driver = g_strdup_printf(HWMON "/%s/name", *name);

                if (file_says(thermal->root, driver, drivers))
                        g_ptr_array_add(thermal->inputs, g_strdup_printf(HWMON "/%s/temp1_input", *name));
        }
}

int thermal_open(const Sysroot *root, Thermal **ret) {
        g_autoptr(Thermal) thermal = g_new(Thermal, 1);
        int64_t now_mc;
        int r;

        *thermal = (Thermal){ .root = root,
                              .inputs = g_ptr_array_new_with_free_func(g_free),
                              .zones = g_ptr_array_new_with_free_func(g_free) };
        find_zones(thermal);
        if (thermal->inputs->len == 0)
                find_hwmon(thermal);
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
        static const char *const types[] = { "passive", "hot", "critical", NULL };
        int64_t lowest = INT64_MAX;

        for (guint i = 0; i < thermal->zones->len; i++)
                for (unsigned trip = 0; trip < TRIP_POINTS_MAX; trip++) {
                        const char *zone = g_ptr_array_index(thermal->zones, i);
                        g_autofree char *type = g_strdup_printf("%s/trip_point_%u_type", zone, trip);
                        g_autofree char *temp = g_strdup_printf("%s/trip_point_%u_temp", zone, trip);
                        int64_t mc;

                        /* Zones list trip points the firmware left at 0. */
                        if (file_says(thermal->root, type, types) && read_mc(thermal->root, temp, &mc) >= 0 && mc > 0)
                                lowest = MIN(lowest, mc);
                }
        if (lowest == INT64_MAX)
                return -ENODATA;
        *ret_mc = lowest;
        return 0;
}

Thermal *thermal_free(Thermal *thermal) {
        if (!thermal)
                return NULL;
        g_ptr_array_unref(thermal->inputs);
        g_ptr_array_unref(thermal->zones);
        g_free(thermal);
        return NULL;
}
