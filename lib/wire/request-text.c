/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "request-internal.h"

typedef struct Unit {
        const char *name;
        uint64_t factor;
} Unit;

static const Unit spans[] = {
        { "", USEC_PER_SEC },
        { "us", 1 },
        { "µs", 1 },
        { "ms", USEC_PER_MSEC },
        { "s", USEC_PER_SEC },
        { "min", 60 * USEC_PER_SEC },
        { "m", 60 * USEC_PER_SEC },
        { "h", 3600 * USEC_PER_SEC },
        {},
};

static const Unit sizes[] = {
        { "", 1 },
        { "B", 1 },
        { "K", UINT64_C(1) << 10 },
        { "M", UINT64_C(1) << 20 },
        { "G", UINT64_C(1) << 30 },
        { "KiB", UINT64_C(1) << 10 },
        { "MiB", UINT64_C(1) << 20 },
        { "GiB", UINT64_C(1) << 30 },
        {},
};

static const Unit plain[] = {
        { "", 1 },
        {},
};

static const struct {
        const char *text;
        bool value;
} booleans[] = {
        { "true", true },   { "yes", true }, { "on", true },   { "1", true },
        { "false", false }, { "no", false }, { "off", false }, { "0", false },
};

/* A decimal number, with a point only where units make parts of it whole, then one of the units. */
static int parse_quantity(const char *text, const Unit *units, uint64_t *ret) {
        size_t digits = strspn(text, units == plain ? "0123456789" : "0123456789.");
        g_autofree char *number = g_strndup(text, digits);
        const char *point = strchr(number, '.');
        double value;

        if (!g_ascii_isdigit(text[0]) || (point && (strchr(point + 1, '.') || point[1] == '\0')))
                return -EINVAL;

        for (const Unit *unit = units; unit->name; unit++) {
                uint64_t whole;

                if (strcmp(text + digits, unit->name) != 0)
                        continue;
                if (!point) {
                        errno = 0;
                        whole = g_ascii_strtoull(number, NULL, 10);
                        if (errno == ERANGE || __builtin_mul_overflow(whole, unit->factor, ret))
                                return -ERANGE;
                        return 0;
                }
                value = round(g_ascii_strtod(number, NULL) * (double) unit->factor);
                if (value >= 0x1p63)
                        return -ERANGE;
                *ret = (uint64_t) value;
                return 0;
        }
        return -EINVAL;
}

/* A share from 1 on without a percent sign is a percentage whose sign was forgotten: -EDOM. */
static int parse_double(const char *text, bool share, double *ret) {
        char *end;
        double value;

        if (!g_ascii_isdigit(text[0]) && text[0] != '.')
                return -EINVAL;
        value = g_ascii_strtod(text, &end);
        if (share && *end == '%') {
                value /= 100;
                end++;
        } else if (share && value >= 1 && *end == '\0')
                return -EDOM;
        if (*end != '\0')
                return -EINVAL;
        *ret = value;
        return 0;
}

static int parse_boolean(const char *text, bool *ret) {
        for (size_t i = 0; i < G_N_ELEMENTS(booleans); i++)
                if (g_ascii_strcasecmp(text, booleans[i].text) == 0) {
                        *ret = booleans[i].value;
                        return 0;
                }
        return -EINVAL;
}

/* What a text of the type looks like. */
static const char *example(KeyId id) {
        switch (request_keys[id].type) {
        case KEY_USEC:
                return _("a time such as 500ms, 2s or 1.5min");
        case KEY_BYTES:
                return _("a size such as 65536, 64M or 1G");
        case KEY_DOUBLE:
                return id == REQUEST_MAX_JOULES ? _("a number such as 0.01") : _("a share such as 0.02 or 2%");
        case KEY_BOOLEAN:
                return _("true or false");
        default:
                return _("a whole number");
        }
}

static int not_understood(KeyId id, int r, const char *text, char **ret_message) {
        g_autofree char *quoted = request_quote(text);

        *ret_message = g_strdup_printf(r == -ERANGE ? _("%s: %s is too large a number; give %s")
                                       : r == -EDOM ? _("%s: %s has no percent sign; give %s")
                                                    : _("%s: %s is not understood; give %s"),
                                       request_keys[id].name, quoted, example(id));
        return r;
}

static int set_quantity(Request *request, KeyId id, const RequestLimits *limits, const char *text, const Unit *units,
                        char **ret_message) {
        uint64_t value;
        int r;

        r = parse_quantity(text, units, &value);
        if (r < 0)
                return not_understood(id, r, text, ret_message);
        return request_set_number(request, id, limits, value, ret_message);
}

static int set_value(Request *request, KeyId id, const RequestLimits *limits, const char *text, char **ret_message) {
        double number;
        int r;

        switch (request_keys[id].type) {
        case KEY_STRING:
        case KEY_CHOICE:
                return request_set_string(request, id, text, ret_message);
        case KEY_UINT32:
        case KEY_UINT64:
                return set_quantity(request, id, limits, text, plain, ret_message);
        case KEY_USEC:
                return set_quantity(request, id, limits, text, spans, ret_message);
        case KEY_BYTES:
                return set_quantity(request, id, limits, text, sizes, ret_message);
        case KEY_DOUBLE:
                r = parse_double(text, id != REQUEST_MAX_JOULES, &number);
                if (r < 0)
                        return not_understood(id, r, text, ret_message);
                return request_set_double(request, id, number, ret_message);
        case KEY_BOOLEAN:
                r = parse_boolean(text, request_member(request, id));
                return r < 0 ? not_understood(id, r, text, ret_message) : 0;
        default:
                *ret_message = g_strdup_printf("%s: has no form as text", request_keys[id].name);
                return -EINVAL;
        }
}

int request_set_text(Request *request, KeyId id, const RequestLimits *limits, const char *text, char **ret_message) {
        int r;

        r = request_check_kind(request, id, ret_message);
        if (r < 0)
                return r;
        r = set_value(request, id, limits, text ?: "true", ret_message);
        if (r < 0)
                return r;
        request->given |= UINT64_C(1) << id;

        /* Keeps wall-limit's default in step; min-window is judged when the resolution is known, by the service. */
        if (id == REQUEST_CPU_LIMIT)
                request_follow_limits(request, limits);
        return 0;
}
