#!/usr/bin/env python3
"""Several users, several buckets: objects are spread over buckets, each bucket is one user's, and
all of it is made, marked and removed as the one bucket of other runs is."""

import contextlib
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

ran = (harness.ran, harness.generator_was_limit)
names = [f"spread-{number}" for number in (1, 2, 3, 4)]
keys = ["AKONE", "AKTWO"]
secrets = {"AKONE": "secret-of-one", "AKTWO": "secret-of-two"}

scenario = """
name: spread
groups:
  - workload: s3
    data: {{prefix: e2e/, objects: 90, size: 2KiB, verify: true}}
    tasks: {tasks}
    load: {{closed: {{users: 4}}}}
phases: {{warmup: 0s, measure: 60s, cleanup: {cleanup}}}
stop: {{operations: 600}}
limits: {{held_up: 100%, held_up_longest: 1h, outage: 100%}}
seed: 3
"""
everything = ("[{op: get, weight: 5}, {op: put, weight: 3}, {op: put, overwrite: true}, delete, "
              "head, copy, get_acl, get_bucket_acl, {op: list, pages: 0, max_keys: 9}, "
              "{steps: [create_bucket, put_bucket_tagging, delete_bucket]}]")
reading = "[get, {op: list, pages: 0, max_keys: 9}, {op: list, directory: true}]"


