/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "evidence-machine.h"

/* Every word is provoked by what the files say, and no word comes when nothing is wrong. */

static void core_throttles(Machine *m) {
        m->core_throttles[2]++;
}

static void package_throttles(Machine *m) {
        m->package_throttles++;
}

static void another_core_throttles(Machine *m) {
        m->core_throttles[0]++;
}

static void at_speed(Machine *m, uint64_t khz) {
        m->slow_khz = khz;
        m->fast_ticks -= 100;
        m->slow_ticks += 100;
}

static void little_slower(Machine *m) { /* 1.9 % */
        m->fast_ticks -= 10;
        m->slow_khz = 2430000;
        m->slow_ticks += 10;
}

static void slower(Machine *m) { /* 3.3 % */
        at_speed(m, 2900000);
}

static void much_slower(Machine *m) { /* 10 % */
        at_speed(m, 2700000);
}

static void foreign_on_reserved(Machine *m) {
        m->idle_ticks[3] -= 5; /* 50 ms of 2 s; 28 of them might be the ticks' */
}

static void ticks_on_reserved(Machine *m) {
        m->idle_ticks[3] -= 3;
}

static void foreign_on_others(Machine *m) {
        m->idle_ticks[0] -= 20; /* 200 ms of 2 s */
        m->others_usec += 200000;
}

/* What the ticks alone could not tell; it may take 100 ms. */
static void short_on_others(Machine *m) {
        m->idle_ticks[0] -= 11;
        m->others_usec += 104100;
}

static void little_on_others(Machine *m) {
        m->idle_ticks[0] -= 11;
        m->others_usec += 103900;
}

/* Its threads are in no cgroup. */
static void kernel_on_others(Machine *m) {
        m->idle_ticks[0] -= 20;
}

static void little_kernel_on_others(Machine *m) {
        m->idle_ticks[0] -= 12; /* 29 ms of it might be the ticks' */
}

/* A long run that ended just now, most of it before the trial. */
static void late_account(Machine *m) {
        m->idle_ticks[0] -= 3;
        m->others_usec += 300000;
}

static void reader_on_others(Machine *m) {
        m->idle_ticks[0] -= 90;
        m->reader_ns += 900000000;
}

static void stolen(Machine *m) { /* 40 ms of 2 s */
        m->steal_ticks[2] += 4;
        m->ours_usec -= 40000;
}

static void hardly_stolen(Machine *m) {
        m->steal_ticks[2] += 2;
        m->ours_usec -= 20000;
}

static void stolen_elsewhere(Machine *m) { /* 600 ms of 2 s */
        m->steal_ticks[0] += 60;
        m->idle_ticks[0] -= 60;
}

/* As with CONFIG_IRQ_TIME_ACCOUNTING: what the program sends itself is not in its own time. */
static void own_softirqs(Machine *m) {
        m->softirq_ticks[2] += 25;
        m->irq_ticks[2] += 5;
        m->ours_usec -= 300000;
}

static void softirqs_elsewhere(Machine *m) {
        m->softirq_ticks[1] += 40;
        m->irq_ticks[1] += 10;
        m->idle_ticks[1] -= 50;
}

static void foreign_among_irqs(Machine *m) {
        own_softirqs(m);
        m->idle_ticks[3] -= 6; /* 60 ms; 40 of them might be the ticks' */
}

static void storm(Machine *m) {
        m->interrupts[3] += 1500;
}

static void storm_elsewhere(Machine *m) {
        m->interrupts[0] += 100000;
}

static void many_timers(Machine *m) {
        m->timer[2] += 100000;
}

static void cpu_stalls(Machine *m) {
        m->cpu_stall_usec += 10001;
}

static void memory_stalls(Machine *m) {
        m->memory_stall_usec += 10001;
}

static void short_stalls(Machine *m) {
        m->cpu_stall_usec += 10000;
        m->memory_stall_usec += 10000;
}

static void swaps(Machine *m) {
        m->swapped_in++;
}

static void swaps_uncounted(Machine *m) {
        m->swap_bytes += 4096;
}

static void faults(Machine *m) {
        m->major_faults++;
}

static void strays(Machine *m) {
        m->effective = "1-3";
}

static void shrinks(Machine *m) {
        m->effective = "2";
}

