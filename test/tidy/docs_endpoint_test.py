#!/usr/bin/env python3
"""docs/reference/endpoint.md names what the embedded endpoint serves, and nothing else."""

import re
import unittest

import docs

page = (docs.root / "docs/reference/endpoint.md").read_text()
served = (docs.root / "src/endpoint/served.cpp").read_text()


def array(name):
    """The texts of one of served.cpp's lists."""
    text = re.search(rf"\b{name} = \{{(.*?)\}};", served, re.DOTALL).group(1)
    found = re.findall(r'"([^"]*)"', text)
    assert found, name
    return found


def column(heading, number):
    """The names in a column of the table below a heading, as often as they are there."""
    part = page.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[number])]


class endpoint_page(unittest.TestCase):
    def test_parameters_are_those_of_the_program(self):
        self.assertEqual(sorted(column("Query parameters", 1)), sorted(array("parameters")))

    def test_headers_are_those_of_the_program(self):
        self.assertEqual(sorted(column("Headers", 1)), sorted(array("fields")))

    def test_headers_of_one_value_are_those_of_the_program(self):
        so = array("what_is_so")
        pairs = set(zip(so[::2], so[1::2]))
        part = page.split("## Headers of one value\n", 1)[1].split("\n## ", 1)[0]
        told = set()
        for row in part.splitlines():
            if row.startswith("| `"):
                name, values = (re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:3])
                told |= {(name[0], value) for value in values}
        self.assertEqual(told, pairs)

    def test_checksums_are_those_of_the_program(self):
        names = re.findall(r'\{digest_kind::\w+,\s*"(\w+)"',
                           (docs.root / "src/endpoint/checksum.hpp").read_text())
        row = next(line for line in page.splitlines() if line.startswith("| checksums |"))
        self.assertEqual([n for n in re.findall(r"`([A-Z0-9]+)`", row)], names)


if __name__ == "__main__":
    unittest.main()
