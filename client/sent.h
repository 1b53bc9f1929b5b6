/* SPDX-License-Identifier: MIT */
#pragma once

/* What a command line sends along for a box: files, tests, how they are judged, and which of the files is run. */

#include "client.h"
#include "problem.h"
#include "request.h"

/* Beyond the request keys, whose ids are KeyIds. */
enum {
        OPTION_PROBLEM = N_REQUEST_KEYS,
        OPTION_SUBMISSION,
        OPTION_REQUEST,
        OPTION_TESTS,
        OPTION_FILE,
        OPTION_VALIDATOR,
        OPTION_VALIDATOR_FILE,
        OPTION_VALIDATOR_LANGUAGE,
        OPTION_FUNCTION,
        N_SENT_OPTIONS, /* the first one that a verb may use for itself */
};

#define SENT_OPTIONS_COUNT 9
extern const Option sent_options[SENT_OPTIONS_COUNT];

/* The strings belong to argv. */
typedef struct Sent {
        const char *problem, *submission, *request, *tests, *validator_language;
        GPtrArray *files, *validator_files; /* NAME=PATH, and paths */
        RequestValidator *validator;        /* NULL: not said */
        RequestFunction *function;          /* NULL: not said */
        GHashTable *metadata;               /* of the tests, by sent_fill_request(); NULL: they have none */
} Sent;

void sent_init(Sent *sent);
void sent_done(Sent *sent);

/* As OptionSet, for the ids from OPTION_PROBLEM on. */
int sent_set_option(Sent *sent, int id, const char *value, char **ret_problem);

/* Whether anything was sent along, or the request asks for a box by other means. */
bool sent_wants_box(const Sent *sent, const Request *request);

/* Reads all files and fills in the request: tests, files, validator or function, language, argv. What the request has
 * been given already goes before what a problem says. args is the command line after the options. Returns 0, or
 * EXIT_USAGE after having said what is wrong. */
int sent_fill_request(Sent *sent, const char *verb, const Arguments *arguments, Request *request, char **args);

/* "tokens,absolute=1e-6": the type, then keys of the contract that this type takes. The same for "solve,…". On -EINVAL
 * *ret_problem says what would be right. */
int sent_parse_validator(const char *value, RequestValidator **ret, char **ret_problem);
int sent_parse_function(const char *value, RequestFunction **ret, char **ret_problem);

typedef struct Program {
        Submission *submission; /* its files, and its language unless the command says all */
        char *name;             /* argv[0]; NULL: there is none besides args */
        char **args;            /* the rest of argv; borrowed, NULL-terminated */
} Program;

void program_clear(Program *program);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Program, program_clear)

/* What is run: a submission of the problem's, one of the files, or the command, which is sent along when it is a file
 * of this machine that no box has. Says so. Returns 0 or EXIT_USAGE. */
int sent_program(const Sent *sent, const char *verb, const Arguments *arguments, const Problem *problem,
                 const Request *request, char **args, Program *ret);

/* Where no file is a source of the language by its name, and the first has no suffix: gives that one the name which
 * the language has for it. The service would find no source among them. */
void sent_name_source(GPtrArray *files, const char *language);

/* Reads a file of this machine; its mode is 0755 when somebody may execute it, else 0644. */
int sent_read_file(const char *path, const char *name, GPtrArray *files, char **ret_problem);
