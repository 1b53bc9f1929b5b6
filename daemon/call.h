/* SPDX-License-Identifier: MIT */
#pragma once

/* A method call that cannot be answered at once, because the bus or polkit must be asked something first. The answer
 * is kept here and the message is put back on the read queue: the handler runs again from its top and finds the
 * answer. (Calling back into a half-done handler instead is how CVE-2020-1712 came about.) Hence whatever a handler
 * does before its last question must be free of side effects.
 *
 * The sender is watched from the first question on; when it leaves, the call is forgotten and nobody is answered. */

#include <stdbool.h>

#include "peers.h"

typedef struct Calls Calls;
typedef struct Call Call;

/* What to do, besides forgetting, with the question of a caller that left. */
typedef void (*CallAbandon)(Call *call, void *userdata);

Calls *calls_new(sd_bus *bus, Peers *peers, CallAbandon abandon, void *userdata);
Calls *calls_free(Calls *calls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Calls, calls_free)

/* The call this message is; NULL when nothing was asked for it yet. */
Call *call_find(Calls *calls, sd_bus_message *m);

/* The same, created when there is none; the message then stands at its beginning. -ENXIO: it has no sender. -EBUSY
 * with *ret_message: too many calls of this sender, or of all, wait already, or too many bytes of them. */
int call_get(Calls *calls, sd_bus_message *m, Call **ret, char **ret_message);

/* Counts it among this user's. -EBUSY with *ret_message: too many of them, or of their bytes, wait already; the call
 * is gone then. */
int call_charge(Call *call, uid_t user, char **ret_message);

/* Nothing could be asked: the caller of call_get() answers itself. */
void call_forget(Call *call);

unsigned calls_pending(const Calls *calls);

/* One question at a time. The slot is the question's; token is polkit's cancellation id or NULL. */
void call_ask(Call *call, const char *question, sd_bus_slot *slot, const char *token);
bool call_asking(const Call *call);
const char *call_token(const Call *call);
sd_bus *call_bus(const Call *call);
sd_bus_message *call_message(const Call *call);

/* Keeps the answer to the question under way and runs the handler again. */
void call_answer(Call *call, int answer);

/* Whether question was answered, and how. */
bool call_answered(const Call *call, const char *question, int *ret_answer);

/* Ends it with an error reply. */
void call_fail(Call *call, const sd_bus_error *error);
