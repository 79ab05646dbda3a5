"""The pytest plugin: collects kernel tests, boots one for each, and judges.

It collects KTESTs from labN-*/{tests,hidden}/*_test.c beside pytest's own test_*.py,
gives Python tests machines to talk to (fixtures.py), sorts tests so that what others
need comes first, and tells a run's directory how each test ended (verdicts.py).
Works alone (`python3 -m pytest lab1-boot`), under pytest-xdist, and as the engine of
`make grade`, which passes the tree to judge.  See pytest's "Working with non-python tests".
"""

from __future__ import annotations

import functools
import re
import secrets
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from grader import build, explain, ktests, places
from grader import lab as labs
from grader.dialogue import Expected, clean
from grader.fixtures import (  # noqa: F401 (pytest finds them here)
    alone, boot_ktest, kept_input, kernel, ktest, machine, rng, several, symbols, user)
from grader.machine import MachineError
from grader.verdicts import Result, Run, unfit

ROOT = Path(__file__).resolve().parent.parent
NOT_RUN = pytest.StashKey[str]()
RUN = pytest.StashKey[Run]()
COUNTS = pytest.StashKey[Counter[str]]()
FAILURE = pytest.StashKey[explain.Failure]()


class KtestFailed(Exception):
    """A kernel test that did not pass; carries its words."""

    def __init__(self, failure: explain.Failure) -> None:
        super().__init__(failure.text())
        self.failure = failure


# --- options ---------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cub", "Cub's kernel tests")
    group.addoption("--cub-tree", type=Path, default=ROOT, help="the tree whose kernel is judged")
    group.addoption("--cub-trees", type=Path, help="JSON: exercise -> tree, for those judged by themselves")
    group.addoption("--cub-built", action="store_true", help="all kernels have just been built")
    group.addoption("--cub-lab", type=int, help="build this stage instead of the test's own")
    group.addoption("--cub-seed", type=lambda text: int(text, 0), help="the run's seed (default: a new one)")
    group.addoption("--cub-exercise", help="only tests of these exercises, \"1.2,1.3\" (floor: of none)")
    group.addoption("--cub-inputs", help="where whoever runs us will keep the inputs of tests")
    group.addoption("--cub-run", type=Path, help="the run's directory, where results are written")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "exercise(id): the exercise that a test belongs to")
    config.addinivalue_line("markers", "slow: begun first among several workers, so that none ends alone with it, else last")
    config.addinivalue_line("markers", "needs(id, ...): exercises without which a test cannot run")
    shared = getattr(config, "workerinput", {})
    option = config.option
    if option.cub_seed is None:
        option.cub_seed = shared.get("cub_seed", secrets.randbits(32))
    if option.cub_run is None and "cub_run" in shared:
        option.cub_run = Path(shared["cub_run"])
    elif option.cub_run is None:
        option.cub_run = Path(tempfile.mkdtemp(prefix="cub-run-"))
        config.add_cleanup(lambda: shutil.rmtree(option.cub_run, ignore_errors=True))
    config.stash[RUN] = Run(option.cub_run)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """xdist: every worker works with the same seed in the same run directory."""
    node.workerinput["cub_seed"] = node.config.option.cub_seed
    node.workerinput["cub_run"] = str(node.config.option.cub_run)


def pytest_report_header(config: pytest.Config) -> str:
    return f"cub: seed {config.option.cub_seed:#x}"


# --- collection ------------------------------------------------------------------------------


def lab_of(path: Path) -> int | None:
    """The number of the lab whose tests/ or hidden/ holds that file."""
    match = re.fullmatch(r"lab(\d+)-[\w-]+", path.parent.parent.name)
    return int(match[1]) if match and path.parent.name in ("tests", "hidden") else None


def pytest_collect_file(file_path: Path, parent: pytest.Collector):
    if file_path.name.endswith("_test.c") and lab_of(file_path):
        return KtestFile.from_parent(parent, path=file_path)
    return None


class KtestFile(pytest.File):
    """One *_test.c."""

    def collect(self):
        try:
            home = self.path.parent.parent
            names = {test.name for test in ktests.read(self.path, str(self.path.relative_to(home.parent)))}
            known = ktests.of_lab(home)
        except (ktests.KtestError, labs.LabError) as error:
            raise self.CollectError(str(error)) from None
        for test in known.values():
            if test.name in names and not test.probe:
                yield KtestItem.from_parent(self, name=test.name, test=test)


