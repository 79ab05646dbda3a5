/*
 * Text on a frame buffer. See framebuffer.h.
 *
 * Reading video memory is slow, so the characters on the screen are kept in an
 * array as well; scrolling moves that and draws again only what changed.
 */
#include "lab1-boot/console/framebuffer.h"
#include "lab1-boot/lib/string.h"

#define GLYPH_WIDTH  8
#define GLYPH_HEIGHT 16
#define ROWS_MAX     120
#define COLUMNS_MAX  320
#define WHITE_PARTS  0xc0 /* how much of each colour, of 255: light grey is our white */

/* The generated font: 256 glyphs, a byte a line, the leftmost pixel in bit 7. */
extern const uint8_t font_glyphs[256][GLYPH_HEIGHT];

struct framebuffer {
	struct screen screen;
	volatile uint8_t *pixels;
	uint32_t pitch; /* bytes from a line to the next */
	uint32_t white;
	unsigned cursor_row, cursor_column;
	char shown[ROWS_MAX][COLUMNS_MAX];
};

/* Draw one character's pixels, each xor'ed with invert: fb->white shows the cursor. */
static void draw_glyph(
	struct framebuffer *fb, unsigned row, unsigned column, char c, uint32_t invert)
{
	volatile uint8_t *line = fb->pixels + (uint64_t)row * GLYPH_HEIGHT * fb->pitch +
				 (uint64_t)column * GLYPH_WIDTH * sizeof(uint32_t);

	for (unsigned y = 0; y < GLYPH_HEIGHT; y++, line += fb->pitch)
		for (unsigned x = 0; x < GLYPH_WIDTH; x++) {
			bool lit = font_glyphs[(uint8_t)c][y] >> (7 - x) & 1;

			((volatile uint32_t *)line)[x] = (lit ? fb->white : 0) ^ invert;
		}
}

static void fb_draw(struct screen *screen, unsigned row, unsigned column, char c)
{
	struct framebuffer *fb = (struct framebuffer *)screen;

	if (fb->shown[row][column] == c)
		return;
	fb->shown[row][column] = c;
	draw_glyph(fb, row, column, c, 0);
}

static void cursor_erase(struct framebuffer *fb)
{
	draw_glyph(fb, fb->cursor_row, fb->cursor_column,
		fb->shown[fb->cursor_row][fb->cursor_column], 0);
}

static void fb_scroll(struct screen *screen)
{
	struct framebuffer *fb = (struct framebuffer *)screen;

	cursor_erase(fb);
	for (unsigned row = 0; row < screen->rows; row++)
		for (unsigned column = 0; column < screen->columns; column++) {
			bool last = row + 1 == screen->rows;

			fb_draw(screen, row, column, last ? ' ' : fb->shown[row + 1][column]);
		}
}

static void fb_cursor(struct screen *screen, unsigned row, unsigned column)
{
	struct framebuffer *fb = (struct framebuffer *)screen;

	cursor_erase(fb);
	fb->cursor_row = row;
	fb->cursor_column = column;
	draw_glyph(fb, row, column, fb->shown[row][column], fb->white);
}

static const struct screen_ops framebuffer_ops = { fb_draw, fb_scroll, fb_cursor };

/* One colour channel of light grey, at its place in a pixel. */
static uint32_t channel(uint8_t position, uint8_t bits)
{
	if (bits == 0 || bits > 8 || position > 32 - bits)
		return 0;
	return (uint32_t)(WHITE_PARTS >> (8 - bits)) << position;
}

static unsigned at_most(unsigned value, unsigned most)
{
	return value < most ? value : most;
}

struct screen *framebuffer_screen(const struct boot_framebuffer *from)
{
	static struct framebuffer fb;
	uint64_t bytes = (uint64_t)from->pitch * from->height;
	const void *pixels = boot_memory(from->physical, bytes);

	if (!bytes || !pixels || from->bits != 32 || from->physical % 4 || from->pitch % 4 ||
		from->pitch / 4 < from->width)
		return NULL;
	if (from->width < GLYPH_WIDTH || from->height < GLYPH_HEIGHT)
		return NULL;

	fb.screen = (struct screen){
		.ops = &framebuffer_ops,
		.rows = at_most(from->height / GLYPH_HEIGHT, ROWS_MAX),
		.columns = at_most(from->width / GLYPH_WIDTH, COLUMNS_MAX),
	};
	fb.pixels = (volatile uint8_t *)pixels;
	fb.pitch = from->pitch;
	fb.cursor_row = fb.cursor_column = 0;
	fb.white = channel(from->red_position, from->red_bits) |
		   channel(from->green_position, from->green_bits) |
		   channel(from->blue_position, from->blue_bits);
	memset(fb.shown, 0, sizeof(fb.shown)); /* nothing shown: every cell differs from ' ' */
	for (unsigned row = 0; row < fb.screen.rows; row++)
		for (unsigned column = 0; column < fb.screen.columns; column++)
			fb_draw(&fb.screen, row, column, ' ');
	return &fb.screen;
}
