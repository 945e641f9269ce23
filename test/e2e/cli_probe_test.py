#!/usr/bin/env python3
"""`validate --probe`: what a target says to a scenario, and that nothing of the probe stays."""

import contextlib
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from safety_case import safety_case
from wilful_s3 import wilful_s3

every = """
name: probed
groups:
  - workload: s3
    data: {prefix: e2e/, objects: 100000, size: 1GiB}
    tasks:
      - get
      - {op: get, range: 1MiB}
      - {op: list, pages: 0}
      - put_tagging
      - {op: put, overwrite: true}
      - {op: multi_delete, batch: 1000}
      - {steps: [create_bucket, put_bucket_tagging, delete_bucket]}
    load: {open: {rate: 1000}}
phases: {measure: 10h}
"""


def answers(done):
    """operation: (answer, why), of the table behind "Probe"."""
    lines = done.out.partition("\nProbe")[2].splitlines()[2:]
    found = {}
    for line in lines:
        match = re.match(r"  (.*?)  +(has it|unsupported|refused|cannot tell)(?:  (.*))?$", line)
        if match:
            found[match[1]] = (match[2], match[3] or "")
    return found


class probe_test(safety_case):
    def probe(self, server, scenario, *more):
        return self.run_binary("validate", "-f", scenario, "--probe", "--bucket", self.bucket,
                               *server.target(), *more, env=server.credentials, timeout=120)

    def test_each_operation_is_done_once_and_nothing_of_it_stays(self):
        with harness.endpoint() as server, contextlib.closing(server.client()) as client:
            client.create_bucket(Bucket=self.bucket)
            client.put_object(Bucket=self.bucket, Key="e2e/theirs", Body=b"x")
            done = self.probe(server, self.file("s.yaml", every))
            self.assert_code(done, 0)
            found = answers(done)
            self.assertEqual({said for said, _ in found.values()}, {"has it"}, done.out)
            self.assertEqual(set(found), {
                "put", "get", "get range=16 KiB", "list pages=0", "put_tagging",
                "put overwrite=true", "multi_delete", "create_bucket", "put_bucket_tagging",
                "delete_bucket", "delete"})
            self.assertEqual([one["Name"] for one in client.list_buckets()["Buckets"]],
                             [self.bucket])
            self.assertEqual(harness.keys_in(client, self.bucket), ["e2e/theirs"])

    def test_a_kept_data_set_is_left_alone(self):
        server = self.serve()
        done = self.probe(server, self.scenario("[get, list]"), "--set",
                          "groups.0.data.reuse=big")
        self.assert_code(done, 0)
        self.assertFalse([key for _, _, key, _ in server.log if "kept/" in key], server.log)
        self.assertEqual(server.buckets, {})

    def test_what_the_target_lacks_and_what_it_refuses_is_told_apart(self):
        server = self.serve(unserved=("POST bucket delete",), denied=("GET object",))
        done = self.probe(server, self.scenario("[get, put, head, {op: multi_delete, batch: 5}]"))
        self.assert_code(done, harness.errors_or_slo)
        found = answers(done)
        self.assertEqual(found["multi_delete"][0], "unsupported")
        self.assertRegex(found["multi_delete"][1], "501.*NotImplemented")
        self.assertEqual(found["get"][0], "refused")
        self.assertRegex(found["get"][1], "403.*AccessDenied")
        self.assertEqual([found[op][0] for op in ("put", "head", "delete")], ["has it"] * 3)
        self.assertEqual(server.buckets, {})

    def test_what_needs_an_object_that_could_not_be_made_cannot_be_told(self):
        # The mark can be written, and nothing else.
        server = self.serve()

        def before(operation, _, key):
            if operation == "PUT object" and "/runs/" not in key:
                server.lies.denied = ("PUT object",)
            else:
                server.lies.denied = ()
        server.lies.before = before
        done = self.probe(server, self.scenario("[get, put, list]"))
        self.assert_code(done, harness.errors_or_slo)
        found = answers(done)
        self.assertEqual(found["put"][0], "refused")
        self.assertEqual(found["get"][0], "cannot tell")
        self.assertIn("what would have made it failed", found["get"][1])
        self.assertEqual(server.buckets, {})

    def test_what_is_left_is_named_with_status_5(self):
        # Somebody else uses the bucket by the time that it would go.
        server = self.serve()

        def before(operation, *_):
            if operation == "DELETE bucket":
                server.put(self.bucket, "theirs")
        server.lies.before = before
        done = self.probe(server, self.scenario("[get, put]"))
        self.assert_code(done, harness.left_behind)
        self.assertEqual({said for said, _ in answers(done).values()}, {"has it"})
        self.assertRegex(done.err, f"left behind: .*bucket.*{self.bucket}")
        self.assertEqual(server.keys(self.bucket), ["theirs"])

    def test_objects_that_cannot_be_removed_are_named(self):
        server = self.serve(denied=("DELETE object", "POST bucket delete"))
        done = self.probe(server, self.scenario("[get, put]"))
        self.assert_code(done, harness.errors_or_slo)
        self.assertEqual(answers(done)["delete"][0], "refused")
        self.assertRegex(done.err, "left behind: .*object.*chopsticks cleanup")
        self.assertTrue(server.keys(self.bucket))

    def test_an_interrupt_ends_it_and_cleans_up(self):
        with wilful_s3(stall_after=0) as server:
            process = self.start("validate", "-f", self.scenario("[get, put]"), "--probe",
                                 "--endpoint", server.url, "--access-key", "a",
                                 env={"AWS_SECRET_ACCESS_KEY": "s"})
            harness.wait_until("a read that hangs", lambda: server.asked > 0)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=harness.hang_s)
            self.assertEqual(process.returncode, harness.interrupted, out + err)
            self.assertEqual(server.objects, {})
            self.assertEqual(server.buckets, {})

    def test_wrong_keys_are_one_message_and_no_table(self):
        with harness.endpoint() as server:
            done = self.run_binary("validate", "-f", "mixed", "--probe", *server.target(),
                                   env={"AWS_SECRET_ACCESS_KEY": "wrong"})
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "secret")
            self.assertEqual(answers(done), {})

    def test_images_are_not_asked(self):
        done = self.run_binary("validate", "-f", "rbd_mixed_70_30", "--probe", "--set",
                               "workload.rbd.driver=dummy")
        self.assert_code(done, 0)
        self.assertEqual({said for said, _ in answers(done).values()}, {"cannot tell"}, done.out)
        self.assertIn("not asked", done.out)

    def test_a_driver_that_sends_nothing_cannot_tell(self):
        done = self.run_binary("validate", "-f", "mixed", "--probe", "--set",
                               "workload.driver=dummy")
        self.assertEqual({said for said, _ in answers(done).values()}, {"cannot tell"}, done.out)


if __name__ == "__main__":
    harness.main()
