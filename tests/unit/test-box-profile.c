/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "box-fixture.h"

/* ---- what the program sees ---- */

static void test_root(Fixture *f, gconstpointer data) {
        g_autofree char *output = NULL;
        g_auto(GStrv) names = NULL;
        const char *const wanted[] = { "box", "dev", "etc", "proc", "tmp", "usr", NULL };

        (void) run(f, SH("ls -A /"), &output);
        names = g_strsplit(g_strchomp(output), "\n", -1);
        for (const char *const *name = wanted; *name; name++)
                g_assert_true(g_strv_contains((const char *const *) names, *name));
        for (char **name = names; *name; name++) /* bin, sbin, lib, lib64, … */
                g_assert_true(g_strv_contains(wanted, *name) || g_str_has_suffix(*name, "bin") ||
                              g_str_has_prefix(*name, "lib"));
}

static void test_nothing_of_the_host(Fixture *f, gconstpointer data) {
        assert_output(f,
                      "for p in /home /root /var /run /sys /srv /mnt /opt /boot /work /etc/shadow /etc/hostname "
                      "/etc/ld.so.preload /dev/kmsg /dev/tty /dev/mem /dev/pts /proc/sys /proc/kcore /proc/cpuinfo "
                      "/proc/kallsyms /proc/sysrq-trigger /proc/1; do [ ! -e $p ] || echo $p; done",
                      "");
}

static void test_etc(Fixture *f, gconstpointer data) {
        assert_output(f, "ls /etc | grep -vx 'alternatives\\|ld.so.cache'", "group\nhosts\nnsswitch.conf\npasswd\n");
        assert_output(f, "id -un; id -gn; hostname; uname -n", "box\nbox\nbox\nbox\n");
}

static void test_read_only(Fixture *f, gconstpointer data) {
        assert_output(f,
                      "for d in / /usr /usr/bin /bin /etc /dev /proc; do "
                      "  (: > $d/new) 2>/dev/null && echo $d; done; "
                      "(echo > /etc/passwd) 2>/dev/null && echo passwd; "
                      "chmod 600 /dev/null 2>/dev/null && echo null; true",
                      "");
        assert_output(f, "awk '$5 ~ \"^/(usr|etc)\" && $6 !~ /^ro,nosuid,nodev/' /proc/self/mountinfo", "");
        assert_output(f, "awk '$6 !~ /nosuid/ || ($6 !~ /nodev/ && $5 !~ \"^/dev/[a-z]+$\")' /proc/self/mountinfo",
                      "");
}

static void test_writable(Fixture *f, gconstpointer data) {
        assert_output(f, "for d in . /box /tmp /dev/shm $HOME $TMPDIR; do echo $d > $d/file; cat $d/file; done; pwd",
                      ".\n/box\n/tmp\n/dev/shm\n/box\n/tmp\n/box\n");
}

static void test_size_limit(Fixture *f, gconstpointer data) {
        /* 4 MiB, and the probe's own size on top */
        assert_output(f, "head -c 4100000 /dev/zero > a && echo yes; head -c 200000 /dev/zero > /tmp/b || echo no",
                      "yes\nno\n");
}

/* A hole is not charged to the tmpfs; a file that has one is no larger than it all the same. */
static void test_file_limit(Fixture *f, gconstpointer data) {
        static const struct {
                const char *size;
                int code, status;
        } cases[] = {
                { "4194304", CLD_EXITED, 0 },
                { "4194305", CLD_KILLED, SIGXFSZ },
                { "1099511627776", CLD_KILLED, SIGXFSZ },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const BoxEnd end = run(f, PROBE_DO((char *) "sparse", (char *) cases[i].size), NULL);

                g_test_message("%s", cases[i].size);
                g_assert_cmpint(end.end_code, ==, cases[i].code);
                g_assert_cmpint(end.end_status, ==, cases[i].status);
        }
        assert_output(f, "trap '' XFSZ; ./probe sparse 4194305; echo $?; stat -c %s sparse", "27\n0\n"); /* EFBIG */
        assert_output(f, "ulimit -f 1000000 2>/dev/null && echo raised; ulimit -Hf", "8192\n");
}

