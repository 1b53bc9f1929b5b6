/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "decimal.h"
#include "external.h"

static const char *const protocol_names[N_EXTERNAL_PROTOCOLS] = {
        [EXTERNAL_KATTIS] = "kattis",
        [EXTERNAL_TESTLIB] = "testlib",
};

const char *external_protocol_to_string(ExternalProtocol protocol) {
        g_assert(protocol < N_EXTERNAL_PROTOCOLS);
        return protocol_names[protocol];
}

int external_protocol_from_string(const char *text, ExternalProtocol *ret) {
        for (ExternalProtocol protocol = 0; protocol < N_EXTERNAL_PROTOCOLS; protocol++)
                if (strcmp(text, protocol_names[protocol]) == 0) {
                        *ret = protocol;
                        return 0;
                }
        return -EINVAL;
}

/* Exit statuses from first to last. */
typedef struct Meaning {
        ExternalProtocol protocol;
        int first, last;
        Answer answer;
        const char *words;
} Meaning;

static const Meaning meanings[] = {
        { EXTERNAL_KATTIS, 42, 42, ANSWER_RIGHT, "accepted the output" },
        { EXTERNAL_KATTIS, 43, 43, ANSWER_WRONG, "rejected the output" },
        { EXTERNAL_TESTLIB, 0, 0, ANSWER_RIGHT, "accepted the output" },
        { EXTERNAL_TESTLIB, 1, 1, ANSWER_WRONG, "rejected the output" },
        { EXTERNAL_TESTLIB, 2, 2, ANSWER_WRONG, "found the output malformed" },
        { EXTERNAL_TESTLIB, 3, 3, ANSWER_NOT_COMPARED, "reported a failure of its own or of the jury's answer" },
        { EXTERNAL_TESTLIB, 4, 4, ANSWER_WRONG, "found more behind the answer" },
        { EXTERNAL_TESTLIB, 7, 7, ANSWER_WRONG, "gave points, which are not full credit" },
        { EXTERNAL_TESTLIB, 8, 8, ANSWER_WRONG, "found the output to end early" },
        { EXTERNAL_TESTLIB, 16, 116, ANSWER_WRONG, "found the output partly right" },
};

Answer external_answer(ExternalProtocol protocol, const Evidence *run, char **ret_words) {
        const unsigned facts = evidence_facts(run);

        if ((facts & ~(unsigned) (FACTS_HARMLESS | FACT_NONZERO_EXIT)) == 0 && run->end_code == CLD_EXITED)
                for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++)
                        if (meanings[i].protocol == protocol && run->end_status >= meanings[i].first &&
                            run->end_status <= meanings[i].last) {
                                *ret_words = g_strdup(meanings[i].words);
                                return meanings[i].answer;
                        }
        /* A clean end is none here: the status 0 says nothing in the Kattis protocol. */
        *ret_words = facts & ~(unsigned) FACTS_HARMLESS
                                     ? evidence_describe(run)
                                     : g_strdup_printf("exited with status %d, which decides nothing",
                                                       run->end_status);
        return ANSWER_NOT_COMPARED;
}

ExternalOutcome external_decide(ExternalProtocol protocol, const Evidence *on_output, const Evidence *on_jury,
                                char **ret_words) {
        g_autofree char *words = NULL, *jury_words = NULL;
        const unsigned facts = evidence_facts(on_output) | (on_jury ? evidence_facts(on_jury) : 0);
        const Answer answer = external_answer(protocol, on_output, &words);

        if (facts & FACT_OUR_FAULT) {
                const Evidence *failed = on_output->our_fault ? on_output : on_jury;
                g_autofree char *why = evidence_describe(failed);

                *ret_words = g_strdup_printf("the validator %s", why);
                return EXTERNAL_JUDGE_FAULT;
        }
        if (facts & FACT_CANCELLED) {
                *ret_words = g_strdup("was cancelled");
                return EXTERNAL_CANCELLED;
        }
        if (answer == ANSWER_NOT_COMPARED && on_jury &&
            external_answer(protocol, on_jury, &jury_words) == ANSWER_NOT_COMPARED) {
                *ret_words = g_strdup_printf("the validator %s; on the jury's own answer it %s", words, jury_words);
                return EXTERNAL_JUDGE_FAULT;
        }
        *ret_words = g_steal_pointer(&words);
        if (answer == ANSWER_NOT_COMPARED)
                return on_jury ? EXTERNAL_OVERWHELMED : EXTERNAL_ASK_JURY;
        return answer == ANSWER_RIGHT ? EXTERNAL_RIGHT : EXTERNAL_WRONG;
}

