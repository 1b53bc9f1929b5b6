/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "dictionary.h"
#include "errors.h"
#include "result.h"

const char *const result_verdicts[] = { "OK",  "AC", "WA", "TLE", "WTL", "MLE",     "OLE", "ELE",
                                        "RTE", "SV", "XF", "CE",  "IE",  "SKIPPED", NULL };

/* The keys besides "result" itself. */
static const struct {
        const char *name;
        char type;
        size_t offset;
} keys[] = {
        { "verdict", 's', offsetof(Result, verdict) },
        { "status", 's', offsetof(Result, status) },
        { "grade", 's', offsetof(Result, grade) },
        { "message", 's', offsetof(Result, message) },
        { "error", 's', offsetof(Result, error) },
        { "simulated", 'b', offsetof(Result, simulated) },
        { "trials", 'u', offsetof(Result, trials) },
        { "invalid-trials", 'u', offsetof(Result, invalid_trials) },
        { "total-energy", 'd', offsetof(Result, total_energy) },
        { "total-energy-low", 'd', offsetof(Result, total_energy_low) },
        { "total-energy-high", 'd', offsetof(Result, total_energy_high) },
        { "net-energy", 'd', offsetof(Result, net_energy) },
        { "net-energy-low", 'd', offsetof(Result, net_energy_low) },
        { "net-energy-high", 'd', offsetof(Result, net_energy_high) },
        { "wall", 'd', offsetof(Result, wall) },
        { "cpu", 'd', offsetof(Result, cpu) },
        { "power", 'd', offsetof(Result, power) },
};

/* The numbers behind theirs. */
#define RESULT_KEY G_N_ELEMENTS(keys)
#define CALIBRATION_KEY (RESULT_KEY + 1)

static const void *member(const Result *result, size_t i) {
        return (const uint8_t *) result + keys[i].offset;
}

/* A copy of at most RESULT_MESSAGE_MAX bytes. */
static char *cut_message(const char *text) {
        const char *end;

        if (!text || strlen(text) <= RESULT_MESSAGE_MAX)
                return g_strdup(text);
        end = g_utf8_find_prev_char(text, text + RESULT_MESSAGE_MAX - strlen("…") + 1);
        return g_strdup_printf("%.*s…", (int) (end - text), text);
}

Result *result_new(JobResult result, const char *error, const char *message) {
        Result *new = g_new(Result, 1);

        *new = (Result){
                .result = result,
                .error = g_strdup(error),
                .message = cut_message(message),
                .total_energy = NAN,
                .total_energy_low = NAN,
                .total_energy_high = NAN,
                .net_energy = NAN,
                .net_energy_low = NAN,
                .net_energy_high = NAN,
                .wall = NAN,
                .cpu = NAN,
                .power = NAN,
        };
        return new;
}

Result *result_free(Result *result) {
        if (!result)
                return NULL;
        g_free(result->verdict);
        g_free(result->status);
        g_free(result->grade);
        g_free(result->message);
        g_free(result->error);
        calibration_free(result->calibration);
        g_free(result);
        return NULL;
}

static int append_key(sd_bus_message *m, const Result *result, size_t i) {
        const void *p = member(result, i);

        switch (keys[i].type) {
        case 's':
                if (!*(char *const *) p)
                        return 0;
                return sd_bus_message_append(m, "{sv}", keys[i].name, "s", *(char *const *) p);
        case 'b':
                return sd_bus_message_append(m, "{sv}", keys[i].name, "b", (int) *(const bool *) p);
        case 'u':
                return sd_bus_message_append(m, "{sv}", keys[i].name, "u", *(const uint32_t *) p);
        default:
                if (!isfinite(*(const double *) p))
                        return 0;
                return sd_bus_message_append(m, "{sv}", keys[i].name, "d", *(const double *) p);
        }
}

