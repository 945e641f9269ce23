"""A test case with a cluster of its own for block devices, and runs of the program on images."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import harness

scenario = """
name: disks
groups:
  - name: disks
    workload: rbd
    blocks: {prefill: %(prefill)s, verify: %(verify)s}
    tasks: %(tasks)s
    load: {closed: {users: 8}}
phases: {warmup: 0s, measure: %(measure)s, drain: %(drain)s, cleanup: %(cleanup)s}
timeouts: {operation: %(timeout)s}
limits: {outage: %(outage)s}  # a busy cluster pauses
%(stop)s
"""
mix = "[{op: read, block: 4KiB}, {op: write, block: 4KiB}]"
reads = "[{op: read, block: 4KiB}]"


class rbd_case(harness.case):
    store = "memstore"

    @classmethod
    def setUpClass(cls):
        cls.cluster = tempfile.mkdtemp(prefix="ceph-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.cluster, ignore_errors=True)
        cls.addClassCleanup(cls.ceph_script, "down")
        cls.ceph_script("up")
        cls.conf = pathlib.Path(cls.cluster, "ceph.conf")

    @classmethod
    def ceph_script(cls, command):
        harness.ceph_script(command, cls.cluster, RGW="no", STORE=cls.store)

    @classmethod
    def tool(cls, *arguments, **how):
        """A tool of Ceph's, as another client."""
        how.setdefault("check", True)
        return subprocess.run([*map(str, arguments)], capture_output=True, timeout=90,
                              env={**os.environ, "CEPH_CONF": str(cls.conf)}, **how)

    def images(self):
        return self.tool("rbd", "ls").stdout.decode().split()

    def setUp(self):
        super().setUp()
        self.output = self.dir / "r.json"

    def config(self, **keys):
        keys = {"conf_file": str(self.conf), "size": "16MiB", "operation_timeout": "20s", **keys}
        return self.file("w.yaml", json.dumps({"rbd": keys}))

    def arguments(self, config, tasks=mix, **how):
        how = {"tasks": tasks, "prefill": "true", "verify": "true", "measure": "2s", "drain": "20s",
               "cleanup": "true", "timeout": "20s", "stop": "", "outage": "100%", **how}
        return ["run", "-f", self.file("s.yaml", scenario % how), "--workload-config", config,
                "--output", self.output]

    def run_it(self, config, *codes, **how):
        done = self.run_binary(*self.arguments(config, **how), timeout=60)
        self.assert_code(done, *(codes or (harness.ran, harness.generator_was_limit)))
        return done

    def refused(self, config, *parts, **how):
        done = self.run_it(config, harness.errors_or_slo, harness.bad_usage, **how)
        self.assert_one_clear_message(done, *parts)
        return done