static void test_inode_limit(Fixture *f, gconstpointer data) {
        g_autofree char *output = NULL;

        (void) run(f,
                   SH("i=0; while [ $i -lt 1000 ]; do [ -e / ] && touch /tmp/$i 2>/dev/null || break; "
                      "i=$((i + 1)); done; echo $i"),
                   &output);
        g_assert_cmpint(atoi(output), >=, 100);
        g_assert_cmpint(atoi(output), <, 200);
}

static void test_devices(Fixture *f, gconstpointer data) {
        assert_output(f, "ls /dev", "fd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\nurandom\nzero\n");
        assert_output(f,
                      "echo x > /dev/null; head -c 3 /dev/zero | od -An -tx1; head -c 8 /dev/urandom | wc -c; "
                      "echo y 2>/dev/null > /dev/full || echo full; echo z > /dev/stdout; echo w >&2 2>/dev/stderr",
                      " 00 00 00\n8\nfull\nz\n");
}

static void test_files(Fixture *f, gconstpointer data) {
        add_file(f, "a/b/data.txt", text_file("hello\n"), 0600);
        add_file(f, "run.sh", text_file("#!/bin/sh\necho script\n"), 0755);
        f->files[1].offset = 1;
        f->files[1].size = 4;
        assert_output(f, "cat a/b/data.txt; echo; ./run.sh; (./a/b/data.txt) 2>/dev/null || echo not executable",
                      "ello\nscript\nnot executable\n");
        assert_output(f, "echo beside > a/b/new; cat a/b/new", "beside\n");
}

/* As an unprivileged user's, they belong to the program's user, who can do to them what owners can. */
static void test_files_unchanged(Fixture *f, gconstpointer data) {
        add_file(f, "a/data", text_file("hello\n"), 0644);
        assert_output(f,
                      "(echo x > a/data; chmod 777 a/data; rm -f a/data; mv a/data b; mv a b; rm probe; ln -f a/data "
                      "c) "
                      "2>/dev/null; cat a/data; ls",
                      "hello\na\nprobe\n");
}

static void test_bad_names(Fixture *f, gconstpointer data) {
        const char *const names[] = { "", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "." };

        f->spec.argv = SH("true");
        f->root.n_files = 2;
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *why = NULL;
                Box *box = NULL;

                f->files[1] = (BoxFile){ .name = names[i], .fd = -1 };
                g_assert_cmpint(box_spawn(&f->spec, &box, &why), ==, -EINVAL);
                g_assert_nonnull(why);
        }
        f->root.n_files = 1;
}

static void test_environment(Fixture *f, gconstpointer data) {
        g_autofree char *output = NULL;

        assert_output(f, "env -u PWD -u OLDPWD -u SHLVL -u _ env | sort",
                      "HOME=/box\nLANG=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin\nTMPDIR=/tmp\n");
        (void) run(f, ((char *const[]){ (char *) "/usr/bin/env", NULL }), &output);
        g_assert_cmpstr(output, ==, "PATH=/usr/local/bin:/usr/bin:/bin\nHOME=/box\nLANG=C.UTF-8\nTMPDIR=/tmp\n");
        assert_output(f, "umask; ulimit -n; ulimit -l", "0022\n1024\n0\n");
}

/* With a byte the kernel starts no handler of core dumps; with none, or none again, it would. */
static void test_no_core(Fixture *f, gconstpointer data) {
        assert_output(f,
                      "set -- $(grep '^Max core file size' /proc/self/limits); echo $5 $6\n"
                      "ulimit -c 0 2>/dev/null || echo kept",
                      "1 1\nkept\n");
}

/* ---- who it is ---- */

static void test_identity(Fixture *f, gconstpointer data) {
        const uid_t id = BOX_UID;
        g_autofree char *wanted = g_strdup_printf(
                        "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n"
                        "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
                        "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n",
                        id, id, id, id, id, id, id, id);

        assert_output(f, "grep -E '^(Uid|Gid|Cap|NoNewPrivs|Seccomp:)' /proc/self/status", wanted);
}

