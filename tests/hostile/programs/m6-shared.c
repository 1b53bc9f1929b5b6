/* SPDX-License-Identifier: MIT */
/* M6: memory that is not a process's own.
 * Tries: shared anonymous pages, a memfd, a file in /dev/shm, a SysV segment, POSIX message queues.
 * Expected: anonymous MLE, memfd MLE|RTE, shm MLE|RTE, sysv MLE|RTE, mq MLE|RTE
 * Why: all of it is charged to the leaf. memfd_create() and the IPC calls may be refused by the filter, /dev/shm may
 * be full before the memory limit, and a user's message queues end at RLIMIT_MSGQUEUE: then the program exits with 1.
 */

#define _GNU_SOURCE

#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#define SIZE (256UL << 20)

static int touch(volatile char *memory) {
        if (memory == MAP_FAILED)
                return 1;
        for (size_t i = 0; i < SIZE; i += 4096)
                memory[i] = 1;
        puts("256 MiB");
        return 0;
}

static int fill(int fd) {
        static char block[1 << 20];

        memset(block, 1, sizeof(block));
        for (size_t i = 0; i < SIZE; i += sizeof(block))
                if (write(fd, block, sizeof(block)) != (ssize_t) sizeof(block))
                        return 1;
        puts("256 MiB");
        return 0;
}

static int queues(void) {
        struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = 8192 };
        static char message[8192];
        char name[32];

        for (int i = 0; i < 4096; i++) {
                mqd_t mq;

                snprintf(name, sizeof(name), "/hostile-%d", i);
                mq = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
                if (mq < 0)
                        return 1;
                while (mq_send(mq, message, sizeof(message), 0) == 0)
                        ;
        }
        puts("320 MiB");
        return 0;
}

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";

        if (strcmp(how, "anonymous") == 0)
                return touch(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
        if (strcmp(how, "memfd") == 0)
                return fill(memfd_create("hostile", 0));
        if (strcmp(how, "shm") == 0)
                return fill(open("/dev/shm/hostile", O_RDWR | O_CREAT, 0600));
        if (strcmp(how, "sysv") == 0) {
                int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);

                return id < 0 ? 1 : touch(shmat(id, NULL, 0));
        }
        if (strcmp(how, "mq") == 0)
                return queues();
        return 0;
}
