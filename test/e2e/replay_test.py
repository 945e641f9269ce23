#!/usr/bin/env python3
"""The operation log, and recordings that are replayed, of objects and of block devices."""

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


def replay_scenario(file, **more):
    return json.dumps({
        "name": "replay",
        "groups": [{"workload": "s3", "data": {"objects": 40, "size": "4KiB", "verify": True},
                    "load": {"replay": {"file": str(file), **more}}}],
        "phases": {"drain": "5s"},
        "seed": 8,
    })


def rgw_line(second, operation, key, status="200", size=1000, method="GET"):
    return json.dumps({
        "bucket": "b", "object": key, "time": f"2026-11-23T19:28:{second:09.6f}Z",
        "operation": operation, "uri": f"{method} /b/{key} HTTP/1.1", "http_status": status,
        "bytes_sent": 0, "bytes_received": size, "object_size": size, "total_time": 3})


class replay_test(replay_case):
    def test_a_run_is_replayed_as_it_was_recorded(self):
        recorded = self.record("--rate", "300", "--set", "phases.measure=2s")
        before = self.records()
        first = min(one["intended_ns"] for one in before)
        second_log = self.dir / "b.oplog"
        scenario = self.file("replay.yaml", replay_scenario(self.log))
        result = self.run_embedded(scenario, "--op-log", second_log)
        self.assertEqual([one for one in harness.schema_errors(result)
                          if "replay" in one], [])
        figures = result["groups"]["s3"]["replay"]
        self.assertEqual(figures["format"], "chopsticks")
        self.assertEqual(figures["operations"] + figures["refused"], len(before))
        self.assertEqual(figures["malformed"], 0)
        self.assertEqual(figures["unmapped"], 0)
        self.assertEqual(result["load"]["intended"], figures["operations"])
        self.assertEqual(result["load"]["shed"], 0)
        # Deletes find what puts have made, and are skipped where there is nothing yet.
        skipped = {name: one["skipped"] for name, one in result["operations"].items()}
        done = counts_of(result)
        self.assertEqual({name: done[name] + skipped[name] for name in done},
                         {name: counts_of(recorded)[name] for name in done})
        self.assertEqual({name for name, count in skipped.items() if count}
                         - {"s3/delete"}, set())
        self.assertEqual(sum(one["failed"] for one in result["operations"].values()), 0)
        self.assertEqual(result["data"]["left_behind"], 0)
        # The measure phase ends with the recording, and the gaps are those of it.
        span = (max(one["intended_ns"] for one in before) - first) / 1e9
        self.assertAlmostEqual(result["run"]["duration_s"], span, delta=0.05)
        done = self.run_binary("oplog", second_log)
        after = sorted(json.loads(line)["intended_ns"] for line in done.out.splitlines())
        wanted = sorted(one["intended_ns"] - first for one in before)
        missing = collections.Counter(wanted) - collections.Counter(after)
        self.assertEqual(collections.Counter(after) - collections.Counter(wanted), {})
        self.assertEqual(sum(missing.values()), sum(skipped.values()))

    def test_an_rgw_log_at_twice_the_speed_with_what_cannot_be_replayed(self):
        lines = [rgw_line(i / 100, "get_obj", f"k{i % 7}") for i in range(200)]
        lines += [rgw_line(2 + i / 100, "put_obj", f"n{i}", size=100 + i, method="PUT")
                  for i in range(20)]
        lines.insert(50, "{broken")
        lines.insert(60, rgw_line(0.5, "get_lifecycle", ""))
        lines.insert(70, rgw_line(0.5, "get_obj", "none", status="404"))
        log = self.file("rgw.log", "\n".join(lines) + "\n")
        scenario = self.file("replay.yaml", replay_scenario(log, speed=2))
        plan = self.run_binary("validate", "-f", scenario, "--embedded")
        self.assert_code(plan, 0)
        self.assertIn("recording: rgw", plan.out)
        self.assertIn("220 operations", plan.out)
        self.assertIn("1 malformed", plan.out)
        result = self.run_embedded(scenario)
        figures = result["groups"]["s3"]["replay"]
        self.assertEqual(figures["operations"], 220)
        self.assertEqual(figures["malformed_lines"], [51])
        self.assertEqual((figures["unmapped"], figures["refused"]), (1, 1))
        self.assertEqual(counts_of(result)["s3/get"], 200)
        self.assertEqual(counts_of(result)["s3/put"], 20)
        self.assertEqual(result["operations"]["s3/put"]["bytes"], sum(range(100, 120)))
        self.assertAlmostEqual(result["run"]["duration_s"], 2.19 / 2, delta=0.05)
        self.assertTrue([one for one in result["run"]["warnings"] if "malformed" in one])

    def test_what_cannot_be_a_replay_is_refused(self):
        log = self.file("x.log", rgw_line(1, "get_obj", "k") + "\n")
        for text, problem in (
                (replay_scenario(self.dir / "none"), "cannot be read"),
                (replay_scenario(log, speed=0), "speed"),
                (replay_scenario(log, format="s3_access_log"), "no operation to replay"),
                (replay_scenario(log).replace(
                    '"load"', '"tasks": [{"steps": ["put", "get"]}], "load"'), "not sequences"),
                (replay_scenario(log).replace('"load": {', '"load": {"open": {"rate": 1}, '),
                 "keep one of them")):
            with self.subTest(problem):
                done = self.run_binary("validate", "-f", self.file("s.yaml", text), "--embedded")
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, problem)
        for option in ("--rate", "--users"):
            done = self.run_binary("validate", "-f", self.file("s.yaml", replay_scenario(log)),
                                   "--embedded", option, "5")
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, option)
            self.assertIn("speed", done.said)


