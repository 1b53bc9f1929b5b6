/* SPDX-License-Identifier: MIT */

/* Comparisons by the real worker: who is measured, in which turns, and what is made of it. */

#include <fcntl.h>
#include <string.h>

#include "temporary.h"
#include "worker-problem.h"

#define SPIN_OF(n) "i=0; while [ $i -lt " #n " ]; do i=$((i+1)); done"
#define SPIN SPIN_OF(10000)
#define LONG_SPIN SPIN_OF(40000)
#define WINDOW_SPIN SPIN_OF(200000) /* longer than a window of 100 ms */

/* A client whose job compares; what is run comes with add_candidate(). */
static void compare_init(WorkerClient *client) {
        worker_client_init(client, (const char *const[]){ "none", NULL });
        g_clear_pointer(&client->request->argv, g_strfreev);
        client->request->kind = JOB_COMPARE;
        client->request->trials = 6;
        client->request->warmups = 1;
        client->request->seed = 42;
}

static Request *add_candidate(WorkerClient *client, const char *script) {
        Request *candidate = request_add_candidate(client->request, NULL);

        candidate->argv = g_strdupv((char *[]){ (char *) "sh", (char *) "-c", (char *) script, NULL });
        return candidate;
}

static JsonArray *trials_of(WorkerClient *client, unsigned candidate) {
        g_autofree char *path = g_strdup_printf("comparison.candidates.%u.measurement.trials", candidate);

        return json_node_get_array(report_node(client->full, path));
}

static bool is_valid(JsonArray *trials, unsigned i) {
        return json_object_get_boolean_member(json_array_get_object_element(trials, i), "valid");
}

static unsigned array_length(WorkerClient *client, const char *path) {
        return json_array_get_length(json_node_get_array(report_node(client->report, path)));
}

static void assert_message(const WorkerClient *client, const char *words) {
        if (!client->result)
                g_error("no result: %s", client->error.message);
        if (!client->result->message || !strstr(client->result->message, words))
                g_error("\"%s\" does not say \"%s\"", client->result->message, words);
}

/* Every program leaves its letter in a file, in the turn it was given: warm-ups by turns, then the order reported. */
static void assert_turns(WorkerClient *client, const char *log, unsigned candidates, unsigned warmups) {
        JsonArray *rounds = json_node_get_array(report_node(client->report, "comparison.order"));
        g_autoptr(GString) wanted = g_string_new(NULL);
        g_autofree char *letters = NULL;

        for (unsigned i = 0; i < warmups * candidates; i++)
                g_string_append_c(wanted, (char) ('a' + i % candidates));
        for (guint round = 0; round < json_array_get_length(rounds); round++)
                for (unsigned i = 0; i < candidates; i++)
                        g_string_append_c(wanted,
                                          (char) ('a' - 1 +
                                                  json_array_get_int_element(
                                                                  json_array_get_array_element(rounds, round), i)));
        g_assert_true(g_file_get_contents(log, &letters, NULL, NULL));
        g_assert_cmpstr(letters, ==, wanted->str);
}

static char *logged(const char *log, char letter, const char *script) {
        return g_strdup_printf("printf %c >>%s; %s", letter, log, script);
}

static void test_two(void) {
        g_auto(WorkerClient) client;
        g_autofree char *top = temporary_new(), *log = temporary_path(top, "log");
        g_autofree char *first = logged(log, 'a', SPIN), *second = logged(log, 'b', LONG_SPIN);

        compare_init(&client);
        client.request->warmups = 2;
        client.request->label = g_strdup("both");
        add_candidate(&client, first);
        add_candidate(&client, second)->candidate_id = g_strdup("slow");
        worker_measure(&client);

        assert_message(&client, "candidate 2 (slow): regressed, +");
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        g_assert_null(client.result->error);
        g_assert_true(client.result->simulated);
        g_assert_cmpuint(client.result->trials, ==, 12);
        g_assert_cmpuint(client.result->invalid_trials, ==, 0);
        g_assert_cmpuint(array_length(&client, "comparison.order"), ==, 6);
        assert_turns(&client, log, 2, 2);
        g_assert_cmpint(report_int(client.report, "comparison.changes.0.pairs"), ==, 6);
        g_assert_cmpfloat(report_double(client.report, "comparison.changes.0.change"), >, 0.5);
        g_assert_cmpstr(report_string(client.report, "comparison.of"), ==, "total_j");
        g_assert_cmpstr(report_string(client.report, "request.label"), ==, "both");
        for (unsigned i = 0; i < 2; i++) {
                g_autofree char *status = g_strdup_printf("comparison.candidates.%u.measurement.status", i);
                g_autofree char *warmups = g_strdup_printf("comparison.candidates.%u.measurement.warmups", i);
                g_autofree char *floor = g_strdup_printf("comparison.candidates.%u.measurement.floor.total_j", i);
                g_autofree char *net = g_strdup_printf("comparison.candidates.%u.measurement.summary.net_j", i);

                g_assert_cmpstr(report_string(client.report, status), ==, "OK");
                g_assert_cmpuint(array_length(&client, warmups), ==, 2);
                g_assert_cmpfloat(report_double(client.report, floor), >=, 0);
                g_assert_false(JSON_NODE_HOLDS_NULL(report_node(client.report, net)));
        }
        temporary_free(top);
}

