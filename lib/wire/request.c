/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "request-internal.h"

#define QUOTE_MAX 64

KeyBounds request_bounds(KeyId id, const RequestLimits *limits) {
        const RequestKey *key = &request_keys[id];
        KeyBounds bounds = key->bounds;

        if (limits)
                return limits->bounds[id];
        if (key->knob && id != REQUEST_MIN_WINDOW)
                bounds.max = key->type == KEY_UINT32 ? UINT32_MAX : UINT64_MAX;
        return bounds;
}

/* Only for the order of tests, so an old kernel's failure is no reason to refuse; below 2^53 for JSON's readers. */
static uint64_t random_seed(void) {
        uint64_t seed;

        if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
                seed = now_monotonic_ns();
        return seed & request_keys[REQUEST_SEED].bounds.max;
}

static void set_default(Request *request, KeyId id, const RequestLimits *limits) {
        const RequestKey *key = &request_keys[id];
        uint64_t fallback = limits ? limits->bounds[id].fallback : key->bounds.fallback;
        void *p = request_member(request, id);

        switch (key->type) {
        case KEY_UINT32:
                *(uint32_t *) p = (uint32_t) fallback;
                break;
        case KEY_UINT64:
        case KEY_USEC:
        case KEY_BYTES:
                *(uint64_t *) p = fallback;
                break;
        case KEY_CHOICE:
                *(char **) p = g_strdup(key->choices[0]);
                break;
        case KEY_FD:
        case KEY_FD_OR_BYTES:
                *(int *) p = -1;
                break;
        default: /* zero, NULL, false */
                break;
        }
}

Request *request_new(JobKind kind, const RequestLimits *limits) {
        Request *request = g_new0(Request, 1);

        request->kind = kind;
        for (size_t i = 0; i < N_REQUEST_KEYS; i++)
                set_default(request, (KeyId) i, limits);
        request->seed = random_seed();
        return request;
}

Request *request_free(Request *request) {
        if (!request)
                return NULL;
        g_strfreev(request->argv);
        g_free(request->profile);
        safe_close(request->cwd_fd);
        g_strfreev(request->env);
        safe_close(request->stdin_fd);
        g_clear_pointer(&request->stdin_bytes, g_bytes_unref);
        safe_close(request->output_fd);
        safe_close(request->error_output_fd);
        g_free(request->isolation);
        g_free(request->meter);
        g_free(request->resolution);
        safe_close(request->blobs_fd);
        g_clear_pointer(&request->blobs_bytes, g_bytes_unref);
        g_clear_pointer(&request->files, g_array_unref);
        g_clear_pointer(&request->tests, g_array_unref);
        request_validator_free(request->validator);
        g_free(request->language);
        request_function_free(request->function);
        g_free(request->on_failure);
        g_free(request->label);
        g_free(request->candidate_id);
        g_free(request->problem_name);
        g_free(request->tune);
        g_clear_pointer(&request->candidates, g_ptr_array_unref);
        g_free(request);
        return NULL;
}

char *request_quote(const char *text) {
        g_autofree char *start = g_strndup(text, QUOTE_MAX);
        g_autofree char *valid = NULL;

        /* The cut may have split a character. */
        if (strlen(text) > QUOTE_MAX) {
                const char *end;

                (void) g_utf8_validate(start, -1, &end);
                start[end - start] = '\0';
        }
        valid = g_utf8_make_valid(start, -1);
        for (char *p = valid; *p != '\0'; p++)
                if (g_ascii_iscntrl(*p))
                        *p = '?';
        return g_strdup_printf("\"%s%s\"", valid, strlen(text) > QUOTE_MAX ? "…" : "");
}

int request_out_of_range(KeyId id, const KeyBounds *bounds, uint64_t value, char **ret_message) {
        const RequestKey *key = &request_keys[id];
        g_autofree char *text = request_format_number(key->type, value);
        g_autofree char *range = request_key_range(id, bounds);

        if (id == REQUEST_MIN_WINDOW && value < bounds->min)
                *ret_message = g_strdup_printf(
                                "%s: %s is out of range; %s (MinWindow in jouletraced.conf sets the lower limit, "
                                "resolution \"fine\" goes below it)",
                                key->name, text, range);
        else if (key->knob && id != REQUEST_MIN_WINDOW && value > bounds->max)
                *ret_message = g_strdup_printf("%s: %s is out of range; %s (%s in jouletraced.conf raises the limit)",
                                               key->name, text, range, key->knob);
        else
                *ret_message = g_strdup_printf(_("%s: %s is out of range; %s"), key->name, text, range);
        return -ERANGE;
}

