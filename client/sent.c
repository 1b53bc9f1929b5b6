/* SPDX-License-Identifier: MIT */
#include "sent.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "blobs.h"
#include "failures.h"
#include "languages.h"
#include "problem-json.h"
#include "problem-send.h"
#include "say.h"

#define EXECUTABLE 0755
#define PLAIN 0644
#define FUNCTION_LANGUAGE "python3"

const Option sent_options[SENT_OPTIONS_COUNT] = {
        { "problem", 0, "DIR", N_("tests, limits and validator of a problem package, a directory or an archive"),
          OPTION_PROBLEM },
        { "submission", 0, "PATH", N_("with --problem, the program: a submission of the package, as accepted/sum.c"),
          OPTION_SUBMISSION },
        { "request", 0, "FILE", N_("all of it: a request of the original's, as JSON"), OPTION_REQUEST },
        { "tests", 0, "DIR", N_("run it on tests: a directory with 1.in and 1.ans, or a file of JSON lines"),
          OPTION_TESTS },
        { "file", 0, "NAME[=PATH]", N_("send a file along, to be NAME in the box; may be repeated"), OPTION_FILE },
        { "validator", 0, "TYPE[,KEY=VALUE…]",
          N_("how outputs are compared: tokens, exact, lines, numbers, kattis or testlib"), OPTION_VALIDATOR, NULL,
          "tokens" },
        { "validator-file", 0, "FILE", N_("a file of the validator kattis or testlib, its program first"),
          OPTION_VALIDATOR_FILE },
        { "validator-language", 0, "LANGUAGE", N_("what it is written in; else by its suffix"),
          OPTION_VALIDATOR_LANGUAGE },
        { "function", 0, "NAME[,KEY=VALUE…]", N_("call this Python function with each test's input"),
          OPTION_FUNCTION },
};

void sent_init(Sent *sent) {
        *sent = (Sent){ .files = g_ptr_array_new(), .validator_files = g_ptr_array_new() };
}

void sent_done(Sent *sent) {
        g_ptr_array_unref(sent->files);
        g_ptr_array_unref(sent->validator_files);
        request_validator_free(sent->validator);
        request_function_free(sent->function);
        g_clear_pointer(&sent->metadata, g_hash_table_unref);
}

int sent_set_option(Sent *sent, int id, const char *value, char **ret_problem) {
        switch (id) {
        case OPTION_PROBLEM:
                sent->problem = value;
                return 0;
        case OPTION_SUBMISSION:
                sent->submission = value;
                return 0;
        case OPTION_REQUEST:
                sent->request = value;
                return 0;
        case OPTION_TESTS:
                sent->tests = value;
                return 0;
        case OPTION_FILE:
                g_ptr_array_add(sent->files, (char *) value);
                return 0;
        case OPTION_VALIDATOR:
                g_clear_pointer(&sent->validator, request_validator_free);
                return sent_parse_validator(value, &sent->validator, ret_problem);
        case OPTION_VALIDATOR_FILE:
                g_ptr_array_add(sent->validator_files, (char *) value);
                return 0;
        case OPTION_VALIDATOR_LANGUAGE:
                sent->validator_language = value;
                return 0;
        default:
                g_clear_pointer(&sent->function, request_function_free);
                return sent_parse_function(value, &sent->function, ret_problem);
        }
}

bool sent_wants_box(const Sent *sent, const Request *request) {
        if (request->given & UINT64_C(1) << REQUEST_PROFILE)
                return strcmp(request->profile, "box") == 0;
        return sent->problem || sent->request || sent->tests || sent->files->len > 0 || sent->validator ||
               sent->function || request->language;
}

int sent_read_file(const char *path, const char *name, GPtrArray *files, char **ret_problem) {
        g_autofree char *shown = text_printable(path, false);
        g_autoptr(GMappedFile) mapped = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = NULL;
        struct stat st;

        if (stat(path, &st) < 0) {
                *ret_problem = g_strdup_printf(_("%s cannot be read: %s"), shown, g_strerror(errno));
                return -errno;
        }
        if (!S_ISREG(st.st_mode)) {
                *ret_problem = g_strdup_printf(_("%s is no plain file; name each file by itself"), shown);
                return -EINVAL;
        }
        if ((uint64_t) st.st_size > BLOBS_MAX) {
                *ret_problem = g_strdup_printf(_("%s: larger than 256 MiB"), shown);
                return -EFBIG;
        }
        mapped = g_mapped_file_new(path, FALSE, &error);
        if (!mapped) {
                *ret_problem = g_strdup(error->message);
                return -EIO;
        }
        bytes = g_mapped_file_get_bytes(mapped);
        problem_add_file(files, name, bytes, st.st_mode & 0111 ? EXECUTABLE : PLAIN);
        return 0;
}

