/* SPDX-License-Identifier: MIT */
#pragma once

/* Whether this machine's numbers can be trusted: a few jobs whose outcome is known beforehand, and what came of them.
 */

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "report-read.h"
#include "service.h"

typedef enum SelftestVerdict {
        SELFTEST_OK,
        SELFTEST_FAILED,
        SELFTEST_SKIPPED, /* it cannot be seen here; why is the value */
} SelftestVerdict;

/* "ok", "failed", "skipped" */
const char *selftest_verdict_to_string(SelftestVerdict verdict);

typedef struct SelftestCheck {
        const char *name; /* the same in every language */
        SelftestVerdict verdict;
        char *value, *expected;
        uint32_t job; /* whose report has the details; 0: none */
} SelftestCheck;

typedef struct Selftest {
        const Arguments *arguments;
        Service *service;
        bool quick;
        GArray *checks;         /* of SelftestCheck */
        JsonArray *reports;     /* of the jobs, in their order */
        JsonNode *before;       /* Diagnose, as it was before the first job */
        JsonNode *properties;   /* of the service, at the same time */
        GArray *host;           /* of Finding: what the machine was set to */
        bool simulated;         /* modelled joules: nothing is learnt of the hardware */
        char *needed, *lacking; /* there is nothing to test: what would be needed, and what there is; else NULL */
} Selftest;

void selftest_init(Selftest *selftest, const Arguments *arguments);
void selftest_done(Selftest *selftest);

/* Runs everything. A check that failed is no error. Returns 0, or an exit code after having said what is wrong. */
int selftest_run(Selftest *selftest);

/* ---- what is expected ---- */

/* Takes the texts. */
void selftest_add(Selftest *selftest, const char *name, SelftestVerdict verdict, uint32_t job, char *value,
                  char *expected);

/* Whether an entry of the property Domains is of those that make up the total. */
bool selftest_counts(JsonObject *domain);

/* One job each. report is the spin's unless its name says otherwise; node is the same report, unread. */
void selftest_judge_counters(Selftest *selftest, const Report *report, JsonObject *node);
void selftest_judge_spin(Selftest *selftest, const Report *report);
void selftest_judge_longer(Selftest *selftest, const Report *report, const Report *longer);
void selftest_judge_sleep(Selftest *selftest, const Report *sleep);
void selftest_judge_short(Selftest *selftest, const Report *empty);
void selftest_judge_reader(Selftest *selftest, const Report *report, const Report *other);
/* W of all packages during the spin, by the service and by perf stat, or why the latter does not tell. */
void selftest_judge_perf(Selftest *selftest, uint32_t job, double ours, double theirs, const char *why);
void selftest_judge_same(Selftest *selftest, const Report *comparison);
void selftest_judge_settings(Selftest *selftest, const GArray *host, JsonNode *after);

/* ---- perf stat ---- */

/* Runs the load with that input under perf stat, a few times, and judges what it says beside the report. */
void selftest_beside_perf(Selftest *selftest, const Report *report, const char *load, const char *input);

/* ---- hostile programs ---- */

/* Runs the corpus instead of this program. Returns only where it cannot, the exit code, having said why. user may be
 * NULL. */
int selftest_hostile(const char *user, bool list, char **rows);
