/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "names.h"
#include "say.h"

#define FREEDESKTOP "org.freedesktop.DBus.Error."
#define SYSTEMD "org.freedesktop.systemd1."

#define NOT_RUNNING N_("the measuring service is not there")
#define START_IT                                                                                                              \
        N_("install it, or look at “systemctl status jouletraced”; “joulectl --local …” measures without it, with " \
           "less")
#define WENT_AWAY N_("the service was restarted")
#define SUBMIT_AGAIN N_("submit again; “journalctl -u jouletraced” says why it stopped")
#define OTHER_VERSION N_("joulectl and the service do not understand each other")
#define SAME_VERSION N_("install the same version of both, then “systemctl restart jouletraced”")

const ErrorText error_texts[] = {
        { JT_ERROR_NOT_READY, N_("the service is not ready to measure"),
          N_("see what is missing with “joulectl status”"), EXIT_INFRASTRUCTURE, true },
        { JT_ERROR_NO_METER, N_("the energy counters asked for are not there"),
          N_("see what there is with “joulectl topology”; without --meter, time alone is measured"),
          EXIT_INFRASTRUCTURE, true },
        { JT_ERROR_QUEUE_FULL, N_("the queue is full"),
          N_("wait until a job of yours has ended (“joulectl jobs”), or end one with “joulectl cancel ID”"),
          EXIT_INFRASTRUCTURE, true },
        { JT_ERROR_NO_SUCH_JOB, N_("there is no such job, or it is not yours"),
          N_("list yours with “joulectl jobs --all”"), EXIT_JOB_FAILED, false },
        { JT_ERROR_NOT_FINISHED, N_("the job has not finished"),
          N_("watch it with “joulectl show --follow ID”, or end it with “joulectl cancel ID”"), EXIT_JOB_FAILED,
          false },
        { JT_ERROR_INVALID_REQUEST, N_("the service refuses the request"),
          N_("change that option; “joulectl measure --help” lists them all"), EXIT_USAGE, true },
        { JT_ERROR_EXEC_FAILED, N_("the program could not be started"),
          N_("check that it exists, may be executed, and starts when you run it yourself"), EXIT_JOB_FAILED, true },
        { JT_ERROR_RUN_FAILED, N_("the program failed"),
          N_("mend it, raise the limit it met, or measure it all the same with --ignore-exit"), EXIT_JOB_FAILED,
          true },
        { JT_ERROR_WRONG_ANSWER, N_("the program's answer is wrong"),
          N_("compare what was expected with what it wrote, and mend the program"), EXIT_JOB_FAILED, true },
        { JT_ERROR_COMPILE_FAILED, N_("the program could not be compiled"),
          N_("read what the compiler says; --language names another one"), EXIT_JOB_FAILED, true },
        { JT_ERROR_DIVERGED, N_("the program's output was another one when it was measured"),
          N_("let the output depend on the input only: no time, no random numbers, no addresses"), EXIT_JOB_FAILED,
          true },
        { JT_ERROR_JOB_LIMIT, N_("the job ran out of time"),
          N_("ask for fewer --trials, or for more time with --job-limit"), 124, true },
        { JT_ERROR_ENERGY_LIMIT, N_("the program used more energy than allowed"),
          N_("raise or leave out --max-joules"), EXIT_JOB_FAILED, true },
        { JT_ERROR_CHANGE_LIMIT, N_("a candidate takes more or less than allowed"),
          N_("make it take what is allowed, or allow what it takes with --fail-above and --fail-below"),
          EXIT_JOB_FAILED, true },
        { JT_ERROR_SCOPE_FAILED, N_("the system could not fence the job in"),
          N_("try again; if it stays, an administrator finds the cause with “journalctl -u jouletraced”"),
          EXIT_INFRASTRUCTURE, true },
        { JT_ERROR_BOX_UNAVAILABLE, N_("no box could be made to run the program in"),
          N_("an administrator finds the cause with “journalctl -u 'jouletrace*'”; your own programs run with "
             "--profile host"),
          EXIT_INFRASTRUCTURE, true },
        { JT_ERROR_CPUS_UNAVAILABLE, N_("the processors asked for could not be had"),
          N_("ask for fewer --cpus, or for --isolation confined; “joulectl status” shows what is reserved"),
          EXIT_INFRASTRUCTURE, true },
        { JT_ERROR_HOST_BUSY, N_("another measurement keeps this machine busy"), N_("try again when it has ended"),
          EXIT_INFRASTRUCTURE, true },
        { JT_ERROR_WORKER_FAILED, N_("the service lost the process that measured"),
          N_("try again; if it stays, report it with “journalctl -u 'jouletrace*'”"), EXIT_INFRASTRUCTURE, true },
        { JT_ERROR_VALIDATOR_FAILED, N_("the validator failed, not the program"),
          N_("mend the validator: it has to compile, and to accept the jury's own answers"), EXIT_INFRASTRUCTURE,
          true },
        { JT_ERROR_SERVICE_RESTARTED, WENT_AWAY, SUBMIT_AGAIN, EXIT_INFRASTRUCTURE, true },
        { JT_ERROR_SERVICE_STOPPED, N_("the service was stopped"),
          N_("submit again when it is back; “systemctl status jouletraced” shows whether it is"), EXIT_INTERRUPTED,
          true },
        { JT_ERROR_CALLER_LEFT, N_("the job ended because whoever asked for it left"),
          N_("use --detach for jobs that shall go on alone"), EXIT_INTERRUPTED, true },
        { JT_ERROR_CANCELLED, N_("the job was cancelled"), N_("submit it again when you want its result"),
          EXIT_INTERRUPTED, true },

        { SD_BUS_ERROR_ACCESS_DENIED, N_("you are not allowed to do this"),
          N_("ask an administrator to add you to the group “jouletrace”, and log in again"), EXIT_NOT_AUTHORISED,
          false },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, N_("this needs an administrator's password"),
          N_("run it from a terminal where it can be asked for, or ask to be added to the group “jouletrace”"),
          EXIT_NOT_AUTHORISED, false },
        { SD_BUS_ERROR_LIMITS_EXCEEDED, N_("that is more than you may ask for"), N_("wait a little, then try again"),
          EXIT_INFRASTRUCTURE, true },
        { SD_BUS_ERROR_INVALID_ARGS, N_("the service does not understand the request"),
          N_("change that option; “joulectl measure --help” lists them all"), EXIT_USAGE, true },
        { SD_BUS_ERROR_SERVICE_UNKNOWN, NOT_RUNNING, START_IT, EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, NOT_RUNNING, START_IT, EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_NO_SERVER, NOT_RUNNING, START_IT, EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_FILE_NOT_FOUND, NOT_RUNNING, START_IT, EXIT_INFRASTRUCTURE, false },
        { SYSTEMD "NoSuchUnit", NOT_RUNNING, START_IT, EXIT_INFRASTRUCTURE, false },
        { SYSTEMD "UnitMasked", N_("an administrator has switched the measuring service off"),
          N_("“systemctl unmask jouletraced” switches it on again; “joulectl --local …” measures without it, with "
             "less"),
          EXIT_INFRASTRUCTURE, false },
        { FREEDESKTOP "Spawn.ChildExited", N_("the measuring service does not start"),
          N_("“journalctl -u jouletraced” says why"), EXIT_INFRASTRUCTURE, false },
        { FREEDESKTOP "Spawn.Failed", N_("the measuring service does not start"),
          N_("“journalctl -u jouletraced” says why"), EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_NO_REPLY, N_("the service does not answer"),
          N_("try again; “systemctl status jouletraced” shows what it is doing"), EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_TIMEOUT, N_("the service does not answer"),
          N_("try again; “systemctl status jouletraced” shows what it is doing"), EXIT_INFRASTRUCTURE, false },
        { FREEDESKTOP "TimedOut", N_("the service does not answer"),
          N_("try again; “systemctl status jouletraced” shows what it is doing"), EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_DISCONNECTED, WENT_AWAY, SUBMIT_AGAIN, EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_UNKNOWN_METHOD, OTHER_VERSION, SAME_VERSION, EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_UNKNOWN_INTERFACE, OTHER_VERSION, SAME_VERSION, EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_UNKNOWN_PROPERTY, OTHER_VERSION, SAME_VERSION, EXIT_INFRASTRUCTURE, false },
        /* a job has an object of its own until a while after its end */
        { SD_BUS_ERROR_UNKNOWN_OBJECT, N_("no such job waits or runs"),
          N_("“joulectl jobs” lists those that do, “joulectl jobs --all” those that have ended"), EXIT_JOB_FAILED,
          false },
        { EXPLAIN_NOT_EMBEDDED, N_("measuring without the service does not start"),
          N_("check that the package is installed whole, and that the options after --local are right"),
          EXIT_INFRASTRUCTURE, false },
        { EXPLAIN_HOST_UNREACHABLE, N_("the other machine cannot be reached"),
          N_("check that “ssh HOST true” works and that the service is installed there"), EXIT_INFRASTRUCTURE, false },
        { SD_BUS_ERROR_NO_MEMORY, N_("the machine is out of memory"), N_("try again when it has less to do"),
          EXIT_INFRASTRUCTURE, false },
        { NULL, N_("something went wrong that should not"),
          N_("try again; if it stays, report it with “journalctl -u jouletraced”"), EXIT_INFRASTRUCTURE, true },
};