static int check(const Sent *sent, const char *verb, char **args) {
        unsigned sources = (sent->problem != NULL) + (sent->request != NULL) + (sent->tests != NULL);

        if (sources > 1)
                return usage_error(verb, _("--problem, --tests and --request exclude each other: use one"));
        if (sent->submission && !sent->problem)
                return usage_error(verb, _("--submission goes with --problem: it names a program of the package"));
        if (sent->submission && sent->files->len > 0)
                return usage_error(verb, _("--submission and --file exclude each other: both say what is run"));
        if (sent->request && (sent->files->len > 0 || sent->function || sent->validator))
                return usage_error(verb, _("--request holds all there is to send: it does not go with --file, "
                                           "--validator and --function"));
        if (sent->request && args[0]) {
                g_autofree char *shown = text_printable(args[0], false);

                return usage_error(verb, _("--request holds all there is to send: leave out %s"), shown);
        }
        if (sent->function && sent->validator)
                return usage_error(verb, _("--validator does not go with --function, whose results are compared as "
                                           "values"));
        if (!sent->validator && (sent->validator_files->len > 0 || sent->validator_language))
                return usage_error(verb, _("--validator-file and --validator-language need --validator kattis or "
                                           "testlib"));
        return 0;
}

/* The numbers and labels a body of the original's may set; the command line goes before them. */
static void take_over(Request *request, const Request *body) {
        const uint64_t missing = body->given & ~request->given;

        for (int id = 0; id < N_REQUEST_KEYS; id++) {
                if (!(missing & UINT64_C(1) << id))
                        continue;
                switch (request_keys[id].type) {
                case KEY_UINT32:
                        *(uint32_t *) ((uint8_t *) request + request_keys[id].offset) =
                                        *(const uint32_t *) ((const uint8_t *) body + request_keys[id].offset);
                        break;
                case KEY_USEC:
                case KEY_BYTES:
                        *(uint64_t *) ((uint8_t *) request + request_keys[id].offset) =
                                        *(const uint64_t *) ((const uint8_t *) body + request_keys[id].offset);
                        break;
                case KEY_STRING: {
                        char **text = (char **) ((uint8_t *) request + request_keys[id].offset);

                        g_free(*text);
                        *text = g_strdup(*(char *const *) ((const uint8_t *) body + request_keys[id].offset));
                        break;
                }
                default:
                        continue;
                }
                request->given |= UINT64_C(1) << id;
        }
}

static int load_request(const char *path, Request *request, Problem **ret, char **ret_problem) {
        g_autofree char *text = NULL, *shown = text_printable(path, false);
        g_autoptr(Request) body = request_new(request->kind, NULL);
        g_autoptr(GError) error = NULL;
        struct stat st;
        size_t size;
        int r;

        if (stat(path, &st) >= 0 && (uint64_t) st.st_size > BLOBS_MAX) {
                *ret_problem = g_strdup_printf(_("%s: larger than 256 MiB"), shown);
                return -EFBIG;
        }
        if (!g_file_get_contents(path, &text, &size, &error)) {
                *ret_problem = g_strdup(error->message);
                return -EINVAL;
        }
        r = problem_load_request(shown, text, size, request->kind, ret, body, ret_problem);
        if (r >= 0)
                take_over(request, body);
        return r;
}

static int load_problem(const Sent *sent, Request *request, Problem **ret, char **ret_problem) {
        if (sent->request)
                return load_request(sent->request, request, ret, ret_problem);
        if (sent->problem || sent->tests)
                return problem_load(sent->problem ?: sent->tests, ret, ret_problem);
        *ret = problem_new(_("the command line"), "files");
        (void) problem_add_validator(*ret, problem_validator_new());
        return 0;
}

/* An external one is run by its language, or as it is when it is executable. */
static int add_validator_program(const Sent *sent, ProblemValidator *validator, char **ret_problem) {
        RequestValidator *options = validator->options;
        const ProblemFile *first;

        for (unsigned i = 0; i < sent->validator_files->len; i++) {
                const char *path = g_ptr_array_index(sent->validator_files, i);
                int r = sent_read_file(path, path_name(path), validator->files, ret_problem);

                if (r < 0)
                        return r;
        }
        first = g_ptr_array_index(validator->files, 0);
        if (options->argv)
                return 0;
        if (sent->validator_language || !options->language) {
                g_free(options->language);
                options->language = g_strdup(sent->validator_language ?: language_of_suffix(first->name));
        }
        if (options->language) {
                sent_name_source(validator->files, options->language);
                return 0;
        }
        if (first->mode != EXECUTABLE) {
                *ret_problem = g_strdup_printf(_("%s: neither executable nor of a known language; give "
                                                 "--validator-language"),
                                               (const char *) g_ptr_array_index(sent->validator_files, 0));
                return -EINVAL;
        }
        options->argv = g_new0(char *, 2);
        options->argv[0] = g_strconcat("./", first->name, NULL);
        return 0;
}

static bool is_external(const char *type) {
        return g_strv_contains(request_validator_types + REQUEST_VALIDATOR_EXTERNAL, type);
}

