/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "job-bus.h"
#include "job.h"
#include "log.h"
#include "manager.h"
#include "names.h"

#define PROGRESS_PERIOD_USEC USEC_PER_SEC

/* What an allocated string takes beyond its letters, about. */
#define ALLOCATION 24U

/* A small program's run in a fresh box, and a small program's compilation; only until jobs like it are on record. */
#define TEST_USEC (100 * USEC_PER_MSEC)
#define COMPILE_USEC USEC_PER_SEC

static void unref_message(void *p) {
        sd_bus_message_unref(p);
}

static uint32_t trials_of(const Request *request) {
        return request->rel_ci > 0 ? request->max_trials : request->trials;
}

Job *job_new(Manager *manager, Record *record, Request *request, const gid_t *groups, size_t n_groups) {
        Job *job = g_new0(Job, 1);

        job->manager = manager;
        job->record = record;
        job->path = g_strdup_printf(JT_JOB_PATH_PREFIX "/_%" PRIu32, record->id);
        job->request = request;
        job->groups = g_memdup2(groups, n_groups * sizeof(gid_t));
        job->n_groups = n_groups;
        job->phase = JOB_QUEUED;
        job->trials = request->kind == JOB_VALIDATE ? 0 : trials_of(request) * (uint32_t) request_n_programs(request);
        job->job_limit_usec = request->job_limit_usec;
        job->size = job_request_size(request);
        job->expected_generation = UINT64_MAX;
        job->cancelling = g_ptr_array_new_with_free_func(unref_message);
        return job;
}

Job *job_free(Job *job) {
        if (!job)
                return NULL;
        sd_event_source_disable_unref(job->progress_timer);
        peer_watch_free(job->owner);
        g_clear_pointer(&job->listeners, g_ptr_array_unref);
        g_ptr_array_unref(job->cancelling);
        request_free(job->request);
        record_free(job->record);
        g_free(job->groups);
        g_free(job->path);
        g_free(job);
        return NULL;
}

bool job_measures(const Job *job) {
        return job->phase >= JOB_BASELINE && job->phase <= JOB_MEASURING;
}

bool job_has_ended(const Job *job) {
        return job->record->result;
}

static size_t strings_size(char **strings) {
        size_t size = 0;

        for (char **string = strings; string && *string; string++)
                size += strlen(*string) + 1 + sizeof(char *);
        return size;
}

static size_t files_size(const GArray *files) {
        size_t size = 0;

        for (unsigned i = 0; files && i < files->len; i++)
                size += sizeof(RequestFile) + strlen(g_array_index(files, RequestFile, i).name) + ALLOCATION;
        return size;
}

static size_t tests_size(const GArray *tests) {
        size_t size = 0;

        for (unsigned i = 0; tests && i < tests->len; i++)
                size += sizeof(RequestTest) + strlen(g_array_index(tests, RequestTest, i).name) + ALLOCATION;
        return size;
}

static size_t validator_size(const RequestValidator *validator) {
        if (!validator)
                return 0;
        return sizeof(*validator) + strings_size(validator->argv) + strings_size(validator->args) +
               files_size(validator->files);
}

static size_t bytes_size(GBytes *bytes) {
        return bytes ? g_bytes_get_size(bytes) : 0;
}

static size_t program_size(const Request *request) {
        return strings_size(request->argv) + strings_size(request->env) + bytes_size(request->stdin_bytes) +
               bytes_size(request->blobs_bytes) + files_size(request->files) + tests_size(request->tests) +
               validator_size(request->validator);
}

size_t job_request_size(const Request *request) {
        size_t size = 0;

        for (size_t i = 0; i < request_n_programs(request); i++)
                size += program_size(request_program(request, i));
        return size;
}

static uint32_t tests_of(const Request *request) {
        uint32_t n = request->tests ? request->tests->len : 0;

        if (request->kind == JOB_CALIBRATE)
                return CALIBRATION_PROGRAMS;
        return request->max_tests > 0 ? MIN(n, request->max_tests) : n;
}

static uint64_t program_formula_usec(const Request *request) {
        uint32_t tests = tests_of(request);
        uint64_t validation = tests * TEST_USEC + (request->language ? COMPILE_USEC : 0);

        if (request->kind == JOB_VALIDATE)
                return validation;
        return validation + (trials_of(request) + (uint64_t) request->warmups) *
                                            (request->min_window_usec * MAX(tests, 1) + request->cooldown_usec);
}

uint64_t job_formula_usec(const Request *request) {
        uint64_t usec = 0;

        for (size_t i = 0; i < request_n_programs(request); i++)
                usec += program_formula_usec(request_program(request, i));
        return usec;
}

/* What is run: the strings of the command line, and the files by name and size, whose bytes we do not read. */
static void digest_program(GChecksum *checksum, const Request *request) {
        for (char **argument = request->argv; argument && *argument; argument++)
                g_checksum_update(checksum, (const guchar *) *argument, (gssize) strlen(*argument) + 1);
        for (unsigned i = 0; request->files && i < request->files->len; i++) {
                const RequestFile *file = &g_array_index(request->files, RequestFile, i);
                g_autofree char *text = g_strdup_printf("%s %" PRIu64, file->name, file->size);

                g_checksum_update(checksum, (const guchar *) text, (gssize) strlen(text) + 1);
        }
}

