/* SPDX-License-Identifier: MIT */
#include "client.h"
#include "names.h"
#include "service.h"

#define IDS_MAX 10000

int verb_forget(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        g_autoptr(Service) service = NULL;
        g_autoptr(GArray) ids = NULL;
        int code = EXIT_DONE, r;

        r = verb_parse("forget", arguments, no_options(), NULL, NULL, args, &operands);
        if (r == 0)
                r = parse_ids("forget", operands, 1, IDS_MAX, &ids);
        if (r == 0)
                r = service_open(arguments, &service);
        if (r != 0)
                return r;

        for (unsigned i = 0; i < ids->len; i++) {
                uint32_t id = g_array_index(ids, uint32_t, i);
                g_autofree char *subject = g_strdup_printf(_("job %u"), id);
                const Call call = MANAGER_CALL("Forget", .fill = fill_u32, .userdata = &id, .subject = subject);

                r = service_call(service, &call, NULL);
                code = code ?: r;
        }
        return code;
}
