/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "dictionary.h"
#include "log.h"

#define CACHE_MAX 256
#define QUESTION "credentials"
#define TIMEOUT_USEC (25 * USEC_PER_SEC)

struct Callers {
        sd_bus *bus;
        Calls *calls;
        Caller *self;       /* embedded */
        GHashTable *cached; /* unique name → Caller */
};

static void caller_free(void *p) {
        Caller *caller = p;

        g_free(caller->groups);
        g_free(caller->label);
        g_free(caller);
}

static Caller *caller_self(void) {
        Caller *self = g_new0(Caller, 1);
        int n = getgroups(0, NULL);

        self->uid = getuid();
        self->pid = getppid();
        self->groups = g_new0(gid_t, MAX(n, 1));
        n = getgroups(n, self->groups);
        self->n_groups = n > 0 ? (size_t) n : 0;
        return self;
}

Callers *callers_new(sd_bus *bus, Calls *calls) {
        Callers *callers = g_new0(Callers, 1);

        callers->bus = bus;
        callers->calls = calls;
        callers->cached = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, caller_free);
        if (!bus)
                callers->self = caller_self();
        return callers;
}

Callers *callers_free(Callers *callers) {
        if (!callers)
                return NULL;
        if (callers->self)
                caller_free(callers->self);
        g_hash_table_unref(callers->cached);
        g_free(callers);
        return NULL;
}

static int read_groups(sd_bus_message *m, Caller *caller) {
        const void *groups;
        size_t size;
        int r;

        r = sd_bus_message_read_array(m, 'u', &groups, &size);
        if (r < 0)
                return r;
        g_free(caller->groups);
        caller->groups = g_memdup2(groups, size);
        caller->n_groups = size / sizeof(uint32_t);
        return 0;
}

static int read_label(sd_bus_message *m, Caller *caller) {
        const void *bytes;
        size_t size;
        int r;

        r = sd_bus_message_read_array(m, 'y', &bytes, &size);
        if (r < 0)
                return r;
        g_free(caller->label);
        caller->label = g_strndup(bytes, size);
        return 0;
}

typedef struct Credentials {
        Caller *caller;
        bool have_uid;
} Credentials;

static int read_credential(sd_bus_message *m, const char *key, void *userdata) {
        Credentials *credentials = userdata;
        Caller *caller = credentials->caller;
        const char *type;
        uint32_t value;
        int r;

        r = sd_bus_message_peek_type(m, NULL, &type);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, 'v', type);
        if (r < 0)
                return r;

        if (strcmp(key, "UnixUserID") == 0 && strcmp(type, "u") == 0) {
                r = sd_bus_message_read_basic(m, 'u', &value);
                caller->uid = value;
                credentials->have_uid = true;
        } else if (strcmp(key, "ProcessID") == 0 && strcmp(type, "u") == 0) {
                r = sd_bus_message_read_basic(m, 'u', &value);
                caller->pid = (pid_t) value;
        } else if (strcmp(key, "UnixGroupIDs") == 0 && strcmp(type, "au") == 0)
                r = read_groups(m, caller);
        else if (strcmp(key, "LinuxSecurityLabel") == 0 && strcmp(type, "ay") == 0)
                r = read_label(m, caller);
        else
                r = sd_bus_message_skip(m, type);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

static int read_credentials(sd_bus_message *m, Caller *caller) {
        Credentials credentials = { .caller = caller };
        int r;

        r = dictionary_read(m, read_credential, &credentials);
        if (r < 0)
                return r;
        return credentials.have_uid ? 0 : -ENODATA;
}

typedef struct Inquiry {
        Callers *callers;
        Call *call;
} Inquiry;

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Inquiry *inquiry = userdata;
        Callers *callers = inquiry->callers;
        Call *call = inquiry->call;
        Caller *caller;
        int r;

        if (sd_bus_message_is_method_error(reply, NULL)) {
                call_fail(call, sd_bus_message_get_error(reply));
                return 0;
        }

        caller = g_new0(Caller, 1);
        r = read_credentials(reply, caller);
        if (r < 0) {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

                caller_free(caller);
                (void) sd_bus_error_set_const(&error, SD_BUS_ERROR_ACCESS_DENIED,
                                              "The bus does not say which user this connection belongs to.");
                call_fail(call, &error);
                return 0;
        }

        if (g_hash_table_size(callers->cached) >= CACHE_MAX)
                g_hash_table_remove_all(callers->cached);
        g_hash_table_insert(callers->cached, g_strdup(sd_bus_message_get_sender(call_message(call))), caller);
        call_answer(call, 0);
        return 0;
}

