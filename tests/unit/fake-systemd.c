/* SPDX-License-Identifier: MIT */
#include <sys/socket.h>
#include <systemd/sd-id128.h>

#include "cpuset.h"
#include "fake-systemd.h"

#define MANAGER "org.freedesktop.systemd1.Manager"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define UNIT "org.freedesktop.systemd1.Unit"

static void must(int r) {
        if (r < 0)
                g_error("%s", g_strerror(-r));
}

static void append_cpus(sd_bus_message *m, GString *text) {
        g_autofree char *list = NULL;
        const void *bytes;
        size_t n;
        cpu_set_t set;

        must(sd_bus_message_read_array(m, 'y', &bytes, &n));
        CPU_ZERO(&set);
        for (size_t i = 0; i < n * 8; i++)
                if (((const uint8_t *) bytes)[i / 8] & (1U << (i % 8)))
                        CPU_SET(i, &set);
        list = cpulist_format(&set);
        g_string_append(text, list);
}

static void append_array(sd_bus_message *m, const char *contents, GString *text) {
        const char *separator = "";

        g_string_append_c(text, '[');
        must(sd_bus_message_enter_container(m, 'a', contents));
        while (sd_bus_message_at_end(m, false) == 0) {
                const char *s;
                uint32_t u;

                g_string_append(text, separator);
                separator = " ";
                if (*contents == 's') {
                        must(sd_bus_message_read(m, "s", &s));
                        g_string_append(text, s);
                } else {
                        must(sd_bus_message_read(m, "u", &u));
                        g_string_append_printf(text, "%u", u);
                }
        }
        must(sd_bus_message_exit_container(m));
        g_string_append_c(text, ']');
}

static void append_value(sd_bus_message *m, const char *type, GString *text) {
        const char *s;
        uint64_t t;
        int i;

        if (g_str_equal(type, "ay")) {
                append_cpus(m, text);
        } else if (*type == 'a') {
                append_array(m, type + 1, text);
        } else if (*type == 's') {
                must(sd_bus_message_read(m, "s", &s));
                g_string_append(text, s);
        } else if (*type == 't') {
                must(sd_bus_message_read(m, "t", &t));
                g_string_append_printf(text, "%" G_GUINT64_FORMAT, t);
        } else if (*type == 'b') {
                must(sd_bus_message_read(m, "b", &i));
                g_string_append(text, i ? "true" : "false");
        } else {
                must(sd_bus_message_read(m, type, &i));
                g_string_append_printf(text, "%d", i);
        }
}

static char *read_properties(sd_bus_message *m) {
        GString *text = g_string_new(NULL);

        must(sd_bus_message_enter_container(m, 'a', "(sv)"));
        while (sd_bus_message_enter_container(m, 'r', "sv") > 0) {
                const char *name, *type;

                must(sd_bus_message_read(m, "s", &name));
                must(sd_bus_message_peek_type(m, NULL, &type));
                must(sd_bus_message_enter_container(m, 'v', type));
                g_string_append_printf(text, "%s%s=", text->len > 0 ? "\n" : "", name);
                append_value(m, type, text);
                must(sd_bus_message_exit_container(m));
                must(sd_bus_message_exit_container(m));
        }
        must(sd_bus_message_exit_container(m));
        return g_string_free(text, FALSE);
}

static void set_state(FakeSystemd *fake, const char *unit, const char *state) {
        if (state)
                g_hash_table_insert(fake->units, g_strdup(unit), g_strdup(state));
        else
                g_hash_table_remove(fake->units, unit);
}

static void job_removed(FakeSystemd *fake, const char *job, const char *unit, const char *result) {
        must(sd_bus_emit_signal(fake->bus, MANAGER_PATH, MANAGER, "JobRemoved", "uoss", 1, job, unit, result));
}

static char *new_job(FakeSystemd *fake, sd_bus_message *m) {
        static unsigned n;

        g_free(fake->last_job);
        fake->last_job = g_strdup_printf(MANAGER_PATH "/job/%u", ++n);
        must(sd_bus_reply_method_return(m, "o", fake->last_job));
        return fake->last_job;
}

static int start_transient(FakeSystemd *fake, sd_bus_message *m) {
        FakeStart how = fake->starts[MIN(fake->n_started, fake->n_starts - 1)];
        const char *name, *mode, *job;

        fake->n_started++;
        must(sd_bus_message_read(m, "ss", &name, &mode));
        g_ptr_array_add(fake->calls, g_strdup_printf("StartTransientUnit %s", mode));
        g_free(fake->properties);
        fake->properties = read_properties(m);

        if (how == FAKE_START_DEAF)
                return 1;
        if (how == FAKE_START_REFUSED)
                return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.TooManyUnits", "No room for a unit");
        job = new_job(fake, m);
        set_state(fake, name,
                  how == FAKE_START_HANGS                            ? "activating"
                  : how == FAKE_START_GOOD || how == FAKE_START_LOST ? "active"
                  : how == FAKE_START_VANISHES                       ? NULL
                                                                     : "inactive");
        if (how == FAKE_START_HANGS || how == FAKE_START_LOST)
                return 1;
        /* Of somebody else's job, for the same unit. */
        job_removed(fake, MANAGER_PATH "/job/0", name, "canceled");
        job_removed(fake, job, name, how == FAKE_START_FAILS ? "failed" : "done");
        return 1;
}

