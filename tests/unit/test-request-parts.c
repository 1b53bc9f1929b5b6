/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "errors.h"
#include "request-fixture.h"

static void test_names(Fixture *f, const void *data) {
        static const struct {
                const char *name, *of_file, *of_test; /* why it is refused; NULL: it is not */
        } cases[] = {
                { "a", NULL, NULL },
                { "a/b.c", NULL, NULL },
                { "a b", NULL, NULL },
                { "..a", NULL, NULL },
                { "ä", NULL, NULL },
                { "", "a name is empty; give each entry one", "a name is empty; give each entry one" },
                { "../x",
                  "\"../x\" is no name within the working directory; it must be relative, without empty "
                  "components, . and ..",
                  NULL },
                { "a/../b", "\"a/../b\" is no name", NULL },
                { "a/..", "\"a/..\" is no name", NULL },
                { "./a", "\"./a\" is no name", NULL },
                { ".", "\".\" is no name", NULL },
                { "/etc/passwd", "\"/etc/passwd\" is no name", NULL },
                { "a//b", "\"a//b\" is no name", NULL },
                { "a/", "\"a/\" is no name", NULL },
                { "a\nb", "\"a?b\" has control characters; leave them out", "\"a?b\" has control characters" },
                { "a\xc2\x9b"
                  "b",
                  "has control characters", "has control characters" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                for (int which = 0; which < 2; which++) {
                        const char *reason = which == 0 ? cases[i].of_file : cases[i].of_test;
                        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
                        g_autoptr(Request) request = NULL;

                        begin_validation(f, which == 0);
                        if (which == 0)
                                append_file(f, cases[i].name, 0, 1, 0644);
                        else
                                append_test(f, cases[i].name);
                        if (!reason) {
                                request = accepted(f);
                                continue;
                        }
                        g_assert_cmpint(finish(f, &request, &error), ==, -EBADMSG);
                        g_assert_true(g_str_has_prefix(error.message, which == 0 ? "files: " : "tests: "));
                        g_assert_nonnull(strstr(error.message, reason));
                }
}

static void test_name_length(Fixture *f, const void *data) {
        g_autofree char *longest = g_strnfill(REQUEST_NAME_MAX, 'x'), *longer = g_strnfill(REQUEST_NAME_MAX + 1, 'x');
        g_autoptr(Request) request = NULL;

        g_assert_cmpuint(REQUEST_NAME_MAX, ==, 255);
        f->kind = JOB_VALIDATE;
        begin(f, true);
        append_blobs_fd(f);
        append_file(f, longest, 0, 1, 0644);
        append_test(f, longest);
        request = accepted(f);

        begin_validation(f, true);
        append_file(f, longer, 0, 1, 0644);
        refused(f, NULL);
        begin_validation(f, false);
        append_test(f, longer);
        refused(f, NULL);
}

static void test_unique(Fixture *f, const void *data) {
        static const struct {
                const char *first, *second, *message;
        } cases[] = {
                { "a", "b", NULL },
                { "a", "ab", NULL },
                { "a/b", "a/c", NULL },
                { "a", "a", "files: \"a\" is there twice; give each entry a name of its own" },
                { "a/b", "a", "files: \"a\" is a file, and another one's directory; rename one of them" },
                { "a", "a/b/c", "files: \"a\" is a file, and another one's directory; rename one of them" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Request) request = NULL;

                begin_validation(f, true);
                KEY_SET("files", "a(sttu)", 2, cases[i].first, UINT64_C(0), UINT64_C(1), 0644, cases[i].second,
                        UINT64_C(0), UINT64_C(1), 0644);
                if (cases[i].message)
                        refused(f, cases[i].message);
                else
                        request = accepted(f);
        }

        begin_validation(f, false);
        KEY_SET("tests", "a(stttt)", 2, "1", UINT64_C(0), UINT64_C(0), UINT64_C(0), UINT64_C(0), "1", UINT64_C(0),
                UINT64_C(0), UINT64_C(0), UINT64_C(0));
        refused(f, "tests: \"1\" is there twice; give each entry a name of its own");
}

static void append_many(Fixture *f, KeyId id, unsigned n) {
        const char *contents = id == REQUEST_FILES ? "a(sttu)" : "a(stttt)";

        g_assert_cmpint(sd_bus_message_open_container(f->m, 'e', "sv"), >=, 0);
        g_assert_cmpint(sd_bus_message_append(f->m, "s", request_keys[id].name), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'v', contents), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'a', contents + 1), >=, 0);
        for (unsigned i = 0; i < n; i++) {
                g_autofree char *name = g_strdup_printf("%u", i);
                int r;

                if (id == REQUEST_FILES)
                        r = sd_bus_message_append(f->m, "(sttu)", name, UINT64_C(0), UINT64_C(1), 0644);
                else
                        r = sd_bus_message_append(f->m, "(stttt)", name, UINT64_C(0), UINT64_C(1), UINT64_C(1),
                                                  UINT64_C(1));
                g_assert_cmpint(r, >=, 0);
        }
        for (int i = 0; i < 3; i++)
                g_assert_cmpint(sd_bus_message_close_container(f->m), >=, 0);
}

