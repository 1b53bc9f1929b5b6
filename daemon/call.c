/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "call.h"
#include "log.h"
#include "message-size.h"

#define NO_USER UINT32_MAX

/* Each call keeps its message, which dbus-daemon bounds at 32 MiB: their number alone bounds no memory. Who opens
 * connection after connection leaves room for others, and a connection whose user is not known yet has no more than a
 * user. */
typedef struct Load {
        unsigned n;
        uint64_t bytes;
} Load;

static const Load of_all_max = { 256, UINT64_C(256) << 20 };
static const Load of_user_max = { 64, UINT64_C(64) << 20 };
static const Load of_sender_max = { 16, UINT64_C(64) << 20 };

struct Calls {
        sd_bus *bus;
        Peers *peers;
        GHashTable *table; /* sd_bus_message → Call */
        sd_bus_slot *filter;
        Call *rerun; /* whose handler ran again last; NULL: none, or it is gone */
        CallAbandon abandon;
        void *userdata;
};

struct Call {
        Calls *calls;
        sd_bus_message *message;
        PeerWatch *sender;
        sd_bus_slot *slot; /* the question under way */
        char *question, *token;
        bool queued; /* its handler is to run again */
        uid_t user;  /* who is charged; NO_USER: not known yet */
        uint64_t bytes;
        GHashTable *answers; /* question → int */
        sd_event_source *forget;
};

static void call_free(void *p) {
        Call *call = p;

        if (call->calls->rerun == call)
                call->calls->rerun = NULL;
        sd_event_source_disable_unref(call->forget);
        sd_bus_slot_unref(call->slot);
        peer_watch_free(call->sender);
        sd_bus_message_unref(call->message);
        g_free(call->question);
        g_free(call->token);
        g_hash_table_unref(call->answers);
        g_free(call);
}

/* The handler has run again: unless it asked something else, it is done with this call. */
static void forget_done(Call *call) {
        if (!call->slot && !call->queued)
                call_forget(call);
}

/* Before each message's handler, so the one before has returned. A busy bus, which never lets on_forget() have its
 * turn, so keeps one call that is done, and not each. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Calls *calls = userdata;
        Call *done = calls->rerun;

        calls->rerun = call_find(calls, m);
        if (calls->rerun)
                calls->rerun->queued = false;
        if (done && done != calls->rerun)
                forget_done(done);
        return 0;
}

Calls *calls_new(sd_bus *bus, Peers *peers, CallAbandon abandon, void *userdata) {
        Calls *calls = g_new(Calls, 1);
        int r;

        *calls = (Calls){ .bus = bus,
                          .peers = peers,
                          .table = g_hash_table_new_full(NULL, NULL, NULL, call_free),
                          .abandon = abandon,
                          .userdata = userdata };
        r = sd_bus_add_filter(bus, &calls->filter, on_message, calls);
        if (r < 0)
                log_errno(LOG_WARNING, r, "calls that are done are kept while the bus is busy");
        return calls;
}

Calls *calls_free(Calls *calls) {
        if (!calls)
                return NULL;
        sd_bus_slot_unref(calls->filter);
        g_hash_table_unref(calls->table);
        g_free(calls);
        return NULL;
}

Call *call_find(Calls *calls, sd_bus_message *m) {
        return g_hash_table_lookup(calls->table, m);
}

static void on_sender_left(PeerWatch *watch, void *userdata) {
        Call *call = userdata;
        Calls *calls = call->calls;

        if (call->slot && calls->abandon)
                calls->abandon(call, calls->userdata);
        call_forget(call);
}

/* What waits of one sender, or of one user, or with neither of all. */
static Load load_of(const Calls *calls, const char *sender, uid_t user) {
        GHashTableIter iterator;
        Load load = {};
        void *value;

        g_hash_table_iter_init(&iterator, calls->table);
        while (g_hash_table_iter_next(&iterator, NULL, &value)) {
                const Call *call = value;

                if ((sender && g_strcmp0(sd_bus_message_get_sender(call->message), sender) != 0) ||
                    (user != NO_USER && call->user != user))
                        continue;
                load.n++;
                load.bytes += call->bytes;
        }
        return load;
}

static uint64_t mebibytes(uint64_t bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
}

