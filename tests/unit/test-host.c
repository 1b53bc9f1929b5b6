/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <string.h>

#include "fake-systemd.h"
#include "host.h"
#include "tree.h"

#define POLICY "sys/devices/system/cpu/cpufreq/policy"
#define GOVERNOR POLICY "0/scaling_governor"

typedef struct Fixture {
        sd_event *event;
        sd_bus *server, *client;
        bool deaf, refuses;
        unsigned asked;
        int held_fd;
        char *tree, *run;
        Sysroot *root;
        Topology *topology;
        Config *config;
        const Tune *tune;
        cpu_set_t cpus;
        Host *host;
        bool ready;
} Fixture;

static int on_inhibit(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fixture *f = userdata;
        int fds[2], r;

        f->asked++;
        if (f->deaf)
                return 1;
        if (f->refuses)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "Permission denied");
        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        f->held_fd = fds[0];
        r = sd_bus_reply_method_return(m, "h", fds[1]);
        g_assert_cmpint(close(fds[1]), ==, 0);
        return r;
}

static void set_up(Fixture *f, const void *data) {
        f->tree = tree_new();
        tree_put(f->tree, GOVERNOR, "powersave\n");
        f->run = g_build_filename(f->tree, "run", NULL);
        g_assert_cmpint(g_mkdir(f->run, 0755), ==, 0);
        g_assert_cmpint(sysroot_open(f->tree, &f->root), ==, 0);
        g_assert_cmpint(topology_discover(f->root, 0, &f->topology), ==, 0);
        f->config = config_new();
        g_free(f->config->governor);
        f->config->governor = g_strdup("performance");
        f->held_fd = -1;
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        fake_peers(f->event, &f->server, &f->client);
        g_assert_cmpint(sd_bus_add_object(f->server, NULL, "/org/freedesktop/login1", on_inhibit, f), >=, 0);
        f->host = host_new(f->client, f->root, f->run);
}

static void tear_down(Fixture *f, const void *data) {
        host_free(f->host);
        sd_bus_close_unref(f->client);
        sd_bus_close_unref(f->server);
        sd_event_unref(f->event);
        config_free(f->config);
        topology_free(f->topology);
        sysroot_free(f->root);
        safe_close(f->held_fd);
        tree_free(f->tree);
        g_free(f->run);
}

static void assert_governor(const Fixture *f, const char *value) {
        g_autofree char *now = NULL;

        g_assert_cmpint(sysroot_read(f->root, GOVERNOR, &now), ==, 0);
        g_assert_cmpstr(now, ==, value);
}

static bool is_held(const Fixture *f) {
        struct pollfd poll_fd = { .fd = f->held_fd, .events = POLLIN };

        g_assert_cmpint(f->held_fd, >=, 0);
        g_assert_cmpint(poll(&poll_fd, 1, 0), >=, 0);
        return !(poll_fd.revents & POLLHUP);
}

static void on_ready(Host *host, void *userdata) {
        Fixture *f = userdata;

        g_assert_false(f->ready);
        f->ready = true;
}

static void prepare(Fixture *f) {
        f->ready = false;
        host_prepare(f->host, f->config, f->topology->cpu, f->tune, &f->cpus, on_ready, f);
}

static void restore(Fixture *f) {
        f->ready = false;
        host_restore(f->host, on_ready, f);
        g_assert_true(run_until(f->event, &f->ready));
}

static void test_prepared(Fixture *f, const void *data) {
        for (unsigned i = 0; i < 2; i++) {
                prepare(f);
                g_assert_true(run_until(f->event, &f->ready));
                g_assert_cmpstr(host_may_sleep(f->host), ==, "");
                g_assert_true(is_held(f));
                assert_governor(f, "performance");

                restore(f);
                g_assert_cmpstr(host_may_sleep(f->host), !=, "");
                g_assert_false(is_held(f));
                assert_governor(f, "powersave");
                restore(f);
                f->held_fd = safe_close(f->held_fd);
        }
        g_assert_cmpuint(f->asked, ==, 2);
}

