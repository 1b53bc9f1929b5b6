/* SPDX-License-Identifier: MIT */
#pragma once

/* A report as the service writes it, for the client's tests. */
#define SAMPLE_REPORT                                                                                                \
        "{\"schema\":\"org.jouletrace.report/1\","                                                                   \
        "\"absent\":{\"measurement.baseline\":\"not measured yet\"},"                                                \
        "\"job\":{\"id\":7,\"uuid\":\"x\",\"kind\":\"measure\",\"label\":null,\"uid\":1000,\"state\":\"completed\"," \
        "\"result\":\"done\",\"error\":null,\"submitted\":1700000000000000,\"started\":1700000001000000,"            \
        "\"finished\":1700000009000000},"                                                                            \
        "\"program\":{\"argv\":[\"python3\",\"fib.py\",\"a b\"],\"profile\":\"host\"},"                              \
        "\"measurement\":{\"status\":\"OK\",\"grade\":\"B\",\"reasons\":[\"SMT_SHARED\"],\"seed\":"                  \
        "18446744073709551615,"                                                                                      \
        "\"meter\":{\"name\":\"perf\",\"simulated\":false,\"precision_uj\":1000,\"domains\":["                       \
        "{\"name\":\"package-0\",\"kind\":\"package\"},{\"name\":\"dram-0\",\"kind\":\"dram\"},"                     \
        "{\"name\":\"psys\",\"kind\":\"psys\"}]},"                                                                   \
        "\"warmups\":[{},{}],"                                                                                       \
        "\"trials\":["                                                                                               \
        "{\"index\":1,\"valid\":true,\"quality\":[],\"total_uj\":12345000,\"net_uj\":-5,\"wall_ns\":183200000,"      \
        "\"cpu_usec\":180000,\"windows\":[{\"test\":null,\"iterations\":1,"                                          \
        "\"energy_uj\":{\"package-0\":11200000,\"dram-0\":1145000,\"psys\":99000000}}]},"                            \
        "{\"index\":2,\"valid\":false,\"quality\":[\"PARTITION_LOST\"],\"total_uj\":null,\"wall_ns\":183300000,"     \
        "\"cpu_usec\":180100,\"windows\":[{\"iterations\":1,\"energy_uj\":{}}]}],"                                   \
        "\"summary\":{\"n\":9,\"total_j\":{\"median\":12.345,\"mad\":0.01,\"ci95\":[12.29,12.44],\"min\":12.21,"     \
        "\"max\":12.61,\"mean\":12.35},\"package_j\":{\"median\":11.2},\"dram_j\":{\"median\":1.145},"               \
        "\"wall_s\":{\"median\":0.1832,\"ci95\":[0.1829,0.184],\"min\":0.181,\"max\":0.1901},"                       \
        "\"cpu_s\":{\"median\":0.18,\"ci95\":null,\"min\":0.179,\"max\":0.182},\"power_w\":67.4,"                    \
        "\"per_iteration\":null}},"                                                                                  \
        "\"environment\":{\"cpu\":\"Some CPU\",\"containment\":\"scope\",\"isolation\":\"reserved\","                \
        "\"reserved_cpus\":\"3,7\"}}"
