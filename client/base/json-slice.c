/* SPDX-License-Identifier: MIT */
#include "json-slice.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "json-read.h"

#define SPACE " \t\r\n"

typedef struct Scanner {
        const char *p, *end;
} Scanner;

static void skip_space(Scanner *s) {
        while (s->p < s->end && *s->p && strchr(SPACE, *s->p))
                s->p++;
}

static bool take(Scanner *s, char c) {
        if (s->p >= s->end || *s->p != c)
                return false;
        s->p++;
        return true;
}

static int scan_word(Scanner *s, const char *word) {
        size_t length = strlen(word);

        if ((size_t) (s->end - s->p) < length || memcmp(s->p, word, length) != 0)
                return -EBADMSG;
        s->p += length;
        return 0;
}

static bool scan_digits(Scanner *s) {
        const char *start = s->p;

        while (s->p < s->end && g_ascii_isdigit(*s->p))
                s->p++;
        return s->p > start;
}

static int scan_number(Scanner *s) {
        (void) take(s, '-');
        if (!take(s, '0') && !scan_digits(s))
                return -EBADMSG;
        if (take(s, '.') && !scan_digits(s))
                return -EBADMSG;
        if (take(s, 'e') || take(s, 'E')) {
                if (!take(s, '-'))
                        (void) take(s, '+');
                if (!scan_digits(s))
                        return -EBADMSG;
        }
        return 0;
}

static int scan_escape(Scanner *s) {
        if (s->p >= s->end || *s->p == '\0')
                return -EBADMSG;
        if (*s->p != 'u')
                return strchr("\"\\/bfnrt", *s->p++) ? 0 : -EBADMSG;
        s->p++;
        for (int i = 0; i < 4; i++, s->p++)
                if (s->p >= s->end || !g_ascii_isxdigit(*s->p))
                        return -EBADMSG;
        return 0;
}

static int scan_string(Scanner *s) {
        if (!take(s, '"'))
                return -EBADMSG;
        while (s->p < s->end) {
                if (take(s, '"'))
                        return 0;
                if ((unsigned char) *s->p < 0x20)
                        return -EBADMSG;
                if (take(s, '\\')) {
                        int r = scan_escape(s);

                        if (r < 0)
                                return r;
                } else
                        s->p++;
        }
        return -EBADMSG;
}

static int scan_value(Scanner *s, unsigned depth);

static int scan_collection(Scanner *s, unsigned depth) {
        bool object = *s->p++ == '{';
        char close = object ? '}' : ']';
        int r;

        if (depth >= JSON_DEPTH_MAX)
                return -ELOOP;
        skip_space(s);
        if (take(s, close))
                return 0;
        do {
                skip_space(s);
                if (object) {
                        r = scan_string(s);
                        if (r < 0)
                                return r;
                        skip_space(s);
                        if (!take(s, ':'))
                                return -EBADMSG;
                        skip_space(s);
                }
                r = scan_value(s, depth + 1);
                if (r < 0)
                        return r;
                skip_space(s);
        } while (take(s, ','));
        return take(s, close) ? 0 : -EBADMSG;
}

static int scan_value(Scanner *s, unsigned depth) {
        if (s->p >= s->end)
                return -EBADMSG;
        switch (*s->p) {
        case '{':
        case '[':
                return scan_collection(s, depth);
        case '"':
                return scan_string(s);
        case 't':
                return scan_word(s, "true");
        case 'f':
                return scan_word(s, "false");
        case 'n':
                return scan_word(s, "null");
        default:
                return scan_number(s);
        }
}

int json_slice_parse(const char *text, size_t size, JsonSlice *ret, size_t *ret_at) {
        Scanner s = { text, text + size };
        const char *start, *invalid = text;
        int r;

        if (size > JSON_SIZE_MAX)
                return -E2BIG;
        skip_space(&s);
        start = s.p;
        r = scan_value(&s, 0);
        if (r >= 0) {
                *ret = (JsonSlice){ start, (size_t) (s.p - start) };
                skip_space(&s);
                r = s.p == s.end ? 0 : -EBADMSG;
        }
        if (r >= 0 && !g_utf8_validate_len(text, size, &invalid)) {
                s.p = invalid;
                r = -EBADMSG;
        }
        if (ret_at)
                *ret_at = (size_t) (s.p - text);
        return r;
}

const char *json_slice_explain(int r) {
        return r == -E2BIG   ? _("larger than 10 MiB")
               : r == -ELOOP ? _("nested more than 64 levels deep")
                             : _("not JSON");
}

bool json_slice_is_object(JsonSlice slice) {
        return slice.size > 0 && slice.text[0] == '{';
}

