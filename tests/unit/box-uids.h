/* SPDX-License-Identifier: MIT */
#pragma once

/* The uids of a test program's boxes. Each has its own: two that run at once share no count of a uid's tasks. */

#include <unistd.h>

#define BOX_UID (2200000000U + N_BOX_UIDS * (uid_t) getpid())
#define N_BOX_UIDS 10U
