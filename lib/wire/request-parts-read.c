/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "request-internal.h"

/* Of a function's name. */
#define IDENTIFIER_MAX 256U

/* One of the dictionaries within a request. */
typedef struct PartReader {
        sd_bus_message *m;
        const char *where; /* the request's key */
        const PartKey *keys;
        void *part;
        uint64_t *strings_size;
        unsigned seen; /* bit 1 << index in keys */
        char **ret_message;
} PartReader;

static int refuse(char **ret_message, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(char **ret_message, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        *ret_message = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        return -EINVAL;
}

static bool has_control(const char *text) {
        for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)))
                        return true;
        return false;
}

/* A component that would lead out of the directory, or nowhere. */
static bool leaves(const char *name) {
        g_auto(GStrv) components = g_strsplit(name, "/", -1);

        for (char **component = components; *component; component++)
                if (**component == '\0' || strcmp(*component, ".") == 0 || strcmp(*component, "..") == 0)
                        return true;
        return false;
}

/* A test's name is only shown; a file's becomes a path. */
static int check_name(const char *where, const char *name, bool path, GHashTable *names, char **ret_message) {
        g_autofree char *quoted = request_quote(name);

        if (name[0] == '\0')
                return refuse(ret_message, "%s: a name is empty; give each entry one", where);
        if (strlen(name) > REQUEST_NAME_MAX)
                return refuse(ret_message, "%s: %s has %zu bytes; at most %u are allowed", where, quoted, strlen(name),
                              REQUEST_NAME_MAX);
        if (has_control(name))
                return refuse(ret_message, "%s: %s has control characters; leave them out", where, quoted);
        if (path && leaves(name))
                return refuse(ret_message,
                              "%s: %s is no name within the working directory; it must be relative, without empty "
                              "components, . and ..",
                              where, quoted);
        if (g_hash_table_contains(names, name))
                return refuse(ret_message, "%s: %s is there twice; give each entry a name of its own", where, quoted);
        return 0;
}

/* Where one file's name is the directory of another's. */
static int check_directories(const char *where, const GArray *files, GHashTable *names, char **ret_message) {
        for (unsigned i = 0; i < files->len; i++) {
                const char *name = g_array_index(files, RequestFile, i).name;

                for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
                        g_autofree char *directory = g_strndup(name, (size_t) (slash - name));

                        if (g_hash_table_contains(names, directory)) {
                                g_autofree char *quoted = request_quote(directory);

                                return refuse(ret_message,
                                              "%s: %s is a file, and another one's directory; rename one of them",
                                              where, quoted);
                        }
                }
        }
        return 0;
}

static int check_count(const char *where, unsigned count, KeyId id, char **ret_message) {
        const KeyBounds *bounds = &request_keys[id].bounds;

        if (count > bounds->max)
                return refuse(ret_message, "%s: has more than %" G_GUINT64_FORMAT " entries; give fewer", where,
                              bounds->max);
        if (count < bounds->min)
                return refuse(ret_message, "%s: is empty; leave it out or give at least one entry", where);
        return 0;
}

static int read_files(sd_bus_message *m, const char *where, GArray **ret, char **ret_message) {
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GArray) files = request_files_new();
        const char *name;
        RequestFile file;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(sttu)");
        if (r < 0)
                return r;
        while (files->len <= request_keys[REQUEST_FILES].bounds.max &&
               (r = sd_bus_message_read(m, "(sttu)", &name, &file.offset, &file.size, &file.mode)) > 0) {
                r = check_name(where, name, true, names, ret_message);
                if (r < 0)
                        return r;
                if (file.mode & ~0777U) {
                        g_autofree char *quoted = request_quote(name);

                        return refuse(ret_message,
                                      "%s: the mode of %s is %#o; it may have permission bits only (0777)", where,
                                      quoted, file.mode);
                }
                file.name = g_strdup(name);
                g_array_append_val(files, file);
                g_hash_table_add(names, file.name);
        }
        if (r < 0)
                return r;
        r = check_count(where, files->len, REQUEST_FILES, ret_message);
        if (r < 0)
                return r;
        r = check_directories(where, files, names, ret_message);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&files);
        return sd_bus_message_exit_container(m);
}

