/* SPDX-License-Identifier: MIT */
#pragma once

/* How programs of a language are compiled and run: the files of languages.d.
 *
 *   [Language]
 *   Name=C (GNU C17, GCC)        for people
 *   Suffixes=c                   of its sources, without the dot, separated by ;
 *   Source=main.c                what a source without a name is called; optional
 *   Compile=/usr/bin/gcc …       optional; with {binary} it makes the program, without it checks the sources
 *   Run={binary}
 *   Version=/usr/bin/gcc --version   whose first line is the version in a report
 *
 * Commands are split into words as a shell would, with quotes and nothing more; the first is an absolute path or
 * {binary}. {files} is a word by itself and becomes one for each source; {main}, {mainclass}, {binary} and {memory}
 * may be part of a word. There are no other braces. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Language {
        char *id; /* the file's name without .conf: what requests say */
        char *name;
        char **suffixes;
        char *source;   /* may be NULL */
        char **compile; /* may be NULL */
        char **run;
        char **version;
} Language;

Language *language_free(Language *language);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Language, language_free)

/* One file's text; file is its path, for the words. -EINVAL with *ret_error: "FILE:4: unknown key Colour; there are
 * Name, …". Unknown groups, keys and placeholders, and keys given twice, are errors. */
int language_parse(const char *file, const char *text, Language **ret, char **ret_error);

/* All of the directories' *.conf, sorted by id. A file hides those of the same name in the directories behind it; an
 * empty one (or a link to /dev/null) removes the language. What cannot be read or understood is left out and told in
 * problems (of char *); a directory that is not there is none. */
GPtrArray *languages_load(const char *const *directories, GPtrArray *problems);

/* Those of this host: /etc/jouletrace/languages.d before what was installed along with us. */
GPtrArray *languages_load_installed(GPtrArray *problems);

/* Their ids, NULL-terminated: borrowed strings in an array to be freed with g_free(). */
const char **languages_ids(const GPtrArray *languages);

/* NULL when there is none. */
const Language *language_by_id(const GPtrArray *languages, const char *id);

/* The language of a file by the suffix of its name: -ENOENT when there is none, -ENOTUNIQ when there are several. */
int language_by_file(const GPtrArray *languages, const char *file, const Language **ret);

/* Whether the name ends in one of the language's suffixes: what {files} is made of. */
bool language_owns(const Language *language, const char *file);

/* Whether Compile makes the program that Run starts. */
bool language_makes_binary(const Language *language);

typedef struct LanguageValues {
        const char *const *files; /* {files}: the sources, relative to the working directory */
        const char *main;         /* {main}: the one to start; {mainclass} is its last component without suffix */
        const char *binary;       /* {binary}: "./program" */
        uint64_t memory_bytes;    /* {memory}: in whole MiB */
} LanguageValues;

/* A command of a language with its placeholders filled in. A name that starts with a dash gets "./" before it, so that
 * no source can pass for an option. Free with g_strfreev(). */
char **language_expand(char *const *command, const LanguageValues *values);
