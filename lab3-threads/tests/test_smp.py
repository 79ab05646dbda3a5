"""Several processors: found, started, each with what it needs, and stopped when one panics.

What they are is read from QEMU; smp_test.c has the kernel's half.  Two processors run in every
form of these tests, four and eight where CUB_LONG=1 is set.  Floor: given code.
"""

import os
import struct
from collections import Counter

import pytest

from grader import bochs, emulator as emu, iso
from grader.pagewalk import joined, pages

DIRECT_MAP, IMAGE = 0xFFFF_8000_0000_0000, 0xFFFF_FFFF_8000_0000
LOW = 1 << 20
WP, NXE, PAGING = 1 << 16, 1 << 11, 1 << 31

long = pytest.mark.skipif(not os.environ.get("CUB_LONG"), reason="CUB_LONG=1: more processors than most hosts have")
cpus = pytest.mark.parametrize("cpus", [1, 2, pytest.param(4, marks=long), pytest.param(8, marks=long)])
several = pytest.mark.parametrize("cpus", [2, pytest.param(4, marks=long), pytest.param(8, marks=long)])
threads = pytest.mark.needs("3.1", "3.2", "3.3")


def parallel(count: int, **options) -> dict:
    """A machine's options, with processors that really run at the same time."""
    return {"cpus": count, "icount": False, "limit": 40, "backstop": 240} | options


def words(reply: str) -> tuple[int, ...]:
    data = bytes.fromhex(reply)
    return struct.unpack(f"<{len(data) // 8}Q", data)


class Look:
    """A kernel that stands still: how many processors run, where their data are, their registers."""

    def __init__(self, machine, *, ktest: str = "smp_look", **options) -> None:
        self.guest = machine(ktest=ktest, **options)
        self.guest.com2.expect("# reply looking\n")
        told = [line[len("# reply "):] for line in self.guest.com2.lines if line.startswith("# reply ")]
        self.online, *self.areas = [words(reply)[0] for reply in told[:-1]]
        self.guest.qmp.command("stop")
        self.cpus = self.guest.registers()
        self.console = self.guest.console.text


def check_started(look: Look, count: int, symbols) -> None:
    """All processors run, on the kernel's own tables and with the same control registers."""
    assert look.online == len(look.areas) == len(look.cpus) == count
    first = look.cpus[0]
    for number, cpu in enumerate(look.cpus):
        assert not cpu["hlt"] and cpu["bits"] == 64, f"processor {number} does not run"
        assert cpu["rip"] >= IMAGE, f"processor {number} is at {cpu['rip']:#x}"
        for name in ("cr0", "cr3", "cr4", "efer", "idt", "cs"):
            assert cpu[name] == first[name], f"processor {number}: {name} is {cpu[name]:#x}, not {first[name]:#x}"
        assert cpu["cr0"] & (WP | PAGING) == WP | PAGING and cpu["efer"] & NXE
    bases = {area - symbols.address("percpu_template") & (1 << 64) - 1 for area in look.areas}
    assert len(bases) == count and {cpu["gs_base"] for cpu in look.cpus} == bases
    for name in ("gdt", "tr_base"):
        assert len({cpu[name] for cpu in look.cpus}) == count, f"they share a {name}"


@cpus
def test_all_processors_start(machine, symbols, cpus):
    """Each processor runs with its own data, segments and stack, and the same protections."""
    look = Look(machine, **parallel(cpus))
    check_started(look, cpus, symbols)
    assert (f"cpu: {cpus} processors run" in look.console) == (cpus > 1)


@several
def test_they_start_in_virtual_time(machine, symbols, cpus):
    """They start where one instruction is done after the other, too (QEMU's icount)."""
    check_started(Look(machine, cpus=cpus, limit=20), cpus, symbols)


def test_nosmp(machine, symbols):
    """With "nosmp" on the command line the others are left as firmware left them: halted."""
    look = Look(machine, **parallel(2, append="nosmp"))
    assert look.online == len(look.areas) == 1
    assert look.cpus[1]["hlt"] and look.cpus[1]["bits"] == 16


def test_more_than_eight(machine, symbols):
    """Of nine processors eight are used, and that is said. (In virtual time: they do not share a core.)"""
    look = Look(machine, cpus=9, limit=20)
    assert look.online == 8
    assert "cpu: 1 more than 8 processors are not used" in look.console
    assert look.cpus[8]["hlt"]


@pytest.mark.parametrize("memory", ["32M", "6G"])
def test_memory(machine, symbols, memory):
    """On machines with little memory, and with some above 4 GiB."""
    check_started(Look(machine, **parallel(2, memory=memory)), 2, symbols)


def test_no_low_memory(machine):
    """Without a page below 1 MiB the boot processor runs alone, and says why."""
    look = Look(machine, **parallel(2, append="memmap=1M$0"))
    assert look.online == 1 and "cpu: the others cannot be started" in look.console


