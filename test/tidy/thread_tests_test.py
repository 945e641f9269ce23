#!/usr/bin/env python3
"""Unit tests that are left out under the thread sanitizer start no second thread."""

import ast
import pathlib
import re
import unittest

import modules
from source_tree import cpp_files, include_line, root, text_of

starts_a_thread = re.compile(r"\bstd::(j?thread|async)\b|\bpthread_create\b|/reactor\.hpp>")
# A test's folder -> the modules it is of, where that is not the one of its name.
modules_of_folder = {"s3": ["s3/protocol", "s3/workload"]}


def left_out():
    text = (root / "test" / "unit" / "meson.build").read_text()
    return ast.literal_eval(re.search(r"of_one_thread = (\[[^\]]*\])", text).group(1))


def with_what_it_uses(folder):
    """The modules that the tests of a folder run."""
    found, ahead = set(), list(modules_of_folder.get(folder, [folder]))
    # What they add as the program does: test/support/add_workloads.cpp.in.
    if "add_workloads" in (root / "test" / "unit" / folder / "meson.build").read_text():
        ahead += [module for module in modules.may_include if module.endswith("/workload")]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead += modules.may_include[one]
    return found


def sources_of(folder):
    places = [f"test/unit/{folder}"]
    for module in with_what_it_uses(folder):
        places += [f"src/{module}", f"include/chopsticks/{module}"]
    for path in cpp_files("src", "include", "test"):
        if any(path.is_relative_to(place) for place in places):
            yield path


def strangers_of(folder):
    """Includes of a folder's tests that lead to what sources_of does not look at."""
    known = with_what_it_uses(folder)
    for path in cpp_files("test"):
        if path.parent != pathlib.Path("test/unit") / folder:
            continue
        for _, name in include_line.findall(text_of(path)):
            if name.startswith("chopsticks/"):
                if modules.module_of(name.split("/")[1:]) not in known:
                    yield f"{path}: {name}"
            elif "/" in name and (root / path.parent / name).is_file():
                found = starts_a_thread.search((root / path.parent / name).read_text())
                if found:
                    yield f"{path}: {name}"


class left_out_test(unittest.TestCase):
    def test_none_of_them_starts_a_thread(self):
        folders = left_out()
        self.assertTrue(folders)
        for folder in folders:
            sources = list(sources_of(folder))
            self.assertIn(pathlib.Path("test/unit") / folder, [path.parent for path in sources])
            for path in sources:
                found = starts_a_thread.search(text_of(path))
                self.assertIsNone(found, f"{folder} is left out, but {path} has {found}")

    def test_none_of_them_includes_what_was_not_looked_at(self):
        found = [line for folder in left_out() for line in strangers_of(folder)]
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_one_that_starts_threads_is_seen(self):
        for folder in ("engine", "runtime", "trace", "core"):
            self.assertTrue(any(starts_a_thread.search(text_of(path))
                                for path in sources_of(folder)), folder)


if __name__ == "__main__":
    unittest.main(verbosity=2)
