/* SPDX-License-Identifier: MIT */
#pragma once

/* What a job takes from its caller's files and gives back to them: the program's digest, standard input, the first
 * run's output. All of it happens in errands with the caller's rights and a time limit. */

#include "capture.h"
#include "launcher.h"
#include "record.h"
#include "workload.h"

enum {
        MATERIAL_PROGRAM,
        MATERIAL_STDIN,
        MATERIAL_OUTPUT,
        MATERIAL_ERRANDS,
};

#define MATERIAL_FDS 3 /* of the caller that errands use, beside the working directory */

#define STDIN_MAX_BYTES (UINT64_C(256) * 1024U * 1024U)

typedef struct Material {
        sd_event *event;
        const Request *request;
        char **env;
        uint32_t first_errand; /* the launcher's number of MATERIAL_PROGRAM; the others follow it */
        Launcher *launcher;    /* set when there is one */
        int stdin_fd;          /* sealed memfd; -1: empty */
        Errand *errand;
        uint64_t timeout_usec;
        ProgramRecord program;
        char *output_problem;
        void (*done)(int r, const char *why, void *userdata);
        void *userdata;
} Material;

/* The members up to launcher are the caller's and stay his. */
void material_init(Material *material, sd_event *event, const Request *request, char **env);

/* Writes down what the launcher has to know for it: its errands, the first of which has that number. */
void material_launch(Material *material, uint32_t first_errand, ErrandSpec errands[static MATERIAL_ERRANDS],
                     int kept_fds[static MATERIAL_FDS]);

void material_clear(Material *material);

/* Finds the program as execvpe() will and hashes it, for a box the first of the files sent along; failing to is no
 * error (program.absent says why). Then copies standard input into a memfd and seals it. done is called from the event
 * loop: r < 0 with a sentence when standard input could not be had. Each step may take at most timeout_usec. */
int material_fetch(Material *material, const Workload *workload, uint64_t timeout_usec,
                   void (*done)(int r, const char *why, void *userdata), void *userdata);

/* Writes what a run wrote to the descriptors the caller gave; done always gets r = 0, output_problem tells. Without
 * such a descriptor returns 0 and does not call; else 1. */
int material_deliver(Material *material, const Capture *output, const Capture *error_output, uint64_t timeout_usec,
                     void (*done)(int r, const char *why, void *userdata), void *userdata);
