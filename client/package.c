/* SPDX-License-Identifier: MIT */
#include "package.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "package-judge.h"
#include "say.h"
#include "table.h"
#include "units.h"

/* Limits that go before the package's. */
static const KeyId verify_keys[] = {
        REQUEST_CPU_LIMIT,  REQUEST_WALL_LIMIT, REQUEST_MEMORY_MAX,
        REQUEST_OUTPUT_MAX, REQUEST_TASKS_MAX,  REQUEST_JOB_LIMIT,
};

const Option *package_options(void) {
        static Option options[G_N_ELEMENTS(verify_keys) + 1];

        for (size_t i = 0; i < G_N_ELEMENTS(verify_keys); i++) {
                const RequestKey *key = &request_keys[verify_keys[i]];

                options[i] = (Option){
                        .name = key->name, .metavar = key->metavar, .doc = key->doc, .id = (int) verify_keys[i]
                };
        }
        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        return request_set_text(userdata, (KeyId) id, NULL, value, ret_problem);
}

char *package_seconds(uint64_t usec, bool ascii) {
        Scale scale = scale_time((double) usec / 1e6, ascii);

        return usec ? scale_format(&scale, (double) usec / 1e6) : g_strdup(ascii ? "-" : "–");
}

static char *validator_text(const RequestValidator *options) {
        GString *out = g_string_new(options->type);

        if (options->language)
                g_string_append_printf(out, " (%s)", options->language);
        else if (options->argv) {
                g_autofree char *command = text_command(options->argv);

                g_string_append_printf(out, " (%s)", command);
        } else {
                if (options->absolute > 0)
                        g_string_append_printf(out, ", absolute %g", options->absolute);
                if (options->relative > 0)
                        g_string_append_printf(out, ", relative %g", options->relative);
                g_string_append(out, options->case_sensitive ? ", case counts" : "");
                g_string_append(out, options->space_sensitive ? ", space counts" : "");
        }
        if (options->args) {
                g_autofree char *args = text_command(options->args);

                g_string_append_printf(out, " %s", args);
        }
        return g_string_free(out, FALSE);
}

static char *test_validator(const Problem *problem, const ProblemTest *test) {
        const ProblemValidator *validator = g_ptr_array_index(problem->validators, test->validator);

        return problem->function ? g_strdup_printf(_("calls of %s()"), problem->function->name)
                                 : validator_text(validator->options);
}

/* A row for each run of tests with the same group and validator. */
static void append_tests(GString *out, const Problem *problem, const Style *style) {
        g_autoptr(Table) table = table_new("lrl");

        table_cell(table, COLOUR_DIM, _("Group"));
        table_cell(table, COLOUR_DIM, _("Tests"));
        table_cell(table, COLOUR_DIM, _("Judged by"));
        for (unsigned i = 0; i < problem->tests->len;) {
                const ProblemTest *first = g_ptr_array_index(problem->tests, i), *test = first;
                g_autofree char *group = text_printable(first->group, false);
                g_autofree char *validator = test_validator(problem, first);
                unsigned n = 0;

                for (; i < problem->tests->len; i++, n++) {
                        test = g_ptr_array_index(problem->tests, i);
                        if (strcmp(test->group, first->group) != 0 || test->validator != first->validator)
                                break;
                }
                table_cell(table, COLOUR_NONE, *group ? group : style->ascii ? "-" : "–");
                table_cellf(table, COLOUR_NONE, "%u", n);
                table_cell(table, COLOUR_NONE, validator);
        }
        table_append(out, table, style, 2);
}

static void append_submissions(GString *out, const Problem *problem, const Style *style) {
        g_autoptr(Table) table = table_new("lll");

        if (problem->submissions->len == 0)
                return;
        table_cell(table, COLOUR_DIM, _("Submission"));
        table_cell(table, COLOUR_DIM, _("Language"));
        table_cell(table, COLOUR_DIM, _("Expected"));
        for (unsigned i = 0; i < problem->submissions->len; i++) {
                const Submission *submission = g_ptr_array_index(problem->submissions, i);
                g_autofree char *path = text_printable(submission->path, false);
                g_autofree char *expected = expectation_text(submission), *shown = text_printable(expected, false);

                table_cell(table, COLOUR_NONE, path);
                table_cell(table, COLOUR_NONE, submission->language ?: "?");
                table_cell(table, COLOUR_NONE, shown);
        }
        g_string_append_c(out, '\n');
        table_append(out, table, style, 2);
}

static char *bytes_or_default(uint64_t bytes) {
        return bytes ? format_bytes(bytes) : g_strdup(_("the service's"));
}

