/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "collector.h"
#include "evaluate.h"
#include "quality.h"
#include "report.h"
#include "tree.h"

/* A machine of four CPUs as a tree of files, two of them reserved. A trial is a second of its life: the program keeps
 * CPU 2 busy, and CPU 3 and the others idle. Every word is provoked by what the files say, and no word comes when
 * nothing is wrong. */

#define CPU_DIR "sys/devices/system/cpu"
#define SLICE "sys/fs/cgroup/jouletrace.slice"
#define SCOPE SLICE "/jouletrace-job-1.scope"
#define PACKAGE_RANGE UINT64_C(262143328850)
#define N_CPUS 4U
#define PRESSURE                                                     \
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=%" PRIu64 "\n" \
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n"

/* What the files are made of; all of it counts up. */
typedef struct Machine {
        uint64_t now_ns, suspended_ns, reader_ns;
        uint64_t idle_ticks[N_CPUS], interrupts[N_CPUS], timer[N_CPUS], core_throttles[N_CPUS], package_throttles;
        uint64_t ours_usec, cpu_stall_usec, memory_stall_usec, major_faults, swapped_in, swap_bytes;
        uint64_t slow_ticks, fast_ticks; /* of CPUs 2 and 3, at slow_khz and at 3 GHz */
        uint64_t slow_khz, momentary_khz;
        uint64_t instructions, cycles, ref_cycles;
        uint64_t cpu_usec, energy_uj; /* of the next trial */
        int no_hardware;              /* 0, or why there are no such counters */
        const char *effective, *partition;
        bool no_states, no_swap_counts, no_throttle_counts, no_pressure;
} Machine;

typedef struct Fixture {
        Tree *tree;
        Sysroot *root;
        Topology *topology;
        Meter *meter;
        Collector *collector;
        Machine machine;
        QualityLimits limits;
        Request *request;
        JobContext context;
        JobRecord *record;
} Fixture;

static uint64_t now_ns(void *userdata) {
        return ((Machine *) userdata)->now_ns;
}

static uint64_t suspended_ns(void *userdata) {
        return ((Machine *) userdata)->suspended_ns;
}

static uint64_t reader_ns(void *userdata) {
        return ((Machine *) userdata)->reader_ns;
}

static int hardware(void *userdata, HardwareCounter counter, uint64_t *ret) {
        const Machine *m = userdata;
        const uint64_t values[HARDWARE_COUNTERS] = { m->instructions, m->cycles, m->ref_cycles };

        *ret = values[counter];
        return m->no_hardware;
}

