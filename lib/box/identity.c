/* SPDX-License-Identifier: MIT */
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "identity.h"

#define PASSWD_BUFFER_MAX (1024U * 1024U)

/* By name, or by uid without one; entry's strings are in *ret_buffer. */
static int lookup_passwd(const char *name, uid_t uid, struct passwd *entry, char **ret_buffer) {
        size_t size = 4096;

        for (;;) {
                g_autofree char *buffer = g_malloc(size);
                struct passwd *found = NULL;
                int r;

                r = name ? getpwnam_r(name, entry, buffer, size, &found)
                         : getpwuid_r(uid, entry, buffer, size, &found);
                if (r == ERANGE && size < PASSWD_BUFFER_MAX) {
                        size *= 2;
                        continue;
                }
                if (r > 0 && r != ENOENT)
                        return -r;
                if (!found)
                        return -ESRCH;
                *ret_buffer = g_steal_pointer(&buffer);
                return 0;
        }
}

int system_user_lookup(const char *name, uid_t *ret_uid, gid_t *ret_gid) {
        g_autofree char *buffer = NULL;
        struct passwd entry;
        int r;

        r = lookup_passwd(name, 0, &entry, &buffer);
        if (r < 0)
                return r;
        *ret_uid = entry.pw_uid;
        *ret_gid = entry.pw_gid;
        return 0;
}

int identity_lookup(uid_t uid, const gid_t *groups, size_t n_groups, bool confined, Identity **ret) {
        g_autoptr(Identity) identity = g_new0(Identity, 1);
        g_autofree char *buffer = NULL;
        struct passwd entry;
        int r;

        identity->uid = uid;
        identity->change = confined || uid != geteuid();
        r = lookup_passwd(NULL, uid, &entry, &buffer);
        if (r >= 0) {
                identity->gid = entry.pw_gid;
                identity->name = g_strdup(entry.pw_name);
                identity->home = g_strdup(entry.pw_dir);
                identity->shell = g_strdup(entry.pw_shell);
        } else if (r == -ESRCH && !identity->change) {
                /* A container's uid without an entry: nothing has to be changed, so nothing has to be known. */
                identity->gid = getegid();
                r = 0;
        }
        if (r < 0)
                return r;

        identity->groups = g_memdup2(groups, n_groups * sizeof(gid_t));
        identity->n_groups = n_groups;
        *ret = g_steal_pointer(&identity);
        return 0;
}

Identity *identity_free(Identity *identity) {
        if (!identity)
                return NULL;
        g_free(identity->groups);
        g_free(identity->name);
        g_free(identity->home);
        g_free(identity->shell);
        g_free(identity);
        return NULL;
}

char **identity_environment(const Identity *identity) {
        g_autoptr(GPtrArray) env = g_ptr_array_new();

        g_ptr_array_add(env, g_strdup("PATH=/usr/local/bin:/usr/bin:/bin"));
        g_ptr_array_add(env, g_strdup("LANG=C.UTF-8"));
        if (identity->home)
                g_ptr_array_add(env, g_strdup_printf("HOME=%s", identity->home));
        if (identity->name) {
                g_ptr_array_add(env, g_strdup_printf("USER=%s", identity->name));
                g_ptr_array_add(env, g_strdup_printf("LOGNAME=%s", identity->name));
        }
        if (identity->shell)
                g_ptr_array_add(env, g_strdup_printf("SHELL=%s", identity->shell));
        g_ptr_array_add(env, NULL);
        return (char **) g_ptr_array_free(g_steal_pointer(&env), FALSE);
}

static int capabilities_clear(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* Needs CAP_SETPCAP, which the worker's unit may not have; no new privileges closes the same door. */
static void capabilities_unbound(void) {
        (void) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
                (void) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

int capabilities_drop(void) {
        capabilities_unbound();
        return capabilities_clear();
}

static int become(const Identity *identity) {
        capabilities_unbound();
        if (syscall(SYS_setgroups, identity->n_groups, identity->groups) < 0)
                return -errno;
        if (syscall(SYS_setresgid, identity->gid, identity->gid, identity->gid) < 0)
                return -errno;
        if (syscall(SYS_setresuid, identity->uid, identity->uid, identity->uid) < 0)
                return -errno;
        /* It still holds our memory, which its user must not read or write: with fs.suid_dumpable=1 the change of
         * credentials alone leaves it open to ptrace. exec() makes the program an ordinary one again. */
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        return capabilities_clear();
}

int privileges_drop(uid_t uid, gid_t gid) {
        const Identity identity = { .uid = uid, .gid = gid };
        int r;

        r = uid == geteuid() ? capabilities_drop() : become(&identity);
        if (r < 0)
                return r;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

int identity_assume(const Identity *identity, pid_t parent) {
        int r;

        if (identity->change) {
                r = become(identity);
                if (r < 0)
                        return r;
        }
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
                return -errno;
        if (getppid() != parent)
                return -ESRCH;
        return 0;
}
