#!/usr/bin/env python3
"""driver-check: a program that keeps every rule passes, and of one that breaks one rule it says
which, and of no other."""

import concurrent.futures
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

double = harness.root / "test/support/double_driver.py"
boto3_driver = harness.root / "integrations/drivers/boto3_driver.py"

# What the double does: the rule that is broken by it.
broken_by = {
    "ready_version": "start", "no_operations": "start", "bad_figure": "start",
    "talks_first": "start", "ends_at_once": "start",
    "secret_in_arguments": "arguments", "secret_in_stderr": "errors",
    "rubbish": "line", "no_object": "line", "long_line": "line", "status_text": "line",
    "half_line": "line",
    "unknown_id": "id", "twice": "id",
    "half_body": "body", "huge_body": "body",
    "crash": "answered", "close_output": "answered",
    "put_content": "put_get", "get_content": "put_get",
    "range": "range", "head_size": "head", "missing_object": "missing", "list": "list",
    "delete": "delete", "unknown_operation": "unknown_operation",
    "unknown_member": "unknown_member", "figures_fall": "figures", "unknown_figure": "figures",
    "read_length": "read_length", "dead_target": "dead_target", "end_status": "end",
}
# These it has to wait for.
never_answered = {"no_answer": "answered", "no_read": "answered", "close_input": "answered"}


class driver_check_test(harness.case):
    def check(self, *command, options=()):
        return self.run_binary("driver-check", *options, "--", *command)

    def broken(self, done):
        return re.findall(r"^BROKEN +(\w+)", done.out, re.MULTILINE)

    def test_an_honest_program_keeps_every_rule(self):
        done = self.check(sys.executable, double)
        self.assert_code(done, harness.ran)
        self.assertEqual(self.broken(done), [], done.out)
        self.assertNotIn("not looked at", done.out)

    def test_of_what_is_broken_that_is_said_and_nothing_else(self):
        def one(entry):
            what, rule = entry
            options = ("--operation", "1s") if what in never_answered else ()
            return what, rule, self.check(sys.executable, double, what, options=options)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for what, rule, done in pool.map(one, {**broken_by, **never_answered}.items()):
                with self.subTest(what):
                    self.assert_code(done, harness.errors_or_slo)
                    self.assertEqual(self.broken(done), [rule], done.out)

    def test_who_is_never_ready_is_told_so(self):
        done = self.check(sys.executable, double, "never_ready", options=("--start", "500ms"))
        self.assert_code(done, harness.errors_or_slo)
        self.assertEqual(self.broken(done), ["start"], done.out)

    def test_the_driver_boto3_keeps_every_rule(self):
        done = self.check("/usr/bin/python3", boto3_driver)
        self.assert_code(done, harness.ran)
        self.assertNotIn("not looked at", done.out)

    def test_what_cannot_be_run_is_one_message(self):
        for command in (("no-such-program-here",), (self.file("plain", "x"),)):
            done = self.check(*command)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "no program")
        self.assert_code(self.run_binary("driver-check"), harness.bad_usage)
        done = self.run_binary("driver-check", "--operation", "soon", "--", "true")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--operation", "soon")


if __name__ == "__main__":
    harness.main()
