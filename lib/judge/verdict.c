/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <signal.h>
#include <string.h>

#include "verdict.h"

/* The first fact that holds decides; the others stay in the report. */
static const struct {
        Fact fact;
        Verdict verdict;
} precedence[] = {
        { FACT_OUR_FAULT, VERDICT_IE },     { FACT_JUDGE_FAULT, VERDICT_IE },   { FACT_CANCELLED, VERDICT_CANCELLED },
        { FACT_SKIPPED, VERDICT_SKIPPED },  { FACT_COMPILE, VERDICT_CE },       { FACT_EXEC_FAILED, VERDICT_XF },
        { FACT_SECCOMP, VERDICT_SV },       { FACT_OUTPUT_LIMIT, VERDICT_OLE }, { FACT_OOM_KILL, VERDICT_MLE },
        { FACT_ENERGY_LIMIT, VERDICT_ELE }, { FACT_CPU_LIMIT, VERDICT_TLE },    { FACT_WALL_LIMIT, VERDICT_WTL },
        { FACT_SIGNAL, VERDICT_RTE },       { FACT_NONZERO_EXIT, VERDICT_RTE }, { FACT_WRONG_ANSWER, VERDICT_WA },
        { FACT_RIGHT_ANSWER, VERDICT_AC },
};

const char *fact_to_string(Fact fact) {
        switch (fact) {
        case FACT_OUR_FAULT:
                return "our-fault";
        case FACT_JUDGE_FAULT:
                return "judge-fault";
        case FACT_CANCELLED:
                return "cancelled";
        case FACT_SKIPPED:
                return "skipped";
        case FACT_COMPILE:
                return "compile";
        case FACT_EXEC_FAILED:
                return "exec-failed";
        case FACT_SECCOMP:
                return "seccomp";
        case FACT_OUTPUT_LIMIT:
                return "output-limit";
        case FACT_OOM_KILL:
                return "oom-kill";
        case FACT_ENERGY_LIMIT:
                return "energy-limit";
        case FACT_CPU_LIMIT:
                return "cpu-limit";
        case FACT_WALL_LIMIT:
                return "wall-limit";
        case FACT_SIGNAL:
                return "signal";
        case FACT_NONZERO_EXIT:
                return "nonzero-exit";
        case FACT_WRONG_ANSWER:
                return "wrong-answer";
        case FACT_RIGHT_ANSWER:
                return "right-answer";
        case FACT_VALIDATOR_FAILED:
                return "validator-failed";
        case FACT_TASKS_DENIED:
                return "tasks-denied";
        case FACT_CACHE_CAPPED:
                return "cache-capped";
        }
        g_assert_not_reached();
}

const char *verdict_to_string(Verdict verdict) {
        static const char *const names[N_VERDICTS] = {
                [VERDICT_OK] = "OK",   [VERDICT_AC] = "AC",           [VERDICT_WA] = "WA",   [VERDICT_RTE] = "RTE",
                [VERDICT_WTL] = "WTL", [VERDICT_TLE] = "TLE",         [VERDICT_ELE] = "ELE", [VERDICT_MLE] = "MLE",
                [VERDICT_OLE] = "OLE", [VERDICT_SV] = "SV",           [VERDICT_XF] = "XF",   [VERDICT_CE] = "CE",
                [VERDICT_IE] = "IE",   [VERDICT_SKIPPED] = "SKIPPED",
        };

        g_assert(verdict < N_VERDICTS);
        return names[verdict];
}

bool verdict_is_good(Verdict verdict) {
        return verdict == VERDICT_OK || verdict == VERDICT_AC;
}

static bool died(const Evidence *evidence) {
        return evidence->end_code == CLD_KILLED || evidence->end_code == CLD_DUMPED;
}

/* The filter's listener gives a name; its kill action, for foreign ABIs, leaves only the signal. */
static bool broke_filter(const Evidence *evidence) {
        return evidence->seccomp_syscall || evidence->killed_for == KILLED_FOR_SYSCALL ||
               (evidence->filtered && died(evidence) && evidence->end_status == SIGSYS);
}

