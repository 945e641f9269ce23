#!/usr/bin/env python3
"""Service level objectives of a run: live, in the report, in the result, in the exit status."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

scenario = """
name: objectives
groups:
  - workload: s3
    data: {objects: 40, size: 1KiB}
    tasks: [get]
    load: {closed: {users: 4}}
phases: {warmup: 0s, measure: 2s}
limits: {held_up: 100%, held_up_longest: 1h}
seed: 3
"""


class slo_test(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", scenario)
        self.output = self.dir / "r.json"

    def run_embedded(self, *arguments):
        done = self.run_binary("run", "-f", self.scenario, "--embedded", "--embedded-faults",
                               "latency:fixed=20ms", "--output", self.output, *arguments)
        return done, harness.read_result(self.output)

    def test_met(self):
        done, result = self.run_embedded("--slo", "p99(get) < 10s", "--slo", "error_rate < 1%")
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        self.assertEqual([one["met"] for one in result["slo"]["objectives"]], [True, True])
        self.assertEqual(harness.schema_errors(result), [])
        self.assertIn("SLO met", done.out)
        self.assertEqual(result["scenario"]["slo"], ["p99(get) < 10s", "error_rate < 1%"])

    def test_missed_is_told_live_and_is_the_exit_status(self):
        done, result = self.run_embedded("--slo", "mean(s3/get) < 10ms", "--slo", "p50 < 10s")
        self.assert_code(done, harness.errors_or_slo, harness.generator_was_limit)
        if result["validity"]["valid"]:
            self.assert_code(done, harness.errors_or_slo)
        missed, met = result["slo"]["objectives"]
        self.assertFalse(missed["met"])
        self.assertGreaterEqual(missed["value"], 20e6)
        self.assertEqual(missed["limit"], 10e6)
        self.assertEqual(missed["unit"], "ns")
        self.assertTrue(met["met"])
        self.assertIn("SLO missed so far: mean(s3/get) < 10ms", done.err)
        self.assertIn("SLO MISSED", done.out)
        self.assertGreater(result["run"]["duration_s"], 1.5)
        self.assertFalse(result["slo"]["aborted"])

    def test_quiet_run_says_why_its_status_is_not_0(self):
        done, _ = self.run_embedded("--slo", "mean(s3/get) < 10ms", "--slo", "p50 < 10s", "--quiet")
        self.assert_code(done, harness.errors_or_slo, harness.generator_was_limit)
        self.assertRegex(done.err, r"(?m)^chopsticks: target: SLO MISSED +mean\(s3/get\) < 10ms: ")
        self.assertNotIn("p50", done.err)
        self.assertEqual(done.out, "")
        done = self.run_binary("run", "-f", self.scenario, "--embedded", "--embedded-faults",
                               "error:op=get,every=2,status=500", "--quiet")
        self.assert_code(done, harness.errors_or_slo)
        self.assertRegex(done.err,
                         r"(?m)^chopsticks: target: FAILED +[\d.]+% of the operations failed")

    def test_abort_on_fail_ends_the_run_after_the_grace_time(self):
        done, result = self.run_embedded("--slo", "mean(get) < 10ms", "-t", "1h",
                                         "--set", "abort_on_fail={after: 1500ms}")
        self.assert_code(done, harness.errors_or_slo, harness.generator_was_limit)
        self.assertTrue(result["slo"]["aborted"])
        self.assertFalse(result["run"]["interrupted"])
        self.assertGreater(result["run"]["duration_s"], 1.4)
        self.assertLess(result["run"]["duration_s"], 600)
        self.assertEqual(result["data"]["left_behind"], 0)
        self.assertEqual(harness.schema_errors(result), [])

    def test_mistakes_are_told_before_anything_runs(self):
        for text, says in (("p99(got) < 20ms", 'did you mean "get"'),
                           ("p99(get) < 20", "with a unit"), ("fast", "compares nothing")):
            done = self.run_binary("run", "-f", self.scenario, "--embedded", "--slo", text)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "--slo", says)
        done = self.run_binary("validate", "-f",
                               self.file("bad.yaml", scenario + "slo: ['p99(put) < 1ms']\n"))
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, r"bad\.yaml:\d+:\d+", "no task does")
        done = self.run_binary("run", "-f", self.scenario, "--embedded-faults", "latency:fixed=1ms")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--embedded")


if __name__ == "__main__":
    harness.main()
