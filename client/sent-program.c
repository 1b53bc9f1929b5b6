/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "languages.h"
#include "say.h"
#include "sent.h"

/* What a box has of the machine; see box_root in the manual. */
static const char *const machine_directories[] = { "/usr/", "/bin/", "/sbin/", "/lib", NULL };

void program_clear(Program *program) {
        g_clear_pointer(&program->submission, submission_free);
        g_clear_pointer(&program->name, g_free);
}

static bool is_of_machine(const char *path) {
        for (size_t i = 0; machine_directories[i]; i++)
                if (g_str_has_prefix(path, machine_directories[i]))
                        return true;
        return false;
}

static const char *below_here(const char *path) {
        while (g_str_has_prefix(path, "./"))
                path += 2;
        return path;
}

/* "NAME=PATH", or a name that is the path as well. */
static int add_files(const Sent *sent, const char *verb, GPtrArray *files) {
        for (unsigned i = 0; i < sent->files->len; i++) {
                const char *text = g_ptr_array_index(sent->files, i), *equals = strchr(text, '=');
                g_autofree char *name = g_strndup(below_here(text), strcspn(below_here(text), "="));
                g_autofree char *why = NULL, *shown = text_printable(text, false);

                if (!equals && (*name == '/' || g_str_has_prefix(name, "../")))
                        return usage_error(verb,
                                           _("--file %s: no name within a box; say what it is called there: "
                                             "--file NAME=PATH"),
                                           shown);
                if (*name == '\0' || (equals && equals[1] == '\0'))
                        return usage_error(verb, _("--file %s: write NAME=PATH"), shown);
                if (sent_read_file(equals ? equals + 1 : text, name, files, &why) < 0)
                        return usage_error(verb, "--file: %s", why);
        }
        return 0;
}

static const ProblemFile *find_file(const GPtrArray *files, const char *name) {
        for (unsigned i = 0; i < files->len; i++) {
                const ProblemFile *file = g_ptr_array_index(files, i);

                if (strcmp(file->name, name) == 0)
                        return file;
        }
        return NULL;
}

static void put_first(GPtrArray *files, const ProblemFile *file) {
        unsigned index;

        if (!g_ptr_array_find(files, file, &index))
                return;
        for (; index > 0; index--) {
                void *before = files->pdata[index - 1];

                files->pdata[index - 1] = files->pdata[index];
                files->pdata[index] = before;
        }
}

static Submission *copy_submission(const Submission *from) {
        Submission *copy = submission_new(from->path);

        copy->language = g_strdup(from->language);
        for (unsigned i = 0; i < from->files->len; i++) {
                const ProblemFile *file = g_ptr_array_index(from->files, i);

                problem_add_file(copy->files, file->name, file->bytes, file->mode);
        }
        return copy;
}

static int no_submission(const Sent *sent, const char *verb, const Problem *problem) {
        g_autofree char *shown = text_printable(sent->submission, false), *list = NULL;
        g_autoptr(GPtrArray) paths = g_ptr_array_new();

        for (unsigned i = 0; i < problem->submissions->len; i++)
                g_ptr_array_add(paths, ((Submission *) g_ptr_array_index(problem->submissions, i))->path);
        g_ptr_array_add(paths, NULL);
        list = g_strjoinv(", ", (char **) paths->pdata);
        return usage_error(verb, _("the package has no submission %s; it has: %s"), shown, list);
}

static int use_submission(const Sent *sent, const char *verb, const Problem *problem, char **args, Program *program) {
        const Submission *chosen = NULL;

        for (unsigned i = 0; i < problem->submissions->len; i++) {
                const Submission *submission = g_ptr_array_index(problem->submissions, i);

                if (sent->request || strcmp(submission->path, sent->submission) == 0)
                        chosen = submission;
        }
        if (!chosen)
                return no_submission(sent, verb, problem);
        if (!chosen->language) {
                g_autofree char *list = language_list();

                return usage_error(verb, _("%s: its language is not known here; known are: %s"), chosen->path, list);
        }
        program->submission = copy_submission(chosen);
        program->args = args;
        return 0;
}

/* Without a command the first file is the program. */
static int use_first_file(const char *verb, char **args, Program *program) {
        const ProblemFile *first;
        g_autofree char *list = NULL;

        if (program->submission->files->len == 0)
                return usage_error(verb, _("which program? Write a command after the options, or send one with "
                                           "--file"));
        first = g_ptr_array_index(program->submission->files, 0);
        program->submission->language = g_strdup(language_of_suffix(first->name));
        program->args = args;
        if (program->submission->language)
                return 0;
        if (first->mode & 0111) {
                program->name = g_strconcat("./", first->name, NULL);
                return 0;
        }
        list = language_list();
        return usage_error(verb, _("%s: neither executable nor of a known language; give --language, one of: %s"),
                           first->name, list);
}

