/* SPDX-License-Identifier: MIT */
#include "compare-run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host-request.h"
#include "job-options.h"
#include "prepare.h"
#include "report-out.h"
#include "spool.h"

#define QUICK_TRIALS "6"
#define CAREFUL_TRIALS "20"
#define GATE_BITS (UINT64_C(1) << REQUEST_FAIL_ABOVE | UINT64_C(1) << REQUEST_FAIL_BELOW)

typedef struct Said {
        int id;
        const char *value; /* of argv; NULL: a flag */
} Said;

static const Option own_options[] = {
        { "quick", 0, NULL, N_("6 trials, the fewest that give an interval"), OPTION_QUICK },
        { "careful", 0, NULL, N_("20 trials"), OPTION_CAREFUL },
        { "prepare", 0, "COMMAND", N_("run a shell command first, once, outside the measurement"), OPTION_PREPARE },
};

/* An option says the same of every program: what is one's own is its operand. */
static bool is_ones_own(int id) {
        return id == OPTION_SUBMISSION || id == OPTION_REQUEST || id == REQUEST_CANDIDATE_ID;
}

size_t compare_run_options(Option *options, size_t n) {
        Option all[COMPARE_RUN_OPTIONS_MAX];
        size_t n_all = G_N_ELEMENTS(own_options);

        memcpy(all, own_options, sizeof(own_options));
        memcpy(all + n_all, sent_options, sizeof(sent_options));
        n_all = key_options(JOB_COMPARE, all, n_all + SENT_OPTIONS_COUNT);
        n_all = key_options(REQUEST_CANDIDATE, all, n_all);
        for (size_t i = 0; i < n_all; i++)
                if (!is_ones_own(all[i].id))
                        options[n++] = all[i];
        return n;
}

void compare_run_init(CompareRun *run) {
        *run = (CompareRun){ .said = g_array_new(FALSE, FALSE, sizeof(Said)) };
        key_limits_init(&run->limits);
        run->request = request_new(JOB_COMPARE, &run->limits);
}

void compare_run_done(CompareRun *run) {
        g_array_unref(run->said);
        request_free(run->request);
}

static int set_key(CompareRun *run, KeyId id, const char *value, char **ret_problem) {
        return request_set_text(run->request, id, &run->limits, value, ret_problem);
}

/* Tried out on a program that is none: a wrong value is told before anything is read. */
static int say_of_programs(CompareRun *run, int id, const char *value, char **ret_problem) {
        const Said said = { id, value };
        g_autoptr(Request) nobody = request_new(REQUEST_CANDIDATE, &run->limits);
        Sent sent;
        int r;

        sent_init(&sent);
        r = id < N_REQUEST_KEYS ? request_set_text(nobody, (KeyId) id, &run->limits, value, ret_problem)
                                : sent_set_option(&sent, id, value, ret_problem);
        sent_done(&sent);
        if (r >= 0)
                g_array_append_val(run->said, said);
        return r;
}

int compare_run_set_option(CompareRun *run, int id, const char *value, char **ret_problem) {
        switch (id) {
        case OPTION_QUICK:
                return set_key(run, REQUEST_TRIALS, QUICK_TRIALS, ret_problem);
        case OPTION_CAREFUL:
                return set_key(run, REQUEST_TRIALS, CAREFUL_TRIALS, ret_problem);
        case OPTION_PREPARE:
                run->prepare = value;
                return 0;
        default:
                return id < N_REQUEST_KEYS && request_key_takes((KeyId) id, JOB_COMPARE)
                                       ? set_key(run, (KeyId) id, value, ret_problem)
                                       : say_of_programs(run, id, value, ret_problem);
        }
}

bool compare_run_is_asked(const CompareRun *run) {
        return run->prepare || run->said->len > 0 || run->request->given & ~GATE_BITS;
}

/* ---- one program ---- */

/* They were all right when they were tried. */
static void say_again(const CompareRun *run, Request *candidate, Sent *sent) {
        for (guint i = 0; i < run->said->len; i++) {
                const Said *said = &g_array_index(run->said, Said, i);
                g_autofree char *problem = NULL;

                if (said->id < N_REQUEST_KEYS)
                        (void) request_set_text(candidate, (KeyId) said->id, &run->limits, said->value, &problem);
                else
                        (void) sent_set_option(sent, said->id, said->value, &problem);
        }
}

/* What it is called in messages and in the report, where its command line is short enough for that. */
static void name_candidate(Request *candidate, const char *operand) {
        g_autofree char *problem = NULL;

        (void) request_set_text(candidate, REQUEST_CANDIDATE_ID, NULL, operand, &problem);
}

