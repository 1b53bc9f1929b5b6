/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "dictionary.h"
#include "manager-bus.h"
#include "names.h"
#include "records-bus.h"
#include "report.h"

#define RECORDS_MAX 10000
#define RECORD_SIZE 1024U /* of one in ListRecords' answer, about */

static int find_record(Manager *manager, uint32_t id, Record **ret, sd_bus_error *error) {
        int r;

        r = records_get(manager->records, id, ret);
        if (r == -ENOENT)
                return sd_bus_error_setf(error, JT_ERROR_NO_SUCH_JOB,
                                         "There is no job %" PRIu32 " on record that you may know of.", id);
        return r;
}

/* The record, if the caller may have it and the job has ended. As authority_check(). */
static int find_finished(Manager *manager, sd_bus_message *m, Permission permission, Record **ret,
                         sd_bus_error *error) {
        g_autoptr(Record) record = NULL;
        uint32_t id;
        int r;

        r = sd_bus_message_read(m, "u", &id);
        if (r < 0)
                return r;
        r = find_record(manager, id, &record, error);
        if (r < 0)
                return r;
        r = manager_bus_authorize(manager, m, record->uid, permission, error);
        if (r <= 0)
                return r;
        if (!record->result)
                return sd_bus_error_setf(error, JT_ERROR_NOT_FINISHED,
                                         "Job %" PRIu32 " is still queued or running; ask again when it has ended.",
                                         id);
        *ret = g_steal_pointer(&record);
        return 1;
}

/* The sender is known by now: it was asked for before. */
static int charge_answer(Manager *manager, sd_bus_message *m, uint64_t bytes, sd_bus_error *error) {
        const Caller *caller;
        uint64_t n_unsent;
        int r;

        r = sd_bus_get_n_queued_write(manager->bus, &n_unsent);
        if (r < 0)
                return r;
        if (!caller_known(manager->callers, m, &caller))
                return -ESRCH;
        r = outbox_charge(manager->outbox, caller->uid, bytes, n_unsent);
        if (r == -ENOBUFS)
                return sd_bus_error_set_const(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                              "Too many large answers wait for the bus to take them; read those "
                                              "before you ask for more.");
        return r;
}

int records_bus_get_report(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        g_autoptr(Record) record = NULL;
        g_autofree char *body = NULL, *report = NULL;
        int r;

        r = find_finished(manager, m, PERMIT_READ_RECORDS, &record, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1;

        if (record->has_body) {
                r = records_get_body(manager->records, record->id, record->fine, &body);
                if (r < 0)
                        return r;
        }
        report = report_build(record, body);
        r = charge_answer(manager, m, strlen(report), error);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, "s", report);
}

int records_bus_forget(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        g_autoptr(Record) record = NULL;
        int r;

        r = find_finished(manager, m, PERMIT_MANAGE_JOBS, &record, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1;

        r = records_forget(manager->records, record->id);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, NULL);
}

/* clang-format off */
/* What ListRecords takes; the words of read_filter_entry() name them all. */
static const struct {
        const char *name, *type;
        size_t offset;
} filter_keys[] = {
        { "uid",    "u", offsetof(RecordFilter, uid) },
        { "since",  "t", offsetof(RecordFilter, since_usec) },
        { "until",  "t", offsetof(RecordFilter, until_usec) },
        { "label",  "s", offsetof(RecordFilter, label) },
        { "result", "s", offsetof(RecordFilter, result) },
        { "limit",  "u", offsetof(RecordFilter, limit) },
        { "before", "u", offsetof(RecordFilter, before) },
};
/* clang-format on */

typedef struct FilterReader {
        RecordFilter *filter;
        uint64_t seen;
        sd_bus_error *error;
} FilterReader;

