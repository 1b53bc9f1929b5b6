/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <math.h>

#include "units.h"

static const struct {
        double reference, resolution, value;
        const char *text;
} energies[] = {
        { 12.345, 0, 12.345, "12.35 J" },
        { 12.345, 0.001, 12.345, "12.35 J" },
        { 1.2345, 0.001, 1.2345, "1.234 J" },
        { 0.043, 0.001, 0.043, "43 mJ" },
        { 0.0431, 0.0001, 0.0431, "43.1 mJ" },
        { 0.043, 0, 0.043, "43.00 mJ" },
        { 0.99996, 0, 0.99996, "1.000 J" },
        { 999.96, 0, 999.96, "1.000 kJ" },
        { 999.94, 0, 999.94, "999.9 J" },
        { 1234.5, 0, 1234.5, "1.234 kJ" },
        { 123456, 0, 123456, "123.5 kJ" },
        { 12e-6, 0, 12e-6, "12.00 µJ" },
        { 12e-9, 0, 12e-9, "0.012 µJ" },
        /* however coarse the step, what is above 0 is not 0 */
        { 0.334e-6, 0.001, 0.334e-6, "0.3 µJ" },
        { 0.2e-3, 0.001, 0.2e-3, "200 µJ" },
        { 0, 0, 0, "0.000 J" },
        { -0.5, 0, -0.5, "-500.0 mJ" },
        { NAN, 0, NAN, "? J" },
        { 1, 0, INFINITY, "? J" },
        /* the interval takes the median's unit, so that the two compare */
        { 1.001, 0, 0.9994, "0.999 J" },
};

static void test_energy(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(energies); i++) {
                Scale scale = scale_energy(energies[i].reference, energies[i].resolution, false);
                g_autofree char *text = scale_format(&scale, energies[i].value);

                g_assert_cmpstr(text, ==, energies[i].text);
        }
}

static void test_time_and_power(void) {
        Scale time = scale_time(0.1832, false), micro = scale_time(3.2e-6, true), power = scale_power(67.4, false);
        g_autofree char *t = scale_format(&time, 0.1829), *u = scale_format(&micro, 3.2e-6),
                        *p = scale_format(&power, 67.4);

        g_assert_cmpstr(t, ==, "182.9 ms");
        g_assert_cmpstr(u, ==, "3.200 us");
        g_assert_cmpstr(p, ==, "67.40 W");
}

static void test_locale(void) {
        Scale scale = scale_energy(12.345, 0, false);
        g_autofree char *text = NULL;

        g_assert_nonnull(setlocale(LC_NUMERIC, "de_DE.UTF-8"));
        text = scale_format(&scale, 12.345);
        (void) setlocale(LC_NUMERIC, "C");
        g_assert_cmpstr(text, ==, "12,35 J");
}

static void test_spans_and_bytes(void) {
        static const struct {
                uint64_t usec;
                const char *text;
        } spans[] = {
                { 0, "< 1 s" },
                { 999999, "< 1 s" },
                { 12 * G_USEC_PER_SEC, "12 s" },
                { 125 * G_USEC_PER_SEC, "2 min 5 s" },
                { 3900 * (uint64_t) G_USEC_PER_SEC, "1 h 5 min" },
        };
        g_autofree char *mib = format_bytes(256 << 20), *odd = format_bytes(1536);

        for (size_t i = 0; i < G_N_ELEMENTS(spans); i++) {
                g_autofree char *text = format_span(spans[i].usec);

                g_assert_cmpstr(text, ==, spans[i].text);
        }
        g_assert_cmpstr(mib, ==, "256 MiB");
        g_assert_cmpstr(odd, ==, "1.5 KiB");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/units/energy", test_energy);
        g_test_add_func("/units/time-and-power", test_time_and_power);
        g_test_add_func("/units/locale", test_locale);
        g_test_add_func("/units/spans-and-bytes", test_spans_and_bytes);
        return g_test_run();
}
