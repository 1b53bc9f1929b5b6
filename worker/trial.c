/* SPDX-License-Identifier: MIT */
#include "trial.h"

#define THERMAL_POLL_USEC (100U * USEC_PER_MSEC)
#define EXCERPT_BYTES 1024U

typedef enum Step {
        STEP_PAUSE,
        STEP_COOL,
        STEP_WINDOW,
        STEP_JUDGE,
} Step;

struct Trial {
        TrialSpec spec;
        TrialOver over;
        void *userdata;
        Step step;
        sd_event_source *timer; /* of the step that waits */
        uint64_t cool_deadline_usec;
        size_t task;    /* whose window is open, or comes next */
        uint32_t done;  /* windows of that task */
        int stdin_fd;   /* of that task, when it is a test's */
        Window *window; /* open, or closed last */
        guint judged;   /* runs of the closed window that were looked at */
        bool window_open, is_over;
        KilledFor aborted;
        TrialRecord *record;
        RunFailure *failure;
        BoxStage stage;
        char *why;
};

bool run_facts_stop(unsigned facts, bool ignore_exit) {
        facts &= ~(unsigned) FACTS_HARMLESS;
        if (ignore_exit)
                facts &= ~(unsigned) (FACT_NONZERO_EXIT | FACT_SIGNAL);
        return facts != 0;
}

static void finish(Trial *trial, int r) {
        if (trial->is_over)
                return;
        trial->is_over = true;
        trial->timer = sd_event_source_disable_unref(trial->timer);
        if (trial->spec.thermal)
                (void) thermal_read(trial->spec.thermal, &trial->record->temp_end_mc);
        trial_record_close(trial->record, trial->spec.min_window_ns);
        if (trial->aborted != KILLED_FOR_NOTHING || trial->failure || r < 0)
                trial->record->valid = false;
        trial->over(trial, r, trial->userdata);
}

static const TrialTask *task_of(const Trial *trial) {
        return &trial->spec.tasks[trial->task];
}

static void note_failure(Trial *trial, const RunRecord *run, uint32_t number) {
        const Capture *error_output = window_error_output(trial->window, number);

        trial->failure = g_new0(RunFailure, 1);
        trial->failure->test = task_of(trial)->test;
        trial->failure->facts = run->facts;
        trial->failure->exec_error = run->evidence.exec_error;
        trial->failure->description = evidence_describe(&run->evidence);
        if (error_output->bytes > 0 && !(run->facts & FACT_WRONG_ANSWER))
                trial->failure->excerpt = capture_tail(error_output, EXCERPT_BYTES);
}

/* Reasons that lie with the program come before anything else that may be wrong with the window. */
static void look_at_runs(Trial *trial, const WindowRecord *record) {
        for (guint i = 0; i < record->runs->len && !trial->failure; i++) {
                const RunRecord *run = g_ptr_array_index(record->runs, i);

                if (run_facts_stop(run->facts, trial->spec.window.ignore_exit))
                        note_failure(trial, run, i);
        }
}

static void step_after(Trial *trial, Step step, uint64_t delay_usec) {
        trial->step = step;
        (void) sd_event_source_set_time_relative(trial->timer, delay_usec);
        (void) sd_event_source_set_enabled(trial->timer, SD_EVENT_ONESHOT);
}

static void go_on(Trial *trial) {
        if (++trial->done >= task_of(trial)->plan.windows) {
                trial->stdin_fd = safe_close(trial->stdin_fd);
                trial->done = 0;
                trial->task++;
        }
        if (trial->task >= trial->spec.n_tasks)
                finish(trial, 0);
        else
                step_after(trial, STEP_WINDOW, 0); /* the closed window is freed outside its own call */
}

static void on_judged(int r, const char *why, void *userdata);

/* Looks at one output after another; what an external validator needs its time for is gone on with when it is done. */
static void judge_runs(Trial *trial) {
        const WindowRecord *record = g_ptr_array_index(trial->record->windows, trial->record->windows->len - 1);
        const WorkTest *test = task_of(trial)->test;
        int r = 1;

        while (test && r > 0 && trial->judged < record->runs->len && trial->aborted == KILLED_FOR_NOTHING) {
                const guint i = trial->judged++;

                r = judging_look(trial->spec.judging, test, window_output(trial->window, i),
                                 g_ptr_array_index(record->runs, i), on_judged, trial, &trial->why);
        }
        if (r == 0)
                return;
        look_at_runs(trial, record);
        if (r < 0 || trial->failure || trial->aborted != KILLED_FOR_NOTHING)
                finish(trial, MIN(r, 0));
        else
                go_on(trial);
}

static void on_judged(int r, const char *why, void *userdata) {
        Trial *trial = userdata;

        if (r < 0) {
                trial->why = g_strdup(why);
                finish(trial, r);
        } else
                step_after(trial, STEP_JUDGE, 0);
}

static void on_window_closed(Window *window, void *userdata) {
        Trial *trial = userdata;

        trial->window_open = false;
        trial->judged = 0;
        g_ptr_array_add(trial->record->windows, window_take_record(window));
        judge_runs(trial);
}

