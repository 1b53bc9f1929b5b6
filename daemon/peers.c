/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "peers.h"
#include "sender.h"

#define LEFT_RULE                                                                                                    \
        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',interface='org.freedesktop.DBus'," \
        "member='NameOwnerChanged',arg2=''"

typedef struct Peer {
        Peers *peers;
        char *name;
        GPtrArray *watches; /* PeerWatch, borrowed, oldest first */
        sd_bus_slot *check; /* whether it is still there */
        bool gone;          /* in no table any more */
} Peer;

struct Peers {
        sd_bus *bus;
        GHashTable *table; /* name → Peer */
        sd_bus_slot *match;
};

struct PeerWatch {
        Peer *peer; /* NULL once it is gone */
        char *name;
        PeerGone gone;
        void *userdata;
};

static void peer_free(void *p) {
        Peer *peer = p;

        sd_bus_slot_unref(peer->check);
        g_ptr_array_unref(peer->watches);
        g_free(peer->name);
        g_free(peer);
}

Peers *peers_new(sd_bus *bus) {
        Peers *peers = g_new0(Peers, 1);

        peers->bus = bus;
        peers->table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, peer_free);
        return peers;
}

Peers *peers_free(Peers *peers) {
        if (!peers)
                return NULL;
        sd_bus_slot_unref(peers->match);
        g_hash_table_unref(peers->table);
        g_free(peers);
        return NULL;
}

static void drop_match(Peers *peers) {
        if (g_hash_table_size(peers->table) == 0)
                peers->match = sd_bus_slot_unref(peers->match);
}

static void peer_left(Peers *peers, const char *name) {
        Peer *peer = NULL;

        if (!g_hash_table_steal_extended(peers->table, name, NULL, (gpointer *) &peer))
                return;
        peer->gone = true;
        /* A call may free other watches of the same peer, and its own. */
        while (peer->watches->len > 0) {
                PeerWatch *watch = g_ptr_array_steal_index(peer->watches, 0);

                watch->peer = NULL;
                watch->gone(watch, watch->userdata);
        }
        peer_free(peer);
        drop_match(peers);
}

static int on_name_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name, *old_owner, *new_owner;
        int r;

        if (!sent_by_bus(m))
                return 0;
        r = sd_bus_message_read(m, "sss", &name, &old_owner, &new_owner);
        if (r < 0)
                return r;
        if (new_owner[0] == '\0')
                peer_left(userdata, name);
        return 0;
}

static int on_checked(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Peer *peer = userdata;
        int there;

        if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "b", &there) < 0) {
                log_warning("The bus does not say whether %s is still there", peer->name);
                return 0;
        }
        if (!there)
                peer_left(peer->peers, peer->name);
        return 0;
}

/* Its message may have waited in our queue since before the rule was in place. */
static int peer_add(Peers *peers, const char *name, Peer **ret) {
        Peer *peer;
        int r;

        if (!peers->match) {
                r = sd_bus_add_match_async(peers->bus, &peers->match, LEFT_RULE, on_name_owner_changed, NULL, peers);
                if (r < 0)
                        return r;
        }
        peer = g_new0(Peer, 1);
        peer->peers = peers;
        peer->name = g_strdup(name);
        peer->watches = g_ptr_array_new();
        r = sd_bus_call_method_async(peers->bus, &peer->check, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "NameHasOwner", on_checked, peer, "s", name);
        if (r < 0) {
                peer_free(peer);
                drop_match(peers);
                return r;
        }
        g_hash_table_insert(peers->table, peer->name, peer);
        *ret = peer;
        return 0;
}

int peer_watch_new(Peers *peers, sd_bus_message *m, PeerGone gone, void *userdata, PeerWatch **ret) {
        const char *name = sd_bus_message_get_sender(m);
        PeerWatch *watch;
        Peer *peer;
        int r;

        if (!name)
                return -ENXIO;
        peer = g_hash_table_lookup(peers->table, name);
        if (!peer) {
                r = peer_add(peers, name, &peer);
                if (r < 0)
                        return r;
        }
        watch = g_new(PeerWatch, 1);
        *watch = (PeerWatch){ .peer = peer, .name = g_strdup(name), .gone = gone, .userdata = userdata };
        g_ptr_array_add(peer->watches, watch);
        *ret = watch;
        return 0;
}

PeerWatch *peer_watch_free(PeerWatch *watch) {
        Peer *peer;

        if (!watch)
                return NULL;
        peer = watch->peer;
        if (peer) {
                g_ptr_array_remove(peer->watches, watch);
                if (peer->watches->len == 0 && !peer->gone) {
                        Peers *peers = peer->peers;

                        g_hash_table_remove(peers->table, peer->name);
                        drop_match(peers);
                }
        }
        g_free(watch->name);
        g_free(watch);
        return NULL;
}

const char *peer_watch_name(const PeerWatch *watch) {
        return watch->name;
}
