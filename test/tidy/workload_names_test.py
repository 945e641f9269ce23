#!/usr/bin/env python3
"""Who knows a workload by its name.

A workload describes itself: its rows say what its operations do, and the rest follows the rows. A
test of the word "s3", or of the code of one operation, is a dependency that no include shows.
"""

import re
import unittest

from source_tree import cpp_files, root, strings_of, text_of, without_comments_and_literals

# Where they may be named: a workload's own folders, and the one list of all workloads. A workload
# is called as its namespace.
the_list = "src/cli/workloads.cpp"
workloads = re.findall(r"\b(\w+)::describe_workload\b", text_of(root / the_list))
own = re.compile(r"(?:src|include/chopsticks)/(?:" + "|".join(workloads) + r")[/.]")
# Not "s3:GetObject": what a policy calls an action or a condition is a word of the protocol.
name = re.compile(r"(?:" + "|".join(workloads) + r")(?:(?!:(?!//))[^\w ].*)?", re.DOTALL)


def codes_in(text):
    """The names of all operation codes that a workload's header defines."""
    found = []
    for body in re.findall(r"enum \w+_operation\b[^{]*\{([^}]*)\}", text):
        found += re.findall(r"\b(\w+)\s*=", body)
    return found


def count(text, codes):
    """How often a C++ text names a workload in a literal, or an operation by its code. A literal
    names one if it is the name, or begins with it as a path or URL does; prose does not count."""
    literals = sum(name.fullmatch(literal) is not None for literal in strings_of(text))
    code = re.compile(r"\b(?:" + "|".join(codes) + r")\b")
    return literals + len(code.findall(without_comments_and_literals(text)))


class rule_test(unittest.TestCase):
    codes = ["s3_put", "block_read"]

    def test_names_and_codes_count(self):
        for text, wanted in (
                ('if (g.workload == "s3") f("rbd");', 2), ('auto at = "s3://" + bucket;', 1),
                ('x = root.find("s3."); y = u8"rbd";', 2), ('c == s3::s3_put', 1),
                ('R"(s3)"', 1), ("case block_read: return s3_put;", 2)):
            self.assertEqual(count(text, self.codes), wanted, text)

    def test_prose_and_other_words_do_not(self):
        for text in ('// "s3" and s3_put', '/* "rbd" */', '"an s3 endpoint"', '"s3 groups only"',
                     '#include <chopsticks/s3/driver.hpp>', "s3_config s3; rbd_reader r;",
                     '"s3:GetObject"', 'x.starts_with("s3:")', '"s3:x-amz-acl"',
                     '"s3_access_log"', '"rbd_random_read"', '"// rbd"', '"chopsticks/s3"'):
            self.assertEqual(count(text, self.codes), 0, text)

    def test_workloads_are_found(self):
        self.assertIn("s3", workloads)
        self.assertIn("rbd", workloads)

    def test_codes_are_found(self):
        self.assertEqual(codes_in("enum a_operation : int {\n a_x = 0,\n a_y = 1,\n};\n"
                                  "enum class other { z = 2 };\nenum b_operation { b_x = 0 };"),
                         ["a_x", "a_y", "b_x"])


class tree_test(unittest.TestCase):
    def test_names_are_in_their_own_folders_and_the_list_only(self):
        codes = []
        for workload in workloads:
            codes += codes_in(text_of(root / f"include/chopsticks/{workload}/workload.hpp"))
        self.assertTrue(codes)
        wrong = []
        for path in cpp_files("src", "include"):
            if own.match(path.as_posix()) or path.as_posix() == the_list:
                continue
            number = count(text_of(path), codes)
            if number:
                wrong.append(f"{path}: names workloads or their operations {number} times; ask the "
                             "workload's row (shape, use, ...) or its settings instead")
        self.assertFalse(wrong, "\n" + "\n".join(wrong))


if __name__ == "__main__":
    unittest.main(verbosity=2)
