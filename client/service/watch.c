/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <glib/gi18n.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "dictionary.h"
#include "explain.h"
#include "names.h"
#include "say.h"
#include "sender.h"
#include "states.h"

/* How long the end of a cancelled job is waited for: its processes get killed, which takes a moment, not a minute. */
#define CANCEL_TIMEOUT_USEC (30 * USEC_PER_SEC)

struct Watch {
        Service *service;
        Progress *progress;
        bool interrupt_cancels;
        bool interrupted;
        bool ended;
        int code;   /* exit code, once ended */
        bool asked; /* the password question was allowed */
        const char *method;
        int (*fill)(sd_bus_message *m, void *userdata);
        void *userdata;
        uint32_t id;
        char *path;
        char *sender; /* the service's own name on the bus: nobody else speaks for the job */
        char *result;
        ProgressState state;
        sd_bus_slot *slots[8];
        size_t n_slots;
        sd_event_source *signals[3];
        sd_event_source *timeout;
};

static int finish(Watch *watch, int code) {
        progress_clear(watch->progress);
        watch->code = code;
        watch->ended = true;
        return 0;
}

static bool is_ours(const Watch *watch, sd_bus_message *m) {
        return watch->path && g_strcmp0(sd_bus_message_get_path(m), watch->path) == 0 && sent_by(m, watch->sender);
}

static int read_simulated(sd_bus_message *m, ProgressState *state) {
        int simulated;
        int r;

        r = sd_bus_message_read(m, "v", "b", &simulated);
        if (r >= 0)
                state->simulated = simulated;
        return r;
}

static int read_waits_for(sd_bus_message *m, ProgressState *state) {
        const char *what;
        int r;

        r = sd_bus_message_read(m, "v", "s", &what);
        if (r >= 0)
                state->waits_for_host = strcmp(what, "host") == 0;
        return r;
}

static int read_more(sd_bus_message *m, const char *key, void *userdata) {
        ProgressState *state = userdata;
        const char *type;
        int r;

        r = sd_bus_message_peek_type(m, NULL, &type);
        if (r < 0)
                return r;
        if (strcmp(key, "median") == 0 && strcmp(type, "d") == 0)
                return sd_bus_message_read(m, "v", "d", &state->median_j);
        if (strcmp(key, "simulated") == 0 && strcmp(type, "b") == 0)
                return read_simulated(m, state);
        if (strcmp(key, "queue-position") == 0 && strcmp(type, "u") == 0)
                return sd_bus_message_read(m, "v", "u", &state->queue_position);
        if (strcmp(key, "time-left") == 0 && strcmp(type, "t") == 0)
                return sd_bus_message_read(m, "v", "t", &state->time_left_usec);
        if (strcmp(key, "waits-for") == 0 && strcmp(type, "s") == 0)
                return read_waits_for(m, state);
        return sd_bus_message_skip(m, "v"); /* of a newer service */
}

static int on_progress(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Watch *watch = userdata;
        ProgressState *state = &watch->state;
        int r;

        if (!is_ours(watch, m) || watch->interrupted)
                return 0;
        state->queue_position = 0;
        state->waits_for_host = false;
        state->time_left_usec = UINT64_MAX;
        r = sd_bus_message_read(m, "suud", &state->phase, &state->step, &state->steps, &state->fraction);
        if (r >= 0)
                r = dictionary_read(m, read_more, state);
        if (r < 0)
                return 0; /* a newer service says more than we understand; the end is what counts */
        progress_show(watch->progress, state);
        return 0;
}

static int exit_code(const char *result) {
        JobResult parsed;

        return job_result_from_string(result, &parsed) < 0 ? EXIT_INFRASTRUCTURE : job_result_exit_code(parsed);
}

static int on_finished(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Watch *watch = userdata;
        const char *result;
        int r;

        if (!is_ours(watch, m))
                return 0;
        r = sd_bus_message_read(m, "s", &result);
        if (r < 0)
                return finish(watch, explain_errno(r, watch->service->name, &watch->service->style));
        g_free(watch->result);
        watch->result = g_strdup(result);
        progress_finished(watch->progress, watch->id, result);
        return finish(watch, watch->interrupted ? EXIT_INTERRUPTED : exit_code(result));
}

