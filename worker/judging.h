/* SPDX-License-Identifier: MIT */
#pragma once

/* Tells of one output after another whether it is the right answer: at once by a native validator, or by running the
 * validator the request brought, in a box of its own. */

#include "programs.h"
#include "record.h"
#include "solo.h"

typedef struct Judging Judging;

/* r < 0: the validator could not be run; why is one sentence. */
typedef void (*JudgingDone)(int r, const char *why, void *userdata);

/* *product_fd: the compiled validator, -1 as long as there is none; borrowed, as programs is. */
Judging *judging_new(sd_event *event, const Request *request, Programs *programs, const int *product_fd);
Judging *judging_free(Judging *judging);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Judging, judging_free)

/* Puts into the run's evidence, and its facts, what its output is worth; a run that has failed anyway is left as it
 * is. Returns 1 when it is decided, 0 when done will be called for that; negative errno and *ret_why when the
 * validator cannot be run. */
int judging_look(Judging *judging, const WorkTest *test, const Capture *output, RunRecord *run, JudgingDone done,
                 void *userdata, char **ret_why);

/* Kills a validator that runs, and reaps it; done is not called. */
void judging_abort(Judging *judging);
