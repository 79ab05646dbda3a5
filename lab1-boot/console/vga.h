/*
 * VGA text mode: 80 columns, 25 rows, two bytes a character at 0xb8000.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem"
 * (text modes; CRT controller registers 0x0a, 0x0e and 0x0f).
 */
#pragma once
#include "lab1-boot/console/screen.h"

/* vga_screen: the text screen, emptied; NULL if there is no VGA in text mode here. */
struct screen *vga_screen(void);
