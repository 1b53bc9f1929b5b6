/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>

#include "decimal.h"
#include "external.h"
#include "validator.h"

#define TOKENS .options = { VALIDATOR_TOKENS, .case_sensitive = true }
#define EXACT .options = { VALIDATOR_EXACT, .case_sensitive = true }
#define LINES .options = { VALIDATOR_LINES, .case_sensitive = true }
#define NUMBERS .options = { VALIDATOR_NUMBERS, .case_sensitive = true }
#define WITHIN(a, r) .options = { VALIDATOR_NUMBERS, .case_sensitive = true, .absolute = (a), .relative = (r) }
#define TEXTS(e, g) .expected = (e), .expected_size = sizeof(e) - 1, .got = (g), .got_size = sizeof(g) - 1

typedef struct Case {
        ValidatorOptions options;
        const char *expected;
        size_t expected_size;
        const char *got;
        size_t got_size;
        const char *message; /* NULL: right */
} Case;

static void check(const Case *c) {
        g_auto(Difference) difference = {};
        const Answer answer = validator_compare(&c->options, c->expected, c->expected_size, c->got, c->got_size,
                                                &difference);

        g_test_message("%s: \"%s\" and \"%s\": %s", validator_type_to_string(c->options.type), c->expected, c->got,
                       difference.message);
        g_assert_cmpint(answer, ==, c->message ? ANSWER_WRONG : ANSWER_RIGHT);
        g_assert_cmpstr(difference.message, ==, c->message);
}

static void check_all(const Case *cases, size_t n) {
        for (size_t i = 0; i < n; i++)
                check(&cases[i]);
}

static void test_tokens(void) {
        static const Case cases[] = {
                { TOKENS, TEXTS("", "") },
                { TOKENS, TEXTS("1 2 3\n", "1 2 3\n") },
                { TOKENS, TEXTS("1 2 3\n", "  1\t2\r\n\v\f3") },
                { TOKENS, TEXTS("", " \n ") },
                { TOKENS, TEXTS("a\n\nx y 42\n", "a\n\nx y 43\n"), "line 3, column 5: expected \"42\", got \"43\"" },
                { TOKENS, TEXTS("1 2 3\n", "1 2\n"), "line 2, column 1: the output ends early; expected \"3\"" },
                { TOKENS, TEXTS("1", ""), "line 1, column 1: the output ends early; expected \"1\"" },
                { TOKENS, TEXTS("1 2\n", "1 2\n3\n"), "line 2, column 1: extra output \"3\"" },
                { TOKENS, TEXTS("", "x"), "line 1, column 1: extra output \"x\"" },
                { TOKENS, TEXTS("ab", "a b"), "line 1, column 1: expected \"ab\", got \"a\"" },
                { TOKENS, TEXTS("1", "1.0"), "line 1, column 1: expected \"1\", got \"1.0\"" },
                { TOKENS, TEXTS("Yes", "yes"), "line 1, column 1: expected \"Yes\", got \"yes\"" },
                { .options = { VALIDATOR_TOKENS }, TEXTS("Yes", "yEs") },
                { .options = { VALIDATOR_TOKENS },
                  TEXTS("Yes", "No"),
                  "line 1, column 1: expected \"Yes\", got \"No\"" },
                { .options = { VALIDATOR_TOKENS, true, true }, TEXTS("1 2\n", "1 2\n") },
                { .options = { VALIDATOR_TOKENS, true, true },
                  TEXTS("1 2\n", "1  2\n"),
                  "line 1, column 2: expected \" \", got \"  \"" },
                { .options = { VALIDATOR_TOKENS, true, true },
                  TEXTS("1 2\n", "1 2"),
                  "line 1, column 4: expected \"\\n\", got \"\"" },
                { .options = { VALIDATOR_TOKENS, true, true },
                  TEXTS("1", " 1"),
                  "line 1, column 1: expected \"\", got \" \"" },
                /* Tolerances turn words into numbers. */
                { .options = { VALIDATOR_TOKENS, true, false, 0.5 }, TEXTS("x 1", "x 1.25") },
                { .options = { VALIDATOR_TOKENS, true, false, 0.5 },
                  TEXTS("x 1", "x 1.75"),
                  "line 1, column 3: expected \"1\", got \"1.75\"" },
        };

        check_all(cases, G_N_ELEMENTS(cases));
}