static int read_filter_entry(sd_bus_message *m, const char *key, void *userdata) {
        FilterReader *reader = userdata;
        size_t i = 0;
        int r;

        while (i < G_N_ELEMENTS(filter_keys) && strcmp(key, filter_keys[i].name) != 0)
                i++;
        if (i == G_N_ELEMENTS(filter_keys))
                return sd_bus_error_setf(reader->error, JT_ERROR_INVALID_REQUEST,
                                         "%s: unknown key; known are uid, since, until, label, result, limit, before",
                                         key);
        /* The message is kept while polkit is asked: it must not be large. */
        if (dictionary_mark(&reader->seen, i) < 0)
                return sd_bus_error_setf(reader->error, JT_ERROR_INVALID_REQUEST, "%s: is given twice; give it once",
                                         key);
        r = sd_bus_message_read(m, "v", filter_keys[i].type, (uint8_t *) reader->filter + filter_keys[i].offset);
        if (r == -ENXIO || r == -EBADMSG)
                return sd_bus_error_setf(reader->error, JT_ERROR_INVALID_REQUEST,
                                         "%s: wrong type; uid, limit and before are u, since and until t, label and "
                                         "result s",
                                         key);
        return r;
}

static int check_filter(const RecordFilter *filter, sd_bus_error *error) {
        uint64_t label_max = request_keys[REQUEST_LABEL].bounds.max;
        JobResult word;

        if (filter->label && strlen(filter->label) > label_max)
                return sd_bus_error_setf(error, JT_ERROR_INVALID_REQUEST,
                                         "label: has %zu bytes; at most %" PRIu64 " are allowed",
                                         strlen(filter->label), label_max);
        if (filter->result && job_result_from_string(filter->result, &word) < 0)
                return sd_bus_error_setf(error, JT_ERROR_INVALID_REQUEST,
                                         "result: \"%s\" is none of done, failed, unstable, timeout, infrastructure, "
                                         "cancelled",
                                         filter->result);
        return 0;
}

static int read_filter(sd_bus_message *m, RecordFilter *filter, sd_bus_error *error) {
        FilterReader reader = { .filter = filter, .error = error };
        int r;

        r = dictionary_read(m, read_filter_entry, &reader);
        if (r < 0)
                return r;
        r = check_filter(filter, error);
        if (r < 0)
                return r;
        if (filter->limit == 0 || filter->limit > RECORDS_MAX)
                filter->limit = RECORDS_MAX;
        return 0;
}

static int append_text(sd_bus_message *m, const char *key, const char *text) {
        return text ? sd_bus_message_append(m, "{sv}", key, "s", text) : 0;
}

static int append_time(sd_bus_message *m, const char *key, uint64_t usec) {
        return usec > 0 ? sd_bus_message_append(m, "{sv}", key, "t", usec) : 0;
}

typedef struct RecordLister {
        Manager *manager;
        sd_bus_message *reply;
        unsigned n;
} RecordLister;

/* The phases of a job that runs are not written down one by one. */
static JobState current_state(Manager *manager, const Record *record) {
        const Job *job = record->result ? NULL : manager_find(manager, record->id);

        return job ? job->record->state : record->state;
}

static int append_record(const Record *record, void *userdata) {
        RecordLister *lister = userdata;
        sd_bus_message *m = lister->reply;
        int r;

        lister->n++;
        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "id", "u", record->id, "uid", "u", (uint32_t) record->uid,
                                  "kind", "s", job_kind_to_string(record->kind), "state", "s",
                                  job_state_to_string(current_state(lister->manager, record)));
        if (r >= 0)
                r = append_time(m, "submitted", record->submitted_usec);
        if (r >= 0)
                r = append_time(m, "started", record->started_usec);
        if (r >= 0)
                r = append_time(m, "finished", record->finished_usec);
        if (r >= 0)
                r = append_text(m, "label", record->label);
        if (r >= 0)
                r = append_text(m, "candidate-id", record->candidate_id);
        if (r >= 0)
                r = append_text(m, "problem-name", record->problem_name);
        if (r >= 0 && record->result)
                r = result_append_members(m, record->result);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int records_bus_list_records(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(sd_bus_message) reply = NULL;
        Manager *manager = userdata;
        RecordLister lister = { .manager = manager };
        RecordFilter filter = {};
        const Caller *caller;
        int r;

        r = caller_get(manager->callers, m, &caller, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1;
        filter.uid = caller->uid; /* unless the filter names another */
        r = read_filter(m, &filter, error);
        if (r < 0)
                return r;
        filter.any_uid = filter.uid == ANY_UID;
        r = manager_bus_authorize(manager, m, filter.uid, PERMIT_READ_RECORDS, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r < 0)
                return r;
        lister.reply = reply;
        r = records_list(manager->records, &filter, append_record, &lister);
        if (r < 0)
                return r;
        r = charge_answer(manager, m, lister.n * RECORD_SIZE, error);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}
