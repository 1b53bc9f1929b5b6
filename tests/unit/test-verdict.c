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
        { "file",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGXFSZ, .file_max = 4096 },
          FACT_OUTPUT_LIMIT | FACT_SIGNAL,
          VERDICT_OLE,
          "signal 25 (File size limit exceeded) for a file larger than 4096 bytes" },
        { "file, with its core",
          { LIMITS, .end_code = CLD_DUMPED, .end_status = SIGXFSZ, .file_max = 4096 },
          FACT_OUTPUT_LIMIT | FACT_SIGNAL,
          VERDICT_OLE,
          "4096 bytes" },
        { "file and output",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGXFSZ, .file_max = 4096, .output_bytes = 1001 },
          FACT_OUTPUT_LIMIT | FACT_SIGNAL,
          VERDICT_OLE,
          "1001 bytes or more; the limit is 1000" },
        { "file, without a box",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGXFSZ },
          FACT_SIGNAL,
          VERDICT_RTE,
          "signal 25" },
        { "a status like that of a file",
          { LIMITS, .end_code = CLD_EXITED, .end_status = SIGXFSZ, .file_max = 4096 },
          FACT_NONZERO_EXIT,
          VERDICT_RTE,
          "status 25" },
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
          VERDICT_XF,
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
        { "accepted",
          { LIMITS, .end_code = CLD_EXITED, .answer = ANSWER_RIGHT },
          FACT_RIGHT_ANSWER,
          VERDICT_AC,
          "gave the right answer" },
        { "wrong",
          { LIMITS, .end_code = CLD_EXITED, .answer = ANSWER_WRONG,
            .difference = "line 3, column 5: expected \"42\", got \"43\"" },
          FACT_WRONG_ANSWER,
          VERDICT_WA,
          "gave a wrong answer: line 3, column 5: expected \"42\", got \"43\"" },
        { "wrong, nobody says where",
          { LIMITS, .end_code = CLD_EXITED, .answer = ANSWER_WRONG },
          FACT_WRONG_ANSWER,
          VERDICT_WA,
          "gave a wrong answer" },
        { "right, but exit 1",
          { LIMITS, .end_code = CLD_EXITED, .end_status = 1, .answer = ANSWER_RIGHT },
          FACT_RIGHT_ANSWER | FACT_NONZERO_EXIT,
          VERDICT_RTE,
          "status 1" },
        { "the validator's limits were driven over",
          { LIMITS, .end_code = CLD_EXITED, .answer = ANSWER_WRONG, .validator_end = "was killed after 3.000 s" },
          FACT_WRONG_ANSWER | FACT_VALIDATOR_FAILED,
          VERDICT_WA,
          "gave a wrong answer (on it, though not on the jury's, the validator was killed after 3.000 s)" },
        { "no validator worth its name",
          { LIMITS, .end_code = CLD_EXITED, .judge_fault = "the validator exited with status 7" },
          FACT_JUDGE_FAULT,
          VERDICT_IE,
          "could not be judged: the validator exited with status 7" },
        { "compiler",
          { LIMITS, .compile_end = "exited with status 1", .end_code = CLD_EXITED, .end_status = 1 },
          FACT_COMPILE,
          VERDICT_CE,
          "could not be compiled: the compiler exited with status 1" },
        { "system call",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .killed_for = KILLED_FOR_SYSCALL, .filtered = true,
            .seccomp_syscall = "ptrace" },
          FACT_SECCOMP | FACT_SIGNAL,
          VERDICT_SV,
          "calling ptrace(), which the box does not allow" },
        { "system call of a grandchild, the program content",
          { LIMITS, .end_code = CLD_EXITED, .filtered = true, .seccomp_syscall = "mount" },
          FACT_SECCOMP,
          VERDICT_SV,
          "calling mount()" },
        { "system call of a foreign ABI",
          { LIMITS, .end_code = CLD_DUMPED, .end_status = SIGSYS, .filtered = true },
          FACT_SECCOMP | FACT_SIGNAL,
          VERDICT_SV,
          "signal 31" },
        { "SIGSYS without a filter",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGSYS },
          FACT_SIGNAL,
          VERDICT_RTE,
          "signal 31" },
        { "exit status of the number of SIGSYS",
          { LIMITS, .end_code = CLD_EXITED, .end_status = SIGSYS, .filtered = true },
          FACT_NONZERO_EXIT,
          VERDICT_RTE,
          "status 31" },
        { "page cache",
          { LIMITS, .end_code = CLD_EXITED, .cache_capped = 12, .answer = ANSWER_RIGHT },
          FACT_CACHE_CAPPED | FACT_RIGHT_ANSWER,
          VERDICT_AC,
          "right answer; its page cache was taken back 12 times at the memory limit of 1.0 MiB" },
        { "page cache, nothing compared",
          { LIMITS, .end_code = CLD_EXITED, .cache_capped = 1 },
          FACT_CACHE_CAPPED,
          VERDICT_OK,
          "ended well; its page cache" },
        { "page cache gave way, and it was not enough",
          { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL, .cache_capped = 12, .oom_kills = 1 },
          FACT_OOM_KILL | FACT_SIGNAL,
          VERDICT_MLE,
          "ran out of memory" },
        { "skipped", { .skipped = true }, FACT_SKIPPED, VERDICT_SKIPPED, "was not run" },
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

