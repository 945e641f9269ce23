#!/usr/bin/env python3
"""The guard around drivers of plug-ins hands on every call that the driver contract has: one that
it left out would have its default with each plug-in, whatever that does itself."""

import re
import unittest

from source_tree import root, text_of, without_comments_and_literals


def virtual_functions(text):
    """Class -> its virtual functions, but for destructors."""
    text = without_comments_and_literals(text)
    found = {}
    for match in re.finditer(r"^class (\w+)[^{;]*\{(.*?)^\};", text, re.MULTILINE | re.DOTALL):
        found[match[1]] = set(re.findall(r"virtual [^;{~]*?(\w+)\(", match[2]))
    return found


class guard_test(unittest.TestCase):
    def test_functions_are_found(self):
        self.assertEqual(virtual_functions(
            "class a {\n virtual ~a() = default;\n virtual task<std::vector<int>> b(int) = 0;\n"
            " virtual int c() const { return 0; }\n int d();\n};\n"), {"a": {"b", "c"}})

    def test_each_call_of_the_contract_is_handed_on(self):
        contract = virtual_functions(text_of(root / "include/chopsticks/engine/driver.hpp"))
        guard = without_comments_and_literals(text_of(root / "src/plugin/guarded_driver.cpp"))
        for name in ("driver", "core_driver", "session"):
            body = re.search(rf"^class guarded_{name.removesuffix('_driver')}\b[^;{{]*\{{(.*?)^\}};"
                             if name != "driver" else r"^class guarded_driver\b[^;{]*\{(.*?)^\};",
                             guard, re.MULTILINE | re.DOTALL)[1]
            overridden = set(re.findall(r"(\w+)\([^;{]*override", body))
            self.assertTrue(contract[name])
            self.assertEqual(contract[name] - overridden, set(), f"guarded {name}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