/* One idle window before every trial of whichever candidate and one after the last: each holds its energy against all
 * of them. */
static void test_baseline_is_shared(void) {
        g_auto(WorkerClient) client;

        compare_init(&client);
        client.request->trials = 2;
        add_candidate(&client, SPIN);
        add_candidate(&client, SPIN);
        worker_measure(&client);
        for (unsigned i = 0; i < 2; i++) {
                g_autofree char *path = g_strdup_printf("comparison.candidates.%u.measurement.baseline.windows", i);

                g_assert_cmpuint(array_length(&client, path), ==, 2 * (1 + 2) + 1);
        }
}

static void test_three(void) {
        g_auto(WorkerClient) client;
        g_autofree char *top = temporary_new(), *log = temporary_path(top, "log");
        bool places[3][3] = {};
        JsonArray *rounds;

        compare_init(&client);
        client.request->trials = 3;
        for (char letter = 'a'; letter <= 'c'; letter++) {
                g_autofree char *script = logged(log, letter, SPIN);

                add_candidate(&client, script);
        }
        worker_measure(&client);

        assert_message(&client, "candidate 2: too few pairs to tell");
        assert_message(&client, "candidate 3: too few pairs to tell");
        assert_turns(&client, log, 3, 1);
        rounds = json_node_get_array(report_node(client.report, "comparison.order"));
        for (guint round = 0; round < 3; round++)
                for (guint place = 0; place < 3; place++)
                        places[json_array_get_int_element(json_array_get_array_element(rounds, round), place) - 1]
                              [place] = true;
        for (unsigned i = 0; i < 9; i++)
                g_assert_true(places[i / 3][i % 3]);
        g_assert_cmpuint(array_length(&client, "comparison.changes"), ==, 2);
        g_assert_cmpstr(report_string(client.report, "comparison.adjustment"), ==, "Holm");
        g_assert_cmpuint(client.result->trials, ==, 9);
        temporary_free(top);
}

static void test_fail_above(void) {
        g_auto(WorkerClient) client;

        compare_init(&client);
        client.request->fail_above = 0.02;
        add_candidate(&client, SPIN);
        add_candidate(&client, LONG_SPIN);
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_FAILED);
        g_assert_cmpstr(client.result->error, ==, JT_ERROR_CHANGE_LIMIT);
        assert_message(&client, "more than fail-above, 2 %, allows");
}

/* Some runs of the second program end at once, twenty times faster than a window is long: $n letters are there then.
 */
static void add_unsteady(WorkerClient *client, const char *log, const char *when) {
        g_autofree char *first = logged(log, 'a', WINDOW_SPIN);
        g_autofree char *second = g_strdup_printf(
                        "printf b >>%s; read -r s <%s; n=${#s}; if %s; then exit 0; fi; " WINDOW_SPIN, log, log, when);

        client->request->min_window_usec = 100 * USEC_PER_MSEC;
        add_candidate(client, first);
        add_candidate(client, second);
}

/* The whole round is made again, and its other half is no half of any pair. By then more trials of it count than would
 * be given up for windows planned again. */
