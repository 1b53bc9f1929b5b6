/* SPDX-License-Identifier: MIT */
#pragma once

/* Shared by the files of the records: the connection, and one prepared statement at a time. */

#include <sqlite3.h>

#include "records.h"

struct Records {
        sqlite3 *db;
        char *owner;
        uint64_t generation;
        GHashTable *means; /* of records_estimate(): what was asked → double, NAN when there is none */
        uint64_t means_generation;
        RecordStatistics statistics; /* the latest, and since when; 0: none yet */
        uint64_t statistics_since_usec;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, sqlite3_finalize)

/* Logs what SQLite says and returns negative errno. */
int records_error(Records *records, const char *what);

int records_execute(Records *records, const char *sql);

/* Binds by a string of types: u (uint64_t), s (string or NULL), d (double, NAN is NULL). */
int records_prepare(Records *records, const char *sql, sqlite3_stmt **ret, const char *types, ...);

/* Steps a statement that returns no rows. */
int records_run(Records *records, sqlite3_stmt *statement);

/* The columns every query for whole rows selects. */
#define RECORD_COLUMNS                                                                                                \
        "id, uuid, kind, uid, state, submitted, started, finished, label, candidate_id, problem_name, digest, fine, " \
        "expected, body_public IS NOT NULL, result, verdict, status, grade, message, error, simulated, trials, "      \
        "invalid_trials, total_energy, total_energy_low, total_energy_high, net_energy, net_energy_low, "             \
        "net_energy_high, wall, cpu, power"

int records_read_row(sqlite3_stmt *statement, Record **ret);