int request_set_number(Request *request, KeyId id, const RequestLimits *limits, uint64_t value, char **ret_message) {
        const RequestKey *key = &request_keys[id];
        KeyBounds bounds = request_bounds(id, limits);
        uint64_t min = id == REQUEST_MIN_WINDOW ? MIN(bounds.min, key->bounds.min) : bounds.min;

        if (value < min || value > bounds.max)
                return request_out_of_range(id, &bounds, value, ret_message);
        if (key->type == KEY_UINT32)
                *(uint32_t *) request_member(request, id) = (uint32_t) value;
        else
                *(uint64_t *) request_member(request, id) = value;
        return 0;
}

int request_set_double(Request *request, KeyId id, double value, char **ret_message) {
        if (isfinite(value) && value > 0 && (!request_key_below_one(id) || value < 1)) {
                *(double *) request_member(request, id) = value;
                return 0;
        }

        {
                g_autofree char *range = request_key_range(id, &request_keys[id].bounds);
                char text[G_ASCII_DTOSTR_BUF_SIZE];

                *ret_message = g_strdup_printf(_("%s: %s is out of range; %s"), request_keys[id].name,
                                               g_ascii_formatd(text, sizeof(text), "%g", value), range);
        }
        return -ERANGE;
}

static int set_choice(Request *request, KeyId id, const char *value, char **ret_message) {
        const RequestKey *key = &request_keys[id];
        g_autofree char *quoted = NULL, *choices = NULL;
        char **p = request_member(request, id);

        if (g_strv_contains(key->choices, value)) {
                g_free(*p);
                *p = g_strdup(value);
                return 0;
        }

        quoted = request_quote(value);
        choices = g_strjoinv(", ", (char **) key->choices);
        if (key->choices[1])
                *ret_message = g_strdup_printf("%s: %s is not one of: %s", key->name, quoted, choices);
        else
                *ret_message = g_strdup_printf("%s: %s is not available; only \"%s\" is", key->name, quoted, choices);
        return -EINVAL;
}

int request_check_kind(const Request *request, KeyId id, char **ret_message) {
        static const char *const jobs[] = {
                [JOB_MEASURE] = "a job that measures one program",
                [JOB_VALIDATE] = "a job that only validates",
                [JOB_COMPARE] = "a comparison",
                [JOB_CALIBRATE] = "a calibration",
                [REQUEST_CANDIDATE] = "a comparison",
        };
        const char *const name = request_keys[id].name;

        if (request_key_takes(id, request->kind))
                return 0;
        if (request->kind == REQUEST_CANDIDATE && request_key_takes(id, JOB_COMPARE))
                *ret_message = g_strdup_printf("%s: is the same for all candidates; give it with the options", name);
        else if (request->kind == JOB_COMPARE && request_key_takes(id, REQUEST_CANDIDATE))
                *ret_message = g_strdup_printf("%s: may differ between candidates; give it with each of them", name);
        else
                *ret_message = g_strdup_printf("%s: is no key of %s; leave it out, or %s", name, jobs[request->kind],
                                               request_key_takes(id, JOB_MEASURE) ? "measure" : "compare");
        return -EINVAL;
}

/* It becomes a part of a file's name. */
int request_check_language(const char *where, const char *value, char **ret_message) {
        g_autofree char *quoted = NULL;

        if (g_ascii_isalnum(value[0]) && strlen(value) <= request_keys[REQUEST_LANGUAGE].bounds.max &&
            value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789+_-")] == '\0')
                return 0;
        quoted = request_quote(value);
        *ret_message = g_strdup_printf("%s: %s is no language's name; such as c, cpp or python3", where, quoted);
        return -EINVAL;
}

int request_set_string(Request *request, KeyId id, const char *value, char **ret_message) {
        const RequestKey *key = &request_keys[id];
        char **p = request_member(request, id);
        g_autofree char *quoted = NULL;

        if (key->type == KEY_CHOICE)
                return set_choice(request, id, value, ret_message);

        if (id == REQUEST_LANGUAGE) {
                int r = request_check_language(key->name, value, ret_message);

                if (r < 0)
                        return r;
        }
        if (strlen(value) > key->bounds.max) {
                quoted = request_quote(value);
                *ret_message = g_strdup_printf(_("%s: %s has %zu bytes; at most %zu are allowed"), key->name, quoted,
                                               strlen(value), (size_t) key->bounds.max);
                return -ERANGE;
        }
        g_free(*p);
        *p = g_strdup(value);
        return 0;
}