/* No capability comes back by way of uid 0: each such bit and its lock, keep-caps off and locked. */
static void test_securebits(Fixture *f, gconstpointer data) {
        assert_output(f, "./probe call securebits", "239\n");
}

static void test_groups(Fixture *f, gconstpointer data) {
        g_autofree char *wanted = g_strdup_printf("%u\n", BOX_UID);

        assert_output(f, "id -G", wanted);
}

/* Two boxes that live at once have each its own uid; that is what the host sees, too. */
static uid_t uid_of(pid_t pid) {
        g_autofree char *path = g_strdup_printf("/proc/%d", pid);
        struct stat st;

        g_assert_cmpint(stat(path, &st), ==, 0);
        return st.st_uid;
}

static pid_t program_of(const Box *box) {
        g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", box->pid, box->pid);
        g_autofree char *text = NULL;

        g_assert_cmpint(read_file_at(AT_FDCWD, path, &text), >=, 0);
        g_assert_cmpint(atoi(text), >, 1);
        return atoi(text);
}

static void test_two_boxes(Fixture *f, gconstpointer data) {
        g_autofree char *directory = g_dir_make_tmp("jt-uids-XXXXXX", NULL), *output = NULL, *wanted = NULL;
        autofd dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        UidLease *first = NULL, *second = NULL, *third = NULL;
        const int netns_fd = f->root.netns_fd;
        Box *a, *b;

        g_assert_cmpint(uid_lease(dir_fd, BOX_UID, BOX_UID + N_BOX_UIDS - 1, &first), ==, 0);
        f->identity.uid = f->identity.gid = first->uid;
        f->root.uid_lock_fd = first->fd;
        a = spawn(f, SH("echo secret > /tmp/x; echo secret > /dev/shm/x; echo secret > x; sleep 60"));
        uid_lease_free(first); /* the box still holds it */

        g_assert_cmpint(uid_lease(dir_fd, BOX_UID, BOX_UID + N_BOX_UIDS - 1, &second), ==, 0);
        f->identity.uid = f->identity.gid = second->uid;
        f->root.uid_lock_fd = second->fd;
        f->root.netns_fd = -1;
        g_assert_cmpint(netns_pool_take(f->pool, &f->root.netns_fd), ==, 0);
        g_assert_cmpint(f->root.netns_fd, !=, netns_fd);
        b = spawn(f, SH("cat /tmp/x /dev/shm/x x; ls -A /tmp /dev/shm; echo /proc/[0-9]*; id -u"));

        g_assert_cmpuint(uid_of(program_of(a)), ==, BOX_UID);
        g_assert_cmpuint(uid_of(program_of(b)), ==, BOX_UID + 1);
        g_assert_cmpint(box_open_gate(a), ==, 0);
        g_usleep(100000);
        g_assert_cmpint(box_open_gate(b), ==, 0);
        wait_exit(b);
        (void) end_of(b, &output);
        wanted = g_strdup_printf("/dev/shm:\n\n/tmp:\n/proc/2\n%u\n", BOX_UID + 1);
        g_assert_cmpstr(output, ==, wanted);

        box_free(b);
        box_free(a);
        g_assert_cmpint(uid_lease(dir_fd, BOX_UID, BOX_UID + N_BOX_UIDS - 1, &third), ==, 0);
        g_assert_cmpuint(third->uid, ==, BOX_UID);
        uid_lease_free(second);
        uid_lease_free(third);

        netns_pool_give_back(f->pool, netns_fd);
        g_assert_cmpint(netns_pool_take(f->pool, &f->root.netns_fd), ==, 0);
        g_assert_cmpint(f->root.netns_fd, ==, netns_fd);
        f->root.uid_lock_fd = -1;
        for (uid_t uid = BOX_UID; uid < BOX_UID + 2; uid++) {
                g_autofree char *name = g_strdup_printf("%u", uid);

                g_assert_cmpint(unlinkat(dir_fd, name, 0), ==, 0);
        }
        g_assert_cmpint(rmdir(directory), ==, 0);
}

