/* SPDX-License-Identifier: MIT */
#include "language.h"
#include "log.h"
#include "manager.h"
#include "names.h"

void manager_load_languages(Manager *manager) {
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

        g_clear_pointer(&manager->languages, g_ptr_array_unref);
        manager->languages = languages_load_installed(problems);
        for (guint i = 0; i < problems->len; i++)
                (void) log_at(LOG_WARNING, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_BAD_KNOB }, "%s",
                              (const char *) problems->pdata[i]);
}

static int check(const GPtrArray *languages, const char *key, const char *id, char **ret_message) {
        g_autofree const char **ids = NULL;
        g_autofree char *known = NULL;

        if (!id || language_by_id(languages, id))
                return 0;
        ids = languages_ids(languages);
        known = g_strjoinv(", ", (char **) ids);
        *ret_message = g_strdup_printf("%s: \"%s\" is none of this machine's languages; %s%s", key, id,
                                       ids[0] ? "there are " : "it has none", known);
        return -EINVAL;
}

static int check_program(const Manager *manager, const Request *program, char **ret_message) {
        int r;

        r = check(manager->languages, "language", program->language, ret_message);
        if (r < 0 || !program->validator)
                return r;
        return check(manager->languages, "validator.language", program->validator->language, ret_message);
}

int manager_check_languages(const Manager *manager, const Request *request, char **ret_message) {
        for (size_t i = 0; i < request_n_programs(request); i++) {
                g_autofree char *message = NULL;
                const int r = check_program(manager, request_program(request, i), &message);

                if (r >= 0)
                        continue;
                *ret_message = request->kind == JOB_COMPARE ? g_strdup_printf("candidate %zu: %s", i + 1, message)
                                                            : g_steal_pointer(&message);
                return r;
        }
        return 0;
}
