/* SPDX-License-Identifier: MIT */
#pragma once

/* An error of the service for a person: what was wrong, which value, what to do next. No words of the bus. */

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "text.h"

/* Failures of our own that have no name on the bus. */
#define EXPLAIN_NOT_EMBEDDED "joulectl.NotEmbedded"
#define EXPLAIN_HOST_UNREACHABLE "joulectl.HostUnreachable"

typedef struct ErrorText {
        const char *name; /* D-Bus error name */
        const char *what; /* English, translated when shown */
        const char *next; /* the same */
        int exit_code;
        bool message_helps; /* the service's own sentence names the value; else only we know it */
} ErrorText;

/* Ends with an entry without name, which serves for everything that is not listed. */
extern const ErrorText error_texts[];

const ErrorText *error_text(const char *name);

typedef struct Explanation {
        char *what, *value, *next;
} Explanation;

/* name and message as the service gave them (message NULL: none); subject is what we asked about ("job 7", "the
 * service of this machine"), the value when the message does not help; next, if not NULL, is the service's advice
 * for an error that the table, whose words are translated, does not know. */
Explanation *explain(const char *name, const char *message, const char *subject, const char *next);
Explanation *explanation_free(Explanation *explanation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Explanation, explanation_free)

/* Where the advice names the options of measure, they are those of the verb (NULL: of none that has a name). */
void explanation_name_verb(Explanation *explanation, const char *verb);

/* Three lines, for standard error or below a result. prefix: "joulectl: " or "". */
void explanation_append(GString *out, const Explanation *explanation, const char *prefix, const Style *style);

/* Prints the explanation of error on standard error; returns the exit code. */
int explain_error(const sd_bus_error *error, const char *subject, const Style *style);

/* The same for what a verb asked for. */
int explain_refusal(const sd_bus_error *error, const char *subject, const char *verb, const Style *style);

/* The same for a failure that has no bus error, by its negative errno. */
int explain_errno(int r, const char *subject, const Style *style);