static int read_tests(sd_bus_message *m, const char *where, GArray **ret, char **ret_message) {
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GArray) tests = request_tests_new();
        const char *name;
        RequestTest test;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(stttt)");
        if (r < 0)
                return r;
        while (tests->len <= request_keys[REQUEST_TESTS].bounds.max &&
               (r = sd_bus_message_read(m, "(stttt)", &name, &test.input_offset, &test.input_size, &test.answer_offset,
                                        &test.answer_size)) > 0) {
                r = check_name(where, name, false, names, ret_message);
                if (r < 0)
                        return r;
                test.name = g_strdup(name);
                g_array_append_val(tests, test);
                g_hash_table_add(names, test.name);
        }
        if (r < 0)
                return r;
        r = check_count(where, tests->len, REQUEST_TESTS, ret_message);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&tests);
        return sd_bus_message_exit_container(m);
}

/* argv's first string is a program, args may be nothing at all. */
static int read_strings(PartReader *reader, const char *where, bool program, char ***ret) {
        g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
        const char *text;
        int r;

        r = sd_bus_message_enter_container(reader->m, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(reader->m, 's', &text)) > 0) {
                r = request_count_string(where, text, reader->strings_size, reader->ret_message);
                if (r < 0)
                        return r;
                g_ptr_array_add(strings, g_strdup(text));
        }
        if (r < 0)
                return r;
        if (program && (strings->len == 0 || *(const char *) strings->pdata[0] == '\0'))
                return refuse(reader->ret_message, "%s: names no program; its first string must", where);
        if (strings->len > 0) {
                g_ptr_array_add(strings, NULL);
                *ret = (char **) g_ptr_array_free(g_steal_pointer(&strings), FALSE);
        }
        return sd_bus_message_exit_container(reader->m);
}

static int read_member(PartReader *reader, const PartKey *key, const char *where) {
        void *member = (uint8_t *) reader->part + key->offset;
        const char *text;
        double number;
        int boolean, r;

        switch (key->type) {
        case PART_STRING:
                r = sd_bus_message_read_basic(reader->m, 's', &text);
                if (r < 0)
                        return r;
                g_free(*(char **) member);
                *(char **) member = g_strdup(text);
                return 0;
        case PART_DOUBLE:
                r = sd_bus_message_read_basic(reader->m, 'd', &number);
                if (r < 0)
                        return r;
                if (!isfinite(number) || number < 0) {
                        char shown[G_ASCII_DTOSTR_BUF_SIZE];

                        return refuse(reader->ret_message, "%s: %s is out of range; 0 or more", where,
                                      g_ascii_formatd(shown, sizeof(shown), "%g", number));
                }
                *(double *) member = number;
                return 0;
        case PART_BOOLEAN:
                r = sd_bus_message_read_basic(reader->m, 'b', &boolean);
                if (r < 0)
                        return r;
                *(bool *) member = boolean;
                return 0;
        case PART_STRINGS:
                return read_strings(reader, where, strcmp(key->name, "argv") == 0, member);
        case PART_FILES:
                return read_files(reader->m, where, member, reader->ret_message);
        }
        g_assert_not_reached();
}

static int no_such_key(const PartReader *reader, const char *name) {
        g_autofree char *quoted = request_quote(name);
        g_autoptr(GString) known = g_string_new(NULL);

        for (const PartKey *key = reader->keys; key->name; key++)
                g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", key->name);
        return refuse(reader->ret_message, "%s: %s: no such key; it has %s", reader->where, quoted, known->str);
}

static int read_entry(PartReader *reader) {
        g_autofree char *where = NULL;
        const char *name, *contents, *signature;
        unsigned i = 0;
        int r;

        r = sd_bus_message_read_basic(reader->m, 's', &name);
        if (r < 0)
                return r;
        while (reader->keys[i].name && strcmp(reader->keys[i].name, name) != 0)
                i++;
        if (!reader->keys[i].name)
                return no_such_key(reader, name);
        where = g_strdup_printf("%s.%s", reader->where, name);
        if (reader->seen & (1U << i))
                return refuse(reader->ret_message, "%s: is given twice; give it once", where);
        reader->seen |= 1U << i;

        r = sd_bus_message_peek_type(reader->m, NULL, &contents);
        if (r < 0)
                return r;
        signature = part_type_signature(reader->keys[i].type);
        if (strcmp(contents, signature) != 0) {
                g_autofree char *quoted = request_quote(contents);

                return refuse(reader->ret_message, "%s: is of type %s; it must be \"%s\"", where, quoted, signature);
        }
        r = sd_bus_message_enter_container(reader->m, 'v', signature);
        if (r < 0)
                return r;
        r = read_member(reader, &reader->keys[i], where);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(reader->m);
}

