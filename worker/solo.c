/* SPDX-License-Identifier: MIT */
#include "solo.h"

struct Solo {
        Run *run;
        RunRecord *record;
        SoloOver over;
        void *userdata;
};

static void on_over(Run *run, void *userdata) {
        Solo *solo = userdata;

        solo->record = run_settle(run);
        solo->over(solo, solo->userdata);
}

int solo_start(sd_event *event, const BoxSpec *box, const RunLimits *limits, SoloOver over, void *userdata, Solo **ret,
               char **ret_why) {
        g_autoptr(Solo) solo = g_new0(Solo, 1);
        BoxStage stage;
        int r;

        solo->over = over;
        solo->userdata = userdata;
        r = run_new(event, box, limits, NULL, on_over, solo, &solo->run, ret_why);
        if (r >= 0)
                r = run_wait_ready(solo->run, &stage, ret_why);
        if (r < 0)
                return r;
        r = run_start(solo->run);
        if (r < 0) {
                *ret_why = g_strdup_printf("The run's gate cannot be opened: %s", g_strerror(-r));
                return r;
        }
        *ret = g_steal_pointer(&solo);
        return 0;
}

void solo_kill(Solo *solo, KilledFor reason) {
        run_kill(solo->run, reason);
}

RunRecord *solo_take_record(Solo *solo) {
        return g_steal_pointer(&solo->record);
}

const RunRecord *solo_record(const Solo *solo) {
        return solo->record;
}

const Capture *solo_output(const Solo *solo) {
        return run_output(solo->run);
}

const Capture *solo_error_output(const Solo *solo) {
        return run_error_output(solo->run);
}

Solo *solo_free(Solo *solo) {
        if (!solo)
                return NULL;
        run_free(solo->run);
        run_record_free(solo->record);
        g_free(solo);
        return NULL;
}
