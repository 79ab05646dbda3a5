/*
 * Character devices: what a node like /dev/null leads to, found by its two numbers.
 *
 *   DEVICE(console, 5, 1, 0600, open_console);    what opening it does
 *   DEVICE_OF(null, 1, 3, 0666, null_ops);        a file of these operations, without data
 *
 * Numbers and names are Linux's. A node in the initrd (or on a disk) has numbers only; those that
 * have a row here and no node get one in /dev.
 * Source: Linux, Documentation/admin-guide/devices.txt.
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include "lab4-interrupts/file/file.h"

struct device {
	const char *name; /* in /dev */
	unsigned major, minor;
	unsigned mode; /* its rights */
	/* open: a file with these flags; 0 or an error. May sleep. Or (NULL) what its files do: */
	int (*open)(unsigned flags, struct file **file);
	const struct file_ops *ops;
};
ROWS_DECLARE(device, struct device);
#define DEVICE(its_name, major, minor, mode, open)                                                 \
	ROW(device, "." #its_name, device_##its_name) = { #its_name, major, minor, mode, open,     \
		NULL }
#define DEVICE_OF(its_name, major, minor, mode, ops)                                               \
	ROW(device, "." #its_name, device_##its_name) = { #its_name, major, minor, mode, NULL,     \
		&ops }

/* A device's number as stat tells it and mknod takes it: Linux's encoding in 32 bits. */
static inline unsigned device_number(unsigned major, unsigned minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

/* device_open: the device of these numbers: 0, -ENXIO if there is none, or its open's error. May
 * sleep. */
int device_open(unsigned major, unsigned minor, unsigned flags, struct file **file);
