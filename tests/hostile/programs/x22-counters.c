/* SPDX-License-Identifier: MIT */
/* X22: reads power itself (PLATYPUS), and fine counters.
 * Tries: RAPL by powercap, hwmon, MSR devices; the performance counters by rdpmc.
 * Expected: files AC, rdpmc RTE
 * Why: no /sys and no /dev/cpu are in the box; without an open counter of its own rdpmc is a fault. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
        static const char *const paths[] = {
                "/sys/class/powercap/intel-rapl:0/energy_uj",
                "/sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj",
                "/sys/class/hwmon",
                "/sys/class/thermal",
                "/sys/class/power_supply",
                "/sys/bus/event_source/devices/power",
                "/dev/cpu/0/msr",
                "/dev/cpu_dma_latency",
        };

        if (argc > 1 && strcmp(argv[1], "rdpmc") == 0) {
                unsigned low, high;

                __asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(0));
                printf("%u\n", low);
                return 0;
        }
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
                if (open(paths[i], O_RDONLY) >= 0)
                        printf("opened %s\n", paths[i]);
        puts("absent");
        return 0;
}
