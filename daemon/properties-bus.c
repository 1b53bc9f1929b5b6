/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "language.h"
#include "log.h"
#include "manager-bus.h"
#include "names.h"
#include "properties-bus.h"
#include "config.h"

PROPERTY_GETTER(version) {
        return sd_bus_message_append(reply, "s", JT_VERSION);
}

PROPERTY_GETTER(api_version) {
        return sd_bus_message_append(reply, "u", JT_API_VERSION);
}

/* Upper bounds by the keys' own types, as a request would carry them; of lists their length, of blobs their bytes. */
static int append_limits(sd_bus_message *m, const RequestLimits *limits) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        for (KeyId key = 0; key < N_REQUEST_KEYS; key++) {
                uint64_t max = limits->bounds[key].max;

                switch (request_keys[key].type) {
                case KEY_UINT32:
                        r = sd_bus_message_append(m, "{sv}", request_keys[key].name, "u", (uint32_t) max);
                        break;
                case KEY_UINT64:
                case KEY_USEC:
                case KEY_BYTES:
                        r = sd_bus_message_append(m, "{sv}", request_keys[key].name, "t", max);
                        break;
                case KEY_FILES:
                case KEY_TESTS:
                        r = sd_bus_message_append(m, "{sv}", request_keys[key].name, "u", (uint32_t) max);
                        break;
                case KEY_FD_OR_BYTES:
                        if (key == REQUEST_BLOBS)
                                r = sd_bus_message_append(m, "{sv}", request_keys[key].name, "t", max);
                        break;
                default:
                        break;
                }
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int append_strings(sd_bus_message *m, const char *key, char **strings) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", key);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', "as");
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(m, strings);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

PROPERTY_GETTER(capabilities) {
        const Manager *manager = userdata;
        g_autofree const char **languages = languages_ids(manager->languages);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        r = append_strings(reply, "languages", (char **) languages);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "s", "limits");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'v', "a{sv}");
        if (r < 0)
                return r;
        r = append_limits(reply, &manager->request_limits);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}", "profiles", "as", 2, "host", "box", "meters", "as", 5, "auto",
                                  "perf", "powercap", "model", "none");
        if (r < 0)
                return r;
        return sd_bus_message_close_container(reply);
}

static int append_domain(sd_bus_message *m, const Domain *domain) {
        bool perf = domain->perf.pmu && domain->perf.error == 0;
        bool powercap = domain->powercap.id && domain->powercap.error == 0;
        const char *reader = perf ? "perf" : powercap ? "powercap" : NULL;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "name", "s", domain->name, "kind", "s",
                                  domain_kind_to_string(domain->kind), "source", "s",
                                  domain->perf.pmu ? "perf" : "powercap", "readable", "b", (int) (reader != NULL));
        if (r >= 0 && domain->package >= 0)
                r = sd_bus_message_append(m, "{sv}", "package", "u", (uint32_t) domain->package);
        if (r >= 0 && domain->unit_uj > 0)
                r = sd_bus_message_append(m, "{sv}", "unit-uj", "d", domain->unit_uj);
        if (r >= 0 && domain->range_uj > 0)
                r = sd_bus_message_append(m, "{sv}", "range-uj", "t", domain->range_uj);
        if (r >= 0 && reader)
                r = sd_bus_message_append(m, "{sv}", "reader", "s", reader);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

PROPERTY_GETTER(domains) {
        const Manager *manager = userdata;
        const Topology *topology = manager->topology;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r < 0)
                return r;
        for (size_t i = 0; i < topology->n_domains; i++) {
                r = append_domain(reply, &topology->domains[i]);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < topology->n_dropped; i++) {
                const DroppedDomain *dropped = &topology->dropped[i];

                r = sd_bus_message_append(reply, "a{sv}", 3, "name", "s", dropped->name, "source", "s",
                                          dropped->source, "dropped", "s", dropped->reason);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(reply);
}

PROPERTY_GETTER(ready) {
        g_auto(GStrv) reasons = manager_not_ready(userdata);

        return sd_bus_message_append(reply, "b", (int) !reasons[0]);
}

PROPERTY_GETTER(reasons) {
        g_auto(GStrv) reasons = manager_not_ready(userdata);

        return sd_bus_message_append_strv(reply, reasons);
}

PROPERTY_GETTER(reserved_cpus) {
        const Manager *manager = userdata;
        g_autofree char *list = cores_list(manager->cores);

        return sd_bus_message_append(reply, "s", list);
}

PROPERTY_GETTER(isolation) {
        const Manager *manager = userdata;

        return sd_bus_message_append(reply, "s", isolation_to_string(cores_isolation(manager->cores)));
}

PROPERTY_GETTER(queue_length) {
        const Manager *manager = userdata;

        return sd_bus_message_append(reply, "u", queue_length(manager->queue));
}

PROPERTY_GETTER(running_job) {
        const Manager *manager = userdata;

        return sd_bus_message_append(reply, "u", manager->running ? manager->running->record->id : 0);
}

PROPERTY_GETTER(calibration) {
        const Manager *manager = userdata;

        return calibrator_append(manager->calibrator, reply);
}

static void log_unsent(int r) {
        if (r < 0)
                log_errno(LOG_WARNING, r, "cannot send a signal");
}

void manager_bus_emit_job_new(Manager *manager, const Job *job) {
        log_unsent(sd_bus_emit_signal(manager->bus, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "JobNew", "uo",
                                      job->record->id, job->path));
}

void manager_bus_emit_job_removed(Manager *manager, const Job *job) {
        log_unsent(sd_bus_emit_signal(manager->bus, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "JobRemoved", "uo",
                                      job->record->id, job->path));
}

void manager_bus_emit_queue(Manager *manager) {
        log_unsent(sd_bus_emit_properties_changed(manager->bus, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "QueueLength",
                                                  "RunningJob", NULL));
}

void manager_bus_emit_capabilities(Manager *manager) {
        log_unsent(sd_bus_emit_properties_changed(manager->bus, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "Capabilities",
                                                  NULL));
}

void manager_bus_emit_cores(Manager *manager) {
        log_unsent(sd_bus_emit_properties_changed(manager->bus, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "ReservedCPUs",
                                                  "IsolationLevel", NULL));
}

void manager_bus_emit_ready(Manager *manager) {
        log_unsent(sd_bus_emit_properties_changed(manager->bus, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "Ready",
                                                  "NotReadyReasons", NULL));
}

void manager_bus_emit_calibration(void *userdata) {
        Manager *manager = userdata;

        /* The host is looked at before the objects are offered. */
        if (manager->slots[0])
                log_unsent(sd_bus_emit_properties_changed(manager->bus, JT_MANAGER_PATH, JT_MANAGER_INTERFACE,
                                                          "Calibration", NULL));
}
