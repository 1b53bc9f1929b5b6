/* SPDX-License-Identifier: MIT */
#pragma once

/* The native validators: is the output the expected answer? Pure and linear in the sizes; every byte counts, NUL too.
 */

#include <stdbool.h>
#include <stddef.h>

#include "difference.h"
#include "verdict.h"

typedef enum ValidatorType {
        VALIDATOR_TOKENS,  /* the same words, whatever the white space between them */
        VALIDATOR_EXACT,   /* the same bytes */
        VALIDATOR_LINES,   /* the same words on the same lines; blank lines at the end do not count */
        VALIDATOR_NUMBERS, /* words that are numbers are compared as numbers, the others as words */
        N_VALIDATOR_TYPES,
} ValidatorType;

/* "tokens", "exact", "lines", "numbers"; -EINVAL for another word. */
const char *validator_type_to_string(ValidatorType type);
int validator_type_from_string(const char *text, ValidatorType *ret);

/* White space is what C's isspace() takes in the C locale; case is that of ASCII letters.
 *
 * space_sensitive: white space must be the same byte for byte; for lines all but the newline of the last one.
 *
 * A tolerance is finite; 0 is none. With one, words that are numbers in the answer are compared as doubles whatever
 * the type (but exact), and match when |e - g| <= absolute or |e - g| <= relative × |e|; beyond what a double
 * holds only the same number matches. Without one, `numbers` takes the numbers exactly, of any length: 100, 1e2 and
 * 100.0 are one.
 */
typedef struct ValidatorOptions {
        ValidatorType type;
        bool case_sensitive, space_sensitive;
        double absolute, relative;
} ValidatorOptions;

#define VALIDATOR_OPTIONS_DEFAULT ((ValidatorOptions){ .type = VALIDATOR_TOKENS, .case_sensitive = true })

/* ANSWER_RIGHT, or ANSWER_WRONG with the first difference, which the caller clears. */
Answer validator_compare(const ValidatorOptions *options, const char *expected, size_t expected_size, const char *got,
                         size_t got_size, Difference *ret);
