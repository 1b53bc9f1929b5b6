/* SPDX-License-Identifier: MIT */
#pragma once

/* What the exit of a validator that somebody else wrote says, and what it says when it fails. Pure: the evidence of
 * its runs comes from outside. */

#include "validator.h"
#include "verdict.h"

typedef enum ExternalProtocol {
        EXTERNAL_KATTIS,  /* validator INPUT ANSWER FEEDBACK_DIR [FLAGS] < OUTPUT; 42 right, 43 wrong */
        EXTERNAL_TESTLIB, /* checker INPUT OUTPUT ANSWER; 0 right, 1 wrong, 2 and 8 malformed, 3 failed, 4 dirt behind
                           * the answer, 7 points, 16 to 116 partly right */
        N_EXTERNAL_PROTOCOLS,
} ExternalProtocol;

/* "kattis", "testlib"; -EINVAL for another word. */
const char *external_protocol_to_string(ExternalProtocol protocol);
int external_protocol_from_string(const char *text, ExternalProtocol *ret);

/* What one run of the validator said: ANSWER_NOT_COMPARED when it failed, which is every end that the protocol does
 * not name, and any end of a run that crossed a limit. Only full credit is right. *ret_words is a sentence about the
 * validator that starts with a verb ("found the output malformed", "exited with status 7"). */
Answer external_answer(ExternalProtocol protocol, const Evidence *run, char **ret_words);

typedef enum ExternalOutcome {
        EXTERNAL_RIGHT,
        EXTERNAL_WRONG,
        EXTERNAL_ASK_JURY,    /* it failed: run it with the jury's answer in place of the output, then decide again */
        EXTERNAL_OVERWHELMED, /* it fails on this output but not on the jury's answer: the output is wrong */
        EXTERNAL_JUDGE_FAULT, /* it fails on the jury's answer too, or could not be run at all */
        EXTERNAL_CANCELLED,   /* one of its runs was */
} ExternalOutcome;

/* An output may drive a validator over its limits or into a crash, and must not gain an internal error by that: the
 * verdict is IE only when the validator fails on the jury's own answer too. A validator that calls the jury's answer
 * wrong works, for that answer need not be in the output's form. on_jury NULL: not run yet. */
ExternalOutcome external_decide(ExternalProtocol protocol, const Evidence *on_output, const Evidence *on_jury,
                                char **ret_words);

/* Puts a final outcome into the evidence of the run whose output it is; words are borrowed by it. */
void external_apply(ExternalOutcome outcome, const char *words, Evidence *run);

/* The flags of the Kattis default validator: case_sensitive, space_change_sensitive, float_tolerance E,
 * float_absolute_tolerance E, float_relative_tolerance E; without the first two it is sensitive to neither. -EINVAL
 * with *ret_error, which names the flag and what would be right. */
int kattis_flags_parse(const char *flags, ValidatorOptions *ret, char **ret_error);
