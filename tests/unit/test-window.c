/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "host-box.h"
#include "trial.h"

static const struct {
        uint64_t iteration_ns, output_bytes, file_bytes, min_window_usec;
        uint32_t iterations, windows;
} plans[] = {
        { 200000000, 0, 0, 100000, 1, 1 }, /* long enough alone */
        { 125000000, 0, 0, 100000, 1, 1 },
        { 124000000, 0, 0, 100000, 2, 1 }, /* long enough, but not by the margin */
        { 99000000, 0, 0, 100000, 2, 1 },
        { 10000000, 0, 0, 100000, 13, 1 },
        { 2000000, 0, 0, 100000, 63, 1 },
        { 1000000, 0, 0, 100000, 64, 2 },                    /* 125 are needed, 64 fit */
        { 1000, 0, 0, 100000, 64, 512 },                     /* hopeless: the trial will be too short, and says so */
        { 0, 0, 0, 100000, 1, 1 },                           /* nothing is known */
        { 10000000, UINT64_C(64) << 20, 0, 100000, 1, 13 },  /* what one run writes fills the capture */
        { 10000000, UINT64_C(100) << 20, 0, 100000, 1, 13 }, /* more than fills it */
        { 10000000, UINT64_C(16) << 20, 0, 100000, 2, 7 },   /* with room for twice as much */
        { 500000, 0, 0, 1000, 3, 1 },
        { 10000000, 0, UINT64_C(64) << 20, 100000, 8, 2 }, /* each box has its own copy of the files */
        { 10000000, 0, UINT64_C(600) << 20, 100000, 1, 13 },
};

static void test_plan(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(plans); i++) {
                const WindowPlan plan = window_plan(plans[i].iteration_ns, plans[i].output_bytes, plans[i].file_bytes,
                                                    plans[i].min_window_usec);

                g_assert_cmpuint(plan.iterations, ==, plans[i].iterations);
                g_assert_cmpuint(plan.windows, ==, plans[i].windows);
        }
}

static const struct {
        unsigned facts;
        bool stops, stops_ignoring;
} stops[] = {
        { 0, false, false },
        { FACT_TASKS_DENIED, false, false },
        { FACT_RIGHT_ANSWER | FACT_CACHE_CAPPED, false, false },
        { FACT_WRONG_ANSWER, true, true },
        { FACT_NONZERO_EXIT, true, false },
        { FACT_SIGNAL, true, false },
        { FACT_SIGNAL | FACT_CPU_LIMIT, true, true },
        { FACT_SIGNAL | FACT_OOM_KILL, true, true },
        { FACT_OUTPUT_LIMIT, true, true },
        { FACT_EXEC_FAILED, true, true },
        { FACT_OUR_FAULT, true, true },
        { FACT_CANCELLED | FACT_SIGNAL, true, true },
};

static void test_stops(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(stops); i++) {
                g_assert_true(run_facts_stop(stops[i].facts, false) == stops[i].stops);
                g_assert_true(run_facts_stop(stops[i].facts, true) == stops[i].stops_ignoring);
        }
}

static int pipe_with(const void *data, size_t size) {
        int fds[2];

        g_assert_cmpint(pipe2(fds, O_CLOEXEC | O_NONBLOCK), ==, 0);
        (void) fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
        g_assert_cmpint(write(fds[1], data, size), ==, (ssize_t) size);
        (void) close(fds[1]);
        return fds[0];
}

/* More than one chunk, in several goes; the digest is that of the whole. */
static void test_capture(void) {
        g_autofree uint8_t *data = g_malloc(500000);
        g_autofree char *digest = NULL, *expected = NULL;
        g_auto(Capture) capture = {};
        autofd fd = -1;
        unsigned goes = 0;
        int r;

        for (size_t i = 0; i < 500000; i++)
                data[i] = (uint8_t) (i * 7 + i / 1000);
        fd = pipe_with(data, 500000);
        capture_init(&capture, 1 << 20);
        while ((r = capture_drain(&capture, fd, 100000)) == 1)
                goes++;
        g_assert_cmpint(r, ==, -EPIPE);
        g_assert_cmpuint(goes, >, 1);
        g_assert_cmpuint(capture.bytes, ==, 500000);
        digest = capture_sha256(&capture);
        expected = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, 500000);
        g_assert_cmpstr(digest, ==, expected);
}

static void test_capture_limit(void) {
        g_auto(Capture) capture = {};
        g_autofree char *tail = NULL;
        autofd fd = pipe_with("0123456789", 10);

        capture_init(&capture, 4);
        g_assert_cmpint(capture_drain(&capture, fd, 1000), ==, -EPIPE);
        g_assert_cmpuint(capture.bytes, ==, 4);
        g_assert_cmpuint(capture.seen, ==, 10);
        tail = capture_tail(&capture, 100);
        g_assert_cmpstr(tail, ==, "0123…");
}

