#!/usr/bin/env python3
"""The operation log, and recordings that are replayed."""

import collections
import csv
import io
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness


def counts_of(result):
    """{operation: ok + failed} over the measure phase."""
    return {name: one["ok"] + one["failed"] for name, one in result["operations"].items()}


class replay_case(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", harness.small_scenario)
        self.log = self.dir / "a.oplog"
        self.output = self.dir / "r.json"

    def run_embedded(self, scenario, *arguments,
                     codes=(harness.ran, harness.generator_was_limit)):
        self.output.unlink(missing_ok=True)
        done = self.run_binary("run", "-f", scenario, "--embedded", "--output", self.output,
                               *arguments)
        self.assert_code(done, *codes)
        return harness.read_result(self.output)

    def record(self, *arguments):
        return self.run_embedded(self.scenario, "--op-log", self.log, *arguments)

    def records(self):
        done = self.run_binary("oplog", self.log)
        self.assert_code(done, 0)
        return [json.loads(line) for line in done.out.splitlines()]


class op_log_test(replay_case):
    def test_every_operation_is_in_the_log(self):
        result = self.record("--set", "phases.warmup=300ms")
        wrong = [one for one in harness.schema_errors(result) if "op_log" in one]
        self.assertEqual(wrong, [])
        records = self.records()
        cut = result["run"]["warmup_cut"]
        measured = sum(counts_of(result).values())
        self.assertGreater(measured, 100)
        self.assertGreater(cut["ok"], 0)
        self.assertEqual(result["op_log"]["dropped"], 0)
        self.assertEqual(result["op_log"]["records"], len(records))
        self.assertEqual(result["op_log"]["bytes"], self.log.stat().st_size)
        ended = [one for one in records if one["status"] != "cancelled"]
        self.assertEqual(len(ended), measured + cut["ok"] + cut["failed"])
        # By kind over the measure phase, which begins after the warm-up.
        by_kind = collections.Counter(one["operation"] for one in ended
                                      if one["intended_ns"] >= 300_000_000)
        self.assertEqual({name: by_kind[name] for name in counts_of(result)}, counts_of(result))
        for one in records:
            self.assertLessEqual(one["intended_ns"], one["sent_ns"])
            self.assertLess(one["sent_ns"], one["done_ns"])
            self.assertEqual(one["object"] is None, one["operation"] == "s3/list")

    def test_csv_has_the_same_and_the_header_says_what_it_is(self):
        result = self.record("--seed", "99", "--set", "phases.measure=300ms")
        done = self.run_binary("oplog", self.log, "--format", "csv")
        self.assert_code(done, 0)
        rows = list(csv.DictReader(io.StringIO(done.out)))
        records = self.records()
        self.assertEqual([row["intended_ns"] for row in rows],
                         [str(one["intended_ns"]) for one in records])
        header = json.loads(self.run_binary("oplog", self.log, "--header").out)
        self.assertEqual(header["seed"], 99)
        self.assertEqual(header["run"], result["run"]["id"])
        self.assertEqual(header["operations"], list(result["operations"]))

    def test_a_log_that_was_cut_off_is_read_to_its_last_whole_block(self):
        self.record()
        whole = self.records()
        self.log.write_bytes(self.log.read_bytes()[:-5000])
        done = self.run_binary("oplog", self.log)
        self.assert_code(done, 1)
        self.assertIn("has no end", done.err)
        part = [json.loads(line) for line in done.out.splitlines()]
        self.assertGreater(len(part), 0)
        self.assertEqual(part, whole[:len(part)])

    def test_a_file_that_is_there_is_not_replaced(self):
        self.log.write_text("precious")
        done = self.run_binary("run", "-f", self.scenario, "--embedded", "--output", self.output,
                               "--op-log", self.log)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "already such a file")
        self.assertEqual(self.log.read_text(), "precious")
        self.assert_code(self.run_binary("oplog", self.log), harness.bad_usage)
        self.assert_code(self.run_binary("oplog", self.dir / "none"), harness.bad_usage)


if __name__ == "__main__":
    harness.main()
