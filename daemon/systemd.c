/* SPDX-License-Identifier: MIT */

/* The connection to systemd: who it is on the bus, calls, signals, errors. */

#include <string.h>
#include <systemd/sd-id128.h>

#include "cpuset.h"
#include "log.h"
#include "sender.h"
#include "systemd-internal.h"

static int on_subscribed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Systemd *systemd = userdata;
        const char *message;
        int r;

        r = systemd_reply_error(m, &message);
        if (r < 0 && !sd_bus_message_is_method_error(m, SYSTEMD_SERVICE ".AlreadySubscribed")) {
                log_warning("systemd does not tell us of its jobs, scopes cannot be started: %s", message);
                return 0;
        }

        /* Only the one who was asked can answer, so this is PID 1's name on the bus. */
        g_free(systemd->owner);
        systemd->owner = g_strdup(sd_bus_message_get_sender(m));
        return 0;
}

static int subscribe(Systemd *systemd) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = systemd_method(systemd, "Subscribe", &m);
        if (r < 0)
                return r;
        return systemd_call(systemd, m, &systemd->subscribe_slot, on_subscribed, systemd);
}

/* systemctl daemon-reexec: PID 1 comes back under another name. */
static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Systemd *systemd = userdata;
        const char *new_owner;
        int r;

        if (!sent_by_bus(m))
                return 0;
        r = sd_bus_message_read(m, "sss", NULL, NULL, &new_owner);
        if (r < 0)
                return r;
        if (*new_owner == '\0')
                return 0;

        g_free(systemd->owner);
        systemd->owner = g_strdup(new_owner);
        return subscribe(systemd);
}

static int on_match_installed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *message;

        if (systemd_reply_error(m, &message) < 0)
                log_warning("A signal of systemd cannot be waited for: %s", message);
        return 0;
}

static char *random_instance(void) {
        sd_id128_t id;
        char text[SD_ID128_STRING_MAX];

        if (sd_id128_randomize(&id) < 0)
                return g_strdup_printf("%016" G_GINT64_MODIFIER "x", now_realtime_usec());
        sd_id128_to_string(id, text);
        return g_strndup(text, 16);
}

int systemd_new(sd_bus *bus, sd_event *event, Systemd **ret) {
        g_autoptr(Systemd) systemd = NULL;
        int r;

        systemd = g_new0(Systemd, 1);
        systemd->bus = sd_bus_ref(bus);
        systemd->event = sd_event_ref(event);
        systemd->instance = random_instance();
        systemd->dependents = g_hash_table_new(NULL, NULL);
        systemd->start_timeout_usec = START_TIMEOUT_USEC;
        systemd->stop_timeout_usec = STOP_TIMEOUT_USEC;

        if (sd_bus_is_bus_client(bus) > 0) {
                r = sd_bus_add_match_async(bus, &systemd->owner_slot,
                                           "type='signal',sender='org.freedesktop.DBus',"
                                           "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                                           "arg0='" SYSTEMD_SERVICE "'",
                                           on_owner_changed, on_match_installed, systemd);
                if (r < 0)
                        return r;
        }
        r = subscribe(systemd);
        if (r < 0)
                return r;

        *ret = g_steal_pointer(&systemd);
        return 0;
}

Systemd *systemd_free(Systemd *systemd) {
        GHashTableIter iter;
        gpointer key;

        if (!systemd)
                return NULL;
        leftovers_free(systemd->leftovers);

        g_hash_table_iter_init(&iter, systemd->dependents);
        while (g_hash_table_iter_next(&iter, &key, NULL)) {
                Dependent *dependent = key;

                dependent->detach(dependent);
                dependent->systemd = NULL;
        }
        g_hash_table_unref(systemd->dependents);
        sd_bus_slot_unref(systemd->subscribe_slot);
        sd_bus_slot_unref(systemd->owner_slot);
        sd_event_unref(systemd->event);
        sd_bus_unref(systemd->bus);
        g_free(systemd->instance);
        g_free(systemd->owner);
        g_free(systemd);
        return NULL;
}

void systemd_attach(Systemd *systemd, Dependent *dependent) {
        dependent->systemd = systemd;
        g_hash_table_add(systemd->dependents, dependent);
}

