/* SPDX-License-Identifier: MIT */
#pragma once

/* The jobs that wait, fair between users: of the users who have one waiting, the one served longest ago is next, and
 * each user's own jobs run in the order they came. Knows nothing of jobs but id and uid. */

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"

typedef struct Queue Queue;

Queue *queue_new(void);
Queue *queue_free(Queue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Queue, queue_free)

void queue_push(Queue *queue, uint32_t id, uid_t uid);

/* The job to start now; it counts as service to its user. -ENOENT when nothing waits. */
int queue_pop(Queue *queue, uint32_t *ret_id);

/* -ENOENT */
int queue_remove(Queue *queue, uint32_t id);

unsigned queue_length(const Queue *queue);
unsigned queue_length_of(const Queue *queue, uid_t uid);

/* Calls visit with each waiting job in the order they would start if nobody came or left, until it returns false. */
typedef bool (*QueueVisit)(uint32_t id, unsigned position, void *userdata);
void queue_visit(const Queue *queue, QueueVisit visit, void *userdata);

/* The same with the jobs of one user only, which is the order in which they came; position counts those. */
void queue_visit_of(const Queue *queue, uid_t uid, QueueVisit visit, void *userdata);

/* 1 for the job that starts next; 0 when it does not wait. */
unsigned queue_position(const Queue *queue, uint32_t id);
