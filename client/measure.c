/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "explain.h"
#include "host-request.h"
#include "names.h"
#include "report-out.h"
#include "request.h"
#include "say.h"
#include "spool.h"
#include "watch.h"

#define QUICK_TRIALS "6"
#define CAREFUL_TRIALS "20"
#define EXCERPT_LINES 10
#define FALLBACK_SIZE 32

/* Beyond the request keys, whose ids are KeyIds. */
enum {
        OPTION_QUICK = N_REQUEST_KEYS,
        OPTION_CAREFUL,
        OPTION_PREPARE,
        OPTION_SHOW_OUTPUT,
        OPTION_OUTPUT,
};

typedef struct Measure {
        Arguments *arguments;
        Request *request;
        RequestLimits limits;
        const char *prepare;
        bool show_output;
        const char *output;
        int output_spool, error_spool; /* -1: none */
} Measure;

static const Option own_options[] = {
        { "quick", 0, NULL, N_("6 trials, the fewest that give an interval"), OPTION_QUICK },
        { "careful", 0, NULL, N_("20 trials"), OPTION_CAREFUL },
        { "prepare", 0, "COMMAND", N_("run a shell command first, once, outside the measurement"), OPTION_PREPARE },
        { "show-output", 0, NULL, N_("show what the first run wrote"), OPTION_SHOW_OUTPUT },
        { "output", 0, "FILE", N_("write the first run's standard output to FILE"), OPTION_OUTPUT },
};

/* The default of a number; the others' stand in their texts. */
static const char *fallback(KeyId id, char text[static FALLBACK_SIZE]) {
        g_autofree char *number = NULL;

        if (request_keys[id].bounds.fallback == 0 || id == REQUEST_WALL_LIMIT)
                return NULL;
        number = request_format_number(request_keys[id].type, request_keys[id].bounds.fallback);
        (void) g_strlcpy(text, number, FALLBACK_SIZE);
        return text;
}

const Option *measure_options(void) {
        static char fallbacks[N_REQUEST_KEYS][FALLBACK_SIZE];
        static Option options[G_N_ELEMENTS(own_options) + N_REQUEST_KEYS + 1];
        size_t n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(own_options); i++)
                options[n++] = own_options[i];
        for (int id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];

                /* the meter is a global option, since --local takes it at every verb */
                if (!key->metavar || id == REQUEST_METER)
                        continue;
                options[n++] = (Option){
                        .name = key->name,
                        .metavar = key->type == KEY_BOOLEAN ? NULL : key->metavar,
                        .doc = key->doc,
                        .id = id,
                        .choices = key->choices,
                        .fallback = fallback((KeyId) id, fallbacks[id]),
                };
        }
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
                return set_key(measure, (KeyId) id, value, ret_problem);
        }
}

