/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "calibration-file.h"

#define HOST_GROUP "Host"
#define MEASURED "measured"

/* ---- the host ---- */

/* The knobs that change what a trial takes, or how it is measured. */
static const char *const bearing[] = {
        "Partition", "Isolation",    "ModelWatts",   "Governor",      "EPP",
        "Turbo",     "MinFrequency", "MaxFrequency", "IRQAffinity",   "MinWindow",
        "Cooldown",  "ThermalBand",  "ThermalLimit", "ThermalPolicy", "ForeignLoadLimit"
};

static char *describe_configuration(const Config *config, const char *meter, const char *cpus) {
        GString *text = g_string_new(NULL);

        g_string_append_printf(text, "CPUs=%s Meter=%s", cpus, meter);
        for (const Knob *knob = knobs; knob->name; knob++) {
                g_autofree char *value = NULL;
                size_t i = 0;

                while (i < G_N_ELEMENTS(bearing) && strcmp(bearing[i], knob->name) != 0)
                        i++;
                if (i == G_N_ELEMENTS(bearing))
                        continue;
                value = config_format(config, knob);
                g_string_append_printf(text, " %s=%s", knob->name, value);
        }
        return g_string_free(text, FALSE);
}

HostFingerprint *host_fingerprint_new(const Sysroot *root, const CpuInfo *cpu, const Config *config, const char *meter,
                                      const char *cpus) {
        HostFingerprint *host = g_new0(HostFingerprint, 1);
        struct utsname name;

        if (sysroot_read(root, "proc/sys/kernel/osrelease", &host->kernel) < 0)
                host->kernel = g_strdup(uname(&name) >= 0 ? name.release : "");
        host->microcode = g_strdup(cpu->microcode ?: "");
        host->configuration = describe_configuration(config, meter, cpus);
        return host;
}

HostFingerprint *host_fingerprint_copy(const HostFingerprint *host) {
        HostFingerprint *copy = g_new(HostFingerprint, 1);

        *copy = (HostFingerprint){ .kernel = g_strdup(host->kernel),
                                   .microcode = g_strdup(host->microcode),
                                   .configuration = g_strdup(host->configuration) };
        return copy;
}

HostFingerprint *host_fingerprint_free(HostFingerprint *host) {
        if (!host)
                return NULL;
        g_free(host->kernel);
        g_free(host->microcode);
        g_free(host->configuration);
        g_free(host);
        return NULL;
}

/* ---- the file ---- */

StoredCalibration *stored_calibration_free(StoredCalibration *stored) {
        if (!stored)
                return NULL;
        calibration_free(stored->figures);
        host_fingerprint_free(stored->host);
        g_free(stored);
        return NULL;
}

static HostFingerprint *load_host(GKeyFile *keys) {
        g_autoptr(HostFingerprint) host = g_new0(HostFingerprint, 1);

        host->kernel = g_key_file_get_string(keys, HOST_GROUP, "kernel", NULL);
        host->microcode = g_key_file_get_string(keys, HOST_GROUP, "microcode", NULL);
        host->configuration = g_key_file_get_string(keys, HOST_GROUP, "configuration", NULL);
        return host->kernel && host->microcode && host->configuration ? g_steal_pointer(&host) : NULL;
}

int stored_calibration_load(const char *path, StoredCalibration **ret) {
        g_autoptr(StoredCalibration) stored = g_new0(StoredCalibration, 1);
        g_autoptr(GKeyFile) keys = g_key_file_new();
        g_autoptr(GError) error = NULL;

        if (!g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, &error)) {
                if (error->domain != G_FILE_ERROR)
                        return -EBADMSG;
                return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)   ? -ENOENT
                       : g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ? -EACCES
                                                                                  : -EIO;
        }
        stored->measured_usec = g_key_file_get_uint64(keys, CALIBRATION_GROUP, MEASURED, &error);
        if (error)
                return -EBADMSG;
        stored->host = load_host(keys);
        if (!stored->host || calibration_from_keys(keys, &stored->figures) < 0)
                return -EBADMSG;
        *ret = g_steal_pointer(&stored);
        return 0;
}

int stored_calibration_save(const StoredCalibration *stored, const char *path) {
        g_autoptr(GKeyFile) keys = g_key_file_new();
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        size_t length;

        calibration_to_keys(stored->figures, keys);
        g_key_file_set_uint64(keys, CALIBRATION_GROUP, MEASURED, stored->measured_usec);
        g_key_file_set_string(keys, HOST_GROUP, "kernel", stored->host->kernel);
        g_key_file_set_string(keys, HOST_GROUP, "microcode", stored->host->microcode);
        g_key_file_set_string(keys, HOST_GROUP, "configuration", stored->host->configuration);
        text = g_key_file_to_data(keys, &length, NULL);
        errno = 0;
        if (!g_file_set_contents_full(path, text, (gssize) length,
                                      G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error))
                return errno > 0 ? -errno : -EIO;
        return 0;
}

/* ---- whether it holds ---- */

static char *changed(const char *what, const char *then, const char *now) {
        return g_strdup_printf("%s is no longer %s but %s", what, *then ? then : "unknown", *now ? now : "unknown");
}

/* The first setting that is another: the whole list would say less. */
static char *changed_setting(const char *then, const char *now) {
        g_auto(GStrv) before = g_strsplit(then, " ", -1), after = g_strsplit(now, " ", -1);

        for (size_t i = 0; before[i] && after[i]; i++)
                if (strcmp(before[i], after[i]) != 0)
                        return changed("the configuration", before[i], after[i]);
        return g_strdup("the configuration has other settings");
}

char *stored_calibration_expired(const StoredCalibration *stored, const HostFingerprint *host, uint64_t now_usec,
                                 uint64_t max_age_usec) {
        const HostFingerprint *then = stored->host;

        if (strcmp(then->kernel, host->kernel) != 0)
                return changed("the kernel", then->kernel, host->kernel);
        if (strcmp(then->microcode, host->microcode) != 0)
                return changed("the microcode", then->microcode, host->microcode);
        if (strcmp(then->configuration, host->configuration) != 0)
                return changed_setting(then->configuration, host->configuration);
        if (max_age_usec > 0 && now_usec > stored->measured_usec && now_usec - stored->measured_usec >= max_age_usec)
                return g_strdup("it is older than CalibrationMaxAge allows");
        return NULL;
}
