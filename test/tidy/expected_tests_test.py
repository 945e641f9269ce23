#!/usr/bin/env python3
"""The tests that this build registers are those of test/expected_tests.txt, and what is missing or
skipped in a run is counted as failed.

Environment: MESON_BUILD_ROOT, the build folder.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "test" / "support"))
import expected_tests

build = pathlib.Path(os.environ.get("MESON_BUILD_ROOT", root / "build"))


class list_test(unittest.TestCase):
    def test_this_build_has_the_tests_that_are_expected(self):
        there = {}
        for test in json.loads((build / "meson-info" / "intro-tests.json").read_text()):
            for suite in test["suite"]:
                there.setdefault(suite.rsplit(":", 1)[-1], []).append(test["name"])
        options = expected_tests.options_of(build)
        found = []
        for suite in sorted(set(there) | set(expected_tests.expected(options))):
            found += expected_tests.differences(suite, there.get(suite, []), options)
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_conditions_and_differences(self):
        entries = expected_tests.parse("# x\nunit a\nunit b unless rbd=disabled  # y\n"
                                       "unit c unless sanitizers!=none\n")
        plain = {"rbd": "auto", "sanitizers": "none"}
        self.assertEqual(expected_tests.expected(plain, entries), {"unit": {"a", "b", "c"}})
        other = {"rbd": "disabled", "sanitizers": "thread"}
        self.assertEqual(expected_tests.expected(other, entries), {"unit": {"a"}})
        self.assertEqual(expected_tests.differences("unit", ["a"], other, entries), [])
        said = expected_tests.differences("unit", ["a", "b", "new"], plain, entries)
        self.assertEqual(len(said), 2)
        self.assertIn("unit: c: expected", said[0])
        self.assertIn("unit: new: not in", said[1])
        with self.assertRaises(ValueError):
            expected_tests.parse("unit\n")


class summary_test(unittest.TestCase):
    """Runs of the suite `tidy`, as meson's log would tell them."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="chopsticks-")
        self.addCleanup(folder.cleanup)
        self.log = pathlib.Path(folder.name) / "testlog.json"
        options = expected_tests.options_of(build)
        self.names = sorted(expected_tests.expected(options)["tidy"])
        self.entries = [{"name": f"chopsticks:tidy / {name}", "result": "OK", "duration": 1,
                         "stdout": "", "stderr": "Ran 2 tests in 0.1s\n\nOK\n"}
                        for name in self.names]

    def summarize(self):
        self.log.write_text("".join(json.dumps(one) + "\n" for one in self.entries))
        done = subprocess.run([sys.executable, root / "test/support/summarize_tests.py", build,
                               f"tidy={self.log}"], text=True, capture_output=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout, done.stdout.splitlines()[-1]

    def test_all_that_is_expected_passes(self):
        code, said, last = self.summarize()
        self.assertEqual((code, last), (0, f"{2 * len(self.names)} passed, 0 failed"), said)

    def test_a_test_that_vanished_has_failed(self):
        self.entries.pop(0)
        code, said, last = self.summarize()
        self.assertEqual((code, last), (1, f"{2 * len(self.names) - 2} passed, 1 failed"))
        self.assertIn(f"tidy: {self.names[0]}: expected", said)

    def test_what_was_skipped_has_failed(self):
        self.entries[0]["result"] = "SKIP"
        self.entries[0]["stderr"] = ""
        self.entries[1]["stderr"] = "Ran 2 tests in 0.1s\n\nOK (skipped=1)\n"
        code, said, last = self.summarize()
        self.assertEqual((code, last), (1, f"{2 * len(self.names) - 3} passed, 2 failed"), said)

    def test_a_program_without_a_case_has_failed(self):
        self.entries[0]["stderr"] = "[doctest] test cases: 0 | 0 passed | 0 failed | 0 skipped\n"
        code, said, _ = self.summarize()
        self.assertEqual(code, 1, said)

    def test_the_end_of_the_log_says_what_failed_and_why(self):
        self.entries[0].update(result="FAIL", stderr=(
            "FAIL: test_it (__main__.it)\nTraceback:\nAssertionError: 1 != 2\n"
            "Ran 2 tests in 0.1s\n\nFAILED (failures=1)\n"))
        self.entries[1].update(result="TIMEOUT", stderr="it waits for the server\n")
        code, said, last = self.summarize()
        self.assertEqual((code, last), (1, f"{2 * len(self.names) - 3} passed, 2 failed"), said)
        for told in ("FAIL: test_it (__main__.it)", "AssertionError: 1 != 2",
                     "it waits for the server", f"{self.names[1]}: TIMEOUT"):
            self.assertIn(told, said)

    def test_a_suite_that_did_not_run_has_failed(self):
        self.entries = []
        code, said, last = self.summarize()
        self.assertEqual((code, last), (1, f"0 passed, {len(self.names)} failed"), said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
