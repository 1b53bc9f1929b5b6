/* SPDX-License-Identifier: MIT */
/* T5: handles or ignores every signal, blocks them all, and spins.
 * Tries: to outlive SIGTERM, SIGXCPU, SIGALRM and SIGVTALRM.
 * Expected: TLE
 * Why: the limit is kept by cgroup.kill, which is SIGKILL for the whole leaf. */

#include <signal.h>
#include <stddef.h>

static void back_to_work(int sig) {
        (void) sig;
}

int main(void) {
        sigset_t all;

        for (int sig = 1; sig < 65; sig++)
                signal(sig, sig % 2 ? SIG_IGN : back_to_work);
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        raise(SIGVTALRM);
        for (volatile unsigned long n = 0;; n++)
                ;
}
