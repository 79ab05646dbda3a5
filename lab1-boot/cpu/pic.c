/* Both 8259s, silenced. See pic.h. */
#include "lab1-boot/cpu/pic.h"
#include "lab1-boot/cpu/io.h"

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1
#define ICW1_INIT    0x11 /* start, with a fourth word */
#define ICW3_CASCADE 2    /* the second hangs on the first's line 2 */
#define ICW4_8086    0x01

void pic_disable(void)
{
	out8(PIC1_COMMAND, ICW1_INIT);
	out8(PIC2_COMMAND, ICW1_INIT);
	out8(PIC1_DATA, PIC_VECTOR);
	out8(PIC2_DATA, PIC_VECTOR + 8);
	out8(PIC1_DATA, 1 << ICW3_CASCADE);
	out8(PIC2_DATA, ICW3_CASCADE);
	out8(PIC1_DATA, ICW4_8086);
	out8(PIC2_DATA, ICW4_8086);
	out8(PIC1_DATA, 0xff);
	out8(PIC2_DATA, 0xff);
}
