/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include <glib/gstdio.h>

#include "names.h"
#include "records-internal.h"

typedef struct Fixture {
        char *directory, *path;
        Records *records;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->directory = g_dir_make_tmp("records-XXXXXX", NULL);
        f->path = g_build_filename(f->directory, "records.sqlite", NULL);
        g_assert_cmpint(records_open(f->path, "first", &f->records), >=, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        static const char *const suffixes[] = { "", "-wal", "-shm" };

        records_close(f->records);
        for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
                g_autofree char *name = g_strconcat(f->path, suffixes[i], NULL);

                (void) g_remove(name);
        }
        (void) g_rmdir(f->directory);
        g_free(f->directory);
        g_free(f->path);
}

static void reopen(Fixture *f, const char *owner) {
        f->records = records_close(f->records);
        g_assert_cmpint(records_open(f->path, owner, &f->records), >=, 0);
}

static uint32_t submit(Fixture *f, uid_t uid, const char *digest, uint64_t submitted) {
        g_autoptr(Record) record = g_new0(Record, 1);

        record->uuid = g_strdup("0-0");
        record->uid = uid;
        record->submitted_usec = submitted;
        record->digest = g_strdup(digest);
        record->expected_usec = 1000;
        record->label = uid == 1000 ? g_strdup("mine") : NULL;
        g_assert_cmpint(records_submit(f->records, record), >=, 0);
        return record->id;
}

/* Runs for the given time after waiting for 10 µs. */
static void finish(Fixture *f, uint32_t id, JobResult result, uint64_t duration, const char *body) {
        g_autoptr(Record) record = NULL;

        g_assert_cmpint(records_get(f->records, id, &record), >=, 0);
        g_assert_cmpint(records_start(f->records, id, record->submitted_usec + 10), >=, 0);
        record->finished_usec = record->submitted_usec + 10 + duration;
        record->result = result_new(result, result == RESULT_DONE ? NULL : JT_ERROR_RUN_FAILED, "message");
        record->result->total_energy = 1.5;
        record->result->trials = 9;
        record->result->simulated = true;
        record->state = job_result_state(result);
        g_assert_cmpint(records_finish(f->records, record, body, body), >=, 0);
}

static void test_round_trip(Fixture *f, gconstpointer data) {
        g_autoptr(Record) record = NULL;
        g_autofree char *public_body = NULL, *full_body = NULL;
        uint32_t id = submit(f, 1000, "d", 5000);

        g_assert_cmpuint(id, ==, 1);
        g_assert_cmpint(records_get(f->records, id, &record), >=, 0);
        g_assert_null(record->result);
        g_assert_cmpint(record->state, ==, JOB_QUEUED);
        g_assert_cmpint(records_get_body(f->records, id, false, &public_body), ==, -ENOENT);
        g_clear_pointer(&record, record_free);

        finish(f, id, RESULT_FAILED, 100, "{\"ü\":1}");
        reopen(f, "second");
        g_assert_cmpint(records_get(f->records, id, &record), >=, 0);
        g_assert_cmpuint(record->uid, ==, 1000);
        g_assert_cmpstr(record->label, ==, "mine");
        g_assert_null(record->candidate_id);
        g_assert_cmpuint(record->submitted_usec, ==, 5000);
        g_assert_cmpuint(record->started_usec, ==, 5010);
        g_assert_cmpuint(record->finished_usec, ==, 5110);
        g_assert_cmpint(record->state, ==, JOB_COMPLETED);
        g_assert_true(record->has_body);
        g_assert_cmpint(record->result->result, ==, RESULT_FAILED);
        g_assert_cmpstr(record->result->error, ==, JT_ERROR_RUN_FAILED);
        g_assert_cmpstr(record->result->message, ==, "message");
        g_assert_cmpfloat(record->result->total_energy, ==, 1.5);
        g_assert_true(isnan(record->result->net_energy));
        g_assert_cmpuint(record->result->trials, ==, 9);
        g_assert_true(record->result->simulated);
        g_assert_cmpint(records_get_body(f->records, id, false, &public_body), >=, 0);
        g_assert_cmpint(records_get_body(f->records, id, true, &full_body), >=, 0);
        g_assert_cmpstr(public_body, ==, "{\"ü\":1}");
}

/* Another connection, as after a crash, sees what was committed; and the log is synced at each commit. */
static void test_durable(Fixture *f, gconstpointer data) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        g_autoptr(Records) other = NULL;
        g_autoptr(Record) record = NULL;
        uint32_t id = submit(f, 1, "d", 1);

        g_assert_cmpint(records_open(f->path, "other", &other), >=, 0);
        g_assert_cmpint(records_get(other, id, &record), >=, 0);

        g_assert_cmpint(records_prepare(f->records, "PRAGMA synchronous", &statement, ""), >=, 0);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        g_assert_cmpint(sqlite3_column_int(statement, 0), >=, 2); /* FULL */
        g_clear_pointer(&statement, sqlite3_finalize);
        g_assert_cmpint(records_prepare(f->records, "PRAGMA journal_mode", &statement, ""), >=, 0);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        g_assert_cmpstr((const char *) sqlite3_column_text(statement, 0), ==, "wal");
}

