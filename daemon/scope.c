/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>

#include "dictionary.h"
#include "log.h"
#include "names.h"
#include "systemd-internal.h"

struct Scope {
        Dependent dependent;
        char *name;
        bool killing;
        bool last_look; /* the time is up, one more answer decides: a signal may have been lost in a daemon-reexec */

        /* What StartTransientUnit is told. */
        ScopeSpec spec;
        cpu_set_t cpus;
        char *service;
        unsigned attempt;
        char *job;

        ScopeReady ready;
        void *ready_userdata;
        ScopeGone gone;
        void *gone_userdata;

        sd_bus_slot *call_slot;
        sd_bus_slot *signal_slot;  /* JobRemoved, later UnitRemoved */
        sd_bus_slot *changed_slot; /* PropertiesChanged of the unit */
        sd_event_source *timer;
};

/* The last look is quick or too late. */
static uint64_t last_look_usec(uint64_t timeout_usec) {
        return timeout_usec / 5;
}

/* Matches are only there while something is waited for: a scope that runs must not wake the daemon up. */
static void scope_drop(Dependent *dependent) {
        Scope *scope = (Scope *) dependent;

        scope->call_slot = sd_bus_slot_unref(scope->call_slot);
        scope->signal_slot = sd_bus_slot_unref(scope->signal_slot);
        scope->changed_slot = sd_bus_slot_unref(scope->changed_slot);
        scope->timer = sd_event_source_disable_unref(scope->timer);
        scope->last_look = false;
}

/* The caller may free the scope in ready(): nothing is touched afterwards. */
static void finish_start(Scope *scope, int r, const char *control_group, const char *message) {
        ScopeReady ready = scope->ready;

        scope_drop(&scope->dependent);
        scope->ready = NULL;
        ready(scope, r, control_group, message, scope->ready_userdata);
}

/* Forwards a failed call of ours, with the reply's words where there are any. */
static void fail_start(Scope *scope, int r, const char *message) {
        g_autofree char *sentence = NULL;

        sentence = g_strdup_printf("systemd did not start the job's scope: %s", message ?: g_strerror(-r));
        finish_start(scope, r, NULL, sentence);
}

static int start_attempt(Scope *scope);

/* systemd 252 may process a stale "cgroup is empty" event after it moved the keeper in, and declares the scope dead
 * (systemd issue 36781). */
static void died_at_birth(Scope *scope) {
        int r;

        if (scope->attempt > 1 || scope->last_look) {
                finish_start(scope, -ENOTRECOVERABLE, NULL, "systemd declared the job's scope dead at its birth");
                return;
        }
        r = start_attempt(scope);
        if (r < 0)
                fail_start(scope, r, NULL);
}

static int on_control_group(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scope *scope = userdata;
        const char *message = NULL, *control_group;
        int r;

        r = systemd_reply_error(m, &message);
        if (r >= 0)
                r = sd_bus_message_read(m, "v", "s", &control_group);
        if (r < 0)
                fail_start(scope, r, message);
        else if (*control_group == '\0')
                died_at_birth(scope);
        else
                finish_start(scope, 0, control_group, NULL);
        return 0;
}

static int on_start_state(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scope *scope = userdata;
        const char *message = NULL, *state = "inactive";
        int r = 0;

        if (!systemd_reply_no_unit(m)) {
                r = systemd_reply_error(m, &message);
                if (r >= 0)
                        r = sd_bus_message_read(m, "v", "s", &state);
        }
        if (r >= 0 && g_str_equal(state, "active"))
                r = systemd_get(scope->dependent.systemd, scope->name, SYSTEMD_SCOPE, "ControlGroup",
                                &scope->call_slot, on_control_group, scope);
        else if (r >= 0 && scope->last_look)
                finish_start(scope, -ETIMEDOUT, NULL, "systemd did not start the job's scope in time");
        else if (r >= 0)
                died_at_birth(scope);
        if (r < 0)
                fail_start(scope, r, message);
        return 0;
}

static int look_at_start(Scope *scope) {
        return systemd_get(scope->dependent.systemd, scope->name, SYSTEMD_UNIT, "ActiveState", &scope->call_slot,
                           on_start_state, scope);
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scope *scope = userdata;
        const char *result;
        int r;

        r = systemd_job_removed(scope->dependent.systemd, m, scope->job, &result);
        if (r <= 0)
                return r;

        scope->signal_slot = sd_bus_slot_unref(scope->signal_slot);
        if (!g_str_equal(result, "done")) {
                g_autofree char *sentence = g_strdup_printf("systemd could not start the job's scope: %s", result);

                finish_start(scope, -ENOTRECOVERABLE, NULL, sentence);
                return 0;
        }
        r = look_at_start(scope);
        if (r < 0)
                fail_start(scope, r, NULL);
        return 0;
}

static int on_start_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scope *scope = userdata;
        const char *message = NULL;
        int r;

        r = systemd_read_job(m, &scope->job, &message);
        if (r < 0)
                fail_start(scope, r, message);
        return 0;
}

