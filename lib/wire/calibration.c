/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "calibration.h"
#include "dictionary.h"

#define IDLE_KEY_PREFIX "idle-power."

/* The keys besides "idle-power". */
static const struct {
        const char *name;
        char type;
        size_t offset;
} keys[] = {
        { "noise-floor", 'd', offsetof(Calibration, noise_floor) },
        { "noise-spin", 'd', offsetof(Calibration, noise_spin) },
        { "noise-memory", 'd', offsetof(Calibration, noise_memory) },
        { "pairs", 'u', offsetof(Calibration, pairs) },
        { "simulated", 'b', offsetof(Calibration, simulated) },
        { "meter", 's', offsetof(Calibration, meter) },
        { "tick-ns", 't', offsetof(Calibration, tick_ns) },
        { "tick-jitter-ns", 't', offsetof(Calibration, tick_jitter_ns) },
        { "tick-step-uj", 'd', offsetof(Calibration, tick_step_uj) },
        { "floor", 'd', offsetof(Calibration, floor_j) },
        { "floor-uncertainty", 'd', offsetof(Calibration, floor_error_j) },
        { "floor-net", 'd', offsetof(Calibration, floor_net_j) },
        { "floor-net-uncertainty", 'd', offsetof(Calibration, floor_net_error_j) },
};

#define IDLE_KEY G_N_ELEMENTS(keys) /* the number behind theirs */

static void clear_idle(void *p) {
        g_free(((CalibrationIdle *) p)->domain);
}

Calibration *calibration_new(void) {
        Calibration *calibration = g_new(Calibration, 1);

        *calibration = (Calibration){ .noise_floor = NAN,
                                      .noise_spin = NAN,
                                      .noise_memory = NAN,
                                      .tick_step_uj = NAN,
                                      .floor_j = NAN,
                                      .floor_error_j = NAN,
                                      .floor_net_j = NAN,
                                      .floor_net_error_j = NAN,
                                      .idle = g_array_new(false, true, sizeof(CalibrationIdle)) };
        g_array_set_clear_func(calibration->idle, clear_idle);
        return calibration;
}

Calibration *calibration_free(Calibration *calibration) {
        if (!calibration)
                return NULL;
        g_free(calibration->meter);
        g_array_unref(calibration->idle);
        g_free(calibration);
        return NULL;
}

Calibration *calibration_copy(const Calibration *calibration) {
        Calibration *copy = g_memdup2(calibration, sizeof(*calibration));

        copy->meter = g_strdup(calibration->meter);
        copy->idle = g_array_new(false, true, sizeof(CalibrationIdle));
        g_array_set_clear_func(copy->idle, clear_idle);
        for (guint i = 0; i < calibration->idle->len; i++) {
                const CalibrationIdle *idle = &g_array_index(calibration->idle, CalibrationIdle, i);

                calibration_add_idle(copy, idle->domain, idle->watts);
        }
        return copy;
}

void calibration_add_idle(Calibration *calibration, const char *domain, double watts) {
        const CalibrationIdle idle = { .domain = g_strdup(domain), .watts = watts };

        g_array_append_val(calibration->idle, idle);
}

int calibration_check(const Calibration *calibration) {
        const double needed[] = { calibration->noise_floor, calibration->noise_spin, calibration->noise_memory };

        for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
                if (!isfinite(needed[i]) || needed[i] < 0)
                        return -EINVAL;
        return calibration->pairs > 0 && calibration->meter ? 0 : -EINVAL;
}

static bool is_known(const Calibration *calibration, size_t i) {
        const void *p = (const uint8_t *) calibration + keys[i].offset;

        switch (keys[i].type) {
        case 'd':
                return isfinite(*(const double *) p);
        case 's':
                return *(char *const *) p;
        case 't':
                return calibration->tick_ns > 0;
        default:
                return true;
        }
}

/* ---- on the bus ---- */

static int append_idle(sd_bus_message *m, const Calibration *calibration) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 's', "idle-power");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', "a{sd}");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "{sd}");
        for (guint i = 0; r >= 0 && i < calibration->idle->len; i++) {
                const CalibrationIdle *idle = &g_array_index(calibration->idle, CalibrationIdle, i);

                r = sd_bus_message_append(m, "{sd}", idle->domain, idle->watts);
        }
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int append_key(sd_bus_message *m, const Calibration *calibration, size_t i) {
        const void *p = (const uint8_t *) calibration + keys[i].offset;

        switch (keys[i].type) {
        case 'd':
                return sd_bus_message_append(m, "{sv}", keys[i].name, "d", *(const double *) p);
        case 's':
                return sd_bus_message_append(m, "{sv}", keys[i].name, "s", *(char *const *) p);
        case 'u':
                return sd_bus_message_append(m, "{sv}", keys[i].name, "u", *(const uint32_t *) p);
        case 't':
                return sd_bus_message_append(m, "{sv}", keys[i].name, "t", *(const uint64_t *) p);
        default:
                return sd_bus_message_append(m, "{sv}", keys[i].name, "b", (int) *(const bool *) p);
        }
}

int calibration_append_members(sd_bus_message *m, const Calibration *calibration) {
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                int r = is_known(calibration, i) ? append_key(m, calibration, i) : 0;

                if (r < 0)
                        return r;
        }
        return append_idle(m, calibration);
}

int calibration_append(sd_bus_message *m, const Calibration *calibration) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        r = calibration_append_members(m, calibration);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int read_idle(sd_bus_message *m, Calibration *calibration) {
        const char *domain;
        double watts;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "a{sd}");
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, 'a', "{sd}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "{sd}", &domain, &watts)) > 0) {
                if (!isfinite(watts) || calibration->idle->len >= CALIBRATION_DOMAINS_MAX)
                        return -EINVAL;
                calibration_add_idle(calibration, domain, watts);
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

