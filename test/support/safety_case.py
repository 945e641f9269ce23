"""What the tests of what is removed, and what is not, have in common: runs and `cleanup` against a
lying_s3, in one bucket."""

import re

import harness
from lying_s3 import lying_s3

left_behind = harness.left_behind
ran = (harness.ran, harness.generator_was_limit)  # a busy machine makes runs invalid
object_key = re.compile(r"e2e/(\d{8}T\d{6}Z-[0-9a-f]{12})/[0-9a-f]{2}/[0-9a-f]{16}")

scenario = """
name: safety
groups:
  - workload: s3
    data: {prefix: e2e/, objects: %d, size: 100B}
    tasks: %s
    load: {closed: {users: 2}}
phases: {prepare: true, warmup: 0s, measure: %s, drain: 5s, cleanup: %s}
timeouts: {connect: 2s, operation: 5s}
stop: {operations: %d}
"""


class safety_case(harness.case):
    bucket = "shared"

    def serve(self, **lies):
        server = lying_s3(**lies)
        server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def scenario(self, tasks="[{op: put}, {op: get}]", objects=20, measure="20s", cleanup=True,
                 operations=40):
        return self.file("s.yaml", scenario % (objects, tasks, measure, str(cleanup).lower(),
                                               operations))

    def run_against(self, server, scenario, *more):
        self.output = self.dir / "r.json"
        return self.run_binary("run", "-f", scenario, "--output", self.output, "--cores", "1",
                               "--bucket", self.bucket, *server.target(), *more,
                               env=server.credentials, timeout=120)

    def clean(self, server, *more):
        return self.run_binary("cleanup", *more, *server.target(), "--bucket", self.bucket,
                               "--prefix", "e2e", env=server.credentials, timeout=120)

    @staticmethod
    def words(done):
        """What was said, however it was broken into lines."""
        return " ".join(done.said.split())

    def run_id(self):
        return harness.read_result(self.output)["run"]["id"]
