/* SPDX-License-Identifier: MIT */
#pragma once

/* The languages of this machine: the files of languages.d, as the service reads them. Of another machine they may be
 * others; what is wrong then the service says. */

#include <stdbool.h>

/* The language by the suffix of a file's name; NULL when there is none, or more than one. */
const char *language_of_suffix(const char *name);

/* The language by its name in languages.d, or by a package's own word for it ("python", "c++"); NULL when there is
 * none. */
const char *language_of_word(const char *word);

/* Whether the file's name makes it a source of the language. */
bool language_is_source(const char *language, const char *name);

/* What a source of the language is called that has no name of its own; NULL: the language does not say. */
const char *language_source_name(const char *language);

/* "c, cpp, python3", for messages. */
char *language_list(void);
