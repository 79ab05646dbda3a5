"""report.html: one page that needs nothing from outside itself.  All text is escaped."""

from __future__ import annotations

import html
import time

from grader.dialogue import clean
from grader.score import Grade, Row, shown
from grader.verdicts import Result

STYLE = """
:root { --ink: #1d2430; --soft: #667085; --line: #e3e6eb; --paper: #fff; --back: #f5f6f8;
        --good: #1a7f4b; --bad: #c0352b; --dull: #9a6b00; --code: #f0f2f5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #2c3340; --paper: #191e27; --back: #11151c;
          --good: #4cc38a; --bad: #ff7b72; --dull: #e0b04a; --code: #10141b; } }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
          padding: 1.2rem 1.5rem; margin: 1rem 0; overflow-x: auto }
h1 { margin: 0; font-size: 1.5rem } h2 { margin: 0 0 .6rem; font-size: 1.1rem }
.points { font-size: 2.6rem; font-weight: 650; line-height: 1.2 }
.soft { color: var(--soft) } .good { color: var(--good) } .bad { color: var(--bad) } .dull { color: var(--dull) }
table { border-collapse: collapse; width: 100% }
th { text-align: left; color: var(--soft); font-weight: 500; font-size: .85rem }
th, td { padding: .4rem .7rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.bar { height: .5rem; min-width: 6rem; background: var(--line); border-radius: 1rem; overflow: hidden; margin-top: .5rem }
.bar i { display: block; height: 100%; background: var(--good) }
details { border-bottom: 1px solid var(--line); padding: .4rem 0 } details:last-child { border: 0 }
summary { cursor: pointer } summary b { font-weight: 600 }
pre { background: var(--code); border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; font-size: .85rem; margin: .6rem 0 }
a { color: inherit }
"""
MARKS = {"passed": ("good", "✓"), "failed": ("bad", "✗"), "skipped": ("dull", "–"), "not-run": ("dull", "–"),
         "": ("dull", "…")}


def escape(text: str) -> str:
    """Text as HTML, without control characters."""
    return html.escape(clean(text))


def render(grade: Grade) -> str:
    """The page."""
    title = f"Lab {grade.lab.number}: {grade.lab.title}"
    parts = [_head(grade, title)]
    if grade.problem:
        parts.append(f'<section><h2 class="bad">Nothing could be graded</h2><pre>{escape(grade.problem)}</pre></section>')
    parts.append(_table(grade))
    parts += [_exercise(row) for row in grade.all_rows if row.tests or row.problem]
    if grade.ignored or grade.notes:
        parts.append(_notes(grade))
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}: {shown(grade.total, grade.maximum)}</title><style>{STYLE}</style></head>"
            f"<body><main>{''.join(parts)}</main></body></html>\n")


def _head(grade: Grade, title: str) -> str:
    color = "good" if grade.full else "bad" if grade.finished else "dull"
    cut = "" if grade.finished else '<p class="dull">The run has not finished; what is not known counts as not passed.</p>'
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(grade.began))
    subject = f"{escape(grade.subject)}<br>" if grade.subject else ""
    return (f'<section><h1>{escape(title)}</h1><div class="points {color}">{shown(grade.total)}'
            f'<span class="soft"> / {grade.maximum}</span></div><p class="soft">{subject}{day}, '
            f"{grade.seconds:.1f} s, seed <code>{grade.seed:#x}</code></p>{cut}</section>")


def _table(grade: Grade) -> str:
    rows = []
    for row in grade.all_rows:
        share = row.passed / len(row.counted) if row.counted and not grade.problem and not row.problem else 0
        points = shown(row.share, row.points) if row.points and not grade.problem else f"0/{row.points}" if row.points else ""
        state = "good" if row.full else "bad"
        link = f'<a href="#x{escape(row.id)}">{escape(row.title)}</a>' if row.tests or row.problem else escape(row.title)
        why = "" if row.full else f'<div class="soft">{escape("not run" if grade.problem else row.state)}</div>'
        rows.append(f'<tr><td>{escape(row.id)}</td><td>{link}{why}</td>'
                    f'<td><div class="bar"><i style="width:{share * 100:.0f}%"></i></div></td>'
                    f'<td class="n">{row.passed}/{len(row.counted)}</td><td class="n {state}">{points}</td></tr>')
    return ('<section><table><tr><th></th><th>exercise</th><th></th><th class="n">tests</th>'
            f'<th class="n">points</th></tr>{"".join(rows)}</table></section>')


def _exercise(row: Row) -> str:
    problem = f"<pre>{escape(row.problem)}</pre>" if row.problem else ""
    tests = "".join(_test(test) for test in row.tests)
    return f'<section id="x{escape(row.id)}"><h2>{escape(row.id)} {escape(row.title)}</h2>{problem}{tests}</section>'


def _test(test: Result) -> str:
    color, mark = MARKS.get(test.outcome, MARKS[""])
    head = f'<span class="{color}">{mark}</span> <b>{escape(test.name)}</b> <span class="soft">{escape(test.title)}</span>'
    why = test.reason or ("did not run" if not test.outcome else "")
    if test.outcome == "passed" or not (why or test.block):
        return f'<div style="padding:.4rem 0">{head} <span class="soft">{test.seconds:.2f} s</span></div>'
    block = f"<pre>{escape(test.block)}</pre>" if test.block else ""
    if test.picture:
        block += f'<p><a href="{escape(test.picture)}">A picture of what ran when</a></p>'
    opened = " open" if test.outcome == "failed" else ""
    return f'<details{opened}><summary>{head}<br><span class="{color}">{escape(why)}</span></summary>{block}</details>'


def _notes(grade: Grade) -> str:
    notes = "".join(f"<p>{escape(note)}</p>" for note in grade.notes)
    ignored = "".join(f"<li>{escape(name)}</li>" for name in grade.ignored)
    listed = f"<h2>Ignored, since no exercise names these files</h2><ul>{ignored}</ul>" if ignored else ""
    return f"<section>{notes}{listed}</section>"
