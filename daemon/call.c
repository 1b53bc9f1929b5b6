/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "call.h"
#include "log.h"

#define CALLS_MAX 256
#define CALLS_PER_SENDER_MAX 16
#define CALLS_PER_USER_MAX 64 /* who opens connection after connection leaves room for others */
#define NO_USER UINT32_MAX

struct Calls {
        sd_bus *bus;
        Peers *peers;
        GHashTable *table; /* sd_bus_message → Call */
        CallAbandon abandon;
        void *userdata;
};

struct Call {
        Calls *calls;
        sd_bus_message *message;
        PeerWatch *sender;
        sd_bus_slot *slot; /* the question under way */
        char *question, *token;
        uid_t user;          /* who is charged; NO_USER: not known yet */
        GHashTable *answers; /* question → int */
        sd_event_source *forget;
};

static void call_free(void *p) {
        Call *call = p;

        sd_event_source_disable_unref(call->forget);
        sd_bus_slot_unref(call->slot);
        peer_watch_free(call->sender);
        sd_bus_message_unref(call->message);
        g_free(call->question);
        g_free(call->token);
        g_hash_table_unref(call->answers);
        g_free(call);
}

Calls *calls_new(sd_bus *bus, Peers *peers, CallAbandon abandon, void *userdata) {
        Calls *calls = g_new(Calls, 1);

        *calls = (Calls){ .bus = bus,
                          .peers = peers,
                          .table = g_hash_table_new_full(NULL, NULL, NULL, call_free),
                          .abandon = abandon,
                          .userdata = userdata };
        return calls;
}

Calls *calls_free(Calls *calls) {
        if (!calls)
                return NULL;
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
        g_hash_table_remove(calls->table, call->message);
}

static unsigned count_sender(Calls *calls, const char *sender) {
        GHashTableIter iterator;
        unsigned n = 0;
        void *value;

        g_hash_table_iter_init(&iterator, calls->table);
        while (g_hash_table_iter_next(&iterator, NULL, &value))
                if (g_strcmp0(sd_bus_message_get_sender(((Call *) value)->message), sender) == 0)
                        n++;
        return n;
}

int call_get(Calls *calls, sd_bus_message *m, Call **ret) {
        Call *call = call_find(calls, m);
        int r;

        if (call) {
                *ret = call;
                return 0;
        }
        if (g_hash_table_size(calls->table) >= CALLS_MAX ||
            count_sender(calls, sd_bus_message_get_sender(m)) >= CALLS_PER_SENDER_MAX)
                return -EBUSY;

        call = g_new0(Call, 1);
        call->calls = calls;
        call->user = NO_USER;
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

int call_charge(Call *call, uid_t user) {
        GHashTableIter iterator;
        unsigned n = 0;
        void *value;

        g_hash_table_iter_init(&iterator, call->calls->table);
        while (g_hash_table_iter_next(&iterator, NULL, &value))
                if (value != call && ((Call *) value)->user == user)
                        n++;
        if (n >= CALLS_PER_USER_MAX) {
                g_hash_table_remove(call->calls->table, call->message);
                return -EBUSY;
        }
        call->user = user;
        return 0;
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

/* The handler has run again: unless it asked something else, it is done with this call. */
static int on_forget(sd_event_source *source, void *userdata) {
        Call *call = userdata;

        if (!call->slot)
                g_hash_table_remove(call->calls->table, call->message);
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
        g_hash_table_remove(call->calls->table, call->message);
}
