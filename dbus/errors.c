/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "errors.h"
#include "names.h"

const ErrorName error_names[] = {
        { JT_ERROR_NOT_READY, EHOSTDOWN },
        { JT_ERROR_NO_METER, ENODEV },
        { JT_ERROR_QUEUE_FULL, EUSERS },
        { JT_ERROR_NO_SUCH_JOB, ENXIO },
        { JT_ERROR_NOT_FINISHED, EINPROGRESS },
        { JT_ERROR_INVALID_REQUEST, EBADMSG },
        { JT_ERROR_EXEC_FAILED, ENOEXEC },
        { JT_ERROR_RUN_FAILED, ECHILD },
        { JT_ERROR_WRONG_ANSWER, EBADE },
        { JT_ERROR_COMPILE_FAILED, ELIBBAD },
        { JT_ERROR_DIVERGED, EDOTDOT },
        { JT_ERROR_JOB_LIMIT, ETIME },
        { JT_ERROR_ENERGY_LIMIT, EDQUOT },
        { JT_ERROR_CHANGE_LIMIT, EXFULL },
        { JT_ERROR_SCOPE_FAILED, ENOTRECOVERABLE },
        { JT_ERROR_BOX_UNAVAILABLE, EUNATCH },
        { JT_ERROR_CPUS_UNAVAILABLE, EADDRNOTAVAIL },
        { JT_ERROR_HOST_BUSY, EDEADLK },
        { JT_ERROR_WORKER_FAILED, EPIPE },
        { JT_ERROR_VALIDATOR_FAILED, ENOANO },
        { JT_ERROR_SERVICE_RESTARTED, ERESTART },
        { JT_ERROR_SERVICE_STOPPED, ESHUTDOWN },
        { JT_ERROR_CALLER_LEFT, EOWNERDEAD },
        { JT_ERROR_CANCELLED, ECANCELED },
        {},
};

int errors_register(void) {
        static sd_bus_error_map map[sizeof(error_names) / sizeof(error_names[0])];
        size_t n = 0;

        for (; error_names[n].name; n++)
                map[n] = (sd_bus_error_map) SD_BUS_ERROR_MAP(error_names[n].name, error_names[n].error);
        map[n] = (sd_bus_error_map) SD_BUS_ERROR_MAP_END;
        return sd_bus_error_add_map(map);
}

int error_to_errno(const char *name) {
        for (const ErrorName *e = error_names; e->name; e++)
                if (strcmp(e->name, name) == 0)
                        return e->error;
        return 0;
}

const char *error_from_errno(int error) {
        for (const ErrorName *e = error_names; e->name; e++)
                if (e->error == error)
                        return e->name;
        return NULL;
}
