/* SPDX-License-Identifier: MIT */
#include "box-fixture.h"

static char *answer(Fixture *f, const char *call) {
        char *output = NULL;
        BoxEnd end = run(f, PROBE_DO((char *) "call", (char *) call), &output);

        g_assert_cmpint(end.end_code, ==, CLD_EXITED);
        return g_strchomp(output);
}

/* What is answered at once, and how. */
static void test_answers(Fixture *f, gconstpointer data) {
        const struct {
                const char *call, *answer;
        } cases[] = {
                { "clone3", "ENOSYS" },
                { "io_uring_setup", "ENOSYS" },
                { "fsopen", "ENOSYS" },
                { "userfaultfd", "ENOSYS" },
                { "unknown", "ENOSYS" },
                { "prctl-core", "ENOSYS" },
                { "setpriority", "EPERM" },
                { "inet", "EAFNOSUPPORT" },
                { "netlink", "EAFNOSUPPORT" },
                { "unix", "3" },
                { "TCGETS", "ENOTTY" },
                { "mmap-huge", "ENOMEM" },
                { "memfd", "3" },
                { "memfd-huge", "ENOMEM" },
                { "shm", "0" },
                { "shm-huge", "ENOMEM" },
                { "core-read", "0" },
                { "core-none", "EPERM" },
                { "core-none-64", "EPERM" },
                { "core-none-old", "EPERM" },
                { "files-fewer", "0" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *got = answer(f, cases[i].call);

                g_test_message("%s", cases[i].call);
                g_assert_cmpstr(got, ==, cases[i].answer);
        }
}

static void assert_held_up(Fixture *f, const char *how, const char *call, const char *name) {
        g_autoptr(Box) box = spawn(f, PROBE_DO((char *) how, (char *) call));
        struct pollfd item = { .fd = box_listener_fd(box), .events = POLLIN };
        g_auto(FilterCall) held = {}, none = {};
        g_autofree char *output = NULL;
        BoxEnd end;

        g_test_message("%s", call);
        g_assert_cmpint(item.fd, >=, 0);
        g_assert_cmpint(filter_read_call(item.fd, &none), ==, -EAGAIN);
        g_assert_cmpint(box_open_gate(box), ==, 0);
        g_assert_cmpint(poll(&item, 1, WAIT_USEC / 1000), ==, 1);
        g_assert_cmpint(filter_read_call(item.fd, &held), ==, 0);
        g_assert_cmpstr(held.name, ==, name);
        g_assert_cmpint(held.pid, >, box->pid);
        if (g_str_has_prefix(call, "TIOCSTI"))
                g_assert_cmphex(held.args[1] & UINT32_MAX, ==, 0x5412);

        end = end_of(box, &output);
        g_assert_cmpint(end.end_code, ==, CLD_KILLED);
        g_assert_cmpint(end.end_status, ==, SIGKILL);
        g_assert_cmpstr(output, ==, ""); /* it never learnt an answer */
}

static void test_held_up(Fixture *f, gconstpointer data) {
        const struct {
                const char *call, *name;
        } cases[] = {
                { "ptrace", "ptrace" }, { "unshare", "unshare" }, { "mount", "mount" },      { "bpf", "bpf" },
                { "clone", "clone" },   { "TIOCSTI", "ioctl" },   { "TIOCSTI-64", "ioctl" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_held_up(f, "call", cases[i].call, cases[i].name);
}

static void test_held_up_below(Fixture *f, gconstpointer data) {
        assert_held_up(f, "call-below", "ptrace", "ptrace");
}

static void test_foreign(Fixture *f, gconstpointer data) {
        BoxEnd end = run(f, PROBE_DO((char *) "call", (char *) "foreign"), NULL);

        g_assert_cmpint(end.end_code, !=, CLD_EXITED);
        g_assert_cmpint(end.end_status, ==, SIGSYS);
}

/* A thread's creation, a pipe, a fork, an executable mapping: what every runtime does. */
static void test_runtimes(Fixture *f, gconstpointer data) {
        assert_output(f,
                      "python3 -c 'import threading, subprocess, socket, mmap, sys\n"
                      "t = threading.Thread(target=lambda: print(1, flush=True)); t.start(); t.join()\n"
                      "subprocess.run([\"echo\", \"2\"], check=True)\n"
                      "a, b = socket.socketpair(); a.send(b\"3\"); print(b.recv(1).decode(), flush=True)\n"
                      "mmap.mmap(-1, 4096, prot=7); print(4)'",
                      "1\n2\n3\n4\n");
}

/* SSBD would cost half the speed. */
static void test_speculation(Fixture *f, gconstpointer data) {
        g_autofree char *outside = NULL, *inside = NULL;
        const char *line;

        g_assert_cmpint(read_file_at(AT_FDCWD, "/proc/self/status", &outside), >=, 0);
        line = strstr(outside, "Speculation_Store_Bypass:");
        if (!line) {
                g_test_message("this architecture does not say");
                return;
        }
        (void) run(f, SH("grep ^Speculation_Store_Bypass: /proc/self/status"), &inside);
        g_assert_true(g_str_has_prefix(line, g_strchomp(inside)));
}

/* The hash is the program's: it is the same each time. */
static void test_hash(void) {
        g_autoptr(Filter) a = NULL, b = NULL;

        g_assert_cmpint(filter_new(&a), >=, 0);
        g_assert_cmpint(filter_new(&b), >=, 0);
        g_assert_cmpuint(strlen(filter_sha256(a)), ==, 64);
        g_assert_cmpstr(filter_sha256(a), ==, filter_sha256(b));
}

int main(int argc, char **argv) {
        open_tests(&argc, &argv);
        g_test_add_func("/filter/hash", test_hash);
        g_test_add("/filter/answers", Fixture, NULL, set_up, test_answers, tear_down);
        g_test_add("/filter/held-up", Fixture, NULL, set_up, test_held_up, tear_down);
        g_test_add("/filter/held-up-below", Fixture, NULL, set_up, test_held_up_below, tear_down);
        g_test_add("/filter/foreign", Fixture, NULL, set_up, test_foreign, tear_down);
        g_test_add("/filter/runtimes", Fixture, NULL, set_up, test_runtimes, tear_down);
        g_test_add("/filter/speculation", Fixture, NULL, set_up, test_speculation, tear_down);
        return g_test_run();
}
