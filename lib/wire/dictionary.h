/* SPDX-License-Identifier: MIT */
#pragma once

/* The one walk over an a{sv}. */

#include "base.h"

/* Reads the variant the message stands at, and nothing behind it. */
typedef int (*DictionaryEntry)(sd_bus_message *m, const char *key, void *userdata);

/* Calls entry for each key, in the message's order, until one of the calls returns a negative errno, which is passed
 * on. -ENXIO when the message stands at no a{sv}. The message then stands behind the dictionary. */
int dictionary_read(sd_bus_message *m, DictionaryEntry entry, void *userdata);

/* Notes in *seen that key number i (of at most 64) has come. -EEXIST when it had before: a key comes once. */
int dictionary_mark(uint64_t *seen, size_t i);
