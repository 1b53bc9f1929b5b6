/* SPDX-License-Identifier: MIT */
#pragma once

/* What `joulectl doctor` found, before it is drawn. */

#include <json-glib/json-glib.h>

#include "client.h"

/* Examines this machine (with --local its files alone, below --sysroot when given; else the service's own checks,
 * too), after having written what can safely be written when fix is true. *ret:
 *
 *   verdict   the worst of the checks': "ok", "note", "problem"
 *   checks    of each: group, name, verdict, value, limit (null unless the service says one), why, command, advice
 * (null when there is none), fixable changes   of each check that --fix touched: check, settings (path, from, to),
 * undo (null when nothing was written), error (null: the kernel took it)
 *
 * Texts are English; those for people are translated when shown. Returns 0, or an exit code after having said what is
 * wrong. */
int doctor_collect(const Arguments *arguments, bool fix, JsonNode **ret);