def test_no_acpi(machine):
    """Without ACPI's tables the boot processor runs alone, and says why."""
    look = Look(machine, **parallel(2, extra=["-machine", "acpi=off"], firmware="quick"))
    assert look.online == 1
    assert "cpu: ACPI tells of no processors, so this processor runs alone" in look.console


def test_further_tables(machine, symbols, tmp_path, rng):
    """Tables that make no sense, among them a second MADT, do not disturb."""
    extra = []
    for number, name in enumerate(("APIC", "JUNK", "FACP", "XSDT")):
        path = tmp_path / f"table{number}"
        path.write_bytes(rng.randbytes(rng.randrange(1, 3000)))
        extra += ["-acpitable", f"sig={name},data={path}"]
    look = Look(machine, **parallel(2, extra=extra, readable=[tmp_path], firmware="quick"))
    check_started(look, 2, symbols)


@pytest.mark.parametrize("cpu", ["max,-x2apic", "qemu64", "max,-pdpe1gb,-smep,-smap,-umip"])
def test_lesser_processors(machine, symbols, cpu):
    """Processors that can do less start as well."""
    check_started(Look(machine, **parallel(2, cpu=cpu)), 2, symbols)


def test_nothing_is_writable_and_executable(machine, symbols):
    """Once all run, no page is writable and executable, and the lower half is empty: on no processor."""
    look = Look(machine, **parallel(2))
    for root in {cpu["cr3"] for cpu in look.cpus}:
        found = list(pages(look.guest.memory, root))
        code = [page for page in found if page.executable]
        assert code and not [page for page in found if page.virtual < 1 << 63], "\n".join(map(str, joined(found)))
        for page in found:
            other = next((c for c in code if page.writable and page.physical < c.physical + c.size
                          and c.physical < page.physical + page.size), None)
            assert not other, f"{page} can be written, and executed at {other}"
        assert all(page.physical >= LOW for page in code), "the trampoline is executable"


def test_too_late(machine):
    """A processor that comes when nobody waits for it any more stops where it began, in real mode."""
    guest = machine(ktest="smp_late", **parallel(2, append="nosmp"))
    guest.com2.expect("# reply looking\n")
    cpu = guest.registers()[1]
    assert cpu["hlt"] and cpu["bits"] == 16 and 0 < cpu["cs_base"] < LOW


@threads
def test_called_again(machine):
    """What was made for a processor that did not come serves the next one."""
    guest = machine(ktest="smp_again", **parallel(2, append="nosmp"))
    guest.com2.expect("# reply looking\n")
    assert all(cpu["bits"] == 64 and not cpu["hlt"] for cpu in guest.registers())


@threads
def test_little_by_little(machine):
    """Where memory for a processor is missing it is not counted, and nothing is lost; then it starts."""
    guest = machine(ktest="smp_without_memory", **parallel(2, append="nosmp"))
    guest.com2.expect("# reply looking\n")
    assert "# lab" not in guest.com2.text, "a check has failed"
    assert all(cpu["bits"] == 64 and not cpu["hlt"] for cpu in guest.registers())


# --- what is handed to the kernel as ACPI's tables ---------------------------------------


def madt(*numbers: int) -> bytearray:
    """A table that tells of processors with these numbers."""
    return sealed(b"".join(
        struct.pack("<BBBBI", 0, 8, number, number, 1) if number < 255 else
        struct.pack("<BBHIII", 9, 16, 0, number, 1, number) for number in numbers))


def sealed(body: bytes) -> bytearray:
    table = bytearray(b"APIC" + struct.pack("<I", 44 + len(body)) + bytes(36) + body)
    table[9] = -sum(table) & 0xFF
    return table


def started_by(machine, table: bytes) -> Look:
    """A machine with processors 0 and 1, and this MADT for firmware's."""
    return Look(machine, ktest="smp_tables", **parallel(2, append="nosmp", input=f"{table.hex()}\n".encode()))


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (0, 1, 1, 0, 1), (1, 7)], ids=str)
def test_numbers(machine, symbols, numbers):
    """Processors are started once each, in whatever order they are told, and whether we are among them or not."""
    check_started(started_by(machine, madt(*numbers)), 2, symbols)


@pytest.mark.parametrize("absent", [77, 70_000])
def test_one_that_is_not_there(machine, symbols, absent):
    """One that does not answer is told and passed over, and the next takes its place."""
    look = started_by(machine, madt(0, absent, 1))
    check_started(look, 2, symbols)
    assert f"cpu: the processor with APIC number {absent} does not come" in look.console


