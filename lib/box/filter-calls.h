/* SPDX-License-Identifier: MIT */
#pragma once

/* The lists behind filter.c, which alone includes this. What stands in none of them is answered with ENOSYS. */

#include <linux/prctl.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <termios.h>

/* What C libraries, compilers and language runtimes use. No arguments are looked at, so that the kernel answers from
 * its bitmap (Linux 5.11) and the program pays next to nothing. inotify is not among them: /usr is the host's, and
 * would tell who runs what. */
static const char filter_allowed[] =
                /* files */
                "access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 "
                "fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl "
                "fcntl64 fdatasync fgetxattr flistxattr flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync "
                "ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr lchown lgetxattr link linkat "
                "listxattr llistxattr lseek _llseek lstat lstat64 mkdir mkdirat mknod mknodat newfstatat "
                "open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead "
                "readlink readlinkat readv rename renameat renameat2 rmdir sendfile sendfile64 splice stat stat64 "
                "statfs statfs64 statx symlink symlinkat sync_file_range tee truncate truncate64 umask "
                "unlink unlinkat utime utimensat utimes vmsplice write writev "
                /* waiting */
                "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 poll ppoll "
                "pselect6 select _newselect signalfd signalfd4 timerfd_create timerfd_gettime timerfd_settime "
                /* memory */
                "brk madvise mincore mlock mlock2 mlockall mprotect mremap msync munlock munlockall munmap "
                "pkey_alloc pkey_free pkey_mprotect remap_file_pages get_mempolicy map_shadow_stack "
                /* processes, threads, signals */
                "arch_prctl capget capset execve execveat exit exit_group fork futex futex_requeue futex_wait "
                "futex_waitv futex_wake get_robust_list get_thread_area getpgid getpgrp getpid getppid getpriority "
                "getrlimit getrusage getsid gettid ioprio_get kill membarrier pause pidfd_open pidfd_send_signal "
                "restart_syscall riscv_flush_icache rseq rt_sigaction rt_sigpending rt_sigprocmask "
                "rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max "
                "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
                "sched_rr_get_interval sched_setaffinity sched_yield set_robust_list set_thread_area set_tid_address "
                "setpgid setsid sigaltstack tgkill tkill ugetrlimit vfork wait4 waitid waitpid "
                /* who one is; all these can do is stay so */
                "getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 "
                "getresuid getresuid32 getuid getuid32 setfsgid setfsuid setgid setgroups setregid setresgid "
                "setresuid setreuid setuid "
                /* time */
                "alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time "
                "timer_create timer_delete timer_getoverrun timer_gettime timer_settime times "
                /* local sockets, System V IPC, message queues: all in namespaces of the box */
                "accept accept4 bind connect getpeername getsockname getsockopt listen mq_getsetattr mq_notify "
                "mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd recvfrom recvmmsg recvmsg "
                "semctl semget semop semtimedop sendmmsg sendmsg sendto setsockopt shmat shmctl shmdt shutdown "
                /* the machine */
                "getcpu getrandom sysinfo uname ";

/* The affinity is not among them: the cpuset bounds it, and OpenMP, Go and Java set it. sync() would write back the
 * host's disks. */
static const char filter_refused[] =
                "ioprio_set mbind migrate_pages move_pages sched_setattr sched_setparam sched_setscheduler "
                "set_mempolicy set_mempolicy_home_node setpriority nice sync syncfs ";

static const char filter_notified[] =
                /* other processes */
                "pidfd_getfd process_vm_readv process_vm_writev ptrace "
                /* another root or namespace */
                "chroot mount open_by_handle_at pivot_root setns umount umount2 unshare "
                /* the kernel's innards */
                "add_key bpf delete_module finit_module init_module iopl ioperm kexec_file_load kexec_load keyctl "
                "perf_event_open request_key syslog "
                /* the machine */
                "acct adjtimex clock_adjtime clock_settime quotactl quotactl_fd reboot setdomainname sethostname "
                "settimeofday stime swapoff swapon vhangup ";

/* CLONE_NEWTIME is a signal number to clone(). */
static const uint32_t filter_clone_namespaces[] = {
        CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS,
};

static const uint32_t filter_ioctls_allowed[] = {
        TCGETS,   TCSETS,   TCSETSW, TCSETSF,  TIOCGWINSZ, TIOCGPGRP, TIOCGSID,
        TIOCOUTQ, FIONREAD, FIONBIO, FIOASYNC, FIOCLEX,    FIONCLEX,  RNDGETENTCNT,
};

/* Typing into the caller's terminal, if it ever got one (CVE-2017-5226). */
static const uint32_t filter_ioctls_notified[] = { TIOCSTI, TIOCLINUX };

/* Left out: what slows others down (PR_SCHED_CORE), what asks the kernel for more of itself (PR_SET_MM). */
static const uint32_t filter_prctls_allowed[] = {
        PR_SET_PDEATHSIG,       PR_GET_PDEATHSIG,    PR_GET_DUMPABLE,     PR_SET_DUMPABLE,
        PR_GET_KEEPCAPS,        PR_SET_KEEPCAPS,     PR_SET_NAME,         PR_GET_NAME,
        PR_GET_SECCOMP,         PR_CAPBSET_READ,     PR_GET_TSC,          PR_SET_TSC,
        PR_GET_SECUREBITS,      PR_SET_TIMERSLACK,   PR_GET_TIMERSLACK,   PR_SET_CHILD_SUBREAPER,
        PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS,
        PR_SET_THP_DISABLE,     PR_GET_THP_DISABLE,  PR_CAP_AMBIENT,      PR_GET_SPECULATION_CTRL,
        PR_SET_PTRACER,         PR_SET_VMA,
};

/* Pages of the host's pool are not counted by memory.max, and may be had without a reservation. */
static const struct {
        const char *name;
        unsigned argument;
        uint32_t huge;
} filter_without_huge_pages[] = {
        { "mmap", 3, MAP_HUGETLB },
        { "mmap2", 3, MAP_HUGETLB },
        { "memfd_create", 1, MFD_HUGETLB },
        { "shmget", 2, SHM_HUGETLB },
};

static const uint32_t filter_personalities_allowed[] = { PER_LINUX, ADDR_NO_RANDOMIZE, UINT32_MAX };
