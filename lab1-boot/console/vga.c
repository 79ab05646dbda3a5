/* The VGA text screen. See vga.h. */
#include "lab1-boot/console/vga.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/io.h"
#include <stddef.h>

#define VGA_MEMORY  0xb8000
#define VGA_COLUMNS 80
#define VGA_ROWS    25
#define VGA_GREY    0x0700 /* light grey on black */

#define CRTC_INDEX       0x3d4
#define CRTC_DATA        0x3d5
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW  0x0f
#define GRAPHICS_INDEX   0x3ce
#define GRAPHICS_DATA    0x3cf
#define GRAPHICS_MISC    0x06
#define MISC_GRAPHICS    0x01 /* graphics mode */
#define MISC_MAP_MASK    0x0c
#define MISC_MAP_B8000   0x0c /* text memory at 0xb8000 */

static volatile uint16_t *cell(unsigned row, unsigned column)
{
	return (volatile uint16_t *)phys_to_virt(VGA_MEMORY) + row * VGA_COLUMNS + column;
}

static void vga_draw(struct screen *screen, unsigned row, unsigned column, char c)
{
	(void)screen;
	*cell(row, column) = VGA_GREY | (uint8_t)c;
}

static void vga_scroll(struct screen *screen)
{
	for (unsigned row = 0; row + 1 < screen->rows; row++)
		for (unsigned column = 0; column < screen->columns; column++)
			*cell(row, column) = *cell(row + 1, column);
	for (unsigned column = 0; column < screen->columns; column++)
		vga_draw(screen, screen->rows - 1, column, ' ');
}

static void vga_cursor(struct screen *screen, unsigned row, unsigned column)
{
	unsigned position = row * screen->columns + column;

	out8(CRTC_INDEX, CRTC_CURSOR_HIGH);
	out8(CRTC_DATA, (uint8_t)(position >> 8));
	out8(CRTC_INDEX, CRTC_CURSOR_LOW);
	out8(CRTC_DATA, (uint8_t)position);
}

static const struct screen_ops vga_ops = { vga_draw, vga_scroll, vga_cursor };

/* No VGA reads as all ones; in graphics mode text memory is not there. */
static int vga_in_text_mode(void)
{
	out8(GRAPHICS_INDEX, GRAPHICS_MISC);
	uint8_t misc = in8(GRAPHICS_DATA);

	return (misc & MISC_MAP_MASK) == MISC_MAP_B8000 && !(misc & MISC_GRAPHICS);
}

struct screen *vga_screen(void)
{
	static struct screen screen = { .ops = &vga_ops, .rows = VGA_ROWS, .columns = VGA_COLUMNS };

	if (!vga_in_text_mode())
		return NULL;
	for (unsigned row = 0; row < VGA_ROWS; row++)
		for (unsigned column = 0; column < VGA_COLUMNS; column++)
			vga_draw(&screen, row, column, ' ');
	return &screen;
}
