/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "histogram.h"

static void assert_drawn(const double *values, size_t n, const char *symbols, const char *ascii) {
        g_autofree char *drawn = histogram_draw(values, n, false), *plain = histogram_draw(values, n, true);

        g_assert_cmpstr(drawn, ==, symbols);
        g_assert_cmpstr(plain, ==, ascii);
}

static void test_shape(void) {
        /* Six bins of 1 each. */
        static const double nine[] = { 0, 1.5, 1.6, 2.1, 2.2, 2.3, 2.4, 3.9, 6 };
        /* One far away is seen, however many others there are. */
        static double many[101];

        assert_drawn(nine, G_N_ELEMENTS(nine), "▂▄█▂ ▂", ":=#: :");
        for (size_t i = 0; i < 100; i++)
                many[i] = 1;
        many[100] = 2;
        assert_drawn(many, 101, "█                   ▁", "#                   .");
}

static void test_nothing(void) {
        static const double equal[] = { 3, 3, 3, 3, 3, 3 }, unknown[] = { 1, 2, 3, 4, 5, NAN },
                            few[] = { 1, 2, 3, 4, 5 };

        assert_drawn(equal, 6, NULL, NULL);
        assert_drawn(unknown, 6, NULL, NULL);
        assert_drawn(few, 5, NULL, NULL);
        assert_drawn(NULL, 0, NULL, NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/histogram/shape", test_shape);
        g_test_add_func("/histogram/nothing", test_nothing);
        return g_test_run();
}