/* Every run of a test opens this anew. */
static int take_input(Trial *trial) {
        const TrialTask *task = task_of(trial);

        if (!task->test || trial->stdin_fd >= 0)
                return 0;
        trial->stdin_fd = memfd_with("input", task->test->input, task->test->input_size);
        if (trial->stdin_fd < 0)
                trial->why = g_strdup_printf("The test's input cannot be made a file: %s",
                                             g_strerror(-trial->stdin_fd));
        return MIN(trial->stdin_fd, 0);
}

static int open_window(Trial *trial) {
        const TrialTask *task = task_of(trial);
        WindowSpec spec = trial->spec.window;
        int r;

        trial->window = window_free(trial->window);
        r = take_input(trial);
        if (r < 0)
                return r;
        spec.iterations = task->plan.iterations;
        spec.test = task->test ? task->test->name : NULL;
        spec.stdin_fd = task->test ? trial->stdin_fd : task->stdin_fd;
        r = window_start(&spec, on_window_closed, trial, &trial->window, &trial->stage, &trial->why);
        if (r < 0)
                return r;
        trial->window_open = true;
        return 0;
}

/* 1 when the trial may start, 0 when it is to look again. */
static int cooled_down(Trial *trial) {
        const TrialSpec *spec = &trial->spec;
        const int64_t *reference_mc = spec->reference_mc == TEMPERATURE_UNKNOWN ? NULL : &spec->reference_mc;
        int64_t *start_mc = &trial->record->temp_start_mc;
        ThermalGate gate;

        if (!spec->thermal || thermal_read(spec->thermal, start_mc) < 0)
                return 1;
        if (spec->thermal_wait_usec == 0)
                return 1;
        gate = thermal_look(spec->thermal, *start_mc, reference_mc);
        if (gate == THERMAL_OPEN)
                return 1;
        if (gate == THERMAL_HOT && now_monotonic_usec() < trial->cool_deadline_usec)
                return 0;
        g_ptr_array_add(trial->record->quality, g_strdup("TEMP_START_OFF"));
        return 1;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Trial *trial = userdata;
        int r;

        if (trial->aborted != KILLED_FOR_NOTHING) {
                finish(trial, 0);
                return 0;
        }
        switch (trial->step) {
        case STEP_PAUSE:
                trial->cool_deadline_usec = now_monotonic_usec() + trial->spec.thermal_wait_usec;
                step_after(trial, STEP_COOL, 0);
                break;
        case STEP_COOL:
                if (cooled_down(trial))
                        step_after(trial, STEP_WINDOW, 0);
                else
                        step_after(trial, STEP_COOL, THERMAL_POLL_USEC);
                break;
        case STEP_WINDOW:
                r = open_window(trial);
                if (r < 0)
                        finish(trial, r);
                break;
        case STEP_JUDGE:
                judge_runs(trial);
                break;
        }
        return 0;
}

int trial_start(const TrialSpec *spec, TrialOver over, void *userdata, Trial **ret) {
        g_autoptr(Trial) trial = g_new0(Trial, 1);
        int r;

        trial->spec = *spec;
        trial->over = over;
        trial->userdata = userdata;
        trial->record = trial_record_new();
        trial->step = STEP_PAUSE;
        trial->stdin_fd = -1;
        r = sd_event_add_time_relative(spec->window.event, &trial->timer, CLOCK_MONOTONIC, spec->cooldown_usec,
                                       USEC_PER_MSEC, on_timer, trial);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&trial);
        return 0;
}

void trial_abort(Trial *trial, KilledFor reason) {
        if (trial->is_over || trial->aborted != KILLED_FOR_NOTHING)
                return;
        trial->aborted = reason;
        if (trial->spec.judging)
                judging_abort(trial->spec.judging);
        if (trial->window_open)
                window_abort(trial->window, reason);
        else
                step_after(trial, trial->step, 0);
}

int trial_cpu_usec(Trial *trial, uint64_t *ret_usec) {
        uint64_t usec = 0;
        int r;

        if (trial->window_open) {
                r = window_cpu_usec(trial->window, &usec);
                if (r < 0)
                        return r;
        }
        for (guint i = 0; trial->record && i < trial->record->windows->len; i++)
                usec += ((const WindowRecord *) g_ptr_array_index(trial->record->windows, i))->whole.cpu_usec;
        *ret_usec = usec;
        return 0;
}

TrialRecord *trial_take_record(Trial *trial) {
        return g_steal_pointer(&trial->record);
}

const RunFailure *trial_failure(const Trial *trial) {
        return trial->failure;
}

const char *trial_why(const Trial *trial, BoxStage *ret_stage) {
        *ret_stage = trial->stage;
        return trial->why;
}

const Window *trial_first_window(const Trial *trial) {
        return trial->spec.n_tasks == 1 && trial->spec.tasks[0].plan.windows == 1 && !trial->window_open
                               ? trial->window
                               : NULL;
}

static void failure_free(RunFailure *failure) {
        if (!failure)
                return;
        g_free(failure->description);
        g_free(failure->excerpt);
        g_free(failure);
}

Trial *trial_free(Trial *trial) {
        if (!trial)
                return NULL;
        if (trial->spec.judging && !trial->is_over)
                judging_abort(trial->spec.judging); /* it looks at what is freed here */
        sd_event_source_disable_unref(trial->timer);
        window_free(trial->window);
        safe_close(trial->stdin_fd);
        trial_record_free(trial->record);
        failure_free(trial->failure);
        g_free(trial->why);
        g_free(trial);
        return NULL;
}
