/* SPDX-License-Identifier: MIT */

/* The service beside `perf stat`: the same program, the same counters, read by somebody else. */

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest.h"
#include "summary.h"
#include "text.h"

#define RUNS 5U
#define RUN_LIMIT "60" /* s */
#define ENERGY "power/energy-pkg/"
#define TIME "duration_time"

/* The value of an event in `perf stat -x ,`, whose lines are value,unit,event,…; NAN: it is not there, or no number.
 */
static double event_value(char **lines, const char *event) {
        for (; *lines; lines++) {
                g_auto(GStrv) fields = g_strsplit(*lines, ",", 4);
                char *end;
                double value;

                if (g_strv_length(fields) < 3 || strcmp(fields[2], event) != 0)
                        continue;
                value = g_ascii_strtod(fields[0], &end);
                return end != fields[0] && *end == '\0' ? value : NAN;
        }
        return NAN;
}

/* W of all packages during a run, in which everything else on the machine takes its part. NAN, and what perf said,
 * where it cannot tell. */
static double run_once(const char *perf, const char *load, const char *input, char **ret_said) {
        g_auto(GStrv) envp = g_environ_setenv(g_get_environ(), "LC_ALL", "C", TRUE), argv = NULL, lines = NULL;
        g_autoptr(GStrvBuilder) words = g_strv_builder_new();
        g_autoptr(GError) error = NULL;
        g_autofree char *said = NULL;
        double joules, ns;
        int status;

        g_strv_builder_add_many(words, "timeout", RUN_LIMIT, perf, "stat", "-a", "-x", ",", "-e", ENERGY "," TIME,
                                "--", "sh", "-c", "printf %s \"$1\" | \"$0\"", load, input, NULL);
        argv = g_strv_builder_end(words);
        if (!g_spawn_sync(NULL, argv, envp, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &said,
                          &status, &error)) {
                *ret_said = g_strdup(error->message);
                return NAN;
        }
        lines = g_strsplit(said, "\n", -1);
        joules = event_value(lines, ENERGY);
        ns = event_value(lines, TIME);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && joules >= 0 && ns > 0)
                return joules / (ns / 1e9);
        *ret_said = g_strdup(g_strchug(lines[0] ?: said));
        return NAN;
}

static char *why_not(const char *said) {
        g_autofree char *shown = NULL;

        if (geteuid() != 0)
                return g_strdup(_("perf stat does not count energy for this user: run this as root, too"));
        shown = text_printable(said, false);
        return g_strdup_printf(_("perf stat does not count energy here: %s"), shown);
}

static double run_all(const char *perf, const char *load, const char *input, char **ret_why) {
        double watts[RUNS];
        Summary summary;

        for (unsigned i = 0; i < RUNS; i++) {
                g_autofree char *said = NULL;

                watts[i] = run_once(perf, load, input, &said);
                if (isnan(watts[i])) {
                        *ret_why = why_not(said);
                        return NAN;
                }
        }
        return summary_compute(watts, RUNS, &summary) >= 0 ? summary.median : NAN;
}

void selftest_beside_perf(Selftest *selftest, const Report *report, const char *load, const char *input) {
        const double ours = report->package_j / report->wall.median;
        g_autofree char *perf = g_find_program_in_path("perf"), *why = NULL;
        const double theirs = perf ? run_all(perf, load, input, &why) : NAN;

        if (!perf)
                why = g_strdup(_("perf is not installed"));
        selftest_judge_perf(selftest, report->id, ours, theirs, why);
}