/* ---- what is around it ---- */

static void test_pids(Fixture *f, gconstpointer data) {
        assert_output(f, "echo $$ $PPID; cut -d' ' -f5,6 /proc/$$/stat; echo /proc/[0-9]*", "2 1\n2 2\n/proc/2\n");
}

#define LIST_FDS "for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 64; do [ ! -L /proc/$$/fd/$i ] || echo $i; done"

static void test_descriptors(Fixture *f, gconstpointer data) {
        autofd inheritable = dup(probe_fd);

        g_assert_cmpint(inheritable, <=, 12);
        assert_output(f, LIST_FDS, "0\n1\n2\n");
        f->spec.extra_fd = text_file("three\n");
        g_assert_cmpint(lseek(f->spec.extra_fd, 0, SEEK_SET), ==, 0);
        assert_output(f, LIST_FDS "; cat <&3", "0\n1\n2\n3\nthree\n");
        f->spec.extra_fd = safe_close(f->spec.extra_fd);
}

static void test_stdin(Fixture *f, gconstpointer data) {
        f->spec.stdin_fd = text_file("in\n");
        g_assert_cmpint(lseek(f->spec.stdin_fd, 0, SEEK_SET), ==, 0);
        assert_output(f, "cat", "in\n");
        f->spec.stdin_fd = safe_close(f->spec.stdin_fd);
        assert_output(f, "cat | wc -c", "0\n");
}

static void test_network(Fixture *f, gconstpointer data) {
        assert_output(f, "cut -d: -f1 /proc/self/net/dev | tail -n +3 | tr -d ' '; tail -n +2 /proc/self/net/route",
                      "lo\n");
}

static void test_namespaces(Fixture *f, gconstpointer data) {
        const char *const names[] = { "cgroup", "ipc", "mnt", "net", "pid", "uts" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *ours = g_strdup_printf("/proc/self/ns/%s", names[i]);
                g_autofree char *outside = g_file_read_link(ours, NULL), *inside = NULL;

                (void) run(f, ((char *const[]){ (char *) "readlink", ours, NULL }), &inside);
                g_assert_true(g_str_has_prefix(inside, names[i]));
                g_assert_cmpstr(g_strchomp(inside), !=, outside);
        }
}

static void test_cpus(Fixture *f, gconstpointer data) {
        cpu_set_t cpus;

        g_assert_cmpint(cpulist_parse("0", &cpus), ==, 0);
        f->spec.cpus = &cpus;
        assert_output(f, "grep ^Cpus_allowed_list /proc/self/status", "Cpus_allowed_list:\t0\n");
        f->spec.cpus = NULL;
}

/* Without controllers limits of the process stand in for them. In a user namespace the number of tasks is exact; a uid
 * is shared by all boxes that wait at their gates. */
static void test_process_limits(Fixture *f, gconstpointer data) {
        g_autofree char *children = g_strdup_printf("%u\n", 7 + (f->root.user_namespace ? 0 : BOXES_AT_ONCE_MAX));

        f->spec.tasks_max = 8;
        assert_output(f, "exec ./probe children", children);
        f->spec.tasks_max = 32;
        assert_output(f, "python3 -c 'bytearray(1 << 30)' 2>&1 | tail -n 1", "MemoryError\n");
        assert_output(f, "python3 -c 'bytearray(1 << 28); print(1)' 2>&1 | tail -n 1", "1\n");
}

/* A CPU limit does not coarsen a program's own clock. */
static void test_cpu_clock(Fixture *f, gconstpointer data) {
        assert_output(f, "./probe cpu-clock", "0\n");
}

static void test_cgroup(Fixture *f, gconstpointer data) {
        if (f->containment->kind == CONTAINMENT_PROCESS_GROUP) {
                assert_output(f, "grep -c ^0:: /proc/self/cgroup", "1\n");
                return;
        }
        assert_output(f, "grep ^0:: /proc/self/cgroup", "0::/run\n");
}

