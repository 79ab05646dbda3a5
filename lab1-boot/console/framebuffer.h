/*
 * Text on a linear frame buffer: each character a glyph of the built-in font.
 * The font comes from a Debian package at build time: see grader/font.py.
 */
#pragma once
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/console/screen.h"

/*
 * framebuffer_screen: the frame buffer as a screen, blank; NULL if the loader set none, or one that
 * this driver cannot use (not 32 bits a pixel, out of reach, or too small or large).
 */
struct screen *framebuffer_screen(const struct boot_framebuffer *framebuffer);
