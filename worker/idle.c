/* SPDX-License-Identifier: MIT */
#include "idle.h"

struct Idle {
        Ticker *ticker;
        uint64_t window_usec;
        IdleOver over;
        void *userdata;
        sd_event_source *timer;
        bool open, complete, aborted;
        Span span;
        const Collector *collector; /* NULL: none */
        EvidenceSample before;
        TrialEvidence evidence;
};

static void open_window(Idle *idle) {
        if (idle->collector)
                collector_take(idle->collector, &idle->before);
        meter_rest(idle->ticker->meter);
        idle->open = span_open(idle->ticker, &idle->span) >= 0;
}

static void close_window(Idle *idle) {
        EvidenceSample after;

        idle->complete = span_close(idle->ticker, &idle->span, meter_now_ns(idle->ticker->meter)) >= 0;
        if (!idle->collector)
                return;
        collector_take(idle->collector, &after);
        evidence_add_span(&idle->evidence, &idle->before, &after);
        /* Where the job has no cgroup that says so: nothing of it runs. */
        if (idle->evidence.items[EVIDENCE_OURS_USEC].error == -ENODEV)
                idle->evidence.items[EVIDENCE_OURS_USEC] = (Count){};
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Idle *idle = userdata;

        if (idle->aborted) {
                idle->over(idle, idle->userdata);
                return 0;
        }
        if (idle->open)
                close_window(idle);
        else {
                open_window(idle);
                if (idle->open) {
                        /* Not from when the event loop woke: the window is as long as it is said to be. */
                        (void) sd_event_source_set_time(source, now_monotonic_usec() + idle->window_usec);
                        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
                        return 0;
                }
        }
        idle->over(idle, idle->userdata);
        return 0;
}

int idle_start(sd_event *event, Ticker *ticker, uint64_t pause_usec, uint64_t window_usec, IdleOver over,
               void *userdata, Idle **ret) {
        g_autoptr(Idle) idle = g_new0(Idle, 1);
        int r;

        idle->ticker = ticker;
        idle->window_usec = window_usec;
        idle->over = over;
        idle->userdata = userdata;
        r = sd_event_add_time_relative(event, &idle->timer, CLOCK_MONOTONIC,
                                       pause_usec > window_usec ? pause_usec - window_usec : 0, USEC_PER_MSEC,
                                       on_timer, idle);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&idle);
        return 0;
}

void idle_collect(Idle *idle, const Collector *collector) {
        idle->collector = collector;
}

void idle_abort(Idle *idle) {
        idle->aborted = true;
        (void) sd_event_source_set_time_relative(idle->timer, 0);
        (void) sd_event_source_set_enabled(idle->timer, SD_EVENT_ONESHOT);
}

const Span *idle_span(const Idle *idle) {
        return idle->complete && !idle->aborted ? &idle->span : NULL;
}

const TrialEvidence *idle_evidence(const Idle *idle) {
        return idle_span(idle) && idle->collector ? &idle->evidence : NULL;
}

Idle *idle_free(Idle *idle) {
        if (!idle)
                return NULL;
        sd_event_source_disable_unref(idle->timer);
        g_free(idle);
        return NULL;
}
