/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer.h"
#include "external.h"
#include "validator.h"
#include "value.h"

#define UNREPRESENTABLE '!' /* of region/function_runner.py */

bool answer_needs_checker(const Request *request) {
        ExternalProtocol protocol;

        return request->validator && external_protocol_from_string(request->validator->type, &protocol) >= 0;
}

static ValidatorOptions native_options(const RequestValidator *validator) {
        ValidatorOptions options = VALIDATOR_OPTIONS_DEFAULT;

        if (!validator)
                return options;
        options.case_sensitive = validator->case_sensitive;
        options.space_sensitive = validator->space_sensitive;
        options.absolute = validator->absolute;
        options.relative = validator->relative;
        if (validator_type_from_string(validator->type, &options.type) < 0)
                g_assert_not_reached(); /* the request's parser knows the same words */
        return options;
}

static ValueOptions value_options(const RequestFunction *function) {
        return (ValueOptions){ .float_tolerance = function->float_tolerance,
                               .relative_tolerance = function->relative_tolerance,
                               .string_case_sensitive = function->string_case_sensitive,
                               .ignore_whitespace = function->ignore_whitespace,
                               .list_order_matters = function->list_order_matters };
}

static Answer wrong(Difference *ret, const WorkTest *test, const char *got, size_t size, char *message) {
        *ret = (Difference){ .expected = excerpt_new(test->answer, test->answer_size, 0),
                             .got = size > 0 ? excerpt_new(got, size, 0) : NULL,
                             .message = message };
        return ANSWER_WRONG;
}

/* One line is one result. */
static Answer compare_result(const Request *request, const WorkTest *test, const Value *expected, const char *line,
                             size_t size, Difference *ret) {
        const ValueOptions options = value_options(request->function);
        g_autoptr(Value) value = NULL;
        g_autofree char *error = NULL, *shown = NULL;

        if (size > 0 && line[0] == UNREPRESENTABLE) {
                shown = excerpt_new(line + 1, size - 1, 0);
                return wrong(ret, test, line + 1, size - 1,
                             g_strdup_printf("the function's result is nothing that JSON can express: %s", shown));
        }
        if (value_parse(line, size, &value, &error) < 0)
                return wrong(ret, test, line, size, g_strdup_printf("the function's result is no JSON: %s", error));
        return value_equal(expected, value, &options, ret) ? ANSWER_RIGHT : ANSWER_WRONG;
}

static Answer compare_results(const Request *request, const WorkTest *test, const char *output, size_t size,
                              Difference *ret) {
        g_autoptr(Value) expected = NULL;
        g_autofree char *error = NULL;
        size_t begin = 0;

        if (value_parse(test->answer, test->answer_size, &expected, &error) < 0)
                g_assert_not_reached(); /* work_test_check() saw the same bytes, which are sealed */
        if (size == 0)
                return wrong(ret, test, NULL, 0, g_strdup("the program ended before the function's result was there"));
        while (begin < size) {
                const char *newline = memchr(output + begin, '\n', size - begin);
                const size_t end = newline ? (size_t) (newline - output) : size;

                if (compare_result(request, test, expected, output + begin, end - begin, ret) == ANSWER_WRONG)
                        return ANSWER_WRONG;
                begin = end + 1;
        }
        return ANSWER_RIGHT;
}

Answer answer_compare(const Request *request, const WorkTest *test, const char *output, size_t size, Difference *ret) {
        ValidatorOptions options;

        if (request->function)
                return compare_results(request, test, output, size, ret);
        options = native_options(request->validator);
        return validator_compare(&options, test->answer, test->answer_size, output, size, ret);
}
