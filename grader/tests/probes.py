"""Tiny kernels for the tests of the machine: 32-bit C behind a PVH note, built at run time.

They know nothing of Cub; each does one thing that a good or bad kernel might do.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

PRELUDE = r"""
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32;
#define COM1 0x3f8
#define COM2 0x2f8
__asm__(".section .note, \"a\", @note\n .long 4, 4, 18\n .asciz \"Xen\"\n .long entry\n"
        ".text\n .globl entry\nentry: mov $stack + 16384, %esp\n push %ebx\n call begin\n1: cli\n hlt\n jmp 1b\n");
u8 stack[16384];
static void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port) : "memory"); }
static void out16(u16 port, u16 value) { __asm__ volatile("outw %0, %1" :: "a"(value), "Nd"(port) : "memory"); }
static u8 in8(u16 port) { u8 v; __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory"); return v; }
static void put(u16 port, char c) { while (!(in8(port + 5) & 0x20)) ; out8(port, c); }
static void say(u16 port, const char *text) { while (*text) put(port, *text++); }
static u8 hear(u16 port) { while (!(in8(port + 5) & 1)) ; return in8(port); }
static void leave(u8 value) { out8(0xf4, value); }
static char nonce[64], name[64];
static volatile u32 work;
static void spend(u32 rounds) { for (u32 i = 0; i < rounds; i++) work += i; }

static int same(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
static void find_nonce(void)        /* QEMU, docs/specs/fw_cfg.rst */
{
    u8 entry[64]; u32 count = 0;
    out16(0x510, 0x19);
    for (int i = 0; i < 4; i++) count = count << 8 | in8(0x511);
    for (u32 n = 0; n < count; n++) {
        for (int i = 0; i < 64; i++) entry[i] = in8(0x511);
        if (same((char *)entry + 8, "opt/org.cub/nonce")) {
            out16(0x510, entry[4] << 8 | entry[5]);
            for (int i = 0; i < entry[3]; i++) nonce[i] = in8(0x511);
            return;
        }
    }
}
static void find_name(const char *line)
{
    for (; *line; line++)
        if (line[0] == 'k' && line[1] == 't' && line[2] == 'e' && line[5] == '=') {
            for (int i = 0; line[6 + i] && line[6 + i] != ' '; i++) name[i] = line[6 + i];
            return;
        }
}
static void plan(u16 port) { say(port, "KTAP version 1\n1..1\n# seed 0x1\n"); }
static void result(u16 port, const char *word)
{ say(port, word); say(port, " 1 - "); say(port, name); say(port, " # nonce="); say(port, nonce); say(port, "\n"); }
static void pass(void) { plan(COM2); result(COM2, "ok"); leave(0x10); }
static void probe(void);
void begin(u32 *start_info) { find_nonce(); find_name((char *)start_info[6]); probe(); }
"""
FLAGS = ["-m32", "-O1", "-ffreestanding", "-fno-pie", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
         "-Wno-unused-function", "-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0x100000", "-Wl,--build-id=none",
         "-Wl,-N", "-Wl,-e,entry", "-Wl,--no-warn-rwx-segments", "-Wl,-z,noexecstack"]


def build(directory: Path, body: str, name: str = "probe") -> Path:
    """A kernel whose probe() has that body; returns its ELF file."""
    source, elf = directory / f"{name}.c", directory / f"{name}.elf"
    source.write_text(PRELUDE + "static void probe(void) {\n" + body + "\n}\n")
    subprocess.run(["gcc", *FLAGS, "-o", str(elf), str(source)], check=True)
    return elf
