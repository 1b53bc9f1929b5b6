/* SPDX-License-Identifier: MIT */
#include <linux/perf_event.h>
#include <sys/syscall.h>

#include "hardware.h"

struct Hardware {
        int error[HARDWARE_COUNTERS];
        GArray *fds[HARDWARE_COUNTERS]; /* one for each CPU */
};

static const struct {
        uint64_t config;
        bool kernel;
} events[HARDWARE_COUNTERS] = {
        [HARDWARE_INSTRUCTIONS] = { PERF_COUNT_HW_INSTRUCTIONS, false },
        [HARDWARE_CYCLES] = { PERF_COUNT_HW_CPU_CYCLES, true },
        [HARDWARE_REF_CYCLES] = { PERF_COUNT_HW_REF_CPU_CYCLES, true },
};

static int open_counter(HardwareCounter counter, unsigned cpu) {
        struct perf_event_attr attr = {
                .size = sizeof(attr),
                .type = PERF_TYPE_HARDWARE,
                .config = events[counter].config,
                .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
                .exclude_kernel = !events[counter].kernel,
                .exclude_hv = !events[counter].kernel,
        };
        const long fd = syscall(SYS_perf_event_open, &attr, -1, (int) cpu, -1, PERF_FLAG_FD_CLOEXEC);

        return fd < 0 ? -errno : (int) fd;
}

static int open_all(Hardware *hardware, HardwareCounter counter, const cpu_set_t *cpus) {
        for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
                int fd;

                if (!CPU_ISSET(cpu, cpus))
                        continue;
                fd = open_counter(counter, cpu);
                if (fd < 0)
                        return fd;
                g_array_append_val(hardware->fds[counter], fd);
        }
        return hardware->fds[counter]->len > 0 ? 0 : -ENODEV;
}

Hardware *hardware_open(const cpu_set_t *cpus) {
        Hardware *hardware = g_new0(Hardware, 1);

        for (unsigned i = 0; i < HARDWARE_COUNTERS; i++) {
                hardware->fds[i] = g_array_new(false, false, sizeof(int));
                hardware->error[i] = open_all(hardware, (HardwareCounter) i, cpus);
        }
        return hardware;
}

/* A counter that had to share its register with others was not there all the time. */
static int read_counter(int fd, uint64_t *ret) {
        struct {
                uint64_t value, enabled, running;
        } reading;
        const ssize_t n = read(fd, &reading, sizeof(reading));

        if (n < 0)
                return -errno;
        if (n != sizeof(reading))
                return -EIO;
        if (reading.running < reading.enabled)
                return -EBUSY;
        *ret = reading.value;
        return 0;
}

int hardware_read(const Hardware *hardware, HardwareCounter counter, uint64_t *ret) {
        uint64_t sum = 0, value = 0;

        if (hardware->error[counter] < 0)
                return hardware->error[counter];
        for (guint i = 0; i < hardware->fds[counter]->len; i++) {
                int r = read_counter(g_array_index(hardware->fds[counter], int, i), &value);

                if (r < 0)
                        return r;
                sum += value;
        }
        *ret = sum;
        return 0;
}

Hardware *hardware_free(Hardware *hardware) {
        if (!hardware)
                return NULL;
        for (unsigned i = 0; i < HARDWARE_COUNTERS; i++) {
                for (guint k = 0; k < hardware->fds[i]->len; k++)
                        safe_close(g_array_index(hardware->fds[i], int, k));
                g_array_unref(hardware->fds[i]);
        }
        g_free(hardware);
        return NULL;
}
