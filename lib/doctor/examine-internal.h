/* SPDX-License-Identifier: MIT */
#pragma once

/* Private to this folder. */

#include "examine.h"
#include "topology.h"

#define N_(text) text /* found by xgettext; joulectl calls gettext() */

typedef struct Host {
        const Sysroot *root;
        const Topology *topology;
} Host;

/* Sets the level, and the value from a printf format. */
void finding_set(Finding *finding, FindingLevel level, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* What --fix would write, or, with to NULL, what moves along and its undoing has to put back. from is taken. */
void finding_add_setting(Finding *finding, const char *path, char *from, const char *to);

/* Those of names (NULL-terminated, as in /proc/PID/comm) that run, NULL-terminated. -EACCES when processes of other
 * users are hidden (hidepid=), so that one that does not show may yet run. */
int processes_find(const Sysroot *root, const char *const *names, char ***ret);

/* Whether the path can be opened below the root, whatever it is. */
bool host_has(const Sysroot *root, const char *path);

/* The word in brackets: "madvise" of "always [madvise] never". NULL when there is none. */
char *chosen_word(const char *text);

void check_counters(const Host *host, Finding *ret);
void check_permissions(const Host *host, Finding *ret);
void check_energy_filter(const Host *host, Finding *ret);
void check_temperature(const Host *host, Finding *ret);
void check_smt(const Host *host, Finding *ret);
void check_governor(const Host *host, Finding *ret);
void check_turbo(const Host *host, Finding *ret);
void check_clock(const Host *host, Finding *ret);
void check_battery(const Host *host, Finding *ret);
void check_swap(const Host *host, Finding *ret);
void check_thp(const Host *host, Finding *ret);
void check_irqbalance(const Host *host, Finding *ret);
void check_power_daemons(const Host *host, Finding *ret);
void check_timers(const Host *host, Finding *ret);
void check_reserved_cpus(const Host *host, Finding *ret);
void check_partition(const Host *host, Finding *ret);
void check_polkit(const Host *host, Finding *ret);
void check_kernel(const Host *host, Finding *ret);
void check_systemd(const Host *host, Finding *ret);
