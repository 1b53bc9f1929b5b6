/* SPDX-License-Identifier: MIT */

/* The two verbs that do one call for each id. */

#include "client.h"
#include "names.h"
#include "service.h"

#define IDS_MAX 10000

typedef int (*CallForId)(Service *service, uint32_t id, const char *subject);

static int for_each_id(const char *verb, Arguments *arguments, char **args, CallForId call) {
        g_autofree char **operands = NULL;
        g_autoptr(Service) service = NULL;
        g_autoptr(GArray) ids = NULL;
        int code = EXIT_DONE, r;

        r = verb_parse(verb, arguments, no_options(), NULL, NULL, args, &operands);
        if (r == 0)
                r = parse_ids(verb, operands, 1, IDS_MAX, &ids);
        if (r == 0)
                r = service_open(arguments, &service);
        if (r != 0)
                return r;

        /* every one is tried; the first failure is the exit code */
        for (unsigned i = 0; i < ids->len; i++) {
                uint32_t id = g_array_index(ids, uint32_t, i);
                g_autofree char *subject = g_strdup_printf(_("job %u"), id);

                r = call(service, id, subject);
                code = code ?: r;
        }
        return code;
}

static int cancel(Service *service, uint32_t id, const char *subject) {
        g_autofree char *path = job_path(id);
        const Call call = { .path = path, .interface = JT_JOB_INTERFACE, .member = "Cancel", .subject = subject };

        return service_call(service, &call, NULL);
}

static int forget(Service *service, uint32_t id, const char *subject) {
        const Call call = MANAGER_CALL("Forget", .fill = fill_u32, .userdata = &id, .subject = subject);

        return service_call(service, &call, NULL);
}

int verb_cancel(Arguments *arguments, char **args) {
        return for_each_id("cancel", arguments, args, cancel);
}

int verb_forget(Arguments *arguments, char **args) {
        return for_each_id("forget", arguments, args, forget);
}
