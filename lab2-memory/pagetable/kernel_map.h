/*
 * The kernel's own map: how the upper half looks from lab 2 on.
 *
 *   DIRECT_MAP   0xffff800000000000   all of RAM, never executable, the largest pages
 *                                     that fit; the image's code and constants are
 *                                     read-only there, too
 *   KERNEL_AREAS 0xffffc00000000000   512 GiB for stacks and devices (areas.h)
 *   KERNEL_BASE  0xffffffff80000000   the image: code read-only and executable,
 *                                     constants read-only, data writable; the pages
 *                                     below its stacks are holes
 *
 * Nothing is writable and executable, and nothing is mapped in the lower half.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define KERNEL_AREAS     0xffffc00000000000ul
#define KERNEL_AREAS_END 0xffffc08000000000ul
#define DIRECT_MAP_MAX   (KERNEL_AREAS - 0xffff800000000000ul)

/*
 * kernel_map_init: make these tables and load them. If that fails (no memory, or an exercise is not
 * written) the boot tables stay, and the console says so. Once, on the boot processor.
 */
void kernel_map_init(void);

/* kernel_map_made: whether the kernel runs on its own tables. */
bool kernel_map_made(void);