static int ask_credentials(Callers *callers, sd_bus_message *m, Call *call) {
        g_autoptr(sd_bus_message) question = NULL;
        g_autoptr(sd_bus_slot) slot = NULL;
        Inquiry *inquiry;
        int r;

        r = sd_bus_message_new_method_call(callers->bus, &question, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "GetConnectionCredentials");
        if (r < 0)
                return r;
        r = sd_bus_message_append(question, "s", sd_bus_message_get_sender(m));
        if (r < 0)
                return r;

        inquiry = g_new(Inquiry, 1);
        *inquiry = (Inquiry){ .callers = callers, .call = call };
        r = sd_bus_call_async(callers->bus, &slot, question, on_credentials, inquiry, TIMEOUT_USEC);
        if (r < 0) {
                g_free(inquiry);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, g_free);
        call_ask(call, QUESTION, g_steal_pointer(&slot), NULL);
        return 0;
}

bool caller_known(Callers *callers, sd_bus_message *m, const Caller **ret) {
        const char *sender = sd_bus_message_get_sender(m);
        const Caller *caller = callers->self;

        if (!caller && sender)
                caller = g_hash_table_lookup(callers->cached, sender);
        if (!caller)
                return false;
        *ret = caller;
        return true;
}

int caller_get(Callers *callers, sd_bus_message *m, const Caller **ret, sd_bus_error *error) {
        g_autofree char *message = NULL;
        Call *call;
        int r;

        if (caller_known(callers, m, ret))
                return 1;
        if (!sd_bus_message_get_sender(m))
                return sd_bus_error_set_const(error, SD_BUS_ERROR_ACCESS_DENIED, "The message has no sender.");

        r = call_get(callers->calls, m, &call, &message);
        if (r == -EBUSY)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, message);
        if (r < 0)
                return r;
        r = ask_credentials(callers, m, call);
        if (r < 0)
                call_forget(call);
        return r;
}

/* The id of the mount a process sees as its root: the last one listed at "/", later mounts lie on top. */
static int root_mount_id(const Sysroot *root, const char *pid, char **ret) {
        g_autofree char *path = g_strdup_printf("proc/%s/mountinfo", pid), *text = NULL, *id = NULL;
        g_auto(GStrv) lines = NULL;
        int r;

        r = sysroot_read(root, path, &text);
        if (r < 0)
                return r;
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++) {
                g_auto(GStrv) fields = g_strsplit(*line, " ", 6);

                if (g_strv_length(fields) == 6 && strcmp(fields[4], "/") == 0) {
                        g_free(id);
                        id = g_strdup(fields[0]);
                }
        }
        if (!id)
                return -ENODATA;
        *ret = g_steal_pointer(&id);
        return 0;
}

static int same_user_namespace(const Sysroot *root, const char *pid) {
        g_autofree char *path = g_strdup_printf("proc/%s/uid_map", pid), *theirs = NULL, *host = NULL;
        int r;

        r = sysroot_read(root, path, &theirs);
        if (r < 0)
                return r;
        r = sysroot_read(root, "proc/1/uid_map", &host);
        if (r < 0)
                return r;
        return strcmp(theirs, host) == 0;
}

/* A file that each network namespace has anew. */
static int network_inode(const Sysroot *root, const char *pid, ino_t *ret) {
        g_autofree char *path = g_strdup_printf("proc/%s/net/dev", pid);
        autofd fd = sysroot_openat(root, path, O_PATH);
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        *ret = st.st_ino;
        return 0;
}

