/* SPDX-License-Identifier: MIT */
/* A thermal zone and a hwmon that show temp_mc. */

#include "fixture.h"

#include <linux/hwmon.h>
#include <linux/platform_device.h>
#include <linux/thermal.h>
#include <linux/version.h>

static struct thermal_zone_device *zone;
static struct platform_device *device;
static struct device *hwmon;

static int get_temp(struct thermal_zone_device *unused, int *ret) {
        *ret = READ_ONCE(settings.temp_mc);
        return 0;
}

static struct thermal_zone_device_ops zone_ops = { .get_temp = get_temp };

static umode_t hwmon_visible(const void *data, enum hwmon_sensor_types type, u32 attr, int channel) {
        return 0444;
}

static int hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel, long *ret) {
        *ret = READ_ONCE(settings.temp_mc);
        return 0;
}

static int hwmon_read_string(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
                             const char **ret) {
        *ret = "Package id 0";
        return 0;
}

static const struct hwmon_ops hwmon_ops = {
        .is_visible = hwmon_visible,
        .read = hwmon_read,
        .read_string = hwmon_read_string,
};
static const struct hwmon_channel_info temperature = {
        .type = hwmon_temp,
        .config = (const u32[]){ HWMON_T_INPUT | HWMON_T_LABEL, 0 },
};
static const struct hwmon_channel_info *channels[] = { &temperature, NULL };
static const struct hwmon_chip_info chip = { .ops = &hwmon_ops, .info = channels };

static struct thermal_zone_device *register_zone(void) {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
        return thermal_tripless_zone_device_register("x86_pkg_temp", NULL, &zone_ops, NULL);
#else
        return thermal_zone_device_register("x86_pkg_temp", 0, 0, NULL, &zone_ops, NULL, 0, 0);
#endif
}

int sensors_init(void) {
        int r;

        if (!shape.sensors)
                return 0;
        zone = register_zone();
        if (IS_ERR(zone)) {
                r = PTR_ERR(zone);
                zone = NULL;
                return r;
        }
        r = thermal_zone_device_enable(zone);
        if (r < 0)
                goto fail;
        device = platform_device_register_simple(FIXTURE_NAME, PLATFORM_DEVID_NONE, NULL, 0);
        if (IS_ERR(device)) {
                r = PTR_ERR(device);
                device = NULL;
                goto fail;
        }
        hwmon = hwmon_device_register_with_info(&device->dev, "coretemp", NULL, &chip, NULL);
        if (IS_ERR(hwmon)) {
                r = PTR_ERR(hwmon);
                hwmon = NULL;
                goto fail;
        }
        return 0;

fail:
        sensors_exit();
        return r;
}

void sensors_exit(void) {
        if (hwmon)
                hwmon_device_unregister(hwmon);
        if (device)
                platform_device_unregister(device);
        if (zone)
                thermal_zone_device_unregister(zone);
        hwmon = NULL;
        device = NULL;
        zone = NULL;
}
