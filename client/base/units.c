/* SPDX-License-Identifier: MIT */
#include "units.h"

#include <glib/gi18n.h>
#include <math.h>
#include <time.h>

#define SIGNIFICANT_DIGITS 4

typedef struct Unit {
        const char *name, *ascii;
        double factor;
} Unit;

static const Unit energy_units[] = {
        { "kJ", "kJ", 1e3 }, { "J", "J", 1 }, { "mJ", "mJ", 1e-3 }, { "µJ", "uJ", 1e-6 }, {},
};
static const Unit time_units[] = {
        { "s", "s", 1 },
        { "ms", "ms", 1e-3 },
        { "µs", "us", 1e-6 },
        {},
};
static const Unit power_units[] = {
        { "kW", "kW", 1e3 }, { "W", "W", 1 }, { "mW", "mW", 1e-3 }, { "µW", "uW", 1e-6 }, {},
};

static int clamp_decimals(int decimals) {
        return CLAMP(decimals, 0, SIGNIFICANT_DIGITS - 1);
}

static Scale scale_choose(const Unit *units, double reference, double resolution, bool ascii) {
        double magnitude = fabs(reference);
        const Unit *unit = units;
        int digits, decimals;

        if (!isfinite(magnitude) || magnitude == 0) {
                while (unit->factor > 1)
                        unit++;
                return (Scale){ ascii ? unit->ascii : unit->name, unit->factor, clamp_decimals(3) };
        }

        /* 999.96 is shown as 1.000 of the next unit: round first, then choose */
        digits = (int) floor(log10(magnitude)) + 1;
        magnitude = round(magnitude / pow(10, digits - SIGNIFICANT_DIGITS)) * pow(10, digits - SIGNIFICANT_DIGITS);
        while (unit[1].name && magnitude < unit->factor * (1 - 1e-9))
                unit++;

        digits = (int) floor(log10(magnitude / unit->factor) + 1e-9) + 1;
        decimals = SIGNIFICANT_DIGITS - MAX(digits, 1);
        if (resolution > 0)
                decimals = MIN(decimals, (int) ceil(-log10(resolution / unit->factor) - 1e-9));
        decimals = clamp_decimals(decimals);
        /* however coarse the step, what is above 0 is not shown as 0 */
        while (decimals < SIGNIFICANT_DIGITS - 1 && magnitude / unit->factor * pow(10, decimals) < 0.5)
                decimals++;
        return (Scale){ ascii ? unit->ascii : unit->name, unit->factor, decimals };
}

Scale scale_energy_told(double told_j, bool ascii) {
        const double mj = told_j * 1e3;
        const bool whole = isfinite(mj) && fabs(mj - round(mj)) < 1e-6 && fabs(mj) >= 1;

        return scale_energy(told_j, whole ? 1e-3 : 0, ascii);
}

Scale scale_energy(double reference_j, double resolution_j, bool ascii) {
        return scale_choose(energy_units, reference_j, resolution_j, ascii);
}

Scale scale_time(double reference_s, bool ascii) {
        return scale_choose(time_units, reference_s, 0, ascii);
}

Scale scale_power(double reference_w, bool ascii) {
        return scale_choose(power_units, reference_w, 0, ascii);
}

char *scale_number(const Scale *scale, double value) {
        if (!isfinite(value))
                return g_strdup("?");
        return g_strdup_printf("%.*f", scale->decimals, value / scale->factor);
}

char *scale_format(const Scale *scale, double value) {
        g_autofree char *number = scale_number(scale, value);

        return g_strdup_printf("%s %s", number, scale->unit);
}

char *format_span(uint64_t usec) {
        uint64_t seconds = usec / G_USEC_PER_SEC;

        if (seconds >= 3600)
                return g_strdup_printf(_("%u h %u min"), (unsigned) (seconds / 3600), (unsigned) (seconds / 60 % 60));
        if (seconds >= 60)
                return g_strdup_printf(_("%u min %u s"), (unsigned) (seconds / 60), (unsigned) (seconds % 60));
        if (seconds >= 1)
                return g_strdup_printf(_("%u s"), (unsigned) seconds);
        return g_strdup(_("< 1 s"));
}

char *format_bytes(uint64_t bytes) {
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
        double value = (double) bytes;
        size_t i = 0;

        while (value >= 1024 && i + 1 < G_N_ELEMENTS(units)) {
                value /= 1024;
                i++;
        }
        return g_strdup_printf("%.*f %s", value == floor(value) ? 0 : 1, value, units[i]);
}

char *format_time(uint64_t realtime_usec) {
        time_t seconds = (time_t) (realtime_usec / G_USEC_PER_SEC);
        char text[64];
        struct tm tm;

        if (realtime_usec == 0 || !localtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%F %T", &tm) == 0)
                return g_strdup("?");
        return g_strdup(text);
}