/* The same for every program. */
static int give_input(Request *candidate, int stdin_fd) {
        if (stdin_fd < 0)
                return 0;
        candidate->stdin_fd = fcntl(stdin_fd, F_DUPFD_CLOEXEC, 3);
        if (candidate->stdin_fd < 0)
                return usage_error("compare", _("standard input cannot be passed on: %s"), g_strerror(errno));
        candidate->given |= UINT64_C(1) << REQUEST_STDIN;
        return 0;
}

static int say_how_on_host(const char *host) {
        g_autofree char *shown = text_printable(host, false);

        return usage_error("compare",
                           _("open files cannot be passed to another machine; run “joulectl compare” there, with "
                             "ssh %s, or send the programs along, with --profile box, --file or --tests"),
                           shown);
}

static int fill_host(const Arguments *arguments, Request *candidate, char **args, int stdin_fd, bool quiet) {
        int r;

        if (arguments->host)
                return say_how_on_host(arguments->host);
        r = host_command("compare", candidate, args);
        if (r == 0)
                r = host_directory("compare", candidate);
        if (r == 0)
                r = give_input(candidate, stdin_fd);
        if (r == 0)
                host_environment(candidate, quiet);
        return r;
}

static int fill_box(Sent *sent, const Arguments *arguments, Request *candidate, char **args, int stdin_fd) {
        const int r = sent_fill_request(sent, "compare", arguments, candidate, args);

        return r == 0 && !candidate->tests ? give_input(candidate, stdin_fd) : r;
}

static int add_candidate(CompareRun *run, const Arguments *arguments, const char *operand, int stdin_fd, bool first) {
        Arguments spoken = *arguments;
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) args = NULL;
        Request *candidate;
        Sent sent;
        int r;

        if (!g_shell_parse_argv(operand, NULL, &args, &error)) {
                g_autofree char *shown = text_printable(operand, false);

                return usage_error("compare", _("“%s” is no command line: %s"), shown, error->message);
        }
        spoken.quiet = arguments->quiet || !first; /* what is the same of every program is said once */
        candidate = request_add_candidate(run->request, &run->limits);
        sent_init(&sent);
        say_again(run, candidate, &sent);
        name_candidate(candidate, operand);
        r = sent_wants_box(&sent, candidate) ? fill_box(&sent, &spoken, candidate, args, stdin_fd)
                                             : fill_host(&spoken, candidate, args, stdin_fd, spoken.quiet);
        sent_done(&sent);
        return r;
}

/* ---- all of them ---- */

static int add_all(CompareRun *run, const Arguments *arguments, char *const *operands) {
        g_autofree char *problem = NULL;
        autofd stdin_fd = -1;
        int r = 0;

        if (!arguments->host && spool_stdin(STDIN_FILENO, !arguments->quiet, &stdin_fd, &problem) < 0)
                return usage_error("compare", "%s", problem);
        for (size_t i = 0; r == 0 && operands[i]; i++)
                r = add_candidate(run, arguments, operands[i], stdin_fd, i == 0);
        return r;
}

static int compare_and_show(const Arguments *arguments, Service *service, CompareRun *run) {
        g_autoptr(Report) report = NULL;
        uint32_t id;
        int code, r;

        code = submit_and_wait(arguments, service, "Compare", run->request, &id);
        if (id == 0)
                return code;
        r = report_print(arguments, service, id, &report);
        return r != 0 ? r : report_exit_code(report, code);
}

int compare_run(CompareRun *run, Arguments *arguments, char *const *operands) {
        const unsigned n = g_strv_length((char **) operands);
        g_autoptr(Service) service = NULL;
        g_autofree char *problem = NULL;
        int r;

        if (n < REQUEST_CANDIDATES_MIN)
                return usage_error("compare", _("which programs? Give the command lines of two or more, each in "
                                                "quotes, or --stored and finished jobs"));
        if (n > REQUEST_CANDIDATES_MAX)
                return usage_error("compare", _("give at most %u programs"), REQUEST_CANDIDATES_MAX);
        if (run->request->detach && arguments->local)
                return usage_error("compare",
                                   _("--detach does not go with --local: there is no service to go on without you"));
        if (arguments->meter && set_key(run, REQUEST_METER, arguments->meter, &problem) < 0)
                return usage_error("compare", "%s", problem);
        r = add_all(run, arguments, operands);
        if (r == 0 && run->prepare)
                r = run_prepare(run->prepare);
        if (r == 0)
                r = service_open(arguments, &service);
        if (r != 0)
                return r;
        return run->request->detach ? submit_detached(arguments, service, "Compare", run->request)
                                    : compare_and_show(arguments, service, run);
}
