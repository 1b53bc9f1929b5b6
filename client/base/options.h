/* SPDX-License-Identifier: MIT */
#pragma once

/* Reading options from tables, so that --help, the manual and the completions list what is really understood. */

#include <glib.h>
#include <stdbool.h>

/* metavar NULL: a flag. doc is English; it is translated when shown. */
typedef struct Option {
        const char *name;
        char letter; /* 0: none */
        const char *metavar;
        const char *doc;
        int id;
        const char *const *choices; /* NULL: any value */
        const char *fallback;       /* what holds without the option; NULL: nothing to say */
} Option;

/* Sets an option; value is NULL for a flag. On -EINVAL ret_problem is one sentence that says what would be right. */
typedef int (*OptionSet)(void *userdata, int id, const char *value, char **ret_problem);

typedef struct OptionGroup {
        const Option *options; /* ends with an entry without name */
        OptionSet set;
        void *userdata;
} OptionGroup;

/* Reads --name VALUE, --name=VALUE, -x VALUE, -xVALUE and flags; "--" ends the options, and so does the first operand
 * when leading is true. *ret_operands (free the array only) points into args. On -EINVAL *ret_problem says what is
 * wrong, naming the closest option when there is one. */
int options_parse(char **args, const OptionGroup *groups, size_t n_groups, bool leading, char ***ret_operands,
                  char **ret_problem);

#define HELP_WIDTH 80

/* Appends one indented line per option: names on the left, translated text in a column on the right; it begins on the
 * next line where the names reach into the column. */
void options_append_help(GString *out, const Option *options);

/* "--name METAVAR" or "-x, --name METAVAR" */
char *option_spelling(const Option *option);
