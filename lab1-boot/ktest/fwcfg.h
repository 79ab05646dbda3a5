/*
 * QEMU's fw_cfg device: files that the host hands to the guest.
 * Source: QEMU, docs/specs/fw_cfg.rst.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* fwcfg_open: choose a file to read from its beginning; its bytes, or 0 if there is none. */
size_t fwcfg_open(const char *name);

/* fwcfg_byte: the next byte of the chosen file; 0 behind its end. */
uint8_t fwcfg_byte(void);