static void put(const Fixture *f, const char *file, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void put(const Fixture *f, const char *file, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        tree_put(f->tree, file, text);
}

static void hide(const Fixture *f, const char *file) {
        g_autofree char *path = g_build_filename(f->tree, file, NULL);

        (void) remove(path);
}

static void put_cpu(const Fixture *f, unsigned cpu) {
        const Machine *m = &f->machine;
        g_autofree char *core = g_strdup_printf(CPU_DIR "/cpu%u/thermal_throttle/core_throttle_count", cpu);
        g_autofree char *package = g_strdup_printf(CPU_DIR "/cpu%u/thermal_throttle/package_throttle_count", cpu);
        g_autofree char *states = g_strdup_printf(CPU_DIR "/cpu%u/cpufreq/stats/time_in_state", cpu);
        g_autofree char *base = g_strdup_printf(CPU_DIR "/cpu%u/cpufreq/base_frequency", cpu);
        g_autofree char *momentary = g_strdup_printf(CPU_DIR "/cpu%u/cpufreq/scaling_cur_freq", cpu);

        put(f, core, "%" PRIu64 "\n", m->core_throttles[cpu]);
        put(f, package, "%" PRIu64 "\n", m->package_throttles);
        put(f, states, "%" PRIu64 " %" PRIu64 "\n3000000 %" PRIu64 "\n", m->slow_khz, m->slow_ticks, m->fast_ticks);
        put(f, base, "2000000\n");
        put(f, momentary, "%" PRIu64 "\n", m->momentary_khz);
        if (m->no_throttle_counts)
                hide(f, core);
        if (m->no_states)
                hide(f, states);
}

static void put_proc(const Fixture *f) {
        const Machine *m = &f->machine;

        put(f, "proc/stat",
            "cpu  1 2 3 4 5 6 7 8 9 0\n"
            "cpu0 10 0 10 %" PRIu64 " 7 0 0 0 0 0\ncpu1 10 0 10 %" PRIu64 " 7 0 0 0 0 0\n"
            "cpu2 10 0 10 %" PRIu64 " 7 0 0 0 0 0\ncpu3 10 0 10 %" PRIu64 " 7 0 0 0 0 0\nintr 12 0 0\n",
            m->idle_ticks[0], m->idle_ticks[1], m->idle_ticks[2], m->idle_ticks[3]);
        put(f, "proc/interrupts",
            "           CPU0       CPU1       CPU2       CPU3\n"
            " 24: %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "  IO-APIC   5-edge      ACPI:Ged\n"
            "LOC: %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "   Local timer interrupts\n"
            "ERR:          0\n",
            m->interrupts[0], m->interrupts[1], m->interrupts[2], m->interrupts[3], m->timer[0], m->timer[1],
            m->timer[2], m->timer[3]);
}

static void put_cgroup(const Fixture *f) {
        const Machine *m = &f->machine;
        g_autofree char *counts = m->no_swap_counts
                                                  ? g_strdup("")
                                                  : g_strdup_printf("pswpin %" PRIu64 "\npswpout 0\n", m->swapped_in);

        put(f, SLICE "/cpuset.cpus.partition", "%s\n", m->partition);
        put(f, SCOPE "/cpuset.cpus.effective", "%s\n", m->effective);
        put(f, SCOPE "/cpu.stat", "usage_usec %" PRIu64 "\nuser_usec 1\n", m->ours_usec);
        put(f, SCOPE "/cpu.pressure", PRESSURE, m->cpu_stall_usec);
        put(f, SCOPE "/memory.pressure", PRESSURE, m->memory_stall_usec);
        put(f, SCOPE "/memory.stat", "anon 4096\npgfault 77\npgmajfault %" PRIu64 "\n%s", m->major_faults, counts);
        put(f, SCOPE "/memory.swap.current", "%" PRIu64 "\n", m->swap_bytes);
        if (m->no_pressure)
                hide(f, SCOPE "/cpu.pressure");
}

static void put_machine(const Fixture *f) {
        for (unsigned cpu = 0; cpu < N_CPUS; cpu++)
                put_cpu(f, cpu);
        put_proc(f);
        put_cgroup(f);
}

/* A second in which the program runs and all is quiet. */
static void pass_second(Machine *m) {
        m->now_ns += NSEC_PER_SEC;
        m->ours_usec += USEC_PER_SEC;
        m->fast_ticks += 100;
        m->instructions += 1000000000;
        m->cycles += UINT64_C(3000000000);
        m->ref_cycles += UINT64_C(2000000000);
        for (unsigned cpu = 0; cpu < N_CPUS; cpu++) {
                m->idle_ticks[cpu] += cpu == 2 ? 0 : 100;
                m->interrupts[cpu] += 50;
                m->timer[cpu] += 20;
        }
        m->timer[2] += 1000;
}

typedef void (*Provoke)(Machine *m);

static TrialEvidence take(Fixture *f, Provoke provoke) {
        TrialEvidence evidence = {};
        EvidenceSample before, after;

        put_machine(f);
        collector_take(f->collector, &before);
        pass_second(&f->machine);
        f->machine.cpu_usec = USEC_PER_SEC;
        f->machine.energy_uj = 10000000;
        if (provoke)
                provoke(&f->machine);
        put_machine(f);
        collector_take(f->collector, &after);
        evidence_add_span(&evidence, &before, &after);
        return evidence;
}

static TrialRecord *make_trial(Fixture *f, Provoke provoke) {
        TrialRecord *trial = trial_record_new();
        WindowRecord *window = window_record_new(2);

        window->evidence = take(f, provoke);
        window->whole.iterations = 1;
        window->whole.wall_ns = NSEC_PER_SEC;
        window->whole.cpu_usec = f->machine.cpu_usec;
        window->whole.energy_uj[0] = window->whole.total_uj = f->machine.energy_uj;
        window->complete = true;
        g_ptr_array_add(trial->windows, window);
        trial_record_close(trial, 1000);
        g_ptr_array_add(f->record->trials, trial);
        quality_judge(f->record, &f->limits);
        return trial;
}

static void open_machine(Fixture *f, bool dram) {
        const CollectorSource source = { hardware, now_ns, suspended_ns, reader_ns, &f->machine };
        const MeterConfig config = { .name = "powercap" };
        CollectorSpec spec = { .source = &source, .partition = "root" };
        g_autofree char *scope = NULL;
        autofd scope_fd = -1;
        cpu_set_t cpus;

        tree_put(f->tree, CPU_DIR "/online", "0-3\n");
        tree_zone(f->tree, "intel-rapl:0", "package-0\n", 1000, PACKAGE_RANGE);
        tree_put(f->tree, "sys/class/powercap/intel-rapl:0/constraint_0_name", "long_term\n");
        tree_put(f->tree, "sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "65000000\n");
        if (dram)
                tree_zone(f->tree, "intel-rapl:0:0", "dram\n", 1000, PACKAGE_RANGE);
        f->machine = (Machine){ .now_ns = 5 * NSEC_PER_SEC,
                                .slow_khz = 1000000,
                                .momentary_khz = 3000000,
                                .effective = "2-3",
                                .no_hardware = -ENOENT, /* as in a virtual machine */
                                .partition = "root" };
        put_machine(f);
        g_assert_cmpint(sysroot_open(f->tree, &f->root), ==, 0);
        g_assert_cmpint(topology_discover(f->root, TOPOLOGY_PROBE, &f->topology), ==, 0);
        g_assert_cmpint(meter_open(f->topology, f->root, &config, &f->meter, NULL), ==, 0);
        scope = g_build_filename(f->tree, SCOPE, NULL);
        scope_fd = open(scope, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(scope_fd, >=, 0);
        g_assert_cmpint(cpulist_parse("2-3", &cpus), ==, 0);
        spec.root = f->root;
        spec.cpu = f->topology->cpu;
        spec.own = spec.reserved = &cpus;
        spec.cgroup_fd = scope_fd;
        g_assert_cmpint(collector_open(&spec, &f->collector), ==, 0);
}

static void set_up_machine(Fixture *f, bool dram) {
        f->tree = tree_new();
        open_machine(f, dram);
        f->limits = (QualityLimits){ .foreign_load = 0.5, .frequency = 5 };
        f->request = request_new(JOB_MEASURE, NULL);
        f->request->argv = g_strsplit("prog", " ", -1);
        f->context = (JobContext){ .containment = (char *) "scope",
                                   .isolation = (char *) "reserved",
                                   .partition = (char *) "root",
                                   .cpus = (char *) "2-3",
                                   .reserved_cpus = (char *) "2-3",
                                   .sysroot = f->tree,
                                   .meter = (char *) "auto" };
        f->record = job_record_new(f->request, &f->context);
        f->record->root = f->root;
        f->record->topology = f->topology;
        f->record->meter = f->meter;
        f->record->power_limit_uw = power_limits_read(f->root, f->topology, f->meter);
        f->record->idle = take(f, NULL);
}

static void set_up(Fixture *f, gconstpointer data) {
        set_up_machine(f, true);
}

static void tear_down(Fixture *f, gconstpointer data) {
        job_record_free(f->record);
        request_free(f->request);
        collector_free(f->collector);
        meter_free(f->meter);
        topology_free(f->topology);
        sysroot_free(f->root);
        tree_free(f->tree);
}

/* ---- one word after the other ---- */

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
}

static void little_on_others(Machine *m) {
        m->idle_ticks[0] -= 12;
}

static void reader_on_others(Machine *m) {
        m->idle_ticks[0] -= 90;
        m->reader_ns += 900000000;
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
        { "foreign-little", NULL, little_on_others, true, NULL },
        { "foreign-reader", NULL, reader_on_others, true, NULL },
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

static void check_words(const TrialRecord *trial, const char *word) {
        g_assert_cmpuint(trial->quality->len, ==, word ? 1 : 0);
        if (word)
                g_assert_cmpstr(g_ptr_array_index(trial->quality, 0), ==, word);
}

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
        for (unsigned quiet = 0; quiet < 3; quiet++)
                check_words(make_trial(f, NULL), NULL);
        check_words(make_trial(f, much_slower), NULL);
        trial = make_trial(f, less_turbo);
        check_words(trial, "FREQ_DEVIATES");
        g_assert_false(trial->valid);
        g_assert_cmpint(evidence_frequency(&trial->evidence, &khz, &momentary), ==, 0);
        g_assert_cmpfloat_with_epsilon(khz, 2700000, 1e-6);
        g_assert_false(momentary);
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

/* ---- the job ---- */

static bool has_reason(const Fixture *f, const char *word) {
        return g_ptr_array_find_with_equal_func(f->record->reasons, word, g_str_equal, NULL);
}

static void end(Fixture *f, JobStatus status) {
        job_record_set_end(f->record, RESULT_DONE, status, NULL, NULL);
        quality_collect_reasons(f->record);
}

static void test_clean_job(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                check_words(make_trial(f, NULL), NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 0);
        g_assert_cmpuint(job_invalid_trials(f->record), ==, 0);
        g_assert_cmpstr(job_grade(f->record), ==, "A");
}

static void test_noted_job(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, i == 4 ? faults : NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "MAJOR_FAULTS"));
        g_assert_cmpstr(job_grade(f->record), ==, "B");
}

/* Half of the wanted trials, and no more, are made again; an invalid one counts for nothing. */
static void test_reruns(Fixture *f, gconstpointer data) {
        JobSummary summary;

        for (unsigned i = 0; i < 5; i++) {
                make_trial(f, sleeps)->total_uj = 99000000;
                g_assert_true(quality_may_rerun(f->record, 9));
        }
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, NULL);
        g_assert_cmpuint(job_valid_trials(f->record), ==, 9);
        g_assert_cmpuint(job_invalid_trials(f->record), ==, 5);
        g_assert_cmpint(job_summarise(f->record, 1, &summary), ==, 0);
        g_assert_cmpfloat_with_epsilon(summary.total_j.max, 10, 1e-12);
        end(f, STATUS_OK);
        g_assert_false(has_reason(f, "SUSPENDED")); /* of a trial that does not count */
        g_assert_cmpstr(job_grade(f->record), ==, "C");
        make_trial(f, sleeps);
        g_assert_false(quality_may_rerun(f->record, 9));
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_UNSTABLE);
        f->record->status = STATUS_UNSTABLE;
        g_assert_cmpstr(job_grade(f->record), ==, "F");
        f->record->status = STATUS_INCOMPLETE;
        g_assert_null(job_grade(f->record));
}

