/* SPDX-License-Identifier: MIT */

/* Scopes, leftovers and the slice's CPUs, against a systemd that does what each test says. */

#include <string.h>

#include "cpuset.h"
#include "fake-systemd.h"
#include "systemd-internal.h"

#define SHORT_USEC (100 * USEC_PER_MSEC)

typedef struct Fixture {
        sd_event *event;
        sd_bus *server;
        sd_bus *client;
        FakeSystemd fake;
        Systemd *systemd;
        Scope *scope;
        SliceRequest *request;
        bool free_in_callback;

        bool ready;
        int ready_r;
        char *control_group;
        char *message;
        bool gone;
        int gone_r;
        bool done;
        int done_r;
} Fixture;

static const FakeStart good[] = { FAKE_START_GOOD };

static void set_up(Fixture *f, gconstpointer data) {
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        fake_peers(f->event, &f->server, &f->client);
        f->fake.starts = good;
        f->fake.n_starts = 1;
        fake_systemd_serve(&f->fake, f->server);
        g_assert_cmpint(systemd_new(f->client, f->event, &f->systemd), ==, 0);
        /* Longer than run_until() waits: what comes true does so by itself. */
        systemd_set_timeouts(f->systemd, 60 * USEC_PER_SEC, 60 * USEC_PER_SEC);
}

static void shorten_timers(Fixture *f) {
        systemd_set_timeouts(f->systemd, SHORT_USEC, SHORT_USEC);
}

static void tear_down(Fixture *f, gconstpointer data) {
        scope_free(f->scope);
        slice_request_free(f->request);
        systemd_free(f->systemd);
        fake_systemd_clear(&f->fake);
        sd_bus_flush_close_unref(f->client);
        sd_bus_flush_close_unref(f->server);
        sd_event_unref(f->event);
        g_free(f->control_group);
        g_free(f->message);
}

static void on_ready(Scope *scope, int r, const char *control_group, const char *message, void *userdata) {
        Fixture *f = userdata;

        g_assert_false(f->ready);
        g_assert_true(scope == f->scope);
        f->ready = true;
        f->ready_r = r;
        f->control_group = g_strdup(control_group);
        f->message = g_strdup(message);
        if (f->free_in_callback)
                f->scope = scope_free(scope);
}

static void on_gone(Scope *scope, int r, void *userdata) {
        Fixture *f = userdata;

        g_assert_false(f->gone);
        f->gone = true;
        f->gone_r = r;
        if (f->free_in_callback)
                f->scope = scope_free(scope);
}

static void on_done(int r, void *userdata) {
        Fixture *f = userdata;

        g_assert_false(f->done);
        f->done = true;
        f->done_r = r;
}

static void on_slice(int r, const char *message, void *userdata) {
        Fixture *f = userdata;

        f->message = g_strdup(message);
        on_done(r, f);
        if (f->free_in_callback)
                f->request = slice_request_free(f->request);
}

static void behave(Fixture *f, const FakeStart *starts, size_t n_starts) {
        f->fake.starts = starts;
        f->fake.n_starts = n_starts;
}

#define BEHAVE(f, ...)                                              \
        do {                                                        \
                static const FakeStart starts_[] = { __VA_ARGS__ }; \
                behave(f, starts_, G_N_ELEMENTS(starts_));          \
        } while (false)

static void start(Fixture *f) {
        ScopeSpec spec = { .job = 42, .keeper = 7 };

        g_assert_cmpint(scope_start(f->systemd, &spec, on_ready, f, &f->scope), ==, 0);
}

static void started(Fixture *f) {
        start(f);
        g_assert_true(run_until(f->event, &f->ready));
        g_assert_cmpint(f->ready_r, ==, 0);
        g_free(fake_calls(&f->fake));
}

static void assert_calls(Fixture *f, const char *expected) {
        g_autofree char *calls = fake_calls(&f->fake);

        g_assert_cmpstr(calls, ==, expected);
}

