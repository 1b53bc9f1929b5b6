/* SPDX-License-Identifier: MIT */
#include "topology-view.h"

#include <glib/gi18n.h>
#include <math.h>

#include "json-read.h"
#include "table.h"
#include "units.h"

/* One count: tens of µJ for the processor's own unit, parts of a nJ for what the kernel makes of it. */
static char *format_unit(double unit_uj, const Style *style) {
        if (!isfinite(unit_uj) || unit_uj <= 0)
                return NULL;
        if (unit_uj < 0.1)
                return g_strdup_printf("%.4g nJ", unit_uj * 1e3);
        return g_strdup_printf("%.4g %s", unit_uj, style->ascii ? "uJ" : "µJ");
}

static void domain_row(Table *table, JsonObject *domain, const Style *style) {
        const char *dropped = json_string(domain, "dropped"), *reader = json_string(domain, "reader");
        bool readable = json_true(domain, "readable");
        double unit = json_double(domain, "unit-uj"), range = json_double(domain, "range-uj");
        double package = json_double(domain, "package");
        Scale scale = scale_energy(range / 1e6, 0, style->ascii);
        g_autofree char *wraps = isfinite(range) && range > 0 ? scale_format(&scale, range / 1e6) : g_strdup("");
        const char *columns[] = { json_string(domain, "name"), json_string(domain, "kind"),
                                  json_string(domain, "source") };
        g_autofree char *unit_text = format_unit(unit, style);
        g_autofree char *package_text = isfinite(package) ? g_strdup_printf("%.0f", package) : NULL;
        bool counted = g_strcmp0(columns[1], "package") == 0 || g_strcmp0(columns[1], "dram") == 0;

        for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
                g_autofree char *text = text_printable(columns[i] ?: "", false);

                table_cell(table, dropped ? COLOUR_DIM : i == 0 ? COLOUR_STRONG : COLOUR_NONE, text);
                if (i == 1)
                        table_cell(table, COLOUR_NONE, package_text);
        }
        table_cell(table, COLOUR_NONE, unit_text);
        table_cell(table, COLOUR_NONE, wraps);
        if (dropped && *dropped) {
                g_autofree char *why = text_printable(dropped, false);

                table_cellf(table, COLOUR_WARNING, _("not used: %s"), why);
        } else {
                g_autofree char *who = text_printable(reader ?: "?", false);

                if (!readable)
                        table_cellf(table, COLOUR_WARNING, _("not readable (%s)"), who);
                else
                        table_cellf(table, COLOUR_NONE,
                                    counted ? _("part of the total, read by %s") : _("shown, not added, read by %s"),
                                    who);
        }
}

void topology_append(GString *out, JsonArray *domains, const Style *style) {
        const char *const heads[] = { _("Domain"), _("Kind"),     _("Package"), _("Source"),
                                      _("Unit"),   _("Wraps at"), _("Use") };
        g_autoptr(Table) table = table_new("llrlrrl");

        if (json_array_get_length(domains) == 0) {
                g_string_append_printf(out, "%s\n",
                                       _("This machine shows no energy counters: time alone can be measured."));
                return;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
                table_cell(table, COLOUR_DIM, heads[i]);
        for (unsigned i = 0; i < json_array_get_length(domains); i++)
                domain_row(table, json_element(domains, i), style);
        table_append(out, table, style, 0);
}