static void sleeps(Machine *m) {
        m->suspended_ns += 2 * NSEC_PER_SEC;
}

static void clocks_apart(Machine *m) {
        m->suspended_ns += 999999;
}

static void loses_partition(Machine *m) {
        m->partition = "root invalid (Cpu list in cpuset.cpus not exclusive)";
}

static void at_limit(Machine *m) {
        m->energy_uj = 63700000; /* 98 % of 65 W for a second */
}

static void below_limit(Machine *m) {
        m->energy_uj = 63600000;
}

static const struct {
        const char *path, *word; /* NULL: none */
        Provoke provoke;
        bool valid;
        const char *reason; /* part of it */
} table[] = {
        { "quiet", NULL, NULL, true, NULL },
        { "throttled-core", "THROTTLED", core_throttles, false, "slowed down for its heat 1 times" },
        { "throttled-package", "THROTTLED", package_throttles, false, "slowed down" },
        { "throttled-elsewhere", NULL, another_core_throttles, true, NULL },
        { "frequency-same", NULL, little_slower, true, NULL },
        { "frequency-note", "FREQ_DEVIATES", slower, true, NULL },
        { "frequency-invalid", "FREQ_DEVIATES", much_slower, false, "ran at 2700 MHz, 10.0 % off the 3000 MHz" },
        { "foreign-reserved", "FOREIGN_LOAD", foreign_on_reserved, false, "others took 50.000 ms of the reserved" },
        { "foreign-ticks", NULL, ticks_on_reserved, true, NULL },
        { "foreign-others", "FOREIGN_LOAD", foreign_on_others, false, "others took 200.000 ms" },
        { "foreign-short", "FOREIGN_LOAD", short_on_others, false, "others took 104.100 ms" },
        { "foreign-little", NULL, little_on_others, true, NULL },
        { "foreign-kernel", "FOREIGN_LOAD", kernel_on_others, false, "others took 171." },
        { "foreign-kernel-little", NULL, little_kernel_on_others, true, NULL },
        { "foreign-before", NULL, late_account, true, NULL },
        { "foreign-reader", NULL, reader_on_others, true, NULL },
        { "stolen", "CPU_STOLEN", stolen, true, NULL },
        { "stolen-hardly", NULL, hardly_stolen, true, NULL },
        { "stolen-elsewhere", NULL, stolen_elsewhere, true, NULL },
        { "irq-own", NULL, own_softirqs, true, NULL },
        { "irq-others", NULL, softirqs_elsewhere, true, NULL },
        { "irq-and-foreign", "FOREIGN_LOAD", foreign_among_irqs, false, "others took 60.000 ms of the reserved" },
        { "irq-storm", "IRQ_STORM", storm, true, NULL },
        { "irq-elsewhere", NULL, storm_elsewhere, true, NULL },
        { "irq-timers", NULL, many_timers, true, NULL },
        { "psi-cpu", "PSI_CPU", cpu_stalls, true, NULL },
        { "psi-mem", "PSI_MEM", memory_stalls, false, "waited 10.001 ms for memory" },
        { "psi-short", NULL, short_stalls, true, NULL },
        { "swapped", "SWAPPED", swaps, false, "swapped" },
        { "major-faults", "MAJOR_FAULTS", faults, true, NULL },
        { "migrated", "MIGRATED", strays, false, "not its own" },
        { "confined", NULL, shrinks, true, NULL },
        { "suspended", "SUSPENDED", sleeps, false, "slept for 2.000 s" },
        { "clocks-apart", NULL, clocks_apart, true, NULL },
        { "partition-lost", "PARTITION_LOST", loses_partition, false, "not kept from others" },
        { "capped", "CAPPED", at_limit, true, NULL },
        { "not-capped", NULL, below_limit, true, NULL },
};

