/* SPDX-License-Identifier: MIT */

/* What else runs, and what it disturbs. */

#include <inttypes.h>
#include <string.h>

#include "examine-internal.h"

#define POWER_SUPPLY "sys/class/power_supply"
#define THP "sys/kernel/mm/transparent_hugepage/enabled"
#define TIMERS "etc/systemd/system/timers.target.wants"

/* A file of a power supply; "" when it has none such. */
static char *supply_word(const Sysroot *root, const char *supply, const char *file) {
        g_autofree char *path = g_build_filename(POWER_SUPPLY, supply, file, NULL);
        char *text = NULL;

        return sysroot_read(root, path, &text) >= 0 ? text : g_strdup("");
}

void check_battery(const Host *host, Finding *ret) {
        g_auto(GStrv) supplies = NULL;
        bool battery = false, discharging = false;

        (void) sysroot_list(host->root, POWER_SUPPLY, &supplies);
        for (char **supply = supplies; supply && *supply; supply++) {
                g_autofree char *type = supply_word(host->root, *supply, "type");
                g_autofree char *scope = supply_word(host->root, *supply, "scope");
                g_autofree char *status = supply_word(host->root, *supply, "status");

                /* Mice and headsets have batteries, too. */
                if (strcmp(type, "Battery") != 0 || strcmp(scope, "Device") == 0)
                        continue;
                battery = true;
                discharging = discharging || strcmp(status, "Discharging") == 0;
        }
        if (!discharging) {
                finding_set(ret, FINDING_OK, "%s", battery ? N_("on mains power") : N_("none"));
                return;
        }
        finding_set(ret, FINDING_PROBLEM, "%s", N_("the machine runs on its battery"));
        ret->advice = N_("Plug it in.");
}

void check_swap(const Host *host, Finding *ret) {
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;
        uint64_t used_kib = 0;
        unsigned areas = 0;

        if (sysroot_read(host->root, "proc/swaps", &text) < 0) {
                finding_set(ret, FINDING_OK, "%s", N_("none"));
                return;
        }
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++) {
                uint64_t used;

                /* Filename Type Size Used Priority, below a line of these titles */
                if (line == lines || sscanf(*line, "%*s %*s %*s %" SCNu64, &used) != 1)
                        continue;
                areas++;
                used_kib += used;
        }
        if (areas == 0) {
                finding_set(ret, FINDING_OK, "%s", N_("none"));
                return;
        }
        finding_set(ret, FINDING_NOTE, "on, %" PRIu64 " MiB used", used_kib / 1024);
        ret->command = g_strdup("swapoff -a");
}

void check_thp(const Host *host, Finding *ret) {
        g_autofree char *text = NULL, *chosen = NULL;

        if (sysroot_read(host->root, THP, &text) < 0) {
                finding_set(ret, FINDING_OK, "%s", N_("none"));
                return;
        }
        chosen = chosen_word(text);
        if (!chosen || strcmp(chosen, "always") != 0) {
                finding_set(ret, FINDING_OK, "%s", chosen ?: text);
                return;
        }
        finding_set(ret, FINDING_NOTE, "%s", chosen);
        ret->command = g_strdup("echo madvise > /" THP);
        finding_add_setting(ret, THP, g_steal_pointer(&chosen), "madvise");
}

/* Whether any of these processes runs: none should. units: names of their units, in the same order. */
static void check_processes(const Host *host, const char *const *names, const char *const *units, Finding *ret) {
        g_autoptr(GString) command = g_string_new("systemctl stop");
        g_auto(GStrv) running = NULL;
        g_autofree char *value = NULL;
        int r;

        r = processes_find(host->root, names, &running);
        if (r < 0) {
                finding_set(ret, FINDING_NOTE, "%s", N_("cannot be told: other users' processes are hidden"));
                ret->advice = N_("Ask as root.");
                return;
        }
        if (!running[0]) {
                finding_set(ret, FINDING_OK, "%s", N_("none runs"));
                return;
        }
        for (size_t i = 0; names[i]; i++)
                if (g_strv_contains((const char *const *) running, names[i]))
                        g_string_append_printf(command, " %s", units[i]);
        value = g_strjoinv(", ", running);
        finding_set(ret, FINDING_NOTE, "%s", value);
        ret->command = g_strdup(command->str);
}

void check_irqbalance(const Host *host, Finding *ret) {
        static const char *const names[] = { "irqbalance", NULL };

        check_processes(host, names, names, ret);
}

void check_power_daemons(const Host *host, Finding *ret) {
        /* The kernel keeps 15 bytes of a name. */
        static const char *const names[] = {
                "tuned", "power-profiles-", "thermald", "intel_lpmd", "auto-cpufreq", NULL
        };
        static const char *const units[] = { "tuned", "power-profiles-daemon", "thermald", "intel_lpmd",
                                             "auto-cpufreq" };

        check_processes(host, names, units, ret);
}

/* Those somebody enabled. The ones that come enabled inside systemd are not here, and do little. */
void check_timers(const Host *host, Finding *ret) {
        g_autoptr(GString) names = g_string_new(NULL), command = g_string_new("systemctl disable --now");
        g_auto(GStrv) units = NULL;

        (void) sysroot_list(host->root, TIMERS, &units);
        for (char **unit = units; unit && *unit; unit++) {
                if (!g_str_has_suffix(*unit, ".timer"))
                        continue;
                g_string_append_printf(command, " %s", *unit);
                g_string_append_printf(names, "%s%.*s", names->len ? ", " : "",
                                       (int) (strlen(*unit) - strlen(".timer")), *unit);
        }
        if (names->len == 0) {
                finding_set(ret, FINDING_OK, "%s", N_("none is enabled"));
                return;
        }
        finding_set(ret, FINDING_NOTE, "%s", names->str);
        ret->command = g_strdup(command->str);
}
