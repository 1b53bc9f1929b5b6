/* SPDX-License-Identifier: MIT */
#pragma once

/* The way to the service: the system bus, another machine over ssh, or an own embedded service on a private
 * connection. Every call has its timeout; a call that needs a password is repeated with the question allowed. */

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "arguments.h"

typedef struct Service {
        sd_event *event;
        sd_bus *bus;
        const char *destination; /* NULL on a private connection */
        bool embedded;
        bool here;   /* the system service of this machine */
        char *name;  /* of the service for people: "the service of this machine" */
        pid_t agent; /* polkit's, 0: none */
        Style style; /* of standard error */
} Service;

/* Returns 0, or an exit code after having said what is wrong. */
int service_open(const Arguments *arguments, Service **ret);
Service *service_free(Service *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Service, service_free)

typedef struct Call {
        const char *path, *interface, *member;
        int (*fill)(sd_bus_message *m, void *userdata); /* NULL: no arguments */
        void *userdata;
        const char *subject; /* what it is about, for messages; NULL: the service */
} Call;

#define MANAGER_CALL(method, ...) \
        { .path = JT_MANAGER_PATH, .interface = JT_MANAGER_INTERFACE, .member = (method), ##__VA_ARGS__ }

/* Waits for the reply. On failure returns negative errno with error set (when there is one). */
int service_try(Service *service, const Call *call, sd_bus_message **ret_reply, sd_bus_error *error);

/* The same; on failure says what is wrong and returns the exit code. */
int service_call(Service *service, const Call *call, sd_bus_message **ret_reply);

/* The message of a call, not sent yet; interactive allows polkit to ask. */
int service_message(Service *service, const Call *call, bool interactive, sd_bus_message **ret);

/* Timeout of a call in which somebody may have to type a password. */
#define SERVICE_ASK_TIMEOUT_USEC (10 * 60 * USEC_PER_SEC)

/* Whether the failure asks for a password; then brings polkit's agent to this terminal, if it can. */
bool service_wants_password(Service *service, const sd_bus_error *error);

/* For Call.fill: one u from the uint32_t at userdata. */
int fill_u32(sd_bus_message *m, void *userdata);

/* A call with a single result, as JSON. Returns 0, or an exit code after having said what is wrong. */
int service_ask(Service *service, const Call *call, JsonNode **ret);

/* All properties of the manager, as an object. Returns 0 or an exit code, having said what is wrong. */
int service_properties(Service *service, JsonNode **ret);

/* The report of a job. Returns 0, or an exit code after having said what is wrong. */
int service_report(Service *service, uint32_t id, char **ret);

/* "/org/jouletrace/JouleTrace1/job/_7" */
char *job_path(uint32_t id);
