/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_BASE_CLI_SIGNALS_H
#define PTOOLS_BASE_CLI_SIGNALS_H

#include <stdbool.h>

/*
 * Between base/cli.c and base/cli_signals.c. While `now`, a caught signal kills at once (one that came
 * before, too): a tool that is blocked in write(2) would not see a flag, and holds no target.
 */
void cli_signals_kill(bool now);

#endif