static void test_success(Fixture *f, gconstpointer data) {
        g_autofree char *expected = NULL;
        cpu_set_t cpus;
        ScopeSpec spec = {
                .job = 42,
                .keeper = 7,
                .cpus = &cpus,
                .memory_max = 1 << 30,
                .tasks_max = 512,
                .runtime_max_usec = 60 * USEC_PER_SEC,
                .service = "jouletraced.service",
        };

        g_assert_cmpint(cpulist_parse("2-3,9", &cpus), ==, 0);
        g_assert_cmpint(scope_start(f->systemd, &spec, on_ready, f, &f->scope), ==, 0);
        memset(&spec, 0, sizeof(spec)); /* it is copied */
        CPU_ZERO(&cpus);
        g_assert_true(run_until(f->event, &f->ready));

        g_assert_cmpint(f->ready_r, ==, 0);
        g_assert_null(f->message);
        expected = g_strdup_printf("/jouletrace.slice/jouletrace-job-%s-42.scope", f->systemd->instance);
        g_assert_cmpstr(f->control_group, ==, expected);
        g_assert_cmpstr(scope_name(f->scope), ==, expected + strlen("/jouletrace.slice/"));
        g_assert_cmpuint(strlen(f->systemd->instance), ==, 16);
        assert_calls(f, "StartTransientUnit fail, Get ActiveState, Get ControlGroup");
        g_assert_cmpstr(f->fake.properties, ==,
                        "Description=JouleTrace job 42\nSlice=jouletrace.slice\nPIDs=[7]\nDelegate=true\n"
                        "MemorySwapMax=0\nKillSignal=9\nSendSIGKILL=true\nTimeoutStopUSec=2000000\n"
                        "CollectMode=inactive-or-failed\nMemoryMax=1073741824\nTasksMax=512\n"
                        "RuntimeMaxUSec=60000000\nBindsTo=[jouletraced.service]\nBefore=[jouletraced.service]\n"
                        "AllowedCPUs=2-3,9");
}

static void test_without_limits(Fixture *f, gconstpointer data) {
        started(f);
        g_assert_cmpstr(f->fake.properties, ==,
                        "Description=JouleTrace job 42\nSlice=jouletrace.slice\nPIDs=[7]\nDelegate=true\n"
                        "MemorySwapMax=0\nKillSignal=9\nSendSIGKILL=true\nTimeoutStopUSec=2000000\n"
                        "CollectMode=inactive-or-failed");
}

/* Each start by itself, and what the daemon is told. */
static const struct Case {
        const char *name;
        FakeStart starts[2];
        int r;
        const char *message;
        const char *calls;
        bool timed; /* only our own timer ends it */
} cases[] = {
        { "failed",
          { FAKE_START_FAILS, FAKE_START_FAILS },
          -ENOTRECOVERABLE,
          "systemd could not start the job's scope: failed",
          "StartTransientUnit fail" },
        { "refused",
          { FAKE_START_REFUSED, FAKE_START_REFUSED },
          -EIO,
          "systemd did not start the job's scope: No room for a unit",
          "StartTransientUnit fail" },
        { "hangs",
          { FAKE_START_HANGS, FAKE_START_HANGS },
          -ETIMEDOUT,
          "systemd did not start the job's scope in time",
          "StartTransientUnit fail, Get ActiveState",
          true },
        { "deaf",
          { FAKE_START_DEAF, FAKE_START_DEAF },
          -ETIMEDOUT,
          "systemd did not start the job's scope in time",
          "StartTransientUnit fail",
          true },
        { "signal-lost",
          { FAKE_START_LOST, FAKE_START_LOST },
          0,
          NULL,
          "StartTransientUnit fail, Get ActiveState, Get ControlGroup",
          true },
        { "dies-once",
          { FAKE_START_DIES, FAKE_START_GOOD },
          0,
          NULL,
          "StartTransientUnit fail, Get ActiveState, StartTransientUnit fail, Get ActiveState, Get ControlGroup" },
        { "vanishes-once",
          { FAKE_START_VANISHES, FAKE_START_GOOD },
          0,
          NULL,
          "StartTransientUnit fail, Get ActiveState, StartTransientUnit fail, Get ActiveState, Get ControlGroup" },
        { "dies-twice",
          { FAKE_START_DIES, FAKE_START_VANISHES },
          -ENOTRECOVERABLE,
          "systemd declared the job's scope dead at its birth",
          "StartTransientUnit fail, Get ActiveState, StartTransientUnit fail, Get ActiveState" },
        { "dies-then-hangs",
          { FAKE_START_DIES, FAKE_START_HANGS },
          -ETIMEDOUT,
          "systemd did not start the job's scope in time",
          "StartTransientUnit fail, Get ActiveState, StartTransientUnit fail, Get ActiveState",
          true },
};