static void test_rerun(void) {
        g_auto(WorkerClient) client;
        g_autofree char *top = temporary_new(), *log = temporary_path(top, "log");
        unsigned bad = G_MAXUINT;
        JsonArray *first, *second;

        compare_init(&client);
        add_unsteady(&client, log, "[ $n -eq 11 ] || [ $n -eq 12 ]"); /* in the fifth round */
        worker_measure(&client);
        g_assert_nonnull(client.result);
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        g_assert_cmpuint(client.result->trials, ==, 14);
        g_assert_cmpuint(client.result->invalid_trials, ==, 1);
        g_assert_cmpuint(array_length(&client, "comparison.order"), ==, 7);
        assert_turns(&client, log, 2, 1);
        g_assert_cmpint(report_int(client.report, "comparison.changes.0.pairs"), ==, 6);
        first = trials_of(&client, 0);
        second = trials_of(&client, 1);
        for (unsigned i = 0; i < 7; i++) {
                g_assert_true(is_valid(first, i));
                if (!is_valid(second, i))
                        bad = i;
        }
        g_assert_cmpuint(bad, ==, 4);
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.1.measurement.grade"), ==, "C");
        temporary_free(top);
}

static void test_unsteady(void) {
        g_auto(WorkerClient) client;
        g_autofree char *top = temporary_new(), *log = temporary_path(top, "log");

        compare_init(&client);
        add_unsteady(&client, log, "[ $n -gt 10 ]"); /* after the fourth round */
        worker_measure(&client);
        g_assert_nonnull(client.result);
        g_assert_cmpint(client.result->result, ==, RESULT_UNSTABLE);
        assert_message(&client, "4 of 6 rounds are valid after 3 reruns; the last trial that is not: candidate 2: ");
        g_assert_cmpuint(client.result->trials, ==, 16);
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.0.measurement.status"), ==, "OK");
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.1.measurement.grade"), ==, "F");
        temporary_free(top);
}

/* Without warm-ups the first rounds find out how long windows have to be, and count as nothing. */
static void test_no_warmups(void) {
        g_auto(WorkerClient) client;

        compare_init(&client);
        client.request->warmups = 0;
        client.request->trials = 1;
        client.request->min_window_usec = 200 * USEC_PER_MSEC;
        add_candidate(&client, SPIN);
        add_candidate(&client, SPIN);
        worker_measure(&client);
        g_assert_nonnull(client.result);
        assert_message(&client, "candidate 2: too few pairs to tell");
        g_assert_cmpint(report_int(client.report, "comparison.changes.0.pairs"), ==, 1);
        g_assert_cmpuint(array_length(&client, "comparison.order"), >=, 2);
}

/* As in a measurement of one program, each by itself: the first run of the second was slow, and its windows are
 * planned again by the others. The rounds before count as nothing, for the first one as well, and no round is a rerun.
 */
static void test_slow_first_run(void) {
        g_auto(WorkerClient) client;
        g_autofree char *top = temporary_new(), *ran = temporary_path(top, "ran"), *script = NULL;

        script = g_strdup_printf("if [ -e %s ]; then sleep 0.02; else : > %s; sleep 0.8; fi", ran, ran);
        compare_init(&client);
        client.request->warmups = 0;
        client.request->trials = 4;
        client.request->min_window_usec = 200 * USEC_PER_MSEC;
        add_candidate(&client, "sleep 0.5");
        add_candidate(&client, script);
        worker_measure(&client);
        g_assert_nonnull(client.result);
        g_assert_cmpint(report_int(client.full, "comparison.changes.0.pairs"), ==, 4);
        g_assert_true(is_valid(trials_of(&client, 0), 0));
        g_assert_false(is_valid(trials_of(&client, 1), 0));
        g_assert_nonnull(strstr(report_string(client.full, "comparison.candidates.1.measurement.trials.0.reason"),
                                "later runs were faster"));
        g_assert_cmpint(report_int(client.full, "comparison.candidates.0.measurement.trials.3.iterations"), ==, 1);
        g_assert_cmpint(report_int(client.full, "comparison.candidates.1.measurement.trials.3.iterations"), >, 1);
        temporary_free(top);
}

