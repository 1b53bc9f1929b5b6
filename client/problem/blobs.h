/* SPDX-License-Identifier: MIT */
#pragma once

/* All files, inputs and answers of a request back to back, as one descriptor that nobody can change any more. Equal
 * contents are there once. */

#include <glib.h>
#include <stdint.h>

#define BLOBS_MAX (UINT64_C(256) * 1024 * 1024)
#define BLOBS_INLINE_MAX (UINT64_C(16) * 1024 * 1024)

typedef struct Blobs Blobs;

Blobs *blobs_new(void);

/* Where the bytes begin. -EFBIG beyond BLOBS_MAX. */
int blobs_add(Blobs *blobs, GBytes *bytes, uint64_t *ret_offset);

uint64_t blobs_size(const Blobs *blobs);

/* A new sealed memfd. */
int blobs_seal(const Blobs *blobs, int *ret_fd);

/* The same as bytes, for a connection that passes no descriptors. -EFBIG beyond BLOBS_INLINE_MAX. */
int blobs_join(const Blobs *blobs, GBytes **ret);

Blobs *blobs_free(Blobs *blobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Blobs, blobs_free)
