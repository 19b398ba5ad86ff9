/* SPDX-License-Identifier: MIT */
#ifndef PFILES_DRIVERS_H
#define PFILES_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Names of device drivers: /proc/devices and /proc/misc (proc_devices(5), proc_misc(5)). Zero-initialise; drivers_free. */
struct drivers {
	struct buf devices, misc;
	bool read;
};
void drivers_free(struct drivers *d);

/*
 * The driver of a character or block device: "ttyS", "loop"; of the misc devices, which share one number, the
 * name of the device: "kvm". Read at the first question. NULL: not registered. Belongs to d.
 */
const char *drivers_name(struct drivers *d, bool block, unsigned dev_major, unsigned dev_minor);

#endif
