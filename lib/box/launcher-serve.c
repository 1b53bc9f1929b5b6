/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>

#include "clone.h"
#include "launcher-message.h"

#define JUDGE_TIMEOUT_USEC (6U * USEC_PER_SEC) /* to end when the daemon is gone; undead runs take him four */
#define EMPTY_TIMEOUT_USEC (2U * USEC_PER_SEC) /* for SIGKILL to have its way */

typedef struct Server {
        const LauncherSpec *spec;
        int socket_fd, daemon_fd, judge_pidfd;
        pid_t judge;
        uint64_t deadline_usec; /* when the judge is killed */
        GHashTable *leaves;     /* number → Leaf */
        int errand_pidfd;
} Server;

/* The counters and whatever else the judge goes on with is none of ours; above all not his end of the socket, whose
 * closing tells us that he is gone. The daemon's connection is watched, and never read. */
static int close_others(const Server *server) {
        const LauncherSpec *spec = server->spec;
        const int own[] = { server->socket_fd, server->daemon_fd, server->judge_pidfd, spec->containment->fd };
        g_autofree int *kept = g_new(int, G_N_ELEMENTS(own) + spec->n_boxes + spec->n_kept_fds);
        size_t n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
                kept[n++] = own[i];
        for (size_t i = 0; i < spec->n_boxes; i++)
                kept[n++] = spec->boxes[i].cwd_fd;
        for (size_t i = 0; i < spec->n_kept_fds; i++)
                kept[n++] = spec->kept_fds[i];
        return close_all_but(kept, n);
}

static void free_leaf(void *leaf) {
        leaf_free(leaf);
}

/* What the judge holds now is closed here; what kills the run stays, for when he is gone. */
static int answer_box(Server *server, uint32_t number, const int *fds, size_t n_fds, LaunchReply *reply) {
        g_autofree char *why = NULL;
        g_auto(BoxParts) parts = BOX_PARTS_NONE;
        int sent[LAUNCH_FDS_MAX];
        size_t n_sent = BOX_FDS;
        BoxSpec spec;
        int r;

        if (number >= server->spec->n_boxes || n_fds > 1)
                return -EINVAL;
        spec = server->spec->boxes[number];
        spec.stdin_fd = n_fds > 0 ? fds[0] : -1;
        r = box_make(&spec, server->judge, &parts, &why);
        if (r < 0) {
                (void) g_strlcpy(reply->why, why, sizeof(reply->why));
                return r;
        }
        reply->pid = parts.pid;
        reply->leaf_id = parts.leaf_id;
        memcpy(sent, parts.fds, sizeof(parts.fds));
        for (size_t i = 0; parts.leaf && i < LEAF_FILES; i++) {
                if (parts.leaf->files[i] < 0)
                        continue;
                reply->leaf_files |= 1U << i;
                sent[n_sent++] = parts.leaf->files[i];
        }
        r = message_send(server->socket_fd, reply, sizeof(*reply), sent, n_sent);
        if (parts.leaf) {
                leaf_close_figures(parts.leaf);
                g_hash_table_insert(server->leaves, GUINT_TO_POINTER(parts.leaf_id), g_steal_pointer(&parts.leaf));
        }
        return r < 0 ? r : 1;
}

static int answer_remove(Server *server, uint32_t number) {
        const Leaf *leaf = g_hash_table_lookup(server->leaves, GUINT_TO_POINTER(number));

        if (!leaf)
                return -EINVAL;
        if (leaf_populated(leaf) != 0)
                return -EBUSY;
        (void) g_hash_table_remove(server->leaves, GUINT_TO_POINTER(number));
        return 0;
}

/* The judge may not signal a process of the caller. */
static int end_errand(Server *server) {
        if (server->errand_pidfd >= 0)
                (void) pidfd_send_signal(server->errand_pidfd, SIGKILL, NULL, 0);
        server->errand_pidfd = safe_close(server->errand_pidfd);
        return 0;
}

static int answer_errand(Server *server, uint32_t number, const int *fds, size_t n_fds, LaunchReply *reply) {
        autofd pidfd = -1, reply_fd = -1;
        pid_t pid;
        int r;

        if (number >= server->spec->n_errands)
                return -EINVAL;
        end_errand(server);
        pid = errand_make(&server->spec->errands[number], server->spec->identity, server->judge, fds, n_fds, &pidfd,
                          &reply_fd);
        if (pid < 0)
                return pid;
        reply->pid = pid;
        r = message_send(server->socket_fd, reply, sizeof(*reply), (const int[]){ pidfd, reply_fd }, 2);
        server->errand_pidfd = steal_fd(&pidfd);
        return r < 0 ? r : 1;
}

