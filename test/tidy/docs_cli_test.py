#!/usr/bin/env python3
"""docs/reference/cli.md has every option that --help has, and no other; commands in the
documentation use options that exist."""

import pathlib
import re
import shlex
import sys

import docs

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

commands = ("run", "ab", "sweep", "find-max", "validate", "serve", "list", "driver-check",
            "merge", "export", "oplog", "calibrate", "cleanup", "compare", "report", "show",
            "annotate", "worker", "leader")
page = docs.root / "docs/reference/cli.md"


class options_test(harness.case):
    def help_of(self, *command):
        """Options by --help of the program or of a command."""
        said = self.run_binary(*command, "--help").out
        found = set()
        for line in said.splitlines():
            match = re.match(r"  (-[-\w,]+)", line)
            if match:
                found.update(match.group(1).split(","))
        self.assertIn("--help", found)
        return found

    def test_the_page_has_every_option_and_no_other(self):
        tables = docs.tables(page.read_text(), 2)
        for command in ((), *((name,) for name in commands)):
            with self.subTest(command):
                heading = " ".join(("chopsticks", *command))
                documented = [name for cell in tables[heading]
                              for name in re.findall(r"`(-[-\w]+)`", cell)]
                self.assertEqual(len(documented), len(set(documented)), "an option twice")
                self.assertEqual(set(documented), self.help_of(*command))

    def test_every_command_has_a_section(self):
        said = self.run_binary("--help").out
        there = re.findall(r"^  ([\w-]+) {2,}\S", said.split("Subcommands:")[1], re.MULTILINE)
        self.assertEqual(set(there), set(commands))

    def test_commands_in_the_documentation_use_options_that_exist(self):
        known = {name: self.help_of(name) for name in commands}
        seen = 0
        for path in docs.pages():
            for line, block in docs.fenced(path.read_text(), "sh"):
                for command in block.replace("\\\n", " ").splitlines():
                    match = re.search(rf"\bchopsticks ({'|'.join(commands)})\b(.*)", command)
                    if not match:
                        continue
                    seen += 1
                    used = set()
                    lexer = shlex.shlex(match.group(2), posix=True, punctuation_chars=True)
                    for word in lexer:
                        if word[0] in "|;>&":
                            break
                        if re.match(r"--?[a-zA-Z]", word):
                            used.add(word.split("=")[0])
                    self.assertEqual(used - known[match.group(1)], set(), f"{path}:{line}")
        self.assertGreater(seen, 10)


if __name__ == "__main__":
    harness.main()
