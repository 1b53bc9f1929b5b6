/* SPDX-License-Identifier: MIT */
#pragma once

/* One run of one program: spawned, set up and held at a gate before the window opens, let go, killed to the last
 * process. Making it needs privileges and happens in the launcher (launcher.h), where there is one; all that is done
 * to a Box after that needs none, but for profile "host" in a process group the right to signal the program's user. */

#include <stdbool.h>

#include "containment.h"
#include "cpuset.h"
#include "filter.h"
#include "identity.h"

typedef struct Launcher Launcher;

/* In BoxFile.fd: the whole of the n-th descriptor of BoxSpec.handed, a memfd. */
#define BOX_HANDED(n) (-2 - (n))
#define BOX_HANDED_NUMBER(fd) ((size_t) (BOX_HANDED(0) - (fd)))
#define BOX_HANDED_MAX 8

/* Most boxes of one identity that there are at a time: one that runs, and others at their gates. */
#define BOXES_AT_ONCE_MAX 64U

/* Bytes of a sealed memfd that are to be a file of a box. */
typedef struct BoxFile {
        const char *name; /* below /box; with slashes, but without empty, "." or ".." parts */
        int fd;           /* or BOX_HANDED() */
        uint64_t offset, size;
        mode_t mode; /* only whether it can be executed counts: it can be read by all and written by nobody */
} BoxFile;

/* What makes a run one of profile "box". All descriptors are borrowed until box_spawn() returns. */
typedef struct BoxRoot {
        const BoxFile *files;
        size_t n_files;
        uint64_t tmpfs_bytes, inodes; /* that the program may fill in /box, /tmp and /dev/shm together */
        int netns_fd;                 /* of a NetnsPool; -1: a new one, unless a launcher has some to spare */
        const char *hostname;
        const Filter *filter;
        bool user_namespace; /* for a process without privileges; the identity then is what it shall seem to be */
        int uid_lock_fd;     /* UidLease.fd, held while the box lives; -1: none */
} BoxRoot;

typedef struct BoxSpec {
        const char *profile;      /* "host": with the umask that we have; "box" */
        const BoxRoot *root;      /* of a box; NULL for the host's */
        const Identity *identity; /* whom the program runs as */
        char *const *argv;        /* argv[0] is looked for in env's PATH unless it has a slash */
        char *const *env;
        int cwd_fd;        /* entered with the program's credentials; -1: the root directory. Not for a box */
        int stdin_fd;      /* -1: empty */
        int extra_fd;      /* the program's descriptor 3; -1: none */
        const int *handed; /* of files that were not there yet when root was made; n_handed of them */
        size_t n_handed;
        const cpu_set_t *cpus;    /* affinity; NULL or empty: as we are */
        uint64_t memory_max;      /* bytes, beside the files sent along */
        uint32_t tasks_max;       /* without a pids controller, and with a uid of its own, BOXES_AT_ONCE_MAX more */
        Containment *containment; /* outlives the box */
        Launcher *launcher; /* who makes it, from the spec it was started with and our descriptors; NULL: this process
                             */
        uint32_t number;    /* of that spec in the launcher's table */
} BoxSpec;

/* How far a run got before it failed; words for a message in box_stage_to_string(). */
typedef enum BoxStage {
        BOX_STAGE_READY, /* waits at its gate */
        BOX_STAGE_SETUP,
        BOX_STAGE_NAMESPACES,
        BOX_STAGE_ROOT,
        BOX_STAGE_IDENTITY,
        BOX_STAGE_CHDIR,
        BOX_STAGE_FILTER,
        BOX_STAGE_EXEC,
} BoxStage;

const char *box_stage_to_string(BoxStage stage);

typedef struct Boxed Boxed;

typedef struct Box {
        pid_t pid; /* of the program, or of its box's stub */
        int pidfd; /* readable when the program has exited (for a box this is its status socket) */
        int gate_fd, status_fd;
        int stdout_fd, stderr_fd; /* our ends, non-blocking; the caller drains them */
        Leaf *leaf;               /* NULL for a process group */
        uint32_t id;              /* BoxParts.id */
        uint64_t file_bytes;      /* of the leaf's memory: files sent along */
        Boxed *boxed;             /* NULL for profile "host" */
        Containment *containment;
        Launcher *launcher;
        bool gate_open, reaped;
        bool over;      /* process group: nothing of it lives any more */
        BoxStage stage; /* READY, or what failed with error; valid after box_wait_ready() and box_collect() */
        int error;      /* negative errno */
        int end_code, end_status; /* of the program, once reaped */
        uint64_t setup_cpu_usec;  /* spent before the gate, left out of all that follows */
        uint64_t reaped_cpu_usec; /* process group: of those that are gone */
        uint64_t max_rss;         /* bytes, of the program and the children it waited for */
} Box;

/* Starts a run in a leaf of its own, every limit of it written and read back. Waits for the launcher at most, see
 * there. -ENOTRECOVERABLE: a limit or controller is missing (the job ends ScopeFailed). -ENOTSUP: the kernel gives us
 * no box (BoxUnavailable). Other errors are of fork's kind, or the launcher's. *ret_why (set on any error) is one
 * sentence.
 */
int box_spawn(const BoxSpec *spec, Box **ret, char **ret_why);

/* Waits until the run stands at its gate. Negative errno of the stage box->stage, or -ETIMEDOUT. -ENOTSUP: as above;
 * box->error has the kernel's word. */
int box_wait_ready(Box *box, uint64_t timeout_usec);

/* Readable (see filter_read_call()) when a boxed program made a call that must end its run; valid once it stands at
 * its gate. -1 for profile "host". The box keeps it. */
int box_listener_fd(const Box *box);

/* Lets the program go. The program's exec is the next thing that happens in the box. */
int box_open_gate(Box *box);

/* SIGKILL for everything in the box; returns at once. */
int box_kill(Box *box);

/* 1 when nothing of the box lives any more, 0 while something does. For a process group this is also what kills and
 * reaps strays. Negative errno when it cannot be known. */
int box_empty(Box *box);

/* Learns how the program ended (end_code, end_status), once. -EAGAIN when it has not. */
int box_reap(Box *box);

/* CPU time of everything that ran in the box since the gate, in µs. */
int box_cpu_usec(Box *box, uint64_t *ret_usec);

/* The same, to the last instant where there is a cgroup: the program is stopped for the reading, some 50 µs, of which
 * it can notice what it could of SIGSTOP and SIGCONT (signal(7): a few calls end with EINTR). For when it matters. */
int box_exact_cpu_usec(Box *box, uint64_t *ret_usec);

/* What a finished run left behind. */
typedef struct BoxEnd {
        BoxStage stage; /* READY when the program was started */
        int error;
        int end_code, end_status;
        uint64_t cpu_usec;
        uint64_t memory_peak;  /* bytes; of the leaf in a scope, less the files sent along; else of the largest process
                                */
        uint64_t oom_kills;    /* memory.events */
        uint64_t cache_capped; /* likewise: how often memory was taken back at the limit */
        uint64_t tasks_denied; /* pids.events */
} BoxEnd;

/* Reaps the program and reads its evidence. Call when box_empty() says 1. -EAGAIN when the program is not dead. */
int box_collect(Box *box, BoxEnd *ret);

/* Kills and reaps whatever is left, waiting for it at most two seconds (four for all boxes of a containment), and
 * removes the leaf. */
Box *box_free(Box *box);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Box, box_free)
