/* SPDX-License-Identifier: MIT */
#include <glib/gi18n.h>
#include <math.h>

#include "base.h"
#include "calibration-view.h"
#include "json-read.h"
#include "table.h"
#include "units.h"

char *format_noise(double fraction) {
        return g_strdup_printf("%.2g %%", fraction * 100);
}

static char *age(JsonObject *calibration, uint64_t now_usec) {
        const uint64_t day_usec = UINT64_C(86400) * USEC_PER_SEC;
        uint64_t measured_usec = 0, days;

        (void) json_u64(calibration, "measured", &measured_usec);
        if (now_usec < measured_usec + day_usec) {
                g_autofree char *span = format_span(now_usec > measured_usec ? now_usec - measured_usec : 0);

                return g_strdup_printf(_("%s ago"), span);
        }
        days = (now_usec - measured_usec) / day_usec;
        return g_strdup_printf(ngettext("%u day ago", "%u days ago", (unsigned) days), (unsigned) days);
}

char *calibration_line(JsonObject *calibration, uint64_t now_usec) {
        const double floor = json_double(calibration, "noise-floor");
        const bool simulated = json_true(calibration, "simulated");
        g_autofree char *noise = NULL, *when = NULL, *figures = NULL, *text = NULL;
        const char *reason = json_string(calibration, "reason");

        if (!isfinite(floor))
                return g_strdup(_("none: “joulectl calibrate” says how much measurements vary here"));
        noise = format_noise(floor);
        when = age(calibration, now_usec);
        figures = g_strdup_printf(_("noise floor %s, measured %s"), noise, when);
        text = g_strconcat(figures, simulated ? " " : "", simulated ? _("(modelled)") : "", NULL);
        if (!json_true(calibration, "expired"))
                return g_steal_pointer(&text);
        return g_strdup_printf(_("%s; it does not hold any more: %s"), text, reason ?: "?");
}

static void row(Table *table, const char *name, const char *value) {
        g_autofree char *shown = text_printable(value, false);

        table_cell(table, COLOUR_DIM, name);
        table_cell(table, COLOUR_NONE, shown);
}

static void append_noise(Table *table, JsonObject *calibration) {
        g_autofree char *spin = format_noise(json_double(calibration, "noise-spin"));
        g_autofree char *memory = format_noise(json_double(calibration, "noise-memory"));
        g_autofree char *text = NULL;
        uint64_t pairs = 0;

        (void) json_u64(calibration, "pairs", &pairs);
        text = g_strdup_printf(_("%s computing, %s going through memory; %u pairs of trials each"), spin, memory,
                               (unsigned) pairs);
        row(table, _("noise"), text);
}

static void append_tick(Table *table, JsonObject *calibration) {
        uint64_t period_ns, jitter_ns = 0;
        g_autofree char *text = NULL;

        if (!json_u64(calibration, "tick-ns", &period_ns))
                return;
        (void) json_u64(calibration, "tick-jitter-ns", &jitter_ns);
        text = g_strdup_printf(_("every %.4g ms, give or take %.2g µs, by %.3g µJ"), (double) period_ns / 1e6,
                               (double) jitter_ns / 1e3, json_double(calibration, "tick-step-uj"));
        row(table, _("counter moves"), text);
}

static void append_idle(Table *table, JsonObject *calibration) {
        JsonObject *idle = json_object(calibration, "idle-power");
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GList) names = idle ? json_object_get_members(idle) : NULL;

        for (GList *name = names; name; name = name->next)
                g_string_append_printf(text, "%s%s %.3g W", text->len > 0 ? ", " : "", (const char *) name->data,
                                       json_double(idle, name->data));
        if (text->len > 0)
                row(table, _("idle power"), text->str);
}

/* "3.100 mJ ± 0.200 mJ" */
static char *with_uncertainty(double joules, double uncertainty, const Style *style) {
        const Scale scale = scale_energy(joules, 0, style->ascii);
        g_autofree char *text = scale_format(&scale, joules), *width = scale_format(&scale, uncertainty);

        if (!isfinite(uncertainty))
                return g_steal_pointer(&text);
        return g_strdup_printf("%s %s %s", text, style->ascii ? "+/-" : "±", width);
}

static void append_floor(Table *table, JsonObject *calibration, const Style *style) {
        const double floor_j = json_double(calibration, "floor"), net_j = json_double(calibration, "floor-net");
        g_autofree char *gross = with_uncertainty(floor_j, json_double(calibration, "floor-uncertainty"), style);
        g_autofree char *net = with_uncertainty(net_j, json_double(calibration, "floor-net-uncertainty"), style);
        g_autofree char *both = g_strdup_printf(_("%s, of it %s above idle"), gross, net);

        if (isfinite(floor_j))
                row(table, _("starting a program"), isfinite(net_j) ? both : gross);
}

void calibration_view_append(GString *out, JsonObject *calibration, const Style *style) {
        g_autofree char *noise = format_noise(json_double(calibration, "noise-floor"));
        g_autoptr(Table) table = table_new("ll");

        g_string_append_printf(out, _("The noise floor of this host is %s"), noise);
        if (json_true(calibration, "simulated"))
                g_string_append_printf(out, " %s", _("(modelled)"));
        g_string_append_c(out, '\n');
        append_noise(table, calibration);
        append_tick(table, calibration);
        append_idle(table, calibration);
        append_floor(table, calibration, style);
        table_append(out, table, style, 2);
}