static void say_sent(const Arguments *arguments, const char *path, const Program *program) {
        g_autofree char *shown = text_printable(path, false);
        const ProblemFile *first = g_ptr_array_index(program->submission->files, 0);

        if (arguments->quiet)
                return;
        if (program->submission->language)
                say(stderr, _("joulectl: %s is sent along, as %s in %s; the box sees no other file of yours\n"), shown,
                    first->name, program->submission->language);
        else
                say(stderr, _("joulectl: %s is sent along, as ./%s; the box sees no other file of yours\n"), shown,
                    first->name);
}

void sent_name_source(GPtrArray *files, const char *language) {
        const char *name = language_source_name(language);
        ProblemFile *first = g_ptr_array_index(files, 0);

        for (unsigned i = 0; i < files->len; i++)
                if (language_is_source(language, ((ProblemFile *) g_ptr_array_index(files, i))->name))
                        return;
        if (!name || strchr(path_name(first->name), '.'))
                return;
        g_free(first->name);
        first->name = g_strdup(name);
}

/* A file of this machine that the command names: the box has it only when it is sent. */
static int send_command(const char *verb, const Arguments *arguments, const char *language, char **args,
                        Program *program) {
        GPtrArray *files = program->submission->files;
        g_autofree char *why = NULL;
        const ProblemFile *file;

        if (sent_read_file(args[0], path_name(args[0]), files, &why) < 0)
                return usage_error(verb,
                                   _("%s; a box has the programs of this machine and what is sent along with "
                                     "--file"),
                                   why);
        file = g_ptr_array_index(files, files->len - 1);
        put_first(files, file);
        if (!language && !(file->mode & 0111))
                language = language_of_suffix(file->name);
        program->submission->language = g_strdup(language);
        if (!program->submission->language) {
                if (!(file->mode & 0111)) {
                        g_autofree char *list = language_list();

                        return usage_error(verb,
                                           _("%s: neither executable nor of a known language; give --language, "
                                             "one of: %s"),
                                           args[0], list);
                }
                program->name = g_strconcat("./", file->name, NULL);
        } else
                sent_name_source(files, language);
        program->args = args + 1;
        say_sent(arguments, args[0], program);
        return 0;
}

/* A command whose name has a suffix, as "x.py", and no file: the box may have it. */
static bool is_installed(const char *name) {
        g_autofree char *found = g_file_test(name, G_FILE_TEST_IS_REGULAR) ? NULL : g_find_program_in_path(name);

        return found != NULL;
}

/* given: the language, when it is known from elsewhere. */
static int use_command(const char *verb, const Arguments *arguments, const char *given, char **args,
                       Program *program) {
        const GPtrArray *files = program->submission->files;
        bool path = strchr(args[0], '/') != NULL;
        const ProblemFile *file = find_file(files, below_here(args[0]));
        const char *language = given ?: language_of_suffix(args[0]);

        program->args = args;
        if (file && (path || !language))
                return 0;
        if (file) {
                /* "sum.py", sent with --file: a source */
                put_first(program->submission->files, file);
                program->submission->language = g_strdup(language);
                program->args = args + 1;
                return 0;
        }
        if (path ? is_of_machine(args[0]) : !language || is_installed(args[0]))
                return 0;
        return send_command(verb, arguments, given, args, program);
}

int sent_program(const Sent *sent, const char *verb, const Arguments *arguments, const Problem *problem,
                 const Request *request, char **args, Program *ret) {
        /* what the user says about the language goes before what a suffix says; functions have but one */
        const char *given = request->language ?: problem->function ? "python3" : NULL;
        int r;

        if (sent->submission || sent->request)
                return use_submission(sent, verb, problem, args, ret);
        ret->submission = submission_new("");
        r = add_files(sent, verb, ret->submission->files);
        if (r != 0)
                return r;
        if (given && ret->submission->files->len > 0) {
                ret->submission->language = g_strdup(given);
                sent_name_source(ret->submission->files, given);
                ret->args = args;
                return 0;
        }
        return args[0] ? use_command(verb, arguments, given, args, ret) : use_first_file(verb, args, ret);
}
