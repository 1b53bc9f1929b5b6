/* SPDX-License-Identifier: MIT */
#include "refusals.h"

typedef struct Minute {
        uid_t uid;
        uint64_t end_usec;
        uint64_t n;
} Minute;

struct Refusals {
        GArray *minutes; /* Minute, in the order in which they end; one a user */
};

Refusals *refusals_new(void) {
        Refusals *refusals = g_new(Refusals, 1);

        refusals->minutes = g_array_new(FALSE, FALSE, sizeof(Minute));
        return refusals;
}

Refusals *refusals_free(Refusals *refusals) {
        if (!refusals)
                return NULL;
        g_array_unref(refusals->minutes);
        g_free(refusals);
        return NULL;
}

bool refusals_count(Refusals *refusals, uid_t uid, uint64_t now_usec) {
        const Minute first = { .uid = uid, .end_usec = now_usec + REFUSALS_PERIOD_USEC, .n = 1 };

        for (unsigned i = 0; i < refusals->minutes->len; i++) {
                Minute *minute = &g_array_index(refusals->minutes, Minute, i);

                if (minute->uid == uid)
                        return ++minute->n <= REFUSALS_LOGGED_MAX;
        }
        g_array_append_val(refusals->minutes, first);
        return true;
}

uint64_t refusals_expire(Refusals *refusals, uint64_t now_usec, RefusalsVisit visit, void *userdata) {
        while (refusals->minutes->len > 0) {
                const Minute minute = g_array_index(refusals->minutes, Minute, 0);

                if (minute.end_usec > now_usec)
                        return minute.end_usec;
                g_array_remove_index(refusals->minutes, 0);
                if (minute.n > REFUSALS_LOGGED_MAX)
                        visit(minute.uid, minute.n - REFUSALS_LOGGED_MAX, userdata);
        }
        return UINT64_MAX;
}