static void test_nul(void) {
        static const Case cases[] = {
                { TOKENS, TEXTS("a\0b", "a\0b") },
                { TOKENS, TEXTS("a\0b", "a\0c"), "line 1, column 1: expected \"a\\x00b\", got \"a\\x00c\"" },
                { TOKENS, TEXTS("42", "42\0 rubbish"), "line 1, column 1: expected \"42\", got \"42\\x00\"" },
                { NUMBERS, TEXTS("42", "42\0"), "line 1, column 1: expected \"42\", got \"42\\x00\"" },
                { EXACT, TEXTS("a\0b", "a\0b") },
                { EXACT, TEXTS("a\0b", "a\0c"), "line 1, column 3: expected \"b\", got \"c\"" },
                { LINES, TEXTS("a\0b\n", "a\0c\n"), "line 1, column 1: expected \"a\\x00b\", got \"a\\x00c\"" },
        };

        check_all(cases, G_N_ELEMENTS(cases));
}

static void test_exact(void) {
        static const Case cases[] = {
                { EXACT, TEXTS("", "") },
                { EXACT, TEXTS("a b\n", "a b\n") },
                { EXACT, TEXTS("a b\n", "a b"), "line 1, column 4: the output ends early; expected \"\\n\"" },
                { EXACT, TEXTS("a b", "a b\n"), "line 1, column 4: extra output \"\\n\"" },
                { EXACT, TEXTS("a\nb c\nd\n", "a\nb d\nd\n"), "line 2, column 3: expected \"c\\n\", got \"d\\n\"" },
                { EXACT, TEXTS("1", "1.0"), "line 1, column 2: extra output \".0\"" },
                { EXACT, TEXTS("A", "a"), "line 1, column 1: expected \"A\", got \"a\"" },
                { .options = { VALIDATOR_EXACT }, TEXTS("A", "a") },
        };

        check_all(cases, G_N_ELEMENTS(cases));
}

static void test_lines(void) {
        static const Case cases[] = {
                { LINES, TEXTS("", "") },
                { LINES, TEXTS("", "\n\n") },
                { LINES, TEXTS("1 2\n3\n", " 1  2 \r\n3") },
                { LINES, TEXTS("1 2\n3\n", "1 2\n3\n\n \n") },
                { LINES, TEXTS("1\n2\n", "1 2\n"), "line 1, column 3: extra output \"2\"" },
                { LINES, TEXTS("1 2\n", "1\n2\n"), "line 1, column 2: the line ends early; expected \"2\"" },
                { LINES, TEXTS("1\n2\n3\n", "1\n\n2\n3\n"), "line 2, column 1: the line ends early; expected \"2\"" },
                { LINES, TEXTS("1\n2 x\n", "1\n"), "line 1, column 2: the output ends early; expected \"2 x\"" },
                { LINES, TEXTS("1\n", "1\n2 x\n"), "line 2, column 1: extra output \"2 x\"" },
                { LINES, TEXTS("1\n", ""), "line 1, column 1: the output ends early; expected \"1\"" },
                { .options = { VALIDATOR_LINES, true, true }, TEXTS("1 2\n", "1 2") },
                { .options = { VALIDATOR_LINES, true, true },
                  TEXTS("1 2\n\n", "1 2\n"),
                  "line 1, column 4: the output ends early; expected \"\"" },
                { .options = { VALIDATOR_LINES, true, true },
                  TEXTS("1 2\n", "1  2\n"),
                  "line 1, column 3: expected \"1 2\", got \"1  2\"" },
                { .options = { VALIDATOR_LINES, false, true }, TEXTS("Aa\n", "aA\n") },
                { .options = { VALIDATOR_LINES, false, false }, TEXTS("A a\n", "a  A\n") },
                { .options = { VALIDATOR_LINES, true, false, 0.1 }, TEXTS("1 2\n3\n", "1.05 2\n3\n") },
        };

        check_all(cases, G_N_ELEMENTS(cases));
}