/* Exactly that word, whatever the trial's energy; three quiet trials before it stay as they are. */
static void test_word(Fixture *f, gconstpointer data) {
        const size_t i = GPOINTER_TO_SIZE(data);
        const TrialRecord *trial;

        for (unsigned quiet = 0; quiet < 3; quiet++)
                make_trial(f, NULL);
        trial = make_trial(f, table[i].provoke);
        check_words(trial, table[i].word);
        g_assert_true(trial->valid == table[i].valid);
        g_assert_cmpuint(job_valid_trials(f->record), ==, table[i].valid ? 4 : 3);
        g_assert_null(trial->energy_absent); /* what was read stays */
        g_assert_cmpuint(trial->total_uj, >, 0);
        if (table[i].reason)
                g_assert_nonnull(strstr(trial->invalid, table[i].reason));
        else
                g_assert_null(trial->invalid);
        for (unsigned quiet = 0; quiet < 3; quiet++)
                check_words(g_ptr_array_index(f->record->trials, quiet), NULL);
}

/* The limits are the knobs': other values, other words. */
static void test_limits(Fixture *f, gconstpointer data) {
        f->limits = (QualityLimits){ .foreign_load = 2, .frequency = 20 };
        for (unsigned quiet = 0; quiet < 3; quiet++)
                make_trial(f, NULL);
        check_words(make_trial(f, foreign_on_reserved), NULL);
        check_words(make_trial(f, foreign_on_others), NULL);
        check_words(make_trial(f, slower), NULL);
        check_words(make_trial(f, much_slower), "FREQ_DEVIATES");
        g_assert_cmpuint(job_valid_trials(f->record), ==, 7);
}

/* What a window of less than MinWindow took is not told, nor whether that was at the limit. */
static void test_capped_briefly(Fixture *f, gconstpointer data) {
        f->record->min_window_usec = 2 * USEC_PER_SEC;
        check_words(make_trial(f, at_limit), NULL);
}

/* A driver without a table of times tells a moment only: that is no reason to make a trial again. */
static void slower_at_last(Machine *m) {
        m->momentary_khz = 2000000;
}

static void test_momentary(Fixture *f, gconstpointer data) {
        const TrialRecord *trial;

        f->machine.no_states = true;
        for (unsigned quiet = 0; quiet < 3; quiet++)
                check_words(make_trial(f, NULL), NULL);
        trial = make_trial(f, slower_at_last);
        check_words(trial, "FREQ_DEVIATES");
        g_assert_true(trial->valid);
}

static void less_turbo(Machine *m) { /* 2.7 GHz instead of 3 */
        m->cycles -= UINT64_C(300000000);
}

/* The processor's own count of its cycles goes before the table of what it was told to run at. */
static void test_cycles(Fixture *f, gconstpointer data) {
        const TrialRecord *trial;
        double khz;
        bool momentary;

        f->machine.no_hardware = 0;
        f->machine.cycles = UINT64_C(9220000000000000); /* 21 days of a CPU at 5 GHz */
        for (unsigned quiet = 0; quiet < 3; quiet++)
                check_words(make_trial(f, NULL), NULL);
        check_words(make_trial(f, much_slower), NULL);
        trial = make_trial(f, less_turbo);
        check_words(trial, "FREQ_DEVIATES");
        g_assert_false(trial->valid);
        g_assert_cmpint(evidence_frequency_khz(&trial->evidence, &khz, &momentary), ==, 0);
        g_assert_cmpfloat_with_epsilon(khz, 2700000, 1e-6);
        g_assert_false(momentary);
}

/* Most drivers do not say what the base frequency is: how the trials differ can be told all the same, and what they
 * ran at by what they ran at last. */
static void test_cycles_without_base(Fixture *f, gconstpointer data) {
        const TrialRecord *trial;
        double khz;
        bool momentary;

        f->machine.no_hardware = 0;
        f->machine.no_base = true;
        for (unsigned quiet = 0; quiet < 3; quiet++)
                check_words(make_trial(f, NULL), NULL);
        check_words(make_trial(f, much_slower), NULL);
        trial = make_trial(f, less_turbo);
        check_words(trial, "FREQ_DEVIATES");
        g_assert_false(trial->valid);
        g_assert_nonnull(strstr(trial->invalid, "frequency was 10.0 % off"));
        g_assert_cmpint(evidence_frequency_khz(&trial->evidence, &khz, &momentary), ==, 0);
        g_assert_cmpfloat_with_epsilon(khz, 3000000, 1e-6);
        g_assert_true(momentary);
}

/* A tenth of a second is ten ticks, one of which may be counted to the state before. */
static void tenth_of_second(Machine *m, uint64_t slow) {
        m->fast_ticks -= 90 + slow;
        m->slow_ticks += slow;
}

