/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "host-request.h"
#include "job-options.h"
#include "prepare.h"
#include "report-out.h"
#include "request.h"
#include "say.h"
#include "sent.h"
#include "spool.h"

#define QUICK_TRIALS "6"
#define CAREFUL_TRIALS "20"
#define EXCERPT_LINES 10

/* Beyond the keys of a request and what is sent along. */
enum {
        OPTION_QUICK = N_SENT_OPTIONS,
        OPTION_CAREFUL,
        OPTION_PREPARE,
        OPTION_SHOW_OUTPUT,
        OPTION_OUTPUT,
};

typedef struct Measure {
        Arguments *arguments;
        Request *request;
        RequestLimits limits;
        Sent sent;
        const char *prepare;
        bool show_output;
        const char *output;
        int output_spool, error_spool; /* -1: none */
} Measure;

static const Option own_options[] = {
        { "quick", 0, NULL, N_("6 trials, the fewest that give an interval"), OPTION_QUICK },
        { "careful", 0, NULL, N_("20 trials"), OPTION_CAREFUL },
        { "until-rel-ci", 0, "FRACTION", N_("the same as --rel-ci"), REQUEST_REL_CI },
        { "prepare", 0, "COMMAND", N_("run a shell command first, once, outside the measurement"), OPTION_PREPARE },
        { "show-output", 0, NULL, N_("show what the first run wrote"), OPTION_SHOW_OUTPUT },
        { "output", 0, "FILE", N_("write the first run's standard output to FILE"), OPTION_OUTPUT },
};

const Option *measure_options(void) {
        static Option options[G_N_ELEMENTS(own_options) + SENT_OPTIONS_COUNT + N_REQUEST_KEYS + 1];
        size_t n = G_N_ELEMENTS(own_options);

        memcpy(options, own_options, sizeof(own_options));
        memcpy(options + n, sent_options, sizeof(sent_options));
        n = key_options(JOB_MEASURE, options, n + SENT_OPTIONS_COUNT);
        options[n] = (Option){};
        return options;
}

static int set_key(Measure *measure, KeyId id, const char *value, char **ret_problem) {
        return request_set_text(measure->request, id, &measure->limits, value, ret_problem);
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Measure *measure = userdata;

        switch (id) {
        case OPTION_QUICK:
                return set_key(measure, REQUEST_TRIALS, QUICK_TRIALS, ret_problem);
        case OPTION_CAREFUL:
                return set_key(measure, REQUEST_TRIALS, CAREFUL_TRIALS, ret_problem);
        case OPTION_PREPARE:
                measure->prepare = value;
                return 0;
        case OPTION_SHOW_OUTPUT:
                measure->show_output = true;
                return 0;
        case OPTION_OUTPUT:
                measure->output = value;
                return 0;
        default:
                return id < N_REQUEST_KEYS ? set_key(measure, (KeyId) id, value, ret_problem)
                                           : sent_set_option(&measure->sent, id, value, ret_problem);
        }
}