bool json_slice_is_array(JsonSlice slice) {
        return slice.size > 0 && slice.text[0] == '[';
}

bool json_slice_is_null(JsonSlice slice) {
        return slice.size > 0 && slice.text[0] == 'n';
}

/* Steps over what parts two members or elements; false at the end. */
static bool step(JsonSlice slice, size_t at, Scanner *ret) {
        *ret = (Scanner){ slice.text + (at ?: 1), slice.text + slice.size - 1 };
        skip_space(ret);
        (void) take(ret, ',');
        skip_space(ret);
        return ret->p < ret->end;
}

static void read_value(JsonSlice slice, Scanner *s, size_t *at, JsonSlice *ret_value) {
        const char *start = s->p;

        (void) scan_value(s, 0);
        *ret_value = (JsonSlice){ start, (size_t) (s->p - start) };
        *at = (size_t) (s->p - slice.text);
}

bool json_slice_member(JsonSlice object, size_t *at, char **ret_name, JsonSlice *ret_value) {
        const char *start;
        Scanner s;

        if (!json_slice_is_object(object) || !step(object, *at, &s))
                return false;
        start = s.p;
        (void) scan_string(&s);
        *ret_name = json_slice_string((JsonSlice){ start, (size_t) (s.p - start) }) ?: g_strdup("");
        skip_space(&s);
        (void) take(&s, ':');
        skip_space(&s);
        read_value(object, &s, at, ret_value);
        return true;
}

bool json_slice_element(JsonSlice array, size_t *at, JsonSlice *ret_value) {
        Scanner s;

        if (!json_slice_is_array(array) || !step(array, *at, &s))
                return false;
        read_value(array, &s, at, ret_value);
        return true;
}

static gunichar hex4(const char *digits) {
        gunichar value = 0;

        for (int i = 0; i < 4; i++)
                value = value << 4 | (gunichar) g_ascii_xdigit_value(digits[i]);
        return value;
}

/* The character whose \u escape begins at p, and its second half when it has one. A half alone is U+FFFD. */
static gunichar unescape_unicode(const char *p, const char *end, size_t *ret_length) {
        gunichar high = hex4(p + 2), low;

        *ret_length = 6;
        if (high < 0xd800 || high > 0xdfff)
                return high;
        if (high > 0xdbff || end - p < 12 || p[6] != '\\' || p[7] != 'u')
                return 0xfffd;
        low = hex4(p + 8);
        if (low < 0xdc00 || low > 0xdfff)
                return 0xfffd;
        *ret_length = 12;
        return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

GBytes *json_slice_bytes(JsonSlice slice) {
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        g_autoptr(GString) out = NULL;
        const char *end;

        if (slice.size < 2 || slice.text[0] != '"')
                return NULL;
        out = g_string_sized_new(slice.size);
        end = slice.text + slice.size - 1;
        for (const char *p = slice.text + 1; p < end;) {
                const char *special;
                size_t length;

                if (*p != '\\') {
                        g_string_append_c(out, *p++);
                        continue;
                }
                if (p[1] == 'u') {
                        gunichar c = unescape_unicode(p, end, &length);

                        /* g_string_append_unichar() would end the string at U+0000 */
                        if (c == 0)
                                g_string_append_c(out, '\0');
                        else
                                g_string_append_unichar(out, c);
                        p += length;
                        continue;
                }
                special = strchr(from, p[1]);
                g_string_append_c(out, special ? to[special - from] : p[1]);
                p += 2;
        }
        return g_string_free_to_bytes(g_steal_pointer(&out));
}

char *json_slice_string(JsonSlice slice) {
        g_autoptr(GBytes) bytes = json_slice_bytes(slice);
        const char *text;
        size_t size;

        if (!bytes)
                return NULL;
        text = g_bytes_get_data(bytes, &size);
        if (size > 0 && memchr(text, '\0', size))
                return NULL;
        return g_strndup(text ?: "", size);
}

bool json_slice_i64(JsonSlice slice, int64_t *ret) {
        g_autofree char *text = g_strndup(slice.text, slice.size);

        return g_ascii_string_to_signed(text, 10, INT64_MIN, INT64_MAX, ret, NULL);
}

bool json_slice_double(JsonSlice slice, double *ret) {
        g_autofree char *text = g_strndup(slice.text, slice.size);
        double value;

        if (*text != '-' && !g_ascii_isdigit(*text))
                return false;
        value = g_ascii_strtod(text, NULL);
        if (!isfinite(value))
                return false;
        *ret = value;
        return true;
}

bool json_slice_bool(JsonSlice slice, bool *ret) {
        *ret = slice.size > 0 && slice.text[0] == 't';
        return *ret || (slice.size > 0 && slice.text[0] == 'f');
}
