/* SPDX-License-Identifier: MIT */
#pragma once

/* The verbs, and what they share in reading a command line. */

#include <glib.h>
#include <glib/gi18n.h>
#include <stdbool.h>

#include "arguments.h"
#include "options.h"

typedef struct Verb {
        const char *name;
        const char *synopsis; /* what follows the options */
        const char *doc;
        const Option *(*options)(void); /* ends with an entry without name */
        bool takes_command;             /* options end at the first operand: the rest is somebody else's */
        int (*run)(Arguments *arguments, char **args);
} Verb;

extern const Verb verbs[];            /* ends with an entry without name */
extern const Option global_options[]; /* the same */

int joulectl_main(char **argv);

int verb_measure(Arguments *arguments, char **args);
int verb_validate(Arguments *arguments, char **args);
int verb_selftest(Arguments *arguments, char **args);
int verb_doctor(Arguments *arguments, char **args);
int verb_calibrate(Arguments *arguments, char **args);
int verb_plan(Arguments *arguments, char **args);
int verb_status(Arguments *arguments, char **args);
int verb_jobs(Arguments *arguments, char **args);
int verb_show(Arguments *arguments, char **args);
int verb_cancel(Arguments *arguments, char **args);
int verb_forget(Arguments *arguments, char **args);
int verb_topology(Arguments *arguments, char **args);
int verb_export(Arguments *arguments, char **args);
int verb_package(Arguments *arguments, char **args);
int verb_batch(Arguments *arguments, char **args);
int verb_score(Arguments *arguments, char **args);
int verb_compare(Arguments *arguments, char **args);

const Option *measure_options(void);
const Option *validate_options(void);
const Option *selftest_options(void);
const Option *doctor_options(void);
const Option *calibrate_options(void);
const Option *plan_options(void);
const Option *jobs_options(void);
const Option *show_options(void);
const Option *export_options(void);
const Option *package_options(void);
const Option *batch_options(void);
const Option *score_options(void);
const Option *compare_options(void);
const Option *no_options(void);

/* Parses a verb's own options and the global ones. Returns 0, or EXIT_USAGE after having said what is wrong. Only the
 * array *ret_operands is the caller's; its strings are those of args. */
int verb_parse(const char *verb, Arguments *arguments, const Option *options, OptionSet set, void *userdata,
               char **args, char ***ret_operands);

/* Ids from operands, which must be at least min and at most max many. Returns 0 or EXIT_USAGE. */
int parse_ids(const char *verb, char **args, size_t min, size_t max, GArray **ret);
