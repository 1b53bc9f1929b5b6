/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "json.h"
#include "names.h"
#include "report.h"

static const struct {
        const char *error, *remedy;
} remedies[] = {
        { JT_ERROR_NO_METER,
          "Ask for meter none to measure time only; joulectl topology shows what counters there are." },
        { JT_ERROR_INVALID_REQUEST, "Correct the request." },
        { JT_ERROR_EXEC_FAILED, "Check the program's path, its execute permission and its interpreter." },
        { JT_ERROR_RUN_FAILED, "Run the program by itself and look at its output, or ask to ignore its exit status." },
        { JT_ERROR_WRONG_ANSWER,
          "Compare expected and got of the first test that failed; validation.tests has them." },
        { JT_ERROR_COMPILE_FAILED, "Read what the compiler says, and check that the language is the files' own." },
        { JT_ERROR_DIVERGED, "Make the program's output depend on its input only: no time, randomness or addresses." },
        { JT_ERROR_JOB_LIMIT, "Ask for fewer trials, or for a larger job-limit." },
        { JT_ERROR_ENERGY_LIMIT, "Ask for a larger max-joules." },
        { JT_ERROR_CHANGE_LIMIT,
          "Look at comparison.changes; make the candidate take what is allowed, or allow what it takes." },
        { JT_ERROR_SCOPE_FAILED,
          "Look at the journal of jouletraced.service; the host's cgroup set-up may lack a controller." },
        { JT_ERROR_BOX_UNAVAILABLE,
          "Look at the journal of jouletrace-worker@.service; ask for profile host if the program is your own." },
        { JT_ERROR_CPUS_UNAVAILABLE,
          "Ask for fewer CPUs or for isolation confined, or change ReservedCPUs in jouletraced.conf." },
        { JT_ERROR_HOST_BUSY, "Wait for the other measurement on this machine to end, and submit again." },
        { JT_ERROR_WORKER_FAILED, "Look at the journal of jouletrace-worker@.service, and submit again." },
        { JT_ERROR_VALIDATOR_FAILED, "Mend the validator: it has to compile, and to accept the answers of the jury." },
        { JT_ERROR_SERVICE_RESTARTED, "Submit again." },
        { JT_ERROR_SERVICE_STOPPED, "Submit again when the service runs." },
        { JT_ERROR_CALLER_LEFT, "Stay connected until the job has ended, or submit it with detach." },
        { JT_ERROR_CANCELLED, "Submit again if that was not meant." },
};

const char *report_remedy(const char *error) {
        for (size_t i = 0; i < G_N_ELEMENTS(remedies); i++)
                if (g_strcmp0(remedies[i].error, error) == 0)
                        return remedies[i].remedy;
        return NULL;
}

int report_read_body(int memfd, char **ret) {
        const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        g_autofree char *text = NULL;
        struct stat st;
        size_t size, done = 0;
        int r;

        r = fcntl(memfd, F_GET_SEALS);
        if (r < 0 || (r & seals) != seals)
                return -EBADMSG;
        if (fstat(memfd, &st) < 0)
                return -errno;
        if (st.st_size > (off_t) REPORT_BODY_MAX)
                return -EFBIG;

        size = (size_t) st.st_size;
        text = g_malloc(size + 1);
        while (done < size) {
                ssize_t n = pread(memfd, text + done, size - done, (off_t) done);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EBADMSG;
                done += (size_t) n;
        }
        text[size] = '\0';
        if (!json_body_plausible(text, size, REPORT_BODY_MAX))
                return -EBADMSG;
        *ret = g_steal_pointer(&text);
        return 0;
}

static void append_member(GString *json, const char *name, const char *value) {
        g_string_append_printf(json, ",\"%s\":", name);
        json_append_string(json, value);
}

/* UTC with microseconds, or null. */
static void append_time(GString *json, const char *name, uint64_t usec) {
        g_autoptr(GDateTime) time = NULL;
        g_autofree char *text = NULL;

        if (usec > 0) {
                time = g_date_time_new_from_unix_utc((gint64) (usec / USEC_PER_SEC));
                text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
                g_string_append_printf(json, ",\"%s\":\"%s.%06" PRIu64 "Z\"", name, text, usec % USEC_PER_SEC);
        } else
                append_member(json, name, NULL);
}

static void append_job(GString *json, const Record *record) {
        const Result *result = record->result;

        g_string_append_printf(json, "\"job\":{\"id\":%" PRIu32, record->id);
        append_member(json, "uuid", record->uuid);
        append_member(json, "kind", job_kind_to_string(record->kind));
        append_member(json, "label", record->label);
        append_member(json, "candidate_id", record->candidate_id);
        append_member(json, "problem_name", record->problem_name);
        g_string_append_printf(json, ",\"uid\":%" PRIu32, (uint32_t) record->uid);
        append_member(json, "state", job_state_to_string(record->state));
        append_member(json, "result", result ? job_result_to_string(result->result) : NULL);
        if (result && result->error) {
                g_string_append(json, ",\"error\":{\"name\":");
                json_append_string(json, result->error);
                append_member(json, "message", result->message);
                append_member(json, "remedy", report_remedy(result->error));
                g_string_append_c(json, '}');
        } else
                append_member(json, "error", NULL);
        append_time(json, "submitted", record->submitted_usec);
        append_time(json, "started", record->started_usec);
        append_time(json, "finished", record->finished_usec);
        g_string_append_c(json, '}');
}

static void append_absent_body(GString *json, const Record *record) {
        static const char *const members[] = { "program",    "request",     "validation", "measurement",
                                               "comparison", "environment", "filter",     "versions" };
        g_autofree char *reason =
                        g_strdup_printf("the job ended before it was measured: %s",
                                        record->result && record->result->message ? record->result->message
                                                                                  : "no worker reported on it");

        g_string_append(json, "\"absent\":{");
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
                g_string_append_printf(json, "%s\"%s\":", i > 0 ? "," : "", members[i]);
                json_append_string(json, reason);
        }
        g_string_append_c(json, '}');
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
                g_string_append_printf(json, ",\"%s\":null", members[i]);
        g_string_append_c(json, '}');
}

char *report_build(const Record *record, const char *body) {
        GString *json = g_string_new("{\"schema\":\"" JT_REPORT_SCHEMA "\",");
        const char *rest;

        append_job(json, record);
        if (!body) {
                g_string_append_c(json, ',');
                append_absent_body(json, record);
                return g_string_free(json, FALSE);
        }

        /* json_body_plausible() has seen the braces; an empty object has no member to separate. */
        rest = body + 1;
        while (g_ascii_isspace(*rest))
                rest++;
        if (*rest != '}')
                g_string_append_c(json, ',');
        g_string_append(json, rest);
        return g_string_free(json, FALSE);
}