/* Trials that found out how long windows have to be are no reruns. */
static void test_planning(Fixture *f, gconstpointer data) {
        TrialRecord *first = trial_record_new();

        trial_record_close(first, 1000);
        g_assert_false(first->valid);
        first->planning = true;
        g_ptr_array_add(f->record->trials, first);
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(job_invalid_trials(f->record), ==, 0);
        g_assert_cmpstr(job_grade(f->record), ==, "A");
}

static void works_more(Machine *m) { /* by 1.1 % */
        m->instructions += 11000000;
}

static void works_hardly_more(Machine *m) { /* by 0.9 % */
        m->instructions += 9000000;
}

static void works_otherwise(Machine *m) { /* by 5.1 % */
        m->instructions += 51000000;
}

static void test_work(Fixture *f, gconstpointer data) {
        f->machine.no_hardware = 0;
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, i == 4 ? works_hardly_more : NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 0);
        make_trial(f, works_more);
        g_assert_cmpfloat_with_epsilon(quality_work_ratio(f->record), 1.011, 1e-9);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "WORK_VARIES"));
        g_assert_cmpint(quality_status(f->record), ==, STATUS_OK);
        make_trial(f, works_otherwise);
        g_assert_cmpint(quality_status(f->record), ==, STATUS_UNSTABLE);
        f->machine.no_hardware = -ENOENT;
        make_trial(f, NULL);
        g_assert_true(isnan(quality_work_ratio(f->record))); /* not known of all */
}

