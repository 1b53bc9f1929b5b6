/* SPDX-License-Identifier: MIT */
#pragma once

/* What systemd.c, slice.c and scope.c share. */

#include <stdbool.h>

#include "scope.h"

#define SYSTEMD_SERVICE "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT "org.freedesktop.systemd1.Unit"
#define SYSTEMD_SCOPE "org.freedesktop.systemd1.Scope"
#define SYSTEMD_SLICE "org.freedesktop.systemd1.Slice"

#define START_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define STOP_TIMEOUT_USEC (5 * USEC_PER_SEC)

typedef struct Leftovers Leftovers;

struct Systemd {
        sd_bus *bus;
        sd_event *event;
        sd_bus_slot *subscribe_slot;
        sd_bus_slot *owner_slot;
        char *owner;    /* the bus's own name for PID 1, the only one whose signals count; NULL on a peer connection */
        char *instance; /* random, in the names of our scopes */
        GHashTable *dependents; /* Scope and SliceRequest objects, to let go of us when we are freed first */
        Leftovers *leftovers;
        uint64_t start_timeout_usec;
        uint64_t stop_timeout_usec;
};

/* The first member of everything that asks systemd for something. */
typedef struct Dependent Dependent;
struct Dependent {
        Systemd *systemd;            /* NULL once it is gone */
        void (*detach)(Dependent *); /* drop every slot and timer */
};

void systemd_attach(Systemd *systemd, Dependent *dependent);
void systemd_detach(Dependent *dependent);

/* Tests need not wait for seconds. */
void systemd_set_timeouts(Systemd *systemd, uint64_t start_usec, uint64_t stop_usec);

/* A call to the manager object. */
int systemd_method(Systemd *systemd, const char *method, sd_bus_message **ret);
int systemd_call(Systemd *systemd, sd_bus_message *m, sd_bus_slot **slot, sd_bus_message_handler_t handler,
                 void *userdata);

/* Asks for one property of a unit. */
int systemd_get(Systemd *systemd, const char *unit, const char *interface, const char *property, sd_bus_slot **slot,
                sd_bus_message_handler_t handler, void *userdata);

/* Matches a signal of systemd, asynchronously; filter is appended to the rule ("arg0='…'"). Where the match cannot be
 * had this is logged, and the timers of those who wait decide. Handlers ask systemd_sent() first. */
int systemd_match(Systemd *systemd, sd_bus_slot **slot, const char *path, const char *interface, const char *member,
                  const char *filter, sd_bus_message_handler_t handler, void *userdata);

/* Whether the signal is PID 1's. dbus-daemon lets everybody send any signal to us by name. */
bool systemd_sent(const Systemd *systemd, sd_bus_message *signal);

/* 0 for a reply; for an error its negative errno, with the sender's words. */
int systemd_reply_error(sd_bus_message *reply, const char **ret_message);

/* The path of the job that a call started, into *job, freeing what stood there. As systemd_reply_error(). */
int systemd_read_job(sd_bus_message *reply, char **job, const char **ret_message);

/* 1 for the JobRemoved of PID 1 that is about this job, with how it ended ("done"); 0 for any other signal. */
int systemd_job_removed(const Systemd *systemd, sd_bus_message *signal, const char *job, const char **ret_result);

/* Whether the reply is an error that means: there is no such unit. */
bool systemd_reply_no_unit(sd_bus_message *reply);

/* (sv) of one AllowedCPUs, into an open array. */
int systemd_append_cpus(sd_bus_message *m, const cpu_set_t *cpus);

int systemd_start_timer(Systemd *systemd, sd_event_source **timer, uint64_t usec, sd_event_time_handler_t handler,
                        void *userdata);

/* A unit that stands already, only to be killed. */
Scope *scope_adopt(Systemd *systemd, const char *name);

Leftovers *leftovers_free(Leftovers *leftovers);
