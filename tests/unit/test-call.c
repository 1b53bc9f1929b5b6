/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <systemd/sd-id128.h>

#include "call.h"
#include "offline-bus.h"

#define MIB (1U << 20)

/* ---- what waiting calls take ---- */

static sd_bus_message *call_of(OfflineBus *offline, const char *sender, size_t bytes) {
        g_autofree uint8_t *body = g_malloc0(bytes);
        sd_bus_message *m;

        g_assert_cmpint(sd_bus_message_new_method_call(offline->bus, &m, NULL, "/test", "org.jouletrace.Test", "Test"),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_set_sender(m, sender), >=, 0);
        g_assert_cmpint(sd_bus_message_append_array(m, 'y', body, bytes), >=, 0);
        offline_message_turn(m);
        return m;
}

static int get(Calls *calls, OfflineBus *offline, const char *sender, size_t bytes, Call **ret, char **ret_message) {
        sd_bus_message *m = call_of(offline, sender, bytes);
        int r = call_get(calls, m, ret, ret_message);

        sd_bus_message_unref(m);
        return r;
}

/* Whether one more call of this user would be taken, with this many bytes. */
static bool takes(Calls *calls, OfflineBus *offline, const char *sender, uid_t user, size_t bytes, const char *why) {
        g_autofree char *message = NULL;
        Call *call;
        int r;

        r = get(calls, offline, sender, bytes, &call, &message);
        if (r >= 0 && user != UINT32_MAX)
                r = call_charge(call, user, &message);
        if (r >= 0)
                return true;
        g_assert_cmpint(r, ==, -EBUSY);
        g_assert_nonnull(message);
        g_assert_nonnull(strstr(message, why));
        return false;
}

static void test_bytes(void) {
        g_auto(OfflineBus) offline = {};
        g_autoptr(Peers) peers = NULL;
        Calls *calls;

        offline_bus_init(&offline);
        peers = peers_new(offline.bus);
        calls = calls_new(offline.bus, peers, NULL, NULL);

        /* Whoever the bus has not told of yet is bounded by connection. */
        g_assert_true(takes(calls, &offline, ":1.1", UINT32_MAX, 30 * MIB, ""));
        g_assert_true(takes(calls, &offline, ":1.1", UINT32_MAX, 30 * MIB, ""));
        g_assert_false(takes(calls, &offline, ":1.1", UINT32_MAX, 5 * MIB, "at most 64 MiB"));
        g_assert_true(takes(calls, &offline, ":1.1", UINT32_MAX, 3 * MIB, ""));

        /* A user, over all connections. */
        g_assert_true(takes(calls, &offline, ":1.2", 1000, 30 * MIB, ""));
        g_assert_true(takes(calls, &offline, ":1.3", 1000, 30 * MIB, ""));
        g_assert_false(takes(calls, &offline, ":1.4", 1000, 30 * MIB, "at most 64 MiB"));
        g_assert_true(takes(calls, &offline, ":1.4", 1001, 60 * MIB, ""));

        /* All of them; what was refused takes nothing. */
        g_assert_cmpuint(calls_pending(calls), ==, 6);
        g_assert_true(takes(calls, &offline, ":1.5", 1002, 60 * MIB, ""));
        g_assert_false(takes(calls, &offline, ":1.6", 1003, 30 * MIB, "at most 256 MiB"));
        g_assert_true(takes(calls, &offline, ":1.6", 1003, MIB, ""));
        calls_free(calls);
}

/* ---- what answered calls take ---- */

typedef struct Service {
        sd_event *event;
        sd_bus *bus, *caller;
        Peers *peers;
        Calls *calls;
        Call *asking;
        unsigned n_served, n_answers;
        bool refused;
} Service;

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Service *service = userdata;
        g_autofree char *message = NULL;
        sd_bus_slot *slot;
        Call *call;
        int answer;

        call = call_find(service->calls, m);
        if (call && call_answered(call, "may it?", &answer)) {
                service->n_served++;
                return sd_bus_reply_method_return(m, NULL);
        }
        if (call_get(service->calls, m, &call, &message) < 0) {
                service->refused = true;
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, message);
        }
        g_assert_cmpint(sd_bus_match_signal(service->bus, &slot, NULL, "/test", "org.jouletrace.Test", "Answered",
                                            on_call, service),
                        >=, 0);
        call_ask(call, "may it?", slot, NULL);
        service->asking = call;
        return 1;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Service *service = userdata;

        service->n_answers++;
        return 0;
}

