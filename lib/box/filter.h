/* SPDX-License-Identifier: MIT */
#pragma once

/* What a boxed program may ask the kernel for. Three answers beside "yes":
 *   ENOSYS  what the filter does not know, and what libc has a way around (clone3, io_uring, the new mount calls)
 *   EPERM   scheduling, priority, memory placement, another limit of core dumps: an honest runtime may try, and goes
 *           on without; likewise ENOMEM for huge pages, as on a machine that has none
 *   notify  what has no business in a box: the call is held up, and the listener's reader learns who made it. It ends
 *           the run; the kernel's own killing would tell no name, and nothing at all about a grandchild
 * Calls by another architecture's numbers (int 0x80, x32) kill the process with SIGSYS. */

#include <sys/types.h>

#include "base.h"

typedef struct Filter Filter;

/* Built for this machine's architecture by libseccomp. */
int filter_new(Filter **ret);
Filter *filter_free(Filter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Filter, filter_free)

/* SHA-256 of the BPF program, in hex: two results are comparable when theirs is the same. */
const char *filter_sha256(const Filter *filter);

/* In a child that has no new privileges: applies it to this process and all that descend from it. Returns the
 * listener, close-on-exec, readable when a call is held up. Does not switch on SSBD, which would cost the program half
 * of its speed on kernels before 5.16. Async-signal-safe. */
int filter_install(const Filter *filter);

/* A call that was held up. */
typedef struct FilterCall {
        char *name; /* "ptrace"; "#451" when libseccomp has no name for it */
        pid_t pid;  /* as the reader's PID namespace knows it */
        uint64_t args[6];
} FilterCall;

/* Reads one from the listener, without waiting and without answering it: the caller never runs on. -EAGAIN when there
 * is none, -ENOENT when the caller was killed meanwhile. */
int filter_read_call(int listener_fd, FilterCall *ret);
void filter_call_clear(FilterCall *call);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FilterCall, filter_call_clear)