/* Each has its own descriptors and files. */
static void test_own_input(void) {
        g_auto(WorkerClient) client;
        autofd input = memfd_create("input", MFD_CLOEXEC);
        const char *digest;
        Request *second;

        compare_init(&client);
        client.request->trials = 1;
        g_assert_cmpint(write_all(input, "one\n", 4), ==, 0);
        add_candidate(&client, "cat; " SPIN)->stdin_fd = dup(input);
        second = add_candidate(&client, "");
        g_clear_pointer(&second->argv, g_strfreev);
        second->argv = g_strdupv((char *[]){ (char *) "cat", NULL });
        second->stdin_bytes = g_bytes_new_static("two\n", 4);
        second->cwd_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        worker_measure(&client);
        if (!client.report)
                g_error("no report: %s", client.error.message);
        digest = report_string(client.report,
                               "comparison.candidates.0.measurement.trials.0.windows.0.output_sha256.0");
        g_assert_cmpstr(digest, ==, "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806");
        digest = report_string(client.report,
                               "comparison.candidates.1.measurement.trials.0.windows.0.output_sha256.0");
        g_assert_cmpstr(digest, ==, "27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a");
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.0.program.sha256"), !=,
                        report_string(client.report, "comparison.candidates.1.program.sha256"));
}

static void test_not_there(void) {
        g_auto(WorkerClient) client;
        Request *second;

        compare_init(&client);
        add_candidate(&client, SPIN);
        second = add_candidate(&client, "");
        g_clear_pointer(&second->argv, g_strfreev);
        second->argv = g_strdupv((char *[]){ (char *) "/nonexistent", NULL });
        worker_measure(&client);
        g_assert_nonnull(client.result);
        g_assert_cmpint(client.result->result, ==, RESULT_FAILED);
        g_assert_cmpstr(client.result->error, ==, JT_ERROR_EXEC_FAILED);
        assert_message(&client, "candidate 2: \"/nonexistent\" ");
}

static void test_job_limit(void) {
        g_auto(WorkerClient) client;

        compare_init(&client);
        client.request->warmups = 0;
        client.request->job_limit_usec = USEC_PER_SEC;
        add_candidate(&client, "sleep 10");
        add_candidate(&client, "sleep 10");
        worker_measure(&client);
        g_assert_nonnull(client.result);
        g_assert_cmpint(client.result->result, ==, RESULT_TIMEOUT);
        assert_message(&client, "The job took longer than its job-limit of 1.000 s; 0 of 12 trials were done");
}

/* ---- the gate ---- */

static Request *add_boxed(WorkerClient *client, const char *script) {
        Request *candidate = request_add_candidate(client->request, NULL);
        g_autoptr(GByteArray) blobs = g_byte_array_new();
        const RequestFile file = { g_strdup("run"), 0, strlen(script), 0755 };
        const RequestTest test = { g_strdup("one"), strlen(script), 2, strlen(script) + 2, 2 };

        g_free(candidate->profile);
        candidate->profile = g_strdup("box");
        candidate->argv = g_strdupv((char *[]){ (char *) "./run", NULL });
        candidate->files = request_files_new();
        g_array_append_val(candidate->files, file);
        candidate->tests = request_tests_new();
        g_array_append_val(candidate->tests, test);
        g_byte_array_append(blobs, (const guint8 *) script, (guint) strlen(script));
        g_byte_array_append(blobs, (const guint8 *) "1\n2\n", 4);
        candidate->blobs_bytes = g_bytes_new(blobs->data, blobs->len);
        return candidate;
}

static void boxed_init(WorkerClient *client) {
        (void) g_setenv("JOULETRACE_DATADIR", SOURCE, TRUE);
        compare_init(client);
        client->context.box_uid_first = BOX_UID;
        client->context.box_uid_last = BOX_UID + N_BOX_UIDS - 1;
        client->context.max_blobs = UINT64_C(1) << 28;
}

static void test_gate_lets_right_ones_in(void) {
        g_auto(WorkerClient) client;

        boxed_init(&client);
        add_boxed(&client, SHELL SPIN "\necho 2\n");
        add_boxed(&client, SHELL LONG_SPIN "\nread n; echo $((n+1))\n");
        worker_measure(&client);
        assert_message(&client, "candidate 2: regressed");
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.0.validation.verdict"), ==, "AC");
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.1.validation.verdict"), ==, "AC");
        g_assert_cmpuint(client.result->trials, ==, 12);
}

