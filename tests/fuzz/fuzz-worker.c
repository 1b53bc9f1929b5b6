/* SPDX-License-Identifier: MIT */

/* Whatever comes over the worker's connection must be answered or end it; nothing may be left behind. An input that
 * begins with `l` is sent as it is, right after the handshake: recorded messages, and what became of them. Any other
 * is a script, one word or entry a line:
 *
 *   prepare        what follows are entries of the request, `name signature values…`, empty values allowed
 *   context        what follows are entries of the context; those that are not named are as usual, and after a `-`
 *                  and a name there is none of that name
 *   run PATH       calls Run
 *   cancel NAME    calls Cancel
 *   wait           lets the worker work until it has answered what was called
 *
 * No program is ever started. */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "connection.h"
#include "context.h"
#include "errors.h"
#include "log.h"
#include "names.h"
#include "no-exec.h"

#define ANSWER_USEC (5U * USEC_PER_SEC)
#define INPUT_USEC (150U * USEC_PER_MSEC)
#define IDLE_USEC (10U * USEC_PER_MSEC)
#define ENTRIES_MAX 200U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_privileges_drop(uid_t uid, gid_t gid);

/* For good, the real one; here comes another input. */
int __wrap_privileges_drop(uid_t uid, gid_t gid) {
        return 0;
}

static void set_up_once(void) {
        static bool done;

        if (done)
                return;
        done = true;
        forbid_exec();
        g_assert_cmpint(errors_register(), >=, 0);
        log_open("fuzz-worker", LOG_EMERG);
        (void) signal(SIGPIPE, SIG_IGN);
}

/* Runs the loop until the worker has had enough, the time is up or nothing happens any more. True when it ended by
 * itself. */
static bool serve(sd_event *event, uint64_t usec, uint64_t idle_usec) {
        const uint64_t deadline = now_monotonic_usec() + usec;

        while (sd_event_get_state(event) != SD_EVENT_FINISHED) {
                int r;

                if (now_monotonic_usec() >= deadline)
                        return false;
                r = sd_event_run(event, idle_usec);
                if (r < 0)
                        return true;
                if (r == 0)
                        return false;
        }
        return true;
}

static int append_basic(sd_bus_message *m, char type, const char *text) {
        uint64_t number = strtoull(text, NULL, 10);
        double real = g_ascii_strtod(text, NULL);
        int boolean = strcmp(text, "true") == 0;
        autofd fd = -1;

        switch (type) {
        case 's':
                return sd_bus_message_append_basic(m, type, text);
        case 'd':
                return sd_bus_message_append_basic(m, type, &real);
        case 'b':
                return sd_bus_message_append_basic(m, type, &boolean);
        case 'u':
        case 't': /* little endian: the number's low bytes come first */
                return sd_bus_message_append_basic(m, type, &number);
        case 'h':
                fd = open(number == 0 ? "/etc/passwd" : "/dev/null", (number == 0 ? O_RDONLY : O_RDWR) | O_CLOEXEC);
                return sd_bus_message_append_basic(m, type, &fd);
        default:
                return -EINVAL;
        }
}

static int append_entry(sd_bus_message *m, const char *line) {
        g_auto(GStrv) words = g_strsplit(line, " ", -1);
        const guint n = g_strv_length(words);
        const char *signature = n > 1 ? words[1] : "s";
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', n > 0 ? words[0] : "");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', signature);
        if (r >= 0 && signature[0] == 'a') {
                r = sd_bus_message_open_container(m, 'a', signature + 1);
                for (guint i = 2; r >= 0 && i < n; i++)
                        r = append_basic(m, signature[1], words[i]);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
        } else if (r >= 0)
                r = append_basic(m, signature[0], n > 2 ? words[2] : "");
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