static int no_such_unit(sd_bus_message *m, const char *name) {
        return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoSuchUnit", "Unit %s not loaded.", name);
}

static int kill_unit(FakeSystemd *fake, sd_bus_message *m) {
        const char *name, *whom;
        int signo;

        must(sd_bus_message_read(m, "ssi", &name, &whom, &signo));
        g_ptr_array_add(fake->calls, g_strdup_printf("KillUnit %s %d", whom, signo));
        if (!g_hash_table_contains(fake->units, name))
                return no_such_unit(m, name);
        return sd_bus_reply_method_return(m, NULL);
}

static void emit_removed(FakeSystemd *fake, const char *name) {
        g_autofree char *path = NULL;

        set_state(fake, name, NULL);
        must(sd_bus_path_encode(MANAGER_PATH "/unit", name, &path));
        must(sd_bus_emit_signal(fake->bus, MANAGER_PATH, MANAGER, "UnitRemoved", "so", "another.scope", path));
        must(sd_bus_emit_signal(fake->bus, MANAGER_PATH, MANAGER, "UnitRemoved", "so", name, path));
}

static void emit_changed(FakeSystemd *fake, const char *name) {
        static const char *const states[] = { "deactivating", "inactive" };
        g_autofree char *path = NULL;

        must(sd_bus_path_encode(MANAGER_PATH "/unit", name, &path));
        for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
                set_state(fake, name, states[i]);
                must(sd_bus_emit_signal(fake->bus, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        "sa{sv}as", UNIT, 2, "SubState", "s", "x", "ActiveState", "s", states[i], 0));
        }
        /* It is looked at after StopUnit as well; that must not be what ended the wait. */
        set_state(fake, name, "deactivating");
}

static int stop_unit(FakeSystemd *fake, sd_bus_message *m) {
        const char *name, *mode;

        must(sd_bus_message_read(m, "ss", &name, &mode));
        g_ptr_array_add(fake->calls, g_strdup_printf("StopUnit %s", mode));
        if (!g_hash_table_contains(fake->units, name))
                return no_such_unit(m, name);
        if (fake->stop == FAKE_STOP_REFUSED) {
                must(sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.TransactionIsDestructive", "Busy"));
                emit_removed(fake, name);
                return 1;
        }
        (void) new_job(fake, m);
        set_state(fake, name, fake->stop == FAKE_STOP_SILENT ? "inactive" : "deactivating");
        if (fake->stop == FAKE_STOP_REMOVED)
                emit_removed(fake, name);
        else if (fake->stop == FAKE_STOP_CHANGED)
                emit_changed(fake, name);
        return 1;
}

static int list_units(FakeSystemd *fake, sd_bus_message *m) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GPatternSpec) pattern = NULL;
        const char *text;
        GHashTableIter iter;
        gpointer name, state;

        must(sd_bus_message_skip(m, "as"));
        must(sd_bus_message_read(m, "as", 1, &text));
        g_ptr_array_add(fake->calls, g_strdup_printf("ListUnitsByPatterns %s", text));
        pattern = g_pattern_spec_new(text);

        must(sd_bus_message_new_method_return(m, &reply));
        must(sd_bus_message_open_container(reply, 'a', "(ssssssouso)"));
        g_hash_table_iter_init(&iter, fake->units);
        while (g_hash_table_iter_next(&iter, &name, &state))
                if (g_pattern_spec_match_string(pattern, name))
                        must(sd_bus_message_append(reply, "(ssssssouso)", name, "", "loaded", state, "running", "",
                                                   "/", 0, "", "/"));
        must(sd_bus_message_close_container(reply));
        must(sd_bus_send(NULL, reply, NULL));
        return 1;
}

static int get_property(FakeSystemd *fake, sd_bus_message *m) {
        g_autofree char *unit = NULL, *group = NULL;
        const char *interface, *property, *state;

        must(sd_bus_path_decode(sd_bus_message_get_path(m), MANAGER_PATH "/unit", &unit));
        must(sd_bus_message_read(m, "ss", &interface, &property));
        g_ptr_array_add(fake->calls, g_strdup_printf("Get %s", property));
        if (g_str_equal(property, "ControlGroup")) {
                group = g_strdup_printf("/jouletrace.slice/%s", unit);
                return sd_bus_reply_method_return(m, "v", "s", group);
        }
        state = g_hash_table_lookup(fake->units, unit);
        if (!state)
                return no_such_unit(m, unit);
        must(sd_bus_reply_method_return(m, "v", "s", state));
        if (fake->stop == FAKE_STOP_LATE && g_str_equal(state, "deactivating"))
                set_state(fake, unit, "inactive");
        return 1;
}

