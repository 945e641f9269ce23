#!/usr/bin/env python3
"""Against a real RGW: counts agree with Ceph's own; an outage is reported as what it was.

Environment: CHOPSTICKS_LONG=1 runs the mixed load for 60 s instead of 20 s.
STORE=memstore|bluestore (memstore) is the OSD's.
"""

import contextlib
import csv
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
import rgw_scenarios

ran = (harness.ran, harness.generator_was_limit)  # a busy machine makes runs invalid
outage_classes = {"connect_failed", "connection_lost", "timeout"}


class ceph_case(harness.case):
    @classmethod
    def setUpClass(cls):
        cls.cluster = tempfile.mkdtemp(prefix="ceph-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.cluster, ignore_errors=True)
        cls.addClassCleanup(cls.ceph, "down")
        cls.ceph("up")
        lines = pathlib.Path(cls.cluster, "env").read_text().splitlines()
        cls.env = dict(line.split("=", 1) for line in lines)

    @classmethod
    def ceph(cls, command):
        harness.ceph_script(command, cls.cluster)

    def setUp(self):
        super().setUp()
        self.client = harness.s3_client(self.env["S3_ENDPOINT"], self.env["S3_ACCESS_KEY"],
                                        self.env["S3_SECRET_KEY"])
        self.addCleanup(self.client.close)
        self.output = self.dir / "r.json"
        self.stream = self.dir / "r.jsonl"

    def scenario(self, measure, cleanup):
        return self.file("s.yaml", rgw_scenarios.mixed % (measure, str(cleanup).lower()))

    def arguments(self, scenario, bucket):
        return ["run", "-f", scenario, "--output", self.output, "--bucket", bucket,
                "--endpoint", self.env["S3_ENDPOINT"], "--access-key", self.env["S3_ACCESS_KEY"]]

    def credentials(self):
        return {"AWS_SECRET_ACCESS_KEY": self.env["S3_SECRET_KEY"]}

    def objects_by_ceph(self, bucket):
        """RGW's own count, from the bucket's index."""
        said = subprocess.run(["radosgw-admin", "bucket", "stats", f"--bucket={bucket}"],
                              env={**os.environ, "CEPH_CONF": self.env["CEPH_CONF"]},
                              capture_output=True, text=True, timeout=60, check=True).stdout
        return json.loads(said)["usage"].get("rgw.main", {}).get("num_objects", 0)

    def check_consistent(self, result):
        load = result["load"]
        self.assertEqual(load["completed"] + load["cancelled"], load["issued"])
        ok, failed, _ = harness.all_operations(result)
        self.assertEqual(ok + failed, load["completed"])
        self.assertEqual(harness.schema_errors(result), [])


class mixed_test(ceph_case):
    def rgw_counter(self, name):
        """A counter of the running radosgw, by its admin socket."""
        socket = next(pathlib.Path(self.cluster, "run").glob("client.rgw.*.asok"))
        said = subprocess.run(["ceph", "--admin-daemon", socket, "perf", "dump", "rgw"],
                              capture_output=True, text=True, timeout=60, check=True).stdout
        return json.loads(said)["rgw"][name]

    def test_master_merged_result_and_store_have_the_same_counts(self):
        port = harness.free_port()
        config = self.file("s3.yaml", f"endpoint: {self.env['S3_ENDPOINT']}\nbucket: of-many\n"
                           f"access_key: {self.env['S3_ACCESS_KEY']}\n")
        results = self.dir / "results"
        results.mkdir()
        gets = self.rgw_counter("get")
        leader = self.start(
            "leader", "-f", self.file("shared.yaml", rgw_scenarios.shared),
            "--workload-config", config, "--expect-workers", 3, "--master-bind-port", port,
            "--output", results, "--locust", os.environ.get("LOCUST", "/usr/bin/locust"),
            "--csv", self.dir / "locust")
        workers = []
        for number in range(3):
            own = self.dir / f"worker-{number}"
            own.mkdir()
            workers.append(self.start("worker", "--master-port", port, "--cores", 1, "--output",
                                      own, "--idle", "sleep", env=self.credentials()))
        said = [process.communicate(timeout=harness.hang_s) for process in (leader, *workers)]
        # What stays was asked for.
        self.assertIn(leader.returncode, ran, said)
        (page,) = results.glob("chopsticks-*/report.html")
        merged = harness.read_result(page.parent / "result.json")
        self.assertEqual(harness.schema_errors(merged), [])
        self.assertEqual(len(merged["parts"]), 3)
        with open(self.dir / "locust_stats.csv", encoding="utf-8") as file:
            rows = {f"{row['Type']}/{row['Name']}": int(row["Request Count"])
                    for row in csv.DictReader(file)}
        figures = merged["operations"]
        self.assertEqual(merged["total"]["failed"], 0, merged["total"])
        self.assertEqual({name: rows[name] for name in figures},
                         {name: one["ok"] for name, one in figures.items()})
        self.assertEqual(rows["/Aggregated"], 900)
        self.assertEqual(self.rgw_counter("get") - gets, figures["g/get"]["ok"])
        objects = harness.objects_of_runs(self.client, "of-many", "chopsticks/")
        self.assertEqual(len(objects), merged["data"]["alive_before_cleanup"])
        self.assertEqual(len(objects), 60 + figures["g/put"]["ok"] - figures["g/delete"]["ok"])

    def test_mixed_run_is_valid_and_all_counts_agree_with_rgw(self):
        duration = "60s" if os.environ.get("CHOPSTICKS_LONG") else "20s"
        done = self.run_binary(*self.arguments(self.scenario(duration, False), "counted"),
                               env=self.credentials(), timeout=180)
        self.assert_code(done, harness.ran)
        result = harness.read_result(self.output)
        self.assertTrue(result["validity"]["valid"], result["validity"])
        self.assertEqual(harness.all_operations(result)[1], 0, done.said)
        self.check_consistent(result)
        for op in ("get", "put", "delete", "head", "list"):
            self.assertGreater(result["operations"][f"s3/{op}"]["ok"], 0, op)
        alive = result["data"]["alive_before_cleanup"]
        self.assertGreater(alive, 0)
        self.assertEqual(self.objects_by_ceph("counted"), alive + 1)  # and the run's mark
        self.assertEqual(len(harness.objects_of_runs(self.client, "counted", "mixed/")), alive)

    def test_cleanup_empties_the_prefix_and_leaves_what_others_made(self):
        self.client.create_bucket(Bucket="shared")
        foreign = {"mixed/not-ours": b"x" * 1000, "mixed": b"y", "other/z": b"z"}
        for key, body in foreign.items():
            self.client.put_object(Bucket="shared", Key=key, Body=body)
        done = self.run_binary(*self.arguments(self.scenario("3s", True), "shared"),
                               env=self.credentials(), timeout=120)
        self.assert_code(done, harness.ran)
        self.assertEqual(sorted(harness.keys_in(self.client, "shared")), sorted(foreign))
        for key, body in foreign.items():
            self.assertEqual(self.client.get_object(Bucket="shared", Key=key)["Body"].read(), body)
        self.assertEqual(harness.read_result(self.output)["data"]["left_behind"], 0)

    def test_bucket_that_the_run_made_is_gone_afterwards(self):
        done = self.run_binary(*self.arguments(self.scenario("2s", True), "made-by-the-run"),
                               env=self.credentials(), timeout=120)
        self.assert_code(done, harness.ran)
        names = [bucket["Name"] for bucket in self.client.list_buckets()["Buckets"]]
        self.assertNotIn("made-by-the-run", names)

    def test_two_users_each_have_their_buckets_and_need_no_grant(self):
        subprocess.run(["radosgw-admin", "-c", self.env["CEPH_CONF"], "user", "create", "--uid=two",
                        "--display-name=two", "--access-key=AKTWO", "--secret-key=SKTWO"],
                       check=True, capture_output=True, timeout=120)
        users = [(self.env["S3_ACCESS_KEY"], self.env["S3_SECRET_KEY"]), ("AKTWO", "SKTWO")]
        config = self.file("users.yaml", json.dumps({
            "endpoint": self.env["S3_ENDPOINT"], "bucket": "spread", "buckets": 4,
            "credentials": [{"access_key": a, "secret_key": s} for a, s in users]}))
        config.chmod(0o600)
        done = self.run_binary("run", "-f", self.scenario("3s", True), "--workload-config", config,
                               "--output", self.output, timeout=300)
        self.assert_code(done, *ran)
        result = harness.read_result(self.output)
        self.assertEqual(result["total"]["failed"], 0, done.said)
        self.assertEqual(result["data"]["left_behind"], 0, done.said)
        for access, secret in users:
            with contextlib.closing(harness.s3_client(self.env["S3_ENDPOINT"], access,
                                                      secret)) as client:
                names = [one["Name"] for one in client.list_buckets()["Buckets"]]
            self.assertFalse([name for name in names if name.startswith("spread")], names)

    def test_a_probe_is_answered_and_leaves_nothing(self):
        done = self.run_binary("validate", "-f", "lakehouse", "--probe", "--endpoint",
                               self.env["S3_ENDPOINT"], "--access-key", self.env["S3_ACCESS_KEY"],
                               "--bucket", "probed", env=self.credentials(), timeout=300)
        self.assert_code(done, harness.ran)
        self.assertRegex(done.out, r"log/put conditional=true +has it")
        names = [one["Name"] for one in self.client.list_buckets()["Buckets"]]
        self.assertNotIn("probed", names)

    def test_objects_in_parts_are_whole_and_no_upload_stays(self):
        file = self.file("s.yaml", rgw_scenarios.multipart)
        done = self.run_binary(*self.arguments(file, "parts"), env=self.credentials(),
                               timeout=180)
        self.assert_code(done, *ran)
        result = harness.read_result(self.output)
        operations = result["operations"]
        puts = operations["s3/multipart_put"]
        self.assertGreater(puts["ok"], 3)
        self.assertEqual(result["total"]["failed"], 0, done.said)
        self.assertEqual(operations["s3/multipart_put.upload_part"]["ok"], 3 * puts["ok"])
        alive = result["data"]["alive_before_cleanup"]
        listed = [one for page in self.client.get_paginator("list_objects_v2").paginate(
            Bucket="parts", Prefix="parts/") for one in page.get("Contents", [])
            if "/runs/" not in one["Key"]]
        self.assertEqual(len(listed), alive)
        self.assertEqual({one["Size"] for one in listed}, {12 << 20})
        in_parts = [one for one in listed if one["ETag"].strip('"').endswith("-3")]
        self.assertEqual(len(in_parts), puts["ok"])
        self.assertEqual(self.client.list_multipart_uploads(Bucket="parts").get("Uploads", []), [])

    def test_operations_are_done_and_other_clients_see_what_they_did(self):
        file = self.file("s.yaml", rgw_scenarios.operations)
        done = self.run_binary(*self.arguments(file, "rows"), env=self.credentials(), timeout=240)
        self.assert_code(done, *ran)
        result = harness.read_result(self.output)
        self.assertEqual(result["total"]["failed"], 0, done.said)
        for name, one in result["operations"].items():
            self.assertGreater(one["ok"], 0, name)
        self.check_consistent(result)
        keys = harness.objects_of_runs(self.client, "rows", "rows/")
        self.assertEqual(len(keys), result["data"]["alive_before_cleanup"])
        tagged = public = 0
        metadata = set()
        for key in keys:
            number = int(key.rsplit("/", 1)[1], 16)
            one = {"Bucket": "rows", "Key": key}
            tags = self.client.get_object_tagging(**one)["TagSet"]
            self.assertEqual({tag["Key"]: tag["Value"] for tag in tags},
                             {f"t{i}": f"{number}-{i}" for i in range(len(tags))})
            tagged += len(tags) > 0
            public += any(grant["Grantee"].get("URI", "").endswith("/AllUsers")
                          for grant in self.client.get_object_acl(**one)["Grants"])
            metadata.add(len(self.client.head_object(**one)["Metadata"].get("chopsticks", "")))
        self.assertGreater(tagged, 0)
        self.assertGreater(public, 0)
        self.assertTrue(metadata <= {0, 9, 40}, metadata)
        self.assertIn(40, metadata)

    def test_what_is_encrypted_with_the_customers_key_is_read_with_it_alone(self):
        operations = ["put", "form_put", "get", "head", "get_unmodified", "head_unmodified",
                      "get_unmatched", "get_part", "presigned_get"]
        scenario = rgw_scenarios.named.replace("measure: 60s", "measure: 60s, cleanup: false")
        file = self.file("s.yaml", scenario % (
            "[" + ", ".join(f"{{op: {op}, encryption: customer}}" for op in operations) + "]"))
        done = self.run_binary(*self.arguments(file, "with-keys"), "--set",
                               "workload.plain_customer_keys=true", env=self.credentials(),
                               timeout=180)
        self.assert_code(done, *ran)
        result = harness.read_result(self.output)
        self.assertEqual(result["total"]["failed"], 0, done.said)
        for op in operations:
            self.assertGreater(result["operations"][f"s3/{op}"]["ok"], 0, op)
        keys = harness.objects_of_runs(self.client, "with-keys", "chopsticks/")
        self.assertEqual(len(keys), result["data"]["alive_before_cleanup"])
        for key in keys:
            with self.assertRaises(self.client.exceptions.ClientError):
                self.client.get_object(Bucket="with-keys", Key=key)

    def test_wrong_secret_is_refused_with_one_message(self):
        done = self.run_binary(*self.arguments(self.scenario("2s", True), "counted"),
                               env={"AWS_SECRET_ACCESS_KEY": "wrong"}, timeout=60)
        self.assert_code(done, harness.errors_or_slo, harness.bad_usage)
        self.assert_one_clear_message(done, "(?i)secret|SignatureDoesNotMatch|403")


class versions_test(ceph_case):
    def versions(self, bucket, prefix=""):
        """(key, version id, is a marker) of everything there is, by boto3."""
        found = []
        for page in self.client.get_paginator("list_object_versions").paginate(Bucket=bucket,
                                                                             Prefix=prefix):
            found += [(one["Key"], one["VersionId"], False) for one in page.get("Versions", [])]
            found += [(one["Key"], one["VersionId"], True)
                      for one in page.get("DeleteMarkers", [])]
        return found

    def run_in(self, bucket, cleanup=True):
        return self.run_binary(*self.arguments(self.scenario("2s", cleanup), bucket),
                               env=self.credentials(), timeout=180)

    def cleanup(self, *arguments):
        return self.run_binary("cleanup", *arguments, env=self.credentials(), timeout=180)

    def test_versioned_bucket_keeps_nothing_of_the_run(self):
        self.client.create_bucket(Bucket="versioned")
        self.client.put_bucket_versioning(Bucket="versioned",
                                          VersioningConfiguration={"Status": "Enabled"})
        self.client.put_object(Bucket="versioned", Key="theirs", Body=b"1")
        self.client.delete_object(Bucket="versioned", Key="theirs")
        theirs = self.versions("versioned")
        done = self.run_in("versioned")
        self.assert_code(done, *ran)
        self.assertEqual(sorted(self.versions("versioned")), sorted(theirs))
        self.assertEqual(harness.read_result(self.output)["data"]["left_behind"], 0)

    def test_versions_locks_and_appends_are_done_and_removed_again(self):
        for setting, tasks in (
                ("versioning", "[{op: put, weight: 2}, {op: put, overwrite: true, weight: 3}, "
                               "get_version, head_version, delete_all_versions, get_part, "
                               "multipart_copy, multipart_abort, multipart_leave, list_uploads, "
                               "get]"),
                ("object_lock", "[{op: put, weight: 2}, {op: put_retention, retain: 86400}, "
                                "get_retention, put_legal_hold, get_legal_hold, get, delete]"),
                ("create_bucket", "[{op: append_put, piece: 5000}, get, delete]")):
            with self.subTest(setting):
                file = self.file("s.yaml", rgw_scenarios.named % tasks)
                done = self.run_binary(*self.arguments(file, "made-" + setting.replace("_", "-")),
                                       "--set", f"workload.{setting}=true",
                                       env=self.credentials(), timeout=180)
                self.assert_code(done, *ran)
                result = harness.read_result(self.output)
                self.assertEqual(result["total"]["failed"], 0, done.said)
                self.assertEqual(result["data"]["left_behind"], 0, done.said)
        self.assertFalse([one["Name"] for one in self.client.list_buckets()["Buckets"]
                          if one["Name"].startswith("made-")])

    def test_what_object_lock_keeps_is_told_before_and_counted_after(self):
        self.client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
        self.client.put_object_lock_configuration(
            Bucket="locked", ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}})
        done = self.run_in("locked")
        self.assert_code(done, harness.left_behind, harness.generator_was_limit)
        self.assertIn("locks every new object (GOVERNANCE, 1 day)", " ".join(done.said.split()))
        result = harness.read_result(self.output)
        there = self.versions("locked")
        objects = [one for one in there if "/runs/" not in one[0]]
        self.assertTrue(objects)
        self.assertEqual([one for one in objects if one[2]], [])  # markers can go, and went
        # All that the store has, the two versions of the mark among them: written, and ended.
        self.assertEqual(result["data"]["left_behind"], len(there), done.said)
        self.assertEqual(len(there) - len(objects), 2)

    def test_cleanup_removes_what_a_run_left_with_its_versions_and_its_bucket(self):
        self.client.create_bucket(Bucket="shared-0")
        done = self.run_in("left", cleanup=False)
        self.assert_code(done, *ran)
        self.client.put_bucket_versioning(Bucket="left",
                                          VersioningConfiguration={"Status": "Enabled"})
        run = harness.read_result(self.output)["run"]["id"]
        objects = harness.objects_of_runs(self.client, "left", "mixed/")
        self.client.put_object(Bucket="left", Key=objects[0], Body=b"")
        self.client.delete_object(Bucket="left", Key=objects[1])
        alive = self.cleanup("--result", self.output, "--yes")
        self.assert_code(alive, harness.left_behind)
        self.assertIn("alive", alive.out)
        mark = f"mixed/runs/{run}/s3.json"
        body = self.client.get_object(Bucket="left", Key=mark)["Body"].read()
        self.client.put_object(Bucket="left", Key=mark,
                               Body=body.replace(b'"running"', b'"ended"'))
        listed = self.cleanup("--result", self.output)
        self.assert_code(listed, harness.left_behind)
        self.assertIn("2 older versions, 1 delete marker", " ".join(listed.out.split()))
        self.assert_code(self.cleanup("--result", self.output, "--yes"), harness.ran)
        names = [one["Name"] for one in self.client.list_buckets()["Buckets"]]
        self.assertNotIn("left", names)
        self.assertIn("shared-0", names)


