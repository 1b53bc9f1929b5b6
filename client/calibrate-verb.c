/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "calibration-view.h"
#include "client.h"
#include "job-options.h"
#include "json-read.h"
#include "report-out.h"
#include "say.h"

typedef struct Calibrate {
        Request *request;
        RequestLimits limits;
} Calibrate;

const Option *calibrate_options(void) {
        static Option options[N_REQUEST_KEYS + 1];
        static char fallback[16];
        const size_t n = key_options(JOB_CALIBRATE, options, 0);

        (void) g_snprintf(fallback, sizeof(fallback), "%u", CALIBRATION_TRIALS);
        for (size_t i = 0; i < n; i++)
                if (options[i].id == REQUEST_TRIALS)
                        options[i].fallback = fallback;
        options[n] = (Option){};
        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Calibrate *calibrate = userdata;

        return request_set_text(calibrate->request, (KeyId) id, &calibrate->limits, value, ret_problem);
}

/* The calibration that is in force now: what the job found out, since it is done. */
static int print_calibration(const Arguments *arguments, Service *service) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(JsonNode) properties = NULL;
        int r;

        r = service_properties(service, &properties);
        if (r != 0)
                return r;
        calibration_view_append(out, json_object(json_node_get_object(properties), "Calibration"), &arguments->style);
        say(stdout, "%s", out->str);
        return EXIT_DONE;
}

static int run(Calibrate *calibrate, const Arguments *arguments) {
        Request *request = calibrate->request;
        g_autoptr(Service) service = NULL;
        uint32_t id;
        int code, r;

        if (request->detach && arguments->local)
                return usage_error("calibrate",
                                   _("--detach does not go with --local: there is no service to go on without you"));
        r = service_open(arguments, &service);
        if (r != 0)
                return r;
        if (request->detach)
                return submit_detached(arguments, service, "Calibrate", request);
        code = submit_and_wait(arguments, service, "Calibrate", request, &id);
        if (id == 0)
                return code;
        r = code == EXIT_DONE && !arguments->json ? print_calibration(arguments, service)
                                                  : report_print(arguments, service, id, NULL);
        return r != 0 ? r : code;
}

int verb_calibrate(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        Calibrate calibrate = {};
        int r;

        key_limits_init(&calibrate.limits);
        calibrate.request = request_new(JOB_CALIBRATE, &calibrate.limits);
        r = verb_parse("calibrate", arguments, calibrate_options(), set_option, &calibrate, args, &operands);
        if (r == 0 && operands[0])
                r = usage_error("calibrate", _("“calibrate” takes no operand: it runs programs of its own"));
        if (r == 0)
                r = run(&calibrate, arguments);
        request_free(calibrate.request);
        return r;
}
