/* SPDX-License-Identifier: MIT */

/* Whose signals are believed, on a real message bus. */

#include <signal.h>
#include <sys/wait.h>

#include "fake-systemd.h"
#include "systemd-internal.h"

typedef struct Seen {
        Systemd *systemd;
        Scope *scope;
        bool ready;
        int ready_r;
        bool gone;
} Seen;

static void on_ready(Scope *scope, int r, const char *control_group, const char *message, void *userdata) {
        Seen *seen = userdata;

        seen->ready = true;
        seen->ready_r = r;
}

static void on_gone(Scope *scope, int r, void *userdata) {
        Seen *seen = userdata;

        seen->gone = true;
}

/* A message bus of our own: everybody may send any signal to anybody there. */
static char *start_dbus_daemon(GPid *ret) {
        char *argv[] = { "dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1", NULL };
        g_autoptr(GError) error = NULL;
        char address[512];
        ssize_t n;
        int fd;

        if (!g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                      ret, NULL, &fd, NULL, &error))
                g_error("%s", error->message);
        n = read(fd, address, sizeof(address) - 1);
        close(fd);
        g_assert_cmpint(n, >, 1);
        address[n - 1] = '\0';
        return g_strdup(address);
}

static sd_bus *connect_to(const char *address, sd_event *event) {
        sd_bus *bus;

        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_address(bus, address), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(bus, true), >=, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(bus, event, 0), >=, 0);
        return bus;
}

typedef struct OnBus {
        GPid pid;
        sd_event *event;
        sd_bus *server, *client, *impostor;
        const char *name; /* the client's */
} OnBus;

static void on_bus_start(OnBus *b) {
        g_autofree char *address = NULL;

        g_assert_cmpint(sd_event_new(&b->event), >=, 0);
        address = start_dbus_daemon(&b->pid);
        b->server = connect_to(address, b->event);
        b->client = connect_to(address, b->event);
        b->impostor = connect_to(address, b->event);
        g_assert_cmpint(sd_bus_request_name(b->server, SYSTEMD_SERVICE, 0), >=, 0);
        g_assert_cmpint(sd_bus_get_unique_name(b->client, &b->name), >=, 0);
}

static void on_bus_end(OnBus *b) {
        sd_bus_flush_close_unref(b->server);
        sd_bus_flush_close_unref(b->client);
        sd_bus_flush_close_unref(b->impostor);
        sd_event_unref(b->event);
        kill(b->pid, SIGTERM);
        waitpid(b->pid, NULL, 0);
        g_spawn_close_pid(b->pid);
}

static void forge(OnBus *b, const char *member, const char *types, ...) {
        g_autoptr(sd_bus_message) m = NULL;
        va_list ap;

        g_assert_cmpint(sd_bus_message_new_signal(b->impostor, &m, SYSTEMD_PATH, SYSTEMD_MANAGER, member), >=, 0);
        va_start(ap, types);
        g_assert_cmpint(sd_bus_message_appendv(m, types, ap), >=, 0);
        va_end(ap);
        g_assert_cmpint(sd_bus_message_set_destination(m, b->name), >=, 0);
        g_assert_cmpint(sd_bus_send(b->impostor, m, NULL), >=, 0);
        g_assert_cmpint(sd_bus_flush(b->impostor), >=, 0);
}

/* Neither a start nor an end is believed from anybody but PID 1; and PID 1 is believed under its next name as well. */
static void test_impostor(void) {
        static const FakeStart hangs[] = { FAKE_START_HANGS, FAKE_START_GOOD };
        OnBus b = {};
        FakeSystemd fake = { .starts = hangs, .n_starts = 2, .stop = FAKE_STOP_HANGS };
        Seen seen = {};
        ScopeSpec spec = { .job = 1, .keeper = 7 };

        on_bus_start(&b);
        fake_systemd_serve(&fake, b.server);
        g_assert_cmpint(systemd_new(b.client, b.event, &seen.systemd), ==, 0);
        g_assert_cmpint(scope_start(seen.systemd, &spec, on_ready, &seen, &seen.scope), ==, 0);
        while (!fake.last_job)
                g_assert_cmpint(sd_event_run(b.event, USEC_PER_SEC), >=, 0);
        run_for(b.event, 50 * USEC_PER_MSEC);
        forge(&b, "JobRemoved", "uoss", 1, fake.last_job, scope_name(seen.scope), "failed");
        run_for(b.event, 100 * USEC_PER_MSEC);
        g_assert_false(seen.ready);

        g_assert_cmpint(scope_kill(seen.scope, on_gone, &seen), ==, 0);
        run_for(b.event, 50 * USEC_PER_MSEC);
        forge(&b, "UnitRemoved", "so", scope_name(seen.scope), "/");
        run_for(b.event, 100 * USEC_PER_MSEC);
        g_assert_false(seen.gone);
        seen.scope = scope_free(seen.scope);

        /* The name moves to a new connection, as after systemctl daemon-reexec. */
        g_assert_cmpint(sd_bus_release_name(b.server, SYSTEMD_SERVICE), >=, 0);
        fake_systemd_clear(&fake);
        fake_systemd_serve(&fake, b.impostor);
        fake.n_started = 1;
        g_assert_cmpint(sd_bus_request_name(b.impostor, SYSTEMD_SERVICE, 0), >=, 0);
        run_for(b.event, 50 * USEC_PER_MSEC);
        g_assert_cmpint(scope_start(seen.systemd, &spec, on_ready, &seen, &seen.scope), ==, 0);
        g_assert_true(run_until(b.event, &seen.ready));
        g_assert_cmpint(seen.ready_r, ==, 0);

        scope_free(seen.scope);
        systemd_free(seen.systemd);
        fake_systemd_clear(&fake);
        on_bus_end(&b);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/systemd/impostor", test_impostor);
        return g_test_run();
}
