/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdbool.h>

#include "inhibitor.h"

#define LOGIND_SERVICE "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_MANAGER "org.freedesktop.login1.Manager"
#define ANSWER_TIMEOUT_USEC (2 * USEC_PER_SEC)

struct Inhibitor {
        sd_bus_slot *slot; /* of the question */
        InhibitorAnswered answered;
        void *userdata;
        int fd; /* logind's; closing it ends the inhibition */
        char *why;
};

static int take_fd(sd_bus_message *reply, int *ret) {
        int fd, r;

        r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return r;
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the message closes its own */
        if (fd < 0)
                return -errno;
        *ret = fd;
        return 0;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Inhibitor *inhibitor = userdata;
        const sd_bus_error *refusal = sd_bus_message_get_error(reply);
        int r = 0;

        inhibitor->slot = sd_bus_slot_unref(inhibitor->slot);
        if (refusal)
                inhibitor->why = g_strdup_printf("logind does not hold it off: %s", refusal->message ?: refusal->name);
        else
                r = take_fd(reply, &inhibitor->fd);
        if (r < 0)
                inhibitor->why = g_strdup_printf("logind's answer cannot be used: %s", g_strerror(-r));
        inhibitor->answered(inhibitor, inhibitor->userdata);
        return 0;
}

int inhibitor_take(sd_bus *bus, InhibitorAnswered answered, void *userdata, Inhibitor **ret) {
        g_autoptr(Inhibitor) inhibitor = g_new(Inhibitor, 1);
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        *inhibitor = (Inhibitor){ .answered = answered, .userdata = userdata, .fd = -1 };
        r = sd_bus_message_new_method_call(bus, &m, LOGIND_SERVICE, LOGIND_PATH, LOGIND_MANAGER, "Inhibit");
        if (r < 0)
                return r;
        r = sd_bus_message_set_auto_start(m, false);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "ssss", "sleep", "JouleTrace", "Energy is being measured", "block");
        if (r < 0)
                return r;
        r = sd_bus_call_async(bus, &inhibitor->slot, m, on_answer, inhibitor, ANSWER_TIMEOUT_USEC);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&inhibitor);
        return 0;
}

Inhibitor *inhibitor_free(Inhibitor *inhibitor) {
        if (!inhibitor)
                return NULL;
        sd_bus_slot_unref(inhibitor->slot);
        safe_close(inhibitor->fd);
        g_free(inhibitor->why);
        g_free(inhibitor);
        return NULL;
}

const char *inhibitor_why(const Inhibitor *inhibitor) {
        if (inhibitor->slot)
                return "logind has not answered";
        return inhibitor->why;
}
