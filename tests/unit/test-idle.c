/* SPDX-License-Identifier: MIT */

/* What comes ahead of a window, and what of it is not a part of the window. */

#include "host-box.h"
#include "idle.h"
#include "simulator.h"
#include "window.h"

#define REST_NS (METER_REST_USEC * NSEC_PER_USEC)
#define PLENTY (10 * NSEC_PER_SEC)
#define SLOW_USEC (20U * USEC_PER_MSEC)
#define WINDOW_USEC (30U * USEC_PER_MSEC)

typedef struct Fixture {
        Simulator *simulator;
        Ticker ticker;
        Sysroot *root;
        CpuInfo *cpu;
        cpu_set_t none;
        CollectorSource source;
        Collector *collector;
        sd_event *event;
        uint64_t read_ns;   /* by the simulator's clock, when evidence was read first */
        uint64_t read_usec; /* and by the host's, when that was over */
} Fixture;

static uint64_t note_now_ns(void *userdata) {
        Fixture *f = userdata;
        const uint64_t now_ns = meter_now_ns(f->ticker.meter);

        if (f->read_ns > 0)
                return now_ns;
        f->read_ns = now_ns;
        g_usleep(SLOW_USEC);
        f->read_usec = now_monotonic_usec();
        return now_ns;
}

static uint64_t nothing_ns(void *userdata) {
        return 0;
}

static int no_counter(void *userdata, HardwareCounter counter, uint64_t *ret) {
        return -ENOENT;
}

static void set_up(Fixture *f, gconstpointer data) {
        static const SimulatorSpec machine = { .seed = 5,
                                               .idle_watts = 50,
                                               .busy_watts = 20,
                                               .tick_ns = 1e6,
                                               .jitter_ns = 20000,
                                               .unit_uj = 61.03515625,
                                               .read_ns = 1000,
                                               .read_spread = 0.2 };
        CollectorSpec spec = { .reserved = &f->none, .own = &f->none, .cgroup_fd = -1, .partition = "" };

        *f = (Fixture){ .source = { .hardware = no_counter,
                                    .now_ns = note_now_ns,
                                    .suspended_ns = nothing_ns,
                                    .reader_ns = nothing_ns,
                                    .userdata = f } };
        f->simulator = simulator_new(&machine);
        f->ticker.meter = simulator_meter(f->simulator);
        g_assert_cmpint(tick_calibrate(f->ticker.meter, 0, 200, PLENTY, &f->ticker.tick), ==, 0);
        CPU_ZERO(&f->none);
        g_assert_cmpint(sysroot_open("/", &f->root), ==, 0);
        g_assert_cmpint(cpu_info_read(f->root, &f->cpu), ==, 0);
        spec.root = f->root;
        spec.cpu = f->cpu;
        spec.source = &f->source;
        g_assert_cmpint(collector_open(&spec, &f->collector), ==, 0);
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        sd_event_unref(f->event);
        collector_free(f->collector);
        cpu_info_free(f->cpu);
        sysroot_free(f->root);
        simulator_free(f->simulator);
}

static void on_idle_over(Idle *idle, void *userdata) {
        Fixture *f = userdata;

        (void) sd_event_exit(f->event, 0);
}

/* However long reading the evidence takes, the window is as long as it was to be. */
static void test_idle(Fixture *f, gconstpointer data) {
        g_autoptr(Idle) idle = NULL;

        g_assert_cmpint(idle_start(f->event, &f->ticker, 0, WINDOW_USEC, on_idle_over, f, &idle), ==, 0);
        idle_collect(idle, f->collector);
        g_assert_cmpint(sd_event_loop(f->event), ==, 0);
        g_assert_nonnull(idle_span(idle));
        g_assert_nonnull(idle_evidence(idle));
        g_assert_cmpuint(idle_span(idle)->first.at_ns, >=, f->read_ns + REST_NS);
        g_assert_cmpuint(now_monotonic_usec(), >=, f->read_usec + WINDOW_USEC);
}

static void on_closed(Window *window, void *userdata) {
        Fixture *f = userdata;

        (void) sd_event_exit(f->event, 0);
}

static void test_window(Fixture *f, gconstpointer data) {
        static char *const argv[] = { (char *) "true", NULL }, *const env[] = { NULL };
        g_autoptr(Containment) containment = NULL;
        g_autoptr(Identity) identity = NULL;
        g_autoptr(Window) window = NULL;
        g_autofree char *why = NULL;
        BoxSpec box;
        WindowSpec spec = { .event = f->event,
                            .ticker = &f->ticker,
                            .box = &box,
                            .stdin_fd = -1,
                            .limits = { .wall_usec = 10 * USEC_PER_SEC, .cpu_usec = 10 * USEC_PER_SEC },
                            .collector = f->collector,
                            .iterations = 1 };
        BoxStage stage;

        g_assert_cmpint(containment_open_process(&containment), >=, 0);
        g_assert_cmpint(identity_lookup(getuid(), NULL, 0, false, &identity), >=, 0);
        box = host_box(containment, identity, argv, env);
        g_assert_cmpint(window_start(&spec, on_closed, f, &window, &stage, &why), ==, 0);
        g_assert_cmpuint(meter_now_ns(f->ticker.meter), >=, f->read_ns + REST_NS);
        g_assert_cmpint(sd_event_loop(f->event), ==, 0);
}

/* Whoever looks at the idle machine uses some power to go to sleep and to wake: none of the machine's, and no more in
 * a short window. */
static void test_awake(Fixture *f, gconstpointer data) {
        static const double lengths_ns[] = { 20e6, 200e6 };
        double watts[2];

        for (size_t i = 0; i < G_N_ELEMENTS(lengths_ns); i++) {
                static Span span;

                g_assert_cmpint(span_open(&f->ticker, &span), ==, 0);
                simulator_work(f->simulator, 2e6);
                simulator_pass(f->simulator, lengths_ns[i]);
                simulator_work(f->simulator, 1e6);
                g_assert_cmpint(span_close(&f->ticker, &span, meter_now_ns(f->ticker.meter)), ==, 0);
                g_assert_cmpint(span_idle_watts(&f->ticker, &span, 0, &watts[i], NULL), ==, 0);
        }
        g_assert_cmpfloat_with_epsilon(watts[0], 50, 0.3);
        g_assert_cmpfloat_with_epsilon(watts[1], 50, 0.03);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/idle/rests-before-it", Fixture, NULL, set_up, test_idle, tear_down);
        g_test_add("/idle/window-rests-before-it", Fixture, NULL, set_up, test_window, tear_down);
        g_test_add("/idle/awake", Fixture, NULL, set_up, test_awake, tear_down);
        return g_test_run();
}
