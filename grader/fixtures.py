"""What Python tests get: machines, probes, the kernel under test, its symbols, random numbers.

    def test_echo(machine):
        console = machine().console
        console.expect("cub> ")
        console.send("help\\r")
        console.expect("reboot")

    def test_numbers(ktest, rng):
        number = rng.getrandbits(64)
        assert ktest("format_probe", input=[f"{number}"]).replies == [f"{number:x}"]

    def test_hello(user):
        assert user("/bin/hello").output == "hello, world\n"
"""

from __future__ import annotations

import functools
import json
import os
import random
import re
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Iterator

import pytest

from grader import build, explain, initrd, ktap
from grader import user as programs
from grader import lab as labs
from grader.dialogue import clean
from grader.machine import End, Machine
from grader.symbols import Symbols

MACHINE_OPTIONS = ("memory", "cpus")


@dataclass
class Ktap:
    """What one test boot told."""

    end: End
    replies: list[str] = field(default_factory=list)
    diagnostics: list[str] = field(default_factory=list)
    todos: list[str] = field(default_factory=list)
    console: str = ""
    machine: Machine | None = None

    def blame(self, schedule: int) -> None:
        """The host finds fault with that explored schedule: the failure's replay and picture show it."""
        self.machine.schedule = schedule

    @property
    def ok(self) -> bool:
        return self.end.kind == "passed"


def _lab_number(item: pytest.Item) -> int:
    match = re.match(r"lab(\d+)-", item.path.parent.parent.name)
    return item.config.option.cub_lab or (int(match[1]) if match else 1)


def alone(item: pytest.Item) -> Path | None:
    """The tree in which a test's exercise is judged by itself, with ISOLATE."""
    table, marker = item.config.option.cub_trees, item.get_closest_marker("exercise")
    if not table or not marker:
        return None
    tree = json.loads(table.read_text()).get(str(marker.args[0]))
    return Path(tree) if tree else None


def tree_of(item: pytest.Item) -> Path:
    """The tree to judge for a test."""
    return alone(item) or item.config.option.cub_tree.resolve()


_kernels: dict[tuple[Path, int], build.Kernel | build.BuildError] = {}


def kernel_of(item: pytest.Item) -> build.Kernel:
    """The TESTS kernel for a test, built at most once a process; raises BuildError."""
    key = (tree_of(item), _lab_number(item))
    make = build.found if item.config.option.cub_built else build.kernel
    if key not in _kernels:
        try:
            _kernels[key] = make(*key)
        except build.BuildError as error:
            _kernels[key] = error
    found = _kernels[key]
    if isinstance(found, build.BuildError):
        raise found
    return found


_options: dict[int, dict] = {}


def machine_options(item: pytest.Item) -> dict:
    """The machine that the test's lab asks for."""
    number = _lab_number(item)
    if number not in _options:
        try:
            table = labs.load(Path(item.config.rootpath), number).machine
        except labs.LabError:
            table = {}
        _options[number] = {name: table[name] for name in MACHINE_OPTIONS if name in table}
    return dict(_options[number])


def new_machine(item: pytest.Item, options: dict) -> Machine:
    """A machine, not started yet, noted down so that a failure can show its console."""
    kernel = options.pop("kernel", None) or kernel_of(item)
    made = Machine(kernel, **(machine_options(item) | options))
    item.__dict__["cub_machines"] = [made]      # the last one only: pytest keeps items, and a console may be long
    return made


def boot_ktest(item: pytest.Item, name: str, **options) -> Ktap:
    """Boots for one KTEST or KPROBE and reads what it told."""
    made = new_machine(item, {"ktest": name, "seed": item.config.option.cub_seed, **options})
    with made as running:
        end = running.wait()
    told = ktap.read(made.com2.text)
    made.schedule = explain.schedule(told.diagnostics)
    diagnostics = [_named(line, made) for line in told.diagnostics]
    end = replace(end, detail=_named(end.detail, made))
    return Ktap(end, told.replies, diagnostics, told.todos, made.console.text, made)


def _named(line: str, made: Machine) -> str:
    """The same line; what a data race was about is named, if it has a name."""
    return re.sub(r"^data race at (0x[0-9a-f]+)",
                  lambda match: f"data race at {made.symbols.name(int(match[1], 16))}", line)


@pytest.fixture
def kernel(request: pytest.FixtureRequest) -> build.Kernel:
    """The kernel under test, with its tests linked in."""
    return kernel_of(request.node)


