/* SPDX-License-Identifier: MIT */
#pragma once

/* Every public name once. */

#define JT_BUS_NAME "org.jouletrace.JouleTrace1"
#define JT_MANAGER_PATH "/org/jouletrace/JouleTrace1"
#define JT_JOB_PATH_PREFIX "/org/jouletrace/JouleTrace1/job"
#define JT_MANAGER_INTERFACE "org.jouletrace.JouleTrace1.Manager"
#define JT_JOB_INTERFACE "org.jouletrace.JouleTrace1.Job"

/* Private, between the daemon and one worker: dbus/org.jouletrace.Worker1.xml */
#define JT_WORKER_PATH "/org/jouletrace/Worker1"
#define JT_WORKER_INTERFACE "org.jouletrace.Worker1"

#define JT_ERROR_PREFIX "org.jouletrace.JouleTrace1.Error."
/* Errors a call returns. */
#define JT_ERROR_NOT_READY JT_ERROR_PREFIX "NotReady"
#define JT_ERROR_NO_METER JT_ERROR_PREFIX "NoMeter"
#define JT_ERROR_QUEUE_FULL JT_ERROR_PREFIX "QueueFull"
#define JT_ERROR_NO_SUCH_JOB JT_ERROR_PREFIX "NoSuchJob"
#define JT_ERROR_NOT_FINISHED JT_ERROR_PREFIX "NotFinished"
#define JT_ERROR_INVALID_REQUEST JT_ERROR_PREFIX "InvalidRequest"
/* Causes a job ends with; they stand in the report's job.error and in GetResult. */
#define JT_ERROR_EXEC_FAILED JT_ERROR_PREFIX "ExecFailed"   /* the program could not be started */
#define JT_ERROR_RUN_FAILED JT_ERROR_PREFIX "RunFailed"     /* a run ended with non-zero status, a signal or a limit */
#define JT_ERROR_WRONG_ANSWER JT_ERROR_PREFIX "WrongAnswer" /* a test's output is not its answer */
#define JT_ERROR_COMPILE_FAILED JT_ERROR_PREFIX "CompileFailed"     /* the files could not be compiled */
#define JT_ERROR_DIVERGED JT_ERROR_PREFIX "Diverged"                /* a trial's output was not the validated one */
#define JT_ERROR_JOB_LIMIT JT_ERROR_PREFIX "JobLimit"               /* job-limit ran out */
#define JT_ERROR_ENERGY_LIMIT JT_ERROR_PREFIX "EnergyLimit"         /* max-joules was crossed */
#define JT_ERROR_CHANGE_LIMIT JT_ERROR_PREFIX "ChangeLimit"         /* fail-above or fail-below was crossed */
#define JT_ERROR_SCOPE_FAILED JT_ERROR_PREFIX "ScopeFailed"         /* no scope, or a limit or controller is missing */
#define JT_ERROR_BOX_UNAVAILABLE JT_ERROR_PREFIX "BoxUnavailable"   /* no box could be made */
#define JT_ERROR_CPUS_UNAVAILABLE JT_ERROR_PREFIX "CpusUnavailable" /* the CPUs or partition could not be had */
#define JT_ERROR_HOST_BUSY JT_ERROR_PREFIX "HostBusy"               /* the machine lock did not come free */
#define JT_ERROR_WORKER_FAILED JT_ERROR_PREFIX "WorkerFailed"       /* the worker vanished or broke the protocol */
#define JT_ERROR_VALIDATOR_FAILED JT_ERROR_PREFIX "ValidatorFailed" /* the validator failed, or does not compile */
#define JT_ERROR_SERVICE_RESTARTED JT_ERROR_PREFIX "ServiceRestarted" /* the service went away under the job */
#define JT_ERROR_SERVICE_STOPPED JT_ERROR_PREFIX "ServiceStopped"
#define JT_ERROR_CALLER_LEFT JT_ERROR_PREFIX "CallerLeft"
#define JT_ERROR_CANCELLED JT_ERROR_PREFIX "Cancelled"

