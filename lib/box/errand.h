/* SPDX-License-Identifier: MIT */
#pragma once

/* A short piece of our own code run in a child with the caller's credentials, for everything that touches a file of
 * the caller: the kernel then decides what may be read or written, and a file system that does not answer holds up a
 * child that can be given up, not us. */

#include "containment.h"
#include "identity.h"

#define ERRAND_REPLY_MAX 4096U

typedef struct Errand Errand;
typedef struct Launcher Launcher;

/* Runs in the child: fills reply (at most ERRAND_REPLY_MAX bytes) and returns 0, or negative errno. userdata is as it
 * was when the launcher was forked, and the descriptors it kept are open; fds are those sent along. */
typedef int (*ErrandWork)(void *userdata, const int *fds, size_t n_fds, GString *reply);

typedef struct ErrandSpec {
        ErrandWork work;
        void *userdata;
        size_t n_fds; /* as many are sent along, or the launcher starts nothing */
} ErrandSpec;

/* Called once from the event loop. r is the work's result; -ETIMEDOUT when the time was up (the child was killed, but
 * may linger in the kernel), -ECHILD when it died. The errand is freed after this call. */
typedef void (*ErrandDone)(int r, const char *reply, size_t length, void *userdata);

/* Has the launcher start the errand of that number. One at a time: another that is on is killed. */
int errand_start(sd_event *event, Launcher *launcher, uint32_t number, const int *fds, size_t n_fds,
                 uint64_t timeout_usec, ErrandDone done, void *userdata, Errand **ret);

/* Gives it up without a call. */
Errand *errand_free(Errand *errand);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Errand, errand_free)

/* What the launcher does for it: a child of watcher, its parent. The pid, or negative errno. */
pid_t errand_make(const ErrandSpec *spec, const Identity *identity, pid_t watcher, const int *fds, size_t n_fds,
                  int *ret_pidfd, int *ret_reply_fd);
