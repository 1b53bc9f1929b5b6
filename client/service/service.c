/* SPDX-License-Identifier: MIT */
#include "service.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent.h"
#include "config.h"
#include "explain.h"
#include "message-json.h"
#include "names.h"

#define CALL_TIMEOUT_USEC (60 * USEC_PER_SEC)

char *job_path(uint32_t id) {
        return g_strdup_printf("%s/_%u", JT_JOB_PATH_PREFIX, id);
}

int fill_u32(sd_bus_message *m, void *userdata) {
        return sd_bus_message_append(m, "u", *(const uint32_t *) userdata);
}

/* The embedded service inherits our standard error: its warnings are ours to show. */
static int open_embedded(const Arguments *arguments, sd_bus **ret) {
        const char *daemon = getenv("JOULETRACED") ?: JT_LIBEXECDIR "/jouletraced";
        const char *worker = getenv("JOULETRACE_WORKER");
        g_autoptr(GPtrArray) argv = g_ptr_array_new();
        g_autoptr(sd_bus) bus = NULL;
        int r;

        if (access(daemon, X_OK) < 0)
                return -errno;

        g_ptr_array_add(argv, (char *) daemon);
        g_ptr_array_add(argv, (char *) "--embedded");
        if (worker) {
                g_ptr_array_add(argv, (char *) "--worker");
                g_ptr_array_add(argv, (char *) worker);
        }
        if (arguments->meter) {
                g_ptr_array_add(argv, (char *) "--meter");
                g_ptr_array_add(argv, (char *) arguments->meter);
        }
        if (arguments->sysroot) {
                g_ptr_array_add(argv, (char *) "--sysroot");
                g_ptr_array_add(argv, (char *) arguments->sysroot);
        }
        g_ptr_array_add(argv, NULL);

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_exec(bus, daemon, (char *const *) argv->pdata);
        if (r < 0)
                return r;
        r = sd_bus_negotiate_fds(bus, true);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&bus);
        return 0;
}

static int connect_service(const Arguments *arguments, Service *service) {
        int r;

        if (arguments->local) {
                service->embedded = true;
                service->name = g_strdup(_("the embedded service"));
                return open_embedded(arguments, &service->bus);
        }

        service->destination = JT_BUS_NAME;
        if (arguments->host) {
                g_autofree char *host = text_printable(arguments->host, false);

                service->name = g_strdup_printf(_("the service of %s"), host);
                r = sd_bus_open_system_remote(&service->bus, arguments->host);
        } else {
                service->here = true;
                service->name = g_strdup(_("the service of this machine"));
                r = sd_bus_open_system(&service->bus);
        }
        return r;
}

/* Waits until the connection stands, so that a host that cannot be reached is told from a service that fails. */
static int greet(Service *service) {
        g_autoptr(sd_bus_message) m = NULL;
        const char *unique;
        int r;

        if (service->destination)
                return sd_bus_get_unique_name(service->bus, &unique);
        r = sd_bus_message_new_method_call(service->bus, &m, NULL, "/", "org.freedesktop.DBus.Peer", "Ping");
        if (r < 0)
                return r;
        return sd_bus_call(service->bus, m, CALL_TIMEOUT_USEC, NULL, NULL);
}

static int explain_unreachable(const Arguments *arguments, const Service *service, int r) {
        /* what it had to say of that stands above */
        bool ended = arguments->local && (r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE);
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        const char *name = arguments->local  ? EXPLAIN_NOT_EMBEDDED
                           : arguments->host ? EXPLAIN_HOST_UNREACHABLE
                                             : SD_BUS_ERROR_SERVICE_UNKNOWN;
        g_autofree char *subject =
                        g_strdup_printf("%s: %s", service->name, ended ? _("it ended at once") : g_strerror(-r));

        (void) sd_bus_error_set_const(&error, name, NULL);
        return explain_error(&error, subject, &service->style);
}

