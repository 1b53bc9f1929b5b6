/* SPDX-License-Identifier: MIT */

/* The request of a comparison: its candidates, and what holds for all of them. */

#include "errors.h"
#include "names.h"
#include "request-internal.h"

static void free_candidate(void *request) {
        request_free(request);
}

Request *request_add_candidate(Request *request, const RequestLimits *limits) {
        Request *candidate = request_new(REQUEST_CANDIDATE, limits);

        if (!request->candidates)
                request->candidates = g_ptr_array_new_with_free_func(free_candidate);
        g_ptr_array_add(request->candidates, candidate);
        return candidate;
}

size_t request_n_programs(const Request *request) {
        return request->kind != JOB_COMPARE ? 1 : request->candidates ? request->candidates->len : 0;
}

const Request *request_program(const Request *request, size_t i) {
        return request->kind == JOB_COMPARE ? g_ptr_array_index(request->candidates, i) : request;
}

/* ---- reading ---- */

static int read_candidates(sd_bus_message *m, Request *request, const RequestLimits *limits, char **ret_message) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "a{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                g_autofree char *message = NULL;

                if (request->candidates && request->candidates->len >= REQUEST_CANDIDATES_MAX) {
                        *ret_message = g_strdup_printf("there are more than %u candidates; compare fewer at a time",
                                                       REQUEST_CANDIDATES_MAX);
                        return -EBADMSG;
                }
                r = request_read(m, request_add_candidate(request, limits), limits, &message);
                if (message)
                        *ret_message = g_strdup_printf("candidate %u: %s", request->candidates->len, message);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

static void copy_value(Request *to, const Request *from, KeyId id) {
        void *p = request_member(to, id);
        const void *q = request_member_const(from, id);

        switch (request_keys[id].type) {
        case KEY_UINT32:
                *(uint32_t *) p = *(const uint32_t *) q;
                break;
        case KEY_UINT64:
        case KEY_USEC:
        case KEY_BYTES:
                *(uint64_t *) p = *(const uint64_t *) q;
                break;
        case KEY_DOUBLE:
                *(double *) p = *(const double *) q;
                break;
        case KEY_BOOLEAN:
                *(bool *) p = *(const bool *) q;
                break;
        case KEY_STRING:
        case KEY_CHOICE:
                g_free(*(char **) p);
                *(char **) p = g_strdup(*(char *const *) q);
                break;
        default: /* what lists or descriptors say belongs to a program */
                g_assert_not_reached();
        }
}

/* Makes a candidate the request of its own measurement. */
static int complete_candidate(Request *candidate, const Request *options, const RequestLimits *limits,
                              char **ret_message) {
        const uint64_t shared = request_keys_of(JOB_COMPARE) & request_keys_of(JOB_MEASURE);

        for (KeyId id = 0; id < N_REQUEST_KEYS; id++)
                if (shared & (UINT64_C(1) << id))
                        copy_value(candidate, options, id);
        candidate->given |= options->given & shared;
        candidate->kind = JOB_MEASURE;
        return request_finish(candidate, limits, ret_message);
}

static int complete(Request *request, const RequestLimits *limits, char **ret_message) {
        int r;

        r = request_finish(request, limits, ret_message);
        for (unsigned i = 0; r >= 0 && i < request->candidates->len; i++) {
                g_autofree char *message = NULL;

                r = complete_candidate(g_ptr_array_index(request->candidates, i), request, limits, &message);
                if (message)
                        *ret_message = g_strdup_printf("candidate %u: %s", i + 1, message);
        }
        return r;
}

static int read_all(sd_bus_message *m, Request *request, const RequestLimits *limits, char **ret_message) {
        int r;

        r = read_candidates(m, request, limits, ret_message);
        if (r >= 0)
                r = request_read(m, request, limits, ret_message);
        if (r == -ENXIO)
                *ret_message = g_strdup("a comparison is an array of dictionaries, one for each candidate, and a "
                                        "dictionary of options (aa{sv} a{sv})");
        if (r < 0)
                return r;
        return complete(request, limits, ret_message);
}

int request_compare_from_message(sd_bus_message *m, const RequestLimits *limits, Request **ret, sd_bus_error *error) {
        g_autoptr(Request) request = request_new(JOB_COMPARE, limits);
        g_autofree char *message = NULL;
        int r;

        r = read_all(m, request, limits, &message);
        if (message) {
                (void) sd_bus_error_set(error, JT_ERROR_INVALID_REQUEST, message);
                return -error_to_errno(JT_ERROR_INVALID_REQUEST);
        }
        if (r < 0)
                return r;

        *ret = g_steal_pointer(&request);
        return 0;
}

static int read_no_candidates(sd_bus_message *m, sd_bus_error *error) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "a{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_at_end(m, false);
        if (r < 0)
                return r;
        if (r == 0) {
                (void) sd_bus_error_set(error, JT_ERROR_INVALID_REQUEST, "only a comparison has candidates");
                return -error_to_errno(JT_ERROR_INVALID_REQUEST);
        }
        return sd_bus_message_exit_container(m);
}

int request_any_from_message(sd_bus_message *m, JobKind kind, Request **ret, sd_bus_error *error) {
        int r;

        if (kind == JOB_COMPARE)
                return request_compare_from_message(m, NULL, ret, error);
        r = read_no_candidates(m, error);
        return r < 0 ? r : request_from_message(m, kind, NULL, ret, error);
}

/* ---- appending ---- */

static int append_candidates(sd_bus_message *m, const Request *request, bool given) {
        const uint64_t keys = request_keys_of(REQUEST_CANDIDATE);
        int r;

        r = sd_bus_message_open_container(m, 'a', "a{sv}");
        if (r < 0)
                return r;
        for (unsigned i = 0; request->candidates && i < request->candidates->len; i++) {
                const Request *candidate = g_ptr_array_index(request->candidates, i);

                r = request_append_keys(m, candidate, given ? keys & candidate->given : keys);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

int request_compare_append(sd_bus_message *m, const Request *request) {
        int r = append_candidates(m, request, false);

        return r < 0 ? r : request_append(m, request);
}

int request_any_append(sd_bus_message *m, const Request *request) {
        return request_compare_append(m, request);
}

int request_compare_append_given(sd_bus_message *m, const Request *request) {
        int r = append_candidates(m, request, true);

        return r < 0 ? r : request_append_given(m, request);
}