class outage_test(ceph_case):
    def test_killed_and_restarted_rgw_costs_exactly_the_operations_of_that_time(self):
        process = self.start(*self.arguments(self.scenario("20s", True), "outage"),
                             "--set", "limits.outage=2%", env=self.credentials())
        harness.wait_until("five measured seconds", lambda: self.measured_intervals() >= 5)
        down_at = time.time()
        self.ceph("kill-rgw")
        time.sleep(4)
        self.ceph("start-rgw")
        up_at = time.time()
        out, err = process.communicate(timeout=120)
        said = harness.decode(out) + harness.decode(err)
        self.assertEqual(process.returncode, harness.errors_or_slo, said)

        result = harness.read_result(self.output)
        self.check_consistent(result)
        self.assertFalse(result["run"]["interrupted"])
        self.assertAlmostEqual(result["run"]["duration_s"], 20, delta=1)
        classes = {error["class"] for one in result["operations"].values()
                   for error in one["errors"]}
        self.assertTrue(classes)
        self.assertLessEqual(classes, outage_classes, said)

        begun = result["run"]["started_ns"] / 1e9 + next(
            phase["started_s"] for phase in result["run"]["phases"]
            if phase["name"] in ("ramp", "warmup", "measure"))
        down, up = down_at - begun, up_at - begun
        during = 0
        for interval in result["intervals"]:
            ok, failed, _ = harness.all_operations(interval)
            start, end = interval["t_s"], interval["t_s"] + interval["duration_s"]
            # A connection that is refused just before the port opens ends a little later.
            if end < down - 0.1 or start > up + 1.0:
                self.assertEqual(failed, 0, f"{start:.1f}..{end:.1f}, outage {down:.1f}..{up:.1f}")
                if interval["phase"] == "measure":
                    self.assertGreater(ok, 0, f"nothing done {start:.1f}..{end:.1f}")
            elif start > down + 0.2 and end < up - 0.2:
                self.assertEqual(ok, 0, f"{start:.1f}..{end:.1f}, outage {down:.1f}..{up:.1f}")
                during += failed
        self.assertGreater(during, 0)
        self.assertEqual(harness.keys_in(self.client, "outage", "mixed/")
                         if "outage" in self.bucket_names() else [], [])

    def bucket_names(self):
        return [bucket["Name"] for bucket in self.client.list_buckets()["Buckets"]]

    def measured_intervals(self):
        if not self.stream.exists():
            return 0
        return sum(one["phase"] == "measure" for one in harness.read_stream(self.stream)[1])


if __name__ == "__main__":
    harness.main()
