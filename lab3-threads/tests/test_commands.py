"""The monitor's commands threads and sched. `park` is a command of the tests' kernel (commands_test.c)."""

import re

import pytest

pytestmark = pytest.mark.needs("1.2", "1.3", "1.5", "1.7", "3.1", "3.2", "3.3", "3.4")

THREAD = re.compile(r"^ *(\d+)  (.{16}) (\w+) +(\d+) +(\d+) +(\d+) +(\d+)\.(\d{3}) +(\d+)(?:  (.*))?$", re.MULTILINE)
PROCESSOR = re.compile(r"^ *(\d+) +(\d+)  (.{16}) +(\d+) +(\d+) +(\d+\.\d) %$", re.MULTILINE)


@pytest.fixture
def ask(machine):
    """ask(command): what the monitor of the machine that `start` started says to it."""
    console = None

    def start(**options):
        nonlocal console
        console = machine(**options).console
        return console.expect(re.compile(r"(?s)(.*?)cub> "))[1]

    def ask(command):
        if console is None:
            start()
        console.send(command + "\r")
        console.expect(command + "\n")
        return console.expect(re.compile(r"(?s)(.*?)cub> "))[1].replace("\r", "")

    ask.start = start
    return ask


def threads(ask):
    """By their names: id, state, processor, priority, base, microseconds run, switches, where."""
    told = ask("threads")
    rows = THREAD.findall(told)
    assert len(rows) == len(told.splitlines()) - 1, told
    ids = [int(row[0]) for row in rows]
    assert ids == sorted(set(ids)), told
    return {name.rstrip(): (int(id), state, int(cpu), int(priority), int(base), int(ms) * 1000 + int(us), int(switches), where)
            for id, name, state, cpu, priority, base, ms, us, switches, where in rows}


def processors(ask):
    """By their numbers: the running thread's id and name, how many wait, were stolen, idle percent."""
    told = ask("sched")
    rows = PROCESSOR.findall(told)
    assert len(rows) == len(told.splitlines()) - 2, told
    return {int(cpu): (int(id), name.rstrip(), int(ready), int(stolen), float(idle))
            for cpu, id, name, ready, stolen, idle in rows}


def test_threads_in_every_state(ask):
    """New, ready, sleeping and running threads, with their priorities, and where they stand."""
    before = threads(ask)
    assert before["main"][1:5] == ("running", 0, 16, 16)
    ask("park sleeping deep-asleep 20")
    ask("park ready waits-its-turn 7")
    ask("park new sixteen-letters-and-more 0")
    now = threads(ask)
    id, state, cpu, priority, base, ran, switches, where = now["deep-asleep"]
    assert (state, cpu, priority, base, switches) == ("sleeping", 0, 20, 20, 1)
    assert id > max(row[0] for row in before.values())
    assert "waitqueue_" in where and "parked_here" in where and "sched" not in where
    assert now["waits-its-turn"][1:5] == ("ready", 0, 7, 7) and now["waits-its-turn"][6:] == (0, "")
    assert now["sixteen-letters"][1:] == ("new", 0, 0, 0, 0, 0, "")
    assert now["main"][5] > before["main"][5] and now["main"][6] > before["main"][6]
    assert now["main"][7] == ""
    ask("unpark")
    assert threads(ask).keys() == before.keys()


def test_sched_tells_of_processors(ask):
    """The policy's name, who runs, and how many wait."""
    assert ask("sched").startswith("policy fair\n")
    main = threads(ask)["main"][0]
    assert processors(ask)[0][:4] == (main, "main", 0, 0)
    for number in range(3):
        ask(f"park ready number-{number} 16")
    assert processors(ask)[0][:4] == (main, "main", 3, 0)
    ask("unpark")
    assert processors(ask)[0][:4] == (main, "main", 0, 0)


def test_idle_processor(ask):
    """Beside a prompt that is waited at, the second processor is idle, and steals nothing."""
    ask.start(cpus=2, icount=False)
    told = processors(ask)
    assert told.keys() == {0, 1}
    runs = {cpu: told[cpu][1] for cpu in told}
    assert sorted(runs.values()) == ["idle", "main"]
    for cpu, name in runs.items():
        assert (told[cpu][4] > 50) == (name == "idle"), told


def test_policies_by_name(ask):
    """The command line chooses; what it does not know is told, and fair is taken."""
    said = ask.start(append="sched=round-robin")
    assert "there is no policy of that name" in said
    assert ask("sched").startswith("policy fair\n")


@pytest.mark.needs("3.8")
def test_policy_mlfq(ask):
    """With sched=mlfq, that one is taken, and threads sleep and wake with it."""
    assert "fair is taken" not in ask.start(append="sched=mlfq")
    assert ask("sched").startswith("policy mlfq\n")
    for number in range(3):
        ask(f"park sleeping number-{number} {10 * number}")
    assert sum(row[1] == "sleeping" for row in threads(ask).values()) == 3
    ask("unpark")
    assert threads(ask).keys() == {"main", "idle"}
