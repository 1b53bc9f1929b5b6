/* SPDX-License-Identifier: MIT */
#pragma once

/* A program run as it would be by hand, in limits that none of the tests comes near; what one is about, it changes. */

#include "box.h"

static inline BoxSpec host_box(Containment *containment, const Identity *identity, char *const *argv,
                               char *const *env) {
        return (BoxSpec){ .profile = "host",
                          .identity = identity,
                          .argv = argv,
                          .env = env,
                          .cwd_fd = -1,
                          .stdin_fd = -1,
                          .extra_fd = -1,
                          .memory_max = UINT64_C(512) << 20,
                          .tasks_max = 64,
                          .containment = containment };
}
