/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>

#include "collector.h"

#define CPU_DIR "sys/devices/system/cpu"
#define CLOCK_TRIES 8U
#define SERVANTS_MAX 2U /* the service and the launcher */

struct Collector {
        const Sysroot *root;
        const CpuInfo *cpu;
        const char *partition;
        CollectorSource source;
        Hardware *hardware;             /* NULL: with a source of the caller's */
        clockid_t clocks[SERVANTS_MAX]; /* of other processes that work for the job */
        size_t n_clocks;
        cpu_set_t reserved, own, others;
        int cgroup_fd, slice_fd; /* -1: none */
        DIR *cgroups;            /* the root of all; NULL: cgroups_error */
        int cgroups_error;
};

static uint64_t real_now_ns(void *userdata) {
        return now_monotonic_ns();
}

/* The two clocks cannot be read at once, and between two looks we may be held up: of some tries, the closest one. */
static uint64_t real_suspended_ns(void *userdata) {
        uint64_t suspended_ns = 0, closest_ns = UINT64_MAX;

        for (unsigned i = 0; i < CLOCK_TRIES; i++) {
                const uint64_t before_ns = now_monotonic_ns(), boot_ns = clock_ns(CLOCK_BOOTTIME);
                const uint64_t apart_ns = now_monotonic_ns() - before_ns;

                if (apart_ns >= closest_ns)
                        continue;
                closest_ns = apart_ns;
                suspended_ns = boot_ns - before_ns;
        }
        return suspended_ns;
}

/* Anybody may read the clock of any process. */
static uint64_t real_reader_ns(void *userdata) {
        const Collector *collector = userdata;
        uint64_t sum_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

        for (size_t i = 0; i < collector->n_clocks; i++) {
                struct timespec used;

                if (clock_gettime(collector->clocks[i], &used) >= 0)
                        sum_ns += (uint64_t) used.tv_sec * NSEC_PER_SEC + (uint64_t) used.tv_nsec;
        }
        return sum_ns;
}

static int real_hardware(void *userdata, HardwareCounter counter, uint64_t *ret) {
        return hardware_read(((const Collector *) userdata)->hardware, counter, ret);
}

/* ---- lists of numbers ---- */

static bool next_number(const char **text, uint64_t *ret) {
        char *end;

        *text += strspn(*text, " \t");
        if (!g_ascii_isdigit(**text))
                return false;
        *ret = g_ascii_strtoull(*text, &end, 10);
        *text = end;
        return true;
}

/* "cpu3 …" or "CPU3": its number, and the text moved behind it. */
static bool next_cpu(const char **text, const char *prefix, unsigned *ret) {
        uint64_t number;

        *text += strspn(*text, " \t");
        if (!g_str_has_prefix(*text, prefix) || !g_ascii_isdigit((*text)[strlen(prefix)]))
                return false;
        *text += strlen(prefix);
        if (!next_number(text, &number) || number >= CPU_SETSIZE)
                return false;
        *ret = (unsigned) number;
        return true;
}

/* ---- /proc/stat ---- */

/* The columns of a CPU. Those behind these (guest) are part of user and nice. */
typedef enum StatColumn {
        STAT_USER,
        STAT_NICE,
        STAT_SYSTEM,
        STAT_IDLE,
        STAT_IOWAIT,
        STAT_IRQ,
        STAT_SOFTIRQ,
        STAT_STEAL,
        STAT_COLUMNS,
} StatColumn;

/* Their sums over some CPUs. The kernel takes idle and iowait from the clock, not from ticks (NO_HZ), so that they
 * tell short absences, too. */
static int stat_ticks(const char *stat, const cpu_set_t *cpus, uint64_t sums[static STAT_COLUMNS]) {
        g_auto(GStrv) lines = g_strsplit(stat, "\n", -1);
        int seen = 0;

        for (char **line = lines; *line; line++) {
                const char *text = *line;
                unsigned cpu;

                if (!next_cpu(&text, "cpu", &cpu) || !CPU_ISSET(cpu, cpus))
                        continue;
                for (size_t i = 0; i < STAT_COLUMNS; i++) {
                        uint64_t ticks;

                        if (!next_number(&text, &ticks))
                                return -EINVAL;
                        sums[i] += ticks;
                }
                seen++;
        }
        return seen == CPU_COUNT(cpus) ? 0 : -EINVAL; /* one went offline */
}

