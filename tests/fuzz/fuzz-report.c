/* SPDX-License-Identifier: MIT */

/* Reports, as a service of another machine or version may send them, and as they lie in a file of a batch. */

#include <stdint.h>

#include "report-read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_strings(const Validation *validation) {
        for (size_t i = 0; i < validation->n_tests; i++)
                g_assert_true(!validation->tests[i].name || g_utf8_validate(validation->tests[i].name, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *) data;
        g_autoptr(Report) report = NULL;
        g_autoptr(Validation) validation = NULL;
        const int r = report_parse(text, size, &report), v = validation_parse(text, size, &validation);

        g_assert_true((r >= 0) == (report != NULL));
        g_assert_true(v >= 0 || !validation);
        g_assert_true(r < 0 || v >= 0); /* whoever takes the whole takes the part */
        if (report)
                (void) report_has_energy(report);
        if (validation)
                check_strings(validation);
        return 0;
}
