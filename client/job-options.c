/* SPDX-License-Identifier: MIT */
#include "job-options.h"

#include <stdio.h>

#include "explain.h"
#include "names.h"
#include "watch.h"

#define FALLBACK_SIZE 32

/* The default of a number; the others' stand in their texts. */
static const char *fallback(KeyId id) {
        static char texts[N_REQUEST_KEYS][FALLBACK_SIZE];
        g_autofree char *number = NULL;

        if (request_keys[id].bounds.fallback == 0 || id == REQUEST_WALL_LIMIT)
                return NULL;
        number = request_format_number(request_keys[id].type, request_keys[id].bounds.fallback);
        (void) g_strlcpy(texts[id], number, FALLBACK_SIZE);
        return texts[id];
}

size_t key_options(JobKind kind, Option *options, size_t n) {
        for (int id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];

                /* the meter is a global option, since --local takes it at every verb */
                if (!key->metavar || id == REQUEST_METER || !request_key_takes((KeyId) id, kind))
                        continue;
                options[n++] = (Option){
                        .name = key->name,
                        .metavar = key->type == KEY_BOOLEAN ? NULL : key->metavar,
                        .doc = key->doc,
                        .id = id,
                        .choices = key->choices,
                        .fallback = fallback((KeyId) id),
                };
        }
        return n;
}

void key_limits_init(RequestLimits *limits) {
        request_limits_init(limits);
        for (int id = 0; id < N_REQUEST_KEYS; id++) {
                if (!request_keys[id].knob)
                        continue;
                if (id == REQUEST_MIN_WINDOW)
                        limits->bounds[id].min = 0;
                else
                        limits->bounds[id].max = request_keys[id].type == KEY_UINT32 ? UINT32_MAX : UINT64_MAX;
        }
}

static int fill_request(sd_bus_message *m, void *userdata) {
        const Request *request = userdata;

        return request->kind == JOB_COMPARE ? request_compare_append_given(m, request)
                                            : request_append_given(m, request);
}

int submit_detached(const Arguments *arguments, Service *service, const char *method, Request *request) {
        const Call call = MANAGER_CALL(method, .fill = fill_request, .userdata = request);
        g_autoptr(sd_bus_message) reply = NULL;
        uint32_t id;
        int r;

        r = service_call(service, &call, &reply);
        if (r != 0)
                return r;
        r = sd_bus_message_read(reply, "uo", &id, NULL);
        if (r < 0)
                return explain_errno(r, service->name, &service->style);
        if (arguments->json)
                printf("{\"id\":%u}\n", id);
        else
                printf("%u\n", id);
        return EXIT_DONE;
}

int submit_and_wait(const Arguments *arguments, Service *service, const char *method, Request *request,
                    uint32_t *ret_id) {
        g_autoptr(Progress) progress = progress_new(arguments);
        g_autoptr(Watch) watch = NULL;
        int code, r;

        *ret_id = 0;
        r = watch_new(service, progress, true, &watch);
        if (r != 0)
                return r;
        code = watch_submit(watch, method, fill_request, request);
        if (watch_result(watch))
                *ret_id = watch_id(watch);
        return code;
}