static int read_key(sd_bus_message *m, Calibration *calibration, size_t i) {
        void *p = (uint8_t *) calibration + keys[i].offset;
        const char *text;
        int boolean, r;

        switch (keys[i].type) {
        case 'd':
                return sd_bus_message_read(m, "v", "d", p);
        case 's':
                r = sd_bus_message_read(m, "v", "s", &text);
                if (r >= 0)
                        *(char **) p = g_strdup(text);
                return r;
        case 'u':
                return sd_bus_message_read(m, "v", "u", p);
        case 't':
                return sd_bus_message_read(m, "v", "t", p);
        default:
                r = sd_bus_message_read(m, "v", "b", &boolean);
                if (r >= 0)
                        *(bool *) p = boolean;
                return r;
        }
}

typedef struct Reader {
        Calibration *calibration;
        uint64_t seen;
} Reader;

static int read_entry(sd_bus_message *m, const char *key, void *userdata) {
        Reader *reader = userdata;
        size_t i = 0;

        while (i < G_N_ELEMENTS(keys) && strcmp(key, keys[i].name) != 0)
                i++;
        if ((i == IDLE_KEY && strcmp(key, "idle-power") != 0) || dictionary_mark(&reader->seen, i) < 0)
                return -EINVAL;
        return i == IDLE_KEY ? read_idle(m, reader->calibration) : read_key(m, reader->calibration, i);
}

int calibration_from_message(sd_bus_message *m, Calibration **ret) {
        g_autoptr(Calibration) calibration = calibration_new();
        Reader reader = { .calibration = calibration };
        int r;

        r = dictionary_read(m, read_entry, &reader);
        if (r < 0)
                return r == -ENXIO ? -EINVAL : r;
        r = calibration_check(calibration);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&calibration);
        return 0;
}

/* ---- in a file ---- */

void calibration_to_keys(const Calibration *calibration, GKeyFile *file) {
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                const void *p = (const uint8_t *) calibration + keys[i].offset;

                if (!is_known(calibration, i))
                        continue;
                if (keys[i].type == 'd')
                        g_key_file_set_double(file, CALIBRATION_GROUP, keys[i].name, *(const double *) p);
                else if (keys[i].type == 's')
                        g_key_file_set_string(file, CALIBRATION_GROUP, keys[i].name, *(char *const *) p);
                else if (keys[i].type == 'u')
                        g_key_file_set_uint64(file, CALIBRATION_GROUP, keys[i].name, *(const uint32_t *) p);
                else if (keys[i].type == 't')
                        g_key_file_set_uint64(file, CALIBRATION_GROUP, keys[i].name, *(const uint64_t *) p);
                else
                        g_key_file_set_boolean(file, CALIBRATION_GROUP, keys[i].name, *(const bool *) p);
        }
        for (guint i = 0; i < calibration->idle->len; i++) {
                const CalibrationIdle *idle = &g_array_index(calibration->idle, CalibrationIdle, i);
                g_autofree char *name = g_strconcat(IDLE_KEY_PREFIX, idle->domain, NULL);

                g_key_file_set_double(file, CALIBRATION_GROUP, name, idle->watts);
        }
}

static bool load_key(GKeyFile *file, Calibration *calibration, size_t i) {
        void *p = (uint8_t *) calibration + keys[i].offset;
        g_autoptr(GError) error = NULL;
        uint64_t number = 0;

        if (!g_key_file_has_key(file, CALIBRATION_GROUP, keys[i].name, NULL))
                return true; /* calibration_check() knows what must be there */
        if (keys[i].type == 'd')
                *(double *) p = g_key_file_get_double(file, CALIBRATION_GROUP, keys[i].name, &error);
        else if (keys[i].type == 's')
                *(char **) p = g_key_file_get_string(file, CALIBRATION_GROUP, keys[i].name, &error);
        else if (keys[i].type == 'b')
                *(bool *) p = g_key_file_get_boolean(file, CALIBRATION_GROUP, keys[i].name, &error);
        else
                number = g_key_file_get_uint64(file, CALIBRATION_GROUP, keys[i].name, &error);
        if (keys[i].type == 't')
                *(uint64_t *) p = number;
        else if (keys[i].type == 'u')
                *(uint32_t *) p = (uint32_t) number;
        return !error && (keys[i].type != 'u' || number <= UINT32_MAX); /* -3 is a large number to GLib */
}

static bool load_idle(GKeyFile *file, Calibration *calibration) {
        g_auto(GStrv) names = g_key_file_get_keys(file, CALIBRATION_GROUP, NULL, NULL);

        for (char **name = names; name && *name; name++) {
                g_autoptr(GError) error = NULL;
                double watts;

                if (!g_str_has_prefix(*name, IDLE_KEY_PREFIX))
                        continue;
                watts = g_key_file_get_double(file, CALIBRATION_GROUP, *name, &error);
                if (error || !isfinite(watts))
                        return false;
                calibration_add_idle(calibration, *name + strlen(IDLE_KEY_PREFIX), watts);
        }
        return true;
}

int calibration_from_keys(GKeyFile *file, Calibration **ret) {
        g_autoptr(Calibration) calibration = calibration_new();
        bool readable = load_idle(file, calibration);
        int r;

        for (size_t i = 0; readable && i < G_N_ELEMENTS(keys); i++)
                readable = load_key(file, calibration, i);
        r = readable ? calibration_check(calibration) : -EINVAL;
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&calibration);
        return 0;
}
