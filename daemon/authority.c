/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <unistd.h>

#include "authority.h"
#include "log.h"
#include "names.h"

/* Someone may have to type a password. */
#define TIMEOUT_USEC (5 * 60 * USEC_PER_SEC)

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define ALLOW_USER_INTERACTION 1U

typedef enum Answer {
        ANSWER_DENIED,
        ANSWER_ALLOWED,
        ANSWER_CHALLENGE,
        ANSWER_NO_POLKIT,
} Answer;

static const struct {
        const char *action, *what;
} permissions[N_PERMISSIONS] = {
        [PERMIT_MEASURE] = { JT_ACTION_MEASURE, "measure programs" },
        [PERMIT_VALIDATE] = { JT_ACTION_VALIDATE, "run programs on their tests" },
        [PERMIT_FINE_RESULTS] = { JT_ACTION_FINE_RESULTS, "get fine results" },
        [PERMIT_TUNE] = { JT_ACTION_TUNE, "change the processor's settings" },
        [PERMIT_CALIBRATE] = { JT_ACTION_CALIBRATE, "calibrate the host" },
        [PERMIT_MANAGE_JOBS] = { JT_ACTION_MANAGE_JOBS, "manage the jobs of other users" },
        [PERMIT_READ_RECORDS] = { JT_ACTION_READ_RECORDS, "read the records of other users" },
};

struct Authority {
        sd_bus *bus;
        Calls *calls;
        bool always;
        uint64_t questions;
};

/* The caller left while polkit was asking: take the dialog away. */
static void cancel_check(Call *call, void *userdata) {
        int r;

        if (!call_token(call))
                return;
        r = sd_bus_call_method_async(call_bus(call), NULL, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                     "CancelCheckAuthorization", NULL, NULL, "s", call_token(call));
        if (r < 0)
                log_errno(LOG_WARNING, r, "cannot cancel polkit's check of a caller that left");
}

Authority *authority_new(sd_bus *bus, Peers *peers, bool always) {
        Authority *authority = g_new0(Authority, 1);

        authority->bus = bus;
        authority->always = always;
        if (bus)
                authority->calls = calls_new(bus, peers, cancel_check, authority);
        return authority;
}

Authority *authority_free(Authority *authority) {
        if (!authority)
                return NULL;
        calls_free(authority->calls);
        g_free(authority);
        return NULL;
}

Calls *authority_calls(Authority *authority) {
        return authority->calls;
}

static Answer read_answer(sd_bus_message *reply) {
        int allowed, challenge;

        if (sd_bus_message_is_method_error(reply, NULL)) {
                const sd_bus_error *error = sd_bus_message_get_error(reply);

                log_notice("polkit did not answer, so the call is refused: %s", error->message ?: error->name);
                return ANSWER_NO_POLKIT;
        }
        if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
            sd_bus_message_read(reply, "bb", &allowed, &challenge) < 0) {
                log_warning("polkit's answer is not understood, so the call is refused");
                return ANSWER_DENIED;
        }
        return allowed ? ANSWER_ALLOWED : challenge ? ANSWER_CHALLENGE : ANSWER_DENIED;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        call_answer(userdata, (int) read_answer(reply));
        return 0;
}

static int ask(Authority *authority, Call *call, Permission permission) {
        g_autoptr(sd_bus_message) question = NULL;
        g_autoptr(sd_bus_slot) slot = NULL;
        g_autofree char *token = NULL;
        sd_bus_message *m = call_message(call);
        int interactive, r;

        interactive = sd_bus_message_get_allow_interactive_authorization(m);
        if (interactive < 0)
                return interactive;
        token = g_strdup_printf("jouletraced-%d-%" PRIu64, (int) getpid(), ++authority->questions);
        r = sd_bus_message_new_method_call(authority->bus, &question, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                           "CheckAuthorization");
        if (r < 0)
                return r;
        r = sd_bus_message_append(question, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                  sd_bus_message_get_sender(m), permissions[permission].action, 0,
                                  interactive ? ALLOW_USER_INTERACTION : 0, token);
        if (r < 0)
                return r;
        r = sd_bus_call_async(authority->bus, &slot, question, on_answer, call, TIMEOUT_USEC);
        if (r < 0)
                return r;
        call_ask(call, permissions[permission].action, g_steal_pointer(&slot), token);
        return 0;
}

static int refuse(Permission permission, Answer answer, sd_bus_error *error) {
        const char *what = permissions[permission].what, *action = permissions[permission].action;

        if (answer == ANSWER_CHALLENGE)
                return sd_bus_error_setf(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                         "You may %s only after authenticating, which this call does not allow; "
                                         "allow interactive authorization (polkit action %s).",
                                         what, action);
        if (answer == ANSWER_NO_POLKIT)
                return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                         "You may not %s: polkit, which decides it (%s), did not answer.", what,
                                         action);
        return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                 "You may not %s; ask an administrator (polkit action %s).", what, action);
}

int authority_check(Authority *authority, sd_bus_message *m, const Caller *caller, Permission permission,
                    sd_bus_error *error) {
        g_autofree char *message = NULL;
        Call *call;
        int answer, r;

        if (!authority->bus)
                return 1;
        if ((caller->uid == 0 || caller->uid == getuid()) && !authority->always)
                return 1;

        call = call_find(authority->calls, m);
        if (call && call_answered(call, permissions[permission].action, &answer))
                return answer == ANSWER_ALLOWED ? 1 : refuse(permission, (Answer) answer, error);

        r = call_get(authority->calls, m, &call, &message);
        if (r >= 0)
                r = call_charge(call, caller->uid, &message);
        if (r == -EBUSY)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, message);
        if (r < 0)
                return r;
        r = ask(authority, call, permission);
        if (r < 0)
                call_forget(call);
        return r;
}