static int went_away(Watch *watch) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autofree char *subject = watch->id ? g_strdup_printf(_("job %u ended with it"), watch->id)
                                             : g_strdup(watch->service->name);

        if (watch->interrupted)
                return finish(watch, EXIT_INTERRUPTED);
        progress_clear(watch->progress);
        (void) sd_bus_error_set_const(&error, JT_ERROR_SERVICE_RESTARTED, NULL);
        return finish(watch, explain_error(&error, subject, &watch->service->style));
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return went_away(userdata);
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name, *old_owner, *new_owner;
        Watch *watch = userdata;

        if (!sent_by_bus(m))
                return 0;
        if (sd_bus_message_read(m, "sss", &name, &old_owner, &new_owner) < 0 || strcmp(name, JT_BUS_NAME) != 0)
                return 0;
        /* an owner that appears is the service being started for us */
        return *old_owner ? went_away(watch) : 0;
}

static int on_cancelled(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const sd_bus_error *failure = sd_bus_message_get_error(m);
        Watch *watch = userdata;

        if (!failure || watch->result)
                return 0;
        return finish(watch, EXIT_INTERRUPTED); /* nothing left to cancel */
}

static int on_cancel_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Watch *watch = userdata;

        progress_clear(watch->progress);
        say(stderr, _("joulectl: job %u did not end within %u s; see “joulectl jobs”\n"), watch->id,
            (unsigned) (CANCEL_TIMEOUT_USEC / USEC_PER_SEC));
        return finish(watch, EXIT_INTERRUPTED);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Watch *watch = userdata;
        int r;

        if (watch->interrupted || !watch->path || !watch->interrupt_cancels) {
                finish(watch, EXIT_INTERRUPTED);
                if (watch->path && !watch->interrupt_cancels)
                        say(stderr, _("joulectl: no longer watching; job %u goes on\n"), watch->id);
                return 0;
        }

        watch->interrupted = true;
        progress_clear(watch->progress);
        say(stderr, "%s\n", _("joulectl: cancelling; Ctrl-C again leaves at once"));
        r = sd_bus_call_method_async(watch->service->bus, &watch->slots[watch->n_slots], watch->service->destination,
                                     watch->path, JT_JOB_INTERFACE, "Cancel", on_cancelled, watch, NULL);
        if (r < 0)
                return finish(watch, EXIT_INTERRUPTED);
        watch->n_slots++;
        return sd_event_add_time_relative(watch->service->event, &watch->timeout, CLOCK_MONOTONIC, CANCEL_TIMEOUT_USEC,
                                          0, on_cancel_timeout, watch);
}

static int add_match(Watch *watch, const char *sender, const char *path, const char *interface, const char *member,
                     sd_bus_message_handler_t handler) {
        int r;

        r = sd_bus_match_signal(watch->service->bus, &watch->slots[watch->n_slots], sender, path, interface, member,
                                handler, watch);
        if (r >= 0)
                watch->n_slots++;
        return r;
}

static int subscribe(Watch *watch) {
        const char *service = watch->service->destination;
        int r;

        r = add_match(watch, service, NULL, JT_JOB_INTERFACE, "Progress", on_progress);
        if (r >= 0)
                r = add_match(watch, service, NULL, JT_JOB_INTERFACE, "Finished", on_finished);
        if (r >= 0)
                r = add_match(watch, NULL, "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
                              on_disconnected);
        if (r >= 0 && service) {
                /* only our name's changes: the bus has many */
                r = sd_bus_add_match(watch->service->bus, &watch->slots[watch->n_slots],
                                     "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                     "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" JT_BUS_NAME
                                     "'",
                                     on_owner_changed, watch);
                if (r >= 0)
                        watch->n_slots++;
        }
        return r < 0 ? r : 0;
}

