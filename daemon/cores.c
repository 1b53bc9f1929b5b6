/* SPDX-License-Identifier: MIT */

#include "cores.h"
#include "cpuset.h"
#include "log.h"
#include "names.h"
#include "partition.h"

#define MEMBER "member" /* no partition */

struct Cores {
        const Topology *topology;
        Systemd *systemd;
        sd_event *event;
        CoresChanged changed;
        void *userdata;

        cpu_set_t set;
        const char *wanted; /* "root" or "isolated", NULL when no partition is to be taken */
        uint64_t release_usec;
        Partition *file;                   /* NULL without systemd */
        void (*then)(Cores *cores, int r); /* after the write under way; NULL when there is none */

        bool held;
        bool unannounced; /* the level or the partition is not what changed() last knew */
        Isolation level;  /* as last found; before the first job, what is configured */
        char *partition;
        char *why;

        CoresReady ready;
        void *ready_userdata;
        int result; /* what ready() will be told once a half partition is given back */
        char *message;
        SliceRequest *request;
        sd_event_source *answer;  /* ready() of a partition that is held already */
        sd_event_source *release; /* timer */
        sd_event_source *watch;   /* inotify of the partition file while it is held */
};

const char *isolation_to_string(Isolation isolation) {
        static const char *const names[] = {
                [ISOLATION_NONE] = "none",
                [ISOLATION_CONFINED] = "confined",
                [ISOLATION_RESERVED] = "reserved",
        };

        return names[isolation];
}

static void set_state(Cores *cores, Isolation level, const char *partition, char *why) {
        if (cores->level != level || g_strcmp0(cores->partition, partition) != 0)
                cores->unannounced = true;
        cores->level = level;
        if (cores->partition != partition) {
                g_free(cores->partition);
                cores->partition = g_strdup(partition);
        }
        g_free(cores->why);
        cores->why = why;
}

static void announce(Cores *cores) {
        if (!cores->unannounced)
                return;
        cores->unannounced = false;
        if (cores->changed)
                cores->changed(cores, cores->userdata);
}

static void on_written(int r, void *userdata) {
        Cores *cores = userdata;
        void (*then)(Cores * cores, int r) = cores->then;

        cores->then = NULL;
        then(cores, r);
}

static void write_partition(Cores *cores, const char *value, void (*then)(Cores *cores, int r)) {
        cores->then = then;
        partition_write(cores->file, value, on_written, cores);
}

/* 0 when the slice has exactly our CPUs; -ENOENT when it has no cpuset at all; else a sentence. */
static int check_effective(const Cores *cores, char **ret_message) {
        g_autofree char *text = NULL, *wanted = NULL;
        cpu_set_t effective;
        int r;

        r = partition_read_cpus(cores->file, &effective, &text);
        if (r == -ENOENT)
                return r;
        if (r < 0) {
                *ret_message = g_strdup_printf("the CPUs of " JT_SLICE " cannot be read back: %s", g_strerror(-r));
                return r;
        }
        if (CPU_EQUAL(&effective, &cores->set))
                return 0;
        wanted = cpulist_format(&cores->set);
        *ret_message = g_strdup_printf("the kernel gives " JT_SLICE " the CPUs %s instead of %s", text, wanted);
        return -EADDRNOTAVAIL;
}

/* NULL when the partition is as it was granted, else why not. The kernel withdraws it when somebody else asks for its
 * CPUs; when some go offline, it stays with those that are left. */
static char *look_for_loss(const Cores *cores) {
        g_autofree char *now = NULL, *message = NULL;
        int r;

        r = partition_read(cores->file, &now);
        if (r >= 0 && !g_str_equal(now, cores->wanted))
                return g_steal_pointer(&now);
        if (r >= 0)
                r = check_effective(cores, &message);
        if (r >= 0)
                return NULL;
        return message ? g_steal_pointer(&message) : g_strdup(g_strerror(-r));
}

/* What is read is believed. A lost partition is still to be given back, and may become valid again by itself. */
static void reread_partition(Cores *cores) {
        g_autofree char *loss = NULL;

        if (!cores->held)
                return;
        loss = look_for_loss(cores);
        if ((loss == NULL) == (cores->level == ISOLATION_RESERVED))
                return;

        if (!loss) {
                set_state(cores, ISOLATION_RESERVED, cores->wanted, NULL);
                return;
        }
        set_state(cores, ISOLATION_CONFINED, "", g_strdup_printf("the partition of " JT_SLICE " was lost: %s", loss));
        log_at(LOG_WARNING, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_CORES_LOST }, "%s", cores->why);
}