/* Fills the three items of these CPUs, of which idle is the first. */
static void take_cpu_times(const char *stat, int error, const cpu_set_t *cpus, Count *items) {
        const uint64_t tick_usec = USEC_PER_SEC / (uint64_t) sysconf(_SC_CLK_TCK);
        uint64_t sums[STAT_COLUMNS] = {};

        if (CPU_COUNT(cpus) == 0)
                error = -ENODEV;
        if (error >= 0)
                error = stat_ticks(stat, cpus, sums);
        items[0] = (Count){ .value = (sums[STAT_IDLE] + sums[STAT_IOWAIT]) * tick_usec, .error = error };
        items[1] = (Count){ .value = (sums[STAT_IRQ] + sums[STAT_SOFTIRQ]) * tick_usec, .error = error };
        items[2] = (Count){ .value = sums[STAT_STEAL] * tick_usec, .error = error };
}

static void take_stat(const Collector *collector, EvidenceSample *ret) {
        g_autofree char *stat = NULL;
        const int r = sysroot_read(collector->root, "proc/stat", &stat);

        take_cpu_times(stat, MIN(r, 0), &collector->reserved, &ret->items[EVIDENCE_RESERVED_IDLE_USEC]);
        take_cpu_times(stat, MIN(r, 0), &collector->others, &ret->items[EVIDENCE_OTHER_IDLE_USEC]);
}

/* ---- /proc/interrupts ---- */

/* Which columns of the table are of these CPUs. */
static GArray *columns_of(const char *header, const cpu_set_t *cpus) {
        GArray *columns = g_array_new(false, false, sizeof(bool));
        unsigned cpu;

        while (next_cpu(&header, "CPU", &cpu)) {
                const bool counts = CPU_ISSET(cpu, cpus);

                g_array_append_val(columns, counts);
        }
        return columns;
}

/* The local timer ticks while a program runs and stands still while none does: that is no storm. */
static Count interrupts(const char *table, const cpu_set_t *cpus) {
        g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
        g_autoptr(GArray) columns = lines[0] ? columns_of(lines[0], cpus) : NULL;
        Count count = {};

        if (!columns || columns->len == 0)
                return (Count){ .error = -EINVAL };
        for (char **line = lines + 1; *line; line++) {
                const char *text = strchr(*line, ':');
                uint64_t value;

                if (!text || g_str_has_prefix(g_strchug(*line), "LOC:"))
                        continue;
                text++;
                for (guint i = 0; i < columns->len && next_number(&text, &value); i++)
                        if (g_array_index(columns, bool, i))
                                count.value += value;
        }
        return count;
}

static void take_interrupts(const Collector *collector, EvidenceSample *ret) {
        g_autofree char *table = NULL;
        Count *count = &ret->items[EVIDENCE_INTERRUPTS];

        *count = (Count){ .error = -ENODEV };
        if (CPU_COUNT(&collector->reserved) == 0)
                return;
        count->error = sysroot_read(collector->root, "proc/interrupts", &table);
        if (count->error >= 0)
                *count = interrupts(table, &collector->reserved);
}

/* ---- throttling and frequency ---- */

static void add_throttles(const Collector *collector, unsigned cpu, const char *which, Count *count) {
        g_autofree char *path = g_strdup_printf(CPU_DIR "/cpu%u/thermal_throttle/%s_throttle_count", cpu, which);
        uint64_t value;
        int r;

        if (count->error < 0)
                return;
        r = sysroot_read_u64(collector->root, path, &value);
        if (r < 0)
                count->error = r;
        else
                count->value += value;
}

/* Of the program's cores (of all, where none are its own), and once of each package, since each of its CPUs shows the
 * package's count. */
static void take_throttles(const Collector *collector, EvidenceSample *ret) {
        const bool any = CPU_COUNT(&collector->own) == 0;
        Count *count = &ret->items[EVIDENCE_THROTTLES];
        int package = -1;

        for (size_t i = 0; i < collector->cpu->n_cpus; i++) {
                const Cpu *cpu = &collector->cpu->cpus[i];

                if (any || CPU_ISSET(cpu->number, &collector->own))
                        add_throttles(collector, cpu->number, "core", count);
                if (cpu->package > package)
                        add_throttles(collector, cpu->number, "package", count);
                package = MAX(package, cpu->package);
        }
}

static Count counter(const Collector *collector, HardwareCounter which) {
        Count count = {};

        count.error = collector->source.hardware(collector->source.userdata, which, &count.value);
        return count;
}

/* Cycles over cycles of the base frequency are how much faster than that the CPUs ran while they ran. Which that is
 * only intel_pstate shows; between trials the ratio is enough. */