/* Both sides of the table's bounds. */
static void test_counts(Fixture *f, const void *data) {
        static const KeyId ids[] = { REQUEST_FILES, REQUEST_TESTS };

        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
                const KeyBounds *bounds = &request_keys[ids[i]].bounds;
                const unsigned counts[] = { (unsigned) bounds->min - 1, (unsigned) bounds->min, (unsigned) bounds->max,
                                            (unsigned) bounds->max + 1 };

                for (size_t n = 0; n < G_N_ELEMENTS(counts); n++) {
                        g_autoptr(Request) request = NULL;

                        begin_validation(f, ids[i] != REQUEST_TESTS);
                        append_many(f, ids[i], counts[n]);
                        if (counts[n] < bounds->min || counts[n] > bounds->max) {
                                refused(f, NULL);
                                continue;
                        }
                        request = accepted(f);
                        g_assert_cmpuint((ids[i] == REQUEST_FILES ? request->files : request->tests)->len, ==,
                                         counts[n]);
                }
        }
}

static void test_modes(Fixture *f, const void *data) {
        g_autoptr(Request) request = NULL, none = NULL;

        begin_validation(f, true);
        append_file(f, "a", 0, 1, 0777);
        request = accepted(f);
        begin_validation(f, true);
        append_file(f, "a", 0, 1, 0);
        none = accepted(f);
        begin_validation(f, true);
        append_file(f, "a", 0, 1, 01000);
        refused(f, "files: the mode of \"a\" is 01000; it may have permission bits only (0777)");
        begin_validation(f, true);
        append_file(f, "a", 0, 1, 04755);
        refused(f, "files: the mode of \"a\" is 04755; it may have permission bits only (0777)");
        begin_validation(f, true);
        append_file(f, "a", 0, 1, 0100644);
        refused(f, NULL);
}

