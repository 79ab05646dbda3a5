"""`make iso`: a GRUB 2 image of a stage, build/labN/cub.iso, for emulators and real machines.

grub-mkrescue makes one file that boots as a CD or, written to a USB stick, as a disk,
through a BIOS and, where Debian's grub-efi-amd64-bin is installed, through UEFI.  Only
the modules that are needed go in, video modules among them: with those GRUB sets the
graphics mode that the kernel's multiboot2 header asks for (boot/entry.S).  An image is
made again only when its contents differ.  Read more: GRUB's manual, "Multiboot2",
and `info grub-mkrescue`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from grader import build, emulator as emu, user

GRUB = Path("/usr/lib/grub")
BIOS, UEFI = GRUB / "i386-pc", GRUB / "x86_64-efi"
OVMF = Path("/usr/share/ovmf/OVMF.fd")      # UEFI for QEMU: Debian's package ovmf
# part_*: the image's first steps ask for them by name, and complain without them.
MODULES = ("multiboot2 normal iso9660 all_video part_msdos part_gpt part_apple part_acorn part_amiga "
           "part_bsd part_dfly part_dvh part_plan part_sun part_sunpc")
# The drivers for a linear frame buffer.  Not `vga`: where there is no VESA BIOS, it would set
# a mode with four bit planes, in which the kernel has no screen at all.
VIDEO = 'if [ "$grub_platform" = pc ]; then insmod vbe; else insmod efi_gop; insmod efi_uga; fi'


@dataclass(frozen=True)
class Module:
    """A file that GRUB loads beside the kernel (an initrd), and the words it goes by."""

    path: Path
    name: str = ""

    @property
    def words(self) -> str:
        return self.name or self.path.name


def platforms() -> list[str]:
    """The kinds of firmware that an image made here starts from."""
    return [name for name, where in (("BIOS", BIOS), ("UEFI", UEFI))
            if (where / "multiboot2.mod").exists()]


def quote(words: str) -> str:
    """Words for GRUB's script, each quoted; spaces separate them."""
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words.split())


def configuration(append: str = "", modules: Sequence[Module] = ()) -> str:
    """grub.cfg: no menu, no waiting."""
    lines = ["set timeout=0", VIDEO, f"multiboot2 /boot/cub.elf {quote(append)}".rstrip()]
    lines += [f"module2 /boot/module{i} {quote(module.words)}" for i, module in enumerate(modules)]
    return "\n".join([*lines, "boot", ""])


def image(elf: Path, *, append: str = "", modules: Sequence[Module] = (),
          out: Path | None = None) -> Path:
    """Returns an image that boots `elf` with that command line; by default beside it."""
    elf = Path(elf)
    out = Path(out) if out else elf.with_suffix(".iso")
    need_tools()
    contents = configuration(append, modules)
    for path in (elf, *(module.path for module in modules)):
        if not path.is_file():
            raise emu.EmulatorError(f"there is no file {path}")
    mark = _digest(contents, [elf, *(module.path for module in modules)])
    note = out.with_suffix(".iso-contents")
    with build.locked(out.with_suffix(".iso-lock")):
        if not (out.exists() and note.exists() and note.read_text() == mark):
            note.unlink(missing_ok=True)
            _make(elf, contents, modules, out)
            note.write_text(mark)
    return out


def need_tools() -> None:
    """Raises EmulatorError for what is missing of grub-mkrescue and what it calls."""
    emu.need("grub-mkrescue", "xorriso")
    if not platforms():
        emu.need(BIOS / "multiboot2.mod")
    if "UEFI" in platforms():
        emu.need("mformat")


def _digest(contents: str, files: Sequence[Path]) -> str:
    """Names contents: the files', the script's, and what GRUB is installed."""
    whole = hashlib.sha256(f"{contents}\0{MODULES}\0{platforms()}".encode())
    for path in files:
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _make(elf: Path, contents: str, modules: Sequence[Module], out: Path) -> None:
    """Lays the files out in a temporary directory and calls grub-mkrescue."""
    with tempfile.TemporaryDirectory(prefix="cub-iso-") as name:
        root, new = Path(name) / "root", Path(name) / "cub.iso"
        (root / "boot/grub").mkdir(parents=True)
        (root / "boot/grub/grub.cfg").write_text(contents)
        for path, target in _files(elf, modules):
            shutil.copyfile(path, root / "boot" / target)
        argv = ["grub-mkrescue", "--locales=", "--fonts=", "--themes=",
                f"--install-modules={MODULES}", "-o", str(new), str(root)]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env=os.environ | {"TMPDIR": name, "LC_ALL": "C.UTF-8"})
        if done.returncode != 0 or not new.exists():
            said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
            raise emu.EmulatorError(f"grub-mkrescue failed: {said[-1]}")
        _move(new, out)


def _files(elf: Path, modules: Sequence[Module]) -> Iterator[tuple[Path, str]]:
    """What goes under /boot, and its name there."""
    yield elf, "cub.elf"
    for number, module in enumerate(modules):
        yield module.path, f"module{number}"


def _move(new: Path, out: Path) -> None:
    """Puts the image in place at once, also from another file system."""
    beside = out.with_suffix(".iso-new")
    beside.write_bytes(new.read_bytes())
    beside.replace(out)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--lab", type=int, required=True, help="the stage")
    parser.add_argument("--append", default="", help="the kernel's command line")
    parser.add_argument("--module", action="append", default=[], type=Path, metavar="FILE",
                        help="a file that GRUB loads beside the kernel (may be repeated; default, from lab 4 on: "
                             "our programs)")
    parser.add_argument("--out", type=Path, help="where to (default: build/labN/cub.iso)")


def run(args: argparse.Namespace) -> int:
    """Makes the image and says where it is."""
    return emu.finish(lambda: make(args))


def programs(lab: int) -> list[Module]:
    """The archive of a stage's programs, if it runs some."""
    return [] if lab < user.FIRST_LAB else [Module(user.image(emu.ROOT, lab))]


def make(args: argparse.Namespace) -> int:
    need_tools()
    modules = [Module(path) for path in args.module] or programs(args.lab)
    out = image(emu.kernel(args.lab).elf, append=args.append, modules=modules, out=args.out)
    where = os.path.relpath(out)
    print(f"{where}: {out.stat().st_size / 1e6:.1f} MB, boots through {' and '.join(platforms())}")
    print(f"to a USB stick (all on it is lost): sudo dd if={where} of=/dev/sdX bs=4M conv=fsync")
    return 0