/* Nothing of what one run can see that is not a clock or a kernel's running number differs in the next. */
static void test_alike(Fixture *f, gconstpointer data) {
        char *const *look = SH("id; pwd; env; ls -lnAiR /box /dev/shm /tmp /etc/passwd; uname -a; "
                               "ls -i / | grep -v proc; cat /proc/self/limits /proc/self/cgroup; echo $$ $PPID; "
                               "cut -d' ' -f 4- /proc/self/mountinfo; ls /proc/self/fd; cat /proc/self/oom_score_adj; "
                               "cat /proc/self/net/snmp /proc/self/net/netstat");
        g_autofree char *first = NULL, *second = NULL;
        g_autoptr(GRegex) clock = g_regex_new("[A-Z][a-z]{2} +\\d+ \\d\\d:\\d\\d", 0, 0, NULL);
        g_autofree char *a = NULL, *b = NULL;

        (void) run(f, look, &first);
        (void) run(f, SH("exec 3> /tmp/x; echo x > y; python3 -c 'import socket; socket.socketpair()'"), NULL);
        (void) run(f, look, &second);
        a = g_regex_replace(clock, first, -1, 0, "", 0, NULL);
        b = g_regex_replace(clock, second, -1, 0, "", 0, NULL);
        g_assert_cmpuint(strlen(a), >, 1000);
        g_assert_cmpstr(a, ==, b);
}

/* ---- how it ends ---- */

static void test_ends(Fixture *f, gconstpointer data) {
        const struct {
                const char *what;
                int code, status;
        } cases[] = {
                { "abort", CLD_KILLED, SIGABRT },
                { "terminate", CLD_KILLED, SIGTERM },
                { "alarm", CLD_KILLED, SIGALRM },
                { "nothing", CLD_EXITED, 2 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                BoxEnd end = run(f, PROBE_DO((char *) cases[i].what), NULL);

                g_test_message("%s", cases[i].what);
                g_assert_cmpint(end.stage, ==, BOX_STAGE_READY);
                g_assert_cmpint(end.end_code, ==, cases[i].code);
                g_assert_cmpint(end.end_status, ==, cases[i].status);
                g_assert_cmpuint(end.memory_peak, >, 0);
        }
}

static void test_exec_fails(Fixture *f, gconstpointer data) {
        const struct {
                const char *program;
                int error;
        } cases[] = {
                { "./missing", -ENOENT },  { "missing", -ENOENT },     { "./data", -EACCES },
                { "./garbage", -ENOEXEC }, { "/etc/passwd", -EACCES },
        };

        add_file(f, "data", text_file("x"), 0644);
        add_file(f, "garbage", text_file("\177ELF"), 0755);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                char *const argv[] = { (char *) cases[i].program, NULL };
                BoxEnd end = run(f, argv, NULL);

                g_test_message("%s", cases[i].program);
                g_assert_cmpint(end.stage, ==, BOX_STAGE_EXEC);
                g_assert_cmpint(end.error, ==, cases[i].error);
        }
}

/* The program ends; its child lives on until it is killed with the box. */
static void test_orphan(Fixture *f, gconstpointer data) {
        g_autoptr(Box) box = spawn(f, SH("setsid sleep 60 & exit 3"));
        BoxEnd end;

        g_assert_cmpint(box_open_gate(box), ==, 0);
        wait_exit(box);
        g_assert_cmpint(box_empty(box), ==, 0);
        end = end_of(box, NULL);
        g_assert_cmpint(end.end_code, ==, CLD_EXITED);
        g_assert_cmpint(end.end_status, ==, 3);
}

/* Taking down what the program stood in is not in its window: the stub, and with it the mounts, outlive it. */
static void test_stub_stays(Fixture *f, gconstpointer data) {
        g_autoptr(Box) box = spawn(f, SH("setsid sleep 60 & exit 3"));
        g_autofree char *mounts = g_strdup_printf("/proc/%d/ns/mnt", box->pid), *link = NULL;
        const pid_t stub = box->pid;
        BoxEnd end;

        g_assert_cmpint(box_open_gate(box), ==, 0);
        wait_exit(box);
        end = end_of(box, NULL);
        g_assert_cmpint(end.end_status, ==, 3);
        g_usleep(100000); /* for a stub that does not stay */
        link = g_file_read_link(mounts, NULL);
        g_assert_true((link != NULL) == (f->containment->kind != CONTAINMENT_PROCESS_GROUP));
        box_free(g_steal_pointer(&box));
        g_assert_cmpint(kill(stub, 0), ==, -1);
}

