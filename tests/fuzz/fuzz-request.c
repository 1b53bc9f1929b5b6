/* SPDX-License-Identifier: MIT */

/* Any dictionary must be accepted as a request that keeps the bounds and survives being passed on, or be refused with
 * a message. The input is one entry a line, about as busctl takes them: a name, a signature, its values; a first line
 * "validate" makes it that kind of job. Each line is also read as an option's text. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "errors.h"
#include "names.h"
#include "request.h"

#define ENTRIES_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A bus that nobody is at the other end of: enough to build, seal and read messages. */
static sd_bus *offline_bus(void) {
        static sd_bus *bus;
        int fd;

        if (bus)
                return bus;
        g_assert_cmpint(errors_register(), >=, 0);
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(bus, fd, fd), >=, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        return bus;
}

/* 0 to 3: a device, opened so; 4: a sealed memfd; from 5: a memfd that may still change. */
static int append_fd(sd_bus_message *m, const char *text) {
        static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_PATH };
        const unsigned long kind = strtoul(text, NULL, 10);
        autofd fd = -1;

        if (kind < G_N_ELEMENTS(flags))
                fd = open("/dev/null", flags[kind] | O_CLOEXEC);
        else {
                fd = memfd_create("blobs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
                if (kind == G_N_ELEMENTS(flags))
                        (void) fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
        }
        return sd_bus_message_append_basic(m, 'h', &fd);
}

static int append_basic(sd_bus_message *m, char type, const char *text) {
        uint64_t number = strtoull(text, NULL, 10);
        double real = g_ascii_strtod(text, NULL);
        int boolean = strcmp(text, "true") == 0;

        switch (type) {
        case 's':
        case 'o':
        case 'g':
                return sd_bus_message_append_basic(m, type, text);
        case 'd':
                return sd_bus_message_append_basic(m, type, &real);
        case 'b':
                return sd_bus_message_append_basic(m, type, &boolean);
        case 'h':
                return append_fd(m, text);
        case 'y':
        case 'n':
        case 'q':
        case 'i':
        case 'u':
        case 'x':
        case 't': /* little endian: the number's low bytes come first */
                return sd_bus_message_append_basic(m, type, &number);
        default:
                return -EINVAL;
        }
}

static int append_complete(sd_bus_message *m, const char *signature, size_t length, char ***words, bool outermost);

static char *next_word(char ***words) {
        return **words ? *(*words)++ : NULL;
}

/* How many characters the first complete type has; 0 when there is none. */
static size_t complete_length(const char *signature, size_t length) {
        size_t depth = 0;

        for (size_t i = 0; i < length; i++) {
                if (signature[i] == '(' || signature[i] == '{')
                        depth++;
                else if ((signature[i] == ')' || signature[i] == '}') && depth-- == 0)
                        return 0;
                if (depth == 0 && signature[i] != 'a')
                        return i + 1;
        }
        return 0;
}

static int append_all(sd_bus_message *m, const char *signature, size_t length, char ***words) {
        int r = 0;

        while (r >= 0 && length > 0) {
                const size_t n = complete_length(signature, length);

                r = n == 0 ? -EINVAL : append_complete(m, signature, n, words, false);
                signature += n;
                length -= n;
        }
        return r;
}

