#!/usr/bin/env python3
"""What holds for every file as text: length, width, leftovers, no trace of one machine, modes."""

import re
import unittest

from source_tree import all_files, cpp_suffixes, line_of, root, script_suffixes, text_of

lines_max = 500
columns_max = 100

# Written apart so that this file does not find itself.
leftover = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
machine_path = re.compile(
    r"(?<![\w.$})/<~:-])/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me")) + r")(?=/\w)"
    r"|(?<![\w.$})/<~:-])/wo" + r"rk\b")
foreign_notes = re.compile(r"\b(?:asio-" + r"costs\.md|peers/(?:s3|load|ceph)\.md|"
                           r"shared/(?:design|style|ceph|vectors|peers))")


def text_violations(path, text):
    """[message] for one text file."""
    found = []
    lines = text.split("\n")
    if path.suffix in cpp_suffixes | script_suffixes:
        if len(lines) - 1 > lines_max:
            found.append(f"{path}: {len(lines) - 1} lines; split it (at most {lines_max})")
        for number, line in enumerate(lines, 1):
            if len(line) > columns_max:
                found.append(f"{path}:{number}: {len(line)} columns (at most {columns_max})")
            if "\t" in line:
                found.append(f"{path}:{number}: a tab")
            if line != line.rstrip():
                found.append(f"{path}:{number}: blanks at the end of the line")
    if path.suffix == ".hpp" and not text.startswith("#pragma once\n"):
        found.append(f"{path}:1: a header starts with #pragma once")
    if text and not text.endswith("\n"):
        found.append(f"{path}: no newline at the end")
    for rule, what in ((leftover, "leftover"), (machine_path, "path of one machine"),
                       (foreign_notes, "note outside the project")):
        for match in rule.finditer(text):
            found.append(f"{path}:{line_of(text, match.start())}: {what}: {match.group(0)}")
    return found


def mode_violations(path, data, executable):
    """[message] for one file: what names its interpreter can be called by its path, as the
    documentation does, and nothing else looks as if it could."""
    if data.startswith(b"#!") and not executable:
        return [f"{path}: has a #! line and is not executable; chmod +x"]
    if executable and not data.startswith(b"#!"):
        return [f"{path}: is executable and has no #! line; chmod -x"]
    return []


class rule_test(unittest.TestCase):
    def found(self, name, text):
        return text_violations(root.__class__(name), text)

    def test_clean_text_passes(self):
        for name, text in (
                ("src/a.cpp", "int main() {}\n"), ("a.hpp", "#pragma once\n"),
                ("a.md", "x" * 300 + "\n"),
                ("a.md", "see /etc/ceph, http://host/work and net" + "work/ x; ~/ho" + "me/\n"),
                ("a.cpp", "// TO" + "DOS is a place\n"), ("Makefile", "all:\n\ttrue\n"),
                ("a.json", '{"key": "${dir}/wo' + 'rk/x"}\n')):
            self.assertEqual(self.found(name, text), [], text)

    def test_each_fault_is_found(self):
        for name, text, part in (
                ("a.cpp", "x\n" * 501, "501 lines"), ("a.cpp", "x" * 101 + "\n", "101 columns"),
                ("a.py", "\tx\n", "a tab"), ("a.sh", "x \n", "blanks at the end"),
                ("a.hpp", "#include <a>\n", "#pragma once"), ("a.cpp", "x", "no newline"),
                ("a.md", "TO" + "DO: x\n", "leftover"), ("a.cpp", "// FIX" + "ME\n", "leftover"),
                ("a.md", "cp /wo" + "rk/a b\n", "path of one machine"),
                ("a.md", "cd /wo" + "rk\n", "path of one machine"),
                ("a.yaml", 'x: "/ho' + 'me/me/x"\n', "path of one machine"),
                ("a.md", "see asio-" + "costs.md\n", "note outside")):
            found = self.found(name, text)
            self.assertEqual(len(found), 1, (text[:40], found))
            self.assertIn(part, found[0])


    def test_modes_follow_the_first_line(self):
        self.assertEqual(mode_violations("a", b"#!/bin/sh\n", True), [])
        self.assertEqual(mode_violations("a", b"x\n#!/bin/sh\n", False), [])
        self.assertIn("chmod +x", mode_violations("a", b"#!/bin/sh\n", False)[0])
        self.assertIn("chmod -x", mode_violations("a", b"x\n", True)[0])


class tree_test(unittest.TestCase):
    def test_what_can_be_called_by_its_path_is_executable(self):
        found = []
        for path in all_files():
            mode = (root / path).stat().st_mode
            found += mode_violations(path, (root / path).read_bytes(), bool(mode & 0o111))
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_every_text_file_keeps_the_rules(self):
        found = []
        for path in all_files():
            text = text_of(path)
            if text is not None:
                found += text_violations(path, text)
        self.assertFalse(found, "\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main(verbosity=2)