static void digest_work(GChecksum *checksum, JobKind kind, const Request *request) {
        g_autofree char *rest = NULL;

        digest_program(checksum, request);
        rest = g_strdup_printf("%s %s %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %d %" PRIu64 " %" PRIu64,
                               job_kind_to_string(kind), request->profile, tests_of(request), request->trials,
                               request->warmups, request->max_trials, request->rel_ci > 0, request->min_window_usec,
                               request->cooldown_usec);
        g_checksum_update(checksum, (const guchar *) rest, (gssize) strlen(rest));
}

char *job_digest(const Request *request) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

        for (size_t i = 0; i < request_n_programs(request); i++)
                digest_work(checksum, request->kind, request_program(request, i));
        return g_strdup(g_checksum_get_string(checksum));
}

static int on_progress_timer(sd_event_source *source, uint64_t usec, void *userdata);

/* Sends what is due; four in any second, so what comes faster waits, and a full list loses its oldest. What waits
 * while a job measures goes with its worker's next word, which comes between two windows. */
static void send_progress(Job *job) {
        uint64_t now = now_monotonic_usec();

        while (job->n_progress > 0 && (job->sent_usec[0] == 0 || now >= job->sent_usec[0] + PROGRESS_PERIOD_USEC)) {
                job_bus_send_progress(job, &job->progress[0]);
                memmove(job->progress, job->progress + 1, --job->n_progress * sizeof(job->progress[0]));
                memmove(job->sent_usec, job->sent_usec + 1, sizeof(job->sent_usec) - sizeof(job->sent_usec[0]));
                job->sent_usec[G_N_ELEMENTS(job->sent_usec) - 1] = now;
        }

        job->progress_timer = sd_event_source_disable_unref(job->progress_timer);
        if (job->n_progress > 0) {
                const Job *running = job->manager->running;
                const uint64_t quiet_usec = running && job_measures(running) ? QUIET_USEC : 0;
                int r = sd_event_add_time(job->manager->event, &job->progress_timer, CLOCK_MONOTONIC,
                                          job->sent_usec[0] + PROGRESS_PERIOD_USEC + quiet_usec, 10 * USEC_PER_MSEC,
                                          on_progress_timer, job);

                if (r < 0)
                        log_errno(LOG_WARNING, r, "cannot delay progress");
        }
}

static int on_progress_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        send_progress(userdata);
        return 0;
}

void job_progress(Job *job, const WorkerProgress *progress) {
        WorkerProgress *last = job->n_progress > 0 ? &job->progress[job->n_progress - 1] : NULL;
        WorkerProgress now = *progress;

        /* Phases only go on, and so does the fraction, whatever a worker says. */
        if (job_has_ended(job) || progress->phase < job->phase || progress->phase > JOB_FINISHING)
                return;
        if (!isfinite(now.fraction))
                now.fraction = 0;
        now.fraction = CLAMP(now.fraction, job->fraction, 1);
        job->fraction = now.fraction;
        job->phase = now.phase;
        job->record->state = now.phase;
        if (now.phase == JOB_MEASURING) {
                job->trial = now.step;
                job->trials = now.steps > 0 ? now.steps : job->trials;
        }

        if (last && last->phase == now.phase && (last->step == now.step || now.phase == JOB_QUEUED))
                *last = now;
        else {
                if (job->n_progress == JOB_PROGRESS_KEPT)
                        memmove(job->progress, job->progress + 1, --job->n_progress * sizeof(job->progress[0]));
                job->progress[job->n_progress++] = now;
        }
        send_progress(job);
}

void job_finish(Job *job, Result *result, const char *public_body, const char *full_body) {
        Record *record = job->record;
        Manager *manager = job->manager;
        int r;

        record->result = result;
        record->state = job_result_state(result->result);
        record->finished_usec = now_realtime_usec();
        record->has_body = public_body;
        /* Closes the caller's descriptors. The one thing a file system can make close(2) wait for is FLUSH, and that
         * it has answered dbus-daemon, which closed its own copy; RELEASE is not waited for (fs/fuse/file.c). */
        job->request = request_free(job->request);
        job->progress_timer = sd_event_source_disable_unref(job->progress_timer);
        job->owner = peer_watch_free(job->owner);

        r = records_finish(manager->records, record, public_body, full_body);
        manager_set_records_error(manager, r);

        /* Not the message: it may hold what the program wrote, and the journal has other readers than the report. */
        log_at(LOG_INFO,
               &(const LogContext){ .job = record->id,
                                    .uid = record->uid,
                                    .phase = job_state_to_string(job->phase),
                                    .message_id = result->result == RESULT_CANCELLED ? JT_MESSAGE_JOB_CANCELLED
                                                                                     : JT_MESSAGE_JOB_FINISHED },
               "%s%s%s", job_result_to_string(result->result), result->error ? ": " : "", result->error ?: "");
}

void job_announce(Job *job) {
        job_bus_send_finished(job);
        for (unsigned i = 0; i < job->cancelling->len; i++)
                (void) sd_bus_reply_method_return(job->cancelling->pdata[i], NULL);
        g_ptr_array_set_size(job->cancelling, 0);
}