static int append_inside(sd_bus_message *m, char type, const char *contents, size_t length, char ***words,
                         size_t count) {
        g_autofree char *text = g_strndup(contents, length);
        int r;

        r = sd_bus_message_open_container(m, type, text);
        for (; r >= 0 && count > 0 && (type != 'a' || **words); count--)
                r = append_all(m, contents, length, words);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* As busctl takes them, but the outermost array has no count: it takes all the words there are. */
static int append_complete(sd_bus_message *m, const char *signature, size_t length, char ***words, bool outermost) {
        const char *word;

        switch (signature[0]) {
        case 'a':
                word = outermost ? "1000" : next_word(words);
                return append_inside(m, 'a', signature + 1, length - 1, words, strtoul(word ?: "0", NULL, 10));
        case '(':
                return append_inside(m, 'r', signature + 1, length - 2, words, 1);
        case '{':
                return append_inside(m, 'e', signature + 1, length - 2, words, 1);
        case 'v':
                word = next_word(words);
                return word ? append_inside(m, 'v', word, strlen(word), words, 1) : -EINVAL;
        default:
                return append_basic(m, signature[0], next_word(words) ?: "");
        }
}

static int append_value(sd_bus_message *m, const char *signature, char **words) {
        const size_t length = strlen(signature);

        if (length == 0 || complete_length(signature, length) != length)
                return -EINVAL;
        return append_complete(m, signature, length, &words, true);
}

static int append_entry(sd_bus_message *m, const char *line) {
        g_auto(GStrv) words = g_strsplit(line, " ", -1);
        const char *signature = words[0] && words[1] ? words[1] : "s";
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 's', words[0] ?: "");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', signature);
        if (r < 0)
                return r;
        r = append_value(m, signature, words[0] && words[1] ? words + 2 : words + g_strv_length(words));
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int build(char **lines, sd_bus_message **ret) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_signal(offline_bus(), &m, "/fuzz", "org.jouletrace.Fuzz", "Fuzz");
        if (r < 0)
                return r;
        /* A request that is none, now and then. */
        if (lines[0] && strcmp(lines[0], "no dictionary") == 0)
                r = sd_bus_message_append_basic(m, 's', lines[0]);
        else {
                r = sd_bus_message_open_container(m, 'a', "{sv}");
                for (char **line = lines; r >= 0 && *line; line++)
                        r = append_entry(m, *line);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
        }
        if (r < 0)
                return r;
        r = sd_bus_message_seal(m, 1, 0);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&m);
        return 0;
}

/* The dictionary that is open ends, another one begins. */
static int next_dictionary(sd_bus_message *m, bool options) {
        int r;

        r = sd_bus_message_close_container(m);
        if (r >= 0 && options)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        return r;
}

/* "next" begins another candidate, the first "options" the options. */
static int build_compare(char **lines, sd_bus_message **ret) {
        g_autoptr(sd_bus_message) m = NULL;
        bool options = false;
        int r;

        r = sd_bus_message_new_signal(offline_bus(), &m, "/fuzz", "org.jouletrace.Fuzz", "Fuzz");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "a{sv}");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (char **line = lines; r >= 0 && *line; line++) {
                const bool begins = strcmp(*line, "options") == 0;

                if (options || (!begins && strcmp(*line, "next") != 0))
                        r = append_entry(m, *line);
                else
                        r = next_dictionary(m, begins);
                options = options || begins;
        }
        if (r >= 0 && !options)
                r = next_dictionary(m, true);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_seal(m, 1, 0);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&m);
        return 0;
}

static void check_bounds(const Request *request, const RequestLimits *limits) {
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];
                const void *p = (const uint8_t *) request + key->offset;
                uint64_t value;

                if (key->type == KEY_UINT32)
                        value = *(const uint32_t *) p;
                else if (key->type == KEY_UINT64 || key->type == KEY_USEC || key->type == KEY_BYTES)
                        value = *(const uint64_t *) p;
                else
                        continue;
                g_assert_cmpuint(value, >=, limits->bounds[id].min);
                g_assert_cmpuint(value, <=, limits->bounds[id].max);
        }
        if (!request->language) {
                g_assert_nonnull(request->argv);
                g_assert_cmpstr(request->argv[0], !=, "");
        }
        g_assert_true(request->rel_ci >= 0 && request->rel_ci < 1);
        g_assert_true(request->max_joules >= 0);
}

/* Written anew: what the parser thinks of a name is what is tried. */
static void check_name(const char *name) {
        g_autofree char *around = g_strconcat("/", name, "/", NULL);

        g_assert_cmpuint(strlen(name), >, 0);
        g_assert_cmpuint(strlen(name), <, 256);
        g_assert_null(strstr(around, "//"));
        g_assert_null(strstr(around, "/./"));
        g_assert_null(strstr(around, "/../"));
}