#define JT_ACTION_MEASURE "org.jouletrace.JouleTrace1.measure"
#define JT_ACTION_VALIDATE "org.jouletrace.JouleTrace1.validate"
#define JT_ACTION_FINE_RESULTS "org.jouletrace.JouleTrace1.fine-results"
#define JT_ACTION_CALIBRATE "org.jouletrace.JouleTrace1.calibrate"
#define JT_ACTION_TUNE "org.jouletrace.JouleTrace1.tune"
#define JT_ACTION_MANAGE_JOBS "org.jouletrace.JouleTrace1.manage-jobs"
#define JT_ACTION_READ_RECORDS "org.jouletrace.JouleTrace1.read-records"

#define JT_SLICE "jouletrace.slice"
#define JT_SERVICE "jouletraced.service"
#define JT_SCOPE_PREFIX "jouletrace-job-"

#define JT_REPORT_SCHEMA "org.jouletrace.report/1"
#define JT_API_VERSION 1U
#define JT_LIST_JOBS_MAX 100U /* entries of one ListJobs answer */

/* MESSAGE_ID= of the journal; units/jouletrace.catalog has an entry for each. */
#define JT_MESSAGE_READY "5e1ba7c9d0f14c0c9a64b1f1a6a54a01"
#define JT_MESSAGE_JOB_QUEUED "5e1ba7c9d0f14c0c9a64b1f1a6a54a02"
#define JT_MESSAGE_JOB_STARTED "5e1ba7c9d0f14c0c9a64b1f1a6a54a03"
#define JT_MESSAGE_JOB_FINISHED "5e1ba7c9d0f14c0c9a64b1f1a6a54a04"
#define JT_MESSAGE_JOB_CANCELLED "5e1ba7c9d0f14c0c9a64b1f1a6a54a05"
#define JT_MESSAGE_JOB_INTERRUPTED "5e1ba7c9d0f14c0c9a64b1f1a6a54a06"
#define JT_MESSAGE_REFUSED "5e1ba7c9d0f14c0c9a64b1f1a6a54a07"
#define JT_MESSAGE_SCOPE_FAILED "5e1ba7c9d0f14c0c9a64b1f1a6a54a08"
#define JT_MESSAGE_CORES_TAKEN "5e1ba7c9d0f14c0c9a64b1f1a6a54a09"
#define JT_MESSAGE_CORES_RELEASED "5e1ba7c9d0f14c0c9a64b1f1a6a54a0a"
#define JT_MESSAGE_CORES_LOST "5e1ba7c9d0f14c0c9a64b1f1a6a54a0b"
#define JT_MESSAGE_METER_LOST "5e1ba7c9d0f14c0c9a64b1f1a6a54a0c"
#define JT_MESSAGE_WORKER_FAILED "5e1ba7c9d0f14c0c9a64b1f1a6a54a0d"
#define JT_MESSAGE_BAD_KNOB "5e1ba7c9d0f14c0c9a64b1f1a6a54a0e"
#define JT_MESSAGE_LEFTOVER_SCOPE "5e1ba7c9d0f14c0c9a64b1f1a6a54a0f"
#define JT_MESSAGE_CONFINED_CALLER "5e1ba7c9d0f14c0c9a64b1f1a6a54a10"
#define JT_MESSAGE_SURVIVORS "5e1ba7c9d0f14c0c9a64b1f1a6a54a11"
#define JT_MESSAGE_CALIBRATED "5e1ba7c9d0f14c0c9a64b1f1a6a54a30"
#define JT_MESSAGE_TUNED "5e1ba7c9d0f14c0c9a64b1f1a6a54a20"
#define JT_MESSAGE_TUNING_RESTORED "5e1ba7c9d0f14c0c9a64b1f1a6a54a21"
#define JT_MESSAGE_TUNING_STUCK "5e1ba7c9d0f14c0c9a64b1f1a6a54a22"