typedef struct Script {
        sd_event *event;
        sd_bus *client;
        sd_bus_message *prepare;
        bool in_dictionary;
        GPtrArray *named;    /* of a context's entries; NULL while there is no context */
        unsigned unanswered; /* calls */
} Script;

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Script *script = userdata;
        const sd_bus_error *refusal = sd_bus_message_get_error(m);

        script->unanswered--;
        if (refusal)
                g_assert_true(!refusal->message || g_utf8_validate(refusal->message, -1, NULL));
        return 0;
}

/* However slow the host is: what the corpus reaches must not depend on it. */
static void wait_for_answers(Script *script) {
        const uint64_t deadline = now_monotonic_usec() + ANSWER_USEC;

        while (script->unanswered > 0 && now_monotonic_usec() < deadline &&
               sd_event_get_state(script->event) != SD_EVENT_FINISHED)
                if (sd_event_run(script->event, IDLE_USEC) < 0)
                        return;
        (void) serve(script->event, INPUT_USEC, IDLE_USEC);
}

/* A context that the worker takes, to be read. */
static int usual_context(sd_bus *bus, sd_bus_message **ret) {
        g_autoptr(sd_bus_message) m = NULL;
        gid_t groups[] = { 4, 5 };
        const JobContext context = { .job = 1,
                                     .groups = groups,
                                     .n_groups = G_N_ELEMENTS(groups),
                                     .containment = (char *) "process",
                                     .isolation = (char *) "none",
                                     .sysroot = (char *) "/",
                                     .meter = (char *) "auto",
                                     .model_watts = 10,
                                     .region_min_usec = USEC_PER_MSEC,
                                     .box_uid_first = 70000,
                                     .box_uid_last = 70255,
                                     .max_blobs = 1U << 20 };
        int r;

        r = sd_bus_message_new_signal(bus, &m, "/", "a.b", "C");
        if (r >= 0)
                r = job_context_append(m, &context);
        if (r >= 0)
                r = sd_bus_message_seal(m, 1, 0);
        if (r >= 0)
                r = sd_bus_message_rewind(m, true);
        if (r >= 0)
                *ret = g_steal_pointer(&m);
        return r;
}

static int append_usual(Script *script, sd_bus_message *usual) {
        const char *name;
        int r;

        r = sd_bus_message_read(usual, "s", &name);
        if (r < 0)
                return r;
        if (g_ptr_array_find_with_equal_func(script->named, name, g_str_equal, NULL))
                return sd_bus_message_skip(usual, "v");
        r = sd_bus_message_open_container(script->prepare, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(script->prepare, 's', name);
        if (r >= 0)
                r = sd_bus_message_copy(script->prepare, usual, false);
        return r < 0 ? r : sd_bus_message_close_container(script->prepare);
}

static int complete_context(Script *script) {
        g_autoptr(sd_bus_message) usual = NULL;
        int r;

        r = usual_context(script->client, &usual);
        if (r >= 0)
                r = sd_bus_message_enter_container(usual, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(usual, 'e', "sv")) > 0) {
                r = append_usual(script, usual);
                if (r >= 0)
                        r = sd_bus_message_exit_container(usual);
        }
        return r;
}

static int context_line(Script *script, const char *line) {
        const bool absent = line[0] == '-';

        g_ptr_array_add(script->named, g_strndup(line + absent, strcspn(line + absent, " ")));
        return absent ? 0 : append_entry(script->prepare, line);
}

static void end_context(Script *script) {
        g_clear_pointer(&script->named, g_ptr_array_unref);
}

static int send_prepare(Script *script) {
        int r = 0;

        if (!script->prepare)
                return 0;
        if (script->named)
                r = complete_context(script);
        end_context(script);
        if (r >= 0 && script->in_dictionary)
                r = sd_bus_message_close_container(script->prepare);
        if (r >= 0)
                r = sd_bus_call_async(script->client, NULL, script->prepare, on_reply, script, 0);
        script->unanswered += r >= 0;
        script->prepare = sd_bus_message_unref(script->prepare);
        script->in_dictionary = false;
        return r;
}

