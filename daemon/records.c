/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "log.h"
#include "records-internal.h"

#define SCHEMA_VERSION 1

/* AUTOINCREMENT: an id is not used again even when the newest row is forgotten. */
static const char schema[] =
                "CREATE TABLE jobs("
                " id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, uuid TEXT NOT NULL, kind TEXT NOT NULL,"
                " uid INTEGER NOT NULL, state TEXT NOT NULL, submitted INTEGER NOT NULL, started INTEGER, finished "
                "INTEGER,"
                " label TEXT, candidate_id TEXT, problem_name TEXT, digest TEXT NOT NULL, fine INTEGER NOT NULL,"
                " expected INTEGER NOT NULL, result TEXT, verdict TEXT, status TEXT, grade TEXT, message TEXT, error "
                "TEXT,"
                " simulated INTEGER, trials INTEGER, invalid_trials INTEGER, total_energy REAL, total_energy_low REAL,"
                " total_energy_high REAL, net_energy REAL, net_energy_low REAL, net_energy_high REAL, wall REAL, cpu "
                "REAL,"
                " power REAL, body_public TEXT, body_full TEXT);"
                "CREATE INDEX jobs_uid ON jobs(uid, id);"
                "CREATE INDEX jobs_digest ON jobs(digest) WHERE result IS NOT NULL;"
                "CREATE INDEX jobs_open ON jobs(id) WHERE result IS NULL;"
                "CREATE INDEX jobs_submitted ON jobs(submitted);"
                "PRAGMA user_version = 1;";

int records_error(Records *records, const char *what) {
        int code = sqlite3_errcode(records->db) & 0xff;
        int error = code == SQLITE_FULL                              ? -ENOSPC
                    : code == SQLITE_READONLY || code == SQLITE_PERM ? -EROFS
                    : code == SQLITE_BUSY || code == SQLITE_LOCKED   ? -EBUSY
                                                                     : -EIO;

        return log_at(LOG_ERR, &(const LogContext){ .uid = -1, .error = error }, "records: %s: %s", what,
                      sqlite3_errmsg(records->db));
}

int records_execute(Records *records, const char *sql) {
        if (sqlite3_exec(records->db, sql, NULL, NULL, NULL) != SQLITE_OK)
                return records_error(records, sql);
        return 0;
}

static int bind_values(sqlite3_stmt *statement, const char *types, va_list values) {
        for (int i = 1; *types != '\0'; types++, i++) {
                const char *text;
                double number;
                int code;

                switch (*types) {
                case 'u':
                        code = sqlite3_bind_int64(statement, i, (sqlite3_int64) va_arg(values, uint64_t));
                        break;
                case 'd':
                        number = va_arg(values, double);
                        code = isnan(number) ? sqlite3_bind_null(statement, i)
                                             : sqlite3_bind_double(statement, i, number);
                        break;
                default:
                        text = va_arg(values, const char *);
                        code = text ? sqlite3_bind_text(statement, i, text, -1, SQLITE_TRANSIENT)
                                    : sqlite3_bind_null(statement, i);
                }
                if (code != SQLITE_OK)
                        return code;
        }
        return SQLITE_OK;
}

int records_prepare(Records *records, const char *sql, sqlite3_stmt **ret, const char *types, ...) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        va_list values;
        int code;

        if (sqlite3_prepare_v2(records->db, sql, -1, &statement, NULL) != SQLITE_OK)
                return records_error(records, sql);
        va_start(values, types);
        code = bind_values(statement, types, values);
        va_end(values);
        if (code != SQLITE_OK)
                return records_error(records, sql);
        *ret = g_steal_pointer(&statement);
        return 0;
}

int records_run(Records *records, sqlite3_stmt *statement) {
        if (sqlite3_step(statement) != SQLITE_DONE)
                return records_error(records, sqlite3_sql(statement));
        return 0;
}

static int schema_prepare(Records *records) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int version, r;

        r = records_prepare(records, "PRAGMA user_version", &statement, "");
        if (r < 0)
                return r;
        if (sqlite3_step(statement) != SQLITE_ROW)
                return records_error(records, "user_version");
        version = sqlite3_column_int(statement, 0);
        if (version == SCHEMA_VERSION)
                return 0;
        if (version != 0) {
                log_error("records: schema version %d was written by another version of jouletraced; this one knows "
                          "%d",
                          version, SCHEMA_VERSION);
                return -EPROTONOSUPPORT;
        }
        g_clear_pointer(&statement, sqlite3_finalize);

        /* Two embedded services of one user may start at the same time: the second finds the table made. */
        r = records_execute(records, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;
        r = records_prepare(records, "SELECT 1 FROM sqlite_master WHERE name = 'jobs'", &statement, "");
        if (r < 0)
                return r;
        if (sqlite3_step(statement) != SQLITE_ROW) {
                r = records_execute(records, schema);
                if (r < 0)
                        return r;
        }
        g_clear_pointer(&statement, sqlite3_finalize);
        return records_execute(records, "COMMIT");
}

