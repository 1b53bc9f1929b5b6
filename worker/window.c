/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "evaluate.h"
#include "window.h"

#define ENERGY_CHECK_USEC (20U * USEC_PER_MSEC)

struct Window {
        WindowSpec spec;
        WindowClosed closed;
        void *userdata;
        Run **runs;
        uint32_t n_runs;  /* built */
        uint32_t started; /* whose gate was opened */
        sd_event_source *energy_timer;
        Span span;
        EvidenceSample before; /* the window opened; with a collector only */
        Reading run_begin;     /* at the gate of the run that is on; with max_joules only */
        int read_error;        /* at its beginning or end: no domain could be read */
        KilledFor aborted;
        WindowRecord *record;
};

uint64_t window_wanted_usec(uint64_t min_window_usec) {
        return min_window_usec + min_window_usec / 4;
}

uint32_t window_iterations_max(uint64_t file_bytes) {
        return (uint32_t) MAX(MIN(FILES_MAX_BYTES / MAX(file_bytes, 1), ITERATIONS_MAX), 1);
}

WindowPlan window_plan(uint64_t iteration_ns, uint64_t output_bytes, uint64_t file_bytes, uint64_t min_window_usec) {
        const double wanted_ns = (double) window_wanted_usec(min_window_usec) * (double) NSEC_PER_USEC;
        const uint64_t fit = output_bytes > 0 ? MAX(CAPTURE_MAX_BYTES / 2 / output_bytes, 1) : ITERATIONS_MAX;
        double needed;
        WindowPlan plan = { 1, 1 };

        if (iteration_ns == 0 || (double) iteration_ns >= wanted_ns)
                return plan;
        needed = ceil(wanted_ns / (double) iteration_ns);
        plan.iterations = (uint32_t) MIN(MIN(needed, (double) window_iterations_max(file_bytes)), (double) fit);
        plan.windows = (uint32_t) MIN(ceil(needed / plan.iterations), (double) WINDOWS_MAX);
        return plan;
}

static void note_read_error(Window *window, int r) {
        if (r < 0)
                window->read_error = r;
}

/* The regions of all runs, as one. What is wrong with one of them is wrong with all. */
static void add_region(WindowRecord *record, const RegionRecord *region, uint64_t min_ns) {
        if (!record->region) {
                record->region = g_new0(Figures, 1);
                figures_init(record->region, region->figures.n_domains);
        }
        figures_add(record->region, &region->figures);
        if (region->regions > 0 && region->shortest_ns < min_ns)
                record->short_regions += region->regions;
        if (record->short_regions > SHORT_REGIONS_MAX)
                figures_fail(record->region, -ETIME);
        if (region->problem && !record->region_problem)
                record->region_problem = g_strdup(region->problem);
}

static void add_run(WindowRecord *record, RunRecord *run, uint64_t region_min_ns) {
        g_ptr_array_add(record->runs, run);
        record->whole.cpu_usec += run->evidence.cpu_usec;
        record->memory_peak = MAX(record->memory_peak, run->evidence.memory_peak);
        if (run->evidence.our_fault)
                record->complete = false;
        if (run->region)
                add_region(record, run->region, region_min_ns);
}

static void fill_record(Window *window) {
        WindowRecord *record;
        size_t n_domains;

        (void) meter_domains(window->spec.ticker->meter, &n_domains);
        record = window->record = window_record_new(n_domains);
        record->test = window->spec.test;
        record->whole.iterations = window->started;
        record->complete = window->started == window->spec.iterations && window->aborted == KILLED_FOR_NOTHING;
        figures_add_span(&record->whole, window->spec.ticker, &window->span);
        if (window->read_error < 0)
                figures_fail(&record->whole, window->read_error);
        for (uint32_t i = 0; i < window->started; i++)
                add_run(record, run_settle(window->runs[i]), window->spec.region_min_ns);
}

/* Where the job has no cgroup of its own, its runs' own account is what was ours. */
static void add_evidence(Window *window, const EvidenceSample *after) {
        TrialEvidence *evidence = &window->record->evidence;

        evidence_add_span(evidence, &window->before, after);
        if (evidence->items[EVIDENCE_OURS_USEC].error == -ENODEV)
                evidence->items[EVIDENCE_OURS_USEC] = (Count){ .value = window->record->whole.cpu_usec };
}

static void close_window(Window *window) {
        const uint64_t end_ns = run_end_ns(window->runs[window->started - 1]);
        EvidenceSample after;

        note_read_error(window, span_close(window->spec.ticker, &window->span, end_ns));
        if (window->energy_timer)
                (void) sd_event_source_set_enabled(window->energy_timer, SD_EVENT_OFF);
        if (window->spec.collector)
                collector_take(window->spec.collector, &after);
        fill_record(window);
        if (window->spec.collector)
                add_evidence(window, &after);
        window->closed(window, window->userdata);
}

static int start_next(Window *window) {
        Run *run = window->runs[window->started];

        if (window->spec.limits.max_joules > 0)
                note_read_error(window, meter_read(window->spec.ticker->meter, &window->run_begin));
        window->started++;
        return run_start(run);
}

static void on_run_over(Run *run, void *userdata) {
        Window *window = userdata;
        bool go_on;

        go_on = window->started < window->n_runs && window->aborted == KILLED_FOR_NOTHING &&
                (run_ended_well(run) || window->spec.ignore_exit);
        /* A gate that cannot be opened belongs to a box that died: its run is over at once, and says so. */
        if (go_on && start_next(window) < 0)
                run_kill(window->runs[window->started - 1], KILLED_FOR_NOTHING);
        if (!go_on)
                close_window(window);
}