static int on_partition_changed(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        Cores *cores = userdata;

        reread_partition(cores);
        announce(cores);
        return 0;
}

static void watch_partition(Cores *cores) {
        int r;

        r = partition_watch(cores->file, on_partition_changed, cores, &cores->watch);
        if (r < 0)
                log_errno(LOG_WARNING, r, "The partition of " JT_SLICE " is not watched");
}

static void stop_waiting(Cores *cores) {
        cores->ready = NULL;
        cores->request = slice_request_free(cores->request);
        cores->answer = sd_event_source_disable_unref(cores->answer);
        cores->release = sd_event_source_disable_unref(cores->release);
}

static void unhold(Cores *cores) {
        cores->watch = sd_event_source_disable_unref(cores->watch);
        cores->held = false;
}

static void ask_slice(Cores *cores);

/* Without the file there is nothing to give back. */
static void on_given_back(Cores *cores, int r) {
        g_autofree char *list = cpulist_format(&cores->set);

        if (r == -ENOENT)
                r = 0;
        if (r < 0)
                log_errno(LOG_ERR, r, "The CPUs of " JT_SLICE " are still kept from the rest of the system");
        set_state(cores, ISOLATION_RESERVED, "", NULL);
        log_at(LOG_INFO, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_CORES_RELEASED, .error = r },
               "CPUs %s are everybody's again", list);
        announce(cores);
        if (cores->ready)
                ask_slice(cores);
}

/* The callback may free the object or acquire again: nothing is touched afterwards. */
static void answer(Cores *cores, int r, const char *message) {
        CoresReady ready = cores->ready;

        stop_waiting(cores);
        ready(cores, r, message, cores->ready_userdata);
}

/* A lost partition is asked for anew, and nothing is said of it. */
static void on_dropped(Cores *cores, int r) {
        if (cores->ready)
                ask_slice(cores);
}

static void finish(Cores *cores, int r, const char *message) {
        announce(cores);
        answer(cores, r, message);
}

static void on_withdrawn(Cores *cores, int r) {
        g_autofree char *message = g_steal_pointer(&cores->message);

        finish(cores, cores->result, message);
}

/* No half partition is left, which could come true later. */
static void withdraw(Cores *cores, int result, char *message) {
        cores->result = result;
        g_free(cores->message);
        cores->message = message;
        write_partition(cores, MEMBER, on_withdrawn);
}

static void stay_confined(Cores *cores, char *why) {
        log_at(LOG_WARNING, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_CORES_LOST },
               "Jobs are confined but not alone: %s", why);
        set_state(cores, ISOLATION_CONFINED, "", why);
}

/* The kernel has said what it makes of the partition we asked for. */
static void on_asked(Cores *cores, int r) {
        g_autofree char *now = NULL, *list = NULL;
        char *message = NULL;

        if (r < 0) {
                stay_confined(cores,
                              r == -ENOENT ? g_strdup("the kernel has no cpuset partitions here")
                                           : g_strdup_printf("the kernel refuses the partition: %s", g_strerror(-r)));
                finish(cores, 0, NULL);
                return;
        }
        r = partition_read(cores->file, &now);
        if (r < 0 || !g_str_equal(now, cores->wanted)) {
                stay_confined(cores, r < 0 ? g_strdup_printf("the partition cannot be read back: %s", g_strerror(-r))
                                           : g_strdup_printf("the kernel refuses the partition: %s", now));
                withdraw(cores, 0, NULL);
                return;
        }
        /* A partition may hold fewer CPUs than asked for. */
        r = check_effective(cores, &message);
        if (r < 0) {
                withdraw(cores, r, message);
                return;
        }
        cores->held = true;
        set_state(cores, ISOLATION_RESERVED, cores->wanted, NULL);
        watch_partition(cores);

        list = cpulist_format(&cores->set);
        log_at(LOG_INFO, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_CORES_TAKEN },
               "CPUs %s are kept from the rest of the system (partition %s)", list, cores->wanted);
        finish(cores, 0, NULL);
}

