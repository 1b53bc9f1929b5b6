/* SPDX-License-Identifier: MIT */

/* A worker that measures nothing and does what the program's arguments say, so that the daemon's tests are quick and
 * can misbehave. It speaks org.jouletrace.Worker1 on standard input and output as the real one does.
 *
 *   (nothing)         a few steps of progress, then "done"
 *   hold FILE         makes FILE.started, then waits for FILE (or for Cancel)
 *   stubborn FILE     the same, but never answers Cancel
 *   flood N [FILE]    N signals of progress at once, with fractions that also fall; then as hold
 *   result WORD       ends with that result (RunFailed as its cause; WrongAnswer when it only validates)
 *   error NAME TEXT   Run is answered with that D-Bus error
 *   crash-prepare crash-run silent-prepare garbage unsealed not-utf8 huge bad-result no-keeper
 *
 * A calibration, which names no program, does what its label says, and finds out the same whatever its result.
 *
 * The report's body has the request and the context as they came, so that a test sees what a knob did. */

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base.h"
#include "context.h"
#include "json.h"
#include "names.h"
#include "request.h"
#include "result.h"

#define POLL_USEC (10 * USEC_PER_MSEC)
#define HUGE_BYTES (9U * 1024 * 1024)
#define STEPS 4U
#define BYTES_SHOWN 64U

typedef struct Fake {
        sd_bus *bus;
        sd_event *event;
        sd_event_source *poll;
        sd_bus_message *run;
        Request *request;
        JobContext *context;
        pid_t keeper;
} Fake;

/* Of a comparison the first candidate's. */
static const char *word(const Fake *fake, unsigned i) {
        char **argv = request_program(fake->request, 0)->argv;

        return argv && g_strv_length(argv) > i ? argv[i] : "";
}

static unsigned trials_of(const Fake *fake) {
        return fake->request->trials * (unsigned) request_n_programs(fake->request);
}

static bool is(const Fake *fake, const char *behaviour) {
        return strcmp(word(fake, 1), behaviour) == 0;
}

/* The names of files or tests. */
static void append_names(GString *json, const GArray *array, size_t offset) {
        g_string_append_c(json, '[');
        for (unsigned i = 0; array && i < array->len; i++) {
                const char *element = array->data + i * g_array_get_element_size((GArray *) array);

                g_string_append(json, i > 0 ? "," : "");
                json_append_string(json, *(char *const *) (element + offset));
        }
        g_string_append_c(json, ']');
}

/* The beginning of what was passed, as text. */
static void append_bytes(GString *json, int fd, GBytes *bytes) {
        char text[BYTES_SHOWN + 1] = {};

        if (bytes)
                memcpy(text, g_bytes_get_data(bytes, NULL), MIN(g_bytes_get_size(bytes), BYTES_SHOWN));
        else if (fd < 0 || pread(fd, text, BYTES_SHOWN, 0) < 0) {
                g_string_append(json, "null");
                return;
        }
        json_append_string(json, text);
}

static void append_value(GString *json, const Request *request, const RequestKey *key) {
        const void *p = (const char *) request + key->offset;

        switch (key->type) {
        case KEY_UINT32:
                g_string_append_printf(json, "%" PRIu32, *(const uint32_t *) p);
                break;
        case KEY_UINT64:
        case KEY_USEC:
        case KEY_BYTES:
                g_string_append_printf(json, "%" PRIu64, *(const uint64_t *) p);
                break;
        case KEY_DOUBLE:
                g_string_append_printf(json, "%.6g", *(const double *) p);
                break;
        case KEY_BOOLEAN:
                g_string_append(json, *(const bool *) p ? "true" : "false");
                break;
        case KEY_STRING:
        case KEY_CHOICE:
                json_append_string(json, *(char *const *) p);
                break;
        case KEY_FILES:
                append_names(json, request->files, offsetof(RequestFile, name));
                break;
        case KEY_TESTS:
                append_names(json, request->tests, offsetof(RequestTest, name));
                break;
        case KEY_FD_OR_BYTES:
                append_bytes(json, *(const int *) p,
                             key->offset == offsetof(Request, blobs_fd) ? request->blobs_bytes : request->stdin_bytes);
                break;
        default:
                g_string_append(json, "null");
        }
}

