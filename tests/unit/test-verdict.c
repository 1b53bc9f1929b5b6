/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "verdict.h"

#define LIMITS                                                                                            \
        .cpu_limit_usec = 1000000, .wall_limit_usec = 3000000, .output_max = 1000, .memory_max = 1 << 20, \
        .tasks_max = 4, .max_joules = 2

static const struct {
        const char *name;
        Evidence evidence;
        unsigned facts;
        Verdict verdict;
        const char *words; /* in the description */
} table[] = {
        { "ended well", { LIMITS, .end_code = CLD_EXITED }, 0, VERDICT_OK, "ended well" },
        { "exit 3", { LIMITS, .end_code = CLD_EXITED, .end_status = 3 }, FACT_NONZERO_EXIT, VERDICT_RTE, "status 3" },
        { "signal", { LIMITS, .end_code = CLD_KILLED, .end_status = SIGSEGV }, FACT_SIGNAL, VERDICT_RTE, "signal 11" },
        { "core", { LIMITS, .end_code = CLD_DUMPED, .end_status = SIGABRT }, FACT_SIGNAL, VERDICT_RTE, "signal 6" },
        { "status that looks like a signal",
          { LIMITS, .end_code = CLD_EXITED, .end_status = 137 },
          FACT_NONZERO_EXIT,
          VERDICT_RTE,
          "status 137" },
        { "cpu",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .killed_for = KILLED_FOR_CPU, .cpu_usec = 1003000 },
          FACT_CPU_LIMIT | FACT_SIGNAL,
          VERDICT_TLE,
          "1.003 s of CPU time; the limit is 1.000 s" },
        { "cpu, by the kernel's backstop",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGXCPU, .cpu_usec = 3000001 },
          FACT_CPU_LIMIT | FACT_SIGNAL,
          VERDICT_TLE,
          "3.000 s" },
        { "cpu at its limit", { LIMITS, .end_code = CLD_EXITED, .cpu_usec = 1000000 }, 0, VERDICT_OK, "ended well" },
        { "wall",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .killed_for = KILLED_FOR_WALL,
            .wall_ns = UINT64_C(3001000000) },
          FACT_WALL_LIMIT | FACT_SIGNAL,
          VERDICT_WTL,
          "3.001 s; the limit is 3.000 s" },
        { "cpu before wall",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .killed_for = KILLED_FOR_WALL,
            .wall_ns = UINT64_C(3001000000), .cpu_usec = 2000000 },
          FACT_CPU_LIMIT | FACT_WALL_LIMIT | FACT_SIGNAL,
          VERDICT_TLE,
          "CPU time" },
        { "output",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .killed_for = KILLED_FOR_OUTPUT,
            .output_bytes = 1001 },
          FACT_OUTPUT_LIMIT | FACT_SIGNAL,
          VERDICT_OLE,
          "1001 bytes or more; the limit is 1000" },
        { "output, but it was quicker than we",
          { LIMITS, .end_code = CLD_EXITED, .output_bytes = 1001 },
          FACT_OUTPUT_LIMIT,
          VERDICT_OLE,
          "1001" },
        { "output at its limit", { LIMITS, .end_code = CLD_EXITED, .output_bytes = 1000 }, 0, VERDICT_OK, "well" },
        { "memory",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .oom_kills = 1, .memory_peak = 1 << 20 },
          FACT_OOM_KILL | FACT_SIGNAL,
          VERDICT_MLE,
          "1.0 MiB; the limit is 1.0 MiB" },
        { "a child out of memory, the program content",
          { LIMITS, .end_code = CLD_EXITED, .oom_kills = 1 },
          FACT_OOM_KILL,
          VERDICT_MLE,
          "ran out of memory" },
        { "output before memory",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .oom_kills = 1, .output_bytes = 5000 },
          FACT_OUTPUT_LIMIT | FACT_OOM_KILL | FACT_SIGNAL,
          VERDICT_OLE,
          "5000" },
        { "energy",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .killed_for = KILLED_FOR_ENERGY,
            .energy_uj = 2100000 },
          FACT_ENERGY_LIMIT | FACT_SIGNAL,
          VERDICT_ELE,
          "2.100 J; the limit is 2 J" },
        { "tasks, taken well",
          { LIMITS, .end_code = CLD_EXITED, .tasks_denied = 2 },
          FACT_TASKS_DENIED,
          VERDICT_OK,
          "ended well" },
        { "tasks, taken badly",
          { LIMITS, .end_code = CLD_EXITED, .end_status = 1, .tasks_denied = 2 },
          FACT_TASKS_DENIED | FACT_NONZERO_EXIT,
          VERDICT_RTE,
          "a new task was refused (the limit is 4)" },
        { "not started",
          { LIMITS, .end_code = CLD_EXITED, .end_status = 127, .exec_error = -ENOENT },
          FACT_EXEC_FAILED,
          VERDICT_RTE,
          "could not be started: No such file or directory" },
        { "cancelled",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .killed_for = KILLED_FOR_CANCEL },
          FACT_CANCELLED | FACT_SIGNAL,
          VERDICT_CANCELLED,
          "cancelled" },
        { "ours",
          { LIMITS, .our_fault = "the moon", .end_code = CLD_KILLED, .end_status = SIGKILL, .oom_kills = 1 },
          FACT_OUR_FAULT | FACT_OOM_KILL,
          VERDICT_IE,
          "the moon" },
};

static void test_table(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                const unsigned facts = evidence_facts(&table[i].evidence);
                g_autofree char *words = evidence_describe(&table[i].evidence);

                g_test_message("%s: %s", table[i].name, words);
                g_assert_cmphex(facts, ==, table[i].facts);
                g_assert_cmpint(facts_verdict(facts, NULL), ==, table[i].verdict);
                g_assert_nonnull(strstr(words, table[i].words));
        }
}

/* Each fact that decides has its place in the order; names are all different. */
static void test_names(void) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (unsigned i = 0; i < N_FACTS; i++) {
                const Fact fact = 1 << i;
                Fact decisive;

                g_assert_true(g_hash_table_add(seen, (char *) fact_to_string(fact)));
                g_assert_true((facts_verdict(fact, &decisive) == VERDICT_OK) == (fact == FACT_TASKS_DENIED));
                g_assert_cmpint(decisive, ==, fact == FACT_TASKS_DENIED ? 0 : fact);
        }
        for (Verdict v = VERDICT_OK; v < VERDICT_CANCELLED; v++)
                g_assert_true(g_hash_table_add(seen, (char *) verdict_to_string(v)));
        g_assert_null(verdict_to_string(VERDICT_CANCELLED));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/verdict/table", test_table);
        g_test_add_func("/verdict/names", test_names);
        return g_test_run();
}