static int call(Script *script, const char *method, const char *argument) {
        int r;

        r = send_prepare(script);
        if (r < 0)
                return r;
        r = sd_bus_call_method_async(script->client, NULL, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, method, on_reply,
                                     script, "s", argument);
        script->unanswered += r >= 0;
        return r;
}

static int start_prepare(Script *script, const char *kind) {
        int r;

        r = send_prepare(script);
        if (r >= 0)
                r = sd_bus_message_new_method_call(script->client, &script->prepare, NULL, JT_WORKER_PATH,
                                                   JT_WORKER_INTERFACE, "Prepare");
        if (r >= 0)
                r = sd_bus_message_append(script->prepare, "saa{sv}", kind, 0); /* no candidates */
        if (r >= 0)
                r = sd_bus_message_open_container(script->prepare, 'a', "{sv}");
        script->in_dictionary = r >= 0;
        return r;
}

static int start_context(Script *script) {
        int r;

        if (!script->prepare || !script->in_dictionary || script->named)
                return 0;
        script->named = g_ptr_array_new_with_free_func(g_free);
        r = sd_bus_message_close_container(script->prepare);
        return r < 0 ? r : sd_bus_message_open_container(script->prepare, 'a', "{sv}");
}

static int play_line(Script *script, const char *line) {
        if (strcmp(line, "prepare") == 0)
                return start_prepare(script, "measure");
        if (g_str_has_prefix(line, "prepare "))
                return start_prepare(script, line + strlen("prepare "));
        if (strcmp(line, "context") == 0)
                return start_context(script);
        if (g_str_has_prefix(line, "run "))
                return call(script, "Run", line + strlen("run "));
        if (g_str_has_prefix(line, "cancel "))
                return call(script, "Cancel", line + strlen("cancel "));
        if (strcmp(line, "wait") == 0) {
                const int r = send_prepare(script);

                wait_for_answers(script);
                return r;
        }
        if (script->named)
                return context_line(script, line);
        return script->in_dictionary ? append_entry(script->prepare, line) : 0;
}

static void play_script(sd_event *event, int fd, const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", ENTRIES_MAX);
        Script script = { .event = event };

        g_assert_cmpint(sd_bus_new(&script.client), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(script.client, fd, fd), >=, 0);
        g_assert_cmpint(sd_bus_negotiate_fds(script.client, true), >=, 0);
        g_assert_cmpint(sd_bus_start(script.client), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(script.client, event, 0), >=, 0);
        /* Both sides are in this process: the handshake has to be over before anything is built that asks about it. */
        for (unsigned i = 0; i < 100 && sd_bus_is_ready(script.client) <= 0; i++)
                (void) sd_event_run(event, USEC_PER_MSEC);
        for (char **line = lines; *line && sd_event_get_state(event) != SD_EVENT_FINISHED; line++)
                if (play_line(&script, *line) < 0)
                        break; /* what cannot be built cannot be sent */
        script.prepare = sd_bus_message_unref(script.prepare);
        end_context(&script);
        wait_for_answers(&script);
        sd_bus_detach_event(script.client);
        sd_bus_close_unref(script.client);
}

static void play_bytes(sd_event *event, int fd, const uint8_t *data, size_t size) {
        static const char handshake[] = "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";

        if (write(fd, handshake, sizeof(handshake) - 1) > 0)
                (void) !send(fd, data, size, MSG_DONTWAIT);
        (void) serve(event, INPUT_USEC, IDLE_USEC);
        safe_close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(sd_event) event = NULL;
        g_autoptr(Connection) connection = NULL;
        g_autofree char *text = g_strndup((const char *) data, size);
        int fds[2];

        set_up_once();
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(sd_event_new(&event), >=, 0);
        g_assert_cmpint(connection_new(event, fds[0], &connection), >=, 0);
        if (size > 0 && data[0] == 'l')
                play_bytes(event, fds[1], data, size);
        else
                play_script(event, fds[1], text);
        /* The other side is gone: the worker has to see it. */
        g_assert_true(serve(event, 5 * USEC_PER_SEC, 5 * USEC_PER_SEC));
        return 0;
}
