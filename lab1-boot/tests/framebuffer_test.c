/*
 * Text on a frame buffer that is an array here: every pixel is compared with the
 * font, and nothing outside the picture may change. test_framebuffer.py has a real one.
 */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/console/framebuffer.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

#define WIDTH_MAX  200
#define HEIGHT_MAX 120
#define LINE_WORDS (WIDTH_MAX + 16)
#define AROUND     512 /* words before and behind the picture */
#define UNTOUCHED  0x5a5a5a5a
#define ROWS_MAX   (HEIGHT_MAX / 16)
#define COLUMNS    (WIDTH_MAX / 8)

extern const uint8_t font_glyphs[256][16];

static uint32_t memory[AROUND + LINE_WORDS * HEIGHT_MAX + AROUND];
static struct boot_framebuffer picture;
static char cells[ROWS_MAX][COLUMNS];

static unsigned below(unsigned limit)
{
	return (unsigned)(kt_random() % limit);
}

static struct screen *new_picture(void)
{
	uint32_t width = 8 + below(WIDTH_MAX - 7), height = 16 + below(HEIGHT_MAX - 15);

	memset(memory, UNTOUCHED & 0xff, sizeof(memory));
	memset(cells, ' ', sizeof(cells));
	picture = (struct boot_framebuffer){ .physical = kernel_phys(memory + AROUND),
		.width = width,
		.height = height,
		.pitch = 4 * (width + below(LINE_WORDS - width + 1)),
		.bits = 32,
		.red_position = 16,
		.red_bits = 8,
		.green_position = 8,
		.green_bits = 8,
		.blue_position = 0,
		.blue_bits = 8 };
	return framebuffer_screen(&picture);
}

/* The pixel that must be at x, y, in the picture or around it. */
static uint32_t pixel(const struct screen *screen, unsigned x, unsigned y)
{
	if (x >= screen->columns * 8 || y >= screen->rows * 16)
		return UNTOUCHED;
	return font_glyphs[(uint8_t)cells[y / 16][x / 8]][y % 16] << x % 8 & 0x80 ? 0xc0c0c0 : 0;
}

/* How many words of the memory are not what they must be. */
static size_t wrong_words(const struct screen *screen)
{
	size_t wrong = 0, words = picture.pitch / 4 * picture.height;

	for (size_t i = 0; i < words; i++) {
		unsigned x = (unsigned)(i % (picture.pitch / 4));
		unsigned y = (unsigned)(i / (picture.pitch / 4));

		wrong += memory[AROUND + i] != pixel(screen, x, y);
	}
	for (size_t i = 0; i < AROUND; i++)
		wrong += (memory[i] != UNTOUCHED) + (memory[AROUND + words + i] != UNTOUCHED);
	return wrong;
}

KTEST(framebuffer_draws_glyphs, "", "characters are drawn as in the font, on pictures of any size")
{
	for (int round = 0; round < 4; round++) {
		struct screen *screen = new_picture();

		KT_REQUIRE(screen);
		KT_EQ(screen->rows, picture.height / 16);
		KT_EQ(screen->columns, picture.width / 8);
		KT_EQ(wrong_words(screen), 0);
		for (int i = 0; i < 60; i++) {
			unsigned row = below(screen->rows), column = below(screen->columns);

			cells[row][column] = (char)kt_random();
			screen->ops->draw(screen, row, column, cells[row][column]);
		}
		KT_EQ(wrong_words(screen), 0);
	}
}

KTEST(framebuffer_scrolls, "", "scrolling moves every row up by one, and empties the last")
{
	struct screen *screen = new_picture();

	KT_REQUIRE(screen);
	for (unsigned round = 0; round < ROWS_MAX; round++) {
		for (unsigned column = 0; column < screen->columns; column++) {
			cells[screen->rows - 1][column] = (char)('!' + below(90));
			screen->ops->draw(
				screen, screen->rows - 1, column, cells[screen->rows - 1][column]);
		}
		screen->ops->scroll(screen);
		memmove(cells[0], cells[1], (screen->rows - 1) * sizeof(cells[0]));
		memset(cells[screen->rows - 1], ' ', sizeof(cells[0]));
		KT_EQ(wrong_words(screen), 0);
	}
}