@pytest.fixture
def symbols(kernel: build.Kernel) -> Symbols:
    """Its symbols."""
    return Symbols.load(kernel.elf)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers that the run's seed and the test's name decide."""
    return random.Random(f"{request.config.option.cub_seed:#x}:{request.node.name}")


@pytest.fixture(params=[2, 4, 8] if os.environ.get("CUB_LONG") else [2])
def several(request: pytest.FixtureRequest) -> int:
    """How many processors really run together: two, and in the long form more than most hosts
    have, which makes a fair spin lock slow."""
    return request.param


@pytest.fixture
def machine(request: pytest.FixtureRequest) -> Iterator[Callable[..., Machine]]:
    """machine(**options) starts a Machine (see launch.Options); it is closed after the test."""
    started: list[Machine] = []

    def start(**options) -> Machine:
        made = new_machine(request.node, options)
        started.append(made)
        return made.start()

    yield start
    for made in started:
        made.close()


@pytest.fixture
def ktest(request: pytest.FixtureRequest) -> Callable[..., Ktap]:
    """ktest(name, input=...) boots that KTEST or KPROBE and returns a Ktap; a boot that does
    not end as passed is a failure, unless check=False."""
    def boot(name: str, input: bytes | str | list[str] = b"", *, check: bool = True, **options) -> Ktap:
        data = "".join(f"{line}\n" for line in input) if isinstance(input, list) else input
        data = data.encode() if isinstance(data, str) else data
        told = boot_ktest(request.node, name, input=data, **options)
        if check and not told.ok:
            lines = [explain.end_in_words(told.end), *told.diagnostics]
            pytest.fail("\n".join(lines), pytrace=False)
        return told

    return boot


@dataclass
class Ran:
    """What a user program did: what it wrote on the console, and how it ended (as a shell's $?)."""

    output: str
    status: int
    console: str


BEGUN, ENDED = "init: begins\n", re.compile(r"init: status (\d+)\n")
MONITOR = "\ncub> "         # there is no program that runs, and there will be none


@pytest.fixture
def user(request: pytest.FixtureRequest) -> Callable[..., Ran]:
    """user(path, *arguments, files={path: content}) boots the lab's initrd, with these files in it
    besides, lets /init run that program, and returns what it did. keys are typed once it has begun
    to run. status=None: it may end as it likes."""
    def run(*words: str, files: dict[str, str | bytes | initrd.Entry] = {}, status: int | None = 0, keys: str = "",
            **options) -> Ran:
        root, lab = Path(request.config.rootpath), _lab_number(request.node)
        more = [data if isinstance(data, initrd.Entry) else
                initrd.file(name.lstrip("/"), data.encode() if isinstance(data, str) else data)
                for name, data in files.items()]
        entries, image = _programs(root, lab)
        append = " ".join(["quiet", options.pop("append", ""), "--", *words])
        made = new_machine(request.node, {"initrd": initrd.archive(entries + more) if more else image,
                                          "append": append, "limit": 60, "alone": not keys, **options})
        with made as running:
            if keys:
                running.console.expect(BEGUN)
                running.console.send(keys)
            end = running.wait(over=MONITOR)
        return _ran(made, end, status)

    return run


@functools.cache
def _programs(root: Path, lab: int) -> tuple[list[initrd.Entry], Path]:
    """What the lab's initrd has, and its file: built once a process."""
    return programs.entries(root, lab), programs.image(root, lab)


def _ran(made: Machine, end: End, status: int | None) -> Ran:
    """What init tells of the program; a machine that ended otherwise is a failure."""
    console = clean(made.console.text)
    begun, ended = console.find(BEGUN), list(ENDED.finditer(console))
    if begun < 0 or not ended or end.kind != "powered-off":
        pytest.fail(f"{explain.end_in_words(end)}\nlast lines:\n{made.console.tail(20)}", pytrace=False)
    ran = Ran(console[begun + len(BEGUN):ended[-1].start()], int(ended[-1][1]), console)
    if status is not None and ran.status != status:
        pytest.fail(f"the program ended with status {ran.status}, not {status}\nlast lines:\n"
                    f"{made.console.tail(20)}", pytrace=False)
    return ran


def kept_input(item: pytest.Item, name: str, data: bytes) -> Path:
    """Keeps a test's input for the command that runs it again; returns where `make grade`
    leaves it."""
    directory = Path(item.config.option.cub_run) / "inputs"
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}-{zlib.crc32(data):08x}"
    path.write_bytes(data)
    kept = item.config.option.cub_inputs
    return Path(kept) / path.name if kept else path
