#!/usr/bin/env python3
"""What a run does with an RGW that tells how full the load's buckets are: one that counts as the
run does, ones that lie, refuse and hang. A real one is in ceph_beside_test.py.
"""

import json
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "test/support"))
import harness
from cluster_exporter import bucket, exporter, no_bucket, page

secret = "topsecretofadmin"
name = "chopsticks"
scenario = harness.small_scenario.replace("measure: 2s", "measure: 500ms").replace(
    "- {op: delete, weight: 10}", "")


class buckets_test(harness.case):
    def run_beside(self, answer, cleanup=True, timeout="30s", **keys):
        """`answer`: as the exporter's; its first question is asked before the run."""
        self.admin = exporter(answer)
        self.addCleanup(self.admin.close)
        config = {"cluster": {"operation_timeout": timeout, "rgw_admin": {
            "endpoint": self.admin.url.removesuffix("/metrics"), "access_key": "ADMIN",
            "secret_key": secret, **keys}}}
        output = self.dir / "r.json"
        text = scenario if cleanup else scenario.replace("cleanup: true", "cleanup: false")
        done = self.run_binary("run", "-f", self.file("s.yaml", text), "--embedded",
                               "--workload-config", self.file("w.yaml", json.dumps(config)),
                               "--output", output)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        result = harness.read_result(output)
        self.assertEqual(harness.schema_errors(result), [])
        self.assertGreater(harness.all_operations(result)[0], 0)
        for text in (output.read_text(), output.with_suffix(".jsonl").read_text(), done.out,
                     done.err):
            self.assertNotIn(secret, text)
        return result, done

    def findings(self, result):
        return [one["text"] for one in result["events"] if one["source"] == "finding"]

    def test_store_that_counts_as_the_run_does_is_told_without_a_finding(self):
        result, done = self.run_beside(lambda n: no_bucket() if n == 1 else bucket(name))
        cluster = result["cluster"]
        self.assertEqual(self.findings(result), [])
        self.assertEqual(cluster["buckets"], [{
            "name": name,
            "before": {"exists": False, "owner": None, "objects": 0, "bytes": 0, "uploads": 0},
            "after": {"exists": True, "owner": "bench", "objects": 0, "bytes": 0, "uploads": 0}}])
        self.assertTrue(cluster["bucket_account"]["agrees"])
        self.assertIsNone(cluster["problem"])
        self.assertEqual((cluster["samples"], cluster["questions"]["commands"]), ([], 0))
        self.assertIn("how full the buckets are, by http://127.0.0.1:", done.err)
        for request in self.admin.requests:
            self.assertRegex(request.decode(), r"GET /admin/bucket\?bucket=chopsticks&format=json"
                             r"&stats=true HTTP/1.1\r\n")
            self.assertIn(b"Authorization: AWS4-HMAC-SHA256 Credential=ADMIN/", request)

    def test_objects_that_the_run_does_not_know_of_are_a_finding(self):
        result, done = self.run_beside(
            lambda n: bucket(name, 5) if n == 1 else bucket(name, 12, uploads=2))
        text = ("RGW counts 7 objects more than before the run and 2 unfinished uploads more than "
                "before the run in the load's buckets, and the run says that it left nothing: "
                "7 objects that it does not know of (not removed, of a write that it gave up, or "
                "of somebody else)")
        self.assertEqual(self.findings(result), [text])
        self.assertIn(text, " ".join(done.out.split()))
        self.assertFalse(result["cluster"]["bucket_account"]["agrees"])

    def test_objects_that_the_store_lost_are_a_finding(self):
        result, _ = self.run_beside(lambda n: no_bucket() if n == 1 else bucket(name, 39),
                                    cleanup=False)
        left = {one["kind"]: one["count"] for one in result["data"]["left"]}
        missing = left["object"] + left["run mark"] - 39
        self.assertGreater(missing, 0)
        self.assertRegex(self.findings(result)[0],
                         f"left {left['object']} objects, 1 run mark: {missing} objects? (is|are) "
                         "missing")

    def test_counts_that_lag_behind_for_a_moment_are_none(self):
        result, _ = self.run_beside(lambda n: bucket(name, 3 if n == 2 else 0))
        self.assertEqual(self.findings(result), [])
        self.assertEqual(result["cluster"]["buckets"][0]["after"]["objects"], 0)

    def test_admin_that_lies_refuses_or_hangs_is_not_believed(self):
        refused = page(json.dumps({"Code": "AccessDenied"}), "HTTP/1.1 403 Forbidden\r\n")
        answers = {
            "cannot be": bucket(name, 2 ** 64 - 1),
            "is not about the bucket": bucket("another"),
            "403 AccessDenied; its user needs: radosgw-admin caps add": refused,
            "status 302": page("", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"),
            "no answer in time": None,
        }
        for part, said in answers.items():
            with self.subTest(part):
                result, done = self.run_beside(lambda n, said=said: said,
                                               timeout="30s" if said else "1s")
                cluster = result["cluster"]
                self.assertIn(part, cluster["problem"])
                self.assertIn(part, " ".join(result["run"]["warnings"]))
                # Nobody waits for one that hangs: the run begins when the question's time is over
                # too, whichever of the two is noticed first.
                self.assertTrue(part in done.err or not said and "not answered yet" in done.err,
                                done.err)
                self.assertIsNone(cluster["bucket_account"])
                self.assertIsNone(cluster["buckets"][0]["after"])
                self.assertEqual(self.findings(result), [])

    def test_wrong_config_is_one_message(self):
        right = {"endpoint": "http://127.0.0.1:9", "access_key": "A", "secret_key": secret}
        for keys, more, parts in (
                ({**right, "endpoint": "https://rgw"}, (), ["no such URL", "http://rgw1:7480"]),
                ({"endpoint": right["endpoint"]}, (), ["access_key", "caps buckets=read"]),
                ({**right, "path": "admin"}, (), ["write /admin"]),
                ({**right, "secret_key": "a b"}, (), ["contains a character"]),
                ({key: right[key] for key in ("endpoint", "access_key")}, (),
                 ["no secret key of A", "RGW_ADMIN_SECRET_KEY"]),
                (right, ("--set", f"workload.cluster.rgw_admin.secret_key={secret}"),
                 ["command line"])):
            with self.subTest(keys):
                config = self.file("w.yaml", json.dumps({"cluster": {"rgw_admin": keys}}))
                done = self.run_binary("run", "-f", self.file("s.yaml", scenario), "--embedded",
                                       "--workload-config", config, *more)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, *parts)
                self.assertNotIn(secret, done.err)


if __name__ == "__main__":
    harness.main()
