/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "fake-systemd.h"
#include "host.h"
#include "tree.h"

#define GOVERNOR "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"

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

static void test_prepared(Fixture *f, const void *data) {
        for (unsigned i = 0; i < 2; i++) {
                prepare(f);
                g_assert_true(run_until(f->event, &f->ready));
                g_assert_cmpstr(host_may_sleep(f->host), ==, "");
                g_assert_true(is_held(f));
                assert_governor(f, "performance");

                host_restore(f->host);
                g_assert_cmpstr(host_may_sleep(f->host), !=, "");
                g_assert_false(is_held(f));
                assert_governor(f, "powersave");
                host_restore(f->host);
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
                host_restore(f->host);
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

/* Cancelled while logind is asked: nothing was changed yet, and nobody is told. */
static void test_cancelled(Fixture *f, const void *data) {
        prepare(f);
        assert_governor(f, "powersave");
        host_restore(f->host);
        for (unsigned i = 0; i < 500 && f->held_fd < 0; i++)
                run_for(f->event, 10 * USEC_PER_MSEC);
        for (unsigned i = 0; i < 500 && is_held(f); i++)
                run_for(f->event, 10 * USEC_PER_MSEC);
        g_assert_false(is_held(f));
        g_assert_false(f->ready);
        assert_governor(f, "powersave");
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
        g_test_add("/host/cancelled", Fixture, NULL, set_up, test_cancelled, tear_down);
        g_test_add("/host/no-directory", Fixture, NULL, set_up, test_no_directory, tear_down);
        g_test_add("/host/embedded", Fixture, NULL, set_up, test_embedded, tear_down);
        return g_test_run();
}