/* The one given takes the place of the problem's, for every test. */
static int override_validator(Sent *sent, Problem *problem, char **ret_problem) {
        ProblemValidator *validator;
        const char *type = sent->validator->type;

        if (!is_external(type) && (sent->validator_files->len > 0 || sent->validator_language)) {
                *ret_problem = g_strdup_printf(_("--validator %s is the service's own and takes no program"), type);
                return -EINVAL;
        }
        if (is_external(type) && sent->validator_files->len == 0) {
                *ret_problem = g_strdup_printf(_("--validator %s is a program of yours: send it with "
                                                 "--validator-file"),
                                               type);
                return -EINVAL;
        }
        validator = problem_validator_new();
        request_validator_free(validator->options);
        validator->options = g_steal_pointer(&sent->validator);
        g_ptr_array_set_size(problem->validators, 0);
        g_ptr_array_add(problem->validators, validator);
        for (unsigned i = 0; i < problem->tests->len; i++)
                ((ProblemTest *) g_ptr_array_index(problem->tests, i))->validator = 0;
        return is_external(validator->options->type) ? add_validator_program(sent, validator, ret_problem) : 0;
}

static int override_judging(Sent *sent, Problem *problem, char **ret_problem) {
        if (sent->validator)
                return override_validator(sent, problem, ret_problem);
        if (sent->function) {
                request_function_free(problem->function);
                problem->function = g_steal_pointer(&sent->function);
        }
        if (problem->validators->len > 1) {
                *ret_problem = g_strdup_printf(_("%s: its tests are judged in several ways, and one job has one; see "
                                                 "“joulectl package verify”, or give --validator"),
                                               problem->name);
                return -EINVAL;
        }
        return 0;
}

static void set_argv(Request *request, const Program *program) {
        g_autoptr(GPtrArray) argv = g_ptr_array_new();

        if (program->name)
                g_ptr_array_add(argv, g_strdup(program->name));
        for (char **arg = program->args; *arg; arg++)
                g_ptr_array_add(argv, g_strdup(*arg));
        if (argv->len == 0)
                return;
        g_ptr_array_add(argv, NULL);
        request->argv = (char **) g_ptr_array_free(g_steal_pointer(&argv), FALSE);
        request->given |= UINT64_C(1) << REQUEST_ARGV;
}

static void name_problem(const Sent *sent, const Problem *problem, Request *request) {
        g_autofree char *ignored = NULL;

        /* a name too long for the report is no reason to stop */
        if (sent->problem && !(request->given & UINT64_C(1) << REQUEST_PROBLEM_NAME))
                (void) request_set_text(request, REQUEST_PROBLEM_NAME, NULL, problem->name, &ignored);
}

static bool has_source(const GPtrArray *files, const char *language) {
        for (unsigned i = 0; i < files->len; i++)
                if (language_is_source(language, ((ProblemFile *) g_ptr_array_index(files, i))->name))
                        return true;
        return false;
}

/* What calls functions reads its own command line: a word more would be its fault, and count as the program's. */
static int check_function(const char *verb, const Problem *problem, const Program *program) {
        const GPtrArray *files = program->submission->files;
        g_autofree char *shown = NULL;

        if (!problem->function)
                return 0;
        if (program->args[0]) {
                shown = text_printable(program->args[0], false);
                return usage_error(verb,
                                   _("a function gets what the tests give it, and no words of a command: leave "
                                     "out %s"),
                                   shown);
        }
        /* only of a language that is known here; the service has its own list */
        if (files->len == 0 || !language_source_name(FUNCTION_LANGUAGE) || has_source(files, FUNCTION_LANGUAGE))
                return 0;
        shown = text_printable(((ProblemFile *) g_ptr_array_index(files, 0))->name, false);
        return usage_error(verb, _("these tests call the function %s of a Python source, and %s is none"),
                           problem->function->name, shown);
}

int sent_fill_request(Sent *sent, const char *verb, const Arguments *arguments, Request *request, char **args) {
        g_autofree char *why = NULL;
        g_autoptr(Problem) problem = NULL;
        g_auto(Program) program = {};
        int r;

        r = check(sent, verb, args);
        if (r != 0)
                return r;
        for (size_t i = 0; args[i]; i++)
                if (!g_utf8_validate(args[i], -1, NULL)) {
                        g_autofree char *shown = text_printable(args[i], false);

                        return usage_error(verb, _("argument %zu is not UTF-8 text: %s"), i, shown);
                }
        if (load_problem(sent, request, &problem, &why) < 0 || override_judging(sent, problem, &why) < 0)
                return usage_error(verb, "%s", why);
        if (problem->tests->len == 0 && request->kind == JOB_VALIDATE)
                return usage_error(verb, _("which tests? Give --tests DIR, --problem DIR or --request FILE"));
        r = sent_program(sent, verb, arguments, problem, request, args, &program);
        if (r == 0)
                r = check_function(verb, problem, &program);
        if (r != 0)
                return r;
        if (problem_fill_request(problem, program.submission, 0, arguments->host, request, &why) < 0)
                return usage_error(verb, "%s", why);
        set_argv(request, &program);
        name_problem(sent, problem, request);
        g_clear_pointer(&sent->metadata, g_hash_table_unref);
        sent->metadata = metadata_of(problem);
        for (unsigned i = 0; !arguments->quiet && i < problem->notes->len; i++)
                say(stderr, "joulectl: %s\n", (const char *) g_ptr_array_index(problem->notes, i));
        return 0;
}