/* Each program's last argument, and the beginning of its input. */
static void append_candidates(GString *json, const Request *request) {
        g_string_append(json, ",\"candidates\":[");
        for (size_t i = 0; i < request_n_programs(request) && request->kind == JOB_COMPARE; i++) {
                const Request *program = request_program(request, i);

                g_string_append(json, i > 0 ? ",[" : "[");
                json_append_string(json, program->argv[g_strv_length(program->argv) - 1]);
                g_string_append_c(json, ',');
                append_bytes(json, program->stdin_fd, program->stdin_bytes);
                g_string_append_printf(json, ",%" PRIu32 "]", program->trials);
        }
        g_string_append_c(json, ']');
}

static void append_member(GString *json, const char *name, const char *value) {
        g_string_append_printf(json, ",\"%s\":", name);
        json_append_string(json, value);
}

static char *make_body(const Fake *fake, const char *which) {
        const JobContext *context = fake->context;
        GString *json = g_string_new("{\"absent\":{}");

        append_member(json, "body", which);
        g_string_append_printf(json, ",\"worker_pid\":%d,\"request\":{\"kind\":\"%s\"", (int) getpid(),
                               job_kind_to_string(fake->request->kind));
        for (KeyId key = 0; key < N_REQUEST_KEYS; key++) {
                g_string_append_printf(json, ",\"%s\":", request_keys[key].name);
                append_value(json, fake->request, &request_keys[key]);
        }
        append_candidates(json, fake->request);
        g_string_append_printf(json, "},\"context\":{\"uid\":%" PRIu32 ",\"region_min\":%" PRIu64, context->uid,
                               context->region_min_usec);
        g_string_append_printf(json, ",\"box_uids\":[%" PRIu32 ",%" PRIu32 "],\"max_blobs\":%" PRIu64,
                               context->box_uid_first, context->box_uid_last, context->max_blobs);
        append_member(json, "containment", context->containment);
        append_member(json, "isolation", context->isolation);
        append_member(json, "partition", context->partition);
        append_member(json, "cpus", context->cpus);
        append_member(json, "reserved_cpus", context->reserved_cpus);
        append_member(json, "sysroot", context->sysroot);
        append_member(json, "meter", context->meter);
        g_string_append_printf(json, ",\"foreign_load_limit\":%.6g,\"frequency_limit\":%.6g",
                               context->foreign_load_limit, context->frequency_limit);
        g_string_append_printf(json, ",\"thermal\":[%" PRIu64 ",%" PRIu64 "]", context->thermal_band_mc,
                               context->thermal_limit_mc);
        g_string_append_printf(json, ",\"thermal_strict\":%s", context->thermal_strict ? "true" : "false");
        append_member(json, "may_sleep", context->may_sleep);
        g_string_append_printf(json, ",\"noise_floor\":[%.6g,%" PRIu64 "]", context->noise_floor,
                               context->noise_floor_usec);
        append_member(json, "noise_floor_absent", context->noise_floor_absent);
        g_string_append_printf(json, ",\"model_watts\":%.6g,\"groups\":[", context->model_watts);
        for (size_t i = 0; i < context->n_groups; i++)
                g_string_append_printf(json, "%s%" PRIu32, i > 0 ? "," : "", context->groups[i]);
        g_string_append(json, "]}}");
        return g_string_free(json, FALSE);
}