/* What a request says goes before what is configured, and is put back as that is. */
static void test_tuned(Fixture *f, const void *data) {
        static const struct {
                Tune tune;
                const char *governor;
        } cases[] = {
                { { .governor = "schedutil" }, "schedutil" },
                { { .governor = "keep" }, "powersave" },
                { { .turbo = "off" }, "performance" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                f->tune = &cases[i].tune;
                prepare(f);
                g_assert_true(run_until(f->event, &f->ready));
                assert_governor(f, cases[i].governor);
                restore(f);
                assert_governor(f, "powersave");
                f->held_fd = safe_close(f->held_fd);
        }
        g_assert_true(host_can_tune(f->host));
}

/* A job is measured all the same. */
static void test_refused(Fixture *f, const void *data) {
        f->refuses = true;
        prepare(f);
        g_assert_true(run_until(f->event, &f->ready));
        g_assert_cmpstr(host_may_sleep(f->host), ==, "logind does not hold it off: Permission denied");
        assert_governor(f, "performance");
}

static void test_deaf(Fixture *f, const void *data) {
        f->deaf = true;
        prepare(f);
        g_assert_true(run_until(f->event, &f->ready));
        g_assert_cmpstr(host_may_sleep(f->host), !=, "");
        assert_governor(f, "performance");
}

/* SIGHUP while logind is asked: the configuration of before is overwritten and freed, as its memory would be by what
 * is allocated next. The job is measured with what was said when it began. */
static void test_reloaded(Fixture *f, const void *data) {
        f->deaf = true;
        prepare(f);
        assert_governor(f, "powersave");
        memset(f->config->governor, 'x', strlen(f->config->governor));
        config_free(f->config);
        f->config = config_new();
        g_assert_true(run_until(f->event, &f->ready));
        assert_governor(f, "performance");
}

/* Cancelled while logind is asked: nothing was changed yet, and nobody is told. */
static void test_cancelled(Fixture *f, const void *data) {
        prepare(f);
        assert_governor(f, "powersave");
        restore(f);
        f->ready = false;
        for (unsigned i = 0; i < 500 && f->held_fd < 0; i++)
                run_for(f->event, 10 * USEC_PER_MSEC);
        for (unsigned i = 0; i < 500 && is_held(f); i++)
                run_for(f->event, 10 * USEC_PER_MSEC);
        g_assert_false(is_held(f));
        g_assert_false(f->ready);
        assert_governor(f, "powersave");
}

#define N_POLICIES 8U

static unsigned count_governors(const Fixture *f, unsigned n_policies, const char *value) {
        unsigned n = 0;

        for (unsigned i = 0; i < n_policies; i++) {
                g_autofree char *path = g_strdup_printf(POLICY "%u/scaling_governor", i), *now = NULL;

                g_assert_cmpint(sysroot_read(f->root, path, &now), ==, 0);
                n += g_str_equal(now, value);
        }
        return n;
}

static int on_other(sd_event_source *source, void *userdata) {
        *(bool *) userdata = true;
        return 0;
}

/* A governor that is left keeps its writer waiting for tens of milliseconds, and there may be hundreds of them.
 * Between two the loop turns, and whoever comes meanwhile is served. */
static void run_turns(Fixture *f, const char *value) {
        sd_event_source *other = NULL;
        bool served = false;
        unsigned n = count_governors(f, N_POLICIES, value);

        for (unsigned turns = 0; !f->ready && turns < 1000; turns++) {
                unsigned now;

                g_assert_cmpint(sd_event_run(f->event, USEC_PER_SEC), >=, 0);
                now = count_governors(f, N_POLICIES, value);
                g_assert_cmpuint(now - n, <=, 1);
                n = now;
                if (n == 2 && !other)
                        g_assert_cmpint(sd_event_add_defer(f->event, &other, on_other, &served), >=, 0);
                g_assert_true(served || n < N_POLICIES / 2);
        }
        g_assert_true(f->ready);
        g_assert_cmpuint(n, ==, N_POLICIES);
        sd_event_source_disable_unref(other);
}

static void test_one_a_turn(Fixture *f, const void *data) {
        for (unsigned i = 0; i < N_POLICIES; i++) {
                g_autofree char *path = g_strdup_printf(POLICY "%u/scaling_governor", i);

                tree_put(f->tree, path, "powersave\n");
        }
        prepare(f);
        run_turns(f, "performance");
        f->ready = false;
        host_restore(f->host, on_ready, f);
        run_turns(f, "powersave");
}

/* Cancelled while it is set. */
static void test_cancelled_between(Fixture *f, const void *data) {
        tree_put(f->tree, POLICY "1/scaling_governor", "powersave\n");
        prepare(f);
        for (unsigned i = 0; i < 1000 && !f->ready && count_governors(f, 2, "performance") == 0; i++)
                g_assert_cmpint(sd_event_run(f->event, USEC_PER_SEC), >=, 0);
        g_assert_cmpuint(count_governors(f, 2, "performance"), ==, 1);
        g_assert_false(f->ready);
        restore(f);
        run_for(f->event, 10 * USEC_PER_MSEC);
        g_assert_cmpuint(count_governors(f, 2, "performance"), ==, 0);
}

/* Without a place for old values nothing is changed. */
static void test_no_directory(Fixture *f, const void *data) {
        host_free(f->host);
        f->host = host_new(f->client, f->root, "/nonexistent");
        prepare(f);
        g_assert_true(run_until(f->event, &f->ready));
        assert_governor(f, "powersave");
}

static void test_embedded(Fixture *f, const void *data) {
        host_free(f->host);
        f->host = host_new(NULL, f->root, f->run);
        prepare(f);
        g_assert_true(f->ready);
        g_assert_cmpstr(host_may_sleep(f->host), ==, "only the system service holds off sleep");
        g_assert_false(host_can_tune(f->host));
        assert_governor(f, "powersave");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/host/prepared", Fixture, NULL, set_up, test_prepared, tear_down);
        g_test_add("/host/tuned", Fixture, NULL, set_up, test_tuned, tear_down);
        g_test_add("/host/refused", Fixture, NULL, set_up, test_refused, tear_down);
        g_test_add("/host/deaf", Fixture, NULL, set_up, test_deaf, tear_down);
        g_test_add("/host/reloaded", Fixture, NULL, set_up, test_reloaded, tear_down);
        g_test_add("/host/cancelled", Fixture, NULL, set_up, test_cancelled, tear_down);
        g_test_add("/host/one-a-turn", Fixture, NULL, set_up, test_one_a_turn, tear_down);
        g_test_add("/host/cancelled-between", Fixture, NULL, set_up, test_cancelled_between, tear_down);
        g_test_add("/host/no-directory", Fixture, NULL, set_up, test_no_directory, tear_down);
        g_test_add("/host/embedded", Fixture, NULL, set_up, test_embedded, tear_down);
        return g_test_run();
}
