/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>

#include "fake-systemd.h"
#include "inhibitor.h"

/* logind as far as it is asked, and what becomes of the descriptor it gave. */
typedef struct Fixture {
        sd_event *event;
        sd_bus *server, *client;
        enum { GRANTS, REFUSES, ANSWERS_NONSENSE, IS_DEAF } logind;
        char *asked;
        int held_fd; /* our end of the pipe whose other end it gave away */
        bool answered;
        Inhibitor *inhibitor;
} Fixture;

static int on_inhibit(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fixture *f = userdata;
        const char *what, *who, *why, *mode;
        int fds[2], r;

        if (!sd_bus_message_is_method_call(m, "org.freedesktop.login1.Manager", "Inhibit"))
                return 0;
        g_assert_cmpint(sd_bus_message_read(m, "ssss", &what, &who, &why, &mode), >, 0);
        f->asked = g_strdup_printf("%s %s %s, auto start %d", what, who, mode, sd_bus_message_get_auto_start(m));
        switch (f->logind) {
        case REFUSES:
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "Permission denied");
        case ANSWERS_NONSENSE:
                return sd_bus_reply_method_return(m, "s", "yes");
        case IS_DEAF:
                return 1;
        case GRANTS:
                break;
        }
        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        f->held_fd = fds[0];
        r = sd_bus_reply_method_return(m, "h", fds[1]);
        g_assert_cmpint(close(fds[1]), ==, 0);
        return r;
}

static void set_up(Fixture *f, const void *data) {
        f->held_fd = -1;
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        fake_peers(f->event, &f->server, &f->client);
        g_assert_cmpint(sd_bus_add_object(f->server, NULL, "/org/freedesktop/login1", on_inhibit, f), >=, 0);
}

static void tear_down(Fixture *f, const void *data) {
        inhibitor_free(f->inhibitor);
        sd_bus_flush_close_unref(f->client);
        sd_bus_flush_close_unref(f->server);
        sd_event_unref(f->event);
        safe_close(f->held_fd);
        g_free(f->asked);
}

static void on_answered(Inhibitor *inhibitor, void *userdata) {
        Fixture *f = userdata;

        g_assert_false(f->answered);
        f->answered = true;
}

static void take(Fixture *f) {
        g_assert_cmpint(inhibitor_take(f->client, on_answered, f, &f->inhibitor), ==, 0);
        g_assert_false(f->answered);
        g_assert_nonnull(inhibitor_why(f->inhibitor));
}

/* logind sees that nobody has the other end any more. */
static bool is_held(const Fixture *f) {
        struct pollfd poll_fd = { .fd = f->held_fd, .events = POLLIN };

        g_assert_cmpint(f->held_fd, >=, 0);
        g_assert_cmpint(poll(&poll_fd, 1, 0), >=, 0);
        return !(poll_fd.revents & POLLHUP);
}

static void test_held(Fixture *f, const void *data) {
        take(f);
        g_assert_true(run_until(f->event, &f->answered));
        g_assert_cmpstr(f->asked, ==, "sleep JouleTrace block, auto start 0");
        g_assert_null(inhibitor_why(f->inhibitor));
        run_for(f->event, 10 * USEC_PER_MSEC);
        g_assert_true(is_held(f));
        f->inhibitor = inhibitor_free(f->inhibitor);
        g_assert_false(is_held(f));
}

static void test_refused(Fixture *f, const void *data) {
        f->logind = REFUSES;
        take(f);
        g_assert_true(run_until(f->event, &f->answered));
        g_assert_cmpstr(inhibitor_why(f->inhibitor), ==, "logind does not hold it off: Permission denied");
}

static void test_nonsense(Fixture *f, const void *data) {
        f->logind = ANSWERS_NONSENSE;
        take(f);
        g_assert_true(run_until(f->event, &f->answered));
        g_assert_nonnull(inhibitor_why(f->inhibitor));
}

static void test_deaf(Fixture *f, const void *data) {
        f->logind = IS_DEAF;
        take(f);
        g_assert_true(run_until(f->event, &f->answered));
        g_assert_nonnull(inhibitor_why(f->inhibitor));
}

/* The answer to a question nobody has any more ends what it grants. */
static void test_freed_before_answer(Fixture *f, const void *data) {
        take(f);
        f->inhibitor = inhibitor_free(f->inhibitor);
        for (unsigned i = 0; i < 500 && f->held_fd < 0; i++)
                run_for(f->event, 10 * USEC_PER_MSEC);
        for (unsigned i = 0; i < 500 && is_held(f); i++)
                run_for(f->event, 10 * USEC_PER_MSEC);
        g_assert_false(is_held(f));
        g_assert_false(f->answered);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/inhibitor/held", Fixture, NULL, set_up, test_held, tear_down);
        g_test_add("/inhibitor/refused", Fixture, NULL, set_up, test_refused, tear_down);
        g_test_add("/inhibitor/nonsense", Fixture, NULL, set_up, test_nonsense, tear_down);
        g_test_add("/inhibitor/deaf", Fixture, NULL, set_up, test_deaf, tear_down);
        g_test_add("/inhibitor/freed-before-answer", Fixture, NULL, set_up, test_freed_before_answer, tear_down);
        return g_test_run();
}
