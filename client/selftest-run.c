/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "examine.h"
#include "explain.h"
#include "host-request.h"
#include "job-options.h"
#include "json-read.h"
#include "names.h"
#include "render.h"
#include "report-out.h"
#include "say.h"
#include "selftest.h"

#define PROGRAM "jouletrace-load"
#define SPIN "spin 3\n" /* about half a second */
#define LONGER "spin 6\n"
#define QUICK_TRIALS "6"

/* Beside the worker, as those say who run one that is not installed. */
static char *load_path(void) {
        const char *worker = g_getenv("JOULETRACE_WORKER");
        g_autofree char *directory = worker ? g_path_get_dirname(worker) : g_strdup(JT_LIBEXECDIR);

        return g_build_filename(directory, PROGRAM, NULL);
}

/* ---- one job ---- */

typedef struct Job {
        const char *name;  /* the check's, and the label's last word */
        const char *input; /* what the load is told; NULL: a program that does nothing */
        const char *meter; /* NULL: the user's choice */
        bool region;
} Job;

static int set_key(Request *request, KeyId id, const RequestLimits *limits, const char *value) {
        g_autofree char *problem = NULL;

        return request_set_text(request, id, limits, value, &problem) < 0 ? usage_error("selftest", "%s", problem) : 0;
}

static int fill_program(Request *request, const char *input) {
        g_autofree char *load = load_path();
        char *args[] = { input ? load : (char *) "/bin/true", NULL };
        int r;

        r = host_command("selftest", request, args);
        if (r == 0)
                r = host_directory("selftest", request);
        if (r == 0 && input) {
                request->stdin_bytes = g_bytes_new(input, strlen(input));
                request->given |= UINT64_C(1) << REQUEST_STDIN;
        }
        return r;
}

/* What is asked of all jobs alike. */
static int fill_job(const Selftest *selftest, const Job *job, const RequestLimits *limits, Request *request) {
        g_autofree char *label = g_strconcat("selftest: ", job->name, NULL);
        const char *meter = job->meter ?: selftest->arguments->meter;
        int r;

        r = set_key(request, REQUEST_LABEL, limits, label);
        if (r == 0 && selftest->quick)
                r = set_key(request, REQUEST_TRIALS, limits, QUICK_TRIALS);
        if (r == 0 && meter)
                r = set_key(request, REQUEST_METER, limits, meter);
        return r;
}

static int fill_measure(const Selftest *selftest, const Job *job, const RequestLimits *limits, Request *request) {
        int r;

        r = fill_job(selftest, job, limits, request);
        if (r == 0)
                r = fill_program(request, job->input);
        if (r == 0 && job->region)
                r = set_key(request, REQUEST_REGION, limits, NULL);
        return r;
}

static int fill_compare(const Selftest *selftest, const Job *job, const RequestLimits *limits, Request *request) {
        int r;

        r = fill_job(selftest, job, limits, request);
        for (unsigned i = 0; r == 0 && i < REQUEST_CANDIDATES_MIN; i++)
                r = fill_program(request_add_candidate(request, limits), job->input);
        return r;
}

static void add_ended(Selftest *selftest, const char *name, uint32_t id, const Report *report) {
        const char *why = report->error_message;
        g_autofree char *shown = text_printable(why ?: render_evidence(report->status ?: report->result), false);

        selftest_add(selftest, name, SELFTEST_FAILED, id, g_steal_pointer(&shown),
                     g_strdup(_("a job that ends well")));
}

/* *ret is NULL when the job did not end well, which has become a check. */
static int run_job(Selftest *selftest, JobKind kind, const Job *job, Report **ret, JsonNode **ret_node) {
        g_autoptr(JsonNode) node = NULL;
        g_autoptr(Request) request = NULL;
        g_autoptr(Report) report = NULL;
        g_autofree char *text = NULL;
        RequestLimits limits;
        uint32_t id;
        int code, r;

        key_limits_init(&limits);
        request = request_new(kind, &limits);
        r = (kind == JOB_COMPARE ? fill_compare : fill_measure)(selftest, job, &limits, request);
        if (r != 0)
                return r;
        code = submit_and_wait(selftest->arguments, selftest->service, kind == JOB_COMPARE ? "Compare" : "Measure",
                               request, &id);
        if (id == 0 || code == EXIT_INTERRUPTED)
                return code;
        r = report_fetch(selftest->service, id, &text, &report);
        if (r == 0 && json_parse(text, strlen(text), &node) < 0) /* it has been read once */
                return explain_errno(-EBADMSG, selftest->service->name, &selftest->service->style);
        if (r != 0)
                return r;
        json_array_add_element(selftest->reports, json_node_copy(node));
        if (code != EXIT_DONE)
                add_ended(selftest, job->name, id, report);
        else
                *ret = g_steal_pointer(&report);
        if (ret_node)
                *ret_node = g_steal_pointer(&node);
        return 0;
}

static int measure(Selftest *selftest, const Job *job, Report **ret) {
        return run_job(selftest, JOB_MEASURE, job, ret, NULL);
}

/* ---- all of them ---- */

static char *words(JsonObject *object, const char *member) {
        const char *text = json_string(object, member);

        return text_printable(text && *text ? _(text) : "", false); /* gettext("") is the catalogue's header */
}

static void lacks(Selftest *selftest, char *lacking, char *needed) {
        selftest->lacking = lacking;
        selftest->needed = needed;
}

