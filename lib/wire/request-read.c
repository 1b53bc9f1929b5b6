/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>

#include "dictionary.h"
#include "errors.h"
#include "names.h"
#include "request-internal.h"

/* What the D-Bus form of each type is called. */
static const struct {
        const char *signature, *words;
} types[] = {
        [KEY_STRINGS] = { "as", "a list of strings (as)" },
        [KEY_STRING] = { "s", "a string (s)" },
        [KEY_CHOICE] = { "s", "a string (s)" },
        [KEY_UINT32] = { "u", "a number (u)" },
        [KEY_UINT64] = { "t", "a number (t)" },
        [KEY_USEC] = { "t", "a number of microseconds (t)" },
        [KEY_BYTES] = { "t", "a number of bytes (t)" },
        [KEY_DOUBLE] = { "d", "a number (d)" },
        [KEY_BOOLEAN] = { "b", "a boolean (b)" },
        [KEY_FD] = { "h", "a file descriptor (h)" },
        [KEY_FD_OR_BYTES] = { "h", "a file descriptor (h) or bytes (ay)" },
        [KEY_FILES] = { "a(sttu)", "a list of name, offset, size and mode (a(sttu))" },
        [KEY_TESTS] = { "a(stttt)", "a list of name, offset and size of input and answer (a(stttt))" },
        [KEY_VALIDATOR] = { "a{sv}", "a dictionary (a{sv})" },
        [KEY_FUNCTION] = { "a{sv}", "a dictionary (a{sv})" },
};

const char *request_key_signature(KeyType type) {
        return types[type].signature;
}

typedef struct Reader {
        sd_bus_message *m;
        Request *request;
        const RequestLimits *limits;
        uint64_t strings_size; /* of argv and env so far */
        char *message;         /* why the request is refused */
} Reader;

static int refuse(Reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(Reader *reader, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        reader->message = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        return -EBADMSG;
}

int request_count_string(const char *where, const char *text, uint64_t *strings_size, char **ret_message) {
        *strings_size += strlen(text) + 1 + sizeof(char *);
        if (*strings_size <= REQUEST_STRINGS_MAX)
                return 0;
        *ret_message = g_strdup_printf("%s: argv and env together are larger than 1 MiB; pass what is large in a file "
                                       "or as stdin",
                                       where);
        return -ERANGE;
}

GBytes **request_bytes_member(Request *request, KeyId id) {
        return id == REQUEST_BLOBS ? &request->blobs_bytes : &request->stdin_bytes;
}

static int check_string(Reader *reader, KeyId id, const char *text) {
        int r;

        r = request_count_string(request_keys[id].name, text, &reader->strings_size, &reader->message);
        if (r < 0)
                return r;
        if (id == REQUEST_ENV && (text[0] == '=' || !strchr(text, '='))) {
                g_autofree char *quoted = request_quote(text);

                return refuse(reader, "env: %s is not of the form NAME=VALUE", quoted);
        }
        return 0;
}

static int read_strings(Reader *reader, KeyId id) {
        g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
        const char *text;
        int r;

        r = sd_bus_message_enter_container(reader->m, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(reader->m, 's', &text)) > 0) {
                r = check_string(reader, id, text);
                if (r < 0)
                        return r;
                g_ptr_array_add(strings, g_strdup(text));
        }
        if (r < 0)
                return r;

        g_ptr_array_add(strings, NULL);
        *(char ***) request_member(reader->request, id) = (char **) g_ptr_array_free(g_steal_pointer(&strings), FALSE);
        return sd_bus_message_exit_container(reader->m);
}

/* Only memory answers, and what is sealed is the same for whoever reads it later. */
static bool is_sealed(int fd) {
        const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
        int r = fcntl(fd, F_GET_SEALS);

        return r >= 0 && (r & seals) == seals;
}

/* The kernel answers F_GETFL and F_GET_SEALS from the open file itself, whatever file system is behind it. */
static int read_fd(Reader *reader, KeyId id) {
        const char *name = request_keys[id].name;
        const bool read_from = request_keys[id].type == KEY_FD_OR_BYTES;
        autofd copy = -1;
        int fd, flags, r;

        r = sd_bus_message_read_basic(reader->m, 'h', &fd);
        if (r < 0)
                return r;
        flags = fcntl(fd, F_GETFL);
        if (flags < 0)
                return -errno;

        if (id != REQUEST_CWD && (flags & O_PATH))
                return refuse(reader, "%s: the descriptor is a path only (O_PATH); open it for %s", name,
                              read_from ? "reading" : "writing");
        if (id == REQUEST_BLOBS && !is_sealed(fd))
                return refuse(reader,
                              "%s: the descriptor is no sealed memfd; make one that has F_SEAL_WRITE, F_SEAL_SHRINK "
                              "and "
                              "F_SEAL_GROW",
                              name);
        if (read_from && (flags & O_ACCMODE) == O_WRONLY)
                return refuse(reader, "%s: the descriptor is open for writing only; open it for reading", name);
        if ((id == REQUEST_OUTPUT || id == REQUEST_ERROR_OUTPUT) && (flags & O_ACCMODE) == O_RDONLY)
                return refuse(reader, "%s: the descriptor is open for reading only; open it for writing", name);

        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
                return -errno;
        *(int *) request_member(reader->request, id) = steal_fd(&copy);
        return 0;
}

