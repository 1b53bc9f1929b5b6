/* SPDX-License-Identifier: MIT */
#pragma once

/* One run of a box outside any window: a compiler's, a validator's, what tells a version. */

#include "run.h"

typedef struct Solo Solo;

/* Called from the event loop, once; the record is the solo's until it is taken. */
typedef void (*SoloOver)(Solo *solo, void *userdata);

/* Builds the box, waits for its gate and opens it. *ret_why is set on error. */
int solo_start(sd_event *event, const BoxSpec *box, const RunLimits *limits, SoloOver over, void *userdata, Solo **ret,
               char **ret_why);

void solo_kill(Solo *solo, KilledFor reason);

/* After over. */
RunRecord *solo_take_record(Solo *solo);
const RunRecord *solo_record(const Solo *solo);
const Capture *solo_output(const Solo *solo);
const Capture *solo_error_output(const Solo *solo);

/* Kills and reaps what is left; not from within over. */
Solo *solo_free(Solo *solo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Solo, solo_free)