static void idles(Machine *m) {
        m->cpu_usec = 99000;
}

static void warms_up(Machine *m) {
        m->energy_uj = 10000000 + m->now_ns / 100000;
}

static void test_job_words(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, warms_up);
        f->context.smt_shared = true;
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 2);
        g_assert_true(has_reason(f, "TREND"));
        g_assert_true(has_reason(f, "SMT_SHARED"));
}

static void test_idle_heavy(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, idles);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "IDLE_HEAVY"));
}

static void set_up_no_dram(Fixture *f, gconstpointer data) {
        set_up_machine(f, false);
}

static void test_no_dram(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "NO_DRAM"));
        g_assert_cmpstr(job_grade(f->record), ==, "B");
}

static int no_cpu_time(void *userdata, uint64_t *ret_usec) {
        *ret_usec = 0;
        return 0;
}

/* What others do on CPUs that are not the program's is nothing to a model. */
static void test_simulated(Fixture *f, gconstpointer data) {
        const MeterConfig config = { .name = "model", .model_watts_per_cpu = 1, .cpu_time = no_cpu_time };
        g_autoptr(Meter) model = NULL;

        g_assert_cmpint(meter_open(f->topology, f->root, &config, &model, NULL), ==, 0);
        f->record->meter = model;
        for (unsigned i = 0; i < 9; i++)
                check_words(make_trial(f, foreign_on_others), NULL);
        check_words(make_trial(f, foreign_on_reserved), "FOREIGN_LOAD");
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "SIMULATED"));
}