static void test_extents(Fixture *f, const void *data) {
        static const struct {
                uint64_t offset, size;
                bool in_bytes, in_fd; /* of ten bytes; of what the configuration lets */
        } cases[] = {
                { 0, 10, true, true },
                { 10, 0, true, true },
                { 9, 2, false, true },
                { 11, 0, false, true },
                { 0, UINT64_C(256) << 20, false, true },
                { 0, (UINT64_C(256) << 20) + 1, false, false },
                { UINT64_C(256) << 20, 1, false, false },
                { UINT64_MAX, 1, false, false },
                { 1, UINT64_MAX, false, false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                for (int bytes = 0; bytes < 2; bytes++)
                        for (int piece = 0; piece < 4; piece++) {
                                uint64_t o = cases[i].offset, s = cases[i].size;
                                g_autoptr(Request) request = NULL;

                                f->kind = JOB_VALIDATE;
                                begin(f, true);
                                if (bytes)
                                        append_blobs_bytes(f, "0123456789", 10);
                                else
                                        append_blobs_fd(f);
                                if (piece == 0)
                                        append_file(f, "a", o, s, 0644);
                                if (piece == 3)
                                        KEY_SET("validator", "a{sv}", 3, "type", "s", "kattis", "language", "s", "c",
                                                "files", "a(sttu)", 1, "v.c", o, s, 0644);
                                KEY_SET("tests", "a(stttt)", 1, "1", piece == 1 ? o : 0, piece == 1 ? s : 0,
                                        piece == 2 ? o : 0, piece == 2 ? s : 0);
                                if (bytes ? cases[i].in_bytes : cases[i].in_fd)
                                        request = accepted(f);
                                else
                                        refused(f, NULL);
                        }

        f->kind = JOB_VALIDATE;
        begin(f, true);
        append_blobs_bytes(f, "0123456789", 10);
        append_test(f, "1");
        append_file(f, "a", 9, 2, 0644);
        refused(f, "files: \"a\" lies beyond the end of blobs: 2 bytes from 9, and there are 10");

        f->limits.bounds[REQUEST_BLOBS].max = 1024;
        begin_validation(f, false);
        KEY_SET("tests", "a(stttt)", 1, "t", UINT64_C(0), UINT64_C(1), UINT64_C(1000), UINT64_C(25));
        refused(f,
                "tests: the answer of \"t\", 25 bytes from 1000, is out of range; blobs may have at most 1K (MaxBlobs "
                "in jouletraced.conf raises the limit)");
}

/* The same bytes, under two names: each box would have both. */
static void test_files_together(Fixture *f, const void *data) {
        g_autoptr(Request) request = NULL;

        f->limits.bounds[REQUEST_BLOBS].max = 1024;
        begin_validation(f, true);
        KEY_SET("files", "a(sttu)", 2, "a", UINT64_C(0), UINT64_C(512), 0644, "b", UINT64_C(0), UINT64_C(512), 0644);
        request = accepted(f);
        begin_validation(f, true);
        KEY_SET("files", "a(sttu)", 2, "a", UINT64_C(0), UINT64_C(513), 0644, "b", UINT64_C(0), UINT64_C(512), 0644);
        refused(f, "files: have more than 1K together, which is the most (MaxBlobs in jouletraced.conf raises the "
                   "limit)");
}

static void test_blobs(Fixture *f, const void *data) {
        static const int seals[] = { 0,
                                     F_SEAL_WRITE,
                                     F_SEAL_SHRINK | F_SEAL_GROW,
                                     F_SEAL_WRITE | F_SEAL_GROW,
                                     F_SEAL_WRITE | F_SEAL_SHRINK,
                                     F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW };
        g_autoptr(Request) request = NULL;

        begin_validation(f, true);
        request = accepted(f);
        g_assert_cmpint(request->blobs_fd, >, 2);
        g_assert_true(fcntl(request->blobs_fd, F_GETFD) & FD_CLOEXEC);

        for (size_t i = 0; i < G_N_ELEMENTS(seals); i++) {
                autofd fd = make_memfd("0123456789", seals[i]);

                begin(f, true);
                append_test(f, "1");
                KEY_SET("blobs", "h", fd);
                refused(f,
                        "blobs: the descriptor is no sealed memfd; make one that has F_SEAL_WRITE, F_SEAL_SHRINK and "
                        "F_SEAL_GROW");
        }
        begin(f, true);
        append_test(f, "1");
        append_fd(f, "blobs", O_RDONLY);
        refused(f, "blobs: the descriptor is no sealed memfd; make one that has F_SEAL_WRITE, F_SEAL_SHRINK and "
                   "F_SEAL_GROW");
        begin(f, true);
        append_test(f, "1");
        append_fd(f, "blobs", O_PATH);
        refused(f, "blobs: the descriptor is a path only (O_PATH); open it for reading");
}

static void test_blobs_bytes(Fixture *f, const void *data) {
        const size_t max = 16 << 20;
        g_autofree uint8_t *bytes = g_malloc0(max + 1);
        g_autoptr(Request) request = NULL;

        f->kind = JOB_VALIDATE;
        begin(f, true);
        append_test(f, "1");
        append_blobs_bytes(f, bytes, max);
        request = accepted(f);
        g_assert_cmpuint(g_bytes_get_size(request->blobs_bytes), ==, max);
        g_assert_null(request->stdin_bytes);

        begin(f, true);
        append_test(f, "1");
        append_blobs_bytes(f, bytes, max + 1);
        refused(f, "blobs: 16777217 bytes are too many; at most 16 MiB, or pass a descriptor of a sealed memfd");
}

/* Which keys a case has besides argv. */
enum {
        PROFILE_HOST = 1 << 0,
        PROFILE_BOX = 1 << 1,
        BLOBS = 1 << 2,
        FILES = 1 << 3,
        TESTS = 1 << 4,
        VALIDATOR = 1 << 5,
        LANGUAGE = 1 << 6,
        FUNCTION = 1 << 7,
        CWD = 1 << 8,
        STDIN = 1 << 9,
        NO_ARGV = 1 << 10,
};

static void append_keys(Fixture *f, unsigned keys) {
        if (keys & (PROFILE_HOST | PROFILE_BOX))
                KEY_SET("profile", "s", keys & PROFILE_HOST ? "host" : "box");
        if (keys & BLOBS)
                append_blobs_fd(f);
        if (keys & FILES)
                append_file(f, "a.py", 0, 1, 0644);
        if (keys & TESTS)
                append_test(f, "1");
        if (keys & VALIDATOR)
                KEY_SET("validator", "a{sv}", 1, "type", "s", "lines");
        if (keys & LANGUAGE)
                KEY_SET("language", "s", "c");
        if (keys & FUNCTION)
                KEY_SET("function", "a{sv}", 0);
        if (keys & CWD)
                append_fd(f, "cwd", O_RDONLY);
        if (keys & STDIN)
                append_fd(f, "stdin", O_RDONLY);
}

static void test_what_goes_with_what(Fixture *f, const void *data) {
        static const struct {
                unsigned keys;
                const char *measure, *validate; /* how a refusal begins; "": accepted */
        } cases[] = {
                { 0, "", "tests: are missing; give what" },
                { PROFILE_BOX, "", "tests: are missing" },
                { BLOBS, "blobs: nothing points into them", "tests: are missing" },
                { BLOBS | FILES, "", "tests: are missing" },
                { BLOBS | TESTS, "", "" },
                { BLOBS | FILES | TESTS | VALIDATOR | PROFILE_BOX, "", "" },
                { FILES, "files: point into blobs, and there are none", "tests: are missing" },
                { TESTS, "tests: point into blobs", "tests: point into blobs" },
                { BLOBS | TESTS | PROFILE_HOST, "profile: \"host\" runs what lies in the caller's",
                  "profile: \"host\" runs what lies in the caller's" },
                { BLOBS | FILES | PROFILE_HOST, "profile: \"host\"", "profile: \"host\"" },
                { VALIDATOR | PROFILE_HOST, "profile: \"host\"", "profile: \"host\"" },
                { LANGUAGE | PROFILE_HOST, "profile: \"host\"", "profile: \"host\"" },
                { FUNCTION | PROFILE_HOST, "profile: \"host\"", "profile: \"host\"" },
                { CWD, "", "cwd: is no key of a job that only validates" },
                { CWD | PROFILE_BOX, "cwd: does not go with profile box", "cwd: is no key" },
                { CWD | BLOBS | TESTS, "cwd: does not go with profile box", "cwd: is no key" },
                { STDIN | PROFILE_BOX, "", "stdin: is no key of a job that only validates" },
                { STDIN | BLOBS | TESTS, "stdin: does not go with tests", "stdin: is no key" },
                { VALIDATOR, "validator: judges the output of tests", "tests: are missing" },
                { LANGUAGE, "language: is what files are written in", "tests: are missing" },
                { LANGUAGE | BLOBS | TESTS, "language: is what files", "language: is what files" },
                { LANGUAGE | BLOBS | TESTS | FILES, "", "" },
                { LANGUAGE | BLOBS | TESTS | FILES | NO_ARGV, "", "" },
                { BLOBS | TESTS | FILES | NO_ARGV, "argv: is missing", "argv: is missing" },
                { FUNCTION | BLOBS | TESTS | FILES | NO_ARGV, "", "" },
                { FUNCTION | BLOBS | FILES, "function: is called with tests", "tests: are missing" },
                { FUNCTION | BLOBS | TESTS, "function: is defined in files", "function: is defined in files" },
                { FUNCTION | BLOBS | TESTS | FILES | LANGUAGE, "language: \"c\" does not go with function",
                  "language: \"c\" does not go with function" },
                { FUNCTION | BLOBS | TESTS | FILES | VALIDATOR, "validator: does not go with function",
                  "validator: does not go with function" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                for (f->kind = JOB_MEASURE; f->kind <= JOB_VALIDATE; f->kind++) {
                        const char *start = f->kind == JOB_MEASURE ? cases[i].measure : cases[i].validate;
                        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
                        g_autoptr(Request) request = NULL;
                        bool box = cases[i].keys & ~(unsigned) (CWD | STDIN | PROFILE_HOST);

                        begin(f, !(cases[i].keys & NO_ARGV));
                        append_keys(f, cases[i].keys);
                        if (*start == '\0') {
                                request = accepted(f);
                                g_assert_cmpstr(request->profile, ==, box ? "box" : "host");
                                continue;
                        }
                        g_assert_cmpint(finish(f, &request, &error), ==, -EBADMSG);
                        g_assert_cmpstr(error.name, ==, JT_ERROR_INVALID_REQUEST);
                        g_test_message("%zu: %s", i, error.message);
                        g_assert_true(g_str_has_prefix(error.message, start));
                }
}

static void test_keys_of_measuring(Fixture *f, const void *data) {
        begin_validation(f, true);
        KEY_SET("trials", "u", 9);
        refused(f, "trials: is no key of a job that only validates; leave it out, or measure");
        begin_validation(f, true);
        KEY_SET("meter", "s", "none");
        refused(f, "meter: is no key of a job that only validates; leave it out, or measure");
}

static void test_validator(Fixture *f, const void *data) {
        static const struct {
                const char *key, *type, *text, *message;
                double number;
        } cases[] = {
                { "typ", "s", "tokens",
                  "validator: \"typ\": no such key; it has type, absolute, relative, "
                  "case-sensitive, space-sensitive, files, language, argv, args" },
                { "type", "u", NULL, "validator.type: is of type \"u\"; it must be \"s\"" },
                { "type", "s", "magic",
                  "validator.type: \"magic\" is not one of: tokens, exact, lines, numbers, kattis, testlib" },
                { "absolute", "d", NULL, "validator.absolute: -1 is out of range; 0 or more", -1 },
                { "relative", "d", NULL, "validator.relative: nan is out of range; 0 or more", NAN },
                { "relative", "d", NULL, "validator.relative: inf is out of range; 0 or more", INFINITY },
                { "absolute", "d", NULL, NULL, 0 },
                { "relative", "d", NULL, NULL, 1e308 },
                { "type", "s", "numbers", NULL },
                { "type", "s", "exact", NULL },
                { "type", "s", "kattis", "validator.files: are missing; a validator of type kattis is a program" },
                { "language", "s", "c", "validator.language: does not go with type tokens; leave it out" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Request) request = NULL;

                begin_validation(f, true);
                if (cases[i].text)
                        KEY_SET("validator", "a{sv}", 1, cases[i].key, "s", cases[i].text);
                else if (cases[i].type[0] == 'd')
                        KEY_SET("validator", "a{sv}", 1, cases[i].key, "d", cases[i].number);
                else
                        KEY_SET("validator", "a{sv}", 1, cases[i].key, "u", 1);
                if (cases[i].message)
                        refused(f, cases[i].message);
                else
                        request = accepted(f);
        }

        begin_validation(f, true);
        KEY_SET("validator", "a{sv}", 2, "type", "s", "exact", "type", "s", "exact");
        refused(f, "validator.type: is given twice; give it once");
        begin_validation(f, true);
        KEY_SET("validator", "a{sv}", 2, "absolute", "d", 0.1, "type", "s", "lines");
        refused(f, "validator.absolute: does not go with type lines; leave it out");
}

static void test_external_validator(Fixture *f, const void *data) {
        g_autoptr(Request) request = NULL;

        begin_validation(f, true);
        KEY_SET("validator", "a{sv}", 3, "type", "s", "kattis", "language", "s", "cpp", "files", "a(sttu)", 1, "v.cpp",
                UINT64_C(0), UINT64_C(1), 0644);
        request = accepted(f);
        g_assert_cmpstr(request->validator->language, ==, "cpp");
        g_assert_null(request->validator->argv);

        begin_validation(f, true);
        KEY_SET("validator", "a{sv}", 2, "type", "s", "testlib", "files", "a(sttu)", 1, "v.cpp", UINT64_C(0),
                UINT64_C(1), 0644);
        refused(f, "validator: give either language, what its files are written in, or argv, what is run");
        begin_validation(f, true);
        KEY_SET("validator", "a{sv}", 4, "type", "s", "testlib", "language", "s", "c", "argv", "as", 1, "./v", "files",
                "a(sttu)", 1, "v.cpp", UINT64_C(0), UINT64_C(1), 0644);
        refused(f, "validator: give either language, what its files are written in, or argv, what is run");
        begin_validation(f, true);
        KEY_SET("validator", "a{sv}", 3, "type", "s", "testlib", "language", "s", "/c", "files", "a(sttu)", 1, "v.cpp",
                UINT64_C(0), UINT64_C(1), 0644);
        refused(f, "validator.language: \"/c\" is no language's name; such as c, cpp or python3");
        begin_validation(f, true);
        KEY_SET("validator", "a{sv}", 3, "type", "s", "testlib", "argv", "as", 0, "files", "a(sttu)", 1, "v.cpp",
                UINT64_C(0), UINT64_C(1), 0644);
        refused(f, "validator.argv: names no program; its first string must");
        begin_validation(f, true);
        KEY_SET("validator", "a{sv}", 3, "type", "s", "testlib", "argv", "as", 1, "./v", "files", "a(sttu)", 1, "../v",
                UINT64_C(0), UINT64_C(1), 0644);
        refused(f, "validator.files: \"../v\" is no name within the working directory; it must be relative, without "
                   "empty components, . and ..");
}

/* Its strings count with argv and env. */
static void test_strings_are_counted(Fixture *f, const void *data) {
        g_autofree char *large = g_strnfill(REQUEST_STRINGS_MAX, 'x');

        begin_validation(f, true);
        KEY_SET("validator", "a{sv}", 1, "args", "as", 1, large);
        refused(f, "validator.args: argv and env together are larger than 1 MiB; pass what is large in a file or as "
                   "stdin");
}

static void test_function(Fixture *f, const void *data) {
        static const struct {
                const char *name;
                bool right;
        } names[] = {
                { "solve", true }, { "_f2", true },  { "größe", true }, { "", false },      { "2f", false },
                { "a b", false },  { "a.b", false }, { "f()", false },  { "x'; y", false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(Request) request = NULL;

                begin_validation(f, true);
                append_file(f, "a.py", 0, 1, 0644);
                KEY_SET("function", "a{sv}", 1, "name", "s", names[i].name);
                if (!names[i].right) {
                        refused(f, NULL);
                        continue;
                }
                request = accepted(f);
                g_assert_cmpstr(request->function->name, ==, names[i].name);
                /* as the original's */
                g_assert_cmpfloat(request->function->float_tolerance, ==, 1e-9);
                g_assert_cmpfloat(request->function->relative_tolerance, ==, 1e-9);
                g_assert_true(request->function->string_case_sensitive);
                g_assert_false(request->function->ignore_whitespace);
                g_assert_true(request->function->list_order_matters);
        }
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(errors_register(), >=, 0);
        ADD("/request-parts/names", test_names);
        ADD("/request-parts/name-length", test_name_length);
        ADD("/request-parts/unique", test_unique);
        ADD("/request-parts/counts", test_counts);
        ADD("/request-parts/modes", test_modes);
        ADD("/request-parts/extents", test_extents);
        ADD("/request-parts/files-together", test_files_together);
        ADD("/request-parts/blobs", test_blobs);
        ADD("/request-parts/blobs-bytes", test_blobs_bytes);
        ADD("/request-parts/what-goes-with-what", test_what_goes_with_what);
        ADD("/request-parts/keys-of-measuring", test_keys_of_measuring);
        ADD("/request-parts/validator", test_validator);
        ADD("/request-parts/external-validator", test_external_validator);
        ADD("/request-parts/strings-are-counted", test_strings_are_counted);
        ADD("/request-parts/function", test_function);
        return g_test_run();
}
