#!/usr/bin/env python3
"""Holds every #include and every meson.build against the module table."""

import pathlib
import re
import unittest

import modules
from source_tree import all_files, cpp_files, include_line, root, text_of


def module_of_file(path):
    parts = path.parts
    if parts[:2] == ("include", "chopsticks"):
        return modules.module_of(parts[2:])
    if parts[0] == "src":
        return modules.module_of(parts[1:])
    return None


def violations_in(path, text, own_files):
    """What is wrong with the includes of one file. `own_files`: all paths of the tree, as text."""
    own = module_of_file(path)
    if own is None:
        return [f"{path}: belongs to no module of the table"]
    found = []
    for match in include_line.finditer(text):
        bracket, name = match.groups()
        where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {name}"
        if bracket == '"':
            candidates = [path.parent / name, pathlib.Path("src") / own / name]
            hits = [c for c in candidates if str(c) in own_files]
            if not hits or ".." in name.split("/"):
                found.append(f"{where}: quotes are for private headers of the module itself")
            elif path.parts[0] == "include":
                found.append(f"{where}: a contract must not need a private header")
            continue
        if name.startswith("chopsticks/"):
            other = modules.module_of(name.split("/")[1:])
            if other is None:
                found.append(f"{where}: no such module in the table")
            elif other != own and other not in modules.may_include[own]:
                found.append(f"{where}: {own} may not include {other}")
            continue
        library = modules.library_of(name)
        if library is not None and own not in modules.library_users[library]:
            found.append(f"{where}: {own} may not use {library}")
    return found


def included_modules(module):
    """Modules whose contracts the sources of `module` include."""
    used = {}
    for path in cpp_files("src", "include"):
        if module_of_file(path) != module:
            continue
        for match in include_line.finditer(text_of(path)):
            name = match.group(2)
            if match.group(1) == "<" and name.startswith("chopsticks/"):
                other = modules.module_of(name.split("/")[1:])
                if other not in (None, module):
                    used.setdefault(other, path)
    return used


class includes_test(unittest.TestCase):
    def test_every_include_is_allowed_by_the_table(self):
        own_files = {str(path) for path in all_files()}
        found = []
        for path in cpp_files("src", "include"):
            found += violations_in(path, text_of(path), own_files)
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_table_has_no_cycle(self):
        done = set()

        def visit(module, trail):
            self.assertNotIn(module, trail, f"cycle: {' -> '.join(trail + [module])}")
            if module not in done:
                for other in sorted(modules.may_include[module]):
                    visit(other, trail + [module])
                done.add(module)

        for module in modules.may_include:
            visit(module, [])


class checker_test(unittest.TestCase):
    """The rule itself, on sources that are wrong in one way each."""

    files = {"src/http/head.cpp", "src/http/head_private.hpp", "src/engine/phases.hpp",
             "include/chopsticks/http/head.hpp"}

    def violations(self, path, line):
        return violations_in(pathlib.Path(path), f"#pragma once\n{line}\n", self.files)

    def test_allowed_includes_pass(self):
        for line in ("#include <chopsticks/core/error.hpp>", "#include <chopsticks/http/head.hpp>",
                     '#include "head_private.hpp"', "#include <vector>",
                     "#include <boost/beast/http/basic_parser.hpp>",
                     "#include <boost/system/result.hpp>"):
            self.assertEqual(self.violations("src/http/head.cpp", line), [], line)
        self.assertEqual(self.violations("src/s3/driver/beast.cpp",
                                         "#include <chopsticks/s3/protocol/request.hpp>"), [])

    def test_forbidden_includes_are_found_with_their_line(self):
        for path, line, part in (
                ("src/http/head.cpp", "#include <chopsticks/engine/driver.hpp>", "may not include"),
                ("src/http/head.cpp", "  #  include <chopsticks/engine/driver.hpp>", ":2:"),
                ("src/http/head.cpp", '#include "../engine/phases.hpp"', "quotes are for"),
                ("src/http/head.cpp", '#include "chopsticks/core/error.hpp"', "quotes are for"),
                ("src/http/head.cpp", "#include <boost/asio.hpp>", "may not use boost/asio"),
                ("src/engine/run.cpp", "#include <boost/asio/post.hpp>", "may not use boost/asio"),
                ("src/engine/run.cpp", "#include <chopsticks/s3/driver/x.hpp>", "may not include"),
                ("src/core/x.cpp", "#include <chopsticks/nowhere/x.hpp>", "no such module"),
                ("src/load/x.cpp", "#include <zlib.h>", "may not use zlib"),
                ("src/odd/x.cpp", "#include <vector>", "belongs to no module"),
                ("include/chopsticks/http/head.hpp", '#include "head_private.hpp"', "contract")):
            found = self.violations(path, line)
            self.assertEqual(len(found), 1, (line, found))
            self.assertIn(part, found[0])


class meson_test(unittest.TestCase):
    """The build says the same: a module is one static library that names its dependencies."""

    def build_files(self):
        for module in modules.may_include:
            path = root / "src" / module / "meson.build"
            if path.is_file():
                text = re.sub(r"#[^\n]*", "", path.read_text())
                yield module, path.relative_to(root), text

    def collected(self):
        """Lists that modules add themselves to -> the dependencies in them."""
        found = {}
        for _, _, text in self.build_files():
            for name, dependency in re.findall(r"^(\w+_deps) \+= (\w+_dep)$", text, re.MULTILINE):
                found.setdefault(name, set()).add(dependency)
        return found

    def declared(self, module, text):
        text = re.sub(r"^\w+_deps \+= \w+_dep$", "", text, flags=re.MULTILINE)
        names = set(re.findall(r"\b(\w+_dep)\b", text))
        for name, dependencies in self.collected().items():
            if re.search(rf"\b{name}\b", text):
                names |= dependencies
        return {modules.module_of_dependency[name] for name in names
                if name in modules.module_of_dependency} - {module}

    def test_every_module_with_sources_is_one_static_library(self):
        for module, path, text in self.build_files():
            if module == "cli":  # the executable, and what of it can be tested
                continue
            with self.subTest(module=module):
                libraries = re.findall(r"\bstatic_library\(\s*'([^']+)'", text)
                self.assertEqual(libraries, ["chopsticks_" + module.replace("/", "_")], path)

    def test_every_declared_dependency_is_allowed_by_the_table(self):
        for module, path, text in self.build_files():
            with self.subTest(module=module):
                extra = self.declared(module, text) - modules.may_include[module]
                self.assertFalse(extra, f"{path}: {module} may not depend on {sorted(extra)}")

    def test_every_included_module_is_declared(self):
        for module, path, text in self.build_files():
            with self.subTest(module=module):
                used = included_modules(module)
                missing = {m: str(p) for m, p in used.items()
                           if m not in self.declared(module, text)}
                self.assertFalse(missing, f"{path}: included but not declared: {missing}")


class document_test(unittest.TestCase):
    def test_architecture_document_shows_the_same_table(self):
        text = (root / "docs/explanation/architecture.md").read_text()
        shown = {}
        for row in re.findall(r"^\| `([a-z0-9/]+)` \|[^|]*\|([^|]*)\|", text, re.MULTILINE):
            names = set(re.findall(r"`([a-z0-9/]+)`", row[1]))
            shown[row[0]] = set(modules.may_include) - {row[0]} if "all" in row[1] else names
        self.assertEqual(shown, modules.may_include)


if __name__ == "__main__":
    unittest.main(verbosity=2)
