/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>

#include "records-internal.h"

int records_list(Records *records, const RecordFilter *filter, RecordVisit visit, void *userdata) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int r;

        r = records_prepare(records,
                            "SELECT " RECORD_COLUMNS " FROM jobs WHERE (?1 OR uid = ?2) AND submitted >= ?3"
                            " AND (?4 = 0 OR submitted < ?4) AND (?5 IS NULL OR label = ?5)"
                            " AND (?6 IS NULL OR result = ?6) AND (?7 = 0 OR id < ?7) ORDER BY id DESC LIMIT ?8",
                            &statement, "uuuussuu", (uint64_t) filter->any_uid, (uint64_t) filter->uid,
                            filter->since_usec, filter->until_usec, filter->label, filter->result,
                            (uint64_t) filter->before, filter->limit > 0 ? (uint64_t) filter->limit : INT64_MAX);
        if (r < 0)
                return r;

        for (;;) {
                g_autoptr(Record) record = NULL;
                int code = sqlite3_step(statement);

                if (code == SQLITE_DONE)
                        return 0;
                if (code != SQLITE_ROW)
                        return records_error(records, "list");
                r = records_read_row(statement, &record);
                if (r < 0)
                        return r;
                r = visit(record, userdata);
                if (r < 0)
                        return r;
        }
}

static int list_open(Records *records, bool (*is_alive)(const char *owner), GPtrArray *ret) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int r;

        r = records_prepare(records,
                            "SELECT " RECORD_COLUMNS
                            ", owner FROM jobs WHERE result IS NULL AND owner != ?1 ORDER BY id",
                            &statement, "s", records->owner);
        if (r < 0)
                return r;
        for (;;) {
                Record *record;
                int code = sqlite3_step(statement);

                if (code == SQLITE_DONE)
                        return 0;
                if (code != SQLITE_ROW)
                        return records_error(records, "list unfinished");
                if (is_alive && is_alive((const char *) sqlite3_column_text(statement, 33)))
                        continue;
                r = records_read_row(statement, &record);
                if (r < 0)
                        return r;
                g_ptr_array_add(ret, record);
        }
}

static void free_record(void *p) {
        record_free(p);
}

int records_interrupt(Records *records, bool (*is_alive)(const char *owner), const char *error, const char *message,
                      RecordVisit interrupted, void *userdata) {
        g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func(free_record);
        int r;

        r = list_open(records, is_alive, open);
        if (r < 0)
                return r;
        if (open->len == 0)
                return 0;

        r = records_execute(records, "BEGIN");
        if (r < 0)
                return r;
        for (unsigned i = 0; i < open->len; i++) {
                Record *record = open->pdata[i];

                record->result = result_new(RESULT_INFRASTRUCTURE, error, message);
                record->state = job_result_state(RESULT_INFRASTRUCTURE);
                record->finished_usec = now_realtime_usec();
                r = records_finish(records, record, NULL, NULL);
                if (r < 0)
                        return r;
        }
        r = records_execute(records, "COMMIT");
        if (r < 0)
                return r;

        for (unsigned i = 0; i < open->len && interrupted; i++) {
                r = interrupted(open->pdata[i], userdata);
                if (r < 0)
                        return r;
        }
        return (int) open->len;
}

/* Returns how many. */
static int delete_by(Records *records, const char *sql, uint64_t bound) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int r;

        r = records_prepare(records, sql, &statement, "u", bound);
        if (r < 0)
                return r;
        r = records_run(records, statement);
        return r < 0 ? r : sqlite3_changes(records->db);
}

/* The user with the most loses the oldest, until few enough are left: that is in the order of each record's rank among
 * its user's, the highest first, and of two the older one. */
static int delete_too_many(Records *records, uint64_t max_count) {
        return delete_by(records,
                         "DELETE FROM jobs WHERE id IN (SELECT id FROM"
                         " (SELECT id, row_number() OVER (PARTITION BY uid ORDER BY id DESC) AS of_user FROM jobs"
                         "  WHERE result IS NOT NULL)"
                         " ORDER BY of_user, id DESC LIMIT -1 OFFSET ?1)",
                         max_count);
}