/* A character that is not this one: drawing what is shown already changes nothing. */
static char other_than(char c)
{
	return (char)('!' + (c - '!' + 1 + below(89)) % 90);
}

KTEST(framebuffer_inverts_cursor, "", "the cursor's cell is inverted, and leaves nothing behind")
{
	struct screen *screen = new_picture();

	KT_REQUIRE(screen);
	for (int round = 0; round < 20; round++) {
		unsigned row = below(screen->rows), column = below(screen->columns), inverted = 0;

		screen->ops->cursor(screen, row, column);
		for (unsigned y = row * 16; y < row * 16 + 16; y++)
			for (unsigned x = column * 8; x < column * 8 + 8; x++)
				inverted += memory[AROUND + y * (picture.pitch / 4) + x] ==
					    (pixel(screen, x, y) ^ 0xc0c0c0);
		KT_EQ(inverted, 8 * 16);
		KT_EQ(wrong_words(screen), 8 * 16);
		cells[row][column] = other_than(cells[row][column]);
		screen->ops->draw(screen, row, column, cells[row][column]);
		KT_EQ(wrong_words(screen), 0);
	}
}

KTEST(framebuffer_begins_anew, "", "a second picture knows nothing of the first one's cursor")
{
	for (int round = 0; round < 4; round++) {
		struct screen *screen = new_picture();

		KT_REQUIRE(screen);
		screen->ops->cursor(screen, 0, screen->columns - 1);
		memset(memory, UNTOUCHED & 0xff, sizeof(memory));
		picture.width = 8;
		picture.height = 16;
		screen = framebuffer_screen(&picture);
		KT_REQUIRE(screen);
		memset(cells, ' ', sizeof(cells));
		screen->ops->cursor(screen, 0, 0);
		KT_EQ(wrong_words(screen), 8 * 16);
	}
}

#define REFUSED(member, value)                                                                     \
	do {                                                                                       \
		KT_REQUIRE(new_picture());                                                         \
		picture.member = value;                                                            \
		KT_TRUE(!framebuffer_screen(&picture));                                            \
	} while (0)

KTEST(framebuffer_refuses_nonsense, "", "a picture that cannot be is not drawn on")
{
	REFUSED(width, 0);
	REFUSED(width, 7);
	REFUSED(width, ~0u);
	REFUSED(width, picture.pitch / 4 + 1);
	REFUSED(height, 0);
	REFUSED(height, 15);
	REFUSED(height, ~0u); /* reaches beyond 4 GiB */
	REFUSED(pitch, 0);
	REFUSED(pitch, picture.width * 4 - 4);
	REFUSED(pitch, picture.pitch + 2);
	REFUSED(pitch, ~3u);
	REFUSED(bits, 24);
	REFUSED(bits, 16);
	REFUSED(bits, 0);
	REFUSED(physical, picture.physical + 1);
	REFUSED(physical, 1ul << 32);
	REFUSED(physical, (1ul << 32) - 4);
	REFUSED(physical, ~3ul);
}

KTEST(framebuffer_colours_are_bounded, "", "colours that do not fit a pixel are left out")
{
	static const uint8_t hostile[] = { 0, 1, 8, 9, 24, 25, 31, 32, 33, 255 };

	for (size_t i = 0; i < sizeof(hostile); i++)
		for (size_t j = 0; j < sizeof(hostile); j++) {
			KT_REQUIRE(new_picture());
			picture.green_position = hostile[i];
			picture.green_bits = hostile[j];
			struct screen *screen = framebuffer_screen(&picture);
			bool fits =
				hostile[j] >= 1 && hostile[j] <= 8 && hostile[i] + hostile[j] <= 32;
			uint64_t green = fits ? 0xc0ul >> (8 - hostile[j]) << hostile[i] : 0;

			KT_REQUIRE(screen);
			screen->ops->cursor(screen, 0, 0); /* an empty cell, inverted */
			KT_EQ(memory[AROUND], 0xc000c0 | green);
		}
}