class users_test(harness.case):
    def setUp(self):
        super().setUp()
        self.users = self.file("users", "# two\n" + "".join(f"{k} {secrets[k]}\n" for k in keys))
        self.users.chmod(0o600)

    def config(self, server, text="buckets: 4"):
        listed = "\n".join(f"  - {{access_key: {k}, secret_key: {secrets[k]}}}" for k in keys)
        file = self.file("config.yaml", f"endpoint: {server.url}\nbucket: spread\n{text}\n"
                         + ("" if "credentials" in text else f"credentials:\n{listed}\n"))
        file.chmod(0o600)
        return file

    def run_on(self, config, tasks=everything, cleanup=True, *more):
        file = self.file("s.yaml", scenario.format(tasks=tasks, cleanup=str(cleanup).lower()))
        done = self.run_binary("run", "-f", file, "--workload-config", config, "--output",
                               self.dir / "r.json", *more, timeout=150)
        return done, (harness.read_result(self.dir / "r.json")
                      if (self.dir / "r.json").exists() else None)

    def clients(self, server):
        return {key: harness.s3_client(server.url, key, secrets[key]) for key in keys}

    def seen(self, server):
        """By user: its buckets, each with the keys of objects in it."""
        found = {}
        for key, client in self.clients(server).items():
            with contextlib.closing(client):
                found[key] = {
                    bucket["Name"]: harness.objects_of_runs(client, bucket["Name"], "e2e/")
                    for bucket in client.list_buckets()["Buckets"]}
        return found

    def end_marks(self, server):
        """As if the runs had been able to say that they ended."""
        for client in self.clients(server).values():
            with contextlib.closing(client):
                for bucket in [one["Name"] for one in client.list_buckets()["Buckets"]]:
                    for key in harness.keys_in(client, bucket, "e2e/runs/"):
                        mark = client.get_object(Bucket=bucket, Key=key)["Body"].read()
                        self.assertIn(b'"running"', mark)
                        client.put_object(Bucket=bucket, Key=key,
                                          Body=mark.replace(b'"running"', b'"ended"'))

    def test_each_bucket_is_its_owners_and_everything_goes(self):
        with harness.endpoint("--users", self.users) as server:
            done, result = self.run_on(self.config(server))
            self.assert_code(done, *ran)
            self.assertEqual(result["total"]["failed"], 0, done.said)
            self.assertEqual(result["data"]["left_behind"], 0)
            self.assertEqual(harness.schema_errors(result), [])
            for name, one in result["operations"].items():
                self.assertGreater(one["ok"], 0, name)
            self.assertEqual(self.seen(server), {"AKONE": {}, "AKTWO": {}})

    def test_what_each_user_got_is_told_apart(self):
        with harness.endpoint("--users", self.users) as server:
            config = self.config(server)
            done, result = self.run_on(config, "[get, put, {op: list, max_keys: 9}]")
            self.assert_code(done, *ran)
            figures = result["driver_figures"]["s3"]
            whole = [figures[f"user_{n}_requests"]["measured"]["count"] for n in (1, 2)]
            # Operations are requests here, one each.
            self.assertEqual(sum(whole), result["total"]["ok"])
            self.assertGreater(min(whole), 100)
            self.assertEqual(sum(figures[f"user_{n}_bytes"]["measured"]["count"] for n in (1, 2)),
                             result["total"]["bytes"])
            self.assertEqual([figures[f"user_{n}_failures"]["measured"]["count"]
                              for n in (1, 2)], [0, 0])
            text = (self.dir / "r.json").read_text()
            self.assertIn("user 1 (AK...)", text)
            for secret in secrets.values():
                self.assertNotIn(secret, text)

            # What is served to nobody fails for each.
            done, result = self.run_on(config, "[get, restore]")
            self.assert_code(done, harness.errors_or_slo)
            figures = result["driver_figures"]["s3"]
            failures = [figures[f"user_{n}_failures"]["measured"]["count"] for n in (1, 2)]
            self.assertEqual(sum(failures), result["total"]["failed"])
            self.assertGreater(min(failures), 10)

    def test_one_user_has_no_figures_of_its_own(self):
        with harness.endpoint("--users", self.users) as server:
            config = self.config(server, "buckets: 2\ncredentials:\n  - {access_key: AKONE, "
                                         "secret_key: secret-of-one}")
            _, result = self.run_on(config, "[get, put]")
            self.assertEqual([name for name in result["driver_figures"]["s3"]
                              if name.startswith("user")], [])

    def test_objects_are_spread_evenly_and_each_belongs_to_its_buckets_owner(self):
        with harness.endpoint("--users", self.users) as server:
            done, result = self.run_on(self.config(server), reading, cleanup=False)
            self.assert_code(done, *ran)
            self.assertEqual(result["total"]["failed"], 0, done.said)
            seen = self.seen(server)
            self.assertEqual({key: set(held) for key, held in seen.items()},
                             {"AKONE": {names[0], names[2]}, "AKTWO": {names[1], names[3]}})
            sizes = sorted(len(all_) for held in seen.values() for all_ in held.values())
            self.assertEqual(sizes, [22, 22, 23, 23])
            with contextlib.closing(self.clients(server)["AKTWO"]) as client:
                key = seen["AKTWO"][names[1]][0]
                owner = client.get_object_acl(Bucket=names[1], Key=key)["Owner"]["ID"]
                self.assertEqual(owner, "AKTWO")

            # What is left is found in all of them, with the config, and only with it.
            alone = self.run_binary("cleanup", "--result", self.dir / "r.json", "--yes")
            self.assert_code(alone, harness.bad_usage)
            self.assertIn("--workload-config", alone.err)
            command = re.search(r"chopsticks (cleanup --run .*?--prefix \S+)",
                                " ".join(str(item["remove_with"])
                                         for item in result["data"]["left"]))
            self.assertTrue(command, result["data"]["left"])
            # Its marks are fresh.
            alive = self.run_binary(*command[1].split(), "--yes")
            self.assert_code(alive, harness.left_behind)
            for name in names:
                self.assertIn(f'"{name}"', alive.out)
            self.end_marks(server)
            self.assert_code(self.run_binary(*command[1].split(), "--yes"), 0)
            self.assertEqual(self.seen(server), {"AKONE": {}, "AKTWO": {}})

    def test_two_runs_of_a_seed_put_the_same_objects_into_the_same_buckets(self):
        placed = []
        for _ in range(2):
            with harness.endpoint("--users", self.users) as server:
                done, _ = self.run_on(self.config(server, "credentials_file: " + str(self.users)),
                                      "[get]", cleanup=False)
                self.assert_code(done, *ran)
                placed.append({bucket: sorted(key.split("/", 2)[2] for key in held)
                               for all_ in self.seen(server).values()
                               for bucket, held in all_.items()})
        # Without `buckets` each user has one.
        self.assertEqual(set(placed[0]), set(names[:2]))
        self.assertEqual(placed[0], placed[1])

    def test_what_others_have_there_stays(self):
        with harness.endpoint("--users", self.users) as server:
            with contextlib.closing(self.clients(server)["AKTWO"]) as client:
                client.create_bucket(Bucket=names[1])
                client.put_object(Bucket=names[1], Key="e2e/theirs", Body=b"x")
                done, result = self.run_on(self.config(server))
                self.assert_code(done, *ran)
                self.assertEqual(result["data"]["left_behind"], 0)
                self.assertEqual(self.seen(server),
                                 {"AKONE": {}, "AKTWO": {names[1]: ["e2e/theirs"]}})

    def test_a_bucket_of_another_user_is_refused_before_anything_is_written(self):
        with harness.endpoint("--users", self.users) as server:
            with contextlib.closing(self.clients(server)["AKONE"]) as client:
                client.create_bucket(Bucket=names[1])
                done, result = self.run_on(self.config(server))
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, names[1])
                self.assertIsNone(result)
                # The first bucket had been made by then, and is gone again.
                self.assertEqual(self.seen(server), {"AKONE": {names[1]: []}, "AKTWO": {}})

    def test_one_wrong_secret_is_named_by_its_access_key(self):
        with harness.endpoint("--users", self.users) as server:
            config = self.config(server)
            config.write_text(config.read_text().replace("secret-of-two", "secret-of-none"))
            done, _ = self.run_on(config)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "AKTWO")
            self.assertNotIn("secret-of", done.said)

    def test_no_secret_is_in_any_output(self):
        with harness.endpoint("--users", self.users) as server:
            done, _ = self.run_on(self.config(server), everything, True, "--op-log",
                                  self.dir / "r.oplog")
            self.assert_code(done, *ran)
            written = [self.dir / name for name in ("r.json", "r.jsonl", "r.oplog")]
            for text in [done.said.encode()] + [path.read_bytes() for path in written]:
                self.assertNotIn(b"secret-of", text)
            self.assertEqual(harness.read_result(written[0])["workload"]["s3"]["credentials"], keys)

    def test_several_buckets_need_no_several_users(self):
        with harness.endpoint() as server:
            file = self.file("s.yaml", scenario.format(tasks=everything, cleanup="true"))
            done = self.run_binary("run", "-f", file, *server.target(), "--bucket", "spread",
                                   "--set", "workload.buckets=3", "--output", self.dir / "r.json",
                                   env=server.credentials, timeout=150)
            self.assert_code(done, *ran)
            self.assertEqual(harness.read_result(self.dir / "r.json")["total"]["failed"], 0)
            with contextlib.closing(server.client()) as client:
                self.assertEqual(client.list_buckets()["Buckets"], [])
            self.assertEqual(server.counters()["by_operation"]["create_bucket"] >= 3, True)

    def test_what_cannot_be_is_told(self):
        with harness.endpoint() as server:
            for text, tasks, parts in (
                    ("buckets: 1", "[get]", ("buckets", "fewer")),
                    ("buckets: [one, one]", "[get]", ("twice",)),
                    ("buckets: 4\naccess_key: A", "[get]", ("stands beside",)),
                    ("buckets: 4\naddressing: virtual", "[get]", ("address|path",)),
                    ("buckets: 4", "[multi_delete, put]", ("one bucket", "delete")),
                    ("credentials_file: none", "[get]", ("none",))):
                done, _ = self.run_on(self.config(server, text), tasks)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, *parts)
            listed = self.config(server)
            for more in (["--access-key", "K"],
                         ["--set", "workload.credentials=[{access_key: A, secret_key: hidden}]"]):
                done, _ = self.run_on(listed, "[get]", True, *more)
                self.assert_code(done, harness.bad_usage)
                self.assertNotIn("hidden", done.said)


if __name__ == "__main__":
    harness.main()
