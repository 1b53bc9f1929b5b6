/* SPDX-License-Identifier: MIT */
#include "dictionary.h"

int dictionary_read(sd_bus_message *m, DictionaryEntry entry, void *userdata) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read_basic(m, 's', &key);
                if (r < 0)
                        return r;
                r = entry(m, key, userdata);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

int dictionary_mark(uint64_t *seen, size_t i) {
        uint64_t bit = UINT64_C(1) << i;

        if (*seen & bit)
                return -EEXIST;
        *seen |= bit;
        return 0;
}
