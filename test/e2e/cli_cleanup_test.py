#!/usr/bin/env python3
"""`cleanup` removes what runs left, where a mark proves whose it is, and nothing else."""

import json
import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from lying_s3 import bucket
from safety_case import left_behind, object_key, ran, safety_case


class cleanup_command_test(safety_case):
    def leave(self, server, **how):
        done = self.run_against(server, self.scenario(cleanup=False, **how))
        self.assert_code(done, *ran, left_behind)
        return self.run_id()

    @staticmethod
    def start_earlier(server, run):
        """The run's mark says that it began years ago."""
        mark = server.buckets["shared"].keys[f"e2e/runs/{run}/s3.json"][0]
        mark.body = re.sub(rb'"started": "\d{4}', b'"started": "2020', mark.body)

    def test_dry_run_lists_and_yes_removes_objects_versions_buckets_and_the_mark(self):
        server = self.serve()
        server.buckets["shared"] = bucket("Enabled")
        server.put("shared", "theirs")
        server.buckets["shared-0"] = bucket()
        run = self.leave(server, tasks="[{op: put, overwrite: true}, {op: create_bucket}]")
        before = server.entries("shared")
        made = set(server.buckets) - {"shared", "shared-0"}
        self.assertTrue(made)
        server.age_marks("shared")
        dry = self.clean(server, "--run", run)
        self.assert_code(dry, left_behind)
        self.assertIn("--yes", dry.out)
        self.assertEqual(server.entries("shared"), before)
        self.assertEqual(server.asked("DELETE bucket") + server.asked("POST bucket delete"), [])
        done = self.clean(server, "--run", run, "--yes")
        self.assertEqual([key for key, _, _ in server.entries("shared")], ["theirs"], done.said)
        self.assertEqual(sorted(server.buckets), ["shared", "shared-0"])
        self.assert_code(done, harness.ran)
        self.assertEqual(self.clean(server, "--run", run).code, harness.ran)

    def test_result_file_names_run_and_target(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        self.leave(server)
        server.age_marks("shared")
        done = self.run_binary("cleanup", "--result", self.output, "--yes",
                               env=server.credentials, timeout=120)
        self.assert_code(done, harness.ran)
        self.assertEqual(server.entries("shared"), [])

    def test_bucket_that_the_run_made_goes_with_what_it_left(self):
        server = self.serve()
        run = self.leave(server)
        server.age_marks("shared")
        done = self.clean(server, "--run", run, "--yes")
        self.assert_code(done, harness.ran)
        self.assertEqual(server.buckets, {})

    def test_mark_stays_while_the_bucket_of_the_run_does(self):
        for fill in ("e2e/{}/notes.txt", "theirs"):
            server = self.serve()
            run = self.leave(server)
            server.put("shared", fill.format(run))
            server.age_marks("shared")
            for _ in range(2):
                done = self.clean(server, "--run", run, "--yes")
                self.assert_code(done, left_behind)
                self.assertEqual(server.keys("shared"), sorted([
                    fill.format(run), f"e2e/runs/{run}/s3.json"]))
                self.assertRegex(done.out, 'bucket "shared".*stays')
            server.buckets["shared"].keys.pop(fill.format(run))
            self.assert_code(self.clean(server, "--run", run, "--yes"), harness.ran)
            self.assertEqual(server.buckets, {})

    def test_mark_is_put_back_where_the_bucket_cannot_be_removed(self):
        server = self.serve(denied=("DELETE bucket",))
        run = self.leave(server)
        server.age_marks("shared")
        self.assert_code(self.clean(server, "--run", run, "--yes"), left_behind)
        self.assertEqual(server.keys("shared"), [f"e2e/runs/{run}/s3.json"])
        server.lies.denied = ()
        self.assert_code(self.clean(server, "--run", run, "--yes"), harness.ran)
        self.assertEqual(server.buckets, {})

    def test_living_run_is_left_alone(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        run = self.leave(server)
        time.sleep(2.1)  # the server's clock shows whole seconds
        for select in (("--run", run), ("--older-than", "1s")):
            done = self.clean(server, *select, "--yes")
            self.assertRegex(done.out, r"alive.*can be removed in (5m|4m\d+s)")
            self.assert_code(done, left_behind)
        # It is not one of those that were asked for.
        self.assert_code(self.clean(server, "--older-than", "1d", "--yes"), harness.ran)
        self.assertEqual(sum(bool(object_key.match(k)) for k in server.keys("shared")),
                         len(server.keys("shared")) - 1)
        self.assertEqual(server.asked("POST bucket delete"), [])

    def test_older_than_takes_old_runs_only_and_never_kept_sets(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        old = self.leave(server)
        server.put("shared", "e2e/kept/golden/a3/000000000000002a")
        server.put("shared", "e2e/other")
        self.start_earlier(server, old)
        young = self.leave(server)
        server.age_marks("shared")  # dead, both of them
        done = self.clean(server, "--older-than", "1d", "--yes")
        self.assert_code(done, harness.ran)
        left = server.keys("shared")
        self.assertFalse([key for key in left if old in key], done.said)
        self.assertTrue([key for key in left if young in key])
        self.assertIn("e2e/kept/golden/a3/000000000000002a", left)
        self.assertIn("e2e/other", left)

    def test_what_has_no_proof_is_listed_and_stays(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        run = self.leave(server)
        folder = f"e2e/{run}/"
        self.start_earlier(server, run)
        server.age_marks("shared")
        server.put("shared", folder + "notes.txt")  # not of a run's form
        older = server.put("shared", folder + "ff/00000000000000ff")
        older.modified = older.modified.replace(year=2001)  # older than the run
        server.put("shared", "e2e/20200101T000000Z-abcdef/a3/000000000000002a")  # no mark
        server.put("shared", "e2e/runs/20200101T000001Z-abcdef/s3.json", b"{}")  # none either
        done = self.clean(server, "--older-than", "1h", "--yes")
        self.assert_code(done, left_behind)
        self.assertEqual(server.keys("shared"), sorted([
            folder + "notes.txt", folder + "ff/00000000000000ff",
            "e2e/20200101T000000Z-abcdef/a3/000000000000002a",
            "e2e/runs/20200101T000001Z-abcdef/s3.json"]))
        self.assertIn("2 other things", done.out)
        self.assertIn("no mark", done.out)
        self.assertIn("not a mark", done.out)

    def test_mark_that_names_foreign_places_is_no_mark(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        run = self.leave(server)
        mark = f"e2e/runs/{run}/s3.json"
        body = json.loads(server.buckets["shared"].keys[mark][0].body)
        server.put("shared", "theirs/a3/000000000000002a")
        for change in ({"folder": "theirs/"}, {"folder": ""}, {"run": "other"}, {"made_by": "x"}):
            server.put("shared", mark, json.dumps({**body, **change}, indent=1).encode())
            server.age_marks("shared")
            self.assert_code(self.clean(server, "--run", run, "--yes"), left_behind)
        self.assertEqual(server.asked("POST bucket delete"), [])
        # Names of buckets that hold no run id prove nothing.
        server.buckets["theirs-1"] = bucket()
        body["bucket_stem"] = "theirs-"
        server.put("shared", mark, json.dumps(body, indent=1).encode())
        server.age_marks("shared")
        self.assert_code(self.clean(server, "--run", run, "--yes"), left_behind)
        self.assertIn("theirs-1", server.buckets)

    def test_locked_and_refused_things_are_counted(self):
        server = self.serve()
        server.buckets["shared"] = bucket("Enabled", retention_days=2)
        run = self.leave(server)
        server.age_marks("shared")
        done = self.clean(server, "--run", run, "--yes")
        self.assert_code(done, left_behind)
        left = sum(bool(object_key.match(key)) for key, _, _ in server.entries("shared"))
        self.assertIn(f"left: {left}", done.out)

    def test_killed_run_is_cleaned_up_once_it_is_dead(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        process = self.start("run", "-f", self.scenario(measure="60s", operations=10**6),
                             "--output", self.dir / "r.json", "--cores", "1", "--bucket",
                             "shared", *server.target(), env=server.credentials)
        harness.wait_until("objects", lambda: len(server.keys("shared")) > 25)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=harness.hang_s)
        time.sleep(1.1)  # the server's clock shows whole seconds
        alive = self.clean(server, "--older-than", "1ms", "--yes")
        self.assertIn("alive", alive.out)
        self.assert_code(alive, left_behind)
        server.age_marks("shared")
        # The server's clock decides: to it the run began just now.
        self.assert_code(self.clean(server, "--older-than", "1h", "--yes"), harness.ran)
        self.assertTrue(server.keys("shared"))
        mark = next(key for key in server.keys("shared") if key.startswith("e2e/runs/"))
        self.assert_code(self.clean(server, "--run", mark.split("/")[2], "--yes"), harness.ran)
        self.assertEqual(server.keys("shared"), [])

    def test_throttled_requests_are_repeated(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        run = self.leave(server)
        server.age_marks("shared")
        for op in ("GET bucket", "GET object", "GET bucket versions", "POST bucket delete"):
            server.lies.failing, server.lies.fail_most = (op,), 2
            if op == "GET bucket":
                server.lies.fail_most = 5
                told = self.clean(server, "--run", run).err
                self.assertRegex(told, r"looks for runs; waits to repeat GET of a listing \(503\), "
                                 r"at most \d+ s more")
                continue
            done = self.clean(server, "--run", run, "--yes")
        self.assert_code(done, harness.ran)
        self.assertEqual(server.entries("shared"), [])

    def test_bad_usage_is_one_message(self):
        server = self.serve()
        for arguments, part in (((), "--run ID"), (("--run", "a", "--older-than", "1d"), "one of"),
                                (("--older-than", "soon"), "duration"),
                                (("--run", "a/b"), "run id"),
                                (("--run", "kept"), "run id"),
                                (("--result", "no-such-file"), "no-such-file"),
                                (("--run", "a", "--secret-key", "x"), "secret"),
                                (("--run", "a", "--set", "phases.measure=1s"), "workload"),
                                (("--run", "a"), "no bucket")):
            done = self.clean(server, *arguments)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, part)


if __name__ == "__main__":
    harness.main()