/* What acquire does once the slice has its CPUs. */
static void reserve(Cores *cores) {
        g_autofree char *message = NULL;
        int r = 0;

        if (CPU_COUNT(&cores->set) > 0)
                r = check_effective(cores, &message);
        if (r == -ENOENT) {
                set_state(cores, ISOLATION_NONE, "", g_strdup("the kernel or container has no cpusets for " JT_SLICE));
                finish(cores, 0, NULL);
        } else if (r < 0 || !cores->wanted)
                finish(cores, r, message);
        else
                write_partition(cores, cores->wanted, on_asked);
}

static void on_slice_ready(int r, const char *message, void *userdata) {
        Cores *cores = userdata;

        if (r < 0)
                finish(cores, r, message);
        else
                reserve(cores);
}

static void ask_slice(Cores *cores) {
        int r;

        r = systemd_set_slice_cpus(cores->systemd, &cores->set, on_slice_ready, cores, &cores->request);
        if (r < 0)
                answer(cores, r, NULL);
}

static int on_answer(sd_event_source *source, void *userdata) {
        answer(userdata, 0, NULL);
        return 0;
}

int cores_acquire(Cores *cores, CoresReady ready, void *userdata) {
        int r = 0;

        if (!cores->systemd) {
                ready(cores, 0, NULL, userdata);
                return 0;
        }
        if (cores->ready)
                return -EBUSY;

        stop_waiting(cores);
        reread_partition(cores);
        if (cores->held && cores->level == ISOLATION_RESERVED)
                r = sd_event_add_defer(cores->event, &cores->answer, on_answer, cores);
        else if (cores->held) {
                /* A partition that was withdrawn is asked for anew. */
                unhold(cores);
                write_partition(cores, MEMBER, on_dropped);
        } else if (!cores->then) /* else once it is given back */
                r = systemd_set_slice_cpus(cores->systemd, &cores->set, on_slice_ready, cores, &cores->request);
        if (r < 0)
                return r;

        cores->ready = ready;
        cores->ready_userdata = userdata;
        return 0;
}

static int on_release(sd_event_source *source, uint64_t usec, void *userdata) {
        Cores *cores = userdata;

        stop_waiting(cores);
        unhold(cores);
        write_partition(cores, MEMBER, on_given_back);
        return 0;
}

void cores_release_later(Cores *cores) {
        int r;

        /* One who acquires has not emptied the queue. */
        if (!cores->held || cores->ready || cores->release)
                return;
        r = sd_event_add_time_relative(cores->event, &cores->release, CLOCK_MONOTONIC, cores->release_usec, 0,
                                       on_release, cores);
        if (r < 0) {
                log_errno(LOG_WARNING, r, "The reserved CPUs cannot be given back later, giving them back now");
                cores_release_now(cores);
        }
}

void cores_release_now(Cores *cores) {
        const bool asked = cores->then == on_asked, giving = cores->then == on_given_back;
        int r;

        stop_waiting(cores);
        if (!cores->file)
                return;
        r = partition_wait(cores->file);
        cores->then = NULL;
        if (giving)
                on_given_back(cores, r);
        else if (asked || cores->held) {
                unhold(cores);
                on_given_back(cores, partition_write_now(cores->file, MEMBER));
        }
}

static int choose_listed(const Topology *topology, const char *list, cpu_set_t *ret, char **ret_message) {
        cpu_set_t online, lead, clash;

        if (*list == '\0' || cpulist_parse(list, ret) < 0) {
                *ret_message = g_strdup_printf("ReservedCPUs=%s is neither auto nor none nor a list of CPUs", list);
                return -EINVAL;
        }
        cpu_info_package_cpus(topology->cpu, -1, &online);
        if (!cpulist_subset(ret, &online)) {
                *ret_message = g_strdup_printf("ReservedCPUs=%s names CPUs that are not online", list);
                return -EINVAL;
        }
        if (CPU_EQUAL(ret, &online)) {
                *ret_message = g_strdup_printf("ReservedCPUs=%s leaves no CPU to the system", list);
                return -EINVAL;
        }
        topology_lead_cpus(topology, &lead);
        CPU_AND(&clash, &lead, ret);
        if (CPU_COUNT(&clash) > 0) {
                *ret_message = g_strdup_printf("ReservedCPUs=%s names CPU %d, on which a package's counters are read",
                                               list, cpulist_first(&clash));
                return -EINVAL;
        }
        return 0;
}