class KtestItem(pytest.Item):
    """One KTEST: one boot."""

    def __init__(self, *, test: ktests.Ktest, **rest) -> None:
        super().__init__(**rest)
        self.test = test
        if test.exercise:
            self.add_marker(pytest.mark.exercise(test.exercise))
        if test.needs:
            self.add_marker(pytest.mark.needs(*test.needs))

    def runtest(self) -> None:
        test = self.test
        told = boot_ktest(self, test.name, limit=test.limit)
        if told.end.kind == "skipped":
            pytest.skip(told.end.detail)
        if told.end.kind != "passed":
            raise KtestFailed(explain.ktest(test.title, test.panics, told.end, told.diagnostics,
                                            told.todos, told.console))

    def repr_failure(self, excinfo, style=None):
        failure = self.stash.get(FAILURE, None)
        return failure.text() if failure else super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, f"{self.name} ({self.test.exercise or 'floor'}: {self.test.title})"


def exercise_of(item: pytest.Item) -> str:
    """The exercise that a test belongs to, or ""."""
    marker = item.get_closest_marker("exercise")
    return str(marker.args[0]) if marker and marker.args else ""


def title_of(item: pytest.Item) -> str:
    """What a test shows: a KTEST's title, or the first line of a Python test's docstring."""
    if isinstance(item, KtestItem):
        return item.test.title
    text = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip()
    return text.split("\n")[0].rstrip(".") if text else item.name


@functools.lru_cache(maxsize=1)
def exercises(root: Path) -> dict[str, labs.Exercise]:
    """The exercises of all labs, in the order of their lab.toml."""
    return {e.id: e for lab in labs.labs(root) for e in lab.exercises}


def needs_of(item: pytest.Item) -> list[str]:
    """The exercises that a test needs: its own and those of its exercise, but never its own one."""
    found = [str(need) for marker in item.iter_markers("needs") for need in marker.args]
    exercise = exercises(item.config.rootpath).get(exercise_of(item))
    found += exercise.needs if exercise else ()
    return [need for need in dict.fromkeys(found) if need != exercise_of(item)]


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config,
                                  items: list[pytest.Item]) -> None:
    """Puts exercises in an order in which each comes behind what it needs, and slow tests first or last."""
    order = {name: place for place, name in enumerate(_in_order(exercises(config.rootpath)))}
    for item in items:
        if (name := exercise_of(item)) and name not in order:
            raise pytest.UsageError(f"{item.nodeid}: there is no exercise {name}")
    shared = hasattr(config, "workerinput")
    items.sort(key=lambda item: ((item.get_closest_marker("slow") is None) == shared,
                                 order.get(exercise_of(item), len(order)), lab_of(item.path) is None))
    if config.option.cub_exercise:
        wanted = {name.strip() for name in config.option.cub_exercise.split(",")}
        config.hook.pytest_deselected(items=[i for i in items if (exercise_of(i) or "floor") not in wanted])
        items[:] = [item for item in items if (exercise_of(item) or "floor") in wanted]


def _in_order(known: dict[str, labs.Exercise]) -> list[str]:
    """All exercises, each behind those that it needs."""
    found: list[str] = []

    def add(name: str) -> None:
        for need in known[name].needs:
            if need not in found and need in known:
                add(need)
        if name not in found:
            found.append(name)

    for name in known:
        add(name)
    return found


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.pluginmanager.hasplugin("dsession"):
        return      # xdist's controller collects nothing; its workers do
    session.config.stash[COUNTS] = Counter(map(exercise_of, session.items))
    session.config.stash[RUN].collected([_blank(item) for item in session.items])


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = (yield).get_result()
    if report.failed:
        collector.config.stash[RUN].fault(str(report.longrepr))


def _blank(item: pytest.Item) -> Result:
    return Result(item.nodeid, item.name, lab_of(item.path) or 0, exercise_of(item), title_of(item),
                  command=_again(item), hidden=item.path.parent.name == "hidden")


def _again(item: pytest.Item) -> str:
    """The command that runs a test again."""
    seed = item.config.option.cub_seed
    lab, machines = f"LAB={lab_of(item.path)}", getattr(item, "cub_machines", [])
    asked = machines[-1].options if machines else None
    test = item.name if isinstance(item, KtestItem) else asked.ktest if asked else ""
    if not test and machines:
        return f"make gdb {lab}"
    if test:
        given = f" INPUT={kept_input(item, test, asked.input)}" if asked and asked.input else ""
        if machines and machines[-1].schedule is not None:
            return f"make replay {lab} TEST={test} SEED={asked.seed:#x}{given} SCHEDULE={machines[-1].schedule}"
        return f"make gdb {lab} TEST={test} SEED={seed:#x}{given}"
    return f"/usr/bin/python3 -m pytest '{item.nodeid}' --cub-seed={seed:#x}"


