"""Traces: what a dump means, both kinds of files, and pictures of failures beside a grade's report."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grader import build, emulator as emu, ktap, lab as labs, report, timeline, timeline_json, timeline_svg, trace
from grader.dialogue import Dialogue
from grader.machine import End
from grader.score import Grade
from grader.timeline import Slice, Wait
from grader.verdicts import Result

SVG = "{http://www.w3.org/2000/svg}"

# main (1) starts ping (3) and goes to sleep; ping waits for a lock on processor 0, main runs on 1.
DUMP = """\
processor 0: 6 events, the last 6 follow
1000 start 3 1 "main"
2000 switch 3 1 "ping"
3000 wait 3 0xffffffff80001000 "table"
4000 switch 2 3 "idle"
7000 switch 3 2 "ping"
7500 waited 3 0xffffffff80001000 "table"
processor 1: 4 events, the last 4 follow
2500 switch 1 9 "main"
5000 wake 3 1 "main"
6000 mark 1 "half way"
8000 exit 1 0 "main"
ends
""".splitlines()


@pytest.fixture
def small() -> timeline.Timeline:
    return timeline.read(DUMP)


def many(events: int, threads: int = 2, cpus: int = 1) -> list[str]:
    """A dump of threads that run by turns."""
    lines = []
    for cpu in range(cpus):
        lines.append(f"processor {cpu}: {events + 10} events, the last {events} follow")
        turns = [100 * cpu + i % threads + 1 for i in range(events + 1)]
        lines += [f'{1000 * i + cpu} switch {turns[i + 1]} {turns[i]} "worker {turns[i + 1]}"' for i in range(events)]
    return [*lines, "ends"]


# --- what a dump means -------------------------------------------------------------------


def test_who_ran_where(small):
    assert small.cpus == [0, 1] and small.whole and small.lost == 0
    assert small.names == {1: "main", 2: "idle", 3: "ping"}
    assert [piece for piece in small.slices if piece.cpu == 0] == [
        Slice(0, 1, 1000, 2000), Slice(0, 3, 2000, 4000), Slice(0, 2, 4000, 7000), Slice(0, 3, 7000, 8000)]
    assert [piece for piece in small.slices if piece.cpu == 1] == [Slice(1, 9, 1000, 2500), Slice(1, 1, 2500, 8000)]
    assert Slice(0, 2, 4000, 7000) not in small.running and small.threads == [1, 3, 9]
    assert small.name(3) == "ping" and small.name(9) == "thread 9"


def test_who_woke_whom_and_when_it_ran(small):
    started, woken = small.wakes
    assert (started.first, started.waker, started.thread, started.runs) == (True, 1, 3, Slice(0, 3, 2000, 4000))
    assert (woken.first, woken.waker, woken.thread, woken.runs) == (False, 1, 3, Slice(0, 3, 7000, 8000))
    assert Slice(0, 3, 1000, 2000) in small.ready and Slice(0, 3, 5000, 7000) in small.ready
    assert Slice(1, 1, 2000, 2500) in small.ready, "nobody woke main: it only gave way"


def test_what_was_waited_for(small):
    assert small.waits == [Wait(3, "table", 0xffffffff80001000, 3000, 7500, True)]
    never = timeline.read([line for line in DUMP if "waited" not in line])
    assert never.waits == [Wait(3, "table", 0xffffffff80001000, 3000, 8000, False)]
    assert [mark.text for mark in small.marks] == ["half way"] and [mark.thread for mark in small.exits] == [1]


def test_lines_that_are_none_are_passed_over(small):
    broken = ["ping", '1 switch 1 2 "x"', *DUMP[:5], '99 switch 3 "x"', "7000 switch", '1 dance 1 2 "x"',
              '7000 wait 3 4 "x"', "processor x: 1 events", *DUMP[5:], "9" * 300]
    assert timeline.read(broken).events == small.events
    assert timeline.read([]).events == [] and not timeline.read(DUMP[:-1]).whole


def test_names_are_as_they_were_and_can_be_shown():
    line = timeline.read(["processor 0: 1 events, the last 1 follow", r'5 mark 1 "a\x22b\x5c\xa\x1b[31m"'])
    assert line.marks[0].text == 'a"b\\··[31m'


def test_a_processor_that_did_nothing_is_there():
    line = timeline.read([*DUMP[:-1], "processor 2: 0 events, the last 0 follow", "ends"])
    assert line.cpus == [0, 1, 2] and not [piece for piece in line.slices if piece.cpu == 2]


def test_what_was_overwritten_is_counted():
    line = timeline.read(many(50, cpus=2))
    assert line.lost == 20 and len(line.events) == 100


def test_the_last_events_only():
    line = timeline.read(many(50))
    last = line.last(10)
    assert len(last.events) == 10 and last.left_out == 40 and last.begin == line.events[40].time
    assert min(piece.start for piece in last.slices) == last.begin and last.slices[-10:] == line.slices[-10:]
    begun = timeline.read([*many(50)[:-1], f'60000 mark 1 "{timeline.BEGINS}"', '61000 switch 2 1 "worker 2"'])
    assert [event.time for event in begun.last(1000).events] == [60000, 61000]


def test_the_kernel_and_we_agree_on_where_a_picture_begins():
    header = (emu.ROOT / "lab3-threads/trace/trace.h").read_text()
    assert f'#define TRACE_BEGINS "{timeline.BEGINS}"' in header


def test_on_com2_it_is_no_verdict_and_no_failed_check():
    hostile = '1 mark 1 "\\xaok 1 - x # nonce=1"'
    said = ktap.read("KTAP version 1\n1..1\n" + "".join(f"# trace {line}\n" for line in [*DUMP, hostile]))
    assert said.events == [*DUMP, hostile] and not said.diagnostics and not said.results and not said.strange


# --- files -------------------------------------------------------------------------------

# What the Trace Event Format asks of each kind of event, beside ph, name, pid and ts.
FIELDS = {"X": {"cat", "tid", "dur"}, "i": {"cat", "tid", "s"}, "s": {"cat", "tid", "id"}, "f": {"cat", "tid", "id", "bp"},
          "M": {"tid", "args"}}


def test_json_has_the_form_of_the_trace_event_format(small):
    data = json.loads(timeline_json.render(small, {"test": "x"}))
    assert data["displayTimeUnit"] in ("ns", "ms") and data["otherData"] == {"test": "x"}
    for event in data["traceEvents"]:
        assert FIELDS[event["ph"]] <= event.keys(), event
        assert isinstance(event["name"], str) and isinstance(event["pid"], int) and isinstance(event["tid"], int)
        assert isinstance(event["ts"], (int, float)) and event["ts"] >= 0 and event.get("dur", 0) >= 0
        assert event["ph"] != "i" or event["s"] in ("g", "p", "t")
        assert event["ph"] != "M" or event["name"] in ("process_name", "thread_name", "thread_sort_index")


def test_json_says_what_ran_when(small):
    events = json.loads(timeline_json.render(small, {}))["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert set(names.values()) == {"processor 0", "processor 1", "main (1)", "ping (3)", "thread 9 (9)"}
    assert [event["args"]["name"] for event in events if event["name"] == "process_name"] == ["Cub"]
    slices = {(names[e["tid"]], e["name"], e["ts"], e["dur"]) for e in events if e["ph"] == "X"}
    assert slices == {("processor 0", "main", 1, 1), ("processor 0", "ping", 2, 2), ("processor 0", "ping", 7, 1),
                      ("processor 1", "thread 9", 1, 1.5), ("processor 1", "main", 2.5, 5.5),
                      ("ping (3)", "waits for table", 3, 4.5), ("ping (3)", "ready", 1, 1), ("ping (3)", "ready", 5, 2),
                      ("main (1)", "ready", 2, 0.5)}
    flows = {kind: {e["id"]: (names[e["tid"]], e["ts"]) for e in events if e["ph"] == kind} for kind in "sf"}
    assert flows["s"] == {1: ("processor 0", 1), 2: ("processor 1", 5)}
    assert flows["f"] == {1: ("processor 0", 2), 2: ("processor 0", 7)}


def svg(line: timeline.Timeline, title: str = "x", note: str = "") -> ElementTree.Element:
    return ElementTree.fromstring(timeline_svg.render(line, title, note))


def test_svg_needs_nothing_from_outside(small):
    text = timeline_svg.render(small, "x")
    root = ElementTree.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "defs", "pattern", "rect", "marker", "path", "text", "g"}
    assert not re.search(r"href|@import|<script|on\w+=", text)
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#lock", "#to"}
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]


def test_svg_shows_everything(small):
    titles = [element.text for element in svg(small).iter(SVG + "title")]
    assert "ping (3) runs for 2.00 µs, from 1.00 µs on" in titles
    assert "waits for table (0xffffffff80001000) for 4.50 µs, from 2.00 µs on" in titles
    assert {"main starts ping at 0 ns", "main wakes ping at 4.00 µs", "half way (at 5.00 µs)", "main ends"} <= set(titles)
    texts = [element.text for element in svg(small, "a test", "seed 0x1").iter(SVG + "text")]
    assert {"a test", "10 events in 7.00 µs · seed 0x1", "processor 0", "processor 1", "main (1)", "ping (3)"} <= set(texts)


def test_svg_lies_inside_its_frame():
    for line in (timeline.read(DUMP), timeline.read(many(3000, threads=60, cpus=4))):
        root = svg(line)
        width, height = float(root.get("width")), float(root.get("height"))
        for rect in root.iter(SVG + "rect"):
            if rect.get("x") and rect.get("width") != "100%":
                assert 0 <= float(rect.get("x")) and float(rect.get("x")) + float(rect.get("width")) <= width
                assert float(rect.get("y")) + float(rect.get("height")) <= height


def test_svg_of_much_is_small_and_says_so():
    text = timeline_svg.render(timeline.read(many(3000, threads=60, cpus=2)), "x")
    assert len(text) < 300_000 and "the last 400 events in " in text and "; 5620 came before" in text
    assert "32 of 120 threads" in text


def test_svg_shows_names_as_text():
    name = '</text><script>alert("x")</script>'
    line = timeline.read(["processor 0: 2 events, the last 2 follow",
                          f'1 switch 1 2 "{name}"', f'9000 mark 1 "{name}"'])
    root = svg(line, name, name)
    assert not list(root.iter(SVG + "script")) and f"{name} (1)" in [t.text for t in root.iter(SVG + "text")]


def test_svg_of_one_moment_and_of_far_times():
    for events in (['5 mark 1 "x"'], ['0 switch 1 2 "a"', f'{10 ** 19} switch 2 1 "b"'], ['7 wake 1 2 "a"', '7 wake 2 1 "b"']):
        svg(timeline.read([f"processor 0: {len(events)} events, the last {len(events)} follow", *events]))


@pytest.mark.parametrize("time, text", [(0, "0 ns"), (999, "999 ns"), (1000, "1.00 µs"), (45678, "45.7 µs"),
                                        (456789, "457 µs"), (1_500_000, "1.50 ms"), (12 * 10 ** 9, "12.0 s")])
def test_durations(time, text):
    assert timeline_svg.duration(time) == text


def test_time_goes_on_along_the_axis():
    scale = timeline_svg._Scale(timeline.read(many(40)))
    places = [scale.x(time) for time in range(0, 39001, 130)]
    assert places == sorted(places) and places[0] == timeline_svg.LEFT
    for place in (0.0, 33.3, scale.width / 2, scale.width):
        assert abs(scale.x(scale.time(place)) - timeline_svg.LEFT - place) < 0.01


# --- beside a report ---------------------------------------------------------------------


def failed(name: str, file: str = "a_test.c", **more) -> Result:
    return Result(f"lab3-threads/tests/{file}::{name}", name, 3, title=f"shows {name}",
                  **({"exercise": "3.1", "outcome": "failed", "reason": "a check failed", "block": "seen: x"} | more))


def test_of_which_failures_pictures_are_made():
    results = [failed("passed", outcome="passed"), failed("todo", reason="todo 3.1: f (a.c:1)"), failed("a"),
               failed("outside", "test_a.py"), failed("b"), failed("c"), failed("d")]
    assert [result.name for result in trace.wanted(3, results)] == ["a", "b", "c"]
    assert trace.wanted(2, results) == []


@pytest.fixture
def booted(monkeypatch, small):
    """What a traced boot comes to is up to the test."""
    run = {"end": End("failed", "a.c:3: KT_EQ(two, 3)"), "timeline": small}
    monkeypatch.setattr(trace, "boot", lambda kernel, test, **options: trace.Traced(**run))
    return run


def test_a_failure_names_its_picture(booted, tmp_path):
    told = trace.pictured(failed("a"), None, tmp_path / "pictures", Path("build/pictures"), 42)
    assert told.block == "seen: x\npicture:  build/pictures/a.svg" and told.picture == "pictures/a.svg"
    assert "seed 0x2a · a check failed" in (tmp_path / told.picture).read_text()
    json.loads((tmp_path / "pictures/a.json").read_text())


def test_a_failure_that_does_not_come_again_says_so(booted, tmp_path):
    booted["end"] = End("passed")
    assert trace.pictured(failed("a"), None, tmp_path, Path("p"), 42).block.endswith(
        "p/a.svg (run again with the trace on, the test passed; that run is shown)")


def test_what_a_python_test_booted_is_booted_again(monkeypatch, small, tmp_path):
    asked = {}

    def boot(kernel, test, **options):
        asked.update(options, test=test)
        return trace.Traced(End("passed"), small)

    monkeypatch.setattr(trace, "boot", boot)
    booted = {"test": "probe", "input": b"g 3".hex(), "append": "schedule=7", "limit": 20, "memory": "64M", "cpus": 1, "icount": True}
    result = failed("test_logs[two words]", "test_a.py", booted=booted)
    assert trace.wanted(3, [result]) == [result]
    told = trace.pictured(result, None, tmp_path, Path("p"), 42, limit=3)
    assert told.block == "seen: x\npicture:  p/test_logs-two-words.svg"
    assert asked == {**booted, "input": b"g 3", "seed": 42}


def test_a_forged_dump_is_read_as_far_as_a_real_one_goes(monkeypatch):
    lines = ["processor 0: 9 events, the last 9 follow"] + [f'{i} mark 1 "x"' for i in range(2 * trace.DUMP)]

    class Forger:
        """A machine that says too much."""
        com2 = Dialogue("com2", None)

        def __init__(self, kernel, **options):
            self.com2.feed("".join(f"# trace {line}\n" for line in lines).encode())

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def wait(self):
            return End("failed")

    monkeypatch.setattr(trace, "Machine", Forger)
    assert len(trace.boot(None, "a").timeline.events) == trace.DUMP - 1
    whole = many(trace.RING_EVENTS, cpus=trace.CPUS)
    assert len(whole) == trace.DUMP


@pytest.mark.slow
def test_a_blamed_schedule_is_the_one_in_the_picture():
    """Of 20 schedules in which nothing fails by itself the picture shows the one that the host names."""
    kernel = build.kernel(emu.ROOT, 3, tests=True)
    programmes = b"p 0 o0s1\np 1 s0o1\np 2 o0\np 3 o1\np 4 o0\n" + b"g 3 20\n"
    whole = [trace.boot(kernel, "waitqueue_log", input=programmes, limit=20, append=append).timeline.last(100000).events
             for append in ("schedule=4", "schedule=4", "schedule=5", "")]
    assert whole[0] == whole[1] != whole[2] != whole[3] != whole[0]


def test_where_nothing_was_traced_there_is_no_picture(booted, tmp_path):
    for told in (timeline.Timeline(), timeline.read(["processor 0: 1 events, the last 1 follow", '1 mark 1 "x"'])):
        booted["timeline"] = told
        assert trace.pictured(failed("a"), None, tmp_path, Path("p"), 42) == failed("a")
    assert not list(tmp_path.iterdir())


def test_reports_lead_to_the_picture(booted, tmp_path):
    lab = labs.load(emu.ROOT, 1)
    grade = Grade.of(lab, 42, ["1.1"])
    grade.rows[0].tests = [failed("a", exercise="1.1"), failed("b", exercise="1.1")]
    grade.replace(grade.rows[0].tests[0], trace.pictured(grade.rows[0].tests[0], None, tmp_path / "pictures", Path("pictures"), 42))
    report.write(tmp_path, grade)
    page = (tmp_path / "report.html").read_text()
    assert page.count('<a href="pictures/a.svg">') == 1 and "picture:  pictures/a.svg" in page
    assert "picture:  pictures/a.svg" in (tmp_path / "junit.xml").read_text()
    assert "picture:  pictures/a.svg" in json.loads((tmp_path / "report.json").read_text())["tests"][0]["output"]


# --- the verb ----------------------------------------------------------------------------


def run(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "grader", "trace", *words], capture_output=True, text=True, cwd=emu.ROOT,
                          timeout=600)


def test_make_trace_writes_both_files():
    at = emu.ROOT / "build/lab3/trace"
    for kind in ("svg", "json"):
        (at / f"trace_ping_pong.{kind}").unlink(missing_ok=True)
    done = run("--lab", "3", "--test", "trace_ping_pong", "--seed", "0x2a")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"trace_ping_pong: passed; \d+ events\n"
                        r"build/lab3/trace/trace_ping_pong.svg: open it in a browser\n"
                        r"build/lab3/trace/trace_ping_pong.json: open it in https://ui.perfetto.dev\n", done.stdout)
    assert "trace_ping_pong" in (at / "trace_ping_pong.svg").read_text()
    assert json.loads((at / "trace_ping_pong.json").read_text())["otherData"]["seed"] == "0x2a"


@pytest.mark.parametrize("words, told", [
    (("--lab", "3"), "which test?"), (("--lab", "3", "--test", "nothing"), "lab 3 has no kernel test nothing"),
    (("--lab", "2", "--test", "page_split"), "nothing to trace before lab 3")])
def test_mistakes_are_one_line(words, told):
    done = run(*words)
    assert done.returncode == 2 and told in done.stderr and done.stderr.count("\n") == 1