static int on_energy_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Window *window = userdata;
        Run *run = window->runs[window->started - 1];
        Reading now;
        uint64_t total_uj;

        if (meter_read(window->spec.ticker->meter, &now) >= 0 &&
            now.before_ns - window->run_begin.after_ns >= window->spec.energy_min_ns &&
            meter_total_uj(window->spec.ticker->meter, &window->run_begin, &now, &total_uj) >= 0) {
                const Ticker *ticker = window->spec.ticker;
                const uint64_t ns = now.before_ns - window->run_begin.after_ns;

                total_uj = told_uj(total_uj,
                                   meter_simulated(ticker->meter)
                                                   ? 0
                                                   : running_uncertainty_uj(total_uj, ns,
                                                                            tick_period_max_ns(&ticker->tick)),
                                   window->spec.energy_step_uj);
                if ((double) total_uj / 1e6 > window->spec.limits.max_joules) {
                        run_set_energy(run, total_uj);
                        run_kill(run, KILLED_FOR_ENERGY);
                }
        }
        (void) sd_event_source_set_time_relative(source, ENERGY_CHECK_USEC);
        return 0;
}

static int open_stdin(int memfd) {
        char path[64];
        int fd;

        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* A single run's output may be wanted whole. The plan goes by what earlier runs wrote; a program that writes more all
 * of a sudden gets no digest, but no more of our memory either. */
static uint64_t capture_max(const Window *window) {
        const uint64_t most = window->spec.limits.output_max;

        return window->spec.iterations == 1 ? most : MIN(most, CAPTURE_MAX_BYTES / window->spec.iterations);
}

static int build_run(Window *window, char **ret_why) {
        RunLimits limits = window->spec.limits;
        BoxSpec box = *window->spec.box;
        autofd stdin_fd = -1;
        int r;

        if (window->spec.stdin_fd >= 0) {
                stdin_fd = open_stdin(window->spec.stdin_fd);
                if (stdin_fd < 0) {
                        *ret_why = g_strdup_printf("The copy of standard input cannot be opened: %s",
                                                   g_strerror(-stdin_fd));
                        return stdin_fd;
                }
        }
        box.stdin_fd = stdin_fd;
        limits.capture_max = capture_max(window);
        r = run_new(window->spec.event, &box, &limits, window->spec.region ? window->spec.ticker : NULL, on_run_over,
                    window, &window->runs[window->n_runs], ret_why);
        if (r < 0)
                return r;
        window->n_runs++;
        return 0;
}

static int build_runs(Window *window, BoxStage *ret_stage, char **ret_why) {
        int r;

        *ret_stage = BOX_STAGE_SETUP;
        for (uint32_t i = 0; i < window->spec.iterations; i++) {
                r = build_run(window, ret_why);
                if (r < 0)
                        return r;
        }
        for (uint32_t i = 0; i < window->spec.iterations; i++) {
                r = run_wait_ready(window->runs[i], ret_stage, ret_why);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_energy_timer(Window *window) {
        int r;

        if (window->spec.limits.max_joules <= 0)
                return 0;
        r = sd_event_add_time_relative(window->spec.event, &window->energy_timer, CLOCK_MONOTONIC, ENERGY_CHECK_USEC,
                                       USEC_PER_MSEC, on_energy_timer, window);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(window->energy_timer, SD_EVENT_ON);
}

int window_start(const WindowSpec *spec, WindowClosed closed, void *userdata, Window **ret, BoxStage *ret_stage,
                 char **ret_why) {
        g_autoptr(Window) window = g_new0(Window, 1);
        int r;

        g_assert(spec->iterations >= 1 && spec->iterations <= ITERATIONS_MAX);
        window->spec = *spec;
        window->closed = closed;
        window->userdata = userdata;
        window->runs = g_new0(Run *, spec->iterations);

        r = build_runs(window, ret_stage, ret_why);
        if (r < 0)
                return r;
        r = add_energy_timer(window);
        if (r < 0) {
                *ret_why = g_strdup_printf("The energy limit cannot be watched: %s", g_strerror(-r));
                return r;
        }

        if (spec->collector) {
                collector_take(spec->collector, &window->before);
                meter_rest(spec->ticker->meter);
        }
        note_read_error(window, span_open(window->spec.ticker, &window->span));
        r = start_next(window);
        if (r < 0) {
                *ret_why = g_strdup_printf("The run's gate cannot be opened: %s", g_strerror(-r));
                return r;
        }
        window->span.from_ns = run_gate_ns(window->runs[0]);
        *ret = g_steal_pointer(&window);
        return 0;
}

void window_abort(Window *window, KilledFor reason) {
        if (window->aborted != KILLED_FOR_NOTHING || window->record)
                return;
        window->aborted = reason;
        run_kill(window->runs[window->started - 1], reason);
}

int window_cpu_usec(Window *window, uint64_t *ret_usec) {
        uint64_t sum = 0;

        for (uint32_t i = 0; i < window->started; i++) {
                uint64_t cpu_usec;
                int r;

                r = run_cpu_usec(window->runs[i], &cpu_usec);
                if (r < 0)
                        return r;
                sum += cpu_usec;
        }
        *ret_usec = sum;
        return 0;
}

WindowRecord *window_take_record(Window *window) {
        return g_steal_pointer(&window->record);
}

const Capture *window_output(const Window *window, uint32_t run) {
        return run_output(window->runs[run]);
}

const Capture *window_error_output(const Window *window, uint32_t run) {
        return run_error_output(window->runs[run]);
}

Window *window_free(Window *window) {
        if (!window)
                return NULL;
        sd_event_source_disable_unref(window->energy_timer);
        for (uint32_t i = 0; i < window->n_runs; i++)
                run_free(window->runs[i]);
        g_free(window->runs);
        window_record_free(window->record);
        g_free(window);
        return NULL;
}