/* Leaves the level that the next job gets at best. */
static int choose(Cores *cores, const CoresConfig *config, char **ret_message) {
        const char *wanted = g_str_equal(config->partition, "isolated") ? "isolated"
                             : g_str_equal(config->partition, "root")   ? "root"
                                                                        : NULL;
        char *why = NULL;
        int r;

        if (g_str_equal(config->reserved, "auto")) {
                switch (topology_reserve_auto(cores->topology, &cores->set)) {
                case RESERVATION_CORE:
                        break;
                case RESERVATION_CONFINED:
                        wanted = NULL;
                        why = g_strdup("no physical core can be spared");
                        break;
                case RESERVATION_NONE:
                        CPU_ZERO(&cores->set);
                        why = g_strdup("there is only one CPU");
                        break;
                }
        } else if (!g_str_equal(config->reserved, "none")) {
                r = choose_listed(cores->topology, config->reserved, &cores->set, ret_message);
                if (r < 0)
                        return r;
        }

        if (!cores->systemd) {
                CPU_ZERO(&cores->set);
                g_free(why);
                why = g_strdup("CPUs are reserved by the system service only");
        }
        if (CPU_COUNT(&cores->set) == 0)
                set_state(cores, ISOLATION_NONE, "", why);
        else if (!wanted)
                set_state(cores, ISOLATION_CONFINED, "", why);
        else
                set_state(cores, ISOLATION_RESERVED, "", NULL);
        cores->wanted = CPU_COUNT(&cores->set) > 0 ? wanted : NULL;
        cores->unannounced = false;
        return 0;
}

/* After a crash nobody else gives it back, and with other settings it would never be taken over. */
static int give_back_leftover(Partition *file) {
        g_autofree char *partition = NULL;
        int r;

        r = partition_read(file, &partition);
        if (r < 0 || g_str_equal(partition, MEMBER))
                return 0;
        r = partition_write_now(file, MEMBER);
        log_at(r < 0 ? LOG_ERR : LOG_NOTICE,
               &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_CORES_RELEASED, .error = r },
               "A partition of " JT_SLICE " was left behind (%s)%s%s", partition,
               r < 0 ? " and cannot be given back: " : ", its CPUs are everybody's again",
               r < 0 ? g_strerror(-r) : "");
        return r;
}

int cores_give_back(const char *cgroup_root) {
        g_autoptr(Partition) file = NULL;
        int r;

        r = partition_new(NULL, cgroup_root, &file);
        return r < 0 ? r : give_back_leftover(file);
}

int cores_new(const Topology *topology, const CoresConfig *config, Systemd *systemd, sd_event *event,
              const char *cgroup_root, CoresChanged changed, void *userdata, Cores **ret, char **ret_message) {
        g_autoptr(Cores) cores = NULL;
        int r;

        cores = g_new0(Cores, 1);
        cores->topology = topology;
        cores->systemd = systemd;
        cores->event = sd_event_ref(event);
        cores->changed = changed;
        cores->userdata = userdata;
        cores->release_usec = config->release_usec;

        r = choose(cores, config, ret_message);
        if (r < 0)
                return r;
        if (systemd) {
                r = partition_new(event, cgroup_root, &cores->file);
                if (r < 0) {
                        *ret_message = g_strdup_printf("%s cannot be opened: %s", cgroup_root, g_strerror(-r));
                        return r;
                }
                (void) give_back_leftover(cores->file);
        }

        *ret = g_steal_pointer(&cores);
        return 0;
}

Cores *cores_free(Cores *cores) {
        if (!cores)
                return NULL;
        cores->changed = NULL;
        cores_release_now(cores);
        partition_free(cores->file);
        sd_event_unref(cores->event);
        g_free(cores->partition);
        g_free(cores->message);
        g_free(cores->why);
        g_free(cores);
        return NULL;
}

const cpu_set_t *cores_set(const Cores *cores) {
        return &cores->set;
}

char *cores_list(const Cores *cores) {
        return cpulist_format(&cores->set);
}

Isolation cores_isolation(Cores *cores) {
        reread_partition(cores);
        return cores->level;
}

const char *cores_partition(const Cores *cores) {
        return cores->partition;
}

const char *cores_why(const Cores *cores) {
        return cores->why;
}

bool cores_smt_shared(const Cores *cores) {
        return topology_smt_shared(cores->topology, &cores->set);
}
