/* SPDX-License-Identifier: MIT */
#include "queue.h"

/* Users are remembered after their last job, or someone who submits one at a time would always be served first. Only
 * when nobody waits and there are many are they forgotten. */
#define USERS_KEPT 1024

typedef struct User {
        uid_t uid;
        uint64_t served; /* number of the service that was this user's last; 0 for never */
        GArray *ids;     /* uint32_t, oldest first */
} User;

struct Queue {
        GPtrArray *users; /* in the order of their first job */
        uint64_t services;
        unsigned length;
};

static void user_free(void *p) {
        User *user = p;

        g_array_unref(user->ids);
        g_free(user);
}

Queue *queue_new(void) {
        Queue *queue = g_new0(Queue, 1);

        queue->users = g_ptr_array_new_with_free_func(user_free);
        return queue;
}

Queue *queue_free(Queue *queue) {
        if (!queue)
                return NULL;
        g_ptr_array_unref(queue->users);
        g_free(queue);
        return NULL;
}

static User *user_find(const Queue *queue, uid_t uid) {
        for (unsigned i = 0; i < queue->users->len; i++) {
                User *user = queue->users->pdata[i];

                if (user->uid == uid)
                        return user;
        }
        return NULL;
}

void queue_push(Queue *queue, uint32_t id, uid_t uid) {
        User *user = user_find(queue, uid);

        if (!user) {
                user = g_new0(User, 1);
                user->uid = uid;
                user->ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
                g_ptr_array_add(queue->users, user);
        }
        g_array_append_val(user->ids, id);
        queue->length++;
}

/* The user served longest ago among those with a job left; taken[i] and served[i] stand for the real ones. */
static int next_user(const Queue *queue, const unsigned *taken, const uint64_t *served) {
        int best = -1;

        for (unsigned i = 0; i < queue->users->len; i++) {
                const User *user = queue->users->pdata[i];

                if (taken[i] >= user->ids->len)
                        continue;
                /* Among users never served, whoever has waited longest: ids grow. */
                if (best < 0 || served[i] < served[best] ||
                    (served[i] == served[best] &&
                     g_array_index(user->ids, uint32_t, taken[i]) <
                                     g_array_index(((User *) queue->users->pdata[best])->ids, uint32_t, taken[best])))
                        best = (int) i;
        }
        return best;
}

void queue_visit(const Queue *queue, QueueVisit visit, void *userdata) {
        g_autofree unsigned *taken = g_new0(unsigned, queue->users->len + 1);
        g_autofree uint64_t *served = g_new0(uint64_t, queue->users->len + 1);
        uint64_t services = queue->services;

        for (unsigned i = 0; i < queue->users->len; i++)
                served[i] = ((User *) queue->users->pdata[i])->served;

        for (unsigned position = 1;; position++) {
                int i = next_user(queue, taken, served);
                const User *user;

                if (i < 0)
                        return;
                user = queue->users->pdata[i];
                if (!visit(g_array_index(user->ids, uint32_t, taken[i]), position, userdata))
                        return;
                taken[i]++;
                served[i] = ++services;
        }
}

void queue_visit_of(const Queue *queue, uid_t uid, QueueVisit visit, void *userdata) {
        const User *user = user_find(queue, uid);

        for (unsigned i = 0; user && i < user->ids->len; i++)
                if (!visit(g_array_index(user->ids, uint32_t, i), i + 1, userdata))
                        return;
}

static bool take_first(uint32_t id, unsigned position, void *userdata) {
        *(uint32_t *) userdata = id;
        return false;
}

int queue_pop(Queue *queue, uint32_t *ret_id) {
        uint32_t id;

        if (queue->length == 0)
                return -ENOENT;
        queue_visit(queue, take_first, &id);

        for (unsigned i = 0; i < queue->users->len; i++) {
                User *user = queue->users->pdata[i];

                if (user->ids->len > 0 && g_array_index(user->ids, uint32_t, 0) == id)
                        user->served = ++queue->services;
        }
        *ret_id = id;
        return queue_remove(queue, id);
}

int queue_remove(Queue *queue, uint32_t id) {
        for (unsigned i = 0; i < queue->users->len; i++) {
                User *user = queue->users->pdata[i];

                for (unsigned j = 0; j < user->ids->len; j++) {
                        if (g_array_index(user->ids, uint32_t, j) != id)
                                continue;
                        g_array_remove_index(user->ids, j);
                        queue->length--;
                        if (queue->length == 0 && queue->users->len > USERS_KEPT)
                                g_ptr_array_set_size(queue->users, 0);
                        return 0;
                }
        }
        return -ENOENT;
}

unsigned queue_length(const Queue *queue) {
        return queue->length;
}

unsigned queue_length_of(const Queue *queue, uid_t uid) {
        const User *user = user_find(queue, uid);

        return user ? user->ids->len : 0;
}

typedef struct Search {
        uint32_t id;
        unsigned position;
} Search;

static bool search_visit(uint32_t id, unsigned position, void *userdata) {
        Search *search = userdata;

        if (id != search->id)
                return true;
        search->position = position;
        return false;
}

unsigned queue_position(const Queue *queue, uint32_t id) {
        Search search = { .id = id };

        queue_visit(queue, search_visit, &search);
        return search.position;
}
