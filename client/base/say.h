/* SPDX-License-Identifier: MIT */
#pragma once

/* Text for people, on its way out. */

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/* --ascii, or a terminal that cannot show more: from now on say() writes quotation marks, dashes, arrows and dots in
 * ASCII. Letters of translations stay. */
void say_in_ascii(void);

void say(FILE *stream, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What say_in_ascii() makes of a text. */
char *say_to_ascii(const char *text);
