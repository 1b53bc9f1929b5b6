/* SPDX-License-Identifier: MIT */
#pragma once

/* Bytes of strangers, made fit to be shown. */

#include <glib.h>

/* As text: what is not UTF-8 or is no printable character, newline or tab is shown as \xNN. Newly allocated. */
char *text_printable(const char *bytes, size_t length);