static bool made_too_large_a_file(const Evidence *evidence) {
        return evidence->file_max > 0 && died(evidence) && evidence->end_status == SIGXFSZ;
}

/* How a program ended, unless we never got to it: how the child ended is then our doing. */
static unsigned end_facts(const Evidence *evidence) {
        if (evidence->exec_error < 0 || evidence->our_fault || evidence->skipped || evidence->compile_end)
                return 0;
        if (died(evidence))
                return FACT_SIGNAL;
        return evidence->end_code == CLD_EXITED && evidence->end_status != 0 ? FACT_NONZERO_EXIT : 0;
}

static unsigned answer_facts(const Evidence *evidence) {
        unsigned facts = 0;

        if (evidence->judge_fault)
                facts |= FACT_JUDGE_FAULT;
        if (evidence->answer == ANSWER_RIGHT)
                facts |= FACT_RIGHT_ANSWER;
        if (evidence->answer == ANSWER_WRONG)
                facts |= FACT_WRONG_ANSWER;
        if (evidence->validator_end)
                facts |= FACT_VALIDATOR_FAILED;
        return facts;
}

/* A limit counts as crossed by its figure, whoever was first to notice: our timer, or nobody because the program ended
 * in the same moment. */
unsigned evidence_facts(const Evidence *evidence) {
        unsigned facts = end_facts(evidence) | answer_facts(evidence);

        if (evidence->our_fault)
                facts |= FACT_OUR_FAULT;
        if (evidence->killed_for == KILLED_FOR_CANCEL)
                facts |= FACT_CANCELLED;
        if (evidence->skipped)
                facts |= FACT_SKIPPED;
        if (evidence->compile_end)
                facts |= FACT_COMPILE;
        if (evidence->exec_error < 0)
                facts |= FACT_EXEC_FAILED;
        if (broke_filter(evidence))
                facts |= FACT_SECCOMP;
        if (evidence->killed_for == KILLED_FOR_OUTPUT || evidence->output_bytes > evidence->output_max ||
            made_too_large_a_file(evidence))
                facts |= FACT_OUTPUT_LIMIT;
        if (evidence->oom_kills > 0)
                facts |= FACT_OOM_KILL;
        if (evidence->killed_for == KILLED_FOR_ENERGY)
                facts |= FACT_ENERGY_LIMIT;
        if (evidence->killed_for == KILLED_FOR_CPU || evidence->cpu_usec > evidence->cpu_limit_usec)
                facts |= FACT_CPU_LIMIT;
        if (evidence->killed_for == KILLED_FOR_WALL || evidence->wall_ns / 1000 > evidence->wall_limit_usec)
                facts |= FACT_WALL_LIMIT;
        if (evidence->tasks_denied > 0)
                facts |= FACT_TASKS_DENIED;
        if (evidence->cache_capped > 0 && evidence->oom_kills == 0)
                facts |= FACT_CACHE_CAPPED;
        return facts;
}

Verdict facts_verdict(unsigned facts, Fact *ret_decisive) {
        for (size_t i = 0; i < G_N_ELEMENTS(precedence); i++)
                if (facts & precedence[i].fact) {
                        if (ret_decisive)
                                *ret_decisive = precedence[i].fact;
                        return precedence[i].verdict;
                }
        if (ret_decisive)
                *ret_decisive = 0;
        return VERDICT_OK;
}

static char *describe_end(const Evidence *evidence, unsigned facts) {
        g_autofree char *denied = NULL;

        if (facts & FACT_TASKS_DENIED)
                denied = g_strdup_printf(" after a new task was refused (the limit is %u)", evidence->tasks_max);
        if (facts & FACT_SIGNAL)
                return g_strdup_printf("was killed by signal %d (%s)%s", evidence->end_status,
                                       strsignal(evidence->end_status), denied ?: "");
        return g_strdup_printf("exited with status %d%s", evidence->end_status, denied ?: "");
}

static char *describe_answer(const Evidence *evidence) {
        if (evidence->validator_end)
                return g_strdup_printf("gave a wrong answer (on it, though not on the jury's, the validator %s)",
                                       evidence->validator_end);
        return g_strdup_printf("gave a wrong answer%s%s", evidence->difference ? ": " : "",
                               evidence->difference ?: "");
}

