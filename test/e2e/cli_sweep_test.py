#!/usr/bin/env python3
"""Sweeps: one run per point, one document, resumed where they stopped."""

import json
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from lying_s3 import lying_s3

scenario = """
name: swept
groups:
  - workload: s3
    data: {objects: 40, size: 1KiB}
    tasks: [get]
    load: {closed: {users: 2}}
phases: {warmup: 0s, measure: 300ms}
seed: 3
"""


class sweep_test(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", scenario)
        self.folder = self.dir / "out"

    def arguments(self, *more):
        return ["sweep", "-f", self.scenario, "--embedded", "--output", self.folder, *more]

    def document(self):
        return json.loads((self.folder / "sweep.json").read_text())

    def assert_schema(self, document):
        self.assertEqual(harness.schema_errors(document, "sweep"), [])

    def test_a_run_per_rate_with_table_and_curve(self):
        done = self.run_binary(*self.arguments("--rates", "100:300:100"))
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        document = self.document()
        self.assert_schema(document)
        self.assertEqual([p["status"] for p in document["points"]], ["done"] * 3)
        for point, rate in zip(document["points"], (100, 200, 300)):
            self.assertEqual(point["settings"], {"rate": str(rate)})
            result = harness.read_result(self.folder / point["file"])
            self.assertEqual(harness.schema_errors(result), [])
            self.assertEqual(result["load"]["intended_rate_per_s"], rate)
            self.assertEqual(point["figures"]["ok"], result["total"]["ok"])
            self.assertEqual(point["figures"]["p99_ns"], result["total"]["response"]["p99_ns"])
            self.assertEqual(point["exit_status"], result["run"]["exit_status"])
        self.assertIn("3 of 3 points", done.out)
        self.assertIn("Response time over throughput", done.out)
        self.assertLess(max(map(len, done.out.splitlines())), 80)
        self.assertNotIn("\x1b", done.out)

    def test_a_matrix_is_shuffled_by_the_seed_and_repeats_differ(self):
        done = self.run_binary(*self.arguments(
            "--users", "1,2", "--vary", "groups.0.data.size=1KiB,{uniform: [1KiB, 2KiB]}",
            "--repeat", "2", "--shuffle", "--seed", "5", "-t", "100ms"))
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        document = self.document()
        self.assert_schema(document)
        self.assertEqual(len(document["points"]), 8)
        self.assertEqual(document["points"][1]["settings"],
                         {"users": "1", "groups.0.data.size": "{uniform: [1KiB, 2KiB]}"})
        order = [line for line in done.err.splitlines() if line.startswith("Point ")]
        self.assertEqual(len(order), 8)
        results = [harness.read_result(self.folder / p["file"]) for p in document["points"]]
        self.assertEqual([r["groups"]["s3"]["users"] for r in results], [1, 1, 2, 2] * 2)
        self.assertEqual(len({r["run"]["seed"] for r in results}), 2)
        # All points are run, then all again; together is what has the same settings.
        self.assertEqual([one["runs"] for one in document["aggregates"]], [2] * 4)
        self.assertEqual(len({p["file"] for p in document["points"]}), 8)

    def test_one_failing_point_does_not_end_it(self):
        # The second point may not make its bucket.
        with harness.endpoint("--faults", "error:rate=1,status=403,code=AccessDenied,"
                                          "op=create_bucket,after=1,limit=1") as server:
            done = self.run_binary(
                "sweep", "-f", self.scenario, *server.target(), "--users", "1,2,3",
                "--cool-down", "0s", "--output", self.folder, env=server.credentials)
        document = self.document()
        self.assert_schema(document)
        states = [p["status"] for p in document["points"]]
        self.assertEqual(states.count("failed"), 1, done.said)
        self.assertEqual(states.count("done"), 2, done.said)
        failed = document["points"][states.index("failed")]
        self.assertTrue(failed["problem"])
        self.assertIsNone(failed["figures"])
        self.assert_code(done, harness.errors_or_slo)

    def test_what_an_interrupted_point_leaves_is_said(self):
        with lying_s3() as server:
            process = self.start(
                "sweep", "-f", self.scenario, *server.target(), "--users", "1,2", "-t", "20s",
                "--cool-down", "0s", "--output", self.folder, env=server.credentials)
            harness.wait_until("reads", lambda: server.asked("GET object"))
            server.lies.before = lambda *_: time.sleep(0.05)
            for _ in range(2):
                harness.send_signal(process, signal.SIGINT)
            _, err = process.communicate(timeout=harness.hang_s)
            there = [key for name in server.buckets for key in server.keys(name)]
        self.assertEqual(process.returncode, harness.interrupted)
        self.assertTrue(there)
        said = harness.decode(err)
        self.assertIn("chopsticks: point 1: left behind: ", said)
        self.assertIn("chopsticks cleanup --run", said)
        document = self.document()
        self.assert_schema(document)
        self.assertTrue(document["points"][0]["left_behind"])

    def test_interrupted_and_resumed(self):
        process = self.start(*self.arguments("--users", "1,2,3", "-t", "2s"))
        harness.wait_until("the first point", lambda: (self.folder / "sweep.json").exists() and
                           self.document()["points"][0]["status"] == "done")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=harness.hang_s)
        self.assertEqual(process.returncode, harness.interrupted)
        self.assertIn(b"INTERRUPTED", out)
        document = self.document()
        self.assert_schema(document)
        self.assertTrue(document["interrupted"])
        self.assertNotEqual(document["points"][2]["status"], "done")
        first = harness.read_result(self.folder / document["points"][0]["file"])["run"]["id"]

        done = self.run_binary(*self.arguments("--users", "1,2,3", "-t", "2s"))
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--resume")
        for other, what in ((["--users", "1,2,4", "-t", "2s"], "axes"),
                            (["--users", "1,2,3", "-t", "3s"], "--duration"),
                            (["--users", "1,2,3", "-t", "2s", "--set", "timeouts.idle=9s"],
                             "--set")):
            done = self.run_binary(*self.arguments(*other, "--resume"))
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "another sweep", what)

        done = self.run_binary(*self.arguments("--users", "1,2,3", "-t", "2s", "--resume"))
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        document = self.document()
        self.assert_schema(document)
        self.assertFalse(document["interrupted"])
        self.assertEqual([p["status"] for p in document["points"]], ["done"] * 3)
        again = harness.read_result(self.folder / document["points"][0]["file"])["run"]["id"]
        self.assertEqual(again, first)

    def test_the_target_is_given_time_to_rest(self):
        with harness.endpoint() as server:
            done = self.run_binary(
                "sweep", "-f", self.scenario, *server.target(), "--users", "1,2",
                "--cool-down", "5s", "--output", self.folder, env=server.credentials)
            self.assertEqual(server.counters()["objects"], 0)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        first, second = self.document()["points"]
        self.assertEqual(first["cool_down_s"], 0)
        self.assertGreater(second["cool_down_s"], 0.3)

    def test_mistakes_are_told_before_anything_runs(self):
        for arguments, says in ((["--rates", "10:1:1"], "ends below"), ([], "nothing to sweep"),
                                (["--rates", "1,2", "--users", "1,2"], "give one of them"),
                                (["--vary", "groups.0.data.objects=1,x"], "objects"),
                                (["--vary", "workload.secret_key=a,b"], "secret")):
            done = self.run_binary(*self.arguments(*arguments))
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, says)
            self.assertFalse(self.folder.exists())


if __name__ == "__main__":
    harness.main()