static void take_hardware(const Collector *collector, EvidenceSample *ret) {
        Count *cycles = &ret->items[EVIDENCE_CYCLES], *ticks = &ret->items[EVIDENCE_CYCLE_TICKS];
        const int first = cpulist_first(&collector->reserved);
        g_autofree char *path = g_strdup_printf(CPU_DIR "/cpu%d/cpufreq/base_frequency", first);

        ret->items[EVIDENCE_INSTRUCTIONS] = counter(collector, HARDWARE_INSTRUCTIONS);
        *cycles = counter(collector, HARDWARE_CYCLES);
        *ticks = counter(collector, HARDWARE_REF_CYCLES);
        cycles->error = ticks->error = MIN(cycles->error, ticks->error);
        ret->frequency_source = FREQUENCY_CYCLES;
        if (cycles->error >= 0 && sysroot_read_u64(collector->root, path, &ret->base_khz) < 0)
                ret->base_khz = 0;
}

/* Lines of "kHz ticks". */
static int add_states(const char *table, uint64_t *cycles, uint64_t *ticks, uint64_t *lowest, uint64_t *highest) {
        g_auto(GStrv) lines = g_strsplit(table, "\n", -1);

        for (char **line = lines; *line && **line; line++) {
                const char *text = *line;
                uint64_t khz, time;

                if (!next_number(&text, &khz) || !next_number(&text, &time))
                        return -EINVAL;
                *cycles += khz * time;
                *ticks += time;
                *lowest = MIN(*lowest, khz);
                *highest = MAX(*highest, khz);
        }
        return 0;
}

static void take_states(const Collector *collector, EvidenceSample *ret) {
        Count *cycles = &ret->items[EVIDENCE_CYCLES], *ticks = &ret->items[EVIDENCE_CYCLE_TICKS];
        uint64_t lowest_khz = UINT64_MAX, highest_khz = 0;

        *ticks = (Count){};
        *cycles = (Count){ .error = CPU_COUNT(&collector->own) > 0 ? 0 : -ENODEV };
        for (unsigned cpu = 0; cpu < CPU_SETSIZE && cycles->error >= 0; cpu++) {
                g_autofree char *path = NULL, *table = NULL;

                if (!CPU_ISSET(cpu, &collector->own))
                        continue;
                path = g_strdup_printf(CPU_DIR "/cpu%u/cpufreq/stats/time_in_state", cpu);
                cycles->error = sysroot_read(collector->root, path, &table);
                if (cycles->error >= 0)
                        cycles->error = add_states(table, &cycles->value, &ticks->value, &lowest_khz, &highest_khz);
        }
        ticks->error = cycles->error;
        ret->frequency_source = FREQUENCY_STATES;
        if (highest_khz > lowest_khz)
                ret->state_error_khz = (double) (highest_khz - lowest_khz) * sqrt(CPU_COUNT(&collector->own));
}

/* Drivers without a table (intel_pstate, amd_pstate): on x86 this is APERF over MPERF between the last two timer
 * ticks of the CPU. */
static void take_momentary(const Collector *collector, EvidenceSample *ret) {
        Count *count = &ret->momentary_khz;
        uint64_t khz;

        count->error = CPU_COUNT(&collector->own) > 0 ? 0 : -ENODEV;
        for (unsigned cpu = 0; cpu < CPU_SETSIZE && count->error >= 0; cpu++) {
                g_autofree char *path = NULL;

                if (!CPU_ISSET(cpu, &collector->own))
                        continue;
                path = g_strdup_printf(CPU_DIR "/cpu%u/cpufreq/scaling_cur_freq", cpu);
                count->error = sysroot_read_u64(collector->root, path, &khz);
                if (count->error >= 0)
                        count->value += khz;
        }
        if (count->error >= 0)
                count->value /= (uint64_t) CPU_COUNT(&collector->own);
}

/* ---- the job's cgroup ---- */

