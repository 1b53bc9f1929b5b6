/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "clone.h"
#include "launcher-message.h"
#include "netns.h"

#define JUDGE_TIMEOUT_USEC (6U * USEC_PER_SEC) /* to end when the daemon is gone; undead runs take him four */
#define HANDED_BYTES_MAX (INT64_C(1) << 40)    /* as the knobs' highest: a few of them add up without wrapping */
#define EMPTY_TIMEOUT_USEC (2U * USEC_PER_SEC) /* for SIGKILL to have its way */

typedef struct Server {
        const LauncherSpec *spec;
        int socket_fd, daemon_fd, judge_pidfd;
        pid_t judge;
        uint64_t deadline_usec; /* when the judge is killed */
        GHashTable *places;     /* id of a run → Place */
        NetnsPool *netns;
        int errand_pidfd;
} Server;

/* Where a run lives, until the judge says that it does not any more. */
typedef struct Place {
        int pidfd;
        Leaf *leaf, *run; /* NULL for a process group; run: in a box */
        int netns_fd;     /* of the pool; -1: none */
} Place;

static void keep_box(GArray *kept, const BoxSpec *spec) {
        g_array_append_val(kept, spec->cwd_fd);
        if (!spec->root)
                return;
        g_array_append_val(kept, spec->root->netns_fd);
        g_array_append_val(kept, spec->root->uid_lock_fd);
        for (size_t i = 0; i < spec->root->n_files; i++)
                g_array_append_val(kept, spec->root->files[i].fd);
}

/* The counters and whatever else the judge goes on with is none of ours; above all not his end of the socket, whose
 * closing tells us that he is gone. The daemon's connection is watched, and never read. */
static int close_others(const Server *server) {
        const LauncherSpec *spec = server->spec;
        g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(int));
        const int own[] = { server->socket_fd, server->daemon_fd, server->judge_pidfd, spec->containment->fd };

        g_array_append_vals(kept, own, G_N_ELEMENTS(own));
        g_array_append_vals(kept, spec->kept_fds, (guint) spec->n_kept_fds);
        for (size_t i = 0; i < spec->n_boxes; i++)
                keep_box(kept, &spec->boxes[i]);
        return close_all_but((int *) (void *) kept->data, kept->len);
}

static void free_place(void *data) {
        Place *place = data;

        safe_close(place->pidfd);
        leaf_free(place->run);
        leaf_free(place->leaf);
        g_free(place);
}

static bool is_memfd(int fd) {
        return fcntl(fd, F_GET_SEALS) >= 0;
}

/* The files that the judge hands over are put where the spec has a place for them. */
static int take_handed(const int *fds, size_t n_fds, BoxFile *files, size_t n_files) {
        for (size_t i = 0; i < n_files; i++) {
                const size_t n = BOX_HANDED_NUMBER(files[i].fd);
                struct stat st;

                if (files[i].fd >= 0)
                        continue;
                if (n >= n_fds || !is_memfd(fds[n]) || fstat(fds[n], &st) < 0 || st.st_size > HANDED_BYTES_MAX)
                        return -EINVAL;
                files[i].fd = fds[n];
                files[i].offset = 0;
                files[i].size = (uint64_t) st.st_size;
        }
        return 0;
}

/* The spec with what came along, made into a run. *ret_netns_fd: what it has of the pool; -1. */
static int make_box(Server *server, const LaunchRequest *request, const int *fds, size_t n_fds, BoxParts *ret,
                    int *ret_netns_fd, char **ret_why) {
        const size_t n_before = (request->with_stdin != 0) + (request->with_extra != 0);
        g_autofree BoxFile *files = NULL;
        BoxSpec spec;
        BoxRoot root;
        int r;

        *ret_netns_fd = -1;
        if (request->number >= server->spec->n_boxes || n_fds < n_before || n_fds > n_before + BOX_HANDED_MAX)
                return -EINVAL;
        spec = server->spec->boxes[request->number];
        spec.stdin_fd = request->with_stdin ? fds[0] : -1;
        spec.extra_fd = request->with_extra ? fds[n_before - 1] : -1;
        if (!spec.root)
                return n_fds > n_before ? -EINVAL : box_make(&spec, server->judge, ret, ret_why);

        root = *spec.root;
        root.files = files = g_memdup2(root.files, root.n_files * sizeof(BoxFile));
        spec.root = &root;
        r = take_handed(fds + n_before, n_fds - n_before, files, root.n_files);
        if (r < 0)
                return r;
        if (!root.user_namespace && root.netns_fd < 0) {
                r = netns_pool_take(server->netns, &root.netns_fd);
                if (r < 0) {
                        *ret_why = g_strdup_printf(
                                        "A box cannot be made: the kernel gives no network namespace (%s)%s",
                                        g_strerror(-r), r == -EPERM ? BOX_NEEDS : "");
                        return -ENOTSUP;
                }
                *ret_netns_fd = root.netns_fd;
        }
        r = box_make(&spec, server->judge, ret, ret_why);
        if (r < 0 && *ret_netns_fd >= 0)
                netns_pool_give_back(server->netns, *ret_netns_fd);
        return r;
}

