/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "client.h"
#include "job-options.h"
#include "report-out.h"
#include "sent.h"

typedef struct Validate {
        Request *request;
        RequestLimits limits;
        Sent sent;
} Validate;

const Option *validate_options(void) {
        static Option options[SENT_OPTIONS_COUNT + N_REQUEST_KEYS + 1];
        size_t n;

        memcpy(options, sent_options, sizeof(sent_options));
        n = key_options(JOB_VALIDATE, options, SENT_OPTIONS_COUNT);
        options[n] = (Option){};
        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Validate *validate = userdata;

        return id < N_REQUEST_KEYS
                               ? request_set_text(validate->request, (KeyId) id, &validate->limits, value, ret_problem)
                               : sent_set_option(&validate->sent, id, value, ret_problem);
}

static int run(Validate *validate, const Arguments *arguments, char **args) {
        Request *request = validate->request;
        g_autoptr(Service) service = NULL;
        g_autoptr(Report) report = NULL;
        uint32_t id;
        int code, r;

        if (request->detach && arguments->local)
                return usage_error("validate",
                                   _("--detach does not go with --local: there is no service to go on without you"));
        r = sent_fill_request(&validate->sent, "validate", arguments, request, args);
        if (r == 0)
                r = service_open(arguments, &service);
        if (r != 0)
                return r;
        if (request->detach)
                return submit_detached(arguments, service, "Validate", request);
        code = submit_and_wait(arguments, service, "Validate", request, &id);
        if (id == 0)
                return code;
        r = report_print_tests(arguments, service, id, validate->sent.metadata, &report);
        return r != 0 ? r : report_exit_code(report, code);
}

int verb_validate(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        Validate validate = {};
        int r;

        sent_init(&validate.sent);
        key_limits_init(&validate.limits);
        validate.request = request_new(JOB_VALIDATE, &validate.limits);
        r = verb_parse("validate", arguments, validate_options(), set_option, &validate, args, &operands);
        if (r == 0)
                r = run(&validate, arguments, operands);
        sent_done(&validate.sent);
        request_free(validate.request);
        return r;
}