static int read_dictionary(PartReader *reader) {
        int r;

        r = sd_bus_message_enter_container(reader->m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(reader->m, 'e', "sv")) > 0) {
                r = read_entry(reader);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(reader->m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(reader->m);
}

static int check_validator(const PartReader *reader, const RequestValidator *validator) {
        unsigned type = 0;

        while (request_validator_types[type] && strcmp(request_validator_types[type], validator->type) != 0)
                type++;
        if (!request_validator_types[type]) {
                g_autofree char *quoted = request_quote(validator->type);
                g_autofree char *types = g_strjoinv(", ", (char **) request_validator_types);

                return refuse(reader->ret_message, "validator.type: %s is not one of: %s", quoted, types);
        }
        for (unsigned i = 0; reader->keys[i].name; i++)
                if ((reader->seen & (1U << i)) && !(reader->keys[i].types & (1U << type)))
                        return refuse(reader->ret_message, "validator.%s: does not go with type %s; leave it out",
                                      reader->keys[i].name, validator->type);
        if (type < REQUEST_VALIDATOR_EXTERNAL)
                return 0;
        if (!validator->files)
                return refuse(reader->ret_message, "validator.files: are missing; a validator of type %s is a program",
                              validator->type);
        if (!validator->argv == !validator->language)
                return refuse(reader->ret_message,
                              "validator: give either language, what its files are written in, or argv, what is run");
        if (validator->language)
                return request_check_language("validator.language", validator->language, reader->ret_message);
        return 0;
}

static int read_validator(sd_bus_message *m, RequestValidator **ret, uint64_t *strings_size, char **ret_message) {
        g_autoptr(RequestValidator) validator = request_validator_new();
        PartReader reader = { .m = m,
                              .where = "validator",
                              .keys = request_validator_keys,
                              .part = validator,
                              .strings_size = strings_size,
                              .ret_message = ret_message };
        int r;

        r = read_dictionary(&reader);
        if (r < 0)
                return r;
        r = check_validator(&reader, validator);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&validator);
        return 0;
}

/* What Python takes as a name, about; what it does not take is not found in the program. */
static bool is_identifier(const char *text) {
        if (text[0] == '\0' || g_ascii_isdigit(text[0]) || strlen(text) > IDENTIFIER_MAX)
                return false;
        for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (c != '_' && !g_unichar_isalnum(c))
                        return false;
        }
        return true;
}

static int read_function(sd_bus_message *m, RequestFunction **ret, uint64_t *strings_size, char **ret_message) {
        g_autoptr(RequestFunction) function = request_function_new();
        PartReader reader = { .m = m,
                              .where = "function",
                              .keys = request_function_keys,
                              .part = function,
                              .strings_size = strings_size,
                              .ret_message = ret_message };
        int r;

        r = read_dictionary(&reader);
        if (r < 0)
                return r;
        if (!is_identifier(function->name)) {
                g_autofree char *quoted = request_quote(function->name);

                return refuse(ret_message, "function.name: %s is no name of a Python function; such as solve", quoted);
        }
        *ret = g_steal_pointer(&function);
        return 0;
}

int request_read_part(sd_bus_message *m, KeyId id, void *member, uint64_t *strings_size, char **ret_message) {
        const char *name = request_keys[id].name;

        switch (request_keys[id].type) {
        case KEY_FILES:
                return read_files(m, name, member, ret_message);
        case KEY_TESTS:
                return read_tests(m, name, member, ret_message);
        case KEY_VALIDATOR:
                return read_validator(m, member, strings_size, ret_message);
        default:
                return read_function(m, member, strings_size, ret_message);
        }
}
