/* SPDX-License-Identifier: MIT */
#include "answer.h"
#include "external.h"
#include "judging.h"

/* Of an external validator. It is somebody else's program looking at a hostile program's output. */
#define VALIDATOR_LIMITS                               \
        ((RunLimits){ .cpu_usec = 30 * USEC_PER_SEC,   \
                      .wall_usec = 60 * USEC_PER_SEC,  \
                      .output_max = 1U << 20,          \
                      .capture_max = 1U << 20,         \
                      .memory_max = UINT64_C(2) << 30, \
                      .tasks_max = 128 })

#define RIGHT_MAX 64U /* digests remembered of one test */

struct Judging {
        sd_event *event;
        const Request *request;
        Programs *programs;
        const int *product_fd;
        ExternalProtocol protocol;
        bool external;

        /* of the output that is looked at */
        const WorkTest *test;
        const Capture *output;
        RunRecord *run;
        JudgingDone done;
        void *userdata;
        Solo *solo;
        RunRecord *on_output; /* the validator's run on it, while the one on the jury's answer is on */
        sd_event_source *next;
};

static int run_validator(Judging *judging, bool on_jury, char **ret_why);

/* A program whose right outputs are all different is looked at each time. */
static void remember_right(const WorkTest *test, const RunRecord *run) {
        if (run->output_sha256 && g_hash_table_size(test->right) < RIGHT_MAX)
                g_hash_table_add(test->right, g_strdup(run->output_sha256));
}

static void finish(Judging *judging, int r, const char *why) {
        judging->solo = solo_free(judging->solo);
        judging->on_output = run_record_free(judging->on_output);
        judging->run = NULL;
        judging->done(r, why, judging->userdata);
}

static void decide(Judging *judging, ExternalOutcome outcome, char *words) {
        RunRecord *run = judging->run;

        g_free(run->validator_words);
        run->validator_words = words;
        external_apply(outcome, words, &run->evidence);
        run->facts = evidence_facts(&run->evidence);
        if (outcome == EXTERNAL_RIGHT)
                remember_right(judging->test, run);
}

/* Outside the run's own call: it is freed here. */
static int on_next(sd_event_source *source, void *userdata) {
        Judging *judging = userdata;
        g_autofree char *why = NULL;
        char *words = NULL;
        ExternalOutcome outcome;
        const RunRecord *last = solo_record(judging->solo);
        const Evidence *on_output = judging->on_output ? &judging->on_output->evidence : &last->evidence;
        int r;

        outcome = external_decide(judging->protocol, on_output, judging->on_output ? &last->evidence : NULL, &words);
        if (outcome != EXTERNAL_ASK_JURY) {
                decide(judging, outcome, words);
                finish(judging, 0, NULL);
                return 0;
        }
        g_free(words);
        judging->on_output = solo_take_record(judging->solo);
        judging->solo = solo_free(judging->solo);
        r = run_validator(judging, true, &why);
        if (r < 0)
                finish(judging, r, why);
        return 0;
}

static void on_validator_over(Solo *solo, void *userdata) {
        Judging *judging = userdata;

        (void) sd_event_source_set_enabled(judging->next, SD_EVENT_ONESHOT);
}

/* Its input, the answer and the output go into its box as files; the output is its standard input as well. */
static int run_validator(Judging *judging, bool on_jury, char **ret_why) {
        const WorkTest *test = judging->test;
        autofd input = memfd_with("input", test->input, test->input_size);
        autofd answer = memfd_with("answer", test->answer, test->answer_size);
        autofd output = on_jury ? memfd_with("output", test->answer, test->answer_size)
                                : capture_memfd(judging->output);
        BoxSpec box = programs_specs(judging->programs)[PROGRAM_VALIDATOR];
        int handed[1 + VALIDATOR_FILES];
        size_t n = 0;

        if (input < 0 || answer < 0 || output < 0) {
                *ret_why = g_strdup("The validator's files cannot be made");
                return MIN(MIN(input, answer), output);
        }
        if (*judging->product_fd >= 0)
                handed[n++] = *judging->product_fd;
        handed[n + VALIDATOR_INPUT] = input;
        handed[n + VALIDATOR_ANSWER] = answer;
        handed[n + VALIDATOR_OUTPUT] = output;
        box.handed = handed;
        box.n_handed = n + VALIDATOR_FILES;
        box.stdin_fd = output;
        return solo_start(judging->event, &box, &VALIDATOR_LIMITS, on_validator_over, judging, &judging->solo,
                          ret_why);
}