static const struct {
        const char *data;
        size_t size, most;
        const char *tail;
} tails[] = {
        { "", 0, 10, "" },
        { "abc", 3, 3, "abc" },
        { "abc", 3, 2, "…bc" },
        { "a\nb\tc", 5, 10, "a\nb\tc" },
        { "\033[31mred", 8, 10, "\\x1b[31mred" },
        { "nul\0byte", 8, 10, "nul\\x00byte" },
        { "\xff\xfe", 2, 10, "\\xff\\xfe" },
        { "\xc3\xa9", 2, 10, "\xc3\xa9" },
        { "x\xc3\xa9", 3, 1, "…\\xa9" }, /* cut in the middle of a letter */
        { "\xc3", 1, 10, "\\xc3" },
        { "\xe2\x80\xae", 3, 10, "\\xe2\\x80\\xae" }, /* turns the writing direction round */
        { "\r", 1, 10, "\\x0d" },
};

static void test_tail(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(tails); i++) {
                g_auto(Capture) capture = {};
                g_autofree char *tail = NULL;
                autofd fd = pipe_with(tails[i].data, tails[i].size);

                capture_init(&capture, 1000);
                g_assert_cmpint(capture_drain(&capture, fd, 1000), ==, -EPIPE);
                tail = capture_tail(&capture, tails[i].most);
                g_assert_cmpstr(tail, ==, tails[i].tail);
        }
}

static const struct {
        const char *data;
        size_t most;
        const char *line;
} lines[] = {
        { "", 10, NULL },
        { "\n \r\n\t\n", 10, NULL },
        { "one", 3, "one" },
        { "\n\n  one\ttwo\r\nthree\n", 10, "one two" },
        { "\033[1mone\n", 20, "\\x1b[1mone" },
        { "abcdef", 6, "abcdef" },
        { "abcdefg", 6, "abc…" },
        { "ab\xc3\xa9xyz", 6, "ab…" }, /* not in the middle of a letter */
};

static void test_line(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
                g_auto(Capture) capture = {};
                g_autofree char *line = NULL;
                autofd fd = pipe_with(lines[i].data, strlen(lines[i].data));

                capture_init(&capture, 1000);
                g_assert_cmpint(capture_drain(&capture, fd, 1000), ==, -EPIPE);
                line = capture_line(&capture, lines[i].most);
                g_assert_cmpstr(line, ==, lines[i].line);
        }
}

/* A run that leaves a busy child behind, watched from its gate to its end. */
typedef struct Watched {
        sd_event *event;
        char *path;
        bool orphan_alive; /* when the run was said to be over */
} Watched;

/* The orphan's number, as it wrote it down. */
static pid_t read_number(const char *path) {
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        return (pid_t) atoi(text);
}

static bool lives(pid_t pid) {
        g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;

        return g_file_get_contents(path, &text, NULL, NULL) && !strstr(text, ") Z") && !strstr(text, ") X");
}

static void on_over(Run *run, void *userdata) {
        Watched *watched = userdata;
        const pid_t orphan = read_number(watched->path);

        g_assert_cmpint(orphan, >, 1);
        watched->orphan_alive = lives(orphan);
        (void) sd_event_exit(watched->event, 0);
}

/* A window closes when nothing of the run lives any more, not when the program exits. */
static void test_end(void) {
        static char *const env[] = { (char *) "PATH=/usr/bin:/bin", NULL };
        const RunLimits limits = { .cpu_usec = 10 * USEC_PER_SEC, .wall_usec = 10 * USEC_PER_SEC, .output_max = 1000 };
        g_autoptr(Containment) containment = NULL;
        g_autoptr(Identity) identity = NULL;
        g_autofree char *path = g_strdup_printf("/tmp/jouletrace-orphan-%d", getpid());
        g_autofree char *script = g_strdup_printf("trap 'exit 0' USR1; export MAIN=$$; setsid sh -c 'echo $$ > %s; "
                                                  "kill -USR1 $MAIN; while :; do :; done' & wait",
                                                  path);
        char *const argv[] = { (char *) "sh", (char *) "-c", script, NULL };
        g_autoptr(sd_event) event = NULL;
        g_autoptr(Run) run = NULL;
        RunRecord *record;
        Watched watched;
        BoxStage stage;
        BoxSpec spec;
        char *why = NULL;

        (void) signal(SIGPIPE, SIG_IGN);
        g_assert_cmpint(containment_open_process(&containment), >=, 0);
        g_assert_cmpint(identity_lookup(geteuid(), NULL, 0, false, &identity), >=, 0);
        g_assert_cmpint(sd_event_new(&event), >=, 0);
        watched = (Watched){ .event = event, .path = path };
        spec = host_box(containment, identity, argv, env);
        g_assert_cmpint(run_new(event, &spec, &limits, NULL, on_over, &watched, &run, &why), >=, 0);
        g_assert_cmpint(run_wait_ready(run, &stage, &why), >=, 0);
        g_assert_cmpint(run_start(run), >=, 0);
        g_assert_cmpint(sd_event_loop(event), >=, 0);
        g_assert_false(watched.orphan_alive);
        g_assert_true(run_ended_well(run));
        record = run_settle(run);
        g_assert_cmphex(record->facts, ==, 0);
        run_record_free(record);
        g_assert_cmpint(unlink(path), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/window/plan", test_plan);
        g_test_add_func("/window/stops", test_stops);
        g_test_add_func("/window/capture", test_capture);
        g_test_add_func("/window/capture-limit", test_capture_limit);
        g_test_add_func("/window/tail", test_tail);
        g_test_add_func("/window/line", test_line);
        g_test_add_func("/window/end", test_end);
        return g_test_run();
}