static void test_ids_are_not_used_again(Fixture *f, gconstpointer data) {
        uint32_t id = submit(f, 1, "d", 1);

        finish(f, id, RESULT_DONE, 1, NULL);
        g_assert_cmpint(records_forget(f->records, id), >=, 0);
        g_assert_cmpint(records_forget(f->records, id), ==, -ENOENT);
        reopen(f, "second");
        g_assert_cmpuint(submit(f, 1, "d", 1), >, id);
}

static int count(const Record *record, void *userdata) {
        (*(unsigned *) userdata)++;
        return 0;
}

static int collect(const Record *record, void *userdata) {
        g_array_append_val((GArray *) userdata, record->id);
        return 0;
}

static void test_interrupt(Fixture *f, gconstpointer data) {
        g_autoptr(Record) record = NULL;
        uint32_t done = submit(f, 1, "d", 1), running = submit(f, 1, "d", 2), queued = submit(f, 1, "d", 3);
        unsigned told = 0;

        finish(f, done, RESULT_DONE, 1, NULL);
        g_assert_cmpint(records_start(f->records, running, 5), >=, 0);
        reopen(f, "second");
        submit(f, 1, "d", 4);
        g_assert_cmpint(records_interrupt(f->records, NULL, JT_ERROR_SERVICE_RESTARTED, "restarted", count, &told), ==,
                        2);
        g_assert_cmpuint(told, ==, 2);
        g_assert_cmpint(records_get(f->records, queued, &record), >=, 0);
        g_assert_cmpint(record->result->result, ==, RESULT_INFRASTRUCTURE);
        g_assert_cmpstr(record->result->error, ==, JT_ERROR_SERVICE_RESTARTED);
        g_assert_cmpint(record->state, ==, JOB_FAILED);
        g_assert_cmpint(records_interrupt(f->records, NULL, JT_ERROR_SERVICE_RESTARTED, "restarted", NULL, NULL), ==,
                        0);
}

static bool first_lives(const char *owner) {
        return strcmp(owner, "first") == 0;
}

static void test_interrupt_spares_the_living(Fixture *f, gconstpointer data) {
        submit(f, 1, "d", 1);
        reopen(f, "second");
        g_assert_cmpint(records_interrupt(f->records, first_lives, JT_ERROR_SERVICE_RESTARTED, "restarted", NULL,
                                          NULL),
                        ==, 0);
}

static GArray *list(Fixture *f, const RecordFilter *filter) {
        GArray *ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));

        g_assert_cmpint(records_list(f->records, filter, collect, ids), >=, 0);
        return ids;
}

static void test_list(Fixture *f, gconstpointer data) {
        static const struct {
                RecordFilter filter;
                uint32_t ids[5];
        } table[] = {
                { { .uid = 1000 }, { 3, 1 } },
                { { .uid = 1001 }, { 4, 2 } },
                { { .uid = 7 }, {} },
                { { .any_uid = true }, { 4, 3, 2, 1 } },
                { { .any_uid = true, .limit = 2 }, { 4, 3 } },
                { { .any_uid = true, .before = 3 }, { 2, 1 } },
                { { .any_uid = true, .since_usec = 200 }, { 4, 3, 2 } },
                { { .any_uid = true, .until_usec = 200 }, { 1 } },
                { { .any_uid = true, .label = "mine" }, { 3, 1 } },
                { { .any_uid = true, .label = "' OR 1" }, {} },
                { { .any_uid = true, .result = "done" }, { 1 } },
                { { .uid = 1001, .result = "done" }, {} },
        };

        for (unsigned i = 0; i < 4; i++)
                submit(f, 1000 + i % 2, "d", (i + 1) * 100);
        finish(f, 1, RESULT_DONE, 1, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(GArray) ids = list(f, &table[i].filter);
                unsigned n = 0;

                while (table[i].ids[n] > 0)
                        n++;
                g_test_message("filter %zu", i);
                g_assert_cmpuint(ids->len, ==, n);
                for (unsigned j = 0; j < n; j++)
                        g_assert_cmpuint(g_array_index(ids, uint32_t, j), ==, table[i].ids[j]);
        }
}

static unsigned remaining(Fixture *f) {
        g_autoptr(GArray) ids = list(f, &(const RecordFilter){ .any_uid = true });

        return ids->len;
}

