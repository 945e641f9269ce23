#!/usr/bin/env python3
"""Block devices without a cluster: the dummy driver, alone and beside S3."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

blocks = """
name: blocks
seed: 7
groups:
  - name: disks
    workload: rbd
    blocks: {extent: 64MiB, prefill_block: 1MiB}
    tasks:
      - {op: read, block: {table: {4KiB: 1, 16KiB: 1}}, offsets: {zipf: 0.9}, weight: 70}
      - {op: write, block: 4KiB, pattern: sequential, pieces: 2, weight: 30}
      - {name: safe, steps: [{op: write, block: 8KiB}, flush], weight: 10}
    load: {open: {rate: 400}}
phases: {warmup: 500ms, measure: 2s}
"""

config = """
rbd: {driver: dummy, count: 3, size: 1GiB, keyring: /path/to/keyring,
      encryption: luks2, passphrase_file: PASSPHRASE, options: {rbd_op_threads: 2}}
"""


class blocks_test(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", blocks)
        self.secret = "correct-horse-battery"
        passphrase = self.file("passphrase", self.secret)
        self.config = self.file("w.yaml", config.replace("PASSPHRASE", str(passphrase)))
        self.output = self.dir / "r.json"

    def run_blocks(self, *arguments):
        done = self.run_binary("run", "-f", self.scenario, "--workload-config", self.config,
                               "--output", self.output, *arguments)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        return done, harness.read_result(self.output)

    def test_run_of_block_devices_alone_needs_no_endpoint(self):
        done, result = self.run_blocks()
        self.assertEqual(harness.schema_errors(result), [])
        self.assertEqual(set(result["operations"]), {"disks/read", "disks/write", "disks/flush"})
        self.assertEqual(result["total"]["failed"], 0)
        self.assertEqual(result["data"]["prepared"], 3 * 64)
        self.assertEqual(result["data"]["left_behind"], 0)
        group = result["groups"]["disks"]
        self.assertEqual((group["workload"], group["driver"]), ("rbd", "dummy"))
        # A Poisson process with a mean of 800.
        self.assertLess(abs(group["load"]["intended"] - 800), 150)
        read = result["operations"]["disks/read"]
        self.assertGreater(read["bytes"], read["ok"] * 4096)
        self.assertLess(read["bytes"], read["ok"] * 16384)
        self.assertEqual(result["operations"]["disks/flush"]["bytes"], 0)
        self.assertIn("images of the dummy driver", done.err)

    def test_cores_leave_the_cpu_to_the_library_unless_told_otherwise(self):
        _, result = self.run_blocks()
        self.assertEqual(result["generator"]["idle"], "sleep")
        _, result = self.run_blocks("--idle", "hybrid")
        self.assertEqual(result["generator"]["idle"], "hybrid")

    def test_result_echoes_what_was_configured_and_no_secret(self):
        done, result = self.run_blocks()
        echoed = result["workload"]["other"]["rbd"]
        self.assertEqual(echoed["count"], "3")
        self.assertEqual(echoed["keyring"], "/path/to/keyring")
        self.assertEqual(echoed["options.rbd_op_threads"], "2")
        self.assertNotIn(self.secret, self.output.read_text() + done.said)
        group = result["scenario"]["groups"][0]
        self.assertEqual(group["blocks"]["extent_bytes"], 64 << 20)
        self.assertEqual(group["tasks"][1]["steps"][0]["pattern"], "sequential")
        self.assertNotIn("data", group)

    def test_plan_counts_what_the_prefill_writes(self):
        done = self.run_binary("validate", "-f", self.scenario, "--workload-config", self.config)
        self.assert_code(done, 0)
        self.assertIn("prepare 192", done.out)
        self.assertIn("bytes written by prepare: 192 MiB", done.out)
        self.assertIn("images: 3 of 1 GiB", done.out)
        more = self.run_binary("validate", "-f", self.scenario, "--workload-config", self.config,
                               "--set", "workload.rbd.driver=librbd",
                               "--set", "workload.rbd.connections=shared")
        self.assertIn("connections to the cluster: 1\n", more.out)

    def test_images_too_small_for_the_cores_are_one_message(self):
        done = self.run_binary("run", "-f", self.scenario, "--workload-config", self.config,
                               "--output", self.output, "--cores", "2",
                               "--set", "workload.rbd.count=1", "--set", "workload.rbd.size=24KiB",
                               "--set", "groups.disks.blocks.extent=24KiB")
        self.assert_code(done, harness.bad_usage)
        self.assertIn("too small to be shared by 2 cores", done.err)
        self.assertFalse(self.output.exists())

    def test_eventfd_gives_an_image_to_one_core(self):
        eventfd = ["--set", "workload.rbd.completion=eventfd", "--set", "workload.rbd.count=1"]
        done = self.run_binary("validate", "-f", self.scenario, "--workload-config", self.config,
                               *eventfd, "--cores", "2")
        self.assert_code(done, harness.bad_usage)
        self.assertIn("an image belongs to one core", done.err)
        done = self.run_binary("validate", "-f", self.scenario, "--workload-config", self.config,
                               *eventfd)
        self.assert_code(done, 0)
        self.assertIn("on 1 core\n", done.out)

    def test_embedded_endpoint_is_refused_where_nobody_would_use_it(self):
        done = self.run_binary("run", "-f", self.scenario, "--embedded", "--output", self.output)
        self.assert_code(done, harness.bad_usage)
        self.assertIn("no S3 groups", done.err)

    def test_list_says_whether_the_library_is_there(self):
        done = self.run_binary("list")
        line = next(x for x in done.out.splitlines() if x.strip().startswith("librbd"))
        self.assertRegex(line, r"\((librbd \d+\.\d+.*|not in this program: install librbd-dev.*)\)")
        if "not in this program" not in line:
            return
        failed = self.run_binary("run", "-f", self.scenario, "--output", self.output)
        self.assert_code(failed, harness.bad_usage)
        self.assertEqual(len(failed.err.strip().splitlines()), 1)
        self.assertIn("install librbd-dev", failed.err)


class hybrid_test(harness.case):
    def test_objects_and_blocks_share_one_clock_and_one_result(self):
        scenario = harness.root / "scenarios" / "hybrid_s3_rbd.yaml"
        output = self.dir / "r.json"
        done = self.run_binary(
            "run", "-f", scenario, "--embedded", "--output", output,
            "--set", "workload.rbd.driver=dummy", "--set", "groups.objects.data.objects=20",
            "--set", "groups.objects.data.size=16KiB", "--set", "phases.warmup=500ms",
            "--set", "phases.measure=3s")
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        result = harness.read_result(output)
        self.assertEqual(harness.schema_errors(result), [])
        self.assertEqual(set(result["operations"]),
                         {"objects/get", "objects/put", "objects/delete", "disks/read",
                          "disks/write"})
        objects, disks = result["groups"]["objects"], result["groups"]["disks"]
        self.assertEqual((objects["loop"], disks["loop"]), ("closed", "open"))
        self.assertEqual((objects["driver"], disks["driver"]), ("native", "dummy"))
        self.assertGreater(objects["load"]["completed"], 100)
        self.assertLess(abs(disks["load"]["intended"] - 1500), 200)
        self.assertEqual(result["total"]["failed"], 0)
        # One time axis: an interval holds both, unless others kept the process from its CPU in it.
        rows = [one["operations"] for one in result["intervals"] if one["phase"] == "measure"]
        self.assertTrue([one for one in rows if {"disks/read", "objects/get"} <= set(one)], rows)
        self.assertEqual(set(result["by_endpoint"]) - {"dummy"},
                         {x for x in result["by_endpoint"] if re.match("http://127", x)})
        self.assertEqual(result["data"]["left_behind"], 0)


if __name__ == "__main__":
    harness.main()
