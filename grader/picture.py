"""`python3 -m grader picture`: docs/terminal.svg, the picture of the terminal in the README.

It is made from a real run: the kernel is booted, spoken to, and what came over
its serial line is rendered by a terminal emulator (Debian's python3-pyte).
"""

from __future__ import annotations

import argparse
import html
from pathlib import Path

from grader import build
from grader.machine import Machine

ROOT = Path(__file__).resolve().parent.parent
TYPED = ("help", "info", "backtrace")
COLUMNS, ROWS = 80, 37
NO_BREAK = "\u00a0"      # browsers run ordinary spaces together
CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "make the README's picture from a real run"
    parser.add_argument("--lab", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "terminal.svg")


def session(kernel: build.Kernel) -> bytes:
    """What the kernel sends while somebody types TYPED at its prompt."""
    with Machine(kernel, append="quiet") as machine:
        machine.console.expect("cub> ")
        for line in TYPED:
            machine.console.send(line + "\r")
            machine.console.expect("\ncub> ")
        return bytes(machine.console.raw)


def screen(output: bytes) -> list[str]:
    """The rows of a terminal that was sent these bytes, empty ones at the end left out."""
    import pyte

    terminal = pyte.Screen(COLUMNS, ROWS)
    pyte.ByteStream(terminal).feed(output)
    rows = [row.rstrip() for row in terminal.display]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def svg(rows: list[str]) -> str:
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, len(rows) * CELL_HEIGHT + 2 * MARGIN + 20
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
             f'width="{width:.0f}" height="{height}" role="img">',
             "<title>A session at Cub's monitor</title>",
             '<rect width="100%" height="100%" rx="8" fill="#1b1e24"/>']
    parts += [f'<circle cx="{MARGIN + 18 * i + 4}" cy="16" r="5.5" fill="{colour}"/>'
              for i, colour in enumerate(("#e0605a", "#e0b34f", "#62b35f"))]
    parts.append('<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" '
                 'fill="#d5d9e0">')
    for number, row in enumerate(rows):
        y = 20 + MARGIN + (number + 0.75) * CELL_HEIGHT
        colour = ' fill="#8fc7ff"' if row.startswith("cub>") else ""
        parts.append(f'<text x="{MARGIN}" y="{y:.1f}"{colour} textLength="{len(row) * CELL_WIDTH:.1f}">'
                     f"{html.escape(row).replace(' ', NO_BREAK)}</text>")
    parts.append("</g></svg>")
    return "\n".join(parts) + "\n"


def run(args: argparse.Namespace) -> int:
    kernel = build.kernel(ROOT, args.lab, debug=False, tests=False)
    args.out.write_text(svg(screen(session(kernel))))
    print(f"picture: {args.out}")
    return 0