static void test_numbers(void) {
        static const Case cases[] = {
                { NUMBERS, TEXTS("1 -0 100", "1.0 0 +1e2") },
                { NUMBERS, TEXTS(".5 5. 007", "0.50 5 7") },
                { NUMBERS, TEXTS("354224848179261915075", "354224848179261915075") },
                { NUMBERS, TEXTS("354224848179261915075", "354224848179261915076"),
                  "line 1, column 1: expected \"354224848179261915075\", got \"354224848179261915076\"" },
                { NUMBERS, TEXTS("18446744073709551615", "-1"),
                  "line 1, column 1: expected \"18446744073709551615\", got \"-1\"" },
                { NUMBERS, TEXTS("0.1", "0.1000000000000000055511151231257827"),
                  "line 1, column 1: expected \"0.1\", got \"0.1000000000000000055511151231257827\"" },
                { NUMBERS, TEXTS("1e300000 x", "10e299999 x") },
                { NUMBERS, TEXTS("yes 1", "YES 1"), "line 1, column 1: expected \"yes\", got \"YES\"" },
                { NUMBERS, TEXTS("x", "1"), "line 1, column 1: expected \"x\", got \"1\"" },
                { WITHIN(1e-6, 0), TEXTS("1.0", "1.0000009") },
                { WITHIN(1e-6, 0), TEXTS("1.0", "1.0000011"),
                  "line 1, column 1: expected \"1.0\", got \"1.0000011\"" },
                { WITHIN(0, 1e-6), TEXTS("-1000000", "-1000000.9") },
                { WITHIN(0, 1e-6), TEXTS("1000000", "1000001.1"),
                  "line 1, column 1: expected \"1000000\", got \"1000001.1\"" },
                /* The relative one is relative to the expected number, not to the output. */
                { WITHIN(0, 0.5), TEXTS("2", "3") },
                { WITHIN(0, 0.5), TEXTS("2", "3.01"), "line 1, column 1: expected \"2\", got \"3.01\"" },
                { WITHIN(0, 0.4), TEXTS("3", "2") },
                { WITHIN(0, 1e-6), TEXTS("0", "1e-300"), "line 1, column 1: expected \"0\", got \"1e-300\"" },
                { WITHIN(1, 1e-9), TEXTS("0", "1") },
                { WITHIN(1, 1e-9), TEXTS("1e10", "10000000009") },
                { WITHIN(1, 1e300), TEXTS("1.7e308", "-1.7e308") },
                { WITHIN(1, 0), TEXTS("1e400", "10e399") },
                { WITHIN(1, 1), TEXTS("1e400", "1e401"), "line 1, column 1: expected \"1e400\", got \"1e401\"" },
        };

        check_all(cases, G_N_ELEMENTS(cases));
}

/* What strtod, sscanf or Python would take for a number and a judge must not, whatever the tolerance. */
static void test_no_numbers(void) {
        static const char *const words[] = { "NaN",
                                             "nan",
                                             "-nan",
                                             "nan(1)",
                                             "inf",
                                             "-inf",
                                             "Infinity",
                                             "0x1p3",
                                             "0x1",
                                             "1e400",
                                             "1_000",
                                             "1,0",
                                             "+-0",
                                             "١٢",
                                             "1e",
                                             "1e+",
                                             ".",
                                             "-",
                                             "+",
                                             "",
                                             "1.2.3",
                                             "1f",
                                             "1e1.5",
                                             "0b1",
                                             "1'0",
                                             "e5",
                                             "--1",
                                             "1d3",
                                             "１",
                                             "∞",
                                             "1e99999999999999999999" };

        for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
                const ValidatorOptions options = { VALIDATOR_NUMBERS, true, false, 1e300, 1e300 };
                g_auto(Difference) difference = {};

                g_test_message("%s", words[i]);
                g_assert_cmpint(validator_compare(&options, "1", 1, words[i], strlen(words[i]), &difference), ==,
                                ANSWER_WRONG);
        }
}