static char *describe_syscall(const Evidence *evidence) {
        if (evidence->seccomp_syscall)
                return g_strdup_printf("was killed for calling %s(), which the box does not allow",
                                       evidence->seccomp_syscall);
        return g_strdup_printf("was killed by signal %d (%s) for a system call that the box does not allow", SIGSYS,
                               strsignal(SIGSYS));
}

static char *describe_output(const Evidence *evidence) {
        if (evidence->killed_for != KILLED_FOR_OUTPUT && evidence->output_bytes <= evidence->output_max)
                return g_strdup_printf("was killed by signal %d (%s) for a file larger than %" G_GUINT64_FORMAT
                                       " bytes",
                                       SIGXFSZ, strsignal(SIGXFSZ), evidence->file_max);
        return g_strdup_printf("wrote %" G_GUINT64_FORMAT " bytes or more; the limit is %" G_GUINT64_FORMAT,
                               evidence->output_bytes, evidence->output_max);
}

static char *describe_fact(const Evidence *evidence, unsigned facts, Fact decisive) {
        const double mib = 1024.0 * 1024.0;

        switch (decisive) {
        case FACT_OUR_FAULT:
                return g_strdup_printf("could not be carried out: %s", evidence->our_fault);
        case FACT_JUDGE_FAULT:
                return g_strdup_printf("could not be judged: %s", evidence->judge_fault);
        case FACT_CANCELLED:
                return g_strdup("was cancelled");
        case FACT_SKIPPED:
                return g_strdup("was not run, because an earlier test had failed");
        case FACT_COMPILE:
                return g_strdup_printf("could not be compiled: the compiler %s", evidence->compile_end);
        case FACT_EXEC_FAILED:
                return g_strdup_printf("could not be started: %s", g_strerror(-evidence->exec_error));
        case FACT_SECCOMP:
                return describe_syscall(evidence);
        case FACT_OUTPUT_LIMIT:
                return describe_output(evidence);
        case FACT_OOM_KILL:
                return g_strdup_printf("ran out of memory at %.1f MiB; the limit is %.1f MiB",
                                       (double) evidence->memory_peak / mib, (double) evidence->memory_max / mib);
        case FACT_ENERGY_LIMIT:
                return g_strdup_printf("was killed after %.3f J; the limit is %g J",
                                       (double) evidence->energy_uj / 1e6, evidence->max_joules);
        case FACT_CPU_LIMIT:
                return g_strdup_printf("was killed after %.3f s of CPU time; the limit is %.3f s",
                                       (double) evidence->cpu_usec / 1e6, (double) evidence->cpu_limit_usec / 1e6);
        case FACT_WALL_LIMIT:
                return g_strdup_printf("was killed after %.3f s; the limit is %.3f s",
                                       (double) evidence->wall_ns / 1e9, (double) evidence->wall_limit_usec / 1e6);
        case FACT_SIGNAL:
        case FACT_NONZERO_EXIT:
                return describe_end(evidence, facts);
        case FACT_WRONG_ANSWER:
                return describe_answer(evidence);
        case FACT_RIGHT_ANSWER:
                return g_strdup("gave the right answer");
        case FACT_VALIDATOR_FAILED:
        case FACT_TASKS_DENIED:
        case FACT_CACHE_CAPPED:
                break;
        }
        return g_strdup("ended well");
}

char *evidence_describe(const Evidence *evidence) {
        const unsigned facts = evidence_facts(evidence);
        g_autofree char *words = NULL;
        Fact decisive;

        (void) facts_verdict(facts, &decisive);
        words = describe_fact(evidence, facts, decisive);
        if (!(facts & FACT_CACHE_CAPPED))
                return g_steal_pointer(&words);
        return g_strdup_printf("%s; its page cache was taken back %" G_GUINT64_FORMAT
                               " times at the memory limit of %.1f MiB",
                               words, evidence->cache_capped, (double) evidence->memory_max / (1024.0 * 1024.0));
}