static int make_memfd(const Fake *fake, const char *which) {
        g_autofree char *body = make_body(fake, which);
        size_t length = strlen(body);
        autofd fd = memfd_create("body", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0)
                return -errno;
        if (is(fake, "not-utf8"))
                body[1] = (char) 0xff;
        if (write(fd, body, length) != (ssize_t) length)
                return -EIO;
        if (is(fake, "huge") && ftruncate(fd, HUGE_BYTES) < 0)
                return -errno;
        if (!is(fake, "unsealed") &&
            fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
                return -errno;
        return steal_fd(&fd);
}

static Calibration *make_calibration(const Fake *fake) {
        Calibration *calibration = calibration_new();

        calibration->noise_spin = 0.0125;
        calibration->noise_floor = calibration->noise_memory = 0.025;
        calibration->pairs = fake->request->trials / 2;
        calibration->meter = g_strdup(fake->context->meter);
        calibration->simulated = strcmp(fake->context->meter, "model") == 0;
        calibration->tick_ns = 1000000;
        calibration->tick_jitter_ns = 20000;
        calibration->tick_step_uj = 61;
        calibration->floor_j = 0.005;
        calibration_add_idle(calibration, "package-0", 10.5);
        return calibration;
}

static int finish(Fake *fake, JobResult word_result, const char *error, const char *message) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(Result) result = result_new(word_result, error, message);
        autofd public_fd = make_memfd(fake, "public"), full_fd = make_memfd(fake, "full");
        int r;

        if (fake->request->kind == JOB_CALIBRATE)
                result->calibration = make_calibration(fake);
        if (fake->request->kind == JOB_VALIDATE)
                result->verdict = g_strdup(word_result == RESULT_DONE ? "AC" : "WA");
        else if (word_result == RESULT_DONE) {
                result->trials = trials_of(fake);
                result->simulated = true;
                result->total_energy = 1.5;
                result->wall = 0.25;
        }
        r = sd_bus_message_new_method_return(fake->run, &reply);
        if (r < 0)
                return r;
        if (is(fake, "bad-result"))
                r = sd_bus_message_append(reply, "a{sv}", 1, "surprise", "u", 1);
        else
                r = result_append(reply, result);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "hh", public_fd, full_fd);
        if (r < 0)
                return r;
        fake->run = sd_bus_message_unref(fake->run);
        fake->poll = sd_event_source_disable_unref(fake->poll);
        return sd_bus_send(fake->bus, reply, NULL);
}

static int progress(Fake *fake, JobState phase, unsigned step, unsigned steps, double fraction) {
        return sd_bus_emit_signal(fake->bus, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Progress", "suuda{sv}",
                                  job_state_to_string(phase), step, steps, fraction, 1, "median", "d", 1.5);
}

