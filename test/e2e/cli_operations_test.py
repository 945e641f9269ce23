#!/usr/bin/env python3
"""S3 operations beyond the usual ones, against the embedded endpoint: what it serves is done
without a failure beside verified reads, its own counts agree, other clients see what was done."""

import base64
import contextlib
import hmac
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

left_behind = 5
ran = (harness.ran, harness.generator_was_limit)
scenario = """
name: operations
groups:
  - workload: s3
    data: {{objects: 60, size: {{uniform: [1KiB, 32KiB]}}, verify: true}}
    tasks: {tasks}
    load: {{closed: {{users: 4}}}}
phases: {{warmup: 0s, measure: 60s, cleanup: {cleanup}}}
stop: {{operations: {operations}}}
limits: {{held_up: 100%, held_up_longest: 1h, outage: 100%}}
seed: 5
"""

reading = ["{op: get, conditional: true}", "{op: head, conditional: true}", "get_unmodified",
           "head_unmodified", "get_unmatched", "{op: presigned_get, range: 1KiB}",
           "{op: list, delimiter: true, pages: 0, max_keys: 20}",
           "{op: list, start_after: true, fetch_owner: true, max_keys: 10, pages: 3}",
           "{op: list_v1, pages: 0, max_keys: 17}",
           "{op: list_v1, delimiter: true, pages: 0, max_keys: 20}",
           "{op: list_v1, start_after: true}", "{op: list_versions, pages: 0, max_keys: 19}",
           "{op: list_versions, delimiter: true, pages: 0, max_keys: 20}", "get_acl",
           "get_attributes", "get_tagging", "list_buckets", "head_bucket",
           *(f"get_bucket_{what}" for what in (
               "acl", "cors", "encryption", "lifecycle", "location", "logging", "notification",
               "object_lock", "ownership_controls", "policy", "public_access_block",
               "request_payment", "tagging", "versioning", "website"))]
changing = ["{op: put, metadata: 40, weight: 12}", "{op: put, conditional: true, weight: 12}",
            "{op: put, overwrite: true, conditional: true, weight: 5}",
            "{op: presigned_put, weight: 5}", "{op: copy, metadata: 9, weight: 3}",
            "{op: form_put, metadata: 40, storage_class: STANDARD_IA, weight: 5}",
            "{op: form_put, overwrite: true, weight: 2}", "{op: rename_put, weight: 3}",
            "{op: rename_put, overwrite: true}",
            "{op: delete, conditional: true, weight: 2}", "put_existing", "delete_unmatched",
            "{op: put, tags: 3, acl: private, storage_class: STANDARD_IA, weight: 5}",
            "put_tagging", "delete_tagging", "put_acl", "{op: multi_delete, batch: 12}",
            "{steps: [put, copy, get, get_tagging, delete]}",
            "{steps: [create_bucket, put_bucket_acl, put_bucket_tagging, delete_bucket_tagging, "
            "put_bucket_versioning, suspend_bucket_versioning, put_bucket_public_access_block, "
            "put_bucket_ownership_controls, put_bucket_encryption, put_bucket_policy, "
            "put_bucket_cors, delete_bucket_lifecycle, delete_bucket_policy, "
            "delete_bucket_encryption, delete_bucket_cors, delete_bucket]}"]
# On a bucket that keeps versions; sizes are those of one part.
of_versions = ["{op: put, weight: 2}", "{op: put, overwrite: true, weight: 4}", "get",
               "{op: get_version, weight: 3}", "{op: get_version, range: 512}", "head_version",
               "{steps: [put, copy, get_version, head_version, delete_version, get, "
               "delete_all_versions]}", "delete", "delete_all_versions", "copy_unmatched",
               "get_part", "list_uploads", "multipart_copy", "multipart_put_existing",
               "multipart_abort", "multipart_leave", "list_versions"]
# At most 7 pieces each.
of_appends = ["{op: append_put, dialect: s3, piece: 5000, weight: 3}",
              "{op: append_put, dialect: rgw, piece: 5000}", "get", "{op: get, range: 1KiB}",
              "head", "delete"]
# What the service encrypts is read as all else is; a key of the run goes along in steps.
of_encryption = ["{op: put, encryption: AES256, weight: 3}",
                 "{op: put, overwrite: true, encryption: kms, kms_key: key/1, weight: 2}",
                 "{op: copy, encryption: AES256}", "{op: form_put, encryption: AES256}",
                 "{op: multipart_put, encryption: kms, kms_key: key/1}", "get", "head", "delete"]
