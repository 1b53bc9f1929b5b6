/* SPDX-License-Identifier: MIT */
#pragma once

/* Small YAML files somebody else wrote. What such a file has no use for (aliases, several documents, tags) is refused,
 * and so are keys that come twice. */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define YAML_SIZE_MAX (1024 * 1024)
#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 20000

typedef enum YamlKind {
        YAML_SCALAR,
        YAML_SEQUENCE,
        YAML_MAPPING,
} YamlKind;

typedef struct Yaml Yaml;
struct Yaml {
        YamlKind kind;
        unsigned line;     /* counted from 1 */
        bool quoted;       /* a scalar in quotes is a string whatever it looks like */
        char *text;        /* of a scalar */
        GPtrArray *keys;   /* of a mapping: char pointers, in the order of the file */
        GPtrArray *values; /* of a mapping or sequence: Yaml */
};

/* An empty file is an empty mapping. On failure *ret_problem is a clause with the line. */
int yaml_parse(const char *text, size_t size, Yaml **ret, char **ret_problem);

/* The value of a key; NULL when yaml is no mapping, has no such key, or its value is null. */
const Yaml *yaml_get(const Yaml *yaml, const char *key);

/* The text of a scalar; NULL else. */
const char *yaml_text(const Yaml *yaml);

/* Numbers and booleans as YAML 1.2 writes them, not in quotes. */
bool yaml_double(const Yaml *yaml, double *ret);
bool yaml_u64(const Yaml *yaml, uint64_t *ret);
bool yaml_bool(const Yaml *yaml, bool *ret);

/* The texts of a sequence of scalars; NULL when it is none. The array ends with NULL. */
char **yaml_strings(const Yaml *yaml);

/* Not yaml_free(): libyaml exports a function of that name. */
Yaml *yaml_value_free(Yaml *yaml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Yaml, yaml_value_free)
