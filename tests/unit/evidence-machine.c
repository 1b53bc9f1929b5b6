/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "evidence-machine.h"

#define CPU_DIR "sys/devices/system/cpu"
#define CGROUPS "sys/fs/cgroup"
#define SLICE CGROUPS "/jouletrace.slice"
#define SCOPE SLICE "/jouletrace-job-1.scope"
#define PACKAGE_RANGE UINT64_C(262143328850)
#define PRESSURE                                                     \
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=%" PRIu64 "\n" \
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n"

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
        if (m->no_base)
                hide(f, base);
        if (m->no_states)
                hide(f, states);
}

static void put_proc(const Fixture *f) {
        g_autoptr(GString) stat = g_string_new("cpu  1 2 3 4 5 6 7 8 9 0\n");
        const Machine *m = &f->machine;

        for (unsigned cpu = 0; cpu < N_CPUS; cpu++)
                g_string_append_printf(stat, "cpu%u 10 0 10 %" PRIu64 " 7 %" PRIu64 " %" PRIu64 " %" PRIu64 " 0 0\n",
                                       cpu, m->idle_ticks[cpu], m->irq_ticks[cpu], m->softirq_ticks[cpu],
                                       m->steal_ticks[cpu]);
        put(f, "proc/stat", "%sintr 12 0 0\n", stat->str);
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
        put(f, CGROUPS "/cgroup.controllers", "cpuset cpu memory pids\n");
        put(f, CGROUPS "/user.slice/cpu.stat", "usage_usec %" PRIu64 "\n", m->others_usec);
        put(f, CGROUPS "/system.slice/cpu.stat", "usage_usec %" PRIu64 "\n", m->reader_ns / NSEC_PER_USEC);
        put(f, SLICE "/cpu.stat", "usage_usec %" PRIu64 "\n", m->ours_usec);
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

TrialEvidence take(Fixture *f, Provoke provoke) {
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

TrialRecord *make_trial(Fixture *f, Provoke provoke) {
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

void set_up_machine(Fixture *f, bool dram) {
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
                                   .meter = (char *) "auto",
                                   .may_sleep = (char *) "nothing holds it off",
                                   .noise_floor_absent = (char *) "this host was never calibrated" };
        f->record = job_record_new(f->request, &f->context);
        f->record->root = f->root;
        f->record->topology = f->topology;
        f->record->meter = f->meter;
        f->record->power_limit_uw = power_limits_read(f->root, f->topology, f->meter);
        f->record->idle = take(f, NULL);
}

void set_up(Fixture *f, gconstpointer data) {
        set_up_machine(f, true);
}

void tear_down(Fixture *f, gconstpointer data) {
        job_record_free(f->record);
        request_free(f->request);
        collector_free(f->collector);
        meter_free(f->meter);
        topology_free(f->topology);
        sysroot_free(f->root);
        tree_free(f->tree);
}

void check_words(const TrialRecord *trial, const char *word) {
        g_assert_cmpuint(trial->quality->len, ==, word ? 1 : 0);
        if (word)
                g_assert_cmpstr(g_ptr_array_index(trial->quality, 0), ==, word);
}