static void test_decimals(void) {
        static const struct {
                const char *a, *b;
                bool equal;
        } pairs[] = {
                { "0", "-0.000e17", true },
                { "1", "1", true },
                { "1", "-1", false },
                { "12.30", "1.23e1", true },
                { "0.00120", "12e-4", true },
                { "1000", "1e3", true },
                { "1001", "1e3", false },
                { "1.0000001", "1", false },
                { "10", "1", false },
                { "1.5", "15e-1", true },
                { "100.001", "1.00001e2", true },
                { "0", "0.1", false },
                { "123", "124", false },
                { "12", "1.2", false },
        };
        Decimal a, b;
        double value;

        for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
                g_test_message("%s %s", pairs[i].a, pairs[i].b);
                g_assert_true(decimal_parse(pairs[i].a, strlen(pairs[i].a), &a));
                g_assert_true(decimal_parse(pairs[i].b, strlen(pairs[i].b), &b));
                g_assert_true(decimal_equal(&a, &b) == pairs[i].equal);
                g_assert_true(decimal_equal(&b, &a) == pairs[i].equal);
        }
        g_assert_true(decimal_parse("-12.5e-1rest", 8, &a));
        g_assert_true(decimal_to_double(&a, &value));
        g_assert_cmpfloat(value, ==, -1.25);
        g_assert_true(decimal_parse("-1e309", 6, &a));
        g_assert_false(decimal_to_double(&a, &value));
}

static void test_place(void) {
        const ValidatorOptions options = VALIDATOR_OPTIONS_DEFAULT;
        g_auto(Difference) difference = {};

        g_assert_cmpint(validator_compare(&options, "a b\nc d", 7, "a b\nc  é\x01 f", 12, &difference), ==,
                        ANSWER_WRONG);
        g_assert_cmpuint(difference.line, ==, 2);
        g_assert_cmpuint(difference.column, ==, 4);
        g_assert_cmpuint(difference.token, ==, 4);
        g_assert_cmpstr(difference.expected, ==, "d");
        g_assert_cmpstr(difference.got, ==, "é\\x01");
        g_assert_null(difference.path);
}

static void check_excerpt(const char *data, size_t size, size_t focus, const char *shown) {
        g_autofree char *excerpt = excerpt_new(data, size, focus);

        g_assert_cmpstr(excerpt, ==, shown);
}