void systemd_detach(Dependent *dependent) {
        dependent->detach(dependent);
        if (dependent->systemd)
                g_hash_table_remove(dependent->systemd->dependents, dependent);
        dependent->systemd = NULL;
}

void systemd_set_timeouts(Systemd *systemd, uint64_t start_usec, uint64_t stop_usec) {
        systemd->start_timeout_usec = start_usec;
        systemd->stop_timeout_usec = stop_usec;
}

int systemd_method(Systemd *systemd, const char *method, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(systemd->bus, ret, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                              method);
}

int systemd_call(Systemd *systemd, sd_bus_message *m, sd_bus_slot **slot, sd_bus_message_handler_t handler,
                 void *userdata) {
        *slot = sd_bus_slot_unref(*slot);
        return sd_bus_call_async(systemd->bus, slot, m, handler, userdata, 0);
}

int systemd_get(Systemd *systemd, const char *unit, const char *interface, const char *property, sd_bus_slot **slot,
                sd_bus_message_handler_t handler, void *userdata) {
        g_autoptr(sd_bus_message) m = NULL;
        g_autofree char *path = NULL;
        int r;

        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(systemd->bus, &m, SYSTEMD_SERVICE, path, "org.freedesktop.DBus.Properties",
                                           "Get");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "ss", interface, property);
        if (r < 0)
                return r;
        return systemd_call(systemd, m, slot, handler, userdata);
}

int systemd_match(Systemd *systemd, sd_bus_slot **slot, const char *path, const char *interface, const char *member,
                  const char *filter, sd_bus_message_handler_t handler, void *userdata) {
        g_autofree char *rule = NULL;

        /* A peer connection has no names of senders. */
        rule = g_strdup_printf("type='signal',%spath='%s',interface='%s',member='%s'%s%s",
                               sd_bus_is_bus_client(systemd->bus) > 0 ? "sender='" SYSTEMD_SERVICE "'," : "", path,
                               interface, member, filter ? "," : "", filter ?: "");
        *slot = sd_bus_slot_unref(*slot);
        return sd_bus_add_match_async(systemd->bus, slot, rule, handler, on_match_installed, userdata);
}

bool systemd_sent(const Systemd *systemd, sd_bus_message *signal) {
        if (sd_bus_is_bus_client(systemd->bus) <= 0)
                return true;
        return systemd->owner && sent_by(signal, systemd->owner);
}

int systemd_reply_error(sd_bus_message *reply, const char **ret_message) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        if (!error)
                return 0;
        *ret_message = error->message && *error->message != '\0' ? error->message : error->name;
        return -(sd_bus_message_get_errno(reply) ?: EIO);
}

int systemd_read_job(sd_bus_message *reply, char **job, const char **ret_message) {
        const char *path;
        int r;

        r = systemd_reply_error(reply, ret_message);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return r;
        g_free(*job);
        *job = g_strdup(path);
        return 0;
}

int systemd_job_removed(const Systemd *systemd, sd_bus_message *signal, const char *job, const char **ret_result) {
        const char *path, *result;
        int r;

        if (!systemd_sent(systemd, signal))
                return 0;
        r = sd_bus_message_read(signal, "uoss", NULL, &path, NULL, &result);
        if (r < 0)
                return r;
        if (g_strcmp0(path, job) != 0)
                return 0;
        *ret_result = result;
        return 1;
}

bool systemd_reply_no_unit(sd_bus_message *reply) {
        return sd_bus_message_is_method_error(reply, SYSTEMD_SERVICE ".NoSuchUnit") > 0 ||
               sd_bus_message_is_method_error(reply, SD_BUS_ERROR_UNKNOWN_OBJECT) > 0;
}

int systemd_append_cpus(sd_bus_message *m, const cpu_set_t *cpus) {
        g_autofree uint8_t *bytes = NULL;
        size_t length;
        int r;

        bytes = cpulist_to_bytes(cpus, &length);
        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", "AllowedCPUs");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', "ay");
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(m, 'y', bytes, length);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int systemd_start_timer(Systemd *systemd, sd_event_source **timer, uint64_t usec, sd_event_time_handler_t handler,
                        void *userdata) {
        *timer = sd_event_source_disable_unref(*timer);
        return sd_event_add_time_relative(systemd->event, timer, CLOCK_MONOTONIC, usec, 1, handler, userdata);
}
