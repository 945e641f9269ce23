#!/usr/bin/env python3
"""Against an erasure-coded pool (k=2, m=1) of a real cluster of three OSDs, without overwrites:
what is appended is whole stripes, and what such a pool cannot do is told before the run, each with
what to do about it."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

scenario = """
name: coded
groups:
  - workload: rados
    data: {objects: 20, size: 20000, verify: true}
    tasks: %s
    load: {closed: {users: 4}}
phases: {warmup: 0s, measure: 2s, cleanup: %s}
timeouts: {operation: 20s}
limits: {outage: 100%%}  # a busy cluster pauses
"""
pool = "coded"


class coded_test(harness.case):
    @classmethod
    def setUpClass(cls):
        cls.cluster = tempfile.mkdtemp(prefix="ceph-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.cluster, ignore_errors=True)
        cls.addClassCleanup(harness.ceph_script, "down", cls.cluster)
        harness.ceph_script("up", cls.cluster, RGW="no", OSDS="3")
        cls.conf = pathlib.Path(cls.cluster, "ceph.conf")
        cls.tool("ceph", "osd", "erasure-code-profile", "set", "two-and-one", "k=2", "m=1",
                 "crush-failure-domain=osd")
        cls.tool("ceph", "osd", "pool", "create", pool, "8", "8", "erasure", "two-and-one")
        [of_it] = [one for one in json.loads(
            cls.tool("ceph", "osd", "pool", "ls", "detail", "-f", "json").stdout)
            if one["pool_name"] == pool]
        cls.stripe = of_it["stripe_width"]

    @classmethod
    def tool(cls, *arguments, check=True, **how):
        done = subprocess.run([*map(str, arguments)], capture_output=True, timeout=90, check=False,
                              env={**os.environ, "CEPH_CONF": str(cls.conf)}, **how)
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.stderr.decode()}")
        return done

    @classmethod
    def rados(cls, *arguments, **how):
        return cls.tool("rados", "-p", pool, *arguments, **how)

    def names(self):
        return self.rados("ls").stdout.decode().split()

    def run_tasks(self, tasks, cleanup="true"):
        self.output = self.dir / "r.json"
        config = f"rados: {{conf_file: {self.conf}, pool: {pool}}}\n"
        return self.run_binary("run", "-f", self.file("s.yaml", scenario % (tasks, cleanup)),
                               "--workload-config", self.file("w.yaml", config), "--output",
                               self.output, timeout=120)

    def test_the_pool_is_one_that_refuses_what_is_not_aligned(self):
        # Otherwise the others prove nothing.
        self.assertGreater(self.stripe, 1000)
        self.addCleanup(self.rados, "rm", "part", "whole")
        part = self.file("part", "x" * 1000)
        whole = self.file("whole", "x" * self.stripe)
        for _ in range(2):
            self.rados("append", "whole", whole)
        # The tool tries to append nothing behind what it has, which may be refused already.
        self.rados("append", "part", part, check=False)
        refused = self.rados("append", "part", whole, check=False)
        self.assertIn(b"Operation not supported", refused.stderr)

    def test_what_is_appended_is_whole_stripes_and_all_is_verified_and_removed(self):
        tasks = ("[write_full, {op: write_full, overwrite: true}, read, {op: read, range: 3000}, "
                 "stat, remove, {op: append, bytes: 5000, limit: 1MiB}, xattr_set, xattr_get, "
                 "{op: compound_read, keys: 0}]")
        done = self.run_tasks(tasks)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        result = harness.read_result(self.output)
        for name, one in result["operations"].items():
            self.assertGreater(one["ok"], 0, name)
        self.assertIn("CLEAN", done.out)
        self.assertEqual(self.names(), [])

    def test_each_log_ends_with_a_stripe(self):
        done = self.run_tasks("[{op: append, bytes: 5000, limit: 1MiB}]", "false")
        self.assert_code(done, harness.ran, harness.generator_was_limit, harness.left_behind)
        run = harness.read_result(self.output)["run"]["id"]
        logs = [name for name in self.names() if "/log-" in name and run in name]
        self.assertEqual(len(logs), 4)
        for name in logs:
            size = int(self.rados("stat", name).stdout.decode().split()[-1])
            self.assertGreater(size, 0, name)
            self.assertEqual(size % self.stripe, 0, name)
        done = self.run_binary("cleanup", "--run", run, "--workload-config", self.dir / "w.yaml",
                               "--yes", timeout=120)
        self.assert_code(done, harness.ran)
        self.assertEqual(self.names(), [])

    def test_what_such_a_pool_cannot_do_is_one_message_each_before_the_run(self):
        overwrites = ("takes no writes into objects",
                      f"ceph osd pool set {pool} allow_ec_overwrites true")
        maps = ("its objects have no maps", "use a replicated pool")
        for task, said in (("{op: write, range: 3000}", overwrites),
                           ("{op: compound_write, range: 3000, keys: 0}", overwrites),
                           ("truncate", overwrites), ("zero", overwrites),
                           ("{op: omap_set, keys: 3}", maps), ("{op: omap_get, keys: 3}", maps),
                           ("omap_list", maps), ("{op: compound_read, keys: 2}", maps)):
            with self.subTest(task):
                done = self.run_tasks(f"[write_full, {task}]")
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, f"pool {pool} is erasure-coded", *said)
                self.assertEqual(self.names(), [])


if __name__ == "__main__":
    harness.main()
