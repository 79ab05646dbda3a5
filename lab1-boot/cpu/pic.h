/*
 * The two 8259 interrupt controllers, from the first PCs. Cub uses the APICs
 * (labs 3 and 4) and only has to keep these quiet: even masked ones may send a
 * spurious interrupt, so they are moved off the processor's exceptions first.
 * Source: Intel 8259A data sheet, "Initialization Command Words".
 */
#pragma once

#define PIC_VECTOR 0x20 /* 16 vectors from here belong to them */

/* pic_disable: renumber both controllers to PIC_VECTOR.. and mask every line. */
void pic_disable(void);
