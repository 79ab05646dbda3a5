/*
 * Memory that the command line takes out of use, as on Linux:
 *
 *   memmap=64K$0x10000,1M$20M     64 KiB from 64 KiB on, and 1 MiB from 20 MiB on, are reserved
 *
 * For a machine with memory that is broken, or to see how the kernel does with holes in its map.
 * Source: Linux, Documentation/admin-guide/kernel-parameters.txt.
 */
#pragma once
#include "lab1-boot/boot/memmap.h"

/* reserve_asked: add what bootinfo's command line reserves; what makes no sense is passed over. */
void reserve_asked(struct memmap_raw *raw);
