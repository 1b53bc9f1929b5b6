/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "accumulate.h"
#include "meter.h"
#include "ops.h"

/* What a domain is taken to draw at most where nothing says it: more than any package of today's for powercap, where
 * we alone look after wraps; what the kernel's timer is good for with perf. */
#define POWERCAP_DEFAULT_WATTS 500

/* The smallest range there is (15.3 µJ × 2³²), for a perf domain that powercap does not know. */
#define SMALLEST_RANGE_UJ UINT64_C(65536000000)

typedef struct DomainState {
        Accumulator acc;
        unsigned breaks;
        int break_error;
} DomainState;

struct Meter {
        const MeterOps *ops;
        MeterConfig config;
        const MeterClock *clock;
        MeterCounters *counters;
        DomainState *states; /* one for each domain */
        char *total;
};

static uint64_t host_now_ns(void *userdata) {
        return now_monotonic_ns();
}

static void host_sleep_until(void *userdata, uint64_t until_ns) {
        const struct timespec until = { .tv_sec = (time_t) (until_ns / NSEC_PER_SEC),
                                        .tv_nsec = (long) (until_ns % NSEC_PER_SEC) };

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
                ;
}

static uint64_t host_cpu_ns(void *userdata) {
        return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static const MeterClock host_clock = { .now_ns = host_now_ns, .sleep_until = host_sleep_until, .cpu_ns = host_cpu_ns };

uint64_t meter_now_ns(const Meter *meter) {
        return meter->clock->now_ns(meter->clock->userdata);
}

void meter_sleep_until(const Meter *meter, uint64_t until_ns) {
        meter->clock->sleep_until(meter->clock->userdata, until_ns);
}

uint64_t meter_cpu_ns(const Meter *meter) {
        return meter->clock->cpu_ns(meter->clock->userdata);
}

void meter_rest(const Meter *meter) {
        meter_sleep_until(meter, meter_now_ns(meter) + METER_REST_USEC * NSEC_PER_USEC);
}

static double watts_to_rate(double watts, double unit_uj) {
        return watts / 1000 / unit_uj; /* 1 W is 1/1000 µJ a ns */
}

static void prepare_accumulator(const MeterOps *ops, const MeterDomain *domain, Accumulator *acc) {
        double default_watts = ops->safe_watts > 0 ? ops->safe_watts : POWERCAP_DEFAULT_WATTS;
        uint64_t range_uj;

        *acc = (Accumulator){};
        if (ops->simulated)
                return;
        if (ops->wraps)
                acc->modulus = powercap_modulus_uj(domain->range_uj);
        range_uj = ops->wraps ? acc->modulus : domain->hw_range_uj ?: SMALLEST_RANGE_UJ;
        acc->range = (double) range_uj / domain->unit_uj;
        acc->safe_rate = watts_to_rate(ops->safe_watts, domain->unit_uj);
        acc->max_rate = watts_to_rate(domain->max_power_uw > 0 ? (double) domain->max_power_uw / 1e6 : default_watts,
                                      domain->unit_uj);
}

static char *total_formula(const MeterCounters *counters) {
        GString *formula = g_string_new(NULL);

        for (size_t i = 0; i < counters->n_domains; i++)
                if (counters->domains[i].in_total)
                        g_string_append_printf(formula, "%s%s", formula->len > 0 ? " + " : "",
                                               counters->domains[i].name);
        return g_string_free(formula, FALSE);
}

static void counter_forget(MeterCounters *counters, size_t domain) {
        for (size_t i = 0; i < counters->n_counters; i++) {
                MeterCounter *counter = &counters->counters[i];
                size_t live = 0;

                for (size_t j = 0; j < counter->n; j++) {
                        size_t *index = &counter->domains[j];

                        if (*index == domain)
                                *index = SIZE_MAX;
                        else if (*index != SIZE_MAX && *index > domain)
                                (*index)--;
                        live += *index != SIZE_MAX;
                }
                /* A group is read as a whole: its members stay open as long as one of them is wanted. */
                if (live == 0)
                        for (size_t j = 0; j < counter->n; j++)
                                counter->fds[j] = safe_close(counter->fds[j]);
        }
}

/* The domain moves to the list of dropped ones; those behind it move up. Takes reason. */
static void drop_domain(Meter *meter, size_t index, char *reason) {
        MeterCounters *counters = meter->counters;
        MeterDomain *domain = &counters->domains[index];
        size_t behind = counters->n_domains - index - 1;

        counters->dropped = g_renew(DroppedDomain, counters->dropped, counters->n_dropped + 1);
        counters->dropped[counters->n_dropped++] =
                        (DroppedDomain){ .name = domain->name, .source = domain->source, .reason = reason };
        memmove(domain, domain + 1, behind * sizeof(*domain));
        memmove(&meter->states[index], &meter->states[index + 1], behind * sizeof(DomainState));
        counters->n_domains--;
        counter_forget(counters, index);

        g_free(meter->total);
        meter->total = total_formula(counters);
}

static bool counter_is_live(const MeterCounter *counter) {
        for (size_t j = 0; j < counter->n; j++)
                if (counter->domains[j] != SIZE_MAX)
                        return true;
        return false;
}

/* Takes the first readings; the errno of one of them when nothing is left to add up. */
static int start_counters(Meter *meter) {
        MeterCounters *counters = meter->counters;
        g_autofree int *errors = g_new0(int, counters->n_domains + 1);
        int error = -ENODEV;

        for (size_t i = 0; i < counters->n_counters; i++) {
                const MeterCounter *counter = &counters->counters[i];
                uint64_t counts[METER_GROUP_MAX], now_ns = meter_now_ns(meter);
                int r;

                r = meter->ops->read(counter, &meter->config, now_ns, counts);
                for (size_t j = 0; j < counter->n; j++) {
                        Accumulator *acc = &meter->states[counter->domains[j]].acc;

                        errors[counter->domains[j]] = r;
                        if (r < 0)
                                continue;
                        accumulate_start(acc, counts[j], now_ns);
                        if (acc->modulus > 0 && counts[j] >= acc->modulus)
                                errors[counter->domains[j]] = -ERANGE;
                }
        }
        for (size_t i = counters->n_domains; i-- > 0;) {
                if (errors[i] == 0)
                        continue;
                error = errors[i];
                drop_domain(meter, i,
                            error == -ERANGE ? g_strdup("shows more than its max_energy_range_uj")
                                             : g_strdup_printf("cannot be read: %s", g_strerror(-error)));
        }
        g_free(meter->total);
        meter->total = total_formula(counters);
        return meter->ops->read && *meter->total == '\0' ? error : 0;
}

int meter_adopt(MeterCounters *counters, const MeterConfig *config, Meter **ret) {
        g_autoptr(Meter) meter = g_new0(Meter, 1);
        int r;

        meter->counters = counters;
        meter->config = *config;
        meter->clock = config->clock ?: &host_clock;
        meter->ops = counters->ops;
        meter->states = g_new0(DomainState, counters->n_domains + 1);
        for (size_t i = 0; i < counters->n_domains; i++)
                prepare_accumulator(meter->ops, &counters->domains[i], &meter->states[i].acc);
        r = start_counters(meter);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&meter);
        return 0;
}