static void test_report(Fixture *f, gconstpointer data) {
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autoptr(Result) result = NULL;
        g_autofree char *text = NULL;
        JsonObject *measurement, *first, *last, *absent;
        JsonArray *trials;

        f->machine.no_pressure = true;
        for (unsigned i = 0; i < 6; i++)
                make_trial(f, i == 5 ? core_throttles : NULL);
        end(f, STATUS_OK);
        text = report_body(f->record, REPORT_PUBLIC);
        g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
        measurement = json_object_get_object_member(json_node_get_object(json_parser_get_root(parser)), "measurement");
        absent = json_object_get_object_member(json_node_get_object(json_parser_get_root(parser)), "absent");
        g_assert_cmpstr(json_object_get_string_member(measurement, "grade"), ==, "C");
        trials = json_object_get_array_member(measurement, "trials");
        first = json_array_get_object_element(trials, 0);
        last = json_array_get_object_element(trials, 5);
        g_assert_false(json_object_has_member(first, "reason"));
        g_assert_cmpint(json_object_get_int_member(first, "freq_khz"), ==, 3000000);
        g_assert_cmpint(json_object_get_int_member(first, "foreign_cpu_usec"), ==, 0);
        g_assert_cmpint(json_object_get_int_member(first, "interrupts"), ==, 100);
        g_assert_cmpint(json_object_get_int_member(first, "throttles"), ==, 0);
        g_assert_true(json_object_get_null_member(first, "cpu_stall_usec"));
        g_assert_cmpstr(json_object_get_string_member(absent, "measurement.trials[].cpu_stall_usec"), ==,
                        "this machine does not show it");
        g_assert_false(json_object_get_boolean_member(last, "valid"));
        g_assert_cmpint(json_object_get_int_member(last, "throttles"), ==, 1);
        g_assert_cmpint(json_object_get_int_member(last, "total_uj"), ==, 10000000);
        g_assert_nonnull(strstr(json_object_get_string_member(last, "reason"), "slowed down"));
        result = report_result(f->record);
        g_assert_cmpstr(result->grade, ==, "C");
        g_assert_cmpuint(result->invalid_trials, ==, 1);
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *path = g_strconcat("/evidence/word/", table[i].path, NULL);

                g_test_add(path, Fixture, GSIZE_TO_POINTER(i), set_up, test_word, tear_down);
        }
        ADD("/evidence/limits", test_limits);
        ADD("/evidence/momentary", test_momentary);
        ADD("/evidence/cycles", test_cycles);
        ADD("/evidence/first-is-slow", test_first_is_slow);
        ADD("/evidence/swap-by-level", test_swap_by_level);
        ADD("/evidence/idle-storm", test_idle_storm);
        ADD("/evidence/unreadable", test_unreadable);
        ADD("/quality/clean", test_clean_job);
        ADD("/quality/noted", test_noted_job);
        ADD("/quality/reruns", test_reruns);
        ADD("/quality/planning", test_planning);
        ADD("/quality/job-words", test_job_words);
        ADD("/quality/work", test_work);
        ADD("/quality/idle-heavy", test_idle_heavy);
        ADD("/quality/simulated", test_simulated);
        ADD("/quality/report", test_report);
        g_test_add("/quality/no-dram", Fixture, NULL, set_up_no_dram, test_no_dram, tear_down);
        return g_test_run();
}