static void test_start(Fixture *f, gconstpointer data) {
        const struct Case *c = data;
        g_autofree char *first = NULL;

        behave(f, c->starts, G_N_ELEMENTS(c->starts));
        if (c->timed)
                shorten_timers(f);
        start(f);
        first = g_strdup(scope_name(f->scope));
        g_assert_true(run_until(f->event, &f->ready));
        g_assert_cmpint(f->ready_r, ==, c->r);
        g_assert_cmpstr(f->message, ==, c->message);
        g_assert_true((f->control_group != NULL) == (c->r == 0));
        assert_calls(f, c->calls);
        /* A name is never used again. */
        if (c->starts[0] == FAKE_START_DIES || c->starts[0] == FAKE_START_VANISHES)
                g_assert_cmpstr(scope_name(f->scope), !=, first);
        else
                g_assert_cmpstr(scope_name(f->scope), ==, first);
        run_for(f->event, 2 * SHORT_USEC);
}

static void test_freed_in_ready(Fixture *f, gconstpointer data) {
        const struct Case *c = data;

        f->free_in_callback = true;
        behave(f, c->starts, G_N_ELEMENTS(c->starts));
        if (c->timed)
                shorten_timers(f);
        start(f);
        g_assert_true(run_until(f->event, &f->ready));
        g_assert_null(f->scope);
        run_for(f->event, SHORT_USEC / 2);
}

static void test_freed_before_ready(Fixture *f, gconstpointer data) {
        start(f);
        f->scope = scope_free(f->scope);
        run_for(f->event, 2 * SHORT_USEC);
        g_assert_false(f->ready);
}

static void test_killed_before_ready(Fixture *f, gconstpointer data) {
        BEHAVE(f, FAKE_START_HANGS);
        f->fake.stop = FAKE_STOP_REMOVED;
        start(f);
        g_assert_cmpint(scope_kill(f->scope, on_gone, f), ==, 0);
        g_assert_true(run_until(f->event, &f->gone));
        g_assert_cmpint(f->gone_r, ==, 0);
        run_for(f->event, 2 * SHORT_USEC);
        g_assert_false(f->ready);
        assert_calls(f, "StartTransientUnit fail, KillUnit all 9, StopUnit fail, Get ActiveState");
}

static const struct KillCase {
        const char *name;
        FakeStop stop;
        int r;
        bool timed; /* only our own timer ends it */
} kill_cases[] = {
        { "removed", FAKE_STOP_REMOVED, 0, false }, { "changed", FAKE_STOP_CHANGED, 0, false },
        { "silent", FAKE_STOP_SILENT, 0, false },   { "late", FAKE_STOP_LATE, 0, true },
        { "refused", FAKE_STOP_REFUSED, 0, false }, { "hangs", FAKE_STOP_HANGS, -ETIMEDOUT, true },
};

static void test_kill(Fixture *f, gconstpointer data) {
        const struct KillCase *c = data;
        uint64_t begin;

        f->fake.stop = c->stop;
        started(f);
        begin = now_monotonic_usec();
        if (c->timed)
                shorten_timers(f);
        g_assert_cmpint(scope_kill(f->scope, on_gone, f), ==, 0);
        g_assert_cmpint(scope_kill(f->scope, on_gone, f), ==, -EALREADY);
        g_assert_true(run_until(f->event, &f->gone));
        g_assert_cmpint(f->gone_r, ==, c->r);
        if (c->timed)
                g_assert_cmpuint(now_monotonic_usec() - begin, >=, SHORT_USEC);
        run_for(f->event, 20 * USEC_PER_MSEC);

        /* What is gone can be killed once more; what is not, too. */
        g_free(fake_calls(&f->fake));
        f->gone = false;
        f->free_in_callback = true;
        f->fake.stop = FAKE_STOP_REMOVED;
        g_assert_cmpint(scope_kill(f->scope, on_gone, f), ==, 0);
        g_assert_true(run_until(f->event, &f->gone));
        g_assert_cmpint(f->gone_r, ==, 0);
        g_assert_null(f->scope);
}

