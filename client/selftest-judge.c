/* SPDX-License-Identifier: MIT */
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "examine.h"
#include "json-read.h"
#include "render-comparison.h"
#include "render.h"
#include "selftest.h"
#include "summary.h"
#include "units.h"

#define TICK_NS_MIN 100e3
#define TICK_NS_MAX 20e6
#define WRAP_S_MIN 10.0 /* the service reads four times before, and must be let to */
#define SPREAD_MAX 0.05 /* standard deviation of single trials */
#define RATIO_LIMIT 0.2 /* twice the work takes twice the energy, within this */
#define POWER_W_MIN 0.5 /* of one core above idle */
#define POWER_W_MAX 200.0
#define REST_LIMIT 0.01   /* what a sleep's net may be off 0, of its gross */
#define READER_LIMIT 0.05 /* what two readers of one counter may differ by */
#define PERF_LIMIT 0.2    /* it runs the program on any CPU, as fast as that is without the service's settings */

static char *percent(double fraction) {
        return g_strdup_printf("%.2g %%", fraction * 100);
}

static char *net_interval(const Selftest *selftest, const Report *report) {
        const Style *style = &selftest->arguments->style;
        const Figure *net = &report->net;
        const Scale scale =
                        scale_energy(fmax(fabs(net->low), fabs(net->high)), render_resolution(report), style->ascii);

        return render_interval(&scale, net->low, net->high, style);
}

static SelftestVerdict verdict(bool ok) {
        return ok ? SELFTEST_OK : SELFTEST_FAILED;
}

static bool has_net(const Report *report) {
        return isfinite(report->net.median) && isfinite(report->net.low) && isfinite(report->net.high);
}

/* Without idle windows there is nothing to subtract; a model has none. */
static void add_without_net(Selftest *selftest, const char *name, const Report *report, char *expected) {
        selftest_add(selftest, name, selftest->simulated ? SELFTEST_SKIPPED : SELFTEST_FAILED, report->id,
                     g_strdup(selftest->simulated
                                              ? _("a model has no idle power")
                                              : _("no energy above idle is known: the idle machine varies too much")),
                     expected);
}

/* ---- the counters ---- */

bool selftest_counts(JsonObject *domain) {
        const char *kind = json_string(domain, "kind");

        return json_true(domain, "readable") && (g_strcmp0(kind, "package") == 0 || g_strcmp0(kind, "dram") == 0);
}

static void judge_tick(Selftest *selftest, const Report *report, JsonObject *node) {
        JsonObject *meter = json_object(json_object(node, "measurement"), "meter");
        const double tick_ns = json_double(meter, "tick_ns");
        g_autofree char *value = NULL;
        SelftestVerdict judged;

        if (isfinite(tick_ns)) {
                value = g_strdup_printf(_("every %.4g ms"), tick_ns / 1e6);
                judged = verdict(tick_ns >= TICK_NS_MIN && tick_ns <= TICK_NS_MAX);
        } else {
                judged = selftest->simulated ? SELFTEST_SKIPPED : SELFTEST_FAILED;
                value = g_strdup(selftest->simulated ? _("a model has no counter that moves")
                                                     : _("the counter was not seen to move"));
        }
        selftest_add(selftest, "tick", judged, report->id, g_steal_pointer(&value),
                     g_strdup_printf(_("every %g to %g ms"), TICK_NS_MIN / 1e6, TICK_NS_MAX / 1e6));
}

/* Of the counter of the total that comes round first, at the power of the spin. */
static void judge_range(Selftest *selftest, const Report *report) {
        JsonArray *domains = json_array(json_node_get_object(selftest->properties), "Domains");
        double least_j = INFINITY;
        g_autofree char *span = NULL, *name = NULL, *value = NULL;

        for (unsigned i = 0; !report->simulated && domains && i < json_array_get_length(domains); i++) {
                JsonObject *domain = json_element(domains, i);
                const double range_j = json_double(domain, "range-uj") / 1e6;

                if (!selftest_counts(domain) || !(range_j > 0) || range_j >= least_j)
                        continue;
                least_j = range_j;
                g_free(name);
                name = text_printable(json_string(domain, "name") ?: "?", false);
        }
        if (!isfinite(least_j) || !(report->power_w > 0)) {
                selftest_add(selftest, "range", SELFTEST_SKIPPED, report->id,
                             g_strdup(_("no counter of the total tells where it wraps")),
                             g_strdup_printf(_("after %g s or later"), WRAP_S_MIN));
                return;
        }
        span = format_span((uint64_t) fmin(least_j / report->power_w * 1e6, 1e15));
        value = g_strdup_printf(_("%s wraps after %s at this power"), name, span);
        selftest_add(selftest, "range", verdict(least_j / report->power_w >= WRAP_S_MIN), report->id,
                     g_steal_pointer(&value), g_strdup_printf(_("after %g s or later"), WRAP_S_MIN));
}