/* How a killed program ended is still the stub's word, not a guess. */
static void test_killed(Fixture *f, gconstpointer data) {
        g_autoptr(Box) box = spawn(f, SH("sleep 60"));
        BoxEnd end;

        g_assert_cmpint(box_open_gate(box), ==, 0);
        g_usleep(20000);
        end = end_of(box, NULL);
        g_assert_cmpint(end.end_code, ==, CLD_KILLED);
        g_assert_cmpint(end.end_status, ==, SIGKILL);
        if (f->containment->kind != CONTAINMENT_PROCESS_GROUP)
                g_assert_cmpuint(end.memory_peak, >, 0);
}

static void test_bomb(Fixture *f, gconstpointer data) {
        g_autoptr(Box) box = spawn(f, PROBE_DO((char *) "bomb"));
        const pid_t program = program_of(box);
        BoxEnd end;

        g_assert_cmpint(box_open_gate(box), ==, 0);
        g_usleep(200000);
        end = end_of(box, NULL);
        g_assert_cmpint(end.end_code, ==, CLD_KILLED);
        g_assert_cmpint(end.end_status, ==, SIGKILL);
        g_assert_cmpint(kill(program, 0), ==, -1);
        g_assert_cmpint(errno, ==, ESRCH);
}

/* The stub's work is not the program's. */
static void test_account(Fixture *f, gconstpointer data) {
        g_autoptr(Box) box = spawn(f, SH("i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done"));
        uint64_t before = 1, after, all;

        g_assert_cmpint(box_cpu_usec(box, &before), ==, 0);
        g_assert_cmpuint(before, <, 1000);
        g_assert_cmpint(box_open_gate(box), ==, 0);
        wait_exit(box);
        kill_all(box);
        if (box->leaf)
                g_assert_cmpint(leaf_cpu_usec(box->leaf, &all), ==, 0);
        g_assert_cmpint(box_cpu_usec(box, &after), ==, 0);
        g_assert_cmpuint(after, >, 5000);
        if (box->leaf)
                g_assert_cmpuint(after + box->setup_cpu_usec, <, all);
}

static void test_given_up(Fixture *f, gconstpointer data) {
        Box *box = spawn(f, SH("echo no"));
        const pid_t stub = box->pid, program = program_of(box);

        box_free(box);
        g_assert_cmpint(kill(stub, 0), ==, -1);
        g_assert_cmpint(kill(program, 0), ==, -1);
        g_assert_cmpuint(g_hash_table_size(f->containment->others), ==, 0);
}