/* What there is to test. */
static int look(Selftest *selftest) {
        JsonObject *meter, *properties;
        int r;

        r = service_properties(selftest->service, &selftest->properties);
        if (r == 0)
                r = service_ask(selftest->service, &(const Call) MANAGER_CALL("Diagnose"), &selftest->before);
        if (r != 0)
                return r;
        properties = json_node_get_object(selftest->properties);
        if (!json_true(properties, "Ready")) {
                g_auto(GStrv) reasons = json_strings(properties, "NotReadyReasons");
                g_autofree char *all = reasons ? g_strjoinv(" ", reasons) : g_strdup("");

                lacks(selftest, g_strdup(_("the service cannot run jobs")), text_printable(all, false));
                return 0;
        }
        meter = json_named(json_node_get_array(selftest->before), "meter");
        if (meter && !selftest->arguments->meter && !json_true(meter, "ok")) {
                lacks(selftest, words(meter, "value"), words(meter, "remedy"));
                return 0;
        }
        if (meter)
                selftest_add(selftest, "counters", SELFTEST_OK, 0,
                             selftest->arguments->meter ? text_printable(selftest->arguments->meter, false)
                                                        : words(meter, "value"),
                             words(meter, "limit"));
        return 0;
}

/* The other way to the same counters, where there is one: what perf reads has a range only where powercap has it, too.
 */
static const char *other_reader(const Selftest *selftest, const Report *report) {
        JsonArray *domains = json_array(json_node_get_object(selftest->properties), "Domains");
        bool both = false;

        if (g_strcmp0(report->meter, "perf") != 0 || selftest->arguments->meter)
                return NULL;
        for (unsigned i = 0; domains && i < json_array_get_length(domains); i++) {
                JsonObject *domain = json_element(domains, i);
                uint64_t range_uj = 0;

                if (selftest_counts(domain) && !json_u64(domain, "range-uj", &range_uj))
                        return NULL; /* powercap would have another total */
                both = both || range_uj > 0;
        }
        return both ? "powercap" : NULL;
}

static int run_spins(Selftest *selftest) {
        g_autoptr(Report) spin = NULL, longer = NULL, other = NULL;
        g_autofree char *load = load_path();
        g_autoptr(JsonNode) node = NULL;
        const char *reader;
        int r;

        r = run_job(selftest, JOB_MEASURE, &(const Job){ "spin", SPIN, NULL, false }, &spin, &node);
        if (r != 0 || !spin)
                return r;
        if (!report_has_energy(spin)) {
                lacks(selftest, text_printable(spin->energy_absent ?: "", false),
                      g_strdup(_("A meter that reads counters: Meter=auto in jouletraced.conf, or --meter.")));
                return 0;
        }
        selftest->simulated = spin->simulated;
        selftest_judge_counters(selftest, spin, json_node_get_object(node));
        selftest_judge_spin(selftest, spin);
        r = measure(selftest, &(const Job){ "longer", LONGER, NULL, false }, &longer);
        if (r != 0)
                return r;
        if (longer)
                selftest_judge_longer(selftest, spin, longer);
        reader = other_reader(selftest, spin);
        if (reader) {
                r = measure(selftest, &(const Job){ "reader", SPIN, reader, false }, &other);
                if (r != 0)
                        return r;
        }
        if (other)
                selftest_judge_reader(selftest, spin, other);
        if (!spin->simulated)
                selftest_beside_perf(selftest, spin, load, SPIN);
        return 0;
}

static int run_others(Selftest *selftest) {
        g_autoptr(Report) rest = NULL, empty = NULL, same = NULL;
        int r;

        r = measure(selftest, &(const Job){ "sleep", "sleep\n", NULL, true }, &rest);
        if (r != 0)
                return r;
        if (rest)
                selftest_judge_sleep(selftest, rest);
        r = measure(selftest, &(const Job){ "short", NULL, NULL, false }, &empty);
        if (r != 0)
                return r;
        if (empty)
                selftest_judge_short(selftest, empty);
        r = run_job(selftest, JOB_COMPARE, &(const Job){ "same", SPIN, NULL, false }, &same, NULL);
        if (r == 0 && same)
                selftest_judge_same(selftest, same);
        return r;
}

static int look_again(Selftest *selftest, const Sysroot *root) {
        g_autoptr(JsonNode) after = NULL;
        g_autoptr(GArray) host = NULL;
        int r;

        r = service_ask(selftest->service, &(const Call) MANAGER_CALL("Diagnose"), &after);
        if (r != 0)
                return r;
        r = doctor_examine(root, &host);
        if (r < 0)
                return explain_errno(r, "/", &selftest->arguments->style);
        selftest_judge_settings(selftest, host, after);
        return 0;
}

int selftest_run(Selftest *selftest) {
        const Arguments *arguments = selftest->arguments;
        g_autoptr(Sysroot) root = NULL;
        int r;

        r = sysroot_open(arguments->sysroot, &root);
        if (r >= 0)
                r = doctor_examine(root, &selftest->host);
        if (r < 0)
                return explain_errno(r, arguments->sysroot ?: "/", &arguments->style);
        r = service_open(arguments, &selftest->service);
        if (r == 0)
                r = look(selftest);
        if (r == 0 && !selftest->lacking)
                r = run_spins(selftest);
        if (r == 0 && !selftest->lacking)
                r = run_others(selftest);
        if (r == 0 && !selftest->lacking)
                r = look_again(selftest, root);
        return r;
}