static int same_network_namespace(const Sysroot *root, const char *pid) {
        ino_t theirs, host;
        int r;

        r = network_inode(root, pid, &theirs);
        if (r < 0)
                return r;
        r = network_inode(root, "1", &host);
        if (r < 0)
                return r;
        return theirs == host;
}

/* The words behind "Name:" in a process's status; NULL when there is no such line. */
static char **status_words(const char *status, const char *name) {
        for (const char *line = status; line; line = strchr(line, '\n')) {
                g_autofree char *words = NULL;

                line += *line == '\n';
                if (!g_str_has_prefix(line, name) || line[strlen(name)] != ':')
                        continue;
                line += strlen(name) + 1;
                words = g_strndup(line, strcspn(line, "\n"));
                return g_strsplit(g_strstrip(words), "\t", -1);
        }
        return NULL;
}

/* The number may have been given to another process since it connected: that of another user, at least, is seen.
 * Root's own services connect before they become somebody else. */
static bool may_be_users(const char *status, uid_t uid) {
        g_auto(GStrv) uids = status_words(status, "Uid");
        g_autofree char *wanted = g_strdup_printf("%" G_GUINT32_FORMAT, uid);

        return uid == 0 || (uids && g_strv_contains((const char *const *) uids, wanted));
}

static bool is_filtered(const char *status) {
        g_auto(GStrv) mode = status_words(status, "Seccomp");

        return mode && g_strcmp0(mode[0], "2") == 0;
}

/* Its number in each PID namespace from that of /proc down to its own. */
static bool has_pid_namespace(const char *status) {
        g_auto(GStrv) pids = status_words(status, "NSpid");

        return pids && g_strv_length(pids) > 1;
}

static int check_status(const Sysroot *root, const char *pid, uid_t uid, char **ret_reason) {
        g_autofree char *path = g_strdup_printf("proc/%s/status", pid), *theirs = NULL, *host = NULL;
        int r;

        r = sysroot_read(root, path, &theirs);
        if (r < 0)
                return r;
        if (!may_be_users(theirs, uid))
                return -ESRCH;
        if (has_pid_namespace(theirs)) {
                *ret_reason = g_strdup("it runs in a PID namespace of its own");
                return 1;
        }
        if (!is_filtered(theirs))
                return 0;
        /* In a container everything is. */
        r = sysroot_read(root, "proc/1/status", &host);
        if (r < 0)
                return r;
        if (is_filtered(host))
                return 0;
        *ret_reason = g_strdup("it runs under a system call filter");
        return 1;
}

static bool label_confines(const char *label) {
        if (!label || label[0] == '\0' || strcmp(label, "unconfined") == 0)
                return false;
        /* SELinux: user:role:type:level. */
        return !strstr(label, ":unconfined_t");
}

int caller_is_confined(const Sysroot *root, pid_t pid, uid_t uid, const char *label, char **ret_reason) {
        g_autofree char *name = g_strdup_printf("%d", (int) pid), *theirs = NULL, *host = NULL;
        int r;

        if (label_confines(label)) {
                *ret_reason = g_strdup_printf("it is confined by the security module's profile %s", label);
                return 1;
        }
        if (pid <= 0)
                return -ESRCH;

        r = check_status(root, name, uid, ret_reason);
        if (r == -ENOENT)
                return -ESRCH;
        if (r != 0)
                return r;

        r = root_mount_id(root, name, &theirs);
        if (r == -ENOENT)
                return -ESRCH;
        if (r >= 0)
                r = root_mount_id(root, "1", &host);
        if (r < 0)
                return r;
        if (strcmp(theirs, host) != 0) {
                *ret_reason = g_strdup("it runs in a mount namespace or root directory of its own");
                return 1;
        }

        r = same_user_namespace(root, name);
        if (r == -ENOENT)
                return -ESRCH;
        if (r < 0)
                return r;
        if (r == 0) {
                *ret_reason = g_strdup("it runs in a user namespace of its own");
                return 1;
        }

        r = same_network_namespace(root, name);
        if (r == -ENOENT)
                return -ESRCH;
        if (r < 0)
                return r;
        if (r == 0) {
                *ret_reason = g_strdup("it runs in a network namespace of its own");
                return 1;
        }
        return 0;
}
