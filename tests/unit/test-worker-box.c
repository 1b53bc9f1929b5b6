/* SPDX-License-Identifier: MIT */
#include <sys/resource.h>

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

/* ---- what it writes to standard error is cut, and decides nothing ---- */

#define ERRORS_BYTES (192U * 1024U * 1024U)

static void flood_errors(void) {
        g_autofree char *script = g_strdup_printf(SHELL "head -c %u /dev/zero >&2; echo 3\n", ERRORS_BYTES);
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem.client.request->output_max = ERRORS_BYTES;
        problem.client.request->cpu_limit_usec = problem.client.request->wall_limit_usec = 20 * USEC_PER_SEC;
        problem_file(&problem, "run", script);
        problem_test(&problem, "one", "", "3\n");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
}

/* Not more than a little of it is kept, however much output is allowed: no worker that was waited for had much. */
static void test_errors_kept(void) {
        struct rusage workers;

        flood_errors();
        g_assert_cmpint(getrusage(RUSAGE_CHILDREN, &workers), ==, 0);
        g_assert_cmpint(workers.ru_maxrss, >, 0);
        g_assert_cmpint(workers.ru_maxrss, <, ERRORS_BYTES / 1024 * 2 / 3);
}

/* Whoever wanted all of it learns that he has not got it. */
static void test_errors_cut(void) {
        g_auto(Problem) problem = {};
        autofd fd = memfd_create("errors", MFD_CLOEXEC);

        problem_init(&problem, JOB_MEASURE);
        problem.client.request->trials = 1;
        problem.client.request->error_output_fd = dup(fd);
        problem_file(&problem, "run", SHELL "head -c 3000000 /dev/zero >&2; echo 3\n");
        problem_test(&problem, "one", "", "3\n");
        problem_run(&problem);
        g_assert_cmpint(problem.client.result->result, ==, RESULT_DONE);
        g_assert_cmpstr(report_string(problem.client.full, "measurement.output_problem"), ==,
                        "the first run wrote 3000000 bytes to standard error, of which only the first 1048576 were "
                        "kept");
        g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, 1048576);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/worker-box/fresh", test_fresh);
        g_test_add_func("/worker-box/submission", test_submission);
        g_test_add_func("/worker-box/environment", test_environment);
        g_test_add_func("/worker-box/compiler", test_compiler);
        g_test_add_func("/worker-box/validator", test_validator);
        g_test_add_func("/worker-box/validator-compiler", test_validator_compiler);
        g_test_add_func("/worker-box/errors-kept", test_errors_kept);
        g_test_add_func("/worker-box/errors-cut", test_errors_cut);
        return g_test_run();
}
