/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "examine-internal.h"

#define GROUP_COUNTERS N_("Counters")
#define GROUP_PROCESSOR N_("Processor")
#define GROUP_DISTURBANCES N_("Disturbances")
#define GROUP_PLATFORM N_("Platform")

static const struct {
        const char *group, *name, *why;
        void (*check)(const Host *host, Finding *ret);
} checks[] = {
        { GROUP_COUNTERS, "counters", N_("Without energy counters only time is measured."), check_counters },
        { GROUP_COUNTERS, "permissions",
          N_("Who reads the raw counters can learn what others compute (CVE-2020-8694); to measure with the service "
             "nobody needs that right."),
          check_permissions },
        { GROUP_COUNTERS, "energy-filter",
          N_("With SGX on the processor adds noise to its counters, and no number of a short program means much."),
          check_energy_filter },
        { GROUP_COUNTERS, "temperature",
          N_("A hot processor leaks more: the same work takes more joules. Without a sensor that goes unseen."),
          check_temperature },
        { GROUP_PROCESSOR, "smt",
          N_("Two threads share a core and its power. The service reserves whole cores; a program alone on a core "
             "without a second thread varies least."),
          check_smt },
        { GROUP_PROCESSOR, "governor",
          N_("A frequency that follows the load changes what the same work takes, from one trial to the next."),
          check_governor },
        { GROUP_PROCESSOR, "turbo",
          N_("Turbo frequencies depend on temperature and on what the other cores do, and take far more power."),
          check_turbo },
        { GROUP_PROCESSOR, "clock",
          N_("A slow clock takes energy of its own, and blurs the edges between which energy is read."), check_clock },
        { GROUP_PROCESSOR, "battery",
          N_("On battery the firmware limits power, and by how much depends on the charge."), check_battery },
        { GROUP_DISTURBANCES, "swap", N_("A trial whose memory was swapped out is not counted."), check_swap },
        { GROUP_DISTURBANCES, "thp",
          N_("Whether memory comes in huge pages is chance when the kernel may choose: it depends on how memory is "
             "fragmented."),
          check_thp },
        { GROUP_DISTURBANCES, "irqbalance",
          N_("It moves interrupts between processors while they are measured, onto the reserved ones, too."),
          check_irqbalance },
        { GROUP_DISTURBANCES, "power-daemons",
          N_("They change frequencies, power limits and idle states while it is measured."), check_power_daemons },
        { GROUP_DISTURBANCES, "timers",
          N_("What they start takes energy on the same package, which the counters cannot tell from the program's."),
          check_timers },
        { GROUP_PLATFORM, "reserved-cpus",
          N_("A program that shares its core is measured together with what it shares it with."),
          check_reserved_cpus },
        { GROUP_PLATFORM, "partition", N_("Only a cpuset partition keeps everybody else off the reserved processors."),
          check_partition },
        { GROUP_PLATFORM, "polkit", N_("Without polkit nobody but root may ask the service to measure."),
          check_polkit },
        { GROUP_PLATFORM, "kernel", N_("Boxes, limits and partitions need what Linux has since 6.1."), check_kernel },
        { GROUP_PLATFORM, "systemd",
          N_("The service has systemd make the scope of each job, which needs version 252."), check_systemd },
};

const char *finding_level_to_string(FindingLevel level) {
        switch (level) {
        case FINDING_NOTE:
                return "note";
        case FINDING_PROBLEM:
                return "problem";
        case FINDING_OK:
                break;
        }
        return "ok";
}

void setting_free(Setting *setting) {
        g_free(setting->path);
        g_free(setting->from);
        g_free(setting);
}

void finding_set(Finding *finding, FindingLevel level, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        finding->value = g_strdup_vprintf(format, ap);
        va_end(ap);
        finding->level = level;
}

void finding_add_setting(Finding *finding, const char *path, char *from, const char *to) {
        Setting *setting = g_new(Setting, 1);

        *setting = (Setting){ .path = g_strdup(path), .from = from, .to = to };
        g_ptr_array_add(finding->settings, setting);
}

static void finding_clear(void *data) {
        Finding *finding = data;

        g_free(finding->value);
        g_free(finding->command);
        g_ptr_array_unref(finding->settings);
}

bool host_has(const Sysroot *root, const char *path) {
        autofd fd = sysroot_openat(root, path, O_PATH);

        return fd >= 0;
}

char *chosen_word(const char *text) {
        const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;

        return close ? g_strndup(open + 1, (gsize) (close - open - 1)) : NULL;
}

int doctor_examine(const Sysroot *root, GArray **ret) {
        g_autoptr(GArray) findings = g_array_new(FALSE, TRUE, sizeof(Finding));
        g_autoptr(Topology) topology = NULL;
        int r;

        g_array_set_clear_func(findings, finding_clear);
        r = topology_discover(root, 0, &topology);
        if (r < 0)
                return r;
        for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
                const Host host = { root, topology };
                Finding finding = { .group = checks[i].group,
                                    .name = checks[i].name,
                                    .why = checks[i].why,
                                    .settings = g_ptr_array_new_with_free_func((GDestroyNotify) setting_free) };

                checks[i].check(&host, &finding);
                g_array_append_val(findings, finding);
        }
        *ret = g_steal_pointer(&findings);
        return 0;
}

int doctor_mend(const Sysroot *root, const Finding *finding, size_t *ret_done) {
        int r;

        for (*ret_done = 0; *ret_done < finding->settings->len; (*ret_done)++) {
                const Setting *setting = g_ptr_array_index(finding->settings, *ret_done);

                if (!setting->to)
                        continue;
                r = sysroot_write(root, setting->path, setting->to);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One command per old value: 64 policies have one governor, mostly. */
char *doctor_undo(const Finding *finding, size_t done) {
        g_autoptr(GString) out = g_string_new(NULL);

        for (size_t i = 0; i < done; i++) {
                const Setting *setting = g_ptr_array_index(finding->settings, i);
                bool seen = false;

                for (size_t j = 0; j < i; j++)
                        seen = seen ||
                               strcmp(((Setting *) g_ptr_array_index(finding->settings, j))->from, setting->from) == 0;
                if (seen)
                        continue;
                g_string_append_printf(out, "%secho %s | tee", out->len ? "; " : "", setting->from);
                for (size_t j = i; j < done; j++) {
                        const Setting *other = g_ptr_array_index(finding->settings, j);

                        if (strcmp(other->from, setting->from) == 0)
                                g_string_append_printf(out, " /%s", other->path);
                }
        }
        return g_string_free(g_steal_pointer(&out), FALSE);
}