/* In the same way by the bytes of a user's records up to this one. */
static int delete_too_large(Records *records, uint64_t max_bytes) {
        return delete_by(records,
                         "WITH sizes AS (SELECT id, uid, coalesce(length(CAST(body_public AS BLOB)), 0)"
                         "  + coalesce(length(CAST(body_full AS BLOB)), 0) AS bytes FROM jobs"
                         "  WHERE result IS NOT NULL),"
                         " users AS (SELECT id, bytes, sum(bytes) OVER (PARTITION BY uid ORDER BY id DESC"
                         "  ROWS UNBOUNDED PRECEDING) AS of_user FROM sizes),"
                         " totals AS (SELECT id, sum(bytes) OVER (ORDER BY of_user, id DESC"
                         "  ROWS UNBOUNDED PRECEDING) AS total FROM users)"
                         "DELETE FROM jobs WHERE id IN (SELECT id FROM totals WHERE total > ?1)",
                         max_bytes);
}

/* Sizes are known only after reading all bodies: not while the whole file is smaller than they may be. */
static int may_be_too_large(Records *records, uint64_t max_bytes) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int r;

        r = records_prepare(records, "SELECT page_count * page_size > ?1 FROM pragma_page_count(), pragma_page_size()",
                            &statement, "u", max_bytes);
        if (r < 0)
                return r;
        if (sqlite3_step(statement) != SQLITE_ROW)
                return records_error(records, "size");
        return sqlite3_column_int(statement, 0);
}

int records_retain(Records *records, uint64_t now_usec, uint64_t max_age_usec, uint64_t max_count,
                   uint64_t max_bytes) {
        int n = 0, r = 0;

        if (max_age_usec > 0 && max_age_usec < now_usec)
                r = delete_by(records, "DELETE FROM jobs WHERE result IS NOT NULL AND submitted < ?1",
                              now_usec - max_age_usec);
        if (r >= 0 && max_count > 0) {
                n += r;
                r = delete_too_many(records, max_count);
        }
        if (r >= 0 && max_bytes > 0) {
                n += r;
                r = may_be_too_large(records, max_bytes);
                if (r > 0)
                        r = delete_too_large(records, max_bytes);
        }
        if (r < 0)
                return r;
        if (n + r == 0)
                return 0;
        records->generation++;
        return records_execute(records, "PRAGMA incremental_vacuum");
}

/* Only jobs that ran to their end say how long such a job takes: one of too many invalid trials did, too. */
#define RAN_TO_ITS_END "result IN ('done', 'unstable')"
#define TO_EXPECTED "CAST(finished - started AS REAL) / expected AS ratio"

/* The one number an SQL query gives; NAN: none. It is remembered by what is asked until a job ends: whoever has a long
 * queue asks for each of its jobs, again and again, and a query may look at every record. */
static int mean_of(Records *records, const char *question, const char *sql, const char *types, const char *text,
                   uint64_t number, double *ret) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        const double *known;
        int r;

        if (records->means_generation != records->generation) {
                g_hash_table_remove_all(records->means);
                records->means_generation = records->generation;
        }
        known = g_hash_table_lookup(records->means, question);
        if (known) {
                *ret = *known;
                return 0;
        }
        r = types[0] == 's' ? records_prepare(records, sql, &statement, types, text)
                            : records_prepare(records, sql, &statement, types, number);
        if (r < 0)
                return r;
        if (sqlite3_step(statement) != SQLITE_ROW)
                return records_error(records, "estimate");
        *ret = sqlite3_column_type(statement, 0) == SQLITE_NULL ? NAN : sqlite3_column_double(statement, 0);
        g_hash_table_insert(records->means, g_strdup(question), g_memdup2(ret, sizeof(*ret)));
        return 0;
}

static int mean_of_digest(Records *records, const char *digest, double *ret) {
        g_autofree char *question = g_strdup_printf("digest %s", digest);

        return mean_of(records, question,
                       "SELECT avg(finished - started) FROM jobs WHERE digest = ? AND " RAN_TO_ITS_END, "s", digest, 0,
                       ret);
}

