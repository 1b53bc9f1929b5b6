/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "log.h"

#define FIELDS_MAX 9

/* One logger per process; the only state of this file. */
static struct {
        const char *identifier;
        int level_max;
        bool journal;
} logger = { .identifier = "jouletrace", .level_max = LOG_INFO };

/* systemd sets JOURNAL_STREAM to device:inode of the stream it connected; it must be our stderr, not an ancestor's. */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        uint64_t device, inode;
        struct stat st;

        if (!stream || sscanf(stream, "%" SCNu64 ":%" SCNu64, &device, &inode) != 2)
                return false;
        return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(const char *identifier, int level_max) {
        logger.identifier = identifier;
        logger.level_max = level_max;
        logger.journal = stderr_is_journal();
}

void log_set_level(int level_max) {
        logger.level_max = level_max;
}

static void add_field(struct iovec *fields, size_t *n, char *text) {
        fields[(*n)++] = (struct iovec){ .iov_base = text, .iov_len = strlen(text) };
}

static void log_to_journal(int level, const LogContext *context, const char *message) {
        struct iovec fields[FIELDS_MAX];
        size_t n = 0;

        add_field(fields, &n, g_strdup_printf("MESSAGE=%s", message));
        add_field(fields, &n, g_strdup_printf("PRIORITY=%d", level));
        add_field(fields, &n, g_strdup_printf("SYSLOG_IDENTIFIER=%s", logger.identifier));
        if (context->job > 0)
                add_field(fields, &n, g_strdup_printf("JOULETRACE_JOB=%" PRIu32, context->job));
        if (context->uid >= 0)
                add_field(fields, &n, g_strdup_printf("JOULETRACE_UID=%" PRIi64, context->uid));
        if (context->scope)
                add_field(fields, &n, g_strdup_printf("JOULETRACE_SCOPE=%s", context->scope));
        if (context->phase)
                add_field(fields, &n, g_strdup_printf("JOULETRACE_PHASE=%s", context->phase));
        if (context->message_id)
                add_field(fields, &n, g_strdup_printf("MESSAGE_ID=%s", context->message_id));
        if (context->error != 0)
                add_field(fields, &n, g_strdup_printf("ERRNO=%d", -context->error));

        (void) sd_journal_sendv(fields, (int) n);
        for (size_t i = 0; i < n; i++)
                g_free(fields[i].iov_base);
}

int log_at(int level, const LogContext *context, const char *format, ...) {
        g_autofree char *message = NULL;
        va_list arguments;

        if (level > logger.level_max)
                return context->error;

        va_start(arguments, format);
        message = g_strdup_vprintf(format, arguments);
        va_end(arguments);

        if (logger.journal)
                log_to_journal(level, context, message);
        else if (context->job > 0)
                fprintf(stderr, "%s: job %" PRIu32 ": %s\n", logger.identifier, context->job, message);
        else
                fprintf(stderr, "%s: %s\n", logger.identifier, message);
        return context->error;
}
