/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>

#include "log.h"
#include "manager.h"
#include "names.h"

static void log_unlogged(uid_t uid, uint64_t n_unlogged, void *userdata) {
        (void) log_at(LOG_NOTICE, &(const LogContext){ .uid = uid, .message_id = JT_MESSAGE_REFUSED },
                      "%" PRIu64 " more refusals of uid %" PRIu32 " were not logged", n_unlogged, (uint32_t) uid);
}

static int on_minute_over(sd_event_source *source, uint64_t usec, void *userdata);

static void expire(Manager *manager) {
        uint64_t next = refusals_expire(manager->refusals, now_monotonic_usec(), log_unlogged, NULL);
        int r;

        manager->refusals_timer = sd_event_source_disable_unref(manager->refusals_timer);
        if (next == UINT64_MAX)
                return;
        r = sd_event_add_time(manager->event, &manager->refusals_timer, CLOCK_MONOTONIC, next, USEC_PER_SEC,
                              on_minute_over, manager);
        if (r < 0)
                log_errno(LOG_WARNING, r, "cannot set a timer");
}

static int on_minute_over(sd_event_source *source, uint64_t usec, void *userdata) {
        expire(userdata);
        return 0;
}

void manager_refused(Manager *manager, uid_t uid, const char *message_id, const char *format, ...) {
        const uint64_t now = now_monotonic_usec();
        g_autofree char *text = NULL;
        va_list arguments;

        quota_count_refused(manager->quota, now);
        expire(manager);
        if (!refusals_count(manager->refusals, uid, now))
                return;
        if (!manager->refusals_timer)
                expire(manager);

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        (void) log_at(LOG_NOTICE, &(const LogContext){ .uid = uid, .message_id = message_id }, "%s", text);
}

void manager_forget_refusals(Manager *manager) {
        (void) refusals_expire(manager->refusals, UINT64_MAX, log_unlogged, NULL);
        manager->refusals_timer = sd_event_source_disable_unref(manager->refusals_timer);
}