/* One connection with short statements: SQLite's pools, made for speed, are 200 KiB of an idle service. Takes effect
 * before the first connection only. */
static void configure_sqlite(void) {
        (void) sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
        (void) sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

int records_open(const char *path, const char *owner, Records **ret) {
        g_autoptr(Records) records = g_new0(Records, 1);
        int r;

        configure_sqlite();
        records->owner = g_strdup(owner);
        records->means = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        if (sqlite3_open_v2(path, &records->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                            NULL) != SQLITE_OK)
                return records_error(records, path);
        sqlite3_busy_timeout(records->db, 2000);

        /* In WAL mode FULL syncs the log at each commit. What is forgotten is overwritten, and the file shrinks. */
        r = records_execute(records,
                            "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
                            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -128;");
        if (r < 0)
                return r;
        r = schema_prepare(records);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&records);
        return 0;
}

Records *records_close(Records *records) {
        if (!records)
                return NULL;
        sqlite3_close(records->db);
        g_clear_pointer(&records->means, g_hash_table_unref);
        g_free(records->owner);
        g_free(records);
        return NULL;
}

Record *record_free(Record *record) {
        if (!record)
                return NULL;
        g_free(record->uuid);
        g_free(record->label);
        g_free(record->candidate_id);
        g_free(record->problem_name);
        g_free(record->digest);
        result_free(record->result);
        g_free(record);
        return NULL;
}

int records_submit(Records *records, Record *record) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        sqlite3_int64 id;
        int r;

        r = records_prepare(records,
                            "INSERT INTO jobs(owner, uuid, kind, uid, state, submitted, label, candidate_id,"
                            " problem_name, digest, fine, expected) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
                            &statement, "sssusussssuu", records->owner, record->uuid, job_kind_to_string(record->kind),
                            (uint64_t) record->uid, job_state_to_string(JOB_QUEUED), record->submitted_usec,
                            record->label, record->candidate_id, record->problem_name, record->digest,
                            (uint64_t) record->fine, record->expected_usec);
        if (r < 0)
                return r;
        r = records_run(records, statement);
        if (r < 0)
                return r;

        id = sqlite3_last_insert_rowid(records->db);
        if (id <= 0 || id >= UINT32_MAX) {
                log_error("records: job ids are used up; move the records away and restart");
                return -EOVERFLOW;
        }
        record->id = (uint32_t) id;
        record->state = JOB_QUEUED;
        return 0;
}

int records_begin(Records *records) {
        return records_execute(records, "BEGIN");
}

int records_commit(Records *records) {
        return records_execute(records, "COMMIT");
}

int records_probe(Records *records) {
        return records_execute(records, "PRAGMA user_version = 1");
}

int records_start(Records *records, uint32_t id, uint64_t started_usec) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int r;

        r = records_prepare(records, "UPDATE jobs SET started = ?, state = ? WHERE id = ?", &statement, "usu",
                            started_usec, job_state_to_string(JOB_SETTLING), (uint64_t) id);
        if (r < 0)
                return r;
        return records_run(records, statement);
}

int records_finish(Records *records, const Record *record, const char *public_body, const char *full_body) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        const Result *result = record->result;
        int r;

        r = records_prepare(records,
                            "UPDATE jobs SET state=?, finished=?, result=?, verdict=?, status=?, grade=?, message=?,"
                            " error=?, simulated=?, trials=?, invalid_trials=?, total_energy=?, total_energy_low=?,"
                            " total_energy_high=?, net_energy=?, net_energy_low=?, net_energy_high=?, wall=?, cpu=?,"
                            " power=?, body_public=?, body_full=? WHERE id=?",
                            &statement, "susssssssuudddddddddssu", job_state_to_string(record->state),
                            record->finished_usec, job_result_to_string(result->result), result->verdict,
                            result->status, result->grade, result->message, result->error,
                            result->simulated ? "1" : "0", (uint64_t) result->trials,
                            (uint64_t) result->invalid_trials, result->total_energy, result->total_energy_low,
                            result->total_energy_high, result->net_energy, result->net_energy_low,
                            result->net_energy_high, result->wall, result->cpu, result->power, public_body, full_body,
                            (uint64_t) record->id);
        if (r < 0)
                return r;
        r = records_run(records, statement);
        if (r < 0)
                return r;
        records->generation++;
        return 0;
}

