/* SPDX-License-Identifier: MIT */
#pragma once

/* Callers whose leaving the bus matters. One match rule serves all of them and is there while there is anyone to
 * watch: each sd_bus_track has a rule for each of its names, and dbus-daemon cuts off a connection that wants more
 * than 512 (max_match_rules_per_connection), which a few hundred queued jobs would. */

#include "base.h"

typedef struct Peers Peers;
typedef struct PeerWatch PeerWatch;

/* Called once from the event loop; may free the watch. */
typedef void (*PeerGone)(PeerWatch *watch, void *userdata);

Peers *peers_new(sd_bus *bus);
/* Watches must be gone. */
Peers *peers_free(Peers *peers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Peers, peers_free)

/* Watches the sender of m; when it has left already, gone is called as well. */
int peer_watch_new(Peers *peers, sd_bus_message *m, PeerGone gone, void *userdata, PeerWatch **ret);
PeerWatch *peer_watch_free(PeerWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PeerWatch, peer_watch_free)

/* Its unique name. */
const char *peer_watch_name(const PeerWatch *watch);
