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
        { FACT_OUR_FAULT, VERDICT_IE },     { FACT_CANCELLED, VERDICT_CANCELLED }, { FACT_EXEC_FAILED, VERDICT_RTE },
        { FACT_OUTPUT_LIMIT, VERDICT_OLE }, { FACT_OOM_KILL, VERDICT_MLE },        { FACT_ENERGY_LIMIT, VERDICT_ELE },
        { FACT_CPU_LIMIT, VERDICT_TLE },    { FACT_WALL_LIMIT, VERDICT_WTL },      { FACT_SIGNAL, VERDICT_RTE },
        { FACT_NONZERO_EXIT, VERDICT_RTE },
};

const char *fact_to_string(Fact fact) {
        switch (fact) {
        case FACT_OUR_FAULT:
                return "our-fault";
        case FACT_CANCELLED:
                return "cancelled";
        case FACT_EXEC_FAILED:
                return "exec-failed";
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
        case FACT_TASKS_DENIED:
                return "tasks-denied";
        }
        g_assert_not_reached();
}

const char *verdict_to_string(Verdict verdict) {
        switch (verdict) {
        case VERDICT_OK:
                return "OK";
        case VERDICT_IE:
                return "IE";
        case VERDICT_OLE:
                return "OLE";
        case VERDICT_MLE:
                return "MLE";
        case VERDICT_ELE:
                return "ELE";
        case VERDICT_TLE:
                return "TLE";
        case VERDICT_WTL:
                return "WTL";
        case VERDICT_RTE:
                return "RTE";
        case VERDICT_CANCELLED:
                return NULL;
        }
        g_assert_not_reached();
}

/* A limit counts as crossed by its figure, whoever was first to notice: the kernel's SIGXCPU, our timer, or nobody
 * because the program ended in the same moment. */
unsigned evidence_facts(const Evidence *evidence) {
        unsigned facts = 0;

        if (evidence->our_fault)
                facts |= FACT_OUR_FAULT;
        if (evidence->killed_for == KILLED_FOR_CANCEL)
                facts |= FACT_CANCELLED;
        if (evidence->exec_error < 0)
                facts |= FACT_EXEC_FAILED;
        if (evidence->killed_for == KILLED_FOR_OUTPUT || evidence->output_bytes > evidence->output_max)
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
        if (evidence->exec_error < 0 || evidence->our_fault)
                return facts; /* how the child ended is then our doing */
        if (evidence->end_code == CLD_KILLED || evidence->end_code == CLD_DUMPED)
                facts |= FACT_SIGNAL;
        else if (evidence->end_code == CLD_EXITED && evidence->end_status != 0)
                facts |= FACT_NONZERO_EXIT;
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

char *evidence_describe(const Evidence *evidence) {
        const unsigned facts = evidence_facts(evidence);
        const double mib = 1024.0 * 1024.0;
        Fact decisive;

        (void) facts_verdict(facts, &decisive);
        if (decisive == 0)
                return g_strdup("ended well");

        switch (decisive) {
        case FACT_OUR_FAULT:
                return g_strdup_printf("could not be carried out: %s", evidence->our_fault);
        case FACT_CANCELLED:
                return g_strdup("was cancelled");
        case FACT_EXEC_FAILED:
                return g_strdup_printf("could not be started: %s", g_strerror(-evidence->exec_error));
        case FACT_OUTPUT_LIMIT:
                return g_strdup_printf("wrote %" G_GUINT64_FORMAT " bytes or more; the limit is %" G_GUINT64_FORMAT,
                                       evidence->output_bytes, evidence->output_max);
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
        case FACT_TASKS_DENIED:
                return describe_end(evidence, facts);
        }
        g_assert_not_reached();
}