static void test_retain(Fixture *f, gconstpointer data) {
        g_autofree char *body = g_strnfill(1000, 'x');
        g_autoptr(Record) newest = NULL;

        for (unsigned i = 1; i <= 10; i++)
                finish(f, submit(f, 1, "d", i * 100), RESULT_DONE, 1, body);
        submit(f, 1, "d", 1); /* old, but not ended */

        g_assert_cmpint(records_retain(f->records, 2000, 0, 0, 0), >=, 0);
        g_assert_cmpuint(remaining(f), ==, 11);
        g_assert_cmpint(records_retain(f->records, 2000, 1700, 0, 0), >=, 0);
        g_assert_cmpuint(remaining(f), ==, 9);
        g_assert_cmpint(records_retain(f->records, 2000, 0, 5, 0), >=, 0);
        g_assert_cmpuint(remaining(f), ==, 6);
        g_assert_cmpint(records_retain(f->records, 2000, 0, 0, 4100), >=, 0);
        g_assert_cmpuint(remaining(f), ==, 3);
        g_assert_cmpint(records_get(f->records, 10, &newest), >=, 0);
}

static bool is_kept(Fixture *f, uint32_t id) {
        g_autoptr(Record) record = NULL;

        return records_get(f->records, id, &record) >= 0;
}

