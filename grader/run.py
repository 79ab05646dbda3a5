"""`make qemu`: boots a stage in QEMU with its console on this terminal.

On a terminal QEMU itself has the keyboard: every key reaches Cub, except ctrl-],
which QEMU keeps (its usual ctrl-a is a key of Cub's line editor): ctrl-] x ends QEMU,
ctrl-] c goes to QEMU's monitor and back.  Without a terminal, what comes on the
standard input is typed, and QEMU is ended a second after the last word of both.
More: QEMU's manual, "Keys in the character backend multiplexer".
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import termios

from grader import emulator as emu
from grader import user

HOW_TO_LEAVE = 'To leave: type "{}", or ctrl-] x. (ctrl-] c: QEMU\'s monitor)'
OFF, OFF_IN_A_SHELL = "poweroff", "poweroff -f"     # the monitor's; BusyBox's, which asks no init without -f


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    emu.machine_arguments(parser)
    emu.debug_argument(parser)
    parser.add_argument("--initrd", help="an archive of programs, or none (default, from lab 4 on: ours)")
    parser.add_argument("--race", action="store_true", help="a kernel that looks for data races, from lab 3 on")


def run(args: argparse.Namespace) -> int:
    """Boots it; returns 0 once the machine is off or was left."""
    return emu.finish(lambda: boot(args))


def command(args: argparse.Namespace) -> list[str]:
    """QEMU with the console on its own standard input and output."""
    kernel = emu.kernel(args.lab, debug=args.debug, race=args.race)
    memory, cpus = emu.machine(args.lab, args.memory, args.cpus)
    console = "stdio,id=console,mux=on,signal=off"
    return emu.qemu(memory, cpus, "-vga", "none", "-nic", "none", "-chardev", console,
                    "-serial", "chardev:console", "-mon", "chardev=console",
                    "-echr", f"{emu.ESCAPE:#x}", "-kernel", str(kernel.elf), "-append", args.append,
                    *initrd(args))


def initrd(args: argparse.Namespace) -> list[str]:
    """QEMU's option for the archive of programs, from lab 4 on; INITRD=none: the monitor instead."""
    if args.initrd == "none" or (args.lab < user.FIRST_LAB and not args.initrd):
        return []
    return ["-initrd", str(args.initrd or user.image(emu.ROOT, args.lab))]


def boot(args: argparse.Namespace) -> int:
    emu.need(emu.QEMU)
    argv = command(args)
    if sys.stdin.isatty():
        emu.say(HOW_TO_LEAVE.format(OFF_IN_A_SHELL if "-initrd" in argv else OFF))
        return on_terminal(argv)
    process = emu.start(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        emu.Relay(process, process.stdout.fileno(), process.stdin.fileno()).run()
        status = process.poll()
    finally:
        emu.end(process)
    return status or 0


def on_terminal(argv: list[str]) -> int:
    """QEMU in the foreground; the terminal is put right even if QEMU dies."""
    before = termios.tcgetattr(0)
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *argv])
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        os.write(1, b"\r\n")