static int catch_signals(Watch *watch) {
        static const int signals[G_N_ELEMENTS(watch->signals)] = { SIGINT, SIGTERM, SIGHUP };
        sigset_t set;
        int r = 0;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
                (void) sigaddset(&set, signals[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < G_N_ELEMENTS(signals) && r >= 0; i++)
                r = sd_event_add_signal(watch->service->event, &watch->signals[i], signals[i], on_signal, watch);
        return r < 0 ? r : 0;
}

int watch_new(Service *service, Progress *progress, bool interrupt_cancels, Watch **ret) {
        g_autoptr(Watch) watch = g_new0(Watch, 1);
        int r;

        watch->service = service;
        watch->progress = progress;
        watch->interrupt_cancels = interrupt_cancels;
        watch->state = (ProgressState) PROGRESS_STATE_INIT;
        r = subscribe(watch);
        if (r >= 0)
                r = catch_signals(watch);
        if (r < 0)
                return explain_errno(r, service->name, &service->style);
        *ret = g_steal_pointer(&watch);
        return 0;
}

/* Not sd_event_loop(): its end would close the connection, which the report still has to come through. */
static int watch_run(Watch *watch) {
        while (!watch->ended) {
                int r = sd_event_run(watch->service->event, UINT64_MAX);

                if (r < 0)
                        return explain_errno(r, watch->service->name, &watch->service->style);
        }
        return watch->code;
}

static int submit(Watch *watch, bool interactive);

/* Each verb is a method's name in lower case. */
static int refused(Watch *watch, const sd_bus_error *failure) {
        g_autofree char *verb = g_ascii_strdown(watch->method, -1);

        return finish(watch, explain_refusal(failure, watch->service->name, verb, &watch->service->style));
}

static int on_submitted(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const sd_bus_error *failure = sd_bus_message_get_error(m);
        Watch *watch = userdata;
        const char *path;
        int r;

        if (failure) {
                if (!watch->asked && service_wants_password(watch->service, failure)) {
                        r = submit(watch, true);
                        if (r >= 0)
                                return 0;
                        return finish(watch, explain_errno(r, watch->service->name, &watch->service->style));
                }
                return refused(watch, failure);
        }
        r = sd_bus_message_read(m, "uo", &watch->id, &path);
        if (r < 0)
                return finish(watch, explain_errno(r, watch->service->name, &watch->service->style));
        watch->path = g_strdup(path);
        watch->sender = g_strdup(sd_bus_message_get_sender(m));
        watch->state.job = watch->id;
        watch->state.phase = job_state_to_string(JOB_QUEUED);
        progress_show(watch->progress, &watch->state);
        return 0;
}

static int submit(Watch *watch, bool interactive) {
        const Call call = MANAGER_CALL(watch->method, .fill = watch->fill, .userdata = watch->userdata);
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        watch->asked = interactive;
        r = service_message(watch->service, &call, interactive, &m);
        if (r < 0)
                return r;
        r = sd_bus_call_async(watch->service->bus, &watch->slots[watch->n_slots], m, on_submitted, watch,
                              SERVICE_ASK_TIMEOUT_USEC);
        if (r < 0)
                return r;
        watch->n_slots++;
        return 0;
}

int watch_submit(Watch *watch, const char *method, int (*fill)(sd_bus_message *m, void *userdata), void *userdata) {
        int r;

        watch->method = method;
        watch->fill = fill;
        watch->userdata = userdata;
        r = submit(watch, false);
        if (r < 0)
                return explain_errno(r, watch->service->name, &watch->service->style);
        return watch_run(watch);
}

static int read_state(Watch *watch, JobState *ret) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autofree char *state = NULL;
        int r;

        r = sd_bus_get_property_string(watch->service->bus, watch->service->destination, watch->path, JT_JOB_INTERFACE,
                                       "State", &error, &state);
        if (r < 0)
                return r;
        r = job_state_from_string(state, ret);
        if (r >= 0) {
                watch->state.phase = job_state_to_string(*ret);
                progress_show(watch->progress, &watch->state);
        }
        return r;
}

int watch_follow(Watch *watch, uint32_t id) {
        g_autofree char *subject = g_strdup_printf(_("job %u"), id);
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        Call call = { .interface = JT_JOB_INTERFACE, .member = "Attach", .subject = subject };
        JobState state;
        int r;

        watch->id = watch->state.job = id;
        call.path = watch->path = job_path(id);
        r = service_try(watch->service, &call, &reply, &error);
        /* a job that is only on record has no object any more: its report is there at once */
        if (r < 0 && (sd_bus_error_has_name(&error, SD_BUS_ERROR_UNKNOWN_OBJECT) ||
                      sd_bus_error_has_name(&error, JT_ERROR_NO_SUCH_JOB)))
                return EXIT_DONE;
        if (r < 0)
                return sd_bus_error_is_set(&error) ? explain_error(&error, subject, &watch->service->style)
                                                   : explain_errno(r, subject, &watch->service->style);
        watch->sender = g_strdup(sd_bus_message_get_sender(reply));

        /* it may have ended before we attached */
        r = read_state(watch, &state);
        if (r < 0 || state >= JOB_COMPLETED)
                return EXIT_DONE;
        return watch_run(watch);
}

uint32_t watch_id(const Watch *watch) {
        return watch->id;
}

const char *watch_result(const Watch *watch) {
        return watch->result;
}

Watch *watch_free(Watch *watch) {
        if (!watch)
                return NULL;
        for (size_t i = 0; i < watch->n_slots; i++)
                sd_bus_slot_unref(watch->slots[i]);
        for (size_t i = 0; i < G_N_ELEMENTS(watch->signals); i++)
                sd_event_source_disable_unref(watch->signals[i]);
        sd_event_source_disable_unref(watch->timeout);
        g_free(watch->path);
        g_free(watch->sender);
        g_free(watch->result);
        g_free(watch);
        return NULL;
}
