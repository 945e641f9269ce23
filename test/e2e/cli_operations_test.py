#!/usr/bin/env python3
"""S3 operations beyond the usual ones, against the embedded endpoint: what it serves is done
without a failure beside verified reads, its own counts agree, other clients see what was done."""

import contextlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

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
limits: {{held_up: 100%, held_up_longest: 1h}}
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
            "{op: delete, conditional: true, weight: 2}", "put_existing", "delete_unmatched",
            "{op: put, tags: 3, acl: private, storage_class: STANDARD_IA, weight: 5}",
            "put_tagging", "delete_tagging", "put_acl", "{op: multi_delete, batch: 12}",
            "{steps: [put, copy, get, get_tagging, delete]}",
            "{steps: [create_bucket, put_bucket_acl, put_bucket_tagging, delete_bucket_tagging, "
            "put_bucket_versioning, delete_bucket]}"]


class operations_test(harness.case):
    def run_on(self, server, tasks, operations, cleanup=True):
        file = self.file("s.yaml", scenario.format(
            tasks="[" + ", ".join(tasks) + "]", operations=operations,
            cleanup=str(cleanup).lower()))
        done = self.run_binary("run", "-f", file, *server.target(), "--bucket", "rows",
                               "--set", "workload.create_bucket=true", "--quiet",
                               "--output", self.dir / "r.json", env=server.credentials,
                               timeout=150)
        self.assert_code(done, *ran)
        result = harness.read_result(self.dir / "r.json")
        self.assertEqual(harness.schema_errors(result), [])
        self.assertEqual(result["total"]["failed"], 0, done.said)
        for name, one in result["operations"].items():
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


if __name__ == "__main__":
    harness.main()
