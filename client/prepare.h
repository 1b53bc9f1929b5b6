/* SPDX-License-Identifier: MIT */
#pragma once

/* Runs --prepare's shell command. Returns 0, or an exit code after having said why nothing is measured. */
int run_prepare(const char *command);