int service_open(const Arguments *arguments, Service **ret) {
        g_autoptr(Service) service = g_new0(Service, 1);
        int r;

        service->style = (Style){ .ascii = arguments->style.ascii };
        r = sd_event_new(&service->event);
        if (r < 0)
                return explain_errno(r, "", &service->style);
        r = connect_service(arguments, service);
        if (r >= 0)
                r = greet(service);
        if (r < 0)
                return explain_unreachable(arguments, service, r);
        r = sd_bus_attach_event(service->bus, service->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return explain_errno(r, service->name, &service->style);
        *ret = g_steal_pointer(&service);
        return 0;
}

Service *service_free(Service *service) {
        if (!service)
                return NULL;
        agent_stop(&service->agent);
        sd_bus_flush_close_unref(service->bus);
        sd_event_unref(service->event);
        g_free(service->name);
        g_free(service);
        return NULL;
}

int service_message(Service *service, const Call *call, bool interactive, sd_bus_message **ret) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_method_call(service->bus, &m, service->destination, call->path, call->interface,
                                           call->member);
        if (r < 0)
                return r;
        r = sd_bus_message_set_allow_interactive_authorization(m, interactive);
        if (r < 0)
                return r;
        if (call->fill) {
                r = call->fill(m, call->userdata);
                if (r < 0)
                        return r;
        }
        *ret = g_steal_pointer(&m);
        return 0;
}

bool service_wants_password(Service *service, const sd_bus_error *error) {
        if (!sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
                return false;
        /* over ssh the agent of this terminal would answer for the wrong machine */
        if (service->here)
                (void) agent_start(&service->agent);
        return true;
}

int service_try(Service *service, const Call *call, sd_bus_message **ret_reply, sd_bus_error *error) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        /* Quiet first: most callers need no password, and then no agent either. */
        r = service_message(service, call, false, &m);
        if (r < 0)
                return r;
        r = sd_bus_call(service->bus, m, CALL_TIMEOUT_USEC, error, ret_reply);
        if (r >= 0 || !service_wants_password(service, error))
                return r;

        sd_bus_error_free(error);
        m = sd_bus_message_unref(m);
        r = service_message(service, call, true, &m);
        if (r < 0)
                return r;
        return sd_bus_call(service->bus, m, SERVICE_ASK_TIMEOUT_USEC, error, ret_reply);
}

int service_call(Service *service, const Call *call, sd_bus_message **ret_reply) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        int r;

        r = service_try(service, call, ret_reply, &error);
        if (r >= 0)
                return 0;
        if (sd_bus_error_is_set(&error))
                return explain_error(&error, call->subject ?: service->name, &service->style);
        return explain_errno(r, call->subject ?: service->name, &service->style);
}

int service_ask(Service *service, const Call *call, JsonNode **ret) {
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = service_call(service, call, &reply);
        if (r != 0)
                return r;
        r = message_to_json(reply, ret);
        return r < 0 ? explain_errno(r, service->name, &service->style) : 0;
}

static int fill_interface(sd_bus_message *m, void *userdata) {
        return sd_bus_message_append(m, "s", JT_MANAGER_INTERFACE);
}

int service_properties(Service *service, JsonNode **ret) {
        const Call call = {
                .path = JT_MANAGER_PATH,
                .interface = "org.freedesktop.DBus.Properties",
                .member = "GetAll",
                .fill = fill_interface,
        };

        return service_ask(service, &call, ret);
}

int service_report(Service *service, uint32_t id, char **ret) {
        g_autofree char *subject = g_strdup_printf(_("job %u"), id);
        g_autoptr(sd_bus_message) reply = NULL;
        const Call call = MANAGER_CALL("GetReport", .fill = fill_u32, .userdata = &id, .subject = subject);
        const char *text;
        int r;

        r = service_call(service, &call, &reply);
        if (r != 0)
                return r;
        r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return explain_errno(r, subject, &service->style);
        *ret = g_strdup(text);
        return 0;
}