static void test_kill_no_such_unit(Fixture *f, gconstpointer data) {
        started(f);
        g_hash_table_remove_all(f->fake.units);
        g_assert_cmpint(scope_kill(f->scope, on_gone, f), ==, 0);
        g_assert_true(run_until(f->event, &f->gone));
        g_assert_cmpint(f->gone_r, ==, 0);
        assert_calls(f, "KillUnit all 9");
}

static void test_kill_without_callback(Fixture *f, gconstpointer data) {
        started(f);
        g_assert_cmpint(scope_kill(f->scope, NULL, NULL), ==, 0);
        run_for(f->event, 50 * USEC_PER_MSEC);
        g_assert_cmpuint(g_hash_table_size(f->fake.units), ==, 0);
}

static void test_systemd_freed_first(Fixture *f, gconstpointer data) {
        cpu_set_t cpus;

        CPU_ZERO(&cpus);
        start(f);
        g_assert_cmpint(systemd_set_slice_cpus(f->systemd, &cpus, on_slice, f, &f->request), ==, 0);
        g_assert_cmpint(systemd_stop_leftovers(f->systemd, on_done, f), ==, 0);
        shorten_timers(f);
        f->systemd = systemd_free(f->systemd);
        run_for(f->event, 2 * SHORT_USEC);
        g_assert_false(f->ready);
        g_assert_false(f->done);
        g_assert_cmpint(scope_kill(f->scope, on_gone, f), ==, -ESHUTDOWN);
}

static void add_unit(Fixture *f, const char *name, const char *state) {
        g_hash_table_insert(f->fake.units, g_strdup(name), g_strdup(state));
}

static void test_leftovers(Fixture *f, gconstpointer data) {
        add_unit(f, "jouletrace-job-0000-1.scope", "active");
        add_unit(f, "jouletrace-job-0000-2.scope", "deactivating");
        add_unit(f, "jouletrace-job-0000-3.scope", "failed");
        add_unit(f, "jouletrace-jobs.scope", "active");
        add_unit(f, "session-1.scope", "active");
        g_assert_cmpint(systemd_stop_leftovers(f->systemd, on_done, f), ==, 0);
        g_assert_cmpint(systemd_stop_leftovers(f->systemd, on_done, f), ==, -EALREADY);
        g_assert_true(run_until(f->event, &f->done));
        g_assert_cmpint(f->done_r, ==, 2);
        g_assert_false(g_hash_table_contains(f->fake.units, "jouletrace-job-0000-1.scope"));
        g_assert_false(g_hash_table_contains(f->fake.units, "jouletrace-job-0000-2.scope"));
        g_assert_cmpuint(g_hash_table_size(f->fake.units), ==, 3);
        g_assert_cmpuint(g_hash_table_size(f->systemd->dependents), ==, 0);
}

static void test_no_leftovers(Fixture *f, gconstpointer data) {
        g_assert_cmpint(systemd_stop_leftovers(f->systemd, on_done, f), ==, 0);
        g_assert_true(run_until(f->event, &f->done));
        g_assert_cmpint(f->done_r, ==, 0);
        assert_calls(f, "ListUnitsByPatterns jouletrace-job-*.scope");
}

static void test_leftovers_stay(Fixture *f, gconstpointer data) {
        add_unit(f, "jouletrace-job-0000-1.scope", "active");
        f->fake.stop = FAKE_STOP_HANGS;
        shorten_timers(f);
        g_assert_cmpint(systemd_stop_leftovers(f->systemd, on_done, f), ==, 0);
        g_assert_true(run_until(f->event, &f->done));
        g_assert_cmpint(f->done_r, ==, -ETIMEDOUT);
}