/* A launcher that is killed takes its boxes along. */
static void test_launcher_dies(Fixture *f, gconstpointer data) {
        const uint64_t deadline = now_monotonic_usec() + WAIT_USEC;
        int fds[2], status;
        pid_t launcher, pids[2];

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        launcher = fork();
        if (launcher == 0) {
                Box *box = spawn(f, SH("setsid sleep 60"));

                pids[0] = box->pid;
                pids[1] = program_of(box);
                if (box_open_gate(box) < 0 || write(fds[1], pids, sizeof(pids)) != sizeof(pids))
                        _exit(1);
                (void) pause();
        }
        g_assert_cmpint(read(fds[0], pids, sizeof(pids)), ==, sizeof(pids));
        g_assert_cmpint(kill(launcher, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(launcher, &status, 0), ==, launcher);
        for (size_t i = 0; i < G_N_ELEMENTS(pids); i++)
                while (kill(pids[i], 0) == 0) {
                        (void) waitpid(pids[0], &status, WNOHANG); /* we are its reaper now */
                        g_assert_cmpuint(now_monotonic_usec(), <, deadline);
                        g_usleep(200);
                }
        (void) close(fds[0]);
        (void) close(fds[1]);
        if (f->containment->kind == CONTAINMENT_PROCESS_GROUP)
                return;
        g_assert_cmpint(unlinkat(f->containment->fd, "trial-1/run", AT_REMOVEDIR), ==, 0);
        g_assert_cmpint(unlinkat(f->containment->fd, "trial-1", AT_REMOVEDIR), ==, 0);
}

/* Without privileges and without a user namespace there is no box, and it is said why. */
static void test_refused(Fixture *f, gconstpointer data) {
        g_autofree char *why = NULL;
        Box *box = NULL;

        f->root.user_namespace = false;
        f->spec.argv = SH("true");
        g_assert_cmpint(box_spawn(&f->spec, &box, &why), ==, -ENOTSUP);
        g_assert_nonnull(strstr(why, "CAP_SYS_ADMIN"));
        g_assert_null(box);
}

/* The same where the kernel has no user namespace left to give. */
static void test_no_user_namespace(Fixture *f, gconstpointer data) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                g_autofree char *why = NULL;
                Box *box = NULL;

                g_assert_cmpint(unshare(CLONE_NEWUSER), ==, 0);
                g_assert_cmpint(write_file_at(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "0"), ==, 0);
                f->spec.argv = SH("true");
                g_assert_cmpint(box_spawn(&f->spec, &box, &why), ==, -ENOTSUP);
                g_assert_nonnull(strstr(why, "user namespace"));
                g_assert_nonnull(strstr(why, g_strerror(ENOSPC)));
                _exit(0);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv) {
        const struct {
                const char *name;
                void (*test)(Fixture *f, gconstpointer data);
                enum { BOTH, ROOT, NOT_ROOT } who;
        } tests[] = {
                { "root", test_root, BOTH },
                { "nothing-of-the-host", test_nothing_of_the_host, BOTH },
                { "etc", test_etc, BOTH },
                { "read-only", test_read_only, BOTH },
                { "writable", test_writable, BOTH },
                { "size-limit", test_size_limit, BOTH },
                { "file-limit", test_file_limit, BOTH },
                { "inode-limit", test_inode_limit, BOTH },
                { "devices", test_devices, BOTH },
                { "files", test_files, BOTH },
                { "files-unchanged", test_files_unchanged, ROOT },
                { "bad-names", test_bad_names, BOTH },
                { "environment", test_environment, BOTH },
                { "identity", test_identity, BOTH },
                { "securebits", test_securebits, BOTH },
                { "groups", test_groups, ROOT },
                { "two-boxes", test_two_boxes, ROOT },
                { "pids", test_pids, BOTH },
                { "descriptors", test_descriptors, BOTH },
                { "stdin", test_stdin, BOTH },
                { "network", test_network, BOTH },
                { "namespaces", test_namespaces, BOTH },
                { "cpus", test_cpus, BOTH },
                { "process-limits", test_process_limits, BOTH },
                { "cpu-clock", test_cpu_clock, BOTH },
                { "no-core", test_no_core, BOTH },
                { "cgroup", test_cgroup, BOTH },
                { "alike", test_alike, BOTH },
                { "ends", test_ends, BOTH },
                { "exec-fails", test_exec_fails, BOTH },
                { "orphan", test_orphan, BOTH },
                { "stub-stays", test_stub_stays, BOTH },
                { "killed", test_killed, BOTH },
                { "bomb", test_bomb, BOTH },
                { "account", test_account, BOTH },
                { "given-up", test_given_up, BOTH },
                { "launcher-dies", test_launcher_dies, BOTH },
                { "refused", test_refused, NOT_ROOT },
                { "no-user-namespace", test_no_user_namespace, NOT_ROOT },
        };

        open_tests(&argc, &argv);
        for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
                g_autofree char *path = g_strdup_printf("/box-profile/%s", tests[i].name);

                if (tests[i].who == BOTH || (tests[i].who == ROOT) == (geteuid() == 0))
                        g_test_add(path, Fixture, NULL, set_up, tests[i].test, tear_down);
        }
        return g_test_run();
}