static int mean_ratio_of_user(Records *records, uid_t uid, double *ret) {
        g_autofree char *question = g_strdup_printf("uid %" PRIu32, (uint32_t) uid);

        return mean_of(records, question,
                       "SELECT avg(ratio) FROM (SELECT " TO_EXPECTED " FROM jobs WHERE uid = ? AND " RAN_TO_ITS_END
                       " AND expected > 0 ORDER BY id DESC LIMIT 50)",
                       "u", NULL, uid, ret);
}

static int mean_ratio(Records *records, double *ret) {
        return mean_of(records, "all",
                       "SELECT avg(ratio) FROM (SELECT " TO_EXPECTED " FROM jobs WHERE " RAN_TO_ITS_END
                       " AND expected > 0 ORDER BY id DESC LIMIT 50)",
                       "", NULL, 0, ret);
}

int records_estimate(Records *records, const char *digest, uid_t uid, uint64_t formula_usec, uint64_t *ret_usec) {
        double mean, ratio;
        int r;

        r = mean_of_digest(records, digest, &mean);
        if (r < 0)
                return r;
        if (!isnan(mean)) {
                *ret_usec = (uint64_t) MAX(mean, 0);
                return 0;
        }
        r = mean_ratio_of_user(records, uid, &ratio);
        if (r >= 0 && isnan(ratio))
                r = mean_ratio(records, &ratio);
        if (r < 0)
                return r;
        if (isnan(ratio))
                ratio = 1;
        *ret_usec = (uint64_t) MAX(ratio * (double) formula_usec, 0);
        return 0;
}

int records_statistics(Records *records, uint64_t since_usec, RecordStatistics *ret) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int r;

        if (records->statistics_since_usec > 0 && since_usec - records->statistics_since_usec < USEC_PER_SEC) {
                *ret = records->statistics;
                return 0;
        }
        /* Nearest rank: the smallest value with at least that share at or below it. */
        r = records_prepare(records,
                            "WITH recent AS (SELECT result, (finished - started) / 1e6 AS duration,"
                            " (started - submitted) / 1e6 AS wait FROM jobs WHERE submitted >= ?1),"
                            " durations AS (SELECT duration, cume_dist() OVER (ORDER BY duration) AS share FROM recent"
                            "  WHERE duration IS NOT NULL),"
                            " waits AS (SELECT wait, cume_dist() OVER (ORDER BY wait) AS share FROM recent"
                            "  WHERE wait IS NOT NULL)"
                            "SELECT (SELECT count(*) FROM recent),"
                            " (SELECT count(*) FROM recent WHERE result NOT IN ('done', 'cancelled')),"
                            " (SELECT count(*) FROM recent WHERE result = 'cancelled'),"
                            " (SELECT avg(duration) FROM durations),"
                            " (SELECT min(duration) FROM durations WHERE share >= 0.95),"
                            " (SELECT min(wait) FROM waits WHERE share >= 0.5),"
                            " (SELECT min(wait) FROM waits WHERE share >= 0.95)",
                            &statement, "u", since_usec);
        if (r < 0)
                return r;
        if (sqlite3_step(statement) != SQLITE_ROW)
                return records_error(records, "statistics");

        *ret = (RecordStatistics){ .jobs = (uint32_t) sqlite3_column_int64(statement, 0),
                                   .failed = (uint32_t) sqlite3_column_int64(statement, 1),
                                   .cancelled = (uint32_t) sqlite3_column_int64(statement, 2) };
        double *const fields[] = { &ret->duration_mean, &ret->duration_p95, &ret->wait_p50, &ret->wait_p95 };
        for (int i = 0; i < 4; i++)
                *fields[i] = sqlite3_column_type(statement, 3 + i) == SQLITE_NULL
                                             ? NAN
                                             : sqlite3_column_double(statement, 3 + i);
        records->statistics = *ret;
        records->statistics_since_usec = since_usec;
        return 0;
}
