/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include "run.h"

#define READY_TIMEOUT_USEC (5U * USEC_PER_SEC)
#define DEATH_TIMEOUT_USEC (2U * USEC_PER_SEC) /* for SIGKILL to have its way */
#define EMPTY_RETRY_USEC 100U                  /* cgroup.events tells at most every 10 ms: looked at instead */
#define CPU_RETRY_USEC 1000U
#define CPU_LAG_USEC (5U * USEC_PER_MSEC) /* more than the tick by which an ordinary reading may lag */
#define CPU_EXACT_RETRY_USEC 250U
#define CPU_EXACT_MAX 16U /* exact readings; a program that rests just below its limit is left alone */
#define TIMER_ACCURACY_USEC 1U
#define DRAIN_BYTES (1024U * 1024U) /* in one go, so that timers have their turn */

struct Run {
        sd_event *event;
        Box *box;
        RunLimits limits;
        unsigned parallel;  /* CPUs it may use at once */
        unsigned cpu_exact; /* exact readings so far */
        uint64_t file_max;  /* for the evidence; 0: none */
        RunOver over;
        void *userdata;

        Capture output, error_output;
        Region *region; /* NULL: nothing is to be declared */
        sd_event_source *output_source, *error_source, *exit_source, *call_source;
        sd_event_source *wall_timer, *cpu_timer, *death_timer, *empty_timer;

        KilledFor killed_for;
        uint64_t gate_ns, end_ns;
        uint64_t energy_uj;
        FilterCall call; /* that must end the run; no name: none was made */
        bool is_over, undead;
};

static void disable_all(Run *run) {
        sd_event_source *const sources[] = {
                run->output_source, run->error_source, run->exit_source, run->call_source,
                run->wall_timer,    run->cpu_timer,    run->death_timer, run->empty_timer
        };

        for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
                if (sources[i])
                        (void) sd_event_source_set_enabled(sources[i], SD_EVENT_OFF);
}

static void finish(Run *run) {
        if (run->is_over)
                return;
        run->is_over = true;
        run->end_ns = now_monotonic_ns();
        disable_all(run);
        run->over(run, run->userdata);
}

/* From this very moment: what sd-event calls now is when its loop woke up, before boxes were built in this turn. */
static int arm(sd_event_source *timer, uint64_t delay_usec) {
        int r;

        r = sd_event_source_set_time(timer, now_monotonic_usec() + delay_usec);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

void run_kill(Run *run, KilledFor reason) {
        if (run->is_over)
                return;
        if (run->killed_for == KILLED_FOR_NOTHING)
                run->killed_for = reason;
        (void) box_kill(run->box);
        (void) arm(run->death_timer, DEATH_TIMEOUT_USEC);
}

/* The program is gone; what it left behind is killed, and paid for until it is dead. */
static void look_whether_empty(Run *run) {
        const int r = box_empty(run->box);

        if (r == 1) {
                finish(run);
                return;
        }
        if (r < 0)
                run->undead = true;
        (void) box_kill(run->box);
        (void) arm(run->empty_timer, EMPTY_RETRY_USEC);
}

static int on_exit_event(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Run *run = userdata;
        int enabled = SD_EVENT_OFF;

        (void) sd_event_source_set_enabled(run->exit_source, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(run->cpu_timer, SD_EVENT_OFF);
        (void) sd_event_source_get_enabled(run->death_timer, &enabled);
        if (enabled == SD_EVENT_OFF)
                (void) arm(run->death_timer, DEATH_TIMEOUT_USEC);
        look_whether_empty(run);
        return 0;
}

static int on_empty_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        look_whether_empty(userdata);
        return 0;
}

static int on_death_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Run *run = userdata;

        run->undead = true;
        finish(run);
        return 0;
}

static int on_wall_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        run_kill(userdata, KILLED_FOR_WALL);
        return 0;
}

/* Near the limit an exact one. Where none is to be had, 0: the wall limit holds. */
static uint64_t read_cpu(Run *run) {
        uint64_t used;

        if (box_cpu_usec(run->box, &used) < 0)
                return 0;
        if (used < run->limits.cpu_usec && run->limits.cpu_usec - used <= CPU_LAG_USEC * run->parallel &&
            run->cpu_exact < CPU_EXACT_MAX) {
                run->cpu_exact++;
                if (box_exact_cpu_usec(run->box, &used) < 0)
                        return 0;
        }
        return used;
}

/* CPU time grows at most as fast as there are CPUs: the limit cannot be crossed before the timer comes again. */
static int on_cpu_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Run *run = userdata;
        const uint64_t used = read_cpu(run);
        uint64_t left;

        if (used >= run->limits.cpu_usec) {
                run_kill(run, KILLED_FOR_CPU);
                return 0;
        }
        left = (run->limits.cpu_usec - used) / run->parallel;
        (void) arm(run->cpu_timer, MAX(left, run->cpu_exact < CPU_EXACT_MAX ? CPU_EXACT_RETRY_USEC : CPU_RETRY_USEC));
        return 0;
}