static int look_natively(Judging *judging, const WorkTest *test, const Capture *output, RunRecord *run) {
        g_autofree char *text = capture_text(output);

        run->evidence.answer = answer_compare(judging->request, test, text, output->bytes, &run->difference);
        run->evidence.difference = run->difference.message;
        run->facts = evidence_facts(&run->evidence);
        if (run->evidence.answer == ANSWER_RIGHT)
                remember_right(test, run);
        return 1;
}

/* What is not there cannot be looked at, and its beginning may be right where the whole is not. */
static int refuse_cut(const Capture *output, RunRecord *run) {
        run->difference.message = g_strdup_printf("it wrote %" PRIu64 " bytes, far more than in all runs before; only "
                                                  "%" PRIu64 " of them were kept",
                                                  output->seen, output->bytes);
        run->evidence.answer = ANSWER_WRONG;
        run->evidence.difference = run->difference.message;
        run->facts = evidence_facts(&run->evidence);
        return 1;
}

int judging_look(Judging *judging, const WorkTest *test, const Capture *output, RunRecord *run, JudgingDone done,
                 void *userdata, char **ret_why) {
        int r;

        if (run->facts & ~(unsigned) FACTS_HARMLESS)
                return 1;
        if (run->output_sha256 && g_hash_table_contains(test->right, run->output_sha256)) {
                run->evidence.answer = ANSWER_RIGHT;
                run->facts = evidence_facts(&run->evidence);
                return 1;
        }
        if (output->bytes < output->seen)
                return refuse_cut(output, run);
        if (!judging->external)
                return look_natively(judging, test, output, run);

        judging->test = test;
        judging->output = output;
        judging->run = run;
        judging->done = done;
        judging->userdata = userdata;
        if (!judging->next) {
                r = sd_event_add_defer(judging->event, &judging->next, on_next, judging);
                if (r >= 0)
                        r = sd_event_source_set_enabled(judging->next, SD_EVENT_OFF);
                if (r < 0) {
                        *ret_why = g_strdup_printf("The validator cannot be waited for: %s", g_strerror(-r));
                        return r;
                }
        }
        return run_validator(judging, false, ret_why);
}

void judging_abort(Judging *judging) {
        if (judging->run) { /* nobody knows whether it was right */
                external_apply(EXTERNAL_CANCELLED, NULL, &judging->run->evidence);
                judging->run->facts = evidence_facts(&judging->run->evidence);
        }
        if (judging->next)
                (void) sd_event_source_set_enabled(judging->next, SD_EVENT_OFF);
        judging->solo = solo_free(judging->solo);
        judging->on_output = run_record_free(judging->on_output);
        judging->run = NULL;
}

Judging *judging_new(sd_event *event, const Request *request, Programs *programs, const int *product_fd) {
        Judging *judging = g_new0(Judging, 1);

        judging->event = sd_event_ref(event);
        judging->request = request;
        judging->programs = programs;
        judging->product_fd = product_fd;
        judging->external = answer_needs_checker(request) &&
                            external_protocol_from_string(request->validator->type, &judging->protocol) >= 0;
        return judging;
}

Judging *judging_free(Judging *judging) {
        if (!judging)
                return NULL;
        sd_event_source_disable_unref(judging->next);
        solo_free(judging->solo);
        run_record_free(judging->on_output);
        sd_event_unref(judging->event);
        g_free(judging);
        return NULL;
}