static Count keyed(int fd, const char *file, const char *key) {
        g_autofree char *text = NULL;
        Count count = {};

        count.error = read_file_at(fd, file, &text);
        if (count.error >= 0)
                count.error = flat_keyed_u64(text, key, &count.value);
        if (count.error == -ENODATA) /* an older kernel */
                count.error = -ENOENT;
        return count;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234", in µs. */
static Count stalled_usec(int fd, const char *file) {
        g_autofree char *text = NULL;
        const char *total;
        Count count = {};

        count.error = read_file_at(fd, file, &text);
        if (count.error < 0)
                return count;
        total = g_str_has_prefix(text, "some ") ? strstr(text, " total=") : NULL;
        if (total)
                total += strlen(" total=");
        if (!total || !next_number(&total, &count.value))
                count.error = -EINVAL;
        return count;
}

/* Pages in and out where the kernel counts them by cgroup (6.14), else what of it lies in swap. */
static Count swaps(int fd) {
        Count in = keyed(fd, "memory.stat", "pswpin");
        const Count out = keyed(fd, "memory.stat", "pswpout");

        if (in.error >= 0 && out.error >= 0)
                in.value += out.value;
        else {
                in.value = 0;
                in.error = read_u64_at(fd, "memory.swap.current", &in.value);
        }
        return in;
}

static Count is_confined(const Collector *collector) {
        g_autofree char *text = NULL;
        cpu_set_t effective;
        Count count = {};

        if (CPU_COUNT(&collector->own) == 0)
                return (Count){ .error = -ENODEV };
        count.error = read_file_at(collector->cgroup_fd, "cpuset.cpus.effective", &text);
        if (count.error >= 0)
                count.error = cpulist_parse(text, &effective);
        if (count.error >= 0)
                count.value = CPU_COUNT(&effective) > 0 && cpulist_subset(&effective, &collector->own);
        return count;
}

/* A partition that the kernel had to give up shows "root invalid (…)". */
static Count is_partition(const Collector *collector) {
        g_autofree char *text = NULL;
        Count count = {};

        if (collector->slice_fd < 0)
                return (Count){ .error = -ENODEV };
        count.error = read_file_at(collector->slice_fd, "cpuset.cpus.partition", &text);
        if (count.error >= 0)
                count.value = g_str_equal(text, collector->partition);
        return count;
}

/* The root of all cgroups has no account but the ticks'; where version 1 is there, too, it is somewhere else. */
static int open_cgroups(const Sysroot *root, DIR **ret) {
        autofd fd = sysroot_openat(root, "sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return fd;
        if (faccessat(fd, "cgroup.controllers", F_OK, 0) < 0)
                return -errno;
        *ret = fdopendir(fd);
        if (!*ret)
                return -errno;
        (void) steal_fd(&fd);
        return 0;
}

/* Those below the root together. One that goes meanwhile takes its account along. */
static Count cgroups_usec(const Collector *collector) {
        Count all = { .error = -ENODATA };

        if (!collector->cgroups)
                return (Count){ .error = collector->cgroups_error };
        rewinddir(collector->cgroups);
        for (struct dirent *entry; (entry = readdir(collector->cgroups));) {
                g_autofree char *path = g_strconcat(entry->d_name, "/cpu.stat", NULL);
                Count one;

                if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                        continue;
                one = keyed(dirfd(collector->cgroups), path, "usage_usec");
                if (one.error == -ENOENT || one.error == -ENODEV)
                        continue;
                if (one.error < 0)
                        return one;
                all.value += one.value;
                all.error = 0;
        }
        return all;
}

static void take_cgroup(const Collector *collector, EvidenceSample *ret) {
        const int fd = collector->cgroup_fd;

        ret->items[EVIDENCE_OURS_USEC] = keyed(fd, "cpu.stat", "usage_usec");
        ret->items[EVIDENCE_CPU_STALL_USEC] = stalled_usec(fd, "cpu.pressure");
        ret->items[EVIDENCE_MEMORY_STALL_USEC] = stalled_usec(fd, "memory.pressure");
        ret->items[EVIDENCE_MAJOR_FAULTS] = keyed(fd, "memory.stat", "pgmajfault");
        ret->items[EVIDENCE_SWAPS] = swaps(fd);
        ret->confined = is_confined(collector);
        ret->partition = is_partition(collector);
}

static void take_no_cgroup(EvidenceSample *ret) {
        static const EvidenceItem of_cgroup[] = { EVIDENCE_OURS_USEC, EVIDENCE_CPU_STALL_USEC,
                                                  EVIDENCE_MEMORY_STALL_USEC, EVIDENCE_MAJOR_FAULTS, EVIDENCE_SWAPS };

        for (size_t i = 0; i < G_N_ELEMENTS(of_cgroup); i++)
                ret->items[of_cgroup[i]].error = -ENODEV;
        ret->confined.error = ret->partition.error = -ENODEV;
}

void collector_take(const Collector *collector, EvidenceSample *ret) {
        const CollectorSource *source = &collector->source;

        *ret = (EvidenceSample){ .n_reserved = (unsigned) CPU_COUNT(&collector->reserved),
                                 .n_others = (unsigned) CPU_COUNT(&collector->others) };
        ret->items[EVIDENCE_SUSPENDED_NSEC].value = source->suspended_ns(source->userdata);
        take_throttles(collector, ret);
        take_hardware(collector, ret);
        if (ret->items[EVIDENCE_CYCLES].error < 0)
                take_states(collector, ret);
        take_momentary(collector, ret);
        take_interrupts(collector, ret);
        /* CPU times and the clock they are held against, close together. */
        if (collector->cgroup_fd >= 0)
                take_cgroup(collector, ret);
        else
                take_no_cgroup(ret);
        /* Our own time is on the cgroups' account, too, once it is asked for. */
        ret->items[EVIDENCE_READER_USEC].value = source->reader_ns(source->userdata) / NSEC_PER_USEC;
        ret->items[EVIDENCE_CGROUPS_USEC] = cgroups_usec(collector);
        ret->at_ns = source->now_ns(source->userdata);
        take_stat(collector, ret);
}

int collector_open(const CollectorSpec *spec, Collector **ret) {
        g_autoptr(Collector) collector = g_new0(Collector, 1);

        collector->root = spec->root;
        collector->cpu = spec->cpu;
        collector->partition = spec->partition;
        if (spec->source)
                collector->source = *spec->source;
        else {
                collector->hardware = hardware_open(spec->reserved);
                collector->source = (CollectorSource){ .hardware = real_hardware,
                                                       .now_ns = real_now_ns,
                                                       .suspended_ns = real_suspended_ns,
                                                       .reader_ns = real_reader_ns,
                                                       .userdata = collector };
        }
        collector->reserved = *spec->reserved;
        collector->own = *spec->own;
        collector->cgroup_fd = collector->slice_fd = -1;
        cpu_info_package_cpus(spec->cpu, -1, &collector->others);
        for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
                if (CPU_ISSET(cpu, &collector->reserved))
                        CPU_CLR(cpu, &collector->others);
        collector->cgroups_error = -ENODEV;
        if (spec->cgroup_fd >= 0) {
                collector->cgroup_fd = openat(spec->cgroup_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (collector->cgroup_fd < 0)
                        return -errno;
                collector->cgroups_error = open_cgroups(spec->root, &collector->cgroups);
        }
        if (spec->cgroup_fd >= 0 && spec->partition[0] != '\0') {
                collector->slice_fd = openat(spec->cgroup_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (collector->slice_fd < 0)
                        return -errno;
        }
        *ret = g_steal_pointer(&collector);
        return 0;
}

void collector_add_servant(Collector *collector, pid_t pid) {
        clockid_t clock;

        if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0)
                return;
        g_assert(collector->n_clocks < SERVANTS_MAX);
        collector->clocks[collector->n_clocks++] = clock;
}

/* constraint_0 is the long-term limit where there is one. */
static uint64_t long_term_limit_uw(const Sysroot *root, const Domain *domain) {
        g_autofree char *name_file = g_strconcat(domain->powercap.path, "/constraint_0_name", NULL);
        g_autofree char *limit_file = g_strconcat(domain->powercap.path, "/constraint_0_power_limit_uw", NULL);
        g_autofree char *name = NULL;
        uint64_t limit_uw;

        if (sysroot_read(root, name_file, &name) < 0 || !g_str_equal(name, "long_term") ||
            sysroot_read_u64(root, limit_file, &limit_uw) < 0)
                return 0;
        return limit_uw;
}

uint64_t *power_limits_read(const Sysroot *root, const Topology *topology, const Meter *meter) {
        const MeterDomain *domains;
        uint64_t *limits_uw;
        size_t n;

        domains = meter_domains(meter, &n);
        limits_uw = g_new0(uint64_t, n + 1);
        for (size_t i = 0; i < n; i++) {
                const Domain *domain = topology_find(topology, domains[i].name);

                if (domain && domain->kind == DOMAIN_PACKAGE && domain->powercap.path)
                        limits_uw[i] = long_term_limit_uw(root, domain);
        }
        return limits_uw;
}

Collector *collector_free(Collector *collector) {
        if (!collector)
                return NULL;
        safe_close(collector->cgroup_fd);
        safe_close(collector->slice_fd);
        if (collector->cgroups)
                closedir(collector->cgroups);
        hardware_free(collector->hardware);
        g_free(collector);
        return NULL;
}