static void one_tick_slow(Machine *m) { /* 6.7 % */
        tenth_of_second(m, 1);
}

static void half_slow(Machine *m) {
        tenth_of_second(m, 5);
}

static void test_few_ticks(Fixture *f, gconstpointer data) {
        const TrialRecord *trial;

        for (unsigned quiet = 0; quiet < 3; quiet++)
                check_words(make_trial(f, NULL), NULL);
        check_words(make_trial(f, one_tick_slow), NULL);
        trial = make_trial(f, half_slow);
        check_words(trial, "FREQ_DEVIATES");
        g_assert_false(trial->valid);
}

/* Other sources are other scales: two times the base frequency is not 3 GHz. */
static void test_sources_mixed(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++) {
                f->machine.no_hardware = i % 2 ? 0 : -EBUSY;
                check_words(make_trial(f, NULL), NULL);
        }
        g_assert_cmpuint(job_valid_trials(f->record), ==, 9);
}

/* The first trial was the odd one, which only the later ones can tell. */
static void test_first_is_slow(Fixture *f, gconstpointer data) {
        const TrialRecord *first = make_trial(f, much_slower);

        check_words(first, NULL);
        make_trial(f, NULL);
        check_words(first, NULL);
        make_trial(f, NULL);
        check_words(first, "FREQ_DEVIATES");
        g_assert_false(first->valid);
        make_trial(f, NULL);
        check_words(first, "FREQ_DEVIATES");
        g_assert_cmpuint(job_valid_trials(f->record), ==, 3);
}

static void test_swap_by_level(Fixture *f, gconstpointer data) {
        f->machine.no_swap_counts = true;
        check_words(make_trial(f, NULL), NULL);
        check_words(make_trial(f, swaps_uncounted), "SWAPPED");
        check_words(make_trial(f, NULL), NULL);
}

static void fast_idle_storm(Machine *m) {
        m->interrupts[3] += 1000;
}

/* A machine whose idle CPUs are interrupted as often is no stormier with a program. */
static void test_idle_storm(Fixture *f, gconstpointer data) {
        f->record->idle = take(f, fast_idle_storm);
        check_words(make_trial(f, storm), NULL);
}

/* What cannot be read is unknown, and never a word. */
static void test_unreadable(Fixture *f, gconstpointer data) {
        const TrialRecord *trial;

        f->machine.no_states = f->machine.no_throttle_counts = f->machine.no_pressure = true;
        trial = make_trial(f, core_throttles);
        check_words(trial, NULL);
        g_assert_cmpint(trial->evidence.items[EVIDENCE_THROTTLES].error, ==, -ENOENT);
        g_assert_cmpint(trial->evidence.items[EVIDENCE_CPU_STALL_USEC].error, ==, -ENOENT);
        g_assert_cmpint(trial->evidence.items[EVIDENCE_MEMORY_STALL_USEC].error, ==, 0);
}

/* The machine this runs on: its clocks have not drifted apart, and its last CPU is idle or not, but not unknown. */
static void test_host(void) {
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(CpuInfo) cpu = NULL;
        g_autoptr(Collector) collector = NULL;
        TrialEvidence evidence = {};
        EvidenceSample before, after;
        cpu_set_t last;
        CollectorSpec spec = { .reserved = &last, .own = &last, .cgroup_fd = -1, .partition = "" };

        g_assert_cmpint(sysroot_open("/", &root), ==, 0);
        g_assert_cmpint(cpu_info_read(root, &cpu), ==, 0);
        CPU_ZERO(&last);
        CPU_SET(cpu->cpus[cpu->n_cpus - 1].number, &last);
        spec.root = root;
        spec.cpu = cpu;
        g_assert_cmpint(collector_open(&spec, &collector), ==, 0);
        collector_take(collector, &before);
        g_usleep(20000);
        collector_take(collector, &after);
        evidence_add_span(&evidence, &before, &after);
        g_assert_cmpuint(evidence.wall_ns, >=, 20000000);
        g_assert_cmpint(evidence.items[EVIDENCE_RESERVED_IDLE_USEC].error, ==, 0);
        g_assert_cmpint(evidence.items[EVIDENCE_INTERRUPTS].error, ==, 0);
        g_assert_cmpint(evidence.items[EVIDENCE_SUSPENDED_NSEC].error, ==, 0);
        g_assert_cmpuint(evidence.items[EVIDENCE_SUSPENDED_NSEC].value, <, SUSPENDED_MIN_NS);
        g_assert_cmpint(evidence_foreign(&evidence, CPUS_RESERVED, &(ForeignTime){}), ==,
                        -ENODEV); /* no cgroup says what is ours */
        g_assert_cmpint(evidence.items[EVIDENCE_CGROUPS_USEC].error, ==, -ENODEV);
        g_assert_false(evidence.partition_lost || evidence.strayed);
}