static void check_files(const GArray *files, uint64_t end) {
        g_assert_cmpuint(files->len, <=, 4096);
        for (unsigned i = 0; i < files->len; i++) {
                const RequestFile *file = &g_array_index(files, RequestFile, i);

                check_name(file->name);
                g_assert_cmpuint(file->mode, <=, 0777);
                g_assert_cmpuint(file->offset, <=, end);
                g_assert_cmpuint(file->size, <=, end - file->offset);
        }
}

static void check_parts(const Request *request, const RequestLimits *limits) {
        const uint64_t end = request->blobs_bytes ? g_bytes_get_size(request->blobs_bytes)
                                                  : limits->bounds[REQUEST_BLOBS].max;
        const bool boxed = request->files || request->tests || request->validator || request->language ||
                           request->function;

        if (boxed)
                g_assert_cmpstr(request->profile, ==, "box");
        if (strcmp(request->profile, "box") == 0)
                g_assert_cmpint(request->cwd_fd, <, 0);
        if (request->files)
                check_files(request->files, end);
        if (request->validator && request->validator->files)
                check_files(request->validator->files, end);
        if (request->files || request->tests)
                g_assert_true(request->blobs_fd >= 0 || request->blobs_bytes);
        if (request->kind == JOB_VALIDATE)
                g_assert_nonnull(request->tests);
        for (unsigned i = 0; request->tests && i < request->tests->len; i++) {
                const RequestTest *test = &g_array_index(request->tests, RequestTest, i);

                g_assert_cmpuint(test->input_offset, <=, end);
                g_assert_cmpuint(test->input_size, <=, end - test->input_offset);
                g_assert_cmpuint(test->answer_offset, <=, end);
                g_assert_cmpuint(test->answer_size, <=, end - test->answer_offset);
        }
}

static unsigned length_of(const GArray *array) {
        return array ? array->len : 0;
}

static void check_passed_on(const Request *request) {
        g_autoptr(sd_bus_message) m = NULL;
        g_autoptr(Request) again = NULL;

        g_assert_cmpint(sd_bus_message_new_signal(offline_bus(), &m, "/fuzz", "org.jouletrace.Fuzz", "Fuzz"), >=, 0);
        g_assert_cmpint(request_append(m, request), >=, 0);
        g_assert_cmpint(sd_bus_message_seal(m, 1, 0), >=, 0);
        g_assert_cmpint(request_from_message(m, request->kind, NULL, &again, NULL), ==, 0);
        g_assert_cmpuint(length_of(again->files), ==, length_of(request->files));
        g_assert_cmpuint(length_of(again->tests), ==, length_of(request->tests));
        g_assert_cmpstr(again->language, ==, request->language);
        g_assert_cmpstr(again->profile, ==, request->profile);
        g_assert_cmpint(again->validator != NULL, ==, request->validator != NULL);
        if (request->validator)
                g_assert_cmpstr(again->validator->type, ==, request->validator->type);
        if (request->function)
                g_assert_cmpstr(again->function->name, ==, request->function->name);
        g_assert_cmpuint(again->trials, ==, request->trials);
        g_assert_cmpuint(again->wall_limit_usec, ==, request->wall_limit_usec);
        if (request->argv)
                g_assert_cmpuint(g_strv_length(again->argv), ==, g_strv_length(request->argv));
        g_assert_cmpstr(again->label, ==, request->label);
}