static int set_output(Measure *measure) {
        Request *request = measure->request;
        int r = 0;

        if (measure->output) {
                request->output_fd = open(measure->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
                if (request->output_fd < 0)
                        return usage_error("measure", _("%s cannot be written: %s"), measure->output,
                                           g_strerror(errno));
                request->given |= UINT64_C(1) << REQUEST_OUTPUT;
        }
        if (request->detach)
                return 0;

        /* also kept for the excerpt when the program fails */
        if (!measure->output) {
                r = spool_new("stdout", &measure->output_spool);
                if (r >= 0)
                        r = request->output_fd = fcntl(measure->output_spool, F_DUPFD_CLOEXEC, 3);
                request->given |= UINT64_C(1) << REQUEST_OUTPUT;
        }
        if (r >= 0)
                r = spool_new("stderr", &measure->error_spool);
        if (r >= 0)
                r = request->error_output_fd = fcntl(measure->error_spool, F_DUPFD_CLOEXEC, 3);
        request->given |= UINT64_C(1) << REQUEST_ERROR_OUTPUT;
        return r < 0 ? usage_error("measure", _("no memory for the program's output: %s"), g_strerror(errno)) : 0;
}

static int set_input(Measure *measure) {
        g_autofree char *problem = NULL;
        int r;

        r = spool_stdin(STDIN_FILENO, !measure->arguments->quiet, &measure->request->stdin_fd, &problem);
        if (r < 0)
                return usage_error("measure", "%s", problem);
        if (measure->request->stdin_fd >= 0)
                measure->request->given |= UINT64_C(1) << REQUEST_STDIN;
        return 0;
}

static int say_how_on_host(const char *host, char **args) {
        g_autofree char *command = text_command(args), *shown = text_printable(host, false);

        return usage_error("measure",
                           _("open files cannot be passed to another machine; measure there with:\n"
                             "  ssh %s joulectl measure -- %s\n"
                             "or send the program along, with --profile box, --file or --tests"),
                           shown, command);
}

static void print_excerpt(const char *title, const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        say(stderr, "  %s\n", title);
        for (char **line = lines; *line; line++)
                say(stderr, "  | %s\n", *line);
}

/* What the failing program had to say, unless the user sees it in the job's message anyway. */
static void show_excerpt(const Measure *measure, const Report *report) {
        g_autofree char *seen = text_printable(report->error_message ?: "", true);
        g_autofree char *error = measure->error_spool >= 0 ? spool_tail(measure->error_spool, EXCERPT_LINES) : NULL;
        g_autofree char *output = NULL;

        if (error && strstr(seen, error))
                return;
        if (error) {
                print_excerpt(_("the end of the first run's error output:"), error);
                return;
        }
        output = measure->output_spool >= 0 ? spool_tail(measure->output_spool, EXCERPT_LINES) : NULL;
        if (output)
                print_excerpt(_("the end of the first run's output:"), output);
}

static void show_output(const Measure *measure) {
        /* with --json standard output holds one JSON document and nothing else */
        if (measure->output_spool >= 0)
                (void) spool_copy(measure->output_spool, measure->arguments->json ? STDERR_FILENO : STDOUT_FILENO);
        if (measure->error_spool >= 0)
                (void) spool_copy(measure->error_spool, STDERR_FILENO);
}

static int measure_and_show(const Arguments *arguments, Service *service, Measure *measure) {
        g_autoptr(Report) report = NULL;
        uint32_t id;
        int code, r;

        code = submit_and_wait(arguments, service, "Measure", measure->request, &id);
        if (id == 0)
                return code;

        if (measure->show_output)
                show_output(measure);
        r = report_print_tests(arguments, service, id, measure->sent.metadata, &report);
        if (r != 0)
                return r;
        if (code == EXIT_JOB_FAILED && !measure->show_output && !report->validation)
                show_excerpt(measure, report);
        return report_exit_code(report, code);
}

static int check(const Measure *measure) {
        const Arguments *arguments = measure->arguments;

        if (measure->output && measure->show_output)
                return usage_error("measure", _("--output and --show-output exclude each other: use one"));
        if (measure->request->detach && arguments->local)
                return usage_error("measure",
                                   _("--detach does not go with --local: there is no service to go on without you"));
        if (measure->request->detach && measure->show_output)
                return usage_error("measure", _("--show-output does not go with --detach: use --output FILE"));
        return 0;
}

/* A program of the caller's, in the caller's file system. */
static int fill_host(Measure *measure, char **args) {
        const Arguments *arguments = measure->arguments;
        int r;

        if (!args[0])
                return usage_error("measure", _("which command? Write it after the options"));
        if (arguments->host)
                return say_how_on_host(arguments->host, args);
        r = host_command("measure", measure->request, args);
        if (r == 0)
                r = host_directory("measure", measure->request);
        if (r == 0)
                r = set_output(measure);
        if (r == 0)
                r = set_input(measure);
        return r;
}

/* Each test has an input and an output of its own; another machine is passed no descriptors. */
static int fill_box(Measure *measure, char **args) {
        const Arguments *arguments = measure->arguments;
        bool wants_output = measure->output || measure->show_output;
        int r;

        r = sent_fill_request(&measure->sent, "measure", arguments, measure->request, args);
        if (r == 0 && wants_output && measure->request->tests)
                return usage_error("measure", _("--output and --show-output do not go with tests, each of which has "
                                                "an output of its own"));
        if (r == 0 && wants_output && arguments->host)
                return usage_error("measure", _("--output and --show-output do not go with --host: open files cannot "
                                                "be passed to another machine"));
        if (r == 0 && !measure->request->tests && !arguments->host) {
                r = set_output(measure);
                if (r == 0)
                        r = set_input(measure);
        }
        return r;
}

static int run(Measure *measure, char **args) {
        Arguments *arguments = measure->arguments;
        bool box = sent_wants_box(&measure->sent, measure->request);
        g_autofree char *problem = NULL;
        g_autoptr(Service) service = NULL;
        int r;

        r = check(measure);
        if (r != 0)
                return r;
        if (arguments->meter && set_key(measure, REQUEST_METER, arguments->meter, &problem) < 0)
                return usage_error("measure", "%s", problem);
        r = box ? fill_box(measure, args) : fill_host(measure, args);
        if (r == 0 && measure->prepare)
                r = run_prepare(measure->prepare);
        if (r == 0)
                r = service_open(arguments, &service);
        if (r != 0)
                return r;
        if (!box)
                host_environment(measure->request, arguments->quiet);

        return measure->request->detach ? submit_detached(arguments, service, "Measure", measure->request)
                                        : measure_and_show(arguments, service, measure);
}

int verb_measure(Arguments *arguments, char **args) {
        Measure measure = { .arguments = arguments, .output_spool = -1, .error_spool = -1 };
        g_autofree char **operands = NULL;
        int r;

        sent_init(&measure.sent);
        key_limits_init(&measure.limits);
        measure.request = request_new(JOB_MEASURE, &measure.limits);
        r = verb_parse("measure", arguments, measure_options(), set_option, &measure, args, &operands);
        if (r == 0)
                r = run(&measure, operands);

        (void) safe_close(measure.output_spool);
        (void) safe_close(measure.error_spool);
        sent_done(&measure.sent);
        request_free(measure.request);
        return r;
}