of_customer_keys = ["{steps: [{op: put, encryption: customer}, {op: get, encryption: customer}, "
                    "{op: head, encryption: customer}, {op: copy, encryption: customer}, "
                    "{op: get, encryption: customer}]}",
                    "{steps: [{op: multipart_put, encryption: customer}, "
                    "{op: get, encryption: customer}, delete]}"]
# Reads of objects that prepare wrote, too.
with_keys = ["{op: get, encryption: customer, conditional: true}",
             "{op: get, encryption: customer, range: 1KiB}", "{op: head, encryption: customer}",
             "{op: presigned_get, encryption: customer, weight: 2}",
             "{op: get_version, encryption: customer}", "{op: head_version, encryption: customer}",
             "{op: get_part, encryption: customer}", "{op: get_unmatched, encryption: customer}",
             "{op: get_attributes, encryption: customer}", "{op: form_put, encryption: customer}",
             "{op: put, encryption: customer}", "{op: presigned_put, encryption: customer}",
             "{op: presigned_put, encryption: customer, overwrite: true}"]
of_locks = ["{op: put, weight: 3}", "{op: put, overwrite: true, weight: 2}", "get", "delete",
            "{op: put_retention, retain: 86400, weight: 3}", "get_retention", "put_legal_hold",
            "{op: put_legal_hold, hold: false}", "get_legal_hold",
            "{steps: [{op: create_bucket, object_lock: true}, put_bucket_object_lock, "
            "delete_bucket]}"]
not_here = ["lifecycle"]