static void append_text(GString *out, const Problem *problem, const Style *style) {
        g_autofree char *name = text_printable(problem->name, false);
        g_autofree char *time = problem->cpu_limit_usec
                                                ? package_seconds(problem->cpu_limit_usec, style->ascii)
                                                : g_strdup_printf(_("%g times the slowest accepted submission"),
                                                                  problem->ac_to_limit);
        g_autofree char *memory = bytes_or_default(problem->memory_max);
        g_autofree char *output = bytes_or_default(problem->output_max);

        text_append_coloured(out, style, COLOUR_STRONG, name);
        g_string_append_printf(out, " (%s)\n", problem->format);
        g_string_append_printf(out, _("  time limit: %s; memory: %s; output: %s\n"), time, memory, output);
        for (unsigned i = 0; i < problem->notes->len; i++)
                g_string_append_printf(out, "  %s\n", (const char *) g_ptr_array_index(problem->notes, i));
        g_string_append_c(out, '\n');
        append_tests(out, problem, style);
        append_submissions(out, problem, style);
}

static void json_number_or_null(GString *out, const char *name, uint64_t value) {
        g_string_append_printf(out, "\"%s\":", name);
        if (value)
                g_string_append_printf(out, "%" G_GUINT64_FORMAT, value);
        else
                g_string_append(out, "null");
}

void package_append_submission(GString *out, const Submission *submission) {
        g_autofree char *expected = expectation_text(submission);

        g_string_append(out, "{\"path\":");
        json_append_string(out, submission->path);
        g_string_append(out, ",\"language\":");
        json_append_string(out, submission->language);
        g_string_append(out, ",\"expected\":");
        json_append_string(out, submission->rules->len ? expected : NULL);
}

static void append_json(GString *out, const Problem *problem) {
        g_string_append(out, "{\"name\":");
        json_append_string(out, problem->name);
        g_string_append_printf(out, ",\"format\":\"%s\",", problem->format);
        json_number_or_null(out, "cpu_limit_usec", problem->cpu_limit_usec);
        g_string_append_c(out, ',');
        json_number_or_null(out, "memory_max", problem->memory_max);
        g_string_append_c(out, ',');
        json_number_or_null(out, "output_max", problem->output_max);
        g_string_append(out, ",\"tests\":[");
        for (unsigned i = 0; i < problem->tests->len; i++) {
                const ProblemTest *test = g_ptr_array_index(problem->tests, i);
                g_autofree char *validator = test_validator(problem, test);

                g_string_append_printf(out, "%s{\"name\":", i ? "," : "");
                json_append_string(out, test->name);
                g_string_append(out, ",\"group\":");
                json_append_string(out, test->group);
                g_string_append_printf(out, ",\"input_size\":%zu,\"answer_size\":%zu,\"judged_by\":",
                                       g_bytes_get_size(test->input), g_bytes_get_size(test->answer));
                json_append_string(out, validator);
                g_string_append_printf(out, ",\"metadata\":%s}", test->metadata ?: "null");
        }
        g_string_append(out, "],\"submissions\":[");
        for (unsigned i = 0; i < problem->submissions->len; i++) {
                g_string_append(out, i ? "," : "");
                package_append_submission(out, g_ptr_array_index(problem->submissions, i));
                g_string_append_c(out, '}');
        }
        g_string_append(out, "],\"notes\":[");
        for (unsigned i = 0; i < problem->notes->len; i++) {
                g_string_append(out, i ? "," : "");
                json_append_string(out, g_ptr_array_index(problem->notes, i));
        }
        g_string_append(out, "]}\n");
}

int package_list(const Arguments *arguments, const Problem *problem) {
        g_autoptr(GString) out = g_string_new(NULL);

        if (arguments->json) {
                append_json(out, problem);
                fputs(out->str, stdout);
        } else {
                append_text(out, problem, &arguments->style);
                say(stdout, "%s", out->str);
        }
        return EXIT_DONE;
}

int verb_package(Arguments *arguments, char **args) {
        g_autoptr(Request) settings = request_new(JOB_VALIDATE, NULL);
        g_autoptr(Problem) package = NULL;
        g_autofree char **operands = NULL;
        g_autofree char *problem = NULL;
        bool verify;
        int r;

        r = verb_parse("package", arguments, package_options(), set_option, settings, args, &operands);
        if (r != 0)
                return r;
        verify = g_strcmp0(operands[0], "verify") == 0;
        if (!operands[0] || (!verify && strcmp(operands[0], "list") != 0))
                return usage_error("package", _("say first what to do with the package: list or verify"));
        if (!operands[1] || operands[2])
                return usage_error("package", _("which package? Name one directory or archive"));
        if (!verify && settings->given)
                return usage_error("package", _("limits go with “verify” only"));
        if (problem_load(operands[1], &package, &problem) < 0) {
                say(stderr, "joulectl: %s\n", problem);
                return EXIT_USAGE;
        }
        return verify ? package_verify(arguments, package, settings) : package_list(arguments, package);
}