/* User 1 has ten, user 2 three older ones, user 3 one. */
static void test_retain_is_fair_by_count(Fixture *f, gconstpointer data) {
        static const uid_t users[] = { 2, 2, 2, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
        uint32_t ids[G_N_ELEMENTS(users)];

        for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
                ids[i] = submit(f, users[i], "d", i + 1);
                finish(f, ids[i], RESULT_DONE, 1, NULL);
        }
        g_assert_cmpint(records_retain(f->records, 2000, 0, 8, 0), >=, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
                g_assert_true(is_kept(f, ids[i]) == (i < 4 || i >= 10));
        /* Users 1 and 2 have more than user 3: the next two are the oldest of each, the older one first. */
        g_assert_cmpint(records_retain(f->records, 2000, 0, 6, 0), >=, 0);
        g_assert_false(is_kept(f, ids[10]));
        g_assert_false(is_kept(f, ids[0]));
        g_assert_true(is_kept(f, ids[1]) && is_kept(f, ids[3]));
}

/* User 2 has the most records, user 1 the largest. */
static void test_retain_is_fair_by_bytes(Fixture *f, gconstpointer data) {
        g_autofree char *large = g_strnfill(10000, 'x'), *small = g_strnfill(100, 'x');
        static const uid_t users[] = { 2, 2, 2, 2, 1, 1, 3 };
        uint32_t ids[G_N_ELEMENTS(users)];
        uint32_t open;

        for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
                ids[i] = submit(f, users[i], "d", i + 1);
                finish(f, ids[i], RESULT_DONE, 1, users[i] == 1 ? large : small);
        }
        open = submit(f, 1, "d", 1);
        g_assert_cmpint(records_retain(f->records, 2000, 0, 0, 21500), >=, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
                g_assert_true(is_kept(f, ids[i]) == (i != 4));
        g_assert_true(is_kept(f, open));
        /* With the last large one gone, 100 bytes each twice: user 2 still has the most. */
        g_assert_cmpint(records_retain(f->records, 2000, 0, 0, 600), >=, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
                g_assert_true(is_kept(f, ids[i]) == (i == 2 || i == 3 || i == 6));
}

static uint64_t estimate(Fixture *f, const char *digest, uid_t uid, uint64_t formula) {
        uint64_t usec = 0;

        g_assert_cmpint(records_estimate(f->records, digest, uid, formula, &usec), >=, 0);
        return usec;
}

static void test_estimate(Fixture *f, gconstpointer data) {
        uint64_t generation = records_generation(f->records);

        g_assert_cmpuint(estimate(f, "a", 1, 777), ==, 777);
        finish(f, submit(f, 2, "b", 1), RESULT_DONE, 3000, NULL); /* three times its formula */
        g_assert_cmpuint(records_generation(f->records), !=, generation);
        g_assert_cmpuint(estimate(f, "a", 1, 100), ==, 300);
        finish(f, submit(f, 1, "c", 1), RESULT_DONE, 2000, NULL);
        g_assert_cmpuint(estimate(f, "a", 1, 100), ==, 200);
        finish(f, submit(f, 9, "a", 1), RESULT_DONE, 4000, NULL);
        finish(f, submit(f, 9, "a", 1), RESULT_UNSTABLE, 6000, NULL); /* made all of its trials, and more */
        finish(f, submit(f, 9, "a", 1), RESULT_CANCELLED, 1, NULL);
        g_assert_cmpuint(estimate(f, "a", 1, 100), ==, 5000);
}

static int on_statement(unsigned type, void *userdata, void *statement, void *text) {
        unsigned *n = userdata;

        (*n)++;
        return 0;
}

/* Anybody may ask for both, as often as he likes and of a queue as long as it may be. */
static void test_asked_again_and_again(Fixture *f, gconstpointer data) {
        const uint64_t now = 1000 * USEC_PER_SEC;
        RecordStatistics s;
        unsigned n = 0;

        finish(f, submit(f, 1, "a", now), RESULT_DONE, 300, NULL);
        g_assert_cmpint(sqlite3_trace_v2(f->records->db, SQLITE_TRACE_STMT, on_statement, &n), ==, SQLITE_OK);

        /* Of two digests one is on record; the ratios are looked up once for all jobs of a user. */
        for (unsigned i = 0; i < 50; i++) {
                g_assert_cmpuint(estimate(f, "a", 1, 100), ==, 300);
                g_assert_cmpuint(estimate(f, "b", 1, 1000), ==, 300);
                g_assert_cmpuint(estimate(f, "c", 1, 2000), ==, 600);
        }
        g_assert_cmpuint(n, ==, 4);
        finish(f, submit(f, 1, "a", now), RESULT_DONE, 500, NULL);
        g_assert_cmpuint(estimate(f, "a", 1, 100), ==, 400);

        n = 0;
        g_assert_cmpint(records_statistics(f->records, now, &s), >=, 0);
        g_assert_cmpuint(s.jobs, ==, 2);
        for (unsigned i = 0; i < 50; i++) {
                submit(f, 1, "a", now + USEC_PER_SEC);
                n = 0;
                g_assert_cmpint(records_statistics(f->records, now + USEC_PER_SEC - 1, &s), >=, 0);
                g_assert_cmpuint(n, ==, 0);
                g_assert_cmpuint(s.jobs, ==, 2);
        }
        g_assert_cmpint(records_statistics(f->records, now + USEC_PER_SEC, &s), >=, 0);
        g_assert_cmpuint(s.jobs, ==, 50);
        /* The clock was set back. */
        g_assert_cmpint(records_statistics(f->records, now, &s), >=, 0);
        g_assert_cmpuint(s.jobs, ==, 52);
}

static void test_statistics(Fixture *f, gconstpointer data) {
        RecordStatistics s;

        g_assert_cmpint(records_statistics(f->records, 0, &s), >=, 0);
        g_assert_cmpuint(s.jobs, ==, 0);
        g_assert_true(isnan(s.duration_mean) && isnan(s.wait_p95));

        for (unsigned i = 1; i <= 20; i++)
                finish(f, submit(f, 1, "d", 2 * USEC_PER_SEC),
                       i == 1   ? RESULT_FAILED
                       : i == 2 ? RESULT_CANCELLED
                                : RESULT_DONE,
                       i * USEC_PER_SEC, NULL);
        finish(f, submit(f, 1, "d", 5), RESULT_DONE, 99 * USEC_PER_SEC, NULL);
        g_assert_cmpint(records_statistics(f->records, 2 * USEC_PER_SEC, &s), >=, 0);
        g_assert_cmpuint(s.jobs, ==, 20);
        g_assert_cmpuint(s.failed, ==, 1);
        g_assert_cmpuint(s.cancelled, ==, 1);
        g_assert_cmpfloat_with_epsilon(s.duration_mean, 10.5, 1e-9);
        g_assert_cmpfloat_with_epsilon(s.duration_p95, 19, 1e-9);
        g_assert_cmpfloat_with_epsilon(s.wait_p50, 1e-5, 1e-9);
}

static void test_other_schema(Fixture *f, gconstpointer data) {
        Records *records = NULL;

        g_assert_cmpint(records_execute(f->records, "PRAGMA user_version = 99"), >=, 0);
        f->records = records_close(f->records);
        g_assert_cmpint(records_open(f->path, "second", &records), ==, -EPROTONOSUPPORT);
        g_assert_null(records);
}

#define ADD(name, function) g_test_add("/records/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("round-trip", test_round_trip);
        ADD("durable", test_durable);
        ADD("ids-are-not-used-again", test_ids_are_not_used_again);
        ADD("interrupt", test_interrupt);
        ADD("interrupt-spares-the-living", test_interrupt_spares_the_living);
        ADD("list", test_list);
        ADD("retain", test_retain);
        ADD("retain-is-fair-by-count", test_retain_is_fair_by_count);
        ADD("retain-is-fair-by-bytes", test_retain_is_fair_by_bytes);
        ADD("estimate", test_estimate);
        ADD("statistics", test_statistics);
        ADD("asked-again-and-again", test_asked_again_and_again);
        ADD("other-schema", test_other_schema);
        return g_test_run();
}