static char *column_text(sqlite3_stmt *statement, int i) {
        return g_strdup((const char *) sqlite3_column_text(statement, i));
}

static double column_double(sqlite3_stmt *statement, int i) {
        return sqlite3_column_type(statement, i) == SQLITE_NULL ? NAN : sqlite3_column_double(statement, i);
}

static Result *read_result(sqlite3_stmt *statement, int i) {
        JobResult word;
        Result *result;

        if (sqlite3_column_type(statement, i) == SQLITE_NULL)
                return NULL;
        if (job_result_from_string((const char *) sqlite3_column_text(statement, i), &word) < 0)
                return NULL;
        result = result_new(word, (const char *) sqlite3_column_text(statement, i + 5),
                            (const char *) sqlite3_column_text(statement, i + 4));
        result->verdict = column_text(statement, i + 1);
        result->status = column_text(statement, i + 2);
        result->grade = column_text(statement, i + 3);
        result->simulated = sqlite3_column_int(statement, i + 6) != 0;
        result->trials = (uint32_t) sqlite3_column_int64(statement, i + 7);
        result->invalid_trials = (uint32_t) sqlite3_column_int64(statement, i + 8);
        result->total_energy = column_double(statement, i + 9);
        result->total_energy_low = column_double(statement, i + 10);
        result->total_energy_high = column_double(statement, i + 11);
        result->net_energy = column_double(statement, i + 12);
        result->net_energy_low = column_double(statement, i + 13);
        result->net_energy_high = column_double(statement, i + 14);
        result->wall = column_double(statement, i + 15);
        result->cpu = column_double(statement, i + 16);
        result->power = column_double(statement, i + 17);
        return result;
}

int records_read_row(sqlite3_stmt *statement, Record **ret) {
        g_autoptr(Record) record = g_new0(Record, 1);
        const char *kind = (const char *) sqlite3_column_text(statement, 2);
        const char *state = (const char *) sqlite3_column_text(statement, 4);

        if (!kind || !state || job_kind_from_string(kind, &record->kind) < 0 ||
            job_state_from_string(state, &record->state) < 0)
                return -EBADMSG;
        record->id = (uint32_t) sqlite3_column_int64(statement, 0);
        record->uuid = column_text(statement, 1);
        record->uid = (uid_t) sqlite3_column_int64(statement, 3);
        record->submitted_usec = (uint64_t) sqlite3_column_int64(statement, 5);
        record->started_usec = (uint64_t) sqlite3_column_int64(statement, 6);
        record->finished_usec = (uint64_t) sqlite3_column_int64(statement, 7);
        record->label = column_text(statement, 8);
        record->candidate_id = column_text(statement, 9);
        record->problem_name = column_text(statement, 10);
        record->digest = column_text(statement, 11);
        record->fine = sqlite3_column_int(statement, 12) != 0;
        record->expected_usec = (uint64_t) sqlite3_column_int64(statement, 13);
        record->has_body = sqlite3_column_int(statement, 14) != 0;
        record->result = read_result(statement, 15);
        *ret = g_steal_pointer(&record);
        return 0;
}

int records_get(Records *records, uint32_t id, Record **ret) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int r;

        r = records_prepare(records, "SELECT " RECORD_COLUMNS " FROM jobs WHERE id = ?", &statement, "u",
                            (uint64_t) id);
        if (r < 0)
                return r;
        switch (sqlite3_step(statement)) {
        case SQLITE_ROW:
                return records_read_row(statement, ret);
        case SQLITE_DONE:
                return -ENOENT;
        default:
                return records_error(records, "read one");
        }
}

int records_get_body(Records *records, uint32_t id, bool full, char **ret) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int r;

        r = records_prepare(records,
                            full ? "SELECT body_full FROM jobs WHERE id = ?"
                                 : "SELECT body_public FROM jobs WHERE id = ?",
                            &statement, "u", (uint64_t) id);
        if (r < 0)
                return r;
        if (sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_type(statement, 0) == SQLITE_NULL)
                return -ENOENT;
        *ret = column_text(statement, 0);
        return 0;
}

int records_forget(Records *records, uint32_t id) {
        g_autoptr(sqlite3_stmt) statement = NULL;
        int r;

        r = records_prepare(records, "DELETE FROM jobs WHERE id = ?", &statement, "u", (uint64_t) id);
        if (r < 0)
                return r;
        r = records_run(records, statement);
        if (r < 0)
                return r;
        if (sqlite3_changes(records->db) == 0)
                return -ENOENT;
        records->generation++;
        return records_execute(records, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)");
}

uint64_t records_generation(const Records *records) {
        return records->generation;
}