/* Nothing is measured of either when one is wrong. */
static void test_gate_keeps_wrong_ones_out(void) {
        g_auto(WorkerClient) client;

        boxed_init(&client);
        add_boxed(&client, SHELL "echo 2\n");
        add_boxed(&client, SHELL "echo 3\n");
        worker_measure(&client);
        g_assert_nonnull(client.result);
        g_assert_cmpint(client.result->result, ==, RESULT_FAILED);
        g_assert_cmpstr(client.result->error, ==, JT_ERROR_WRONG_ANSWER);
        assert_message(&client, "candidate 2: 0 of 1 tests are right; \"one\": ");
        g_assert_cmpuint(client.result->trials, ==, 0);
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.0.validation.verdict"), ==, "AC");
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.1.validation.verdict"), ==, "WA");
        g_assert_cmpuint(array_length(&client, "comparison.candidates.0.measurement.warmups"), ==, 0);
        for (guint i = 0; i < client.phases->len; i++)
                g_assert_false(g_str_has_prefix(g_ptr_array_index(client.phases, i), "w"));
}

/* Compiled each by itself, each into its own product. */
static void test_compiled(void) {
        g_auto(WorkerClient) client;
        static const char *const sources[] = { "#include <stdio.h>\nint main(void) { puts(\"2\"); return 0; }\n",
                                               "int main(void) { return 1 }\n" };

        boxed_init(&client);
        for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
                Request *candidate = add_boxed(&client, sources[i]);

                g_clear_pointer(&candidate->argv, g_strfreev);
                candidate->language = g_strdup("c");
                g_free(g_array_index(candidate->files, RequestFile, 0).name);
                g_array_index(candidate->files, RequestFile, 0).name = g_strdup("main.c");
        }
        worker_measure(&client);
        if (!client.result)
                g_error("no result: %s", client.error.message);
        g_assert_cmpint(client.result->result, ==, RESULT_FAILED);
        g_assert_cmpstr(client.result->error, ==, JT_ERROR_COMPILE_FAILED);
        assert_message(&client, "candidate 2: The program does not compile");
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.0.validation.verdict"), ==, "AC");
        g_assert_cmpstr(report_string(client.report, "comparison.candidates.1.validation.verdict"), ==, "CE");
}

/* Later words stand behind all earlier ones, and the fraction never falls: worker_on_progress() sees to that. */
static void test_phases(void) {
        static const char *const wanted[] = { "validating 0/2", "validating 1/2", "validating 2/2", "warming 2/2",
                                              "measuring 1/4",  "measuring 4/4",  "finishing 0/0" };
        g_auto(WorkerClient) client;
        guint at = 0;

        boxed_init(&client);
        client.request->trials = 2;
        add_boxed(&client, SHELL "echo 2\n");
        add_boxed(&client, SHELL "echo 2\n");
        worker_measure(&client);
        for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
                while (at < client.phases->len && !g_str_equal(g_ptr_array_index(client.phases, at), wanted[i]))
                        at++;
                if (at == client.phases->len)
                        g_error("%s was not told, or too early", wanted[i]);
        }
}

static void test_one_candidate(void) {
        g_auto(WorkerClient) client;

        compare_init(&client);
        add_candidate(&client, SPIN);
        worker_connect(&client);
        g_assert_cmpint(worker_prepare(&client), <, 0);
        g_assert_cmpstr(client.error.message, ==, "there are 1 candidates; give at least 2");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/worker-compare/two", test_two);
        g_test_add_func("/worker-compare/baseline-is-shared", test_baseline_is_shared);
        g_test_add_func("/worker-compare/three", test_three);
        g_test_add_func("/worker-compare/fail-above", test_fail_above);
        g_test_add_func("/worker-compare/rerun", test_rerun);
        g_test_add_func("/worker-compare/unsteady", test_unsteady);
        g_test_add_func("/worker-compare/no-warmups", test_no_warmups);
        g_test_add_func("/worker-compare/slow-first-run", test_slow_first_run);
        g_test_add_func("/worker-compare/own-input", test_own_input);
        g_test_add_func("/worker-compare/not-there", test_not_there);
        g_test_add_func("/worker-compare/job-limit", test_job_limit);
        g_test_add_func("/worker-compare/gate/right", test_gate_lets_right_ones_in);
        g_test_add_func("/worker-compare/gate/wrong", test_gate_keeps_wrong_ones_out);
        g_test_add_func("/worker-compare/gate/compiled", test_compiled);
        g_test_add_func("/worker-compare/phases", test_phases);
        g_test_add_func("/worker-compare/one-candidate", test_one_candidate);
        return g_test_run();
}