/* There is always more to do, so nothing of idle priority has its turn. */
static int on_busy(sd_event_source *source, void *userdata) {
        return 0;
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Test", "", "", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void service_start(Service *service) {
        sd_id128_t id;
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(sd_event_new(&service->event), >=, 0);
        g_assert_cmpint(sd_id128_randomize(&id), >=, 0);
        g_assert_cmpint(sd_bus_new(&service->bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(service->bus, fds[0], fds[0]), >=, 0);
        g_assert_cmpint(sd_bus_set_server(service->bus, true, id), >=, 0);
        g_assert_cmpint(sd_bus_add_object_vtable(service->bus, NULL, "/test", "org.jouletrace.Test", vtable, service),
                        >=, 0);
        g_assert_cmpint(sd_bus_start(service->bus), >=, 0);
        g_assert_cmpint(sd_bus_new(&service->caller), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(service->caller, fds[1], fds[1]), >=, 0);
        g_assert_cmpint(sd_bus_start(service->caller), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(service->bus, service->event, SD_EVENT_PRIORITY_NORMAL), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(service->caller, service->event, SD_EVENT_PRIORITY_NORMAL), >=, 0);
        service->peers = peers_new(service->bus);
        service->calls = calls_new(service->bus, service->peers, NULL, NULL);
}

static void service_end(Service *service) {
        calls_free(service->calls);
        peers_free(service->peers);
        sd_bus_flush_close_unref(service->caller);
        sd_bus_flush_close_unref(service->bus);
        sd_event_unref(service->event);
}

/* A busy bus keeps nobody's answered calls: sixteen of them would be all one may have. */
static void test_answered_on_a_busy_bus(void) {
        Service service = {};
        sd_event_source *busy;

        service_start(&service);
        g_assert_cmpint(sd_event_add_defer(service.event, &busy, on_busy, NULL), >=, 0);
        g_assert_cmpint(sd_event_source_set_priority(busy, SD_EVENT_PRIORITY_IDLE - 1), >=, 0);
        g_assert_cmpint(sd_event_source_set_enabled(busy, SD_EVENT_ON), >=, 0);
        for (unsigned i = 0; i < 40; i++) {
                g_autoptr(sd_bus_message) m = NULL;

                g_assert_cmpint(sd_bus_message_new_method_call(service.caller, &m, NULL, "/test",
                                                               "org.jouletrace.Test", "Test"),
                                >=, 0);
                g_assert_cmpint(sd_bus_message_set_sender(m, ":1.1"), >=, 0);
                g_assert_cmpint(sd_bus_call_async(service.caller, NULL, m, on_answer, &service, 0), >=, 0);
                while (service.n_answers <= i) {
                        g_assert_cmpint(sd_event_run(service.event, USEC_PER_SEC), >=, 0);
                        if (service.asking)
                                call_answer(g_steal_pointer(&service.asking), 1);
                }
                g_assert_false(service.refused);
                g_assert_cmpuint(service.n_served, ==, i + 1);
                g_assert_cmpuint(calls_pending(service.calls), <=, 1);
        }

        /* And a quiet one not even the last. */
        sd_event_source_disable_unref(busy);
        for (unsigned i = 0; i < 100 && calls_pending(service.calls) > 0; i++)
                g_assert_cmpint(sd_event_run(service.event, 10 * USEC_PER_MSEC), >=, 0);
        g_assert_cmpuint(calls_pending(service.calls), ==, 0);
        service_end(&service);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/call/bytes", test_bytes);
        g_test_add_func("/call/answered-on-a-busy-bus", test_answered_on_a_busy_bus);
        return g_test_run();
}