static uint64_t counted_output(const Run *run) {
        return run->output.seen + (run->limits.errors_free ? 0 : run->error_output.seen);
}

static void drain(Run *run, Capture *capture, sd_event_source *source, int fd) {
        const int r = capture_drain(capture, fd, DRAIN_BYTES);

        if (r < 0 && source)
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        if (counted_output(run) > run->limits.output_max)
                run_kill(run, KILLED_FOR_OUTPUT);
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Run *run = userdata;

        drain(run, &run->output, source, fd);
        return 0;
}

static int on_error_output(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Run *run = userdata;

        drain(run, &run->error_output, source, fd);
        return 0;
}

/* The caller is held up and never runs on; whose it was is not known any more when it was killed meanwhile. */
static int on_call(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Run *run = userdata;
        const int r = filter_read_call(fd, &run->call);

        if (r >= 0)
                run_kill(run, KILLED_FOR_SYSCALL);
        if (r >= 0 || !(events & EPOLLIN))
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

/* The listener comes with the gate. */
static int watch_calls(Run *run) {
        const int fd = box_listener_fd(run->box);

        return fd < 0 ? 0 : sd_event_add_io(run->event, &run->call_source, fd, EPOLLIN, on_call, run);
}

static int add_timer(Run *run, sd_event_time_handler_t handler, sd_event_source **ret) {
        int r;

        r = sd_event_add_time_relative(run->event, ret, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_USEC, handler, run);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

static int add_sources(Run *run) {
        const struct {
                sd_event_source **source;
                int fd;
                sd_event_io_handler_t handler;
        } fds[] = {
                { &run->exit_source, run->box->pidfd, on_exit_event },
                { &run->output_source, run->box->stdout_fd, on_output },
                { &run->error_source, run->box->stderr_fd, on_error_output },
        };
        const struct {
                sd_event_source **source;
                sd_event_time_handler_t handler;
        } timers[] = {
                { &run->wall_timer, on_wall_timer },
                { &run->cpu_timer, on_cpu_timer },
                { &run->death_timer, on_death_timer },
                { &run->empty_timer, on_empty_timer },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
                int r;

                r = sd_event_add_io(run->event, fds[i].source, fds[i].fd, EPOLLIN, fds[i].handler, run);
                if (r < 0)
                        return r;
                r = sd_event_source_set_enabled(*fds[i].source, SD_EVENT_OFF);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(timers); i++) {
                int r;

                r = add_timer(run, timers[i].handler, timers[i].source);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int region_cpu_time(void *userdata, uint64_t *ret_usec) {
        return run_cpu_usec(userdata, ret_usec);
}

/* The program's end of the region's socket goes into the box and is closed here. */
static int spawn(Run *run, const BoxSpec *spec, Ticker *ticker, char **ret_why) {
        BoxSpec with_region = *spec;
        autofd program_fd = -1;
        int r;

        if (ticker) {
                r = region_new(run->event, ticker, region_cpu_time, run, &run->region, &program_fd);
                if (r < 0) {
                        *ret_why = g_strdup_printf("The region's socket cannot be made: %s", g_strerror(-r));
                        return r;
                }
        }
        with_region.extra_fd = program_fd;
        return box_spawn(&with_region, &run->box, ret_why);
}

int run_new(sd_event *event, const BoxSpec *spec, const RunLimits *limits, Ticker *ticker, RunOver over,
            void *userdata, Run **ret, char **ret_why) {
        g_autoptr(Run) run = g_new(Run, 1);
        int r;

        *run = (Run){ .event = sd_event_ref(event), .limits = *limits, .over = over, .userdata = userdata };
        run->parallel = (unsigned) (spec->cpus && CPU_COUNT(spec->cpus) > 0 ? CPU_COUNT(spec->cpus)
                                                                            : MAX(g_get_num_processors(), 1));
        run->file_max = spec->root ? spec->root->tmpfs_bytes : 0;
        capture_init(&run->output, limits->capture_max);
        /* Where it counts, output_max bounds both together. */
        capture_init(&run->error_output,
                     limits->errors_free ? MIN(limits->capture_max, ERRORS_KEPT_BYTES) : limits->capture_max);
        r = spawn(run, spec, ticker, ret_why);
        if (r < 0)
                return r;
        r = add_sources(run);
        if (r < 0) {
                *ret_why = g_strdup_printf("The run cannot be watched: %s", g_strerror(-r));
                return r;
        }
        *ret = g_steal_pointer(&run);
        return 0;
}

int run_wait_ready(Run *run, BoxStage *ret_stage, char **ret_why) {
        int r;

        r = box_wait_ready(run->box, READY_TIMEOUT_USEC);
        *ret_stage = run->box->stage;
        if (r < 0)
                *ret_why = g_strdup_printf("The run failed while %s: %s", box_stage_to_string(run->box->stage),
                                           g_strerror(-run->box->error));
        return r;
}

int run_start(Run *run) {
        int r;

        r = sd_event_source_set_enabled(run->exit_source, SD_EVENT_ON);
        if (r >= 0)
                r = sd_event_source_set_enabled(run->output_source, SD_EVENT_ON);
        if (r >= 0)
                r = sd_event_source_set_enabled(run->error_source, SD_EVENT_ON);
        if (r >= 0)
                r = watch_calls(run);
        if (r >= 0 && run->region)
                r = region_listen(run->region);
        run->gate_ns = now_monotonic_ns();
        if (r >= 0)
                r = arm(run->wall_timer, run->limits.wall_usec);
        if (r >= 0)
                r = arm(run->cpu_timer, MAX(run->limits.cpu_usec / run->parallel, CPU_RETRY_USEC));
        if (r < 0)
                return r;
        return box_open_gate(run->box);
}

uint64_t run_gate_ns(const Run *run) {
        return run->gate_ns;
}

uint64_t run_end_ns(const Run *run) {
        return run->end_ns;
}

int run_cpu_usec(Run *run, uint64_t *ret_usec) {
        return box_cpu_usec(run->box, ret_usec);
}

bool run_ended_well(Run *run) {
        if (run->undead || run->killed_for != KILLED_FOR_NOTHING || box_reap(run->box) < 0)
                return false;
        return run->box->end_code == CLD_EXITED && run->box->end_status == 0;
}

void run_set_energy(Run *run, uint64_t energy_uj) {
        run->energy_uj = energy_uj;
}

/* Nothing of the run lives, so the pipes end soon; a descriptor passed to a stranger would keep them open. */
static void drain_rest(Run *run) {
        while (capture_drain(&run->output, run->box->stdout_fd, DRAIN_BYTES) == 1)
                if (run->output.seen > run->limits.output_max)
                        break;
        while (capture_drain(&run->error_output, run->box->stderr_fd, DRAIN_BYTES) == 1)
                if (run->error_output.seen > run->limits.output_max)
                        break;
}

static const char *fault_of(const Run *run, int collect_error, const BoxEnd *end) {
        if (run->undead)
                return "a process of it does not die";
        if (collect_error < 0)
                return "its figures could not be read";
        if (end->stage != BOX_STAGE_READY && end->stage != BOX_STAGE_EXEC)
                return "it did not get to its gate";
        return NULL;
}

RunRecord *run_settle(Run *run) {
        RunRecord *record = g_new0(RunRecord, 1);
        Evidence *evidence = &record->evidence;
        BoxEnd end = {};
        int r;

        drain_rest(run);
        record->syscall = g_steal_pointer(&run->call.name);
        r = box_collect(run->box, &end);
        *evidence = (Evidence){
                .our_fault = fault_of(run, r, &end),
                .exec_error = end.stage == BOX_STAGE_EXEC ? end.error : 0,
                .end_code = end.end_code,
                .end_status = end.end_status,
                .killed_for = run->killed_for,
                .cpu_usec = end.cpu_usec,
                .cpu_limit_usec = run->limits.cpu_usec,
                .wall_ns = run->end_ns - run->gate_ns,
                .wall_limit_usec = run->limits.wall_usec,
                .output_bytes = counted_output(run),
                .output_max = run->limits.output_max,
                .file_max = run->file_max,
                .memory_peak = end.memory_peak,
                .memory_max = run->limits.memory_max,
                .oom_kills = end.oom_kills,
                .tasks_denied = end.tasks_denied,
                .tasks_max = run->limits.tasks_max,
                .cache_capped = end.cache_capped,
                .filtered = box_listener_fd(run->box) >= 0,
                .seccomp_syscall = record->syscall,
                .energy_uj = run->energy_uj,
                .max_joules = run->limits.max_joules,
        };
        record->facts = evidence_facts(evidence);
        record->output_bytes = run->output.seen;
        if (run->region)
                record->region = region_close(run->region);
        if (run->output.seen == run->output.bytes)
                record->output_sha256 = capture_sha256(&run->output);
        return record;
}

const Capture *run_output(const Run *run) {
        return &run->output;
}

const Capture *run_error_output(const Run *run) {
        return &run->error_output;
}

Run *run_free(Run *run) {
        if (!run)
                return NULL;

        sd_event_source **sources[] = {
                &run->output_source, &run->error_source, &run->exit_source, &run->call_source,
                &run->wall_timer,    &run->cpu_timer,    &run->death_timer, &run->empty_timer
        };

        for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
                *sources[i] = sd_event_source_disable_unref(*sources[i]);
        box_free(run->box);
        region_free(run->region);
        filter_call_clear(&run->call);
        capture_clear(&run->output);
        capture_clear(&run->error_output);
        sd_event_unref(run->event);
        g_free(run);
        return NULL;
}