void selftest_judge_counters(Selftest *selftest, const Report *report, JsonObject *node) {
        judge_tick(selftest, report, node);
        judge_range(selftest, report);
}

/* ---- work ---- */

static double spread(const Report *report) {
        g_autofree double *joules = g_new(double, report->n_trials + 1);
        size_t n = 0;
        double mean;

        for (size_t i = 0; i < report->n_trials; i++)
                if (report->trials[i].valid && isfinite(report->trials[i].total_j))
                        joules[n++] = report->trials[i].total_j;
        mean = stats_mean(joules, n);
        return mean > 0 ? stats_deviation(joules, n) / mean : NAN;
}

static void judge_power(Selftest *selftest, const Report *report) {
        const double watts = report->net.median / report->cpu.median;

        selftest_add(selftest, "power", verdict(watts >= POWER_W_MIN && watts <= POWER_W_MAX), report->id,
                     g_strdup_printf(_("%.3g W above idle"), watts),
                     g_strdup_printf(_("%g to %g W"), POWER_W_MIN, POWER_W_MAX));
}

void selftest_judge_spin(Selftest *selftest, const Report *report) {
        const double varies = spread(report);
        g_autofree char *most = percent(SPREAD_MAX), *value = isfinite(varies) ? percent(varies) : g_strdup("?");

        if (has_net(report)) {
                g_autofree char *between = net_interval(selftest, report);

                selftest_add(selftest, "spin", verdict(report->net.low > 0), report->id,
                             g_strdup_printf(_("%s above idle"), between), g_strdup(_("above 0")));
                judge_power(selftest, report);
        } else {
                add_without_net(selftest, "spin", report, g_strdup(_("above 0")));
        }
        selftest_add(selftest, "repeats", verdict(varies <= SPREAD_MAX), report->id,
                     g_strdup_printf(_("trials vary by %s"), value), g_strdup_printf(_("at most %s"), most));
}

void selftest_judge_longer(Selftest *selftest, const Report *report, const Report *longer) {
        const bool net = has_net(report) && has_net(longer);
        const double energy =
                        net ? longer->net.median / report->net.median : longer->total.median / report->total.median;
        const double time = longer->cpu.median / report->cpu.median;
        g_autofree char *limit = percent(RATIO_LIMIT);

        selftest_add(selftest, "longer", verdict(fabs(energy / time - 1) <= RATIO_LIMIT), longer->id,
                     g_strdup_printf(_("%.3g times the energy in %.3g times the time"), energy, time),
                     g_strdup_printf(_("the same within %s"), limit));
}

/* The report itself tells nothing finer than its precision. Of a model's energy, a sleep's own CPU time is all. */
void selftest_judge_sleep(Selftest *selftest, const Report *sleep) {
        const double limit_j = fmax(REST_LIMIT * sleep->total.median, sleep->precision_j);
        const Figure *net = &sleep->net;
        g_autofree char *limit = percent(REST_LIMIT), *between = NULL;
        g_autofree char *expected = g_strdup_printf(_("0 between them, or within %s of all it took"), limit);

        if (!has_net(sleep) || selftest->simulated) {
                add_without_net(selftest, "sleep", sleep, g_steal_pointer(&expected));
                return;
        }
        between = net_interval(selftest, sleep);
        selftest_add(selftest, "sleep", verdict((net->low <= 0 && net->high >= 0) || fabs(net->median) <= limit_j),
                     sleep->id, g_strdup_printf(_("%s above idle"), between), g_steal_pointer(&expected));
}

