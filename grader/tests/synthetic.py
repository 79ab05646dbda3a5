"""A lab of a few lines and rules of its own, for tests of what handles trees.

It builds in a tenth of a second with the host's compiler and boots nothing.
"""

from __future__ import annotations

from pathlib import Path

RULES = """\
BUILD ?= build/lab1/test
sources := $(wildcard $(foreach d,$(wildcard lab*-*),$(d)/*.c $(d)/extra/*.c))
objects := $(patsubst %,$(BUILD)/obj/%.o,$(sources))
tests := $(patsubst %,$(BUILD)/obj/%.o,$(if $(TESTS),$(wildcard lab*/tests/*_test.c)))
$(BUILD)/cub.elf: $(objects) $(tests)
\t@gcc -nostdlib -static -Wl,-e,one $^ -o $@
\t@echo linked >>$(BUILD)/links
$(BUILD)/obj/%.c.o: %.c
\t@mkdir -p $(@D)
\t@gcc -O1 -Wall -Werror -I. -c $< -o $@
prepared: $(tests)
compiled: $(objects)
"""

TOML = """
title = "Boot"
[[exercise]]
id = "1.1"
title = "One"
points = 60
hours = 1
files = ["lab1-boot/one.c"]
[[exercise]]
id = "1.2"
title = "Two"
points = 40
hours = 1
files = ["lab1-boot/one.c", "lab1-boot/two.c"{header}]
"""

FILES = {
    "lab1-boot/one.c": """\
/* What one is. */
int one(void)
{
\t// BEGIN SOLUTION 1.1
\tint answer = 41;

\treturn answer + 1;
\t// END SOLUTION 1.1 => return 0;
}

// BEGIN SOLUTION 1.2
int helper(void) { return 7; }
// END SOLUTION 1.2 => int helper(void) { return 0; }
""",
    "lab1-boot/two.c": """\
#include "lab1-boot/two.h"
int helper(void);
int two(void)
{
\t// BEGIN SOLUTION 1.2
\treturn TWO * helper();
\t// END SOLUTION 1.2 => return 0;
}
""",
    "lab1-boot/two.h": "#pragma once\n#define TWO 2\n",
    "lab1-boot/floor.c": "int floor_(void) { return 0; }\n",
    "lab1-boot/README.md": "# Lab 1\n",
    "lab1-boot/ktest/ktest.h": "#pragma once\n#define KT_EQ(a, b) kt_equal(a, b)\n"
                               "int kt_equal(int a, int b);\n",
    "lab1-boot/tests/one_test.c": "const char secret[] = \"forty-two\";\n",
    "lab1-boot/hidden/two_test.c": "const char hidden[] = \"fourteen\";\n",
    "Makefile": "all:\n",
}


def make(root: Path, monkeypatch, header: bool = False) -> Path:
    """Writes the reference to root/reference and makes its rules the grader's."""
    from grader import build

    rules = root / "rules" / "kernel.mk"
    rules.parent.mkdir()
    rules.write_text(RULES)
    monkeypatch.setattr(build, "RULES", rules)
    monkeypatch.setattr(build, "GRADER", rules.parent)
    tree = root / "reference"
    toml = TOML.replace("{header}", ', "lab1-boot/two.h"' if header else "")
    write(tree, FILES | {"lab1-boot/lab.toml": toml})
    return tree


def write(tree: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
