/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_TRUSS_START_H
#define PTOOLS_TRUSS_START_H

#include "truss.h"

/*
 * Starts the command and traces it from the end of its exec on: it is found as a shell would find
 * it, made, taken, and only then executed. False: told on standard error why not, status 2. Its signals and their
 * mask are those truss was started with.
 */
bool start_command(struct truss *t, char **argv);
/* Now it may begin: truss is ready. */
void start_go(struct truss *t);
/* The process that was started has ended: if it could not execute the command, says so. */
void start_ended(struct truss *t);

#endif