static int on_start_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Scope *scope = userdata;
        Systemd *systemd = scope->dependent.systemd;

        if (!scope->last_look) {
                scope->last_look = true;
                if (systemd_start_timer(systemd, &scope->timer, last_look_usec(systemd->start_timeout_usec),
                                        on_start_timeout, scope) >= 0 &&
                    look_at_start(scope) >= 0)
                        return 0;
        }
        finish_start(scope, -ETIMEDOUT, NULL, "systemd did not start the job's scope in time");
        return 0;
}

static int append_limit(sd_bus_message *m, const char *name, uint64_t value) {
        return value == 0 ? 0 : sd_bus_message_append(m, "(sv)", name, "t", value);
}

static int append_properties(Scope *scope, sd_bus_message *m) {
        const ScopeSpec *spec = &scope->spec;
        g_autofree char *description = NULL;
        int r;

        description = g_strdup_printf("JouleTrace job %" PRIu32, spec->job);
        /* SIGKILL at once: a program that ignores SIGTERM would keep a service that crashed down for 90 s. */
        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s", description, "Slice",
                                  "s", JT_SLICE, "PIDs", "au", 1, (uint32_t) spec->keeper, "Delegate", "b", true,
                                  "MemorySwapMax", "t", UINT64_C(0), "KillSignal", "i", SIGKILL, "SendSIGKILL", "b",
                                  true, "TimeoutStopUSec", "t", 2 * USEC_PER_SEC, "CollectMode", "s",
                                  "inactive-or-failed");
        if (r < 0)
                return r;
        r = append_limit(m, "MemoryMax", spec->memory_max);
        if (r < 0)
                return r;
        r = append_limit(m, "TasksMax", spec->tasks_max);
        if (r < 0)
                return r;
        r = append_limit(m, "RuntimeMaxUSec", spec->runtime_max_usec);
        if (r < 0)
                return r;
        /* Before=, so that at a stop the service hears of it first: with After= the program would die of a signal
         * that the service takes for the program's own. */
        if (spec->service) {
                r = sd_bus_message_append(m, "(sv)(sv)", "BindsTo", "as", 1, spec->service, "Before", "as", 1,
                                          spec->service);
                if (r < 0)
                        return r;
        }
        return spec->cpus ? systemd_append_cpus(m, spec->cpus) : 0;
}

static int start_attempt(Scope *scope) {
        Systemd *systemd = scope->dependent.systemd;
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        g_free(scope->name);
        scope->name = g_strdup_printf(JT_SCOPE_PREFIX "%s-%" PRIu32 "%s.scope", systemd->instance, scope->spec.job,
                                      scope->attempt == 0 ? "" : "-again");
        scope->attempt++;
        g_clear_pointer(&scope->job, g_free);

        /* Of all units: sd-bus does not look for the unit's name behind the number that comes first. */
        r = systemd_match(systemd, &scope->signal_slot, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved", NULL,
                          on_job_removed, scope);
        if (r < 0)
                return r;
        r = systemd_start_timer(systemd, &scope->timer, systemd->start_timeout_usec, on_start_timeout, scope);
        if (r < 0)
                return r;

        r = systemd_method(systemd, "StartTransientUnit", &m);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "ss", scope->name, "fail");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r < 0)
                return r;
        r = append_properties(scope, m);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return r;
        return systemd_call(systemd, m, &scope->call_slot, on_start_reply, scope);
}

static Scope *scope_new(Systemd *systemd) {
        Scope *scope = g_new0(Scope, 1);

        scope->dependent.detach = scope_drop;
        systemd_attach(systemd, &scope->dependent);
        return scope;
}

int scope_start(Systemd *systemd, const ScopeSpec *spec, ScopeReady ready, void *userdata, Scope **ret) {
        g_autoptr(Scope) scope = NULL;
        int r;

        scope = scope_new(systemd);
        scope->spec = *spec;
        if (spec->cpus) {
                scope->cpus = *spec->cpus;
                scope->spec.cpus = &scope->cpus;
        }
        scope->service = g_strdup(spec->service);
        scope->spec.service = scope->service;
        scope->ready = ready;
        scope->ready_userdata = userdata;

        r = start_attempt(scope);
        if (r < 0)
                return r;

        *ret = g_steal_pointer(&scope);
        return 0;
}

Scope *scope_adopt(Systemd *systemd, const char *name) {
        Scope *scope = scope_new(systemd);

        scope->name = g_strdup(name);
        return scope;
}

const char *scope_name(const Scope *scope) {
        return scope->name;
}

/* As finish_start(). */
static void finish_kill(Scope *scope, int r) {
        ScopeGone gone = scope->gone;

        scope_drop(&scope->dependent);
        scope->gone = NULL;
        scope->killing = false;
        if (gone)
                gone(scope, r, scope->gone_userdata);
}

static bool has_ended(const char *active_state) {
        return g_str_equal(active_state, "inactive") || g_str_equal(active_state, "failed");
}

