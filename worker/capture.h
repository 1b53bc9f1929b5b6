/* SPDX-License-Identifier: MIT */
#pragma once

/* What a run wrote, kept as it came: no copying, hashing or looking at it before the window is closed. */

#include <stdbool.h>

#include "base.h"

typedef struct Capture {
        GPtrArray *chunks;
        uint64_t bytes; /* kept */
        uint64_t seen;  /* drained in all; more than bytes once limit was reached */
        uint64_t limit; /* what is kept at most */
} Capture;

void capture_init(Capture *capture, uint64_t limit);
void capture_clear(Capture *capture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Capture, capture_clear)

/* Reads what a non-blocking descriptor has, at most `most` bytes. 1: perhaps there is more; 0: nothing now; -EPIPE:
 * the other side is closed; other negative errno. */
int capture_drain(Capture *capture, int fd, uint64_t most);

/* Lowercase hexadecimal; of what was kept. */
char *capture_sha256(const Capture *capture);

/* The last `most` bytes as printable text: what is not UTF-8 or is a control character but newline and tab is shown as
 * \xNN. "…" stands for what is left out before them, and behind them for what was not kept. */
char *capture_tail(const Capture *capture, size_t most);

/* The first line that is not blank, as printable text of at most `most` bytes, "…" at its end when it is longer; NULL:
 * there is none. */
char *capture_line(const Capture *capture, size_t most);

/* What was kept as one block, with a NUL behind it. */
char *capture_text(const Capture *capture);

/* What was kept in a sealed memfd, at its beginning; negative errno. */
int capture_memfd(const Capture *capture);

/* Writes all of it; blocks as the descriptor does. Negative errno. */
int capture_write(const Capture *capture, int fd);
