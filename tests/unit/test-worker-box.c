/* SPDX-License-Identifier: MIT */
#include "worker-problem.h"

/* Each run has a box, and has it for itself. */

/* ---- nothing is left for the next run ---- */

#define KEY "0x4a54"
#define LEAVES_PY                                                                             \
        "#!/usr/bin/python3\n"                                                                \
        "import ctypes, os, socket\n"                                                         \
        "libc = ctypes.CDLL(None)\n"                                                          \
        "seen = [d for d in ('/box', '/tmp', '/dev/shm') if os.path.exists(d + '/left')]\n"   \
        "for d in ('/box', '/tmp', '/dev/shm'): open(d + '/left', 'w').write('x')\n"          \
        "if libc.shmget(" KEY ", 1, 0) >= 0: seen.append('shared memory')\n"                  \
        "libc.shmget(" KEY ", 1, 0o1600)\n"                                                   \
        "s = socket.socket(socket.AF_UNIX)\n"                                                 \
        "try: s.bind('\\0left')\n"                                                            \
        "except OSError: seen.append('a socket')\n"                                           \
        "s.listen()\n"                                                                        \
        "seen += [p for p in os.listdir('/proc') if p.isdigit() and int(p) != os.getpid()]\n" \
        "if os.fork() == 0:\n"                                                                \
        "    os.setsid()\n"                                                                   \
        "    os.close(1)\n"                                                                   \
        "    os.execlp('sleep', 'sleep', '600')\n"                                            \
        "print(seen or 3)\n"

/* In validation, warm-up and trial, with several runs in a window, whose boxes are all made before it opens. */
static void test_fresh(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_MEASURE);
        problem.client.request->trials = 2;
        problem.client.request->warmups = 1;
        problem.client.request->min_window_usec = USEC_PER_SEC;
        problem.client.request->wall_limit_usec = 20 * USEC_PER_SEC;
        problem_file(&problem, "run", LEAVES_PY);
        problem_test(&problem, "one", "", "3\n");
        problem_test(&problem, "two", "", "3\n");
        problem_run(&problem);
        g_test_message("%s", problem.client.result ? problem.client.result->message ?: "" : "");
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpint(problem.client.result->result, ==, RESULT_DONE);
        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.0.windows.0.iterations"), >, 1);
}

/* ---- nothing runs outside ---- */

#define INSIDE_SH                                                                      \
        "inside() { [ $(hostname) = box ] && [ ! -e /proc/uptime ] && [ ! -e /root ] " \
        "&& [ $(id -u) -ge %u ] && [ $(id -u) -lt %u ]; }\n"

/* What a compiler can see of where it runs. */
#define INSIDE_C "#if __has_include(\"/proc/uptime\") || __has_include(\"/proc/1/status\")\n#error outside\n#endif\n"

static void test_submission(void) {
        g_autofree char *script = g_strdup_printf(SHELL INSIDE_SH "inside && echo inside || echo outside\n", BOX_UID,
                                                  BOX_UID + N_BOX_UIDS);
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_MEASURE);
        problem_file(&problem, "run", script);
        problem_test(&problem, "one", "", "inside\n");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpint(problem.client.result->result, ==, RESULT_DONE);
}

/* The report has the names of what the program had, not of what its owner's login has. */
static void test_environment(void) {
        static const char *const names[] = { "HOME", "LANG", "PATH", "TMPDIR" };
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem_file(&problem, "run", SHELL "tr '\\0' '\\n' < /proc/$$/environ | cut -d= -f1 | sort\n");
        problem_test(&problem, "one", "", "HOME\nLANG\nPATH\nTMPDIR\n");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpuint(json_array_get_length(
                                         json_node_get_array(report_node(problem.client.report, "request.env.names"))),
                         ==, G_N_ELEMENTS(names));
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *path = g_strdup_printf("request.env.names.%zu", i);

                g_assert_cmpstr(report_string(problem.client.report, path), ==, names[i]);
        }
}

static void test_compiler(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem_language(&problem, "c");
        problem_file(&problem, "main.c", INSIDE_C "#include <stdio.h>\nint main(void) { puts(\"inside\"); }\n");
        problem_test(&problem, "one", "", "inside\n");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
}

static void test_validator(void) {
        g_autofree char *script = g_strdup_printf(SHELL INSIDE_SH "inside && exit 42 || exit 43\n", BOX_UID,
                                                  BOX_UID + N_BOX_UIDS);
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem_validator(&problem, "kattis", script);
        problem_file(&problem, "run", SHELL "echo 3\n");
        problem_test(&problem, "one", "", "");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
}

static void test_validator_compiler(void) {
        g_auto(Problem) problem = {};
        RequestValidator *validator;
        const char *source = INSIDE_C "int main(void) { return 42; }\n";

        problem_init(&problem, JOB_VALIDATE);
        validator = problem_validator(&problem, "kattis", "");
        g_clear_pointer(&validator->argv, g_strfreev);
        validator->language = g_strdup("c");
        problem_file_into(&problem, validator->files, "check.c", source, strlen(source));
        problem_file(&problem, "run", SHELL "echo 3\n");
        problem_test(&problem, "one", "", "");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/worker-box/fresh", test_fresh);
        g_test_add_func("/worker-box/submission", test_submission);
        g_test_add_func("/worker-box/environment", test_environment);
        g_test_add_func("/worker-box/compiler", test_compiler);
        g_test_add_func("/worker-box/validator", test_validator);
        g_test_add_func("/worker-box/validator-compiler", test_validator_compiler);
        return g_test_run();
}
