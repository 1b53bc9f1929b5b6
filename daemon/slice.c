/* SPDX-License-Identifier: MIT */

/* AllowedCPUs of jouletrace.slice: start it, set the property, wait until the kernel has been told. */

#include "names.h"
#include "systemd-internal.h"

struct SliceRequest {
        Dependent dependent;
        cpu_set_t cpus;
        SliceReady ready;
        void *userdata;
        char *job;
        sd_bus_slot *call_slot;
        sd_bus_slot *match_slot;
        sd_event_source *timer;
};

static void slice_request_drop(Dependent *dependent) {
        SliceRequest *request = (SliceRequest *) dependent;

        request->call_slot = sd_bus_slot_unref(request->call_slot);
        request->match_slot = sd_bus_slot_unref(request->match_slot);
        request->timer = sd_event_source_disable_unref(request->timer);
}

/* The caller may free the request in ready(): nothing is touched afterwards. */
static void finish(SliceRequest *request, int r, const char *message) {
        slice_request_drop(&request->dependent);
        request->ready(r, message, request->userdata);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        SliceRequest *request = userdata;

        finish(request, -ETIMEDOUT, "systemd did not set the CPUs of " JT_SLICE " in time");
        return 0;
}

static int on_barrier(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        SliceRequest *request = userdata;
        const char *message = NULL;
        int r;

        r = systemd_reply_error(m, &message);
        finish(request, r, message);
        return 0;
}

/* systemd answers SetUnitProperties before it writes to the cgroup, which it does once in each turn of its loop; the
 * answer to another call comes after that (252, manager_loop()). */
static int on_set(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        SliceRequest *request = userdata;
        const char *message = NULL;
        int r;

        r = systemd_reply_error(m, &message);
        if (r >= 0)
                r = systemd_get(request->dependent.systemd, JT_SLICE, SYSTEMD_UNIT, "ActiveState", &request->call_slot,
                                on_barrier, request);
        if (r < 0)
                finish(request, r, message ?: g_strerror(-r));
        return 0;
}

static int set_properties(SliceRequest *request) {
        Systemd *systemd = request->dependent.systemd;
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = systemd_method(systemd, "SetUnitProperties", &m);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "sb", JT_SLICE, true);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r < 0)
                return r;
        r = systemd_append_cpus(m, &request->cpus);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return systemd_call(systemd, m, &request->call_slot, on_set, request);
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        SliceRequest *request = userdata;
        const char *result;
        int r;

        r = systemd_job_removed(request->dependent.systemd, m, request->job, &result);
        if (r <= 0)
                return r;

        if (!g_str_equal(result, "done")) {
                g_autofree char *message = g_strdup_printf("systemd could not start " JT_SLICE ": %s", result);

                finish(request, -ENOTRECOVERABLE, message);
                return 0;
        }
        request->match_slot = sd_bus_slot_unref(request->match_slot);
        r = set_properties(request);
        if (r < 0)
                finish(request, r, g_strerror(-r));
        return 0;
}

static int on_started(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        SliceRequest *request = userdata;
        const char *message = NULL;
        int r;

        r = systemd_read_job(m, &request->job, &message);
        if (r < 0)
                finish(request, r, message ?: g_strerror(-r));
        return 0;
}

static int start(SliceRequest *request) {
        Systemd *systemd = request->dependent.systemd;
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = systemd_match(systemd, &request->match_slot, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved", NULL,
                          on_job_removed, request);
        if (r < 0)
                return r;
        r = systemd_start_timer(systemd, &request->timer, systemd->start_timeout_usec, on_timeout, request);
        if (r < 0)
                return r;
        r = systemd_method(systemd, "StartUnit", &m);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "ss", JT_SLICE, "replace");
        if (r < 0)
                return r;
        return systemd_call(systemd, m, &request->call_slot, on_started, request);
}

int systemd_set_slice_cpus(Systemd *systemd, const cpu_set_t *cpus, SliceReady ready, void *userdata,
                           SliceRequest **ret) {
        g_autoptr(SliceRequest) request = NULL;
        int r;

        request = g_new0(SliceRequest, 1);
        request->cpus = *cpus;
        request->ready = ready;
        request->userdata = userdata;
        request->dependent.detach = slice_request_drop;
        systemd_attach(systemd, &request->dependent);

        r = start(request);
        if (r < 0)
                return r;

        *ret = g_steal_pointer(&request);
        return 0;
}

SliceRequest *slice_request_free(SliceRequest *request) {
        if (!request)
                return NULL;
        systemd_detach(&request->dependent);
        g_free(request->job);
        g_free(request);
        return NULL;
}
