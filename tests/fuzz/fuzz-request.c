/* SPDX-License-Identifier: MIT */

/* Any dictionary must be accepted as a request that keeps the bounds and survives being passed on, or be refused with
 * a message. The input is one entry a line, as busctl takes them: a name, a signature, its values. Each line is also
 * read as an option's text. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

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

static int append_fd(sd_bus_message *m, const char *text) {
        static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_PATH };
        autofd fd = open("/dev/null", flags[strtoul(text, NULL, 10) % G_N_ELEMENTS(flags)] | O_CLOEXEC);

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

/* A basic type, an array of one, or a variant of a string; negative errno for what cannot be built. */
static int append_value(sd_bus_message *m, const char *signature, char **values) {
        const char contents[] = { signature[0] == 'a' ? signature[1] : 's', '\0' };
        int r;

        if (signature[0] != 'a' && signature[0] != 'v')
                return signature[0] == '\0' || signature[1] != '\0' ? -EINVAL
                                                                    : append_basic(m, signature[0], values[0] ?: "");
        r = sd_bus_message_open_container(m, signature[0], contents);
        for (size_t i = 0; r >= 0 && values[i] && (signature[0] == 'a' || i == 0); i++)
                r = append_basic(m, contents[0], values[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
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
        g_assert_nonnull(request->argv);
        g_assert_cmpstr(request->argv[0], !=, "");
        g_assert_true(request->rel_ci >= 0 && request->rel_ci < 1);
        g_assert_true(request->max_joules >= 0);
}

static void check_passed_on(const Request *request) {
        g_autoptr(sd_bus_message) m = NULL;
        g_autoptr(Request) again = NULL;

        g_assert_cmpint(sd_bus_message_new_signal(offline_bus(), &m, "/fuzz", "org.jouletrace.Fuzz", "Fuzz"), >=, 0);
        g_assert_cmpint(request_append(m, request), >=, 0);
        g_assert_cmpint(sd_bus_message_seal(m, 1, 0), >=, 0);
        g_assert_cmpint(request_from_message(m, JOB_MEASURE, NULL, &again, NULL), ==, 0);
        g_assert_cmpuint(again->trials, ==, request->trials);
        g_assert_cmpuint(again->wall_limit_usec, ==, request->wall_limit_usec);
        g_assert_cmpuint(g_strv_length(again->argv), ==, g_strv_length(request->argv));
        g_assert_cmpstr(again->label, ==, request->label);
}

static void fuzz_message(char **lines) {
        g_autoptr(sd_bus_message) m = NULL;
        g_autoptr(Request) request = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        RequestLimits limits;
        int r;

        if (build(lines, &m) < 0)
                return;
        request_limits_init(&limits);
        r = request_from_message(m, JOB_MEASURE, &limits, &request, &error);
        if (r >= 0) {
                g_assert_false(sd_bus_error_is_set(&error));
                check_bounds(request, &limits);
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

        fuzz_message(lines);
        fuzz_text(lines);
        return 0;
}