int meter_open(const Topology *topology, const Sysroot *root, const MeterConfig *config, Meter **ret,
               char **ret_reason) {
        g_autoptr(MeterCounters) counters = NULL;
        int r;

        r = meter_open_counters(topology, root, config, &counters, ret_reason);
        if (r < 0)
                return r;
        r = meter_adopt(g_steal_pointer(&counters), config, ret);
        if (r < 0 && ret_reason)
                *ret_reason = g_strdup_printf("the counters cannot be read: %s", g_strerror(-r));
        return r;
}

Meter *meter_free(Meter *meter) {
        if (!meter)
                return NULL;
        meter_counters_free(meter->counters);
        g_free(meter->states);
        g_free(meter->total);
        g_free(meter);
        return NULL;
}

static uint64_t counts_to_uj(uint64_t counts, double unit_uj) {
        return unit_uj == 1 ? counts : (uint64_t) ((long double) counts * (long double) unit_uj);
}

static void read_counter(Meter *meter, const MeterCounter *counter, Reading *reading) {
        uint64_t counts[METER_GROUP_MAX], now_ns = meter_now_ns(meter);
        int read_error;

        read_error = meter->ops->read(counter, &meter->config, now_ns, counts);
        for (size_t j = 0; j < counter->n; j++) {
                size_t index = counter->domains[j];
                DomainState *state;
                int error = read_error;

                if (index == SIZE_MAX)
                        continue;
                state = &meter->states[index];
                if (error == 0)
                        error = accumulate_update(&state->acc, counts[j], now_ns);
                if (error < 0) {
                        state->breaks++;
                        state->break_error = error;
                }
                reading->domains[index] = (DomainReading){
                        .energy_uj = counts_to_uj(state->acc.total, meter->counters->domains[index].unit_uj),
                        .error = error,
                        .breaks = state->breaks,
                        .break_error = state->break_error,
                };
        }
}

int meter_read(Meter *meter, Reading *ret) {
        MeterCounters *counters = meter->counters;
        int error = 0;

        ret->n_domains = counters->n_domains;
        ret->before_ns = meter_now_ns(meter);
        for (size_t i = 0; i < counters->n_counters; i++)
                if (counter_is_live(&counters->counters[i]))
                        read_counter(meter, &counters->counters[i], ret);
        ret->after_ns = meter_now_ns(meter);

        for (size_t i = 0; i < counters->n_domains; i++) {
                if (ret->domains[i].error == 0 || ret->domains[i].error == -EOVERFLOW)
                        return 0;
                error = ret->domains[i].error;
        }
        return error;
}

