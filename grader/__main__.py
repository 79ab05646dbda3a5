"""python3 -m grader VERB ...: the commands behind the Makefile.

Each verb is a module with add_arguments(parser) and run(args) -> exit status; only
the one that is asked for is loaded.
"""

from __future__ import annotations

import argparse
import importlib
import sys

# verb -> (module, what it does)
VERBS = {
    "grade": ("grade", "grade a lab, with points"),
    "watch": ("watch", "grade the changed exercise at each save"),
    "mutants": ("mutants", "wrong solutions, each to be caught"),
    "handout": ("handout", "the students' repository"),
    "run": ("run", "boot a stage"),
    "gdb": ("gdb", "boot it stopped, with GDB attached"),
    "bochs": ("bochs", "boot it in Bochs"),
    "iso": ("iso", "make a GRUB image"),
    "record": ("replay", "record one test boot"),
    "replay": ("replay", "replay a recorded boot under GDB"),
    "trace": ("trace", "a picture of what ran when in a test"),
    "bench": ("bench", "what the kernel's operations cost"),
    "bench-boot": ("bench_boot", "time from QEMU's start to the prompt"),
    "picture": ("picture", "the README's picture, from a real run"),
    "check": ("check", "the rules of the house"),
    "flakes": ("flakes", "grade again and again under load"),
    "test": ("ci", "everything that CI runs"),
}


def main(argv: list[str]) -> int:
    """Finds the verb, parses its arguments, runs it."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print("usage: python3 -m grader VERB [options]\n")
        for verb, (_, text) in VERBS.items():
            print(f"  {verb:12} {text}")
        return 0 if argv else 2
    verb, rest = argv[0], argv[1:]
    if verb not in VERBS:
        print(f"grader: there is no verb {verb!r} (there are: {', '.join(VERBS)})", file=sys.stderr)
        return 2
    name = f"grader.{VERBS[verb][0]}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        print(f"grader: {verb} is not there yet", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(prog=f"python3 -m grader {verb}")
    parser.set_defaults(verb=verb)
    module.add_arguments(parser)
    try:
        return module.run(parser.parse_args(rest))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