void selftest_judge_short(Selftest *selftest, const Report *empty) {
        const bool measured = g_strcmp0(empty->status, "OK") == 0 && empty->total.median > 0;
        const Scale scale =
                        scale_energy(empty->total.median, render_resolution(empty), selftest->arguments->style.ascii);
        g_autofree char *each = scale_format(&scale, empty->total.median);
        g_autofree char *value =
                        measured ? g_strdup_printf(ngettext("%s, %u run in each trial", "%s, %u runs in each trial",
                                                            (unsigned) empty->iterations),
                                                   each, (unsigned) empty->iterations)
                                 : g_strdup(render_evidence(empty->status ?: "?"));

        selftest_add(selftest, "short", verdict(measured), empty->id, g_steal_pointer(&value),
                     g_strdup(_("a figure of one run")));
}

void selftest_judge_reader(Selftest *selftest, const Report *report, const Report *other) {
        const double ratio = other->total.median / other->cpu.median / (report->total.median / report->cpu.median);
        g_autofree char *limit = percent(READER_LIMIT), *meter = text_printable(other->meter ?: "?", false);

        selftest_add(selftest, "reader", verdict(fabs(ratio - 1) <= READER_LIMIT), other->id,
                     g_strdup_printf(_("%s reads %.4g times as much"), meter, ratio),
                     g_strdup_printf(_("the same within %s"), limit));
}

void selftest_judge_perf(Selftest *selftest, uint32_t job, double ours, double theirs, const char *why) {
        g_autofree char *limit = percent(PERF_LIMIT), *expected = g_strdup_printf(_("the same within %s"), limit);

        if (isnan(theirs) || !(ours > 0)) {
                selftest_add(selftest, "perf", SELFTEST_SKIPPED, job,
                             g_strdup(why ?: _("the energy of the packages is not known")),
                             g_steal_pointer(&expected));
                return;
        }
        selftest_add(selftest, "perf", verdict(fabs(theirs / ours - 1) <= PERF_LIMIT), job,
                     g_strdup_printf(_("perf stat sees %.3g W, the service %.3g W"), theirs, ours),
                     g_steal_pointer(&expected));
}

/* ---- comparing, and afterwards ---- */

void selftest_judge_same(Selftest *selftest, const Report *comparison) {
        const char *word = comparison->n_candidates == 2 ? comparison->changes[1].word : NULL;
        const bool same = g_strcmp0(word, "no change detected") == 0 ||
                          g_strcmp0(word, "change within the noise threshold") == 0;

        selftest_add(selftest, "same", verdict(same), comparison->id,
                     word ? text_printable(render_change_word(word), false) : g_strdup("?"),
                     g_strdup(_("no change between a program and itself")));
}

static bool is_setting(const char *name) {
        static const char *const settings[] = { "governor", "turbo", "smt", "thp", "irqbalance" };

        for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
                if (strcmp(settings[i], name) == 0)
                        return true;
        return false;
}

static const char *changed_setting(const GArray *before, const GArray *after) {
        for (guint i = 0; i < MIN(before->len, after->len); i++) {
                const Finding *was = &g_array_index(before, Finding, i), *is = &g_array_index(after, Finding, i);

                if (is_setting(was->name) && g_strcmp0(was->value, is->value) != 0)
                        return was->name;
        }
        return NULL;
}

/* A check of the service that was well before. */
static const char *failed_check(JsonArray *before, JsonArray *after) {
        for (unsigned i = 0; i < json_array_get_length(before); i++) {
                JsonObject *was = json_element(before, i), *is = json_named(after, json_string(was, "name"));

                if (json_true(was, "ok") && is && !json_true(is, "ok"))
                        return json_string(is, "name");
        }
        return NULL;
}

void selftest_judge_settings(Selftest *selftest, const GArray *host, JsonNode *after) {
        const char *other = changed_setting(selftest->host, host)
                                            ?: failed_check(json_node_get_array(selftest->before),
                                                            json_node_get_array(after));
        g_autofree char *shown = other ? text_printable(other, false) : NULL;

        selftest_add(selftest, "settings", verdict(!other), 0,
                     shown ? g_strdup_printf(_("%s is no longer as it was"), shown)
                           : g_strdup(_("everything is as it was")),
                     g_strdup(_("as before the jobs")));
}
