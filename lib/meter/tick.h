/* SPDX-License-Identifier: MIT */
#pragma once

/* RAPL counters stand still and move about once a millisecond. A reading anywhere between two moves misses what was
 * used since the last one: a window of T between two such readings is short by (P − P_idle)·τ/2 on average, 1.8 % of
 * 10 ms when power rises from 50 to 80 W. So a window begins and ends at moves of the counter ("edges"). The edge is
 * waited for asleep, until shortly before it is due, and then seen by looking as fast as the counter can be read
 * (Hähnel et al., SIGMETRICS PER 40(3), 2012). */

#include "meter.h"

#define TICK_EDGES 2000U   /* of a calibration that is kept */
#define TICK_EDGES_MIN 16U /* fewer are none */
#define TICK_SPREAD_MAX 0.25

/* Watts of each domain, in the meter's order, and half the width of the interval that has them with 95 %. */
typedef struct PowerLevel {
        bool known;
        double watts[METER_DOMAINS_MAX];
        double error_watts[METER_DOMAINS_MAX];
} PowerLevel;

typedef struct Tick {
        size_t domain;      /* whose counter was looked at */
        uint64_t period_ns; /* median time between two edges; 0: none is known */
        uint64_t still_ns;  /* where none is, how long the counter was seen to stand still */
        uint64_t jitter_ns; /* and its standard deviation, by the median of deviations, which outliers do not move */
        double step_uj;     /* median of what the counter moves by */
        double spread;      /* how much its rate differs from one step to the next: standard deviation ÷ rate */
        uint64_t look_ns;   /* median duration of one look at it */
        uint32_t edges;     /* seen */
        PowerLevel busy;    /* while one CPU does nothing but look */
} Tick;

/* Looks at one domain's counter until it has moved that often, or time is up, and keeps the CPU busy meanwhile. What
 * was seen while this thread was held up does not count.
 * -ENODATA: it never moved.
 * -ETIME:   it moved fewer than TICK_EDGES_MIN times.
 * -ERANGE:  it moves with nearly every look: there is no tick to wait for, and none is needed.
 *           With each of these *ret is a tick without a period, which says how long one may be all the same.
 * -EBADMSG: its steps differ more than power does from one millisecond to the next (TICK_SPREAD_MAX): something, as
 *           Intel's energy filter (SGX, IA32_MISC_PACKAGE_CTLS), adds noise to them. *ret is filled in all the same.
 * Others: the errno of a read. */
int tick_calibrate(Meter *meter, size_t domain, uint32_t edges, uint64_t timeout_ns, Tick *ret);

/* How long ago the counter may have moved that is read at no particular moment: its period, and where that could not
 * be found out, what calibration saw of it, but no less than is usual (Intel SDM vol. 3B, MSR_PKG_ENERGY_STATUS:
 * "updated every ~1msec"). */
uint64_t tick_period_max_ns(const Tick *tick);

/* The domain to be looked at: the package's own, else another one of the total. package negative: of any package.
 * -ENODEV when the total has none. */
int tick_choose_domain(const Meter *meter, int package, size_t *ret);

/* Who waits for edges. A plain value; tick of zeros: the meter has no tick, and nothing is waited for. */
typedef struct Ticker {
        Meter *meter;
        Tick tick;
        uint64_t edge_ns; /* the last edge seen; 0: none yet */
        PowerLevel idle;  /* while nothing runs, as far as it is known */
        PowerLevel extra; /* what one CPU that looks for edges takes on top of that */
} Ticker;

/* The idle machine's power has been measured, again or for the first time. The power it was calibrated at is compared
 * with the first: what looking takes on top stays when the machine warms up. */
void ticker_set_idle(Ticker *ticker, const PowerLevel *idle);

/* A moment at which the counters were read. */
typedef struct Edge {
        bool seen;               /* the counter moved then; else it is just when the reading was taken */
        uint64_t at_ns;          /* middle of the last look before the move and the first after it */
        uint64_t uncertainty_ns; /* how far off it may be */
        uint64_t busy_ns;        /* how long this CPU was kept busy before, looking */
        uint64_t cpu_ns;         /* CPU time of this thread by then */
} Edge;

/* Waits for an edge, and reads all domains right behind it. An edge that may be further off than wanted_ns, because
 * this thread was held up as it came, is passed over for the next one, twice at most. Without a tick, and when no edge
 * is seen in five periods, the reading is one of no particular moment and ret_edge->seen is false. Returns as
 * meter_read() does. */
int ticker_wait(Ticker *ticker, uint64_t wanted_ns, Reading *ret, Edge *ret_edge);