/* The service and the launcher work for the job. */
static void test_service_time(void) {
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(CpuInfo) cpu = NULL;
        g_autoptr(Collector) with = NULL, without = NULL;
        EvidenceSample before, after;
        TrialEvidence evidence = {}, alone = {};
        cpu_set_t none;
        CollectorSpec spec = { .reserved = &none, .own = &none, .cgroup_fd = -1, .partition = "" };
        struct timespec used = {};
        clockid_t clock;
        pid_t servant;
        int status;

        CPU_ZERO(&none);
        g_assert_cmpint(sysroot_open("/", &root), ==, 0);
        g_assert_cmpint(cpu_info_read(root, &cpu), ==, 0);
        spec.root = root;
        spec.cpu = cpu;
        g_assert_cmpint(collector_open(&spec, &without), ==, 0);
        servant = fork();
        g_assert_cmpint(servant, >=, 0);
        if (servant == 0)
                for (;;)
                        ;
        g_assert_cmpint(clock_getcpuclockid(servant, &clock), ==, 0);
        g_assert_cmpint(collector_open(&spec, &with), ==, 0);
        collector_add_servant(with, 0);
        collector_add_servant(with, servant);
        collector_take(with, &before);
        while (used.tv_sec == 0 && used.tv_nsec < 100000000) {
                g_usleep(10000);
                g_assert_cmpint(clock_gettime(clock, &used), ==, 0);
        }
        collector_take(with, &after);
        evidence_add_span(&evidence, &before, &after);
        collector_take(without, &before);
        collector_take(without, &after);
        evidence_add_span(&alone, &before, &after);
        g_assert_cmpint(kill(servant, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(servant, &status, 0), ==, servant);
        g_assert_cmpuint(evidence.items[EVIDENCE_READER_USEC].value, >,
                         alone.items[EVIDENCE_READER_USEC].value + 50000);
}

/* What both accounts come to. */
static const struct {
        const char *path;
        unsigned spans, n_reserved;
        int64_t idle_usec, ours_usec, cgroups_usec; /* of 400 ms of wall time and two other CPUs */
        int cgroups_error;
        double usec, least_usec;
} accounts[] = {
        /* The ticks are off by 28.58 ms. */
        { "between", 1, 1, 760000, 0, 50000, 0, 40000, 36000 },
        { "at-most", 1, 1, 780000, 0, 100000, 0, 38577, 34577 },
        { "at-least", 1, 1, 700000, 0, 20000, 0, 61423, 61423 },
        { "unread", 1, 1, 700000, 0, 0, -EACCES, 90000, 61423 },
        { "none", 1, 1, 800000, 0, 10000, 0, 0, -4000 },
        /* With four spans by twice that, and the account by 8 ms. */
        { "spans", 4, 1, 720000, 0, 60000, 0, 50000, 42000 },
        /* The program runs on the same CPUs. */
        { "together", 1, 0, 470000, 300000, 350000, 0, 40000, 36000 },
};

static void test_account(gconstpointer data) {
        const size_t i = GPOINTER_TO_SIZE(data);
        TrialEvidence evidence = {
                .spans = accounts[i].spans, .wall_ns = 400000000, .n_reserved = accounts[i].n_reserved, .n_others = 2
        };
        ForeignTime foreign;

        evidence.items[EVIDENCE_OTHER_IDLE_USEC].value = (uint64_t) accounts[i].idle_usec;
        evidence.items[EVIDENCE_OURS_USEC].value = (uint64_t) accounts[i].ours_usec;
        evidence.items[EVIDENCE_READER_USEC].value = 10000;
        evidence.items[EVIDENCE_CGROUPS_USEC] =
                        (Count){ .value = (uint64_t) accounts[i].cgroups_usec, .error = accounts[i].cgroups_error };
        g_assert_cmpint(evidence_foreign(&evidence, CPUS_OTHERS, &foreign), ==, 0);
        g_assert_cmpfloat_with_epsilon(foreign.usec, accounts[i].usec, 1);
        g_assert_cmpfloat_with_epsilon(foreign.least_usec, accounts[i].least_usec, 1);
}

static void drop(const Fixture *f, const char *file) {
        g_autofree char *path = g_build_filename(f->tree, "sys/fs/cgroup", file, NULL);

        g_assert_cmpint(remove(path), ==, 0);
}

static int cgroups_error(const CollectorSpec *spec) {
        g_autoptr(Collector) collector = NULL;
        EvidenceSample sample;

        g_assert_cmpint(collector_open(spec, &collector), ==, 0);
        collector_take(collector, &sample);
        return sample.items[EVIDENCE_CGROUPS_USEC].error;
}

/* No account that is not the one meant. */
static void test_no_cgroups(Fixture *f, gconstpointer data) {
        g_autofree char *root = g_build_filename(f->tree, "sys/fs/cgroup", NULL);
        TrialEvidence evidence = take(f, NULL);
        CollectorSpec spec = { .root = f->root, .cpu = f->topology->cpu, .partition = "" };
        autofd fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cpu_set_t none;

        g_assert_cmpint(evidence.items[EVIDENCE_CGROUPS_USEC].error, ==, 0);
        CPU_ZERO(&none);
        spec.reserved = spec.own = &none;
        spec.cgroup_fd = fd;
        /* Version 2 with no account below its root, and then version 1. */
        drop(f, "user.slice/cpu.stat");
        drop(f, "system.slice/cpu.stat");
        drop(f, "jouletrace.slice/cpu.stat");
        g_assert_cmpint(cgroups_error(&spec), ==, -ENODATA);
        drop(f, "cgroup.controllers");
        g_assert_cmpint(cgroups_error(&spec), ==, -ENOENT);
}

/* What a pause waits for the end of is what a trial would be refused for. */
static void test_quiet(Fixture *f, gconstpointer data) {
        const TrialEvidence quiet = take(f, NULL), ours = take(f, reader_on_others), irqs = take(f, own_softirqs);
        const TrialEvidence disturbed = take(f, foreign_on_others), reserved = take(f, foreign_on_reserved);

        g_assert_false(quality_foreign_load(f->record, &quiet, &f->limits));
        g_assert_false(quality_foreign_load(f->record, &ours, &f->limits));
        g_assert_false(quality_foreign_load(f->record, &irqs, &f->limits));
        g_assert_true(quality_foreign_load(f->record, &disturbed, &f->limits));
        g_assert_true(quality_foreign_load(f->record, &reserved, &f->limits));
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *path = g_strconcat("/evidence/word/", table[i].path, NULL);

                g_test_add(path, Fixture, GSIZE_TO_POINTER(i), set_up, test_word, tear_down);
        }
        ADD("/evidence/capped-briefly", test_capped_briefly);
        g_test_add_func("/evidence/host", test_host);
        g_test_add_func("/evidence/service-time", test_service_time);
        for (size_t i = 0; i < G_N_ELEMENTS(accounts); i++) {
                g_autofree char *path = g_strconcat("/evidence/account/", accounts[i].path, NULL);

                g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_account);
        }
        ADD("/evidence/no-cgroups", test_no_cgroups);
        ADD("/evidence/quiet", test_quiet);
        ADD("/evidence/limits", test_limits);
        ADD("/evidence/momentary", test_momentary);
        ADD("/evidence/cycles", test_cycles);
        ADD("/evidence/cycles-without-base", test_cycles_without_base);
        ADD("/evidence/few-ticks", test_few_ticks);
        ADD("/evidence/sources-mixed", test_sources_mixed);
        ADD("/evidence/first-is-slow", test_first_is_slow);
        ADD("/evidence/swap-by-level", test_swap_by_level);
        ADD("/evidence/idle-storm", test_idle_storm);
        ADD("/evidence/unreadable", test_unreadable);
        return g_test_run();
}
