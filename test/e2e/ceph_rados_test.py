#!/usr/bin/env python3
"""Against the pools of a real cluster, with the command `rados` as the witness: what it lists,
sizes and reads is what the program says; what others made stays; what they change is found; every
mistake costs one clear message; nothing is left behind, not by a kill either.

Environment: RADOS_CLUSTER_TEST, the driver's own tests.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

scenario = """
name: pools
groups:
  - name: objects
    workload: rados
    data: {objects: 40, size: 20000, verify: true%(data)s}
    tasks: %(tasks)s
    load: {closed: {users: 8}}
phases: {warmup: 0s, measure: %(measure)s, cleanup: %(cleanup)s}
timeouts: {operation: 20s}
limits: {outage: 100%%}  # a busy cluster pauses
%(stop)s
"""
mix = """
      - {op: read, weight: 20}
      - {op: read, range: 3000, align: 1000}
      - {op: write, range: 3000, align: 1000}
      - {op: write_full, weight: 5}
      - {op: write_full, overwrite: true, weight: 5}
      - {op: stat}
      - {op: remove, weight: 4}
      - {op: cmpext}
      - {op: append}
      - {op: truncate}
      - {op: zero}
      - {op: omap_set, keys: 3, of: 50}
      - {op: omap_get, keys: 3, of: 50}
      - {op: omap_list, keys: 10, of: 50}
      - {op: xattr_set}
      - {op: xattr_get}
      - {op: exec, call: hello.say_hello}
      - {op: compound_write, range: 2000, keys: 2, of: 50}
      - {op: compound_read, range: 2000, keys: 2, of: 50}
      - {name: come_and_go, steps: [write_full, read, remove]}