/* The table's bounds, without those that a service's configuration may raise: the service knows them. */
static void limits_init(RequestLimits *limits) {
        request_limits_init(limits);
        for (int id = 0; id < N_REQUEST_KEYS; id++) {
                if (!request_keys[id].knob)
                        continue;
                if (id == REQUEST_MIN_WINDOW)
                        limits->bounds[id].min = 0;
                else
                        limits->bounds[id].max = request_keys[id].type == KEY_UINT32 ? UINT32_MAX : UINT64_MAX;
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

/* Its output goes to standard error: ours is for the result. */
static int run_prepare(const char *command) {
        int status;
        pid_t pid;

        fflush(NULL);
        pid = fork();
        if (pid < 0) {
                say(stderr, _("joulectl: --prepare cannot be run: %s\n"), g_strerror(errno));
                return EXIT_INFRASTRUCTURE;
        }
        if (pid == 0) {
                int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

                /* standard input belongs to the program that is measured */
                if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                        _exit(126);
                (void) execl("/bin/sh", "sh", "-c", command, (char *) NULL);
                _exit(127);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return EXIT_INFRASTRUCTURE;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        if (WIFEXITED(status))
                say(stderr, _("joulectl: nothing was measured: --prepare ended with exit status %d\n"),
                    WEXITSTATUS(status));
        else
                say(stderr, _("joulectl: nothing was measured: --prepare was killed by signal %d\n"),
                    WTERMSIG(status));
        return EXIT_JOB_FAILED;
}

static int fill_measure(sd_bus_message *m, void *userdata) {
        return request_append_given(m, ((Measure *) userdata)->request);
}

static int say_how_on_host(const char *host, char **args) {
        g_autofree char *command = text_command(args), *shown = text_printable(host, false);

        return usage_error("measure",
                           _("open files cannot be passed to another machine; measure there with:\n"
                             "  ssh %s joulectl measure -- %s"),
                           shown, command);
}

static int submit_detached(const Arguments *arguments, Service *service, Measure *measure) {
        const Call call = MANAGER_CALL("Measure", .fill = fill_measure, .userdata = measure);
        g_autoptr(sd_bus_message) reply = NULL;
        uint32_t id;
        int r;

        r = service_call(service, &call, &reply);
        if (r != 0)
                return r;
        r = sd_bus_message_read(reply, "uo", &id, NULL);
        if (r < 0)
                return explain_errno(r, service->name, &service->style);
        if (arguments->json)
                printf("{\"id\":%u}\n", id);
        else
                printf("%u\n", id);
        return EXIT_DONE;
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

static int submit_and_wait(const Arguments *arguments, Service *service, Measure *measure) {
        g_autoptr(Progress) progress = progress_new(arguments);
        g_autoptr(Report) report = NULL;
        g_autoptr(Watch) watch = NULL;
        int code, r;

        r = watch_new(service, progress, true, &watch);
        if (r != 0)
                return r;
        code = watch_submit(watch, "Measure", fill_measure, measure);
        if (!watch_result(watch))
                return code;

        if (measure->show_output)
                show_output(measure);
        r = report_print(arguments, service, watch_id(watch), &report);
        if (r != 0)
                return r;
        if (code == EXIT_JOB_FAILED && !measure->show_output)
                show_excerpt(measure, report);
        return code;
}

static int check(const Measure *measure, char **args) {
        const Arguments *arguments = measure->arguments;

        if (!args[0])
                return usage_error("measure", _("which command? Write it after the options"));
        if (arguments->host)
                return say_how_on_host(arguments->host, args);
        if (measure->output && measure->show_output)
                return usage_error("measure", _("--output and --show-output exclude each other: use one"));
        if (measure->request->detach && arguments->local)
                return usage_error("measure",
                                   _("--detach does not go with --local: there is no service to go on without you"));
        if (measure->request->detach && measure->show_output)
                return usage_error("measure", _("--show-output does not go with --detach: use --output FILE"));
        return 0;
}

static int run(Measure *measure, char **args) {
        Arguments *arguments = measure->arguments;
        g_autofree char *problem = NULL;
        g_autoptr(Service) service = NULL;
        int r;

        r = check(measure, args);
        if (r != 0)
                return r;
        if (arguments->meter && set_key(measure, REQUEST_METER, arguments->meter, &problem) < 0)
                return usage_error("measure", "%s", problem);
        r = host_command("measure", measure->request, args);
        if (r == 0)
                r = host_directory("measure", measure->request);
        if (r == 0)
                r = set_output(measure);
        if (r == 0)
                r = set_input(measure);
        if (r == 0 && measure->prepare)
                r = run_prepare(measure->prepare);
        if (r == 0)
                r = service_open(arguments, &service);
        if (r != 0)
                return r;
        host_environment(measure->request, arguments->quiet);

        return measure->request->detach ? submit_detached(arguments, service, measure)
                                        : submit_and_wait(arguments, service, measure);
}

int verb_measure(Arguments *arguments, char **args) {
        Measure measure = { .arguments = arguments, .output_spool = -1, .error_spool = -1 };
        g_autofree char **operands = NULL;
        int r;

        limits_init(&measure.limits);
        measure.request = request_new(JOB_MEASURE, &measure.limits);
        r = verb_parse("measure", arguments, measure_options(), set_option, &measure, args, &operands);
        if (r == 0)
                r = run(&measure, operands);

        (void) safe_close(measure.output_spool);
        (void) safe_close(measure.error_spool);
        request_free(measure.request);
        return r;
}
