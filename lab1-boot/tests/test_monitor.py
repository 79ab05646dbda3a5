"""The monitor through its console: what each command says, and that nothing typed can break it."""

import re

import pytest

pytestmark = pytest.mark.needs("1.2", "1.3", "1.7")

COMMANDS = ["backtrace", "help", "info", "peek", "poweroff", "reboot"]
DUMP = re.compile(r"^([0-9a-f]{16}) ((?: [0-9a-f]{2}| {3}){16})  (.*)$", re.MULTILINE)


@pytest.fixture
def cub(machine):
    """A machine that shows its prompt."""
    made = machine()
    made.console.expect("cub> ")
    return made


def ask(cub, command: str) -> str:
    """What the monitor says to a command, up to its next prompt."""
    cub.console.send(command + "\r")
    cub.console.expect(command + "\n")
    return cub.console.expect(re.compile(r"(?s)(.*?)cub> "))[1].replace("\r", "")


def test_help_lists_commands(cub):
    """Each command in a row of its own, in order, with what it does."""
    rows = [line.split()[0] for line in ask(cub, "help").splitlines()]
    assert [name for name in rows if name in COMMANDS] == COMMANDS
    assert rows == sorted(rows)
    assert ask(cub, "  help  ") == ask(cub, "help")


@pytest.mark.needs("1.4")
def test_info_tells_of_the_machine(machine):
    """Processor, protocol, command line, console, and a memory map with the RAM that we gave."""
    cub = machine(append="color=blue  quiet", memory="96M")
    cub.console.expect("cub> ")
    told = ask(cub, "info")
    assert re.search(r"^processor  QEMU", told, re.MULTILINE)
    assert re.search(r"^booted by  PVH$", told, re.MULTILINE)
    assert re.search(r"^arguments  color=blue  quiet$", told, re.MULTILINE)
    assert re.search(r"^console    serial$", told, re.MULTILINE)
    assert int(re.search(r"^memory +(\d+) MiB", told, re.MULTILINE)[1]) in (94, 95)
    ranges = [(int(start, 16), int(end, 16), kind) for start, end, kind in
              re.findall(r"^    ([0-9a-f]{16}) - ([0-9a-f]{16})  (.+)$", told, re.MULTILINE)]
    assert ranges == sorted(ranges) and len(ranges) >= 3
    assert all(end <= start for (_, end, _), (start, _, _) in zip(ranges, ranges[1:]))
    start, end = re.search(r"^kernel +([0-9a-f]+) - ([0-9a-f]+)", told, re.MULTILINE).groups()
    assert any(low <= int(start, 16) and int(end, 16) <= high and "usable" in kind for low, high, kind in ranges)


@pytest.mark.needs("1.5")
def test_backtrace_shows_who_called(cub, symbols):
    """The command's callers, from the monitor's loop to the kernel's first function."""
    told = ask(cub, "backtrace")
    names = re.findall(r"^  0x[0-9a-f]+  (\w+)\+0x[0-9a-f]+$", told, re.MULTILINE)
    assert names[-3:] == ["monitor_main", "kmain", "boot_high"]


def check_dump(cub, told: str, address: int, length: int, paddr: int) -> None:
    """A dump holds the bytes that are there, as QEMU sees them."""
    memory = cub.memory(paddr, length)
    rows = DUMP.findall(told)
    assert [int(at, 16) for at, _, _ in rows] == list(range(address, address + length, 16))
    assert b"".join(bytes.fromhex(row) for _, row, _ in rows) == memory
    text = "".join(text for _, _, text in rows)
    assert text == "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in memory)


def test_peek_shows_memory(cub, symbols, rng):
    """Random places and lengths, compared with the memory seen from outside."""
    direct, base = 0xFFFF800000000000, 0xFFFFFFFF80000000
    start = symbols.address("kernel_start") - base
    for _ in range(4):
        paddr, length = start + rng.randrange(60_000), rng.randint(1, 100)
        check_dump(cub, ask(cub, f"peek {paddr:#x} {length}"), direct + paddr, length, paddr)
    check_dump(cub, ask(cub, f"peek {start}"), direct + start, 64, start)
    check_dump(cub, ask(cub, f"peek {base + start:#X} 0x20".replace("0XF", "0xF")), base + start, 32, start)