static void test_leftovers_deaf(Fixture *f, gconstpointer data) {
        BEHAVE(f, FAKE_START_DEAF);
        f->fake.n_started = 1;
        shorten_timers(f);
        g_assert_cmpint(systemd_stop_leftovers(f->systemd, on_done, f), ==, 0);
        g_assert_true(run_until(f->event, &f->done));
        g_assert_cmpint(f->done_r, ==, -ETIMEDOUT);
}

static void apply_cpus(const char *list, void *userdata) {
        char **applied = userdata;

        g_free(*applied);
        *applied = g_strdup(list);
}

static void set_slice(Fixture *f, const char *list) {
        cpu_set_t cpus;

        g_assert_cmpint(cpulist_parse(list, &cpus), ==, 0);
        g_assert_cmpint(systemd_set_slice_cpus(f->systemd, &cpus, on_slice, f, &f->request), ==, 0);
        g_assert_true(run_until(f->event, &f->done));
}

/* The kernel has been told when the callback is called. */
static void test_slice(Fixture *f, gconstpointer data) {
        g_autofree char *applied = NULL;

        f->fake.apply_cpus = apply_cpus;
        f->fake.userdata = &applied;
        f->free_in_callback = true;
        set_slice(f, "2-3");
        g_assert_cmpint(f->done_r, ==, 0);
        g_assert_cmpstr(applied, ==, "2-3");
        assert_calls(f, "StartUnit jouletrace.slice replace, "
                        "SetUnitProperties jouletrace.slice runtime AllowedCPUs=2-3, Get ActiveState");

        f->done = false;
        set_slice(f, "");
        g_assert_cmpint(f->done_r, ==, 0);
        g_assert_cmpstr(applied, ==, "");
}

static void test_slice_failed(Fixture *f, gconstpointer data) {
        f->fake.slice_result = "dependency";
        set_slice(f, "2-3");
        g_assert_cmpint(f->done_r, ==, -ENOTRECOVERABLE);
        g_assert_cmpstr(f->message, ==, "systemd could not start jouletrace.slice: dependency");
}

static void test_slice_deaf(Fixture *f, gconstpointer data) {
        f->fake.slice_deaf = true;
        shorten_timers(f);
        set_slice(f, "2-3");
        g_assert_cmpint(f->done_r, ==, -ETIMEDOUT);
        g_assert_cmpstr(f->message, ==, "systemd did not set the CPUs of jouletrace.slice in time");
}

static void add(const char *name, gconstpointer data, void (*test)(Fixture *, gconstpointer)) {
        g_test_add(name, Fixture, data, set_up, test, tear_down);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        add("/scope/start/good", NULL, test_success);
        add("/scope/start/without-limits", NULL, test_without_limits);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *name = g_strdup_printf("/scope/start/%s", cases[i].name);
                g_autofree char *freed = g_strdup_printf("/scope/freed-in-ready/%s", cases[i].name);

                add(name, &cases[i], test_start);
                add(freed, &cases[i], test_freed_in_ready);
        }
        add("/scope/freed-before-ready", NULL, test_freed_before_ready);
        add("/scope/killed-before-ready", NULL, test_killed_before_ready);
        for (size_t i = 0; i < G_N_ELEMENTS(kill_cases); i++) {
                g_autofree char *name = g_strdup_printf("/scope/kill/%s", kill_cases[i].name);

                add(name, &kill_cases[i], test_kill);
        }
        add("/scope/kill/no-such-unit", NULL, test_kill_no_such_unit);
        add("/scope/kill/without-callback", NULL, test_kill_without_callback);
        add("/scope/systemd-freed-first", NULL, test_systemd_freed_first);
        add("/leftovers/some", NULL, test_leftovers);
        add("/leftovers/none", NULL, test_no_leftovers);
        add("/leftovers/stay", NULL, test_leftovers_stay);
        add("/leftovers/deaf", NULL, test_leftovers_deaf);
        add("/slice/cpus", NULL, test_slice);
        add("/slice/failed", NULL, test_slice_failed);
        add("/slice/deaf", NULL, test_slice_deaf);
        return g_test_run();
}