/* -EBUSY with *ret_message when one more with so many bytes is too much. */
static int check_load(Load load, Load max, const char *whose, uint64_t bytes, char **ret_message) {
        if (load.n >= max.n) {
                *ret_message = g_strdup_printf("%u calls of %s wait for an answer, and at most %u may; wait for those "
                                               "first.",
                                               load.n, whose, max.n);
                return -EBUSY;
        }
        if (load.bytes + bytes > max.bytes) {
                *ret_message = g_strdup_printf("Calls of %s that wait for an answer have %" PRIu64
                                               " MiB, this one has %" PRIu64 " MiB, and they may have at most %" PRIu64
                                               " MiB; wait for those first, or pass what is large as a descriptor.",
                                               whose, mebibytes(load.bytes), mebibytes(bytes), mebibytes(max.bytes));
                return -EBUSY;
        }
        return 0;
}

int call_get(Calls *calls, sd_bus_message *m, Call **ret, char **ret_message) {
        const char *sender = sd_bus_message_get_sender(m);
        Call *call = call_find(calls, m);
        uint64_t bytes;
        int r;

        if (call) {
                *ret = call;
                return 0;
        }
        r = message_body_size(m, &bytes);
        if (r < 0)
                return r;
        r = check_load(load_of(calls, NULL, NO_USER), of_all_max, "all users", bytes, ret_message);
        if (r >= 0 && sender)
                r = check_load(load_of(calls, sender, NO_USER), of_sender_max, "this connection", bytes, ret_message);
        if (r < 0)
                return r;

        call = g_new0(Call, 1);
        call->calls = calls;
        call->user = NO_USER;
        call->bytes = bytes;
        call->message = sd_bus_message_ref(m);
        call->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        r = peer_watch_new(calls->peers, m, on_sender_left, call, &call->sender);
        if (r < 0) {
                call_free(call);
                return r;
        }
        g_hash_table_insert(calls->table, m, call);
        *ret = call;
        return 0;
}

int call_charge(Call *call, uid_t user, char **ret_message) {
        int r;

        if (call->user == user)
                return 0;
        r = check_load(load_of(call->calls, NULL, user), of_user_max, "yours", call->bytes, ret_message);
        if (r < 0) {
                call_forget(call);
                return r;
        }
        call->user = user;
        return 0;
}

void call_forget(Call *call) {
        g_hash_table_remove(call->calls->table, call->message);
}

unsigned calls_pending(const Calls *calls) {
        return g_hash_table_size(calls->table);
}

void call_ask(Call *call, const char *question, sd_bus_slot *slot, const char *token) {
        sd_bus_slot_unref(call->slot);
        call->slot = slot;
        g_free(call->question);
        call->question = g_strdup(question);
        g_free(call->token);
        call->token = g_strdup(token);
}

bool call_asking(const Call *call) {
        return call->slot;
}

const char *call_token(const Call *call) {
        return call->token;
}

sd_bus *call_bus(const Call *call) {
        return call->calls->bus;
}

sd_bus_message *call_message(const Call *call) {
        return call->message;
}

static int on_forget(sd_event_source *source, void *userdata) {
        Call *call = userdata;

        call->queued = false;
        forget_done(call);
        return 0;
}

static int rerun(Call *call) {
        sd_event *event = sd_bus_get_event(call->calls->bus);
        int r;

        r = sd_bus_message_rewind(call->message, true);
        if (r < 0)
                return r;
        r = sd_bus_enqueue_for_read(call->calls->bus, call->message);
        if (r < 0)
                return r;
        call->queued = true;

        /* Idle priority: everything on the read queue is dispatched before. */
        call->forget = sd_event_source_disable_unref(call->forget);
        r = sd_event_add_defer(event, &call->forget, on_forget, call);
        if (r < 0)
                return r;
        return sd_event_source_set_priority(call->forget, SD_EVENT_PRIORITY_IDLE);
}

void call_answer(Call *call, int answer) {
        int r;

        g_hash_table_insert(call->answers, g_steal_pointer(&call->question), GINT_TO_POINTER(answer));
        call->slot = sd_bus_slot_unref(call->slot);
        g_clear_pointer(&call->token, g_free);

        r = rerun(call);
        if (r < 0) {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

                log_errno(LOG_ERR, r, "cannot run a call again");
                (void) sd_bus_error_set_errno(&error, r);
                call_fail(call, &error);
        }
}

bool call_answered(const Call *call, const char *question, int *ret_answer) {
        void *answer;

        if (!g_hash_table_lookup_extended(call->answers, question, NULL, &answer))
                return false;
        *ret_answer = GPOINTER_TO_INT(answer);
        return true;
}

void call_fail(Call *call, const sd_bus_error *error) {
        (void) sd_bus_reply_method_error(call->message, error);
        call_forget(call);
}
