/* SPDX-License-Identifier: MIT */
#pragma once

/* Structured logging of the daemon and the worker: to the journal with fields when the process's stderr is connected
 * to it, else one readable line on stderr. Log texts are English and are never translated. */

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

#include "base.h"

/* What a line is about; unset members are left out. */
typedef struct LogContext {
        uint32_t job;           /* JOULETRACE_JOB=, 0 when none */
        int64_t uid;            /* JOULETRACE_UID=, negative when none */
        const char *scope;      /* JOULETRACE_SCOPE= */
        const char *phase;      /* JOULETRACE_PHASE= */
        const char *message_id; /* MESSAGE_ID=, one of dbus/names.h; each has an entry in the catalog */
        int error;              /* ERRNO=, negative errno or 0 */
} LogContext;

#define LOG_NOTHING ((const LogContext){ .uid = -1 })

/* Chooses between journal and stderr (JOURNAL_STREAM), and sets the least important level that is written. */
void log_open(const char *identifier, int level_max);
void log_set_level(int level_max);

/* Returns context->error, so that `return log_at(…)` forwards it. */
int log_at(int level, const LogContext *context, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_plain(level, ...) ((void) log_at(level, &LOG_NOTHING, __VA_ARGS__))
#define log_debug(...) log_plain(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_plain(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_plain(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_plain(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_plain(LOG_ERR, __VA_ARGS__)

/* Appends ": strerror" and returns the negative errno. */
#define log_errno(level, err, format, ...)                                                            \
        log_at(level, &(const LogContext){ .uid = -1, .error = (err) }, format ": %s", ##__VA_ARGS__, \
               g_strerror(-(err)))