const ErrorText *error_text(const char *name) {
        const ErrorText *text = error_texts;

        while (text->name && g_strcmp0(text->name, name) != 0)
                text++;
        return text;
}

/* Sentences written for programmers do not help the reader of a terminal. */
static bool speaks_bus(const char *message) {
        static const char *const words[] = { "org.freedesktop.", "org.jouletrace.", "D-Bus", "DBus", "sd_bus" };

        for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
                if (strstr(message, words[i]))
                        return true;
        return false;
}

Explanation *explain(const char *name, const char *message, const char *subject, const char *next) {
        const ErrorText *text = error_text(name);
        Explanation *e = g_new0(Explanation, 1);
        bool usable = message && *message && text->message_helps && !speaks_bus(message);

        e->what = g_strdup(_(text->what));
        e->value = g_strchomp(text_printable(usable ? message : subject, true));
        e->next = !text->name && next && *next && !speaks_bus(next) ? text_printable(next, false)
                                                                    : g_strdup(_(text->next));
        return e;
}

Explanation *explanation_free(Explanation *explanation) {
        if (!explanation)
                return NULL;
        g_free(explanation->what);
        g_free(explanation->value);
        g_free(explanation->next);
        g_free(explanation);
        return NULL;
}

void explanation_name_verb(Explanation *e, const char *verb) {
        g_autofree char *named = verb ? g_strdup_printf("joulectl %s --help", verb) : NULL;
        g_auto(GStrv) parts = named ? g_strsplit(e->next, "joulectl measure --help", -1) : NULL;

        if (!parts)
                return;
        g_free(e->next);
        e->next = g_strjoinv(named, parts);
}