static const char *held_by(const Fake *fake) {
        return word(fake, is(fake, "flood") ? 3 : 2);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata) {
        Fake *fake = userdata;

        if (access(held_by(fake), F_OK) == 0)
                return finish(fake, RESULT_DONE, NULL, NULL);
        (void) sd_event_source_set_time_relative(source, POLL_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int hold(Fake *fake) {
        g_autofree char *started = g_strconcat(held_by(fake), ".started", NULL);
        autofd fd = open(started, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

        if (fd < 0)
                return -errno;
        return sd_event_add_time_relative(fake->event, &fake->poll, CLOCK_MONOTONIC, POLL_USEC, 1, on_poll, fake);
}

static int flood(Fake *fake) {
        unsigned n = (unsigned) g_ascii_strtoull(word(fake, 2), NULL, 10);

        for (unsigned i = 0; i < n; i++) {
                double fraction = i % 7 == 6 ? 0.1 : (double) i / n;
                int r = progress(fake, JOB_MEASURING, i + 1, n, fraction);

                if (r < 0)
                        return r;
        }
        return *held_by(fake) ? hold(fake) : finish(fake, RESULT_DONE, NULL, NULL);
}

static int misbehave(Fake *fake) {
        if (is(fake, "crash-run"))
                (void) raise(SIGKILL);
        if (is(fake, "garbage")) {
                if (write(STDOUT_FILENO, "garbage, not a message, and a lot of it", 39) < 0)
                        return -errno;
                return 0;
        }
        if (is(fake, "error"))
                return sd_bus_reply_method_errorf(fake->run, word(fake, 2), "%s", word(fake, 3));
        return 1;
}

static int on_run(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fake *fake = userdata;
        JobResult result;
        int r;

        fake->run = sd_bus_message_ref(m);
        r = misbehave(fake);
        if (r <= 0)
                return r < 0 ? r : 1;
        if (is(fake, "hold") || is(fake, "stubborn")) {
                r = progress(fake, fake->request->kind == JOB_VALIDATE ? JOB_VALIDATING : JOB_MEASURING, 1,
                             trials_of(fake), 0.25);
                if (r >= 0)
                        r = hold(fake);
                return r < 0 ? r : 1;
        }
        if (is(fake, "flood")) {
                r = flood(fake);
                return r < 0 ? r : 1;
        }
        for (unsigned i = 0; i < STEPS; i++) {
                JobState phase = fake->request->kind == JOB_VALIDATE ? JOB_VALIDATING
                                 : i == 0                            ? JOB_WARMING
                                                                     : JOB_MEASURING;

                r = progress(fake, phase, i + 1, STEPS, (double) (i + 1) / STEPS);
                if (r < 0)
                        return r;
        }
        if (is(fake, "result") && job_result_from_string(word(fake, 2), &result) >= 0)
                return finish(fake, result,
                              result == RESULT_DONE                 ? NULL
                              : fake->request->kind == JOB_VALIDATE ? JT_ERROR_WRONG_ANSWER
                                                                    : JT_ERROR_RUN_FAILED,
                              "as it was told to");
        return finish(fake, RESULT_DONE, NULL, NULL);
}

static int on_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fake *fake = userdata;
        const char *reason;
        int r;

        r = sd_bus_message_read(m, "s", &reason);
        if (r < 0)
                return r;
        if (fake->run && !is(fake, "stubborn")) {
                bool limit = strcmp(reason, JT_ERROR_JOB_LIMIT) == 0;

                r = finish(fake, limit ? RESULT_TIMEOUT : RESULT_CANCELLED, reason, "The fake worker was cancelled.");
                if (r < 0)
                        return r;
        }
        return sd_bus_reply_method_return(m, NULL);
}

static pid_t start_keeper(void) {
        pid_t pid = fork();

        if (pid == 0) {
                /* The connection is the worker's alone, or its end would not be seen. */
                (void) close(STDIN_FILENO);
                (void) close(STDOUT_FILENO);
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (;;)
                        (void) pause();
        }
        return pid;
}

static int on_prepare(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fake *fake = userdata;
        const char *word;
        JobKind kind;
        int r;

        r = sd_bus_message_read(m, "s", &word);
        if (r < 0)
                return r;
        r = job_kind_from_string(word, &kind);
        if (r < 0)
                return r;
        r = request_any_from_message(m, kind, &fake->request, error);
        if (r < 0)
                return r;
        r = job_context_from_message(m, &fake->context);
        if (r < 0)
                return r;
        if (kind == JOB_CALIBRATE && fake->request->label)
                fake->request->argv = g_strsplit(fake->request->label, " ", -1);

        if (is(fake, "crash-prepare"))
                (void) raise(SIGKILL);
        if (is(fake, "silent-prepare"))
                return 1;
        if (strcmp(fake->context->containment, "scope") == 0 && !is(fake, "no-keeper"))
                fake->keeper = start_keeper();
        return sd_bus_reply_method_return(m, "uu", (uint32_t) getpid(), (uint32_t) fake->keeper);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fake *fake = userdata;

        return sd_event_exit(fake->event, 0);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Prepare", "saa{sv}a{sv}a{sv}", "uu", on_prepare, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Run", "s", "a{sv}hh", on_run, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Cancel", "s", NULL, on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("Progress", "suuda{sv}", 0),
        SD_BUS_VTABLE_END,
};

static int serve(Fake *fake) {
        sd_id128_t id;
        int r;

        r = sd_event_default(&fake->event);
        if (r < 0)
                return r;
        r = sd_bus_new(&fake->bus);
        if (r < 0)
                return r;
        r = sd_bus_set_fd(fake->bus, STDIN_FILENO, STDOUT_FILENO);
        if (r < 0)
                return r;
        r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        r = sd_bus_set_server(fake->bus, true, id);
        if (r < 0)
                return r;
        r = sd_bus_negotiate_fds(fake->bus, true);
        if (r < 0)
                return r;
        r = sd_bus_add_object_vtable(fake->bus, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, vtable, fake);
        if (r < 0)
                return r;
        r = sd_bus_start(fake->bus);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(fake->bus, NULL, NULL, "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                "Disconnected", on_disconnected, fake);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(fake->bus, fake->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        return sd_event_loop(fake->event);
}

int main(void) {
        Fake fake = {};
        int r = serve(&fake);

        /* What the test's end leaves is no leak worth a sanitizer's report. */
        if (fake.keeper > 0)
                (void) kill(fake.keeper, SIGKILL);
        request_free(fake.request);
        job_context_free(fake.context);
        sd_bus_message_unref(fake.run);
        sd_event_source_disable_unref(fake.poll);
        sd_bus_flush_close_unref(fake.bus);
        sd_event_unref(fake.event);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