static void test_excerpt(void) {
        g_autofree char *wide = g_strnfill(1000, 'x'), *beginning = NULL, *middle = NULL, *marks = NULL,
                        *escaped = NULL;

        check_excerpt("", 0, 0, "");
        check_excerpt("a\"b\\c\n\r\t\0\x7f", 10, 0, "a\\\"b\\\\c\\n\\r\\t\\x00\\x7f");
        check_excerpt("日本\xff\xe6\x97", 9, 0, "日本\\xff\\xe6\\x97");
        check_excerpt("\x1b[31m", 5, 0, "\\x1b[31m");
        check_excerpt("\u202e\u200b", 6, 0, "\\xe2\\x80\\xae\\xe2\\x80\\x8b"); /* would turn or hide the text */
        check_excerpt("\xc2\x9b", 2, 0, "\\xc2\\x9b");                         /* CSI of C1 */
        check_excerpt("\xed\xa0\x80", 3, 0, "\\xed\\xa0\\x80");

        beginning = excerpt_new(wide, 1000, 64);
        g_assert_cmpuint(strlen(beginning), <=, EXCERPT_MAX);
        g_assert_cmpuint(strlen(beginning), >=, EXCERPT_MAX - 6);
        g_assert_true(g_str_has_suffix(beginning, "x…"));
        wide[900] = 'y';
        middle = excerpt_new(wide, 1000, 900);
        g_assert_true(g_str_has_prefix(middle, "…xxxx"));
        g_assert_nonnull(strchr(middle, 'y'));
        g_assert_true(g_str_has_suffix(middle, "x"));
        memset(wide, '\x01', 1000);
        escaped = excerpt_new(wide, 1000, 0);
        g_assert_cmpuint(strlen(escaped), <=, EXCERPT_MAX);
        for (size_t i = 0; i < 999; i += 3)
                memcpy(wide + i, "本", 3);
        marks = excerpt_new(wide, 999, 301);
        g_assert_true(g_utf8_validate(marks, -1, NULL));
        g_assert_true(g_str_has_prefix(marks, "…本"));
}

/* A first difference deep in a long word is shown where it is. */
static void test_far(void) {
        const ValidatorOptions options = VALIDATOR_OPTIONS_DEFAULT;
        g_autofree char *expected = g_strnfill(100000, '1'), *got = g_strnfill(100000, '1');
        g_auto(Difference) difference = {};

        got[70000] = '2';
        g_assert_cmpint(validator_compare(&options, expected, 100000, got, 100000, &difference), ==, ANSWER_WRONG);
        g_assert_nonnull(strchr(difference.got, '2'));
        g_assert_null(strchr(difference.expected, '2'));
        g_assert_cmpuint(difference.column, ==, 1);
}

/* A MiB of each shape; what is not linear would not end within the test's time. */
static void test_huge(void) {
        enum { SIZE = 1024 * 1024 };
        static const char *const shapes[] = { "1", "1 ", "\n", " ", "1\n", "0.", "1e5 ", "a\0", "9 9\n\n" };
        g_autofree char *text = g_malloc(SIZE), *other = g_malloc(SIZE);

        for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++)
                for (ValidatorType type = 0; type < N_VALIDATOR_TYPES; type++) {
                        const ValidatorOptions options = { type, true, false, 1e-9, 1e-9 };
                        g_auto(Difference) difference = {};
                        const size_t length = MAX(strlen(shapes[s]), 1);

                        for (size_t i = 0; i < SIZE; i++)
                                text[i] = shapes[s][i % length];
                        memcpy(other, text, SIZE);
                        other[SIZE - 1] = 'x';
                        g_assert_cmpint(validator_compare(&options, text, SIZE, other, SIZE, &difference), ==,
                                        ANSWER_WRONG);
                }
}

static void test_types(void) {
        for (ValidatorType type = 0; type < N_VALIDATOR_TYPES; type++) {
                ValidatorType back;

                g_assert_cmpint(validator_type_from_string(validator_type_to_string(type), &back), ==, 0);
                g_assert_cmpint(back, ==, type);
        }
        g_assert_cmpint(validator_type_from_string("Tokens", &(ValidatorType){ 0 }), ==, -EINVAL);
}