int result_append_members(sd_bus_message *m, const Result *result) {
        int r;

        r = sd_bus_message_append(m, "{sv}", "result", "s", job_result_to_string(result->result));
        if (r < 0)
                return r;
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                r = append_key(m, result, i);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int append_calibration(sd_bus_message *m, const Calibration *calibration) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 's', "calibration");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', "a{sv}");
        if (r < 0)
                return r;
        r = calibration_append(m, calibration);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int result_append(sd_bus_message *m, const Result *result) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        r = result_append_members(m, result);
        if (r < 0)
                return r;
        if (result->calibration) {
                r = append_calibration(m, result->calibration);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int read_text(sd_bus_message *m, const Result *result, char **ret) {
        const char *text;
        int r;

        r = sd_bus_message_read(m, "v", "s", &text);
        if (r < 0)
                return r;
        if (ret == &result->message) {
                *ret = cut_message(text);
                return 0;
        }
        if (strlen(text) > RESULT_WORD_MAX)
                return -EMSGSIZE;
        if (ret == &result->error && error_to_errno(text) <= 0)
                return -EINVAL;
        *ret = g_strdup(text);
        return 0;
}

static int read_value(sd_bus_message *m, Result *result, size_t i) {
        void *p = (uint8_t *) result + keys[i].offset;
        int boolean, r;
        double number;

        switch (keys[i].type) {
        case 's':
                return read_text(m, result, p);
        case 'b':
                r = sd_bus_message_read(m, "v", "b", &boolean);
                if (r < 0)
                        return r;
                *(bool *) p = boolean;
                return 0;
        case 'u':
                return sd_bus_message_read(m, "v", "u", p);
        default:
                r = sd_bus_message_read(m, "v", "d", &number);
                if (r < 0)
                        return r;
                if (!isfinite(number))
                        return -ERANGE;
                *(double *) p = number;
                return 0;
        }
}

static int read_result(sd_bus_message *m, Result *result) {
        const char *text;
        int r;

        r = sd_bus_message_read(m, "v", "s", &text);
        if (r < 0)
                return r;
        return job_result_from_string(text, &result->result);
}

static int read_calibration(sd_bus_message *m, Result *result) {
        int r;

        r = sd_bus_message_enter_container(m, 'v', "a{sv}");
        if (r < 0)
                return r;
        r = calibration_from_message(m, &result->calibration);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

/* What is done has been accepted, or nothing was compared. */
static bool verdict_fits(const Result *result) {
        if (!result->verdict)
                return true;
        if (!g_strv_contains(result_verdicts, result->verdict))
                return false;
        return result->result != RESULT_DONE || strcmp(result->verdict, "OK") == 0 ||
               strcmp(result->verdict, "AC") == 0;
}

typedef struct Reader {
        Result *result;
        uint64_t seen;
} Reader;

static int read_entry(sd_bus_message *m, const char *key, void *userdata) {
        Reader *reader = userdata;
        size_t i = 0;
        int r;

        while (i < G_N_ELEMENTS(keys) && strcmp(key, keys[i].name) != 0)
                i++;
        if (i == RESULT_KEY && strcmp(key, "calibration") == 0)
                i = CALIBRATION_KEY;
        else if (i == RESULT_KEY && strcmp(key, "result") != 0)
                return -EINVAL;
        r = dictionary_mark(&reader->seen, i);
        if (r < 0)
                return -EINVAL;
        if (i == CALIBRATION_KEY)
                return read_calibration(m, reader->result);
        return i == RESULT_KEY ? read_result(m, reader->result) : read_value(m, reader->result, i);
}

int result_from_message(sd_bus_message *m, Result **ret) {
        g_autoptr(Result) result = result_new(RESULT_INFRASTRUCTURE, NULL, NULL);
        Reader reader = { .result = result };
        int r;

        r = dictionary_read(m, read_entry, &reader);
        if (r < 0)
                return r == -ENXIO ? -EINVAL : r;
        if (!(reader.seen & (UINT64_C(1) << RESULT_KEY)) || !verdict_fits(result))
                return -EINVAL;

        *ret = g_steal_pointer(&result);
        return 0;
}