static uint32_t send_leaf(const Leaf *leaf, int *fds, size_t *n) {
        uint32_t mask = 0;

        for (size_t i = 0; leaf && i < LEAF_FILES; i++) {
                if (leaf->files[i] < 0)
                        continue;
                mask |= 1U << i;
                fds[(*n)++] = leaf->files[i];
        }
        return mask;
}

/* What the judge holds now is closed here; what kills the run stays, for when he may not, or is gone. */
static void keep_place(Server *server, BoxParts *parts, int netns_fd) {
        Place *place = g_new(Place, 1);

        if (parts->leaf)
                leaf_close_figures(parts->leaf);
        if (parts->run)
                leaf_close_figures(parts->run);
        *place = (Place){ .pidfd = steal_fd(&parts->fds[BOX_FD_PID]),
                          .leaf = g_steal_pointer(&parts->leaf),
                          .run = g_steal_pointer(&parts->run),
                          .netns_fd = netns_fd };
        g_hash_table_insert(server->places, GUINT_TO_POINTER(parts->id), place);
}

static int answer_box(Server *server, const LaunchRequest *request, const int *fds, size_t n_fds, LaunchReply *reply) {
        g_autofree char *why = NULL;
        g_auto(BoxParts) parts = BOX_PARTS_NONE;
        int sent[LAUNCH_FDS_MAX], netns_fd, r;
        size_t n_sent = BOX_FDS;

        r = make_box(server, request, fds, n_fds, &parts, &netns_fd, &why);
        if (r < 0) {
                (void) g_strlcpy(reply->why, why ?: "", sizeof(reply->why));
                return r;
        }
        reply->pid = parts.pid;
        reply->id = parts.id;
        reply->boxed = parts.boxed;
        memcpy(sent, parts.fds, sizeof(parts.fds));
        reply->leaf_files = send_leaf(parts.leaf, sent, &n_sent);
        reply->run_files = send_leaf(parts.run, sent, &n_sent);
        r = message_send(server->socket_fd, reply, sizeof(*reply), sent, n_sent);
        keep_place(server, &parts, netns_fd);
        return r < 0 ? r : 1;
}

static int kill_process(const Place *place) {
        if (pidfd_send_signal(place->pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
                return -errno;
        return 0;
}

static int kill_place(const Place *place) {
        return place->leaf ? leaf_kill(place->leaf) : kill_process(place);
}

/* PID 1 of a namespace is dead when all others are. */
static bool lives(const Place *place) {
        struct pollfd item = { .fd = place->pidfd, .events = POLLIN };

        return place->leaf ? leaf_populated(place->leaf) != 0 : poll(&item, 1, 0) != 1;
}

static int answer_kill(Server *server, uint32_t id) {
        const Place *place = g_hash_table_lookup(server->places, GUINT_TO_POINTER(id));

        return place ? kill_process(place) : -EINVAL;
}

static int answer_remove(Server *server, uint32_t id) {
        const Place *place = g_hash_table_lookup(server->places, GUINT_TO_POINTER(id));

        if (!place)
                return -EINVAL;
        if (lives(place))
                return -EBUSY;
        if (place->netns_fd >= 0)
                netns_pool_give_back(server->netns, place->netns_fd);
        (void) g_hash_table_remove(server->places, GUINT_TO_POINTER(id));
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

        if (number >= server->spec->n_errands || n_fds != server->spec->errands[number].n_fds)
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
                return answer_box(server, request, fds, n_fds, reply);
        case LAUNCH_KILL:
                return answer_kill(server, request->number);
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

        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
                fds[i] = -1; /* no number that happens to be open where one is missing */
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
        void *place;

        end_errand(server);
        g_hash_table_iter_init(&iter, server->places);
        while (g_hash_table_iter_next(&iter, NULL, &place))
                (void) kill_place(place);
        g_hash_table_iter_init(&iter, server->places);
        while (g_hash_table_iter_next(&iter, NULL, &place))
                while (lives(place) && now_monotonic_usec() < deadline)
                        g_usleep(USEC_PER_MSEC);
        g_hash_table_unref(server->places);
        netns_pool_free(server->netns);
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
        server.netns = netns_pool_new();
        server.places = g_hash_table_new_full(NULL, NULL, NULL, free_place);
        if (close_others(&server) < 0)
                _exit(EXIT_FAILURE);
        while (wait_for_request(&server) >= 0 && serve_one(&server) >= 0)
                ;
        clean_up(&server);
        _exit(EXIT_SUCCESS);
}