static void test_kattis_flags(void) {
        static const struct {
                const char *flags;
                ValidatorOptions options;
                const char *error;
        } cases[] = {
                { "", { VALIDATOR_TOKENS } },
                { " case_sensitive ", { VALIDATOR_TOKENS, true } },
                { "space_change_sensitive case_sensitive", { VALIDATOR_TOKENS, true, true } },
                { "float_tolerance 1e-6", { VALIDATOR_NUMBERS, false, false, 1e-6, 1e-6 } },
                { "float_absolute_tolerance 0.5\tfloat_relative_tolerance 1E-9",
                  { VALIDATOR_NUMBERS, false, false, 0.5, 1e-9 } },
                { "float_relative_tolerance 0", { VALIDATOR_NUMBERS } },
                { "float_tolerance", {}, "\"float_tolerance\" needs a decimal number" },
                { "float_tolerance case_sensitive", {}, "\"float_tolerance\" needs a decimal number" },
                { "float_tolerance -1", {}, "not negative" },
                { "float_tolerance nan", {}, "needs a decimal number" },
                { "float_tolerance 1e999", {}, "needs a decimal number" },
                { "case_insensitive", {}, "\"case_insensitive\" is not known; there are case_sensitive," },
                { "1e-6", {}, "\"1e-6\" is not known" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                ValidatorOptions options = {};
                g_autofree char *error = NULL;
                const int r = kattis_flags_parse(cases[i].flags, &options, &error);

                g_test_message("%s: %s", cases[i].flags, error);
                g_assert_cmpint(r, ==, cases[i].error ? -EINVAL : 0);
                if (cases[i].error) {
                        g_assert_nonnull(strstr(error, cases[i].error));
                        continue;
                }
                g_assert_cmpint(options.type, ==, cases[i].options.type);
                g_assert_true(options.case_sensitive == cases[i].options.case_sensitive);
                g_assert_true(options.space_sensitive == cases[i].options.space_sensitive);
                g_assert_cmpfloat(options.absolute, ==, cases[i].options.absolute);
                g_assert_cmpfloat(options.relative, ==, cases[i].options.relative);
        }
}

#define RUN .cpu_limit_usec = 1000000, .wall_limit_usec = 3000000, .output_max = 1000, .memory_max = 1 << 20
#define EXIT(status) \
        { RUN, .end_code = CLD_EXITED, .end_status = (status) }

static void test_statuses(void) {
        for (int status = 0; status < 256; status++) {
                const Evidence run = EXIT(status);
                g_autofree char *kattis_words = NULL, *testlib_words = NULL;
                const bool wrong = status == 1 || status == 2 || status == 4 || status == 7 || status == 8 ||
                                   (status >= 16 && status <= 116);

                g_assert_cmpint(external_answer(EXTERNAL_KATTIS, &run, &kattis_words), ==,
                                status == 42   ? ANSWER_RIGHT
                                : status == 43 ? ANSWER_WRONG
                                               : ANSWER_NOT_COMPARED);
                g_assert_cmpint(external_answer(EXTERNAL_TESTLIB, &run, &testlib_words), ==,
                                status == 0 ? ANSWER_RIGHT
                                : wrong     ? ANSWER_WRONG
                                            : ANSWER_NOT_COMPARED);
                g_assert_nonnull(kattis_words);
                g_assert_nonnull(testlib_words);
        }
}

static void test_decide(void) {
        static const Evidence right = EXIT(42), wrong = EXIT(43), odd = EXIT(0), crash = EXIT(1);
        static const Evidence cpu = { RUN, .end_code = CLD_KILLED, .end_status = SIGKILL, .cpu_usec = 1003000 };
        static const Evidence late = { RUN, .end_code = CLD_EXITED, .end_status = 42, .cpu_usec = 1003000 };
        static const Evidence forbidden = { RUN, .end_code = CLD_EXITED, .end_status = 42, .seccomp_syscall = "bpf" };
        static const Evidence fault = { RUN, .our_fault = "no cgroup" };
        static const Evidence absent = { RUN, .exec_error = -ENOENT };
        static const Evidence cancelled = { RUN, .killed_for = KILLED_FOR_CANCEL, .end_code = CLD_KILLED };
        static const Evidence busy = { RUN, .end_code = CLD_EXITED, .end_status = 42, .cache_capped = 3 };
        static const struct {
                const Evidence *on_output, *on_jury;
                ExternalOutcome outcome;
                Verdict verdict; /* of the program's run, when the outcome is final */
                const char *words;
        } cases[] = {
                { &right, NULL, EXTERNAL_RIGHT, VERDICT_AC, "right answer" },
                { &busy, NULL, EXTERNAL_RIGHT, VERDICT_AC, "right answer" },
                { &wrong, NULL, EXTERNAL_WRONG, VERDICT_WA, "wrong answer" },
                { &cpu, NULL, EXTERNAL_ASK_JURY, VERDICT_OK, NULL },
                { &late, NULL, EXTERNAL_ASK_JURY, VERDICT_OK, NULL },
                { &forbidden, NULL, EXTERNAL_ASK_JURY, VERDICT_OK, NULL },
                { &crash, NULL, EXTERNAL_ASK_JURY, VERDICT_OK, NULL },
                { &absent, NULL, EXTERNAL_ASK_JURY, VERDICT_OK, NULL },
                { &cpu, &right, EXTERNAL_OVERWHELMED, VERDICT_WA, "validator was killed after 1.003 s of CPU time" },
                { &crash, &wrong, EXTERNAL_OVERWHELMED, VERDICT_WA, "exited with status 1" },
                { &odd, &right, EXTERNAL_OVERWHELMED, VERDICT_WA, "status 0, which decides nothing" },
                { &cpu, &crash, EXTERNAL_JUDGE_FAULT, VERDICT_IE, "on the jury's own answer it exited with status 1" },
                { &absent, &absent, EXTERNAL_JUDGE_FAULT, VERDICT_IE, "could not be started" },
                { &fault, NULL, EXTERNAL_JUDGE_FAULT, VERDICT_IE, "no cgroup" },
                { &cpu, &fault, EXTERNAL_JUDGE_FAULT, VERDICT_IE, "no cgroup" },
                { &cancelled, NULL, EXTERNAL_CANCELLED, VERDICT_CANCELLED, "cancelled" },
                { &cpu, &cancelled, EXTERNAL_CANCELLED, VERDICT_CANCELLED, "cancelled" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *words = NULL, *description = NULL;
                Evidence run = EXIT(0);

                g_assert_cmpint(external_decide(EXTERNAL_KATTIS, cases[i].on_output, cases[i].on_jury, &words), ==,
                                cases[i].outcome);
                g_assert_nonnull(words);
                if (cases[i].outcome == EXTERNAL_ASK_JURY)
                        continue;
                external_apply(cases[i].outcome, words, &run);
                description = evidence_describe(&run);
                g_test_message("%s", description);
                g_assert_cmpint(facts_verdict(evidence_facts(&run), NULL), ==, cases[i].verdict);
                g_assert_nonnull(strstr(description, cases[i].words));
        }
}

static void test_protocols(void) {
        for (ExternalProtocol protocol = 0; protocol < N_EXTERNAL_PROTOCOLS; protocol++) {
                ExternalProtocol back;

                g_assert_cmpint(external_protocol_from_string(external_protocol_to_string(protocol), &back), ==, 0);
                g_assert_cmpint(back, ==, protocol);
        }
        g_assert_cmpint(external_protocol_from_string("tokens", &(ExternalProtocol){ 0 }), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/validator/tokens", test_tokens);
        g_test_add_func("/validator/nul", test_nul);
        g_test_add_func("/validator/exact", test_exact);
        g_test_add_func("/validator/lines", test_lines);
        g_test_add_func("/validator/numbers", test_numbers);
        g_test_add_func("/validator/no-numbers", test_no_numbers);
        g_test_add_func("/validator/decimals", test_decimals);
        g_test_add_func("/validator/place", test_place);
        g_test_add_func("/validator/excerpt", test_excerpt);
        g_test_add_func("/validator/far", test_far);
        g_test_add_func("/validator/huge", test_huge);
        g_test_add_func("/validator/types", test_types);
        g_test_add_func("/validator/kattis-flags", test_kattis_flags);
        g_test_add_func("/external/statuses", test_statuses);
        g_test_add_func("/external/decide", test_decide);
        g_test_add_func("/external/protocols", test_protocols);
        return g_test_run();
}