static void fuzz_message(JobKind kind, char **lines) {
        g_autoptr(sd_bus_message) m = NULL;
        g_autoptr(Request) request = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        RequestLimits limits;
        int r;

        if (build(lines, &m) < 0)
                return;
        request_limits_init(&limits);
        r = request_from_message(m, kind, &limits, &request, &error);
        if (r >= 0) {
                g_assert_false(sd_bus_error_is_set(&error));
                check_bounds(request, &limits);
                check_parts(request, &limits);
                check_passed_on(request);
                return;
        }
        g_assert_null(request);
        if (!sd_bus_error_is_set(&error)) /* the message itself is broken: a string that is no UTF-8 */
                return;
        g_assert_cmpint(r, ==, -EBADMSG);
        g_assert_cmpstr(error.name, ==, JT_ERROR_INVALID_REQUEST);
        g_assert_true(g_utf8_validate(error.message, -1, NULL));
        g_assert_cmpuint(strlen(error.message), <, 1024);
}

static void check_compared(const Request *request, const RequestLimits *limits) {
        g_autoptr(sd_bus_message) m = NULL;
        g_autoptr(Request) again = NULL;

        g_assert_cmpuint(request->candidates->len, >=, REQUEST_CANDIDATES_MIN);
        g_assert_cmpuint(request->candidates->len, <=, REQUEST_CANDIDATES_MAX);
        for (unsigned i = 0; i < request->candidates->len; i++) {
                const Request *candidate = g_ptr_array_index(request->candidates, i);

                g_assert_cmpint(candidate->kind, ==, JOB_MEASURE);
                check_bounds(candidate, limits);
                check_parts(candidate, limits);
                check_passed_on(candidate);
                g_assert_cmpuint(candidate->trials, ==, request->trials);
                g_assert_cmpstr(candidate->label, ==, request->label);
        }
        g_assert_cmpint(sd_bus_message_new_signal(offline_bus(), &m, "/fuzz", "org.jouletrace.Fuzz", "Fuzz"), >=, 0);
        g_assert_cmpint(request_compare_append(m, request), >=, 0);
        g_assert_cmpint(sd_bus_message_seal(m, 1, 0), >=, 0);
        g_assert_cmpint(request_compare_from_message(m, NULL, &again, NULL), ==, 0);
        g_assert_cmpuint(again->candidates->len, ==, request->candidates->len);
        g_assert_cmpfloat(again->fail_above, ==, request->fail_above);
}

static void fuzz_compare(char **lines) {
        g_autoptr(sd_bus_message) m = NULL;
        g_autoptr(Request) request = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        RequestLimits limits;

        if (build_compare(lines, &m) < 0)
                return;
        request_limits_init(&limits);
        if (request_compare_from_message(m, &limits, &request, &error) >= 0)
                check_compared(request, &limits);
        else
                g_assert_null(request);
}

static void fuzz_text(char **lines) {
        g_autoptr(Request) request = NULL;
        RequestLimits limits;

        request_limits_init(&limits);
        request = request_new(JOB_MEASURE, &limits);
        for (char **line = lines; *line; line++) {
                g_auto(GStrv) words = g_strsplit(*line, " ", 3);
                g_autofree char *message = NULL;
                KeyId id;

                if (g_strv_length(words) < 3 || request_key_find(words[0], &id) < 0)
                        continue;
                if (request_set_text(request, id, &limits, words[2], &message) >= 0)
                        g_assert_null(message);
                else {
                        g_assert_nonnull(message);
                        g_assert_true(g_utf8_validate(message, -1, NULL));
                }
        }
        request->argv = g_strsplit("true", " ", 0);
        check_bounds(request, &limits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *) data, size);
        g_auto(GStrv) lines = g_strsplit(text, "\n", ENTRIES_MAX);
        size_t n = g_strv_length(lines);

        /* The newline at the end of a file begins no entry. */
        if (n > 0 && lines[n - 1][0] == '\0')
                g_clear_pointer(&lines[n - 1], g_free);

        if (lines[0] && strcmp(lines[0], "validate") == 0)
                fuzz_message(JOB_VALIDATE, lines + 1);
        else if (lines[0] && strcmp(lines[0], "compare") == 0)
                fuzz_compare(lines + 1);
        else
                fuzz_message(JOB_MEASURE, lines);
        fuzz_text(lines);
        return 0;
}
