/* SPDX-License-Identifier: MIT */
#pragma once

/* Jobs with files and tests for the real worker. SOURCE is the tree, for its languages and what calls functions. */

#include "box-uids.h"
#include "fs.h"
#include "worker-client.h"

#define SHELL "#!/bin/sh\n"

/* The bytes of all files, inputs and answers; kept beside the client until they are sealed. */
typedef struct Problem {
        WorkerClient client;
        GByteArray *blobs;
} Problem;

static inline void problem_init(Problem *problem, JobKind kind) {
        WorkerClient *client = &problem->client;

        (void) g_setenv("JOULETRACE_DATADIR", SOURCE, TRUE);
        worker_client_init(client, (const char *const[]){ "./run", NULL });
        client->request->kind = kind;
        g_free(client->request->profile);
        client->request->profile = g_strdup("box");
        client->request->files = request_files_new();
        client->request->tests = request_tests_new();
        client->context.box_uid_first = BOX_UID;
        client->context.box_uid_last = BOX_UID + N_BOX_UIDS - 1;
        client->context.max_blobs = UINT64_C(1) << 28;
        problem->blobs = g_byte_array_new();
}

static inline void problem_clear(Problem *problem) {
        worker_client_clear(&problem->client);
        if (problem->blobs)
                g_byte_array_unref(problem->blobs);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Problem, problem_clear)

static inline uint64_t problem_add(Problem *problem, const void *data, size_t size) {
        g_byte_array_append(problem->blobs, data, (guint) size);
        return problem->blobs->len - size;
}

static inline void problem_file_into(Problem *problem, GArray *files, const char *name, const void *data,
                                     size_t size) {
        const RequestFile file = { g_strdup(name), problem_add(problem, data, size), size, 0755 };

        g_array_append_val(files, file);
}

static inline void problem_file(Problem *problem, const char *name, const char *text) {
        problem_file_into(problem, problem->client.request->files, name, text, strlen(text));
}

/* A file of the tree or of the build. */
static inline void problem_file_from(Problem *problem, const char *name, const char *path) {
        g_autofree char *text = NULL;
        gsize size;

        g_assert_true(g_file_get_contents(path, &text, &size, NULL));
        problem_file_into(problem, problem->client.request->files, name, text, size);
}

static inline void problem_test(Problem *problem, const char *name, const char *input, const char *answer) {
        const RequestTest test = { g_strdup(name), problem_add(problem, input, strlen(input)), strlen(input),
                                   problem_add(problem, answer, strlen(answer)), strlen(answer) };

        g_array_append_val(problem->client.request->tests, test);
}

static inline void problem_language(Problem *problem, const char *language) {
        Request *request = problem->client.request;

        request->language = g_strdup(language);
        g_clear_pointer(&request->argv, g_strfreev);
}

/* A native validator, or with check a program that is one. */
static inline RequestValidator *problem_validator(Problem *problem, const char *type, const char *check) {
        RequestValidator *validator = request_validator_new();

        g_free(validator->type);
        validator->type = g_strdup(type);
        problem->client.request->validator = validator;
        if (!check)
                return validator;
        validator->files = request_files_new();
        validator->argv = g_strdupv((char *[]){ (char *) "./check", NULL });
        problem_file_into(problem, validator->files, "check", check, strlen(check));
        return validator;
}

static inline int problem_memfd(const Problem *problem, int seals) {
        autofd fd = memfd_create("blobs", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write_all(fd, problem->blobs->data, problem->blobs->len), ==, 0);
        g_assert_cmpint(fcntl(fd, F_ADD_SEALS, seals), ==, 0);
        return steal_fd(&fd);
}

/* Prepare, and Run without waiting for its end. */
static inline void problem_begin(Problem *problem) {
        WorkerClient *client = &problem->client;

        if (client->request->blobs_fd < 0)
                client->request->blobs_fd = problem_memfd(problem, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        worker_connect(client);
        if (worker_prepare(client) < 0)
                g_error("Prepare: %s", client->error.message);
        worker_run_begin(client, "");
}

static inline void problem_run(Problem *problem) {
        problem_begin(problem);
        worker_run_end(&problem->client);
}

static inline void problem_show(const Problem *problem) {
        const WorkerClient *client = &problem->client;
        g_autofree char *text = client->nodes[0] ? json_to_string(client->nodes[0], TRUE) : NULL;

        g_test_message("%s%s%s", client->error.message ?: "", text ? "" : " no report", text ?: "");
}

/* The job was refused before it began, in words that contain all of these. */
static inline void problem_assert_refused(Problem *problem, const char *words) {
        const char *name, *message;

        problem_run(problem);
        name = problem->client.error.name ?: problem->client.result->error;
        message = problem->client.error.message ?: problem->client.result->message;
        g_assert_cmpstr(name, ==, JT_ERROR_INVALID_REQUEST);
        if (!strstr(message, words))
                g_error("\"%s\" does not say \"%s\"", message, words);
}

static inline bool problem_has_fact(const Problem *problem, const char *fact) {
        JsonArray *facts = json_node_get_array(report_node(problem->client.report, "validation.tests.0.facts"));

        for (guint i = 0; i < json_array_get_length(facts); i++)
                if (g_str_equal(json_array_get_string_element(facts, i), fact))
                        return true;
        return false;
}

static inline void problem_assert_verdict(Problem *problem, const char *verdict) {
        if (!problem->client.result)
                g_error("no result: %s", problem->client.error.message);
        if (g_strcmp0(problem->client.result->verdict, verdict) != 0)
                problem_show(problem);
        g_assert_cmpstr(problem->client.result->verdict, ==, verdict);
}