static int start_unit(FakeSystemd *fake, sd_bus_message *m) {
        const char *name, *mode, *job;

        must(sd_bus_message_read(m, "ss", &name, &mode));
        g_ptr_array_add(fake->calls, g_strdup_printf("StartUnit %s %s", name, mode));
        job = new_job(fake, m);
        set_state(fake, name, "active");
        job_removed(fake, MANAGER_PATH "/job/0", name, "canceled");
        job_removed(fake, job, name, fake->slice_result ?: "done");
        return 1;
}

static int set_properties(FakeSystemd *fake, sd_bus_message *m) {
        g_autofree char *properties = NULL;
        const char *name;
        int runtime;

        must(sd_bus_message_read(m, "sb", &name, &runtime));
        properties = read_properties(m);
        g_ptr_array_add(fake->calls, g_strdup_printf("SetUnitProperties %s %s %s", name,
                                                     runtime ? "runtime" : "persistent", properties));
        if (fake->slice_deaf)
                return 1;
        g_free(fake->pending_cpus);
        fake->pending_cpus = g_strdup(strchr(properties, '=') + 1);
        return sd_bus_reply_method_return(m, NULL);
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        static const struct {
                const char *member;
                int (*handle)(FakeSystemd *fake, sd_bus_message *m);
        } methods[] = {
                { "StartTransientUnit", start_transient }, { "KillUnit", kill_unit }, { "StopUnit", stop_unit },
                { "ListUnitsByPatterns", list_units },     { "Get", get_property },   { "StartUnit", start_unit },
                { "SetUnitProperties", set_properties },
        };
        FakeSystemd *fake = userdata;
        bool deaf = fake->n_started > 0 && fake->starts[MIN(fake->n_started, fake->n_starts) - 1] == FAKE_START_DEAF;

        if (fake->pending_cpus) {
                if (fake->apply_cpus)
                        fake->apply_cpus(fake->pending_cpus, fake->userdata);
                g_clear_pointer(&fake->pending_cpus, g_free);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
                if (sd_bus_message_is_method_call(m, NULL, methods[i].member) > 0)
                        return deaf ? 1 : methods[i].handle(fake, m);
        if (sd_bus_message_is_method_call(m, MANAGER, "Subscribe") > 0)
                return sd_bus_reply_method_return(m, NULL);
        return 0;
}

void fake_systemd_serve(FakeSystemd *fake, sd_bus *bus) {
        fake->bus = sd_bus_ref(bus);
        fake->calls = g_ptr_array_new_with_free_func(g_free);
        fake->units = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        must(sd_bus_add_filter(bus, NULL, on_call, fake));
}

void fake_systemd_clear(FakeSystemd *fake) {
        g_clear_pointer(&fake->bus, sd_bus_flush_close_unref);
        g_clear_pointer(&fake->calls, g_ptr_array_unref);
        g_clear_pointer(&fake->units, g_hash_table_unref);
        g_clear_pointer(&fake->properties, g_free);
        g_clear_pointer(&fake->last_job, g_free);
        g_clear_pointer(&fake->pending_cpus, g_free);
}

char *fake_calls(FakeSystemd *fake) {
        char *text;

        g_ptr_array_add(fake->calls, NULL);
        text = g_strjoinv(", ", (char **) fake->calls->pdata);
        g_ptr_array_set_size(fake->calls, 0);
        return text;
}

void fake_peers(sd_event *event, sd_bus **ret_server, sd_bus **ret_client) {
        sd_bus *server = NULL, *client = NULL;
        sd_id128_t id;
        int fds[2];

        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
        must(sd_id128_randomize(&id));
        must(sd_bus_new(&server));
        must(sd_bus_set_fd(server, fds[0], fds[0]));
        must(sd_bus_set_server(server, true, id));
        must(sd_bus_start(server));
        must(sd_bus_attach_event(server, event, 0));
        must(sd_bus_new(&client));
        must(sd_bus_set_fd(client, fds[1], fds[1]));
        must(sd_bus_start(client));
        must(sd_bus_attach_event(client, event, 0));
        *ret_server = server;
        *ret_client = client;
}

bool run_until(sd_event *event, const bool *flag) {
        uint64_t end = now_monotonic_usec() + 5 * USEC_PER_SEC;

        while (!*flag && now_monotonic_usec() < end)
                must(sd_event_run(event, 100 * USEC_PER_MSEC));
        return *flag;
}

void run_for(sd_event *event, uint64_t usec) {
        uint64_t now = now_monotonic_usec(), end = now + usec;

        for (; now < end; now = now_monotonic_usec())
                must(sd_event_run(event, end - now));
}
