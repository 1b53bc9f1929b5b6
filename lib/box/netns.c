/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sched.h>

#include "netns.h"

#define OWN_NETNS "/proc/thread-self/ns/net"

struct NetnsPool {
        GArray *all;  /* of int */
        GArray *free; /* of int */
};

NetnsPool *netns_pool_new(void) {
        NetnsPool *pool = g_new(NetnsPool, 1);

        *pool = (NetnsPool){ .all = g_array_new(FALSE, FALSE, sizeof(int)),
                             .free = g_array_new(FALSE, FALSE, sizeof(int)) };
        return pool;
}

NetnsPool *netns_pool_free(NetnsPool *pool) {
        if (!pool)
                return NULL;
        for (guint i = 0; i < pool->all->len; i++)
                safe_close(g_array_index(pool->all, int, i));
        g_array_unref(pool->all);
        g_array_unref(pool->free);
        g_free(pool);
        return NULL;
}

/* Only unshare() makes one that no process has to live in. */
static int make_netns(int *ret_fd) {
        autofd own = open(OWN_NETNS, O_RDONLY | O_CLOEXEC), made = -1;
        int r;

        if (own < 0)
                return -errno;
        if (unshare(CLONE_NEWNET) < 0)
                return -errno;
        made = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
        r = made < 0 ? -errno : 0;
        if (setns(own, CLONE_NEWNET) < 0)
                return -errno;
        if (r < 0)
                return r;
        *ret_fd = steal_fd(&made);
        return 0;
}

int netns_pool_take(NetnsPool *pool, int *ret_fd) {
        int fd, r;

        if (pool->free->len == 0) {
                r = make_netns(&fd);
                if (r < 0)
                        return r;
                g_array_append_val(pool->all, fd);
                *ret_fd = fd;
                return 0;
        }
        *ret_fd = g_array_index(pool->free, int, pool->free->len - 1);
        g_array_set_size(pool->free, pool->free->len - 1);
        return 0;
}

void netns_pool_give_back(NetnsPool *pool, int fd) {
        g_array_append_val(pool->free, fd);
}