class operations_test(harness.case):
    def run_on(self, server, tasks, operations, cleanup=True, *more):
        file = self.file("s.yaml", scenario.format(
            tasks="[" + ", ".join(tasks) + "]", operations=operations,
            cleanup=str(cleanup).lower()))
        done = self.run_binary("run", "-f", file, *server.target(), "--bucket", "rows",
                               "--set", "workload.create_bucket=true", "--quiet", *more,
                               "--output", self.dir / "r.json", env=server.credentials,
                               timeout=150)
        self.assert_code(done, *ran)
        result = harness.read_result(self.dir / "r.json")
        self.assertEqual(harness.schema_errors(result), [])
        self.assertEqual(result["total"]["failed"], 0, done.said)
        for name, one in result["operations"].items():
            if not name.endswith(".abort_upload"):  # of an upload that fails
                self.assertGreater(one["ok"], 0, name)
        return result

    def test_what_is_read_is_what_was_written_whatever_else_goes_on(self):
        with harness.endpoint() as server:
            result = self.run_on(server, reading + changing, operations=3000)
            self.assertEqual(result["data"]["left_behind"], 0)
            with contextlib.closing(server.client()) as client:
                names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
                self.assertNotIn("rows", names)

    def test_objects_are_those_that_another_client_sees(self):
        with harness.endpoint() as server:
            result = self.run_on(server, changing + ["get_unmodified"], 1500, cleanup=False)
            seen = server.counters()["by_operation"]
            operations = result["operations"]
            self.assertEqual(seen["delete_objects"], operations["s3/multi_delete"]["ok"])
            self.assertEqual(seen["copy"], operations["s3/copy"]["ok"])
            with contextlib.closing(server.client()) as client:
                keys = harness.objects_of_runs(client, "rows", "chopsticks/")
                self.assertEqual(len(keys), result["data"]["alive_before_cleanup"])
                sizes = {len(client.head_object(Bucket="rows", Key=key)["Metadata"]
                             .get("chopsticks", "")) for key in keys}
                self.assertTrue(sizes <= {0, 9, 40}, sizes)
                self.assertIn(40, sizes)

    def test_versions_are_named_and_nothing_of_them_stays(self):
        with harness.endpoint() as server:
            result = self.run_on(server, of_versions, 1500, True,
                                 "--set", "workload.versioning=true")
            self.assertEqual(result["data"]["left_behind"], 0)
            operations = result["operations"]
            whole = operations["s3/delete_all_versions"]["ok"]
            for part in ("make_marker", "remove_marker"):
                self.assertEqual(operations[f"s3/delete_all_versions.{part}"]["ok"], whole)
            left = operations["s3/multipart_leave"]["ok"]
            self.assertEqual(operations["s3/multipart_leave.upload_part"]["ok"], left)
            with contextlib.closing(server.client()) as client:
                self.assertEqual(client.list_buckets()["Buckets"], [])

    def test_uploads_and_versions_that_are_left_are_counted_and_listed(self):
        with harness.endpoint() as server:
            result = self.run_on(server, ["put", "multipart_leave",
                                          "{op: put, overwrite: true, weight: 3}"], 300, False,
                                 "--set", "workload.versioning=true")
            kinds = {one["kind"]: one["count"] for one in result["data"]["left"]}
            self.assertEqual(kinds["unfinished upload"],
                             result["operations"]["s3/multipart_leave"]["ok"])
            self.assertGreater(kinds["older version"], 0)
            done = self.run_binary("cleanup", "--result", self.dir / "r.json",
                                   env=server.credentials)
            self.assertIn(f"{kinds['unfinished upload']} unfinished uploads", done.out)

    def test_named_versions_need_a_bucket_that_keeps_them(self):
        with harness.endpoint() as server:
            with contextlib.closing(server.client()) as client:
                client.create_bucket(Bucket="rows")
                file = self.file("s.yaml", scenario.format(
                    tasks="[put, get_version]", operations=10, cleanup="true"))
                done = self.run_binary("run", "-f", file, *server.target(), "--bucket", "rows",
                                       "--set", "workload.versioning=true", "--quiet",
                                       env=server.credentials)
                self.assert_one_clear_message(done, "keeps no versions", "versioning: true")
                # It is left as it was.
                self.assertNotIn("Status", client.get_bucket_versioning(Bucket="rows"))
                self.assertEqual(client.list_objects_v2(Bucket="rows")["KeyCount"], 0)

    def test_what_the_run_locked_it_removes_again(self):
        with harness.endpoint() as server:
            result = self.run_on(server, of_locks, 800, True, "--set", "workload.object_lock=true")
            self.assertEqual(result["data"]["left_behind"], 0)
            with contextlib.closing(server.client()) as client:
                self.assertEqual(client.list_buckets()["Buckets"], [])

    def test_what_compliance_keeps_is_named(self):
        with harness.endpoint() as server:
            file = self.file("s.yaml", scenario.format(
                tasks="[put, {op: put_retention, mode: compliance, retain: 86400}]",
                operations=100, cleanup="true"))
            done = self.run_binary("run", "-f", file, *server.target(), "--bucket", "rows",
                                   "--set", "workload.object_lock=true", "--output",
                                   self.dir / "r.json", env=server.credentials, timeout=150)
            # Where other programs held up the generator, the status says that first.
            self.assert_code(done, left_behind, harness.generator_was_limit)
            self.assertIn("nobody can remove", done.said)
            result = harness.read_result(self.dir / "r.json")
            self.assertEqual(result["run"]["verdicts"]["left_behind"], "something")
            left = {one["kind"]: one["count"] for one in result["data"]["left"]}
            with contextlib.closing(server.client()) as client:
                there = [v for v in client.list_object_versions(Bucket="rows")["Versions"]
                         if "/runs/" not in v["Key"]]
                self.assertEqual(left.get("object", 0) + left.get("older version", 0), len(there))
                self.assertGreater(len(there), 0)
                for one in there:
                    kept = client.get_object_retention(Bucket="rows", Key=one["Key"],
                                                       VersionId=one["VersionId"])["Retention"]
                    self.assertEqual(kept["Mode"], "COMPLIANCE")

    def test_a_key_to_encrypt_with_goes_over_tls_alone(self):
        tasks = "[{op: put, encryption: customer}, {op: get, encryption: customer}]"
        file = self.file("s.yaml", scenario.format(tasks=tasks, operations=10, cleanup="true"))
        plain = ("validate", "-f", file, "--set", "workload.endpoint=http://s3.example:80")
        self.assert_one_clear_message(self.run_binary(*plain), "encryption: customer",
                                      "plain_customer_keys: true")
        for allowed in ("workload.plain_customer_keys=true",
                        "workload.endpoint=https://s3.example"):
            self.assert_code(self.run_binary(*plain, "--set", allowed), harness.ran)

    def test_what_is_encrypted_with_a_key_of_the_run_is_given_to_nobody_without(self):
        with harness.endpoint() as server:
            self.run_on(server, of_customer_keys, 400, False,
                        "--set", "workload.plain_customer_keys=true")
            key = hmac.digest(server.credentials["AWS_SECRET_ACCESS_KEY"].encode(),
                              b"chopsticks customer key 1", "sha256")
            self.assertNotIn(base64.b64encode(key).decode(), (self.dir / "r.json").read_text())
            with_key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}
            locked = 0
            with contextlib.closing(server.client()) as client:
                for name in harness.objects_of_runs(client, "rows", "chopsticks/"):
                    try:
                        client.head_object(Bucket="rows", Key=name)
                        continue  # one of those that were there at first
                    except client.exceptions.ClientError as refused:
                        self.assertEqual(
                            refused.response["ResponseMetadata"]["HTTPStatusCode"], 400)
                    seen = client.get_object(Bucket="rows", Key=name, **with_key)
                    self.assertEqual(seen["SSECustomerAlgorithm"], "AES256")
                    self.assertEqual(len(seen["Body"].read()), seen["ContentLength"])
                    locked += 1
            self.assertGreater(locked, 0)

    def test_initial_objects_are_written_with_the_key_that_reads_send(self):
        with harness.endpoint() as server:
            result = self.run_on(server, with_keys, 600, False,
                                 "--set", "workload.plain_customer_keys=true",
                                 "--set", "workload.versioning=true")
            key = hmac.digest(server.credentials["AWS_SECRET_ACCESS_KEY"].encode(),
                              b"chopsticks customer key 1", "sha256")
            with_key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}
            with contextlib.closing(server.client()) as client:
                names = harness.objects_of_runs(client, "rows", "chopsticks/")
                self.assertEqual(len(names), result["data"]["alive_before_cleanup"])
                self.assertGreater(len(names), 60)  # those of prepare, and of puts
                for name in names:
                    with self.assertRaises(client.exceptions.ClientError):
                        client.head_object(Bucket="rows", Key=name)
                    seen = client.get_object(Bucket="rows", Key=name, **with_key)
                    self.assertEqual(len(seen["Body"].read()), seen["ContentLength"])

    def test_what_a_signed_url_asks_to_encrypt_is_encrypted(self):
        with harness.endpoint() as server:
            self.run_on(server, ["{op: presigned_put, encryption: AES256}", "presigned_get",
                                 "{op: presigned_put, encryption: kms, kms_key: key/1}"],
                        200, False)
            kinds = set()
            with contextlib.closing(server.client()) as client:
                for name in harness.objects_of_runs(client, "rows", "chopsticks/"):
                    seen = client.head_object(Bucket="rows", Key=name)
                    kinds.add((seen.get("ServerSideEncryption"), seen.get("SSEKMSKeyId")))
            self.assertEqual(kinds, {(None, None), ("AES256", None), ("aws:kms", "key/1")})

    def test_what_the_service_encrypts_it_tells_others(self):
        with harness.endpoint() as server:
            self.run_on(server, of_encryption, 800, False)
            kinds = set()
            with contextlib.closing(server.client()) as client:
                for name in harness.objects_of_runs(client, "rows", "chopsticks/"):
                    seen = client.head_object(Bucket="rows", Key=name)
                    kinds.add((seen.get("ServerSideEncryption"), seen.get("SSEKMSKeyId")))
            # The first ones are written without.
            self.assertEqual(kinds - {(None, None)}, {("AES256", None), ("aws:kms", "key/1")})

    def test_what_is_appended_is_there_as_a_whole(self):
        with harness.endpoint() as server:
            result = self.run_on(server, of_appends, 800, False)
            operations = result["operations"]
            whole = operations["s3/append_put"]["ok"]
            self.assertEqual(operations["s3/append_put.append_check"]["ok"], whole)
            self.assertGreater(operations["s3/append_put.append_piece"]["ok"], whole)
            with contextlib.closing(server.client()) as client:
                keys = harness.objects_of_runs(client, "rows", "chopsticks/")
                self.assertEqual(len(keys), result["data"]["alive_before_cleanup"])
                # Several pieces, read by somebody else as one.
                sizes = [len(client.get_object(Bucket="rows", Key=key)["Body"].read())
                         for key in keys]
                self.assertGreater(max(sizes), 5000)
                self.assertLessEqual(max(sizes), 32 << 10)

    def test_what_was_not_renamed_is_removed_by_its_other_name(self):
        # Where versions are kept nothing is renamed here, and all else is done.
        with harness.endpoint() as server:
            file = self.file("s.yaml", scenario.format(
                tasks="[put, rename_put]", operations=40, cleanup="false"))
            self.run_binary("run", "-f", file, *server.target(), "--bucket", "rows", "--quiet",
                            "--set", "workload.versioning=true", "--output", self.dir / "r.json",
                            env=server.credentials, timeout=150)
            operations = harness.read_result(self.dir / "r.json")["operations"]
            self.assertEqual(operations["s3/rename_put"]["ok"], 0)
            self.assertEqual(operations["s3/rename_put.rename_object"]["ok"], 0)
            self.assertGreater(operations["s3/rename_put.put_aside"]["ok"], 0)
            with contextlib.closing(server.client()) as client:
                names = harness.objects_of_runs(client, "rows", "chopsticks/")
                aside = [name for name in names if name.endswith(".aside")]
                self.assertGreater(len(aside), 0)
                self.assertLess(len(aside), len(names))
            # With its cleanup another run leaves none by either name.
            again = self.run_binary("run", "-f", self.file("t.yaml", scenario.format(
                tasks="[put, rename_put]", operations=40, cleanup="true")), *server.target(),
                "--bucket", "others", "--quiet", "--set", "workload.versioning=true", "--output",
                self.dir / "t.json", env=server.credentials, timeout=150)
            self.assertEqual(harness.read_result(self.dir / "t.json")["data"]["left_behind"], 0,
                             again.said)
            with contextlib.closing(server.client()) as client:
                self.assertEqual([one["Name"] for one in client.list_buckets()["Buckets"]],
                                 ["rows"])

    def test_locks_need_a_bucket_that_has_them(self):
        for config in ("workload.versioning=true", "workload.create_bucket=true"):
            with harness.endpoint() as server:
                file = self.file("s.yaml", scenario.format(
                    tasks="[put, put_legal_hold]", operations=10, cleanup="true"))
                done = self.run_binary("run", "-f", file, *server.target(), "--bucket", "rows",
                                       "--set", config, "--quiet", env=server.credentials)
                self.assert_one_clear_message(done, "no object lock", "object_lock: true")
                with contextlib.closing(server.client()) as client:
                    self.assertEqual(client.list_buckets()["Buckets"], [])

    def test_what_the_service_does_not_have_is_said_to_be_so(self):
        steps = ["create_bucket", *(f"put_bucket_{what}" for what in not_here), "delete_bucket"]
        with harness.endpoint() as server:
            for what in not_here:
                file = self.file("s.yaml", scenario.format(
                    tasks=f"[{{steps: [create_bucket, put_bucket_{what}]}}]", operations=20,
                    cleanup="true"))
                done = self.run_binary("run", "-f", file, *server.target(), "--bucket", "rows",
                                       "--quiet", "--output", self.dir / "r.json",
                                       env=server.credentials)
                result = harness.read_result(self.dir / "r.json")
                one = result["operations"][f"s3/put_bucket_{what}"]
                self.assertEqual(one["ok"], 0, steps)
                self.assertGreater(one["failed"], 0, done.said)
                self.assertEqual(one["unsupported"], one["failed"])
                self.assertEqual({error["class"] for error in one["errors"]}, {"unsupported"})
                self.assert_code(done, harness.errors_or_slo)
                self.assertIn(f"s3/put_bucket_{what}: not supported by the target", done.said)
                self.assertIn("the service does not have this", str(result))

    def test_objects_in_an_archive_are_not_served_here(self):
        with harness.endpoint() as server:
            file = self.file("s.yaml", scenario.format(
                tasks="[put, restore]", operations=40,
                cleanup="true"))
            done = self.run_binary("run", "-f", file, *server.target(), "--bucket", "rows",
                                   "--quiet", "--output", self.dir / "r.json",
                                   env=server.credentials)
            result = harness.read_result(self.dir / "r.json")
            self.assertEqual(result["operations"]["s3/restore"]["ok"], 0, done.said)
            self.assertGreater(result["operations"]["s3/restore"]["failed"], 0)
            self.assertEqual(result["operations"]["s3/put"]["failed"], 0)
            self.assertIn("the service does not have this", str(result))
            self.assertEqual(result["data"]["left_behind"], 0)


if __name__ == "__main__":
    harness.main()