void external_apply(ExternalOutcome outcome, const char *words, Evidence *run) {
        switch (outcome) {
        case EXTERNAL_RIGHT:
                run->answer = ANSWER_RIGHT;
                return;
        case EXTERNAL_WRONG:
                run->answer = ANSWER_WRONG;
                return;
        case EXTERNAL_OVERWHELMED:
                run->answer = ANSWER_WRONG;
                run->validator_end = words;
                return;
        case EXTERNAL_JUDGE_FAULT:
                run->judge_fault = words;
                return;
        case EXTERNAL_CANCELLED:
                run->killed_for = KILLED_FOR_CANCEL;
                return;
        case EXTERNAL_ASK_JURY:
                break;
        }
        g_assert_not_reached();
}

static int flag_error(const char *flag, const char *what, char **ret_error) {
        g_autofree char *shown = excerpt_new(flag, strlen(flag), 0);

        *ret_error = g_strdup_printf("validator flag \"%s\" %s", shown, what);
        return -EINVAL;
}

static int parse_tolerance(const char *flag, const char *text, double *ret, char **ret_error) {
        Decimal decimal;
        double value;

        if (!text || !decimal_parse(text, strlen(text), &decimal) || decimal.negative ||
            !decimal_to_double(&decimal, &value))
                return flag_error(flag, "needs a decimal number that is not negative, such as 1e-6", ret_error);
        *ret = value;
        return 0;
}

/* A flag with a tolerance behind it asks for numbers even when the tolerance is 0. */
static int apply_tolerance(const char *flag, const char *text, ValidatorOptions *options, char **ret_error) {
        const bool both = strcmp(flag, "float_tolerance") == 0;
        const bool absolute = both || strcmp(flag, "float_absolute_tolerance") == 0;
        const bool relative = both || strcmp(flag, "float_relative_tolerance") == 0;
        double value = 0;
        int r;

        if (!absolute && !relative)
                return flag_error(flag,
                                  "is not known; there are case_sensitive, space_change_sensitive, float_tolerance E, "
                                  "float_absolute_tolerance E and float_relative_tolerance E",
                                  ret_error);
        r = parse_tolerance(flag, text, &value, ret_error);
        if (r < 0)
                return r;
        options->type = VALIDATOR_NUMBERS;
        if (absolute)
                options->absolute = value;
        if (relative)
                options->relative = value;
        return 0;
}

int kattis_flags_parse(const char *flags, ValidatorOptions *ret, char **ret_error) {
        g_auto(GStrv) words = g_strsplit_set(flags, " \t\r\n", -1);
        g_autoptr(GPtrArray) given = g_ptr_array_new();
        ValidatorOptions options = { .type = VALIDATOR_TOKENS };

        for (char **word = words; *word; word++)
                if (**word != '\0')
                        g_ptr_array_add(given, *word);
        for (guint i = 0; i < given->len; i++) {
                const char *flag = given->pdata[i];
                int r;

                if (strcmp(flag, "case_sensitive") == 0)
                        options.case_sensitive = true;
                else if (strcmp(flag, "space_change_sensitive") == 0)
                        options.space_sensitive = true;
                else {
                        r = apply_tolerance(flag, i + 1 < given->len ? given->pdata[i + 1] : NULL, &options,
                                            ret_error);
                        if (r < 0)
                                return r;
                        i++;
                }
        }
        *ret = options;
        return 0;
}
