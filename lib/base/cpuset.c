/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpuset.h"

static int parse_number(const char **p, unsigned *ret) {
        uint64_t value = 0;

        if (!g_ascii_isdigit(**p))
                return -EINVAL;
        for (; g_ascii_isdigit(**p); (*p)++) {
                value = value * 10 + (uint64_t) (**p - '0');
                if (value >= CPU_SETSIZE)
                        return -ERANGE;
        }
        *ret = (unsigned) value;
        return 0;
}

int cpulist_parse(const char *text, cpu_set_t *ret) {
        cpu_set_t set;

        CPU_ZERO(&set);
        for (const char *p = text; *p != '\0';) {
                unsigned first, last;
                int r;

                r = parse_number(&p, &first);
                if (r < 0)
                        return r;
                last = first;
                if (*p == '-') {
                        p++;
                        r = parse_number(&p, &last);
                        if (r < 0)
                                return r;
                        if (last < first)
                                return -EINVAL;
                }
                for (unsigned cpu = first; cpu <= last; cpu++)
                        CPU_SET(cpu, &set);
                if (*p == ',' && p[1] != '\0')
                        p++;
                else if (*p != '\0')
                        return -EINVAL;
        }
        *ret = set;
        return 0;
}

char *cpulist_format(const cpu_set_t *set) {
        GString *text = g_string_new(NULL);

        for (int first = 0; first < CPU_SETSIZE; first++) {
                int last = first;

                if (!CPU_ISSET(first, set))
                        continue;
                while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
                        last++;
                if (text->len > 0)
                        g_string_append_c(text, ',');
                g_string_append_printf(text, "%d", first);
                if (last > first)
                        g_string_append_printf(text, "-%d", last);
                first = last;
        }
        return g_string_free(text, FALSE);
}

uint8_t *cpulist_to_bytes(const cpu_set_t *set, size_t *ret_length) {
        uint8_t *bytes = g_new0(uint8_t, CPU_SETSIZE / 8);
        size_t length = 0;

        for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
                if (CPU_ISSET(cpu, set)) {
                        bytes[cpu / 8] |= (uint8_t) (1U << (cpu % 8));
                        length = cpu / 8 + 1;
                }
        *ret_length = length;
        return bytes;
}

int cpulist_first(const cpu_set_t *set) {
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
                if (CPU_ISSET(cpu, set))
                        return cpu;
        return -ENOENT;
}

int cpulist_last(const cpu_set_t *set) {
        for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
                if (CPU_ISSET(cpu, set))
                        return cpu;
        return -ENOENT;
}

bool cpulist_subset(const cpu_set_t *a, const cpu_set_t *b) {
        cpu_set_t both;

        CPU_AND(&both, a, b);
        return CPU_EQUAL(&both, a);
}
