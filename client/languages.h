/* SPDX-License-Identifier: MIT */
#pragma once

/* The languages of this machine: the files of languages.d, as the service reads them. Of another machine they may be
 * others; what is wrong then the service says. */

/* The language by the suffix of a file's name; NULL when there is none, or more than one. */
const char *language_of_suffix(const char *name);

/* The language by its name in languages.d, or by a package's own word for it ("python", "c++"); NULL when there is
 * none. */
const char *language_of_word(const char *word);

/* "c, cpp, python3", for messages. */
char *language_list(void);
