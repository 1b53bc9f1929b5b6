/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base.h"
#include "fs.h"
#include "tune.h"

const char *const tune_governors[] = { "keep",         "performance", "powersave", "ondemand",
                                       "conservative", "schedutil",   NULL };
const char *const tune_preferences[] = { "keep",          "default", "performance", "balance_performance",
                                         "balance_power", "power",   NULL };
const char *const tune_turbos[] = { "keep", "on", "off", NULL };

static const struct {
        const char *name;
        size_t offset;
        const char *const *choices; /* NULL: a frequency */
} settings[] = {
        { "governor", offsetof(Tune, governor), tune_governors }, { "epp", offsetof(Tune, epp), tune_preferences },
        { "turbo", offsetof(Tune, turbo), tune_turbos },          { "min-frequency", offsetof(Tune, min_khz), NULL },
        { "max-frequency", offsetof(Tune, max_khz), NULL },
};

static const char *find_choice(const char *const *choices, const char *value) {
        for (; *choices; choices++)
                if (g_str_equal(*choices, value))
                        return *choices;
        return NULL;
}

static int set_choice(const char **member, const char *name, const char *const *choices, const char *value,
                      char **ret_message) {
        g_autofree char *list = g_strjoinv(", ", (char **) choices);

        if (*member) {
                *ret_message = g_strdup_printf("%s is there twice", name);
                return -EINVAL;
        }
        *member = find_choice(choices, value);
        if (*member)
                return 0;
        *ret_message = g_strdup_printf("%s=%s is none of: %s", name, value, list);
        return -EINVAL;
}

static int set_frequency(uint64_t *member, const char *name, const char *value, char **ret_message) {
        if (*member > 0) {
                *ret_message = g_strdup_printf("%s is there twice", name);
                return -EINVAL;
        }
        if (parse_u64(value, member) >= 0 && *member > 0 && *member <= TUNE_KHZ_MAX)
                return 0;
        *ret_message = g_strdup_printf("%s=%s is out of range: 1 to %" PRIu64 " kHz", name, value, TUNE_KHZ_MAX);
        return -EINVAL;
}

static int set_one(Tune *tune, char *word, char **ret_message) {
        char *value = strchr(word, '=');

        if (value)
                *value++ = '\0';
        for (size_t i = 0; value && i < G_N_ELEMENTS(settings); i++) {
                void *member = (char *) tune + settings[i].offset;

                if (!g_str_equal(word, settings[i].name))
                        continue;
                if (settings[i].choices)
                        return set_choice(member, word, settings[i].choices, value, ret_message);
                return set_frequency(member, word, value, ret_message);
        }
        *ret_message = g_strdup_printf("\"%s\" is no setting; give NAME=VALUE of governor, epp, turbo, min-frequency "
                                       "and max-frequency, as governor=performance,turbo=off",
                                       word);
        return -EINVAL;
}

int tune_parse(const char *text, Tune *ret, char **ret_message) {
        g_auto(GStrv) words = g_strsplit(text, ",", -1);
        Tune tune = {};
        int r;

        if (!words[0]) {
                *ret_message = g_strdup("there is no setting in it; leave it out, or give governor=performance, say");
                return -EINVAL;
        }
        for (char **word = words; *word; word++) {
                r = set_one(&tune, *word, ret_message);
                if (r < 0)
                        return r;
        }
        if (tune.max_khz > 0 && tune.min_khz > tune.max_khz) {
                *ret_message = g_strdup("min-frequency is above max-frequency");
                return -EINVAL;
        }
        *ret = tune;
        return 0;
}