def test_peek_refuses_nonsense(cub):
    """What is no address or no length is told, and the monitor goes on."""
    for arguments in ["", " x", " 0x", " -1", " 0x1g", " 1 2 3", " 99999999999999999999999999",
                      " 0xfffffffffffffffff", " 12 0x10000000000000000", " 1 2 3 4 5 6 7 8 9 10 11 12"]:
        assert ask(cub, "peek" + arguments).startswith("usage: peek ADDRESS [BYTES]"), arguments
    for length in ["0", "4097", "0xffffffffffffffff"]:
        assert ask(cub, f"peek 12 {length}") == "peek: 1 to 4096 bytes\n"


def test_peek_survives_any_address(cub, symbols, rng):
    """Unmapped, huge and non-canonical addresses are said to be unmapped."""
    guard = symbols.address("boot_stack_guard")
    unmapped = [0x100000000, 0x100000000 - 1, 0x7FFFFFFFFFFF, 0x800000000000, 0xFFFF7FFFFFFFFFFF,
                0xFFFF800100000000, 0xFFFF8000FFFFFFFF, 0xFFFFFFFF7FFFFFFF, 0xFFFFFFFFFFFFFFFF,
                0xFFFFFFFFFFFFFFC0, guard, guard - 1, guard + 4095, rng.getrandbits(45) | 1 << 46]
    for address in unmapped:
        told = ask(cub, f"peek {address:#x}")
        shown = address if address >= 1 << 32 else 0xFFFF800000000000 + address
        assert told == f"peek: nothing is mapped at {shown:016x}\n"


def test_unknown_commands_are_told(cub):
    """No such command, no command, and too many words."""
    assert ask(cub, "hlep me") == 'hlep: no such command; "help" lists them\n'
    assert ask(cub, "helpp").startswith("helpp: no such command")
    assert ask(cub, "%s%n%d").startswith("%s%n%d: no such command")
    assert ask(cub, "") == ask(cub, "    ") == ""
    assert ask(cub, "a b c d e f g h i j k").startswith("a: no such command")


def test_tab_completes(cub):
    """One candidate is completed, several are listed, none does nothing."""
    console = cub.console
    console.send("he\t\r")
    console.expect("help \r\n")
    console.expect("list the commands")
    console.expect("cub> ")
    console.send("p\t")                     # peek, poweroff: nothing in common beyond p
    console.expect(re.compile(r"p\r\npeek  poweroff  \r\ncub> p"))
    console.send("e\t0x100000 1\r")         # peek, and a space
    console.expect("\nffff800000100000  ")
    console.expect("cub> ")
    console.send("zz\t\r")
    console.expect("zz: no such command")
    console.expect("cub> ")
    console.send("\t")                      # nothing typed: all of them
    console.expect(re.compile("  ".join(COMMANDS)))
    console.expect("cub> ")


def test_history_and_editing(cub):
    """The arrows of a terminal: an earlier line again, edited."""
    console = cub.console
    ask(cub, "frist")
    console.send("\x1b[A" + "\x1b[D" * 3 + "\x7f" + "\x1b[C" + "r\x1b[F!\r")      # fist, first, first!
    console.expect("\nfirst!: no such command")
    console.expect("cub> ")
    console.send("help\x1b[A\x1b[A\x1b[B\x1b[B\x1b[H\x1b[3~\r")                    # the line is kept: elp
    console.expect("\nelp: no such command")


def test_reboot(cub):
    """reboot restarts the machine."""
    cub.console.send("reboot\r")
    assert cub.wait().kind == "rebooted"


def test_poweroff(cub):
    """poweroff turns it off."""
    cub.console.send("poweroff\r")
    assert cub.wait().kind == "powered-off"