static const MeterCounter *counter_of(const Meter *meter, size_t domain) {
        for (size_t i = 0; i < meter->counters->n_counters; i++)
                for (size_t j = 0; j < meter->counters->counters[i].n; j++)
                        if (meter->counters->counters[i].domains[j] == domain)
                                return &meter->counters->counters[i];
        g_assert_not_reached();
}

int meter_read_domain(Meter *meter, size_t domain, uint64_t *ret_energy_uj, uint64_t *ret_begin_ns,
                      uint64_t *ret_end_ns) {
        Reading reading;

        *ret_begin_ns = meter_now_ns(meter);
        read_counter(meter, counter_of(meter, domain), &reading);
        *ret_end_ns = meter_now_ns(meter);
        *ret_energy_uj = reading.domains[domain].energy_uj;
        return reading.domains[domain].error;
}

int reading_energy_uj(const Reading *begin, const Reading *end, size_t domain, uint64_t *ret_uj) {
        const DomainReading *b = &begin->domains[domain], *e = &end->domains[domain];

        if (domain >= begin->n_domains || domain >= end->n_domains)
                return -ENODATA;
        if (b->error < 0 && b->error != -EOVERFLOW)
                return b->error;
        if (e->error < 0)
                return e->error;
        if (e->breaks != b->breaks)
                return e->break_error;
        *ret_uj = e->energy_uj - b->energy_uj;
        return 0;
}

int meter_total_uj(const Meter *meter, const Reading *begin, const Reading *end, uint64_t *ret_uj) {
        uint64_t total = 0;
        bool any = false;

        for (size_t i = 0; i < meter->counters->n_domains; i++) {
                uint64_t energy_uj;
                int r;

                if (!meter->counters->domains[i].in_total)
                        continue;
                r = reading_energy_uj(begin, end, i, &energy_uj);
                if (r < 0)
                        return r;
                total += energy_uj;
                any = true;
        }
        if (!any)
                return -ENODATA;
        *ret_uj = total;
        return 0;
}

const char *meter_name(const Meter *meter) {
        return meter->ops->name;
}

bool meter_simulated(const Meter *meter) {
        return meter->ops->simulated;
}

const MeterDomain *meter_domains(const Meter *meter, size_t *ret_n) {
        *ret_n = meter->counters->n_domains;
        return meter->counters->domains;
}

const DroppedDomain *meter_dropped(const Meter *meter, size_t *ret_n) {
        *ret_n = meter->counters->n_dropped;
        return meter->counters->dropped;
}

const char *meter_total(const Meter *meter) {
        return meter->total;
}

double meter_precision_uj(const Meter *meter) {
        double precision_uj = 0;

        for (size_t i = 0; i < meter->counters->n_domains; i++) {
                const MeterDomain *domain = &meter->counters->domains[i];

                if (!domain->in_total)
                        continue;
                precision_uj = fmax(precision_uj, domain->unit_uj);
                precision_uj = fmax(precision_uj, (double) domain->hw_range_uj / UINT32_MAX);
        }
        return precision_uj;
}

uint64_t meter_watchdog_usec(const Meter *meter) {
        uint64_t due_ns = UINT64_MAX;

        for (size_t i = 0; i < meter->counters->n_domains; i++)
                due_ns = MIN(due_ns, accumulate_due_ns(&meter->states[i].acc));
        return due_ns == UINT64_MAX ? USEC_INFINITY : due_ns / NSEC_PER_USEC;
}

uint64_t meter_keep_up(Meter *meter) {
        Reading reading;

        (void) meter_read(meter, &reading);
        return meter_watchdog_usec(meter);
}

int meter_probe(Meter *meter, uint64_t timeout_ns) {
        const MeterCounters *counters = meter->counters;
        g_autofree bool *moved = g_new0(bool, counters->n_domains + 1);
        uint64_t end_ns = meter_now_ns(meter) + timeout_ns;
        bool waiting = counters->n_domains > 0;
        Reading begin, now;

        (void) meter_read(meter, &begin);
        while (waiting) {
                (void) meter_read(meter, &now);
                waiting = false;
                for (size_t i = 0; i < counters->n_domains; i++) {
                        moved[i] = moved[i] || now.domains[i].energy_uj != begin.domains[i].energy_uj;
                        waiting = waiting || (!moved[i] && counters->domains[i].kind != DOMAIN_UNCORE);
                }
                if (now.after_ns >= end_ns)
                        break;
        }

        for (size_t i = counters->n_domains; i-- > 0;)
                if (!moved[i] && counters->domains[i].kind != DOMAIN_UNCORE)
                        drop_domain(meter, i,
                                    g_strdup_printf("did not move in %" PRIu64 " ms of busy CPU",
                                                    timeout_ns / 1000000));
        return meter->ops->read && *meter->total == '\0' ? -ENODEV : 0;
}
