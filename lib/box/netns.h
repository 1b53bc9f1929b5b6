/* SPDX-License-Identifier: MIT */
#pragma once

/* Empty network namespaces, made once and used by one box after another: making one is the dearest part of a box, and
 * unmaking it happens in the kernel's own time. A box cannot leave anything in one, because it gets no socket but
 * local ones (filter.h), and those end with their processes. */

#include "base.h"

typedef struct NetnsPool NetnsPool;

NetnsPool *netns_pool_new(void);
NetnsPool *netns_pool_free(NetnsPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetnsPool, netns_pool_free)

/* One that no other box has; the pool keeps the descriptor. Needs CAP_SYS_ADMIN and a process of one thread, which an
 * error may leave in a new network namespace: it is good for nothing but boxes then. */
int netns_pool_take(NetnsPool *pool, int *ret_fd);

/* When nothing of the box lives any more. */
void netns_pool_give_back(NetnsPool *pool, int fd);