void explanation_append(GString *out, const Explanation *e, const char *prefix, const Style *style) {
        g_autofree char *what = g_strconcat(prefix, e->what, NULL);
        g_auto(GStrv) lines = g_strsplit(e->value, "\n", -1);
        g_autofree char *value = g_strjoinv("\n  ", lines);

        text_append_coloured(out, style, COLOUR_BAD, what);
        g_string_append_printf(out, "\n  %s\n  %s %s\n", value, style->ascii ? "->" : "→", e->next);
}

int explain_error(const sd_bus_error *error, const char *subject, const Style *style) {
        return explain_refusal(error, subject, NULL, style);
}

int explain_refusal(const sd_bus_error *error, const char *subject, const char *verb, const Style *style) {
        g_autoptr(Explanation) explanation = explain(error->name, error->message, subject, NULL);
        g_autoptr(GString) out = g_string_new(NULL);

        explanation_name_verb(explanation, verb);
        explanation_append(out, explanation, "joulectl: ", &(Style){ .ascii = style->ascii });
        say(stderr, "%s", out->str);
        return error_text(error->name)->exit_code;
}

int explain_errno(int r, const char *subject, const Style *style) {
        const char *name = NULL;

        switch (-r) {
        case ENOENT:
        case ECONNREFUSED:
                name = SD_BUS_ERROR_SERVICE_UNKNOWN;
                break;
        case ETIMEDOUT:
                name = SD_BUS_ERROR_NO_REPLY;
                break;
        case ECONNRESET:
        case ENOTCONN:
        case EPIPE:
        case ESHUTDOWN:
                name = SD_BUS_ERROR_DISCONNECTED;
                break;
        case EACCES:
        case EPERM:
                name = SD_BUS_ERROR_ACCESS_DENIED;
                break;
        default: {
                g_autofree char *message = g_strdup_printf("%s: %s", subject, g_strerror(-r));

                return explain_error(&SD_BUS_ERROR_MAKE_CONST(NULL, message), subject, style);
        }
        }
        return explain_error(&SD_BUS_ERROR_MAKE_CONST(name, NULL), subject, style);
}