static int on_kill_state(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scope *scope = userdata;
        const char *message, *state;

        if (systemd_reply_no_unit(m)) {
                finish_kill(scope, 0);
                return 0;
        }
        if (systemd_reply_error(m, &message) >= 0 && sd_bus_message_read(m, "v", "s", &state) >= 0 && has_ended(state))
                finish_kill(scope, 0);
        else if (scope->last_look)
                finish_kill(scope, -ETIMEDOUT);
        return 0;
}

static int look_at_kill(Scope *scope) {
        return systemd_get(scope->dependent.systemd, scope->name, SYSTEMD_UNIT, "ActiveState", &scope->call_slot,
                           on_kill_state, scope);
}

static int on_unit_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scope *scope = userdata;

        if (systemd_sent(scope->dependent.systemd, m))
                finish_kill(scope, 0);
        return 0;
}

static int on_stop_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scope *scope = userdata;
        const char *message;
        int r;

        if (systemd_reply_no_unit(m)) {
                finish_kill(scope, 0);
                return 0;
        }
        /* Such as a transaction that conflicts with the service's own stop: the scope still ends when its last
         * process is gone. */
        r = systemd_reply_error(m, &message);
        if (r < 0)
                log_info("systemd does not stop %s: %s", scope->name, message);
        (void) look_at_kill(scope);
        return 0;
}

static int read_change(sd_bus_message *m, const char *key, void *userdata) {
        bool *ended = userdata;
        const char *state;
        int r;

        if (!g_str_equal(key, "ActiveState"))
                return sd_bus_message_skip(m, "v");
        r = sd_bus_message_read(m, "v", "s", &state);
        if (r >= 0)
                *ended = has_ended(state);
        return r;
}

static int on_unit_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scope *scope = userdata;
        bool ended = false;

        if (!systemd_sent(scope->dependent.systemd, m))
                return 0;
        if (sd_bus_message_skip(m, "s") >= 0 && dictionary_read(m, read_change, &ended) >= 0 && ended)
                finish_kill(scope, 0);
        return 0;
}

static int on_kill_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scope *scope = userdata;
        g_autoptr(sd_bus_message) stop = NULL;
        const char *message;
        int r;

        if (systemd_reply_no_unit(m)) {
                finish_kill(scope, 0);
                return 0;
        }
        r = systemd_reply_error(m, &message);
        if (r < 0)
                log_warning("systemd does not kill %s: %s", scope->name, message);

        r = systemd_method(scope->dependent.systemd, "StopUnit", &stop);
        if (r >= 0)
                r = sd_bus_message_append(stop, "ss", scope->name, "fail");
        if (r >= 0)
                r = systemd_call(scope->dependent.systemd, stop, &scope->call_slot, on_stop_reply, scope);
        if (r < 0)
                finish_kill(scope, r);
        return 0;
}

static int on_kill_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Scope *scope = userdata;
        Systemd *systemd = scope->dependent.systemd;

        if (!scope->last_look) {
                scope->last_look = true;
                if (systemd_start_timer(systemd, &scope->timer, last_look_usec(systemd->stop_timeout_usec),
                                        on_kill_timeout, scope) >= 0 &&
                    look_at_kill(scope) >= 0)
                        return 0;
        }
        finish_kill(scope, -ETIMEDOUT);
        return 0;
}

static int start_kill(Scope *scope) {
        Systemd *systemd = scope->dependent.systemd;
        g_autoptr(sd_bus_message) m = NULL;
        g_autofree char *filter = NULL, *path = NULL;
        int r;

        filter = g_strdup_printf("arg0='%s'", scope->name);
        r = systemd_match(systemd, &scope->signal_slot, SYSTEMD_PATH, SYSTEMD_MANAGER, "UnitRemoved", filter,
                          on_unit_removed, scope);
        if (r < 0)
                return r;
        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", scope->name, &path);
        if (r < 0)
                return r;
        r = systemd_match(systemd, &scope->changed_slot, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                          "arg0='" SYSTEMD_UNIT "'", on_unit_changed, scope);
        if (r < 0)
                return r;
        r = systemd_start_timer(systemd, &scope->timer, systemd->stop_timeout_usec, on_kill_timeout, scope);
        if (r < 0)
                return r;
        r = systemd_method(systemd, "KillUnit", &m);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "ssi", scope->name, "all", SIGKILL);
        if (r < 0)
                return r;
        return systemd_call(systemd, m, &scope->call_slot, on_kill_reply, scope);
}

int scope_kill(Scope *scope, ScopeGone gone, void *userdata) {
        int r;

        if (!scope->dependent.systemd)
                return -ESHUTDOWN;
        if (scope->killing)
                return -EALREADY;

        scope_drop(&scope->dependent);
        scope->ready = NULL;
        r = start_kill(scope);
        if (r < 0) {
                scope_drop(&scope->dependent);
                return r;
        }
        scope->killing = true;
        scope->gone = gone;
        scope->gone_userdata = userdata;
        return 0;
}

Scope *scope_free(Scope *scope) {
        if (!scope)
                return NULL;
        systemd_detach(&scope->dependent);
        g_free(scope->name);
        g_free(scope->service);
        g_free(scope->job);
        g_free(scope);
        return NULL;
}