static int read_bytes(Reader *reader, KeyId id) {
        const uint64_t max = id == REQUEST_BLOBS ? REQUEST_BLOBS_INLINE_MAX : request_keys[id].bounds.max;
        const void *bytes;
        size_t size;
        int r;

        r = sd_bus_message_read_array(reader->m, 'y', &bytes, &size);
        if (r < 0)
                return r;
        if (size > max)
                return refuse(reader,
                              "%s: %zu bytes are too many; at most %" G_GUINT64_FORMAT
                              " MiB, or pass a descriptor of %s",
                              request_keys[id].name, size, max >> 20,
                              id == REQUEST_BLOBS ? "a sealed memfd" : "a file");
        *request_bytes_member(reader->request, id) = g_bytes_new(bytes, size);
        return 0;
}

static int read_number(Reader *reader, KeyId id, char type) {
        uint64_t value = 0;
        uint32_t value32;
        int r;

        if (type == 'u') {
                r = sd_bus_message_read_basic(reader->m, type, &value32);
                value = r < 0 ? 0 : value32;
        } else
                r = sd_bus_message_read_basic(reader->m, type, &value);
        if (r < 0)
                return r;
        return request_set_number(reader->request, id, reader->limits, value, &reader->message);
}

static int read_plain(Reader *reader, KeyId id, char type) {
        const char *text;
        double number;
        int boolean, r;

        switch (type) {
        case 's':
                r = sd_bus_message_read_basic(reader->m, type, &text);
                if (r < 0)
                        return r;
                return request_set_string(reader->request, id, text, &reader->message);
        case 'd':
                r = sd_bus_message_read_basic(reader->m, type, &number);
                if (r < 0)
                        return r;
                return request_set_double(reader->request, id, number, &reader->message);
        case 'b':
                r = sd_bus_message_read_basic(reader->m, type, &boolean);
                if (r < 0)
                        return r;
                *(bool *) request_member(reader->request, id) = boolean;
                return 0;
        case 'h':
                return read_fd(reader, id);
        default:
                return read_number(reader, id, type);
        }
}

static int read_value(Reader *reader, KeyId id) {
        const RequestKey *key = &request_keys[id];
        const char *contents;
        bool bytes;
        int r;

        r = sd_bus_message_peek_type(reader->m, NULL, &contents);
        if (r < 0)
                return r;
        bytes = key->type == KEY_FD_OR_BYTES && strcmp(contents, "ay") == 0;
        if (!bytes && strcmp(contents, types[key->type].signature) != 0) {
                g_autofree char *quoted = request_quote(contents);

                return refuse(reader, "%s: is of type %s; it must be %s", key->name, quoted, types[key->type].words);
        }

        r = sd_bus_message_enter_container(reader->m, 'v', contents);
        if (r < 0)
                return r;
        if (bytes)
                r = read_bytes(reader, id);
        else if (key->type == KEY_STRINGS)
                r = read_strings(reader, id);
        else if (key->type >= KEY_FILES)
                r = request_read_part(reader->m, id, request_member(reader->request, id), &reader->strings_size,
                                      &reader->message);
        else
                r = read_plain(reader, id, types[key->type].signature[0]);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(reader->m);
}

static int read_entry(sd_bus_message *m, const char *name, void *userdata) {
        Reader *reader = userdata;
        const char *closest;
        KeyId id;
        int r;

        if (request_key_find(name, &id) < 0) {
                g_autofree char *quoted = request_quote(name);

                closest = request_key_closest(reader->request->kind, name);
                if (closest)
                        return refuse(reader, "%s: no such key; did you mean %s?", quoted, closest);
                return refuse(reader, "%s: no such key; org.jouletrace.JouleTrace1(5) lists them", quoted);
        }
        r = request_check_kind(reader->request, id, &reader->message);
        if (r < 0)
                return r;
        if (dictionary_mark(&reader->request->given, id) < 0)
                return refuse(reader, "%s: is given twice; give it once", name);
        return read_value(reader, id);
}

int request_read(sd_bus_message *m, Request *request, const RequestLimits *limits, char **ret_message) {
        Reader reader = { .m = m, .request = request, .limits = limits };
        int r;

        r = dictionary_read(m, read_entry, &reader);
        *ret_message = reader.message;
        return reader.message ? -EBADMSG : r;
}

int request_from_message(sd_bus_message *m, JobKind kind, const RequestLimits *limits, Request **ret,
                         sd_bus_error *error) {
        g_autoptr(Request) request = request_new(kind, limits);
        g_autofree char *message = NULL;
        int r;

        r = request_read(m, request, limits, &message);
        if (r == -ENXIO)
                message = g_strdup("the request is no dictionary of keys and values (a{sv})");
        if (r >= 0)
                r = request_finish(request, limits, &message);
        if (message) {
                (void) sd_bus_error_set(error, JT_ERROR_INVALID_REQUEST, message);
                return -error_to_errno(JT_ERROR_INVALID_REQUEST);
        }
        if (r < 0)
                return r;

        *ret = g_steal_pointer(&request);
        return 0;
}