# --- running ---------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs an exercise of which nothing works is not run and says so."""
    if need := _missing(item):
        item.stash[NOT_RUN] = f"needs {need}"
        pytest.skip(f"not run: needs {need}")


def _missing(item: pytest.Item) -> str:
    """The first exercise that a test needs and of which nothing works, as far as is known."""
    run = item.config.stash[RUN]
    needs = _needs(item)
    results = run.results() if needs else []
    return next((need for need in needs if unfit(need, results, item.config.stash[COUNTS]) == "all"), "")


def _needs(item: pytest.Item) -> list[str]:
    """What a test needs; one that is judged by itself (ISOLATE) finds the reference's others and misses nothing."""
    return [] if alone(item) else needs_of(item)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        item.stash[FAILURE] = _explain(item, call.excinfo)
    report = (yield).get_result()
    if lab_of(item.path) is None:
        return
    if report.failed and FAILURE in item.stash:
        report.longrepr = item.stash[FAILURE].text()
    if report.when == "call" and report.outcome == "passed":
        _record(item, "passed", "", report.duration)
    elif report.skipped:
        _record(item, "not-run" if NOT_RUN in item.stash else "skipped", str(call.excinfo.value), report.duration)
    elif report.failed:
        failure = item.stash[FAILURE]
        _record(item, "failed", failure.reason, report.duration, failure.text())


def _record(item: pytest.Item, outcome: str, reason: str, seconds: float, block: str = "") -> None:
    reason = explain.shortened(clean(reason))       # a kernel's words: they may be anything
    counts = not (outcome == "skipped" and not isinstance(item, KtestItem))
    if not isinstance(item, KtestItem) and reason.startswith("Skipped: "):
        reason = reason[len("Skipped: "):]
    item.config.stash[RUN].record(Result(
        item.nodeid, item.name, lab_of(item.path) or 0, exercise_of(item), title_of(item), outcome, reason,
        block, _again(item), seconds, item.path.parent.name == "hidden", counts, tuple(_needs(item)),
        booted=_booted(item) if outcome == "failed" else {}))


def _booted(item: pytest.Item) -> dict:
    """The last test or probe that a Python test booted, so that trace.py can boot it again."""
    machines = getattr(item, "cub_machines", [])
    asked = machines[-1].options if machines and not isinstance(item, KtestItem) else None
    if not asked or not asked.ktest:
        return {}
    schedule = machines[-1].schedule
    append = asked.append if schedule is None else f"{asked.append} schedule={schedule}".strip()
    return {"test": asked.ktest, "input": asked.input.hex(), "append": append, "limit": asked.limit,
            "memory": asked.memory, "cpus": asked.cpus, "icount": asked.icount}


def _explain(item: pytest.Item, excinfo: pytest.ExceptionInfo) -> explain.Failure:
    """The words for whatever a test raised."""
    error = excinfo.value
    if isinstance(error, KtestFailed):
        failure = error.failure
    elif isinstance(error, build.BuildError):
        failure = explain.Failure("a kernel that builds", ["it does not build:", *error.reason.split("\n")])
    elif isinstance(error, (MachineError, labs.LabError)):
        failure = explain.Failure(title_of(item), [str(error)])
    else:
        failure = _of_python(item, excinfo)
    failure.again = _again(item)
    if machines := getattr(item, "cub_machines", []):
        elf, symbols = machines[-1].options.elf, machines[-1].symbols
        failure.seen = places.located(failure.seen, elf, symbols)
        failure.trace = places.located(failure.trace, elf, symbols)
    return failure


def _of_python(item: pytest.Item, excinfo: pytest.ExceptionInfo) -> explain.Failure:
    """A Python test's assertion, with what its last machine shows."""
    error = excinfo.value
    failure = explain.Failure(title_of(item))
    if isinstance(error, Expected):
        failure.expected, failure.seen = error.expected, [error.seen, error.why]
    else:
        failure.seen = explain.exception_in_words(error, excinfo.exconly(tryshort=True))
        frames = [f for f in excinfo.traceback if Path(str(f.path)) == item.path]
        if frames:
            failure.notes = [f"{item.path.name}:{frames[-1].lineno + 1}: {str(frames[-1].statement).strip()}"]
    machines = getattr(item, "cub_machines", [])
    if machines:
        last = machines[-1]
        failure.console, kernels = explain.split_trace(last.console.text)
        failure.trace = list(last.seen_from_outside()) or kernels
        failure.todos = explain.todos_on(last.console.text)
        if last.end and last.end.kind != "passed" and not isinstance(error, Expected):
            said = explain.SAID[last.end.kind]      # the fixture ktest has said so already, and more
            failure.seen += [] if any(said in line for line in failure.seen) else [explain.end_in_words(last.end)]
    return failure