/* 1: answered, with descriptors. Otherwise the result is the answer. */
static int answer(Server *server, const LaunchRequest *request, const int *fds, size_t n_fds, LaunchReply *reply) {
        switch (request->kind) {
        case LAUNCH_BOX:
                return answer_box(server, request->number, fds, n_fds, reply);
        case LAUNCH_REMOVE:
                return answer_remove(server, request->number);
        case LAUNCH_ERRAND:
                return answer_errand(server, request->number, fds, n_fds, reply);
        case LAUNCH_END_ERRAND:
                return end_errand(server);
        default:
                return -EINVAL;
        }
}

/* Negative errno when there is nobody left to answer. */
static int serve_one(Server *server) {
        LaunchRequest request;
        LaunchReply reply = {};
        int fds[LAUNCH_FDS_MAX], r;
        size_t n_fds = 0;

        r = message_receive(server->socket_fd, &request, sizeof(request), fds, &n_fds);
        if (r < 0 && r != -EBADMSG)
                return r;
        if (r >= 0)
                r = answer(server, &request, fds, n_fds, &reply);
        for (size_t i = 0; i < n_fds; i++)
                safe_close(fds[i]);
        if (r > 0)
                return 0;
        reply.error = r;
        return message_send(server->socket_fd, &reply, sizeof(reply), NULL, 0);
}

/* A judge that hangs, or does not want to, cannot be ended by the daemon: he has another user and the daemon no
 * capability. What the daemon does is to close the connection. */
static int wait_for_request(Server *server) {
        struct pollfd items[] = { { .fd = server->socket_fd, .events = POLLIN },
                                  { .fd = server->daemon_fd, .events = POLLRDHUP } };

        for (;;) {
                int timeout_msec = -1;

                if (server->deadline_usec > 0) {
                        const uint64_t now = now_monotonic_usec();

                        if (now >= server->deadline_usec) {
                                (void) pidfd_send_signal(server->judge_pidfd, SIGKILL, NULL, 0);
                                return -ETIMEDOUT;
                        }
                        timeout_msec = (int) ((server->deadline_usec - now) / USEC_PER_MSEC) + 1;
                }
                if (poll(items, G_N_ELEMENTS(items), timeout_msec) < 0 && errno != EINTR)
                        return -errno;
                if (items[0].revents != 0)
                        return 0;
                if (items[1].revents != 0) {
                        items[1].fd = -1;
                        server->deadline_usec = now_monotonic_usec() + JUDGE_TIMEOUT_USEC;
                }
        }
}

/* The judge is gone. Whoever he started is not told by the kernel: a parent's death signal is sent in the name of the
 * parent, who may not signal another user's process. */
static void clean_up(Server *server) {
        const uint64_t deadline = now_monotonic_usec() + EMPTY_TIMEOUT_USEC;
        GHashTableIter iter;
        void *leaf;

        end_errand(server);
        g_hash_table_iter_init(&iter, server->leaves);
        while (g_hash_table_iter_next(&iter, NULL, &leaf))
                (void) leaf_kill(leaf);
        g_hash_table_iter_init(&iter, server->leaves);
        while (g_hash_table_iter_next(&iter, NULL, &leaf))
                while (leaf_populated(leaf) > 0 && now_monotonic_usec() < deadline)
                        g_usleep(USEC_PER_MSEC);
        g_hash_table_unref(server->leaves);
        containment_free(server->spec->containment);
        safe_close(server->daemon_fd); /* now it may know; what exit closes after this may be slow */
}

void launcher_serve(const LauncherSpec *spec, int socket_fd, pid_t judge, int judge_pidfd) {
        Server server = { .spec = spec,
                          .socket_fd = socket_fd,
                          .daemon_fd = spec->daemon_fd,
                          .judge_pidfd = judge_pidfd,
                          .judge = judge,
                          .errand_pidfd = -1 };

        (void) prctl(PR_SET_NAME, "jt-launcher", 0, 0, 0);
        server.leaves = g_hash_table_new_full(NULL, NULL, NULL, free_leaf);
        if (close_others(&server) < 0)
                _exit(EXIT_FAILURE);
        while (wait_for_request(&server) >= 0 && serve_one(&server) >= 0)
                ;
        clean_up(&server);
        _exit(EXIT_SUCCESS);
}
