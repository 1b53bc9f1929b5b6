/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "client.h"
#include "explain.h"
#include "json-read.h"
#include "message-json.h"
#include "say.h"
#include "service.h"
#include "topology-view.h"

int verb_topology(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(Service) service = NULL;
        g_autoptr(JsonNode) node = NULL;
        JsonArray *domains;
        int r;

        r = verb_parse("topology", arguments, no_options(), NULL, NULL, args, &operands);
        if (r != 0)
                return r;
        if (operands[0])
                return usage_error("topology", _("“topology” takes no operand"));
        r = service_open(arguments, &service);
        if (r == 0)
                r = service_properties(service, &node);
        if (r != 0)
                return r;
        domains = json_array(json_node_get_object(node), "Domains");
        if (!domains)
                return explain_errno(-EBADMSG, service->name, &service->style);
        if (arguments->json) {
                json_print(json_object_get_member(json_node_get_object(node), "Domains"));
                return EXIT_DONE;
        }
        topology_append(out, domains, &arguments->style);
        say(stdout, "%s", out->str);
        return EXIT_DONE;
}
