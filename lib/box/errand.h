/* SPDX-License-Identifier: MIT */
#pragma once

/* A short piece of our own code run in a child with the caller's credentials, for everything that touches a file of
 * the caller: the kernel then decides what may be read or written, and a file system that does not answer holds up a
 * child that can be given up, not us. */

#include "containment.h"
#include "identity.h"

#define ERRAND_REPLY_MAX 4096U

typedef struct Errand Errand;

/* Runs in the child: fills reply (at most ERRAND_REPLY_MAX bytes) and returns 0, or negative errno. It shares nothing
 * with the parent but the descriptors it inherited. */
typedef int (*ErrandWork)(void *userdata, GString *reply);

/* Called once from the event loop. r is the work's result; -ETIMEDOUT when the time was up (the child was killed, but
 * may linger in the kernel), -ECHILD when it died. The errand is freed after this call. */
typedef void (*ErrandDone)(int r, const char *reply, size_t length, void *userdata);

/* others: children that are no run's (Containment.others); the errand is listed there while it lives. */
int errand_start(sd_event *event, const Identity *identity, GHashTable *others, uint64_t timeout_usec, ErrandWork work,
                 ErrandDone done, void *userdata, Errand **ret);

/* Gives it up without a call. */
Errand *errand_free(Errand *errand);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Errand, errand_free)
