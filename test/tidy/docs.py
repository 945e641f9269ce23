"""What the tests of the documentation share: its files, their fenced blocks, their tables."""

import pathlib
import re

root = pathlib.Path(__file__).resolve().parents[2]

# Fenced blocks in these are commands, and test/e2e/docs_commands_test.py runs them.
command_languages = ("sh", "python")

_fence = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pages():
    """README, CONTRIBUTING and everything below docs/, as paths."""
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]


def all_fenced(text):
    """[(line, language, block)] of the fenced blocks; a block may have no language."""
    return [(text.count("\n", 0, m.start()) + 1, m.group(1), m.group(2))
            for m in _fence.finditer(text)]


def fenced(text, language):
    """[(line, block)] of the fenced blocks in a language."""
    return [(line, block) for line, name, block in all_fenced(text) if name == language]


def tables(text, level):
    """{heading: [first cell of each row]} of the tables below headings of a level."""
    found = {}
    heading = None
    for line in _fence.sub("", text).splitlines():
        if re.match(r"#{1,%d} " % level, line):
            heading = line.lstrip("# ").strip("`") if line.startswith("#" * level + " ") else None
        elif heading and line.startswith("| ") and not line.startswith("|---"):
            found.setdefault(heading, []).append(line.split("|")[1].strip())
    return {name: rows[1:] for name, rows in found.items()}  # without the head
