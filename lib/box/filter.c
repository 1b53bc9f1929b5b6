/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "filter-calls.h"
#include "filter.h"

/* The kernel looks at the lower half only; so does every comparison that forbids. */
#define LOWER_HALF UINT64_C(0xffffffff)

struct Filter {
        struct sock_fprog program;
        char *sha256;
};

/* A name that this libseccomp or this architecture does not have needs no rule: the default answers. */
static int add_rules(scmp_filter_ctx context, uint32_t action, const char *words) {
        g_auto(GStrv) names = g_strsplit(words, " ", -1);

        for (char **name = names; *name; name++) {
                const int number = seccomp_syscall_resolve_name(*name);
                int r;

                if (number < 0)
                        continue;
                r = seccomp_rule_add(context, action, number, 0);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_masked(scmp_filter_ctx context, uint32_t action, int number, unsigned argument, uint64_t mask,
                      uint64_t value) {
        return seccomp_rule_add_array(context, action, number, 1,
                                      &(struct scmp_arg_cmp){ .arg = argument,
                                                              .op = SCMP_CMP_MASKED_EQ,
                                                              .datum_a = mask,
                                                              .datum_b = value & mask });
}

static int add_values(scmp_filter_ctx context, uint32_t action, int number, unsigned argument, const uint32_t *values,
                      size_t n) {
        for (size_t i = 0; i < n; i++) {
                int r = add_masked(context, action, number, argument, LOWER_HALF, values[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* A thread or a process, but no namespace. */
static int add_clone(scmp_filter_ctx context) {
        uint64_t namespaces = 0;
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(filter_clone_namespaces); i++) {
                const uint64_t flag = filter_clone_namespaces[i];

                namespaces |= flag;
                r = add_masked(context, SCMP_ACT_NOTIFY, SCMP_SYS(clone), 0, flag, flag);
                if (r < 0)
                        return r;
        }
        return add_masked(context, SCMP_ACT_ALLOW, SCMP_SYS(clone), 0, namespaces, 0);
}

/* Local sockets only. The others' namespace is empty, but it outlives the run, and counts what was tried in it. */
static int add_sockets(scmp_filter_ctx context) {
        const int numbers[] = { SCMP_SYS(socket), SCMP_SYS(socketpair) };

        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
                int r;

                r = seccomp_rule_add(context, SCMP_ACT_ALLOW, numbers[i], 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
                if (r < 0)
                        return r;
                r = seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT), numbers[i], 1,
                                     SCMP_A0(SCMP_CMP_NE, AF_UNIX));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Like a machine that has none. */
static int add_without_huge_pages(scmp_filter_ctx context) {
        for (size_t i = 0; i < G_N_ELEMENTS(filter_without_huge_pages); i++) {
                const int number = seccomp_syscall_resolve_name(filter_without_huge_pages[i].name);
                const unsigned argument = filter_without_huge_pages[i].argument;
                const uint32_t huge = filter_without_huge_pages[i].huge;
                int r;

                if (number < 0)
                        continue;
                r = add_masked(context, SCMP_ACT_ALLOW, number, argument, huge, 0);
                if (r < 0)
                        return r;
                r = add_masked(context, SCMP_ACT_ERRNO(ENOMEM), number, argument, huge, huge);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* All but that of core dumps: it is to stay where it is, see child_limit(). */
static int add_limits(scmp_filter_ctx context) {
        const struct scmp_arg_cmp core = SCMP_A1(SCMP_CMP_MASKED_EQ, LOWER_HALF, RLIMIT_CORE);
        int r;

        for (uint32_t resource = 0; resource < RLIM_NLIMITS; resource++) {
                if (resource == RLIMIT_CORE)
                        continue;
                r = add_masked(context, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, LOWER_HALF, resource);
                if (r < 0)
                        return r;
                r = add_masked(context, SCMP_ACT_ALLOW, SCMP_SYS(setrlimit), 0, LOWER_HALF, resource);
                if (r < 0)
                        return r;
        }
        r = add_masked(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(setrlimit), 0, LOWER_HALF, RLIMIT_CORE);
        if (r < 0)
                return r;
        r = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, core, SCMP_A2(SCMP_CMP_EQ, 0));
        if (r < 0)
                return r;
        return seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 2, core, SCMP_A2(SCMP_CMP_NE, 0));
}

static int add_by_argument(scmp_filter_ctx context) {
        int r;

        r = add_clone(context);
        if (r < 0)
                return r;
        r = add_sockets(context);
        if (r < 0)
                return r;
        r = add_without_huge_pages(context);
        if (r < 0)
                return r;
        r = add_limits(context);
        if (r < 0)
                return r;
        r = add_values(context, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, filter_ioctls_allowed,
                       G_N_ELEMENTS(filter_ioctls_allowed));
        if (r < 0)
                return r;
        r = add_values(context, SCMP_ACT_NOTIFY, SCMP_SYS(ioctl), 1, filter_ioctls_notified,
                       G_N_ELEMENTS(filter_ioctls_notified));
        if (r < 0)
                return r;
        r = add_values(context, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, filter_prctls_allowed,
                       G_N_ELEMENTS(filter_prctls_allowed));
        if (r < 0)
                return r;
        return add_values(context, SCMP_ACT_ALLOW, SCMP_SYS(personality), 0, filter_personalities_allowed,
                          G_N_ELEMENTS(filter_personalities_allowed));
}

static int add_all(scmp_filter_ctx context) {
        int r;

        r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r < 0)
                return r;
        /* A binary tree over the numbers; 1 would be a list. */
        r = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        if (r < 0)
                return r;
        r = add_rules(context, SCMP_ACT_ALLOW, filter_allowed);
        if (r < 0)
                return r;
        r = add_rules(context, SCMP_ACT_ERRNO(EPERM), filter_refused);
        if (r < 0)
                return r;
        r = add_rules(context, SCMP_ACT_NOTIFY, filter_notified);
        if (r < 0)
                return r;
        return add_by_argument(context);
}

/* libseccomp before 2.6 writes its program to a descriptor only. */
static int export(scmp_filter_ctx context, Filter *filter) {
        autofd fd = memfd_create("filter", MFD_CLOEXEC);
        struct stat st;
        int r;

        if (fd < 0)
                return -errno;
        r = seccomp_export_bpf(context, fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size == 0 || st.st_size > (off_t) (BPF_MAXINSNS * sizeof(struct sock_filter)))
                return -E2BIG;
        filter->program.len = (unsigned short) ((size_t) st.st_size / sizeof(struct sock_filter));
        filter->program.filter = g_malloc((gsize) st.st_size);
        if (pread(fd, filter->program.filter, (size_t) st.st_size, 0) != st.st_size)
                return -EIO;
        filter->sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *) filter->program.filter,
                                                     (gsize) st.st_size);
        return 0;
}

int filter_new(Filter **ret) {
        g_autoptr(Filter) filter = g_new0(Filter, 1);
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
        int r;

        if (!context)
                return -ENOMEM;
        r = add_all(context);
        if (r >= 0)
                r = export(context, filter);
        seccomp_release(context);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&filter);
        return 0;
}

Filter *filter_free(Filter *filter) {
        if (!filter)
                return NULL;
        g_free(filter->program.filter);
        g_free(filter->sha256);
        g_free(filter);
        return NULL;
}

const char *filter_sha256(const Filter *filter) {
        return filter->sha256;
}

int filter_install(const Filter *filter) {
        const long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter->program);

        return fd < 0 ? -errno : (int) fd;
}

int filter_read_call(int listener_fd, FilterCall *ret) {
        struct pollfd item = { .fd = listener_fd, .events = POLLIN };
        struct seccomp_notif_sizes sizes;
        g_autofree struct seccomp_notif *call = NULL;
        char *name;

        if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
                return -errno;
        /* The kernel fills as much as it knows, and wants it zeroed. */
        call = g_malloc0(MAX(sizes.seccomp_notif, sizeof(*call)));
        if (poll(&item, 1, 0) < 0)
                return -errno;
        if (!(item.revents & POLLIN))
                return -EAGAIN; /* reading would wait */
        if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, call) < 0)
                return -errno;

        name = seccomp_syscall_resolve_num_arch(call->data.arch, call->data.nr);
        *ret = (FilterCall){ .name = name ? g_strdup(name) : g_strdup_printf("#%d", call->data.nr),
                             .pid = (pid_t) call->pid };
        for (size_t i = 0; i < G_N_ELEMENTS(ret->args); i++)
                ret->args[i] = call->data.args[i];
        free(name);
        return 0;
}

void filter_call_clear(FilterCall *call) {
        g_free(call->name);
        *call = (FilterCall){};
}