"""


class rados_case(harness.case):
    @classmethod
    def setUpClass(cls):
        cls.cluster = tempfile.mkdtemp(prefix="ceph-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.cluster, ignore_errors=True)
        cls.addClassCleanup(harness.ceph_script, "down", cls.cluster)
        harness.ceph_script("up", cls.cluster, RGW="no")
        cls.conf = pathlib.Path(cls.cluster, "ceph.conf")
        for pool in ("bench", "second"):
            cls.tool("ceph", "osd", "pool", "create", pool, "8", "8")
        cls.asok = next(pathlib.Path(cls.cluster, "run").glob("osd.0.*.asok"))

    @classmethod
    def tool(cls, *arguments, check=True, **how):
        done = subprocess.run([*map(str, arguments)], capture_output=True, timeout=90, check=False,
                              env={**os.environ, "CEPH_CONF": str(cls.conf),
                                   "RADOS_POOL": "bench"}, **how)
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.stderr.decode()}")
        return done

    @classmethod
    def rados(cls, *arguments, pool="bench", **how):
        return cls.tool("rados", "-p", pool, *arguments, **how)

    def names(self, pool="bench"):
        """(namespace, name) of all objects of a pool."""
        said = self.rados("--all", "ls", pool=pool).stdout.decode()
        return {tuple(line.split("\t", 1)) for line in said.splitlines()}

    def setUp(self):
        super().setUp()
        self.output = self.dir / "r.json"
        self.addCleanup(self.empty)

    def empty(self):
        for pool in ("bench", "second"):
            self.tool("rados", "purge", pool, "--yes-i-really-really-mean-it")

    def config(self, **keys):
        keys = {"conf_file": str(self.conf), "pool": "bench", "operation_timeout": "20s", **keys}
        if "pools" in keys:
            del keys["pool"]
        return self.file("w.yaml", json.dumps({"rados": keys}))

    def arguments(self, config, tasks="[read]", **how):
        how = {"tasks": tasks, "data": "", "measure": "2s", "cleanup": "true", "stop": "", **how}
        return ["run", "-f", self.file("s.yaml", scenario % how), "--workload-config", config,
                "--output", self.output]

    def run_it(self, config, *codes, **how):
        done = self.run_binary(*self.arguments(config, **how), timeout=90)
        self.assert_code(done, *(codes or (harness.ran, harness.generator_was_limit)))
        return done

    def operations(self):
        return harness.read_result(self.output)["operations"]


class operations_test(rados_case):
    def test_driver_by_itself(self):
        done = self.tool(os.environ["RADOS_CLUSTER_TEST"], check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode()[-6000:])
        self.assertEqual(self.names(), set())

    def test_all_operations_at_once_verify_and_leave_nothing(self):
        self.rados("put", "theirs", "-", input=b"not ours")
        self.rados("-N", "space", "put", "chopsticks/theirs", "-", input=b"nor this")
        done = self.run_it(self.config(), tasks=mix, measure="3s")
        result = harness.read_result(self.output)
        ok, failed, _ = harness.all_operations(result)
        self.assertGreater(ok, 0)
        self.assertEqual(failed, 0, done.said + json.dumps(
            {k: v["errors"] for k, v in result["operations"].items() if v["failed"]}))
        self.assertEqual(harness.schema_errors(result), [])
        for name, figures in result["operations"].items():
            self.assertGreater(figures["ok"], 0, name)
        # Each operation came home once, several with one wake-up, and none too late.
        told = {name: figure["load"] for name, figure in
                result["driver_figures"]["objects"].items()}
        self.assertGreaterEqual(told["completion_wait"]["count"], ok)
        self.assertGreater(told["wakeups"]["count"], 0)
        self.assertLessEqual(told["wakeups"]["count"], told["completion_wait"]["count"])
        self.assertEqual(told["late_completions"]["count"], 0)
        self.assertIsNone(told["abandoned"])
        self.assertEqual(self.names(), {("", "theirs"), ("space", "chopsticks/theirs")})
        self.assertEqual(self.rados("get", "theirs", "-").stdout, b"not ours")

    def test_counts_and_sizes_are_those_of_the_witness(self):
        self.run_it(self.config(pools=["bench", "second"], namespaces=["", "a"], connections=3),
                    tasks="[{op: write_full, weight: 2}, {op: remove}]", cleanup="false",
                    stop="stop: {operations: 300}")
        figures = self.operations()
        wanted = 40 + figures["objects/write_full"]["ok"] - figures["objects/remove"]["ok"]
        run = harness.read_result(self.output)["run"]["id"]
        found = {}
        for pool in ("bench", "second"):
            for space, name in self.names(pool):
                if name.startswith(f"chopsticks/{run}/"):
                    found[name] = (pool, space)
        self.assertEqual(len(found), wanted)
        self.assertEqual(len(set(found.values())), 4)
        for name in sorted(found)[:5]:
            pool, space = found[name]
            said = self.rados("-N", space, "stat", name, pool=pool).stdout.decode()
            self.assertIn("size 20000", said)
            data = self.rados("-N", space, "get", name, "-", pool=pool).stdout
            self.assertEqual(len(data), 20000)
        listed = self.run_binary("cleanup", "--result", self.output)
        self.assert_code(listed, 5)
        self.assertIn(f"{wanted} objects", listed.out)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            removed = self.run_binary("cleanup", "--result", self.output, "--yes")
            if removed.code == 0:
                break
        self.assert_code(removed, 0)
        self.assertEqual(self.names() | self.names("second"), set())

    def test_the_osd_has_counted_as_many_operations(self):
        def counted():
            said = self.tool("ceph", "daemon", self.asok, "perf", "dump", "osd").stdout
            osd = json.loads(said)["osd"]
            return osd["op_r"], osd["op_w"]
        reads, writes = counted()
        self.run_it(self.config(), tasks="[read, {op: write_full, overwrite: true}]",
                    stop="stop: {operations: 400}")
        after = counted()
        ours = self.operations()
        read, written = ours["objects/read"]["ok"], ours["objects/write_full"]["ok"]
        self.assertGreaterEqual(after[0] - reads, read)
        self.assertLess(after[0] - reads, read + 40)
        # Prepared, removed, and the few of the mark.
        self.assertGreaterEqual(after[1] - writes, written + 80)
        self.assertLess(after[1] - writes, written + 80 + 40)

    def test_keys_and_attributes_are_where_others_see_them(self):
        self.run_it(self.config(), tasks="[{op: compound_write, keys: 2, of: 20}]",
                    cleanup="false")
        run = harness.read_result(self.output)["run"]["id"]
        names = [name for _, name in self.names() if name.startswith(f"chopsticks/{run}/")]
        keys = set()
        for name in names:
            keys |= set(self.rados("listomapkeys", name).stdout.decode().split())
        self.assertTrue(keys <= {f"k{n:08x}" for n in range(21)}, keys)
        self.assertGreater(len(keys), 10)
        self.assertEqual(len(self.rados("getxattr", names[0], "chopsticks.value").stdout), 128)


class data_test(rados_case):
    """What others did to a kept data set is found by the next run."""

    def kept(self, *codes, tasks="[read]"):
        return self.run_it(self.config(), *codes, tasks=tasks, data=", reuse: set",
                           stop="stop: {operations: 400}")

    def test_corruption_loss_and_truncation_from_outside_are_found(self):
        self.kept()
        name = "chopsticks/kept/set/0000000000000005"
        good = self.rados("get", name, "-").stdout
        self.assertEqual(len(good), 20000)
        self.kept()
        bad = bytearray(good)
        bad[12345] ^= 1
        for change, code in ((bytes(bad), "wrong_content"), (good[:100], "short_read"),
                             (None, "lost")):
            with self.subTest(code):
                if change is None:
                    self.rados("rm", name)
                else:
                    self.rados("put", name, "-", input=change)
                self.kept(harness.errors_or_slo)
                errors = self.operations()["objects/read"]["errors"]
                self.assertIn(code, json.dumps(errors))
                self.assertIn("corrupt", json.dumps(errors))
        self.rados("put", name, "-", input=good)
        self.kept()

    def test_kept_set_is_not_written_to(self):
        done = self.run_binary(*self.arguments(self.config(), tasks="[write]",
                                               data=", reuse: set"))
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "kept data set")

    def test_killed_run_is_cleaned_up_and_nothing_else(self):
        self.rados("put", "chopsticks/theirs", "-", input=b"x")
        process = self.start(*self.arguments(self.config(), tasks="[write_full, append]",
                                             measure="60s"))
        harness.wait_until("objects", lambda: len(self.names()) > 60)
        alive = self.run_binary("cleanup", "--older-than", "1ms", "--workload-config",
                                self.config(), "--yes")
        self.assertIn("the run is alive", alive.out)
        process.kill()
        process.communicate()
        # The OSD misses its watch some seconds later.
        until = time.monotonic() + 60
        while time.monotonic() < until:
            done = self.run_binary("cleanup", "--older-than", "1ms", "--workload-config",
                                   self.config(), "--yes")
            if done.code == 0:
                break
        self.assert_code(done, 0)
        self.assertEqual(self.names(), {("", "chopsticks/theirs")})


class trouble_test(rados_case):
    def refused(self, config, *parts):
        begun = time.monotonic()
        done = self.run_it(config, harness.errors_or_slo, harness.bad_usage)
        self.assert_one_clear_message(done, *parts)
        return time.monotonic() - begun

    def test_bad_input_costs_one_message(self):
        self.refused(self.config(pool="none"), "no pool \"none\"")
        self.refused(self.config(client="nobody"), "client.nobody")
        self.refused(self.config(keyring="/nowhere/keyring"), "keyring")
        self.refused(self.config(conf_file="/nowhere/ceph.conf"), "conf_file")
        self.refused(self.config(options={"no_such": "1"}), "no option \"no_such\"")
        self.tool("ceph", "auth", "get-or-create", "client.reader", "mon", "allow r", "osd",
                  "allow r pool=bench", "-o", pathlib.Path(self.cluster, "reader"))
        self.refused(self.config(client="reader", keyring=f"{self.cluster}/reader"),
                     "client.reader may not write to pool bench")
        away = self.file("away.conf", self.conf.read_text().replace(
            "mon_host =", "mon_host = 127.0.0.1:1\n#"))
        self.refused(self.config(conf_file=str(away), operation_timeout="2s"),
                     "no monitor answered")


if __name__ == "__main__":
    harness.main()