blocks = """
name: blocks
seed: 7
groups:
  - name: disks
    workload: rbd
    blocks: {extent: 64MiB, prefill: false}
    tasks:
      - {op: read, block: {table: {4KiB: 1, 16KiB: 1}}, offsets: {zipf: 0.9}, weight: 60}
      - {op: write, block: 4KiB, pattern: sequential, weight: 20}
      - {op: discard, block: 64KiB, weight: 5}
      - {op: write_zeroes, block: 8KiB, weight: 5}
      - {op: compare_and_write, block: 512, weight: 5}
      - {op: flush, weight: 5}
    load: {open: {rate: 400}}
phases: {warmup: 0s, measure: 2s}
"""


def block_group(file, blocks=None, tasks=None, **replay):
    more = {} if tasks is None else {"tasks": tasks}
    return {"workload": "rbd", "name": "disks", **more,
            "blocks": blocks or {"extent": "64MiB", "prefill": False},
            "load": {"replay": {"file": str(file), **replay}}}


def place(record):
    """What an I/O was, without when."""
    return (record["operation"].split("/")[1], record["object"], record["offset"],
            record["length"])


class block_replay_test(replay_case):
    def setUp(self):
        super().setUp()
        self.config = self.file("w.yaml", "rbd: {driver: dummy, count: 3, size: 1GiB}\n")

    def run_blocks(self, scenario, *arguments):
        self.output.unlink(missing_ok=True)
        done = self.run_binary("run", "-f", scenario, "--workload-config", self.config,
                               "--output", self.output, *arguments)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        return harness.read_result(self.output)

    def scenario_of(self, *groups):
        return self.file("replay.yaml", json.dumps({"groups": groups, "phases": {"drain": "5s"}}))

    def record_blocks(self):
        self.run_blocks(self.file("b.yaml", blocks), "--op-log", self.log)
        return self.records()

    def log_of(self, path):
        done = self.run_binary("oplog", path)
        self.assert_code(done, 0)
        return [json.loads(line) for line in done.out.splitlines()]

    def test_blocks_are_replayed_as_they_were_recorded(self):
        before = self.record_blocks()
        kept = [one for one in before if one["operation"] != "disks/compare_and_write"]
        self.assertGreater(len(kept), 500)
        self.assertGreater(len(before), len(kept))
        scenario = self.scenario_of(block_group(self.log, speed=2))
        plan = self.run_binary("validate", "-f", scenario, "--workload-config", self.config)
        self.assert_code(plan, 0)
        self.assertIn("recording: chopsticks", plan.out)
        self.assertIn(f"{len(kept)} operations", plan.out)
        self.assertIn(f"{len(before) - len(kept)} operations of kinds that the tasks lack",
                      plan.out)
        self.assertIn("write_zeroes", plan.out)
        again = self.dir / "b.oplog"
        result = self.run_blocks(scenario, "--op-log", again)
        self.assertEqual(harness.schema_errors(result), [])
        figures = result["groups"]["disks"]["replay"]
        self.assertEqual(figures["operations"], len(kept))
        self.assertEqual(figures["unmapped"], len(before) - len(kept))
        self.assertEqual((figures["refused"], figures["moved"]), (0, 0))
        self.assertIn("kinds that the tasks lack", " ".join(result["run"]["warnings"]))
        by_op = collections.Counter(place(one)[0] for one in kept)
        self.assertEqual(counts_of(result), {"disks/writesame": 0} | {
            f"disks/{name}": count for name, count in by_op.items()})
        # Each at half its time, and nothing else.
        first = min(one["intended_ns"] for one in kept)
        wanted = sorted(((one["intended_ns"] - first) / 2, *place(one)) for one in kept)
        found = sorted((one["intended_ns"], *place(one)) for one in self.log_of(again))
        self.assertEqual([one[1:] for one in found], [one[1:] for one in wanted])
        for one, other in zip(found, wanted):
            self.assertLessEqual(abs(one[0] - other[0]), 0.5)
        self.assertAlmostEqual(result["run"]["duration_s"], wanted[-1][0] / 1e9, delta=0.05)

    def test_smaller_images_hold_it_all_and_it_is_said(self):
        before = self.record_blocks()
        again = self.dir / "b.oplog"
        result = self.run_blocks(
            self.scenario_of(block_group(self.log, blocks={"extent": "1MiB", "prefill": False})),
            "--op-log", again, "--set", "workload.rbd.count=2")
        moved = result["groups"]["disks"]["replay"]["moved"]
        self.assertGreater(moved, len(before) // 3)
        self.assertIn(f"{moved} operations did not fit into the images",
                      " ".join(result["run"]["warnings"]))
        records = self.log_of(again)
        for one in records:
            self.assertIn(one["object"], (0, 1))
            self.assertLessEqual(one["offset"] + one["length"], 1 << 20)
            self.assertEqual(one["offset"] % 512, 0)
        lengths = collections.Counter(place(one)[::3] for one in before
                                      if place(one)[0] != "compare_and_write")
        self.assertEqual(collections.Counter(place(one)[::3] for one in records), lengths)

    def test_one_log_of_objects_and_blocks_for_two_groups(self):
        scenario = self.file("h.yaml", json.dumps({
            "groups": [
                {"workload": "s3", "name": "objects", "tasks": ["get", "head"],
                 "data": {"objects": 20, "size": "4KiB"}, "load": {"open": {"rate": 100}}},
                {"workload": "rbd", "name": "disks", "tasks": ["read", "write"],
                 "blocks": {"prefill": False}, "load": {"open": {"rate": 200}}}],
            "phases": {"warmup": "0s", "measure": "2s"}}))
        self.run_blocks(scenario, "--embedded", "--op-log", self.log)
        before = collections.Counter(one["operation"] for one in self.records())
        objects = {"workload": "s3", "name": "objects", "data": {"objects": 20, "size": "4KiB"},
                   "load": {"replay": str(self.log)}}
        replay = self.scenario_of(objects, block_group(self.log, blocks={"prefill": False}))
        result = self.run_blocks(replay, "--embedded")
        done = {name: count for name, count in counts_of(result).items() if count}
        self.assertEqual(done, before)
        for group, own in (("objects", ("objects/get", "objects/head")),
                           ("disks", ("disks/read", "disks/write"))):
            figures = result["groups"][group]["replay"]
            count = sum(before[name] for name in own)
            self.assertEqual(figures["operations"], count)
            self.assertEqual(figures["unmapped"], sum(before.values()) - count)
        # A group of the log that has no blocks.
        done = self.run_binary("validate", "-f", self.scenario_of(
            block_group(self.log, group="objects")), "--workload-config", self.config)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "no operation to replay")

    def test_late_blocks_are_shed_if_they_shall(self):
        self.record_blocks()
        result = self.run_blocks(self.scenario_of(
            block_group(self.log, speed=1000, max_in_flight=1, late={"shed_after": "1us"})))
        load = result["load"]
        self.assertGreater(load["shed_late"], 0)
        self.assertEqual(load["issued"] + load["shed"] + load["shed_late"]
                         + load["backlog_at_end"], load["intended"])

    def test_what_cannot_be_a_replay_of_blocks_is_refused(self):
        s3 = self.file("x.log", rgw_line(1, "get_obj", "k") + "\n")
        for group, problem in (
                (block_group(s3), "format rgw, which has no operations of block devices"),
                (block_group(s3, format="rgw"), "no operations of block devices"),
                (block_group(s3, format="chopsticks"), "operation log"),
                (block_group(s3, blocks={"verify": True}), "verify: false"),
                (block_group(s3, tasks=["compare_and_write"]), "cannot be replayed")):
            with self.subTest(problem):
                done = self.run_binary("validate", "-f", self.scenario_of(group),
                                       "--workload-config", self.config)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, problem)


if __name__ == "__main__":
    harness.main()
