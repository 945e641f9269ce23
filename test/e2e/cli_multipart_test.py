#!/usr/bin/env python3
"""Objects put in parts: what the endpoint and another client say that a run did, and that nothing
of an upload is left, whatever failed."""

import contextlib
import hashlib
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

mebi = 1 << 20
ran = (harness.ran, harness.generator_was_limit)
scenario = """
name: parts
groups:
  - workload: s3
    data: {{objects: 3, size: 12MiB, verify: true}}
    tasks:
      - {{op: multipart_put, part_size: 5MiB, concurrency: 2, weight: 2}}
      - {{op: get, weight: 1}}
    load: {{closed: {{users: 2}}}}
phases: {{warmup: 0s, measure: 60s, drain: 60s, cleanup: {cleanup}}}
stop: {{operations: {operations}}}
limits: {{held_up: 100%, held_up_longest: 1h, outage: 100%}}
seed: 5
"""
requests = ("create_upload", "upload_part", "complete_upload", "abort_upload")


class multipart_test(harness.case):
    def run_on(self, server, cleanup=True, operations=30):
        file = self.file("s.yaml", scenario.format(cleanup=str(cleanup).lower(),
                                                   operations=operations))
        done = self.run_binary("run", "-f", file, *server.target(), "--bucket", "parts",
                               "--set", "workload.create_bucket=true", "--quiet",
                               "--output", self.dir / "r.json", env=server.credentials,
                               timeout=150)
        return done, harness.read_result(self.dir / "r.json")

    def requests_of(self, result):
        """(succeeded, failed) by request of the uploads, as the result has them."""
        out = {}
        for name in requests:
            part = result["operations"][f"s3/multipart_put.{name}"]
            self.assertEqual(part["part_of"], "s3/multipart_put")
            out[name] = (part["ok"], part["failed"])
        return out

    def test_counts_are_the_endpoints_and_the_objects_are_made_of_the_parts(self):
        with harness.endpoint("--memory", "2GiB") as server:
            done, result = self.run_on(server, cleanup=False)
            self.assert_code(done, *ran)
            self.assertEqual(harness.schema_errors(result), [])
            whole = result["operations"]["s3/multipart_put"]
            self.assertGreater(whole["ok"], 5)
            self.assertEqual(whole["failed"], 0)
            parts = self.requests_of(result)
            self.assertEqual(parts["create_upload"], (whole["ok"], 0))
            self.assertEqual(parts["upload_part"], (3 * whole["ok"], 0))
            self.assertEqual(parts["complete_upload"], (whole["ok"], 0))
            self.assertEqual(parts["abort_upload"], (0, 0))
            self.assertEqual(result["operations"]["s3/multipart_put.upload_part"]["bytes"],
                             whole["bytes"])
            self.assertEqual(result["operations"]["s3/multipart_put.complete_upload"]["bytes"], 0)
            # The object is in the totals, what it was made of is not.
            self.assertEqual(result["total"]["ok"],
                             whole["ok"] + result["operations"]["s3/get"]["ok"])
            seen = server.counters()["by_operation"]
            for name in requests:
                self.assertEqual(seen.get(name, 0), sum(parts[name]), name)
            # Another client's view: size, and an ETag that is made of those of the three parts.
            with contextlib.closing(server.client()) as client:
                in_parts = 0
                for key in harness.objects_of_runs(client, "parts", "chopsticks/"):
                    one = client.get_object(Bucket="parts", Key=key)
                    body = one["Body"].read()
                    self.assertEqual(len(body), 12 * mebi)
                    if not re.search(r"-\d+\"$", one["ETag"]):
                        continue
                    in_parts += 1
                    tags = b"".join(hashlib.md5(body[at:at + 5 * mebi]).digest()
                                    for at in range(0, len(body), 5 * mebi))
                    self.assertEqual(one["ETag"].strip('"'),
                                     hashlib.md5(tags).hexdigest() + "-3")
                self.assertEqual(in_parts, whole["ok"])
                self.assertEqual(
                    client.list_multipart_uploads(Bucket="parts").get("Uploads", []), [])

    def test_uploads_whose_requests_fail_are_given_up_and_nothing_of_them_stays(self):
        with harness.endpoint("--memory", "2GiB") as server:
            server.set_faults("error:op=upload_part,every=7;error:op=complete_upload,every=5;"
                              "hang_up:op=create_upload,every=6;error:op=abort_upload,every=3")
            done, result = self.run_on(server, operations=40)
            whole = result["operations"]["s3/multipart_put"]
            self.assertGreater(whole["failed"], 5)
            self.assertGreater(whole["ok"], 1)
            parts = self.requests_of(result)
            self.assertEqual(parts["complete_upload"][0], whole["ok"])
            self.assertEqual(parts["abort_upload"][0] + parts["abort_upload"][1],
                             parts["create_upload"][0] - whole["ok"])
            self.assertGreater(parts["abort_upload"][1], 0)
            self.assertEqual(whole["bytes"], 12 * mebi * whole["ok"])
            # The cleanup found those that could not be given up: the bucket, which the run made,
            # could be removed.
            self.assertEqual(result["data"]["left_behind"], 0, done.said)
            with contextlib.closing(server.client()) as client:
                self.assertEqual(client.list_buckets()["Buckets"], [])

    def test_more_parts_than_there_may_be_are_refused_before_anything_is_sent(self):
        file = self.file("s.yaml", scenario.format(cleanup="true", operations=1)
                         .replace("12MiB", "60GiB"))
        done = self.run_binary("validate", "-f", file, "--set", "workload.driver=dummy")
        self.assert_one_clear_message(done, "10,000 parts", "part_size of at least 6.144 MiB")


if __name__ == "__main__":
    harness.main()
