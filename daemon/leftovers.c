/* SPDX-License-Identifier: MIT */

/* Scopes that a service which crashed has left behind: found by name, killed and stopped. */

#include "log.h"
#include "names.h"
#include "systemd-internal.h"

struct Leftovers {
        Systemd *systemd;
        LeftoversDone done;
        void *userdata;
        sd_bus_slot *list_slot;
        sd_event_source *timer; /* of the list; each scope has its own */
        GPtrArray *scopes;
        unsigned n_pending;
        int error;
};

static void free_scope(gpointer scope) {
        scope_free(scope);
}

Leftovers *leftovers_free(Leftovers *leftovers) {
        if (!leftovers)
                return NULL;
        sd_bus_slot_unref(leftovers->list_slot);
        sd_event_source_disable_unref(leftovers->timer);
        g_ptr_array_unref(leftovers->scopes);
        g_free(leftovers);
        return NULL;
}

static void finish(Leftovers *leftovers, int r) {
        LeftoversDone done = leftovers->done;
        void *userdata = leftovers->userdata;

        leftovers->systemd->leftovers = NULL;
        leftovers_free(leftovers);
        done(r, userdata);
}

static void finish_if_all_gone(Leftovers *leftovers) {
        if (leftovers->n_pending == 0)
                finish(leftovers, leftovers->error < 0 ? leftovers->error : (int) leftovers->scopes->len);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        finish(userdata, -ETIMEDOUT);
        return 0;
}

static void on_gone(Scope *scope, int r, void *userdata) {
        Leftovers *leftovers = userdata;

        if (r < 0) {
                log_errno(LOG_WARNING, r, "The leftover %s is still there", scope_name(scope));
                leftovers->error = r;
        }
        leftovers->n_pending--;
        finish_if_all_gone(leftovers);
}

static int kill_leftover(Leftovers *leftovers, const char *name) {
        Scope *scope;
        int r;

        log_at(LOG_NOTICE, &(const LogContext){ .uid = -1, .scope = name, .message_id = JT_MESSAGE_LEFTOVER_SCOPE },
               "Killing %s, left behind by a service that ended before its job", name);
        scope = scope_adopt(leftovers->systemd, name);
        g_ptr_array_add(leftovers->scopes, scope);
        r = scope_kill(scope, on_gone, leftovers);
        if (r < 0)
                return r;
        leftovers->n_pending++;
        return 0;
}

static int kill_listed(Leftovers *leftovers, sd_bus_message *m) {
        const char *name, *state;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "(ssssssouso)", &name, NULL, NULL, &state, NULL, NULL, NULL, NULL, NULL,
                                        NULL)) > 0) {
                if (g_str_equal(state, "inactive") || g_str_equal(state, "failed"))
                        continue;
                r = kill_leftover(leftovers, name);
                if (r < 0)
                        return r;
        }
        return r;
}

static int on_listed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Leftovers *leftovers = userdata;
        const char *message;
        int r;

        leftovers->timer = sd_event_source_disable_unref(leftovers->timer);
        r = systemd_reply_error(m, &message);
        if (r < 0)
                log_warning("systemd does not list its units: %s", message);
        else
                r = kill_listed(leftovers, m);
        if (r < 0)
                finish(leftovers, r);
        else
                finish_if_all_gone(leftovers);
        return 0;
}

static int list(Leftovers *leftovers) {
        Systemd *systemd = leftovers->systemd;
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = systemd_start_timer(systemd, &leftovers->timer, systemd->start_timeout_usec, on_timeout, leftovers);
        if (r < 0)
                return r;
        r = systemd_method(systemd, "ListUnitsByPatterns", &m);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "asas", 0, 1, JT_SCOPE_PREFIX "*.scope");
        if (r < 0)
                return r;
        return systemd_call(systemd, m, &leftovers->list_slot, on_listed, leftovers);
}

int systemd_stop_leftovers(Systemd *systemd, LeftoversDone done, void *userdata) {
        Leftovers *leftovers;
        int r;

        if (systemd->leftovers)
                return -EALREADY;

        leftovers = g_new0(Leftovers, 1);
        leftovers->systemd = systemd;
        leftovers->done = done;
        leftovers->userdata = userdata;
        leftovers->scopes = g_ptr_array_new_with_free_func(free_scope);
        r = list(leftovers);
        if (r < 0) {
                leftovers_free(leftovers);
                return r;
        }
        systemd->leftovers = leftovers;
        return 0;
}