/* What decides, the first before the last; the others never do. */
static const struct {
        Fact fact;
        Verdict verdict;
} order[] = {
        { FACT_OUR_FAULT, VERDICT_IE },     { FACT_JUDGE_FAULT, VERDICT_IE },   { FACT_CANCELLED, VERDICT_CANCELLED },
        { FACT_SKIPPED, VERDICT_SKIPPED },  { FACT_COMPILE, VERDICT_CE },       { FACT_EXEC_FAILED, VERDICT_XF },
        { FACT_SECCOMP, VERDICT_SV },       { FACT_OUTPUT_LIMIT, VERDICT_OLE }, { FACT_OOM_KILL, VERDICT_MLE },
        { FACT_ENERGY_LIMIT, VERDICT_ELE }, { FACT_CPU_LIMIT, VERDICT_TLE },    { FACT_WALL_LIMIT, VERDICT_WTL },
        { FACT_SIGNAL, VERDICT_RTE },       { FACT_NONZERO_EXIT, VERDICT_RTE }, { FACT_WRONG_ANSWER, VERDICT_WA },
        { FACT_RIGHT_ANSWER, VERDICT_AC },
};

static void test_pairs(void) {
        const unsigned notes = FACT_VALIDATOR_FAILED | FACT_TASKS_DENIED | FACT_CACHE_CAPPED;
        Fact decisive;

        for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
                for (size_t j = i; j < G_N_ELEMENTS(order); j++) {
                        const unsigned pair = order[i].fact | order[j].fact;

                        g_test_message("%s and %s", fact_to_string(order[i].fact), fact_to_string(order[j].fact));
                        g_assert_cmpint(facts_verdict(pair, &decisive), ==, order[i].verdict);
                        g_assert_cmpint(decisive, ==, order[i].fact);
                        g_assert_cmpint(facts_verdict(pair | notes, NULL), ==, order[i].verdict);
                }
        g_assert_cmpint(facts_verdict(notes, &decisive), ==, VERDICT_OK);
        g_assert_cmpint(decisive, ==, 0);
        g_assert_cmpint(G_N_ELEMENTS(order) + 3, ==, N_FACTS);
}

/* The evidence that shows a fact alone, so that each fact has its source. */
static void test_sources(void) {
        static const struct {
                Fact fact;
                Evidence evidence;
        } sources[] = {
                { FACT_OUR_FAULT, { LIMITS, .our_fault = "x" } },
                { FACT_JUDGE_FAULT, { LIMITS, .judge_fault = "x" } },
                { FACT_CANCELLED, { LIMITS, .killed_for = KILLED_FOR_CANCEL } },
                { FACT_SKIPPED, { LIMITS, .skipped = true } },
                { FACT_COMPILE, { LIMITS, .compile_end = "x" } },
                { FACT_EXEC_FAILED, { LIMITS, .exec_error = -ENOEXEC } },
                { FACT_SECCOMP, { LIMITS, .killed_for = KILLED_FOR_SYSCALL } },
                { FACT_OUTPUT_LIMIT, { LIMITS, .killed_for = KILLED_FOR_OUTPUT } },
                { FACT_OOM_KILL, { LIMITS, .oom_kills = 1 } },
                { FACT_ENERGY_LIMIT, { LIMITS, .killed_for = KILLED_FOR_ENERGY } },
                { FACT_CPU_LIMIT, { LIMITS, .killed_for = KILLED_FOR_CPU } },
                { FACT_WALL_LIMIT, { LIMITS, .killed_for = KILLED_FOR_WALL } },
                { FACT_SIGNAL, { LIMITS, .end_code = CLD_KILLED, .end_status = SIGKILL } },
                { FACT_NONZERO_EXIT, { LIMITS, .end_code = CLD_EXITED, .end_status = 1 } },
                { FACT_WRONG_ANSWER, { LIMITS, .answer = ANSWER_WRONG } },
                { FACT_RIGHT_ANSWER, { LIMITS, .answer = ANSWER_RIGHT } },
                { FACT_VALIDATOR_FAILED, { LIMITS, .validator_end = "x" } },
                { FACT_TASKS_DENIED, { LIMITS, .tasks_denied = 1 } },
                { FACT_CACHE_CAPPED, { LIMITS, .cache_capped = 1 } },
        };
        unsigned all = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
                g_assert_cmphex(evidence_facts(&sources[i].evidence), ==, sources[i].fact);
                all |= sources[i].fact;
        }
        g_assert_cmphex(all, ==, (1U << N_FACTS) - 1);
}

static void test_names(void) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (unsigned i = 0; i < N_FACTS; i++)
                g_assert_true(g_hash_table_add(seen, (char *) fact_to_string(1 << i)));
        for (Verdict v = VERDICT_OK; v < VERDICT_CANCELLED; v++) {
                g_assert_true(g_hash_table_add(seen, (char *) verdict_to_string(v)));
                g_assert_true(verdict_is_good(v) == (v == VERDICT_OK || v == VERDICT_AC));
        }
        g_assert_null(verdict_to_string(VERDICT_CANCELLED));
        g_assert_false(verdict_is_good(VERDICT_CANCELLED));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/verdict/table", test_table);
        g_test_add_func("/verdict/pairs", test_pairs);
        g_test_add_func("/verdict/sources", test_sources);
        g_test_add_func("/verdict/names", test_names);
        return g_test_run();
}