@pytest.mark.parametrize("table, why", [
    (madt(0, 1)[:4] + struct.pack("<I", 43) + madt(0, 1)[8:], "its length cannot be"),
    (madt(0, 1)[:9] + b"\x55" + madt(0, 1)[10:], "its checksum is wrong"),
    (sealed(bytes(16)), "an entry is too short"),
    (sealed(b"\0\x08\0\0\1\0\0\0\1\xff"), "an entry reaches beyond it"),
], ids=["length", "checksum", "nothing", "beyond"])
def test_a_broken_table(machine, table, why):
    """A MADT that is broken is refused in one line, and the boot processor runs alone."""
    look = started_by(machine, bytes(table))
    assert look.online == 1
    assert look.console.count("cpu: ") == 1
    assert f"cpu: ACPI's MADT is refused ({why}), so this processor runs alone" in look.console


# --- other ways in -----------------------------------------------------------------------


@pytest.mark.slow
def test_through_grub(machine, kernel, symbols, tmp_path):
    """Through GRUB and SeaBIOS, whose memory map is another one, two processors start as well."""
    image = iso.image(kernel.elf, append="ktest=smp_look", out=tmp_path / "cub.iso")
    check_started(Look(machine, **parallel(2, iso=image)), 2, symbols)


@threads
@pytest.mark.slow
@pytest.mark.parametrize("words, count", [
    ("x2apic", 2), pytest.param("", 2, marks=long), pytest.param("", 4, marks=long)])
def test_in_bochs(kernel, tmp_path, words, count):
    """In Bochs, which is exact about segments and has x2APICs, a thread runs on each processor."""
    try:
        emu.need("bochs", bochs.BIOS, bochs.VGA_BIOS)
        image = iso.image(kernel.elf, append=f"ktest=smp_facts seed=7 {words}", out=tmp_path / "cub.iso")
    except emu.EmulatorError as error:
        pytest.skip(str(error))
    with bochs.TestBoot(image, cpus=count) as guest:
        told = guest.until_verdict()
        assert told.results and not told.results[0]["not"], f"{told.diagnostics}; Bochs: {guest.message() or 'runs'}"
        assert [words_of[:2] for words_of in facts(told)] == [(number, number) for number in range(count)]


# --- that they work ----------------------------------------------------------------------


def facts(said):
    return sorted(words(reply) for reply in said.replies)


@threads
@cpus
def test_a_thread_on_each(ktest, cpus):
    """A thread that is bound to a processor runs there, with that processor's data, on a stack of its own."""
    told = facts(ktest("smp_facts", **parallel(cpus)))
    assert [number for number, *_ in told] == list(range(cpus))
    if cpus > 1:
        assert sorted(apic for _, apic, *_ in told) == list(range(cpus))
    assert all(area == base for _, _, area, base, _ in told)
    assert len({area for _, _, area, *_ in told}) == len({stack for *_, stack in told}) == cpus


@threads
@cpus
def test_data_of_its_own(ktest, cpus):
    """Processors that count at the same time, each in its copy of one variable, lose nothing."""
    said = ktest("smp_own_data", **parallel(cpus))
    assert [words(reply)[0] for reply in said.replies] == [7 + 20_000 * (cpu + 1) for cpu in range(cpus)]


@threads
@cpus
def test_work_spreads(ktest, cpus):
    """As many threads as there are processors, none of which gives way before all run, run one on each."""
    said = ktest("smp_meet", **parallel(cpus))
    ran_on = bytes.fromhex(said.replies[0])
    assert Counter(struct.unpack(f"<{cpus}I", ran_on)) == Counter(range(cpus))


@threads
@cpus
def test_threads_go_where_they_may(ktest, cpus):
    """A thread whose affinity changes is on a processor that it may run on whenever it runs again."""
    ktest("smp_wander", **parallel(cpus))


# --- panics ------------------------------------------------------------------------------


@threads
@several
def test_a_panic_stops_the_others(ktest, cpus):
    """When one panics the others stop before it prints anything: what they count stands still, and nothing
    of theirs is on the console any more."""
    said = ktest("smp_panic", check=False, **parallel(cpus))
    assert said.end.kind == "panicked" and said.end.detail.startswith("one is enough")
    before, after = words(said.replies[0])
    assert before == after > 0
    there, panic, rest = said.console.partition("\npanic: one is enough")
    assert panic and "another processor" in there and "another" not in rest
    assert "ktest_smp_panic+0x" in rest


@threads
@several
def test_panics_at_the_same_time(ktest, cpus):
    """Of several processors that panic at the same time one is heard."""
    for _ in range(3):
        said = ktest("smp_panic_together", check=False, **parallel(cpus))
        assert said.end.kind == "panicked"
        assert said.console.count("panic: ") == said.console.count("backtrace:") == 1


@threads
@several
def test_a_stack_overflow_elsewhere(ktest, cpus):
    """A thread that runs off its stack on another processor is told as that, with its backtrace."""
    said = ktest("smp_overflow", check=False, **parallel(cpus))
    assert said.end.kind == "panicked" and said.end.detail.startswith("stack overflow: double fault at 0x")
    assert said.console.count("falls_deeper+0x") > 10
