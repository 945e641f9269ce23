#!/usr/bin/env python3
"""Nothing is removed that is not shown to be the run's own: runs and `cleanup` against a server
that lies, keeps versions, locks objects, or is used by others at the same time."""

import json
import pathlib
import re
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from lying_s3 import bucket, lying_s3

left_behind = 5
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
        self.enterContext(server) if hasattr(self, "enterContext") else self._enter(server)
        return server

    def _enter(self, server):
        server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)

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


bucket_tasks = "[{op: create_bucket, weight: 3}, {op: delete_bucket}]"


class made_buckets_test(safety_case):
    def test_buckets_that_look_like_ours_were_never_touched(self):
        server = self.serve(put_existing="200")
        theirs = ["shared"] + [f"shared-{i}" for i in range(12)]
        for name in theirs:
            server.buckets[name] = bucket()
        done = self.run_against(server, self.scenario(bucket_tasks))
        self.assert_code(done, *ran)
        self.assertEqual(sorted(server.buckets), sorted(theirs))
        named = {name for _, name, _, _ in server.asked("PUT bucket")}
        self.assertTrue(named)
        for name in named:
            self.assertRegex(name, r"^shared-\d{8}t\d{6}z-[0-9a-f]{12}-0-[0-9a-z]+$")
        self.assertEqual({n for _, n, _, _ in server.asked("DELETE bucket")} - named, set())

    def test_conflict_is_never_ours(self):
        for code in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            server = self.serve(put_always=f"409 {code}")
            server.buckets["shared"] = bucket()
            done = self.run_against(server, self.scenario(bucket_tasks))
            self.assert_code(done, *ran, harness.errors_or_slo)
            self.assertTrue(server.asked("PUT bucket"))
            self.assertEqual(server.asked("DELETE bucket"), [])

    def test_bucket_that_others_filled_stays_and_is_told(self):
        server = self.serve(delete_nonempty=True)
        server.buckets["shared"] = bucket()
        filled = []

        def fill(op, name, _):
            if op == "DELETE bucket" or filled or "-0-" not in name or name not in server.buckets:
                return
            filled.append(name)
            server.put(name, "precious")

        server.lies.before = fill
        done = self.run_against(server, self.scenario("[{op: create_bucket}]", operations=6))
        self.assertTrue(filled)
        self.assertEqual(server.entries(filled[0]), [("precious", "null", False)], done.said)
        self.assertEqual(sorted(server.buckets), sorted(["shared", filled[0]]))
        self.assertIn("precious", self.words(done))

    def test_names_in_use_are_refused(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        taken = []

        def take(op, name, _):
            if op == "GET service" and not taken:
                mark = next(key for key in server.keys("shared") if key.startswith("e2e/runs/"))
                taken.append(f"shared-{mark.split('/')[2].lower()}-0-5")
                server.buckets[taken[0]] = bucket()

        server.lies.before = take
        done = self.run_against(server, self.scenario(bucket_tasks))
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "did not make")
        self.assertEqual(sorted(server.buckets), sorted(["shared", *taken]))

    def test_without_the_right_to_list_buckets_names_are_asked_for_one_by_one(self):
        server = self.serve(denied=("GET service",))
        server.buckets["shared"] = bucket()
        done = self.run_against(server, self.scenario(bucket_tasks))
        self.assert_code(done, *ran)
        self.assertTrue([n for _, n, _, _ in server.asked("HEAD bucket") if n.endswith("-0-0")])
        self.assertEqual(sorted(server.buckets), ["shared"])


class own_bucket_test(safety_case):
    def test_bucket_that_was_not_there_is_removed(self):
        server = self.serve()
        done = self.run_against(server, self.scenario())
        self.assert_code(done, *ran)
        self.assertEqual(server.buckets, {})

    def test_bucket_older_than_the_run_stays_whatever_was_said_of_it(self):
        # The first listing says that there is no such bucket, PUT says 200: there was one.
        server = self.serve(put_existing="200")
        server.buckets["shared"] = bucket()
        hidden = []

        def hide(op, name, key):
            if op == "GET bucket" and not hidden:
                hidden.append(server.buckets.pop("shared"))
            elif op == "PUT bucket" and len(hidden) == 1:
                server.buckets["shared"] = hidden[0]
                server.lies.age_buckets_s = 3600
                hidden.append(None)

        server.lies.before = hide
        done = self.run_against(server, self.scenario())
        self.assert_code(done, *ran)
        self.assertEqual(server.entries("shared"), [])
        self.assertIn("shared", server.buckets)
        self.assertEqual(server.asked("DELETE bucket"), [])

    def test_bucket_without_a_date_of_birth_stays_and_is_told(self):
        server = self.serve(denied=("GET service",))
        done = self.run_against(server, self.scenario())
        self.assertIn("shared", server.buckets)
        self.assertEqual(server.asked("DELETE bucket"), [])
        self.assertRegex(self.words(done), '"shared".*stay')

    def check_kept(self, server, entries):
        done = self.run_against(server, self.scenario())
        self.assertIn("shared", server.buckets)
        self.assertEqual(server.entries("shared"), entries)
        self.assertEqual(server.asked("DELETE bucket"), [])
        self.assertRegex(self.words(done), '"shared".*stays.*theirs')

    def test_bucket_into_which_somebody_put_something_stays(self):
        server = self.serve(delete_nonempty=True)

        def add(op, name, key):
            if op == "PUT object" and "theirs" not in server.buckets["shared"].keys:
                server.put("shared", "theirs")

        server.lies.before = add
        self.check_kept(server, [("theirs", "null", False)])

    def test_bucket_with_an_upload_of_somebody_else_stays(self):
        server = self.serve(delete_nonempty=True)

        def add(op, name, key):
            if op == "PUT object":
                held = server.buckets["shared"]
                held.uploads["u1"] = ("theirs", held.created)

        server.lies.before = add
        self.check_kept(server, [])

    def test_bucket_that_somebody_made_anew_stays(self):
        server = self.serve()

        def anew(op, name, key):
            if op == "DELETE object" and not server.lies.age_buckets_s:
                server.lies.age_buckets_s = -100

        server.lies.before = anew
        done = self.run_against(server, self.scenario())
        self.assertEqual(server.asked("DELETE bucket"), [])
        self.assertRegex(self.words(done), "no longer the one")

    def test_two_runs_in_one_fresh_bucket_leave_each_other_alone(self):
        server = self.serve()
        second = self.scenario(operations=100000, measure="3s")
        process = None
        started = threading.Event()

        def start(op, name, key):
            nonlocal process
            if op == "DELETE object" and not started.is_set():
                started.set()  # the first run cleans up
                process = self.start("run", "-f", self.dir / "2.yaml", "--output",
                                     self.dir / "2.json", "--cores", "1", "--bucket", "shared",
                                     *server.target(), env=server.credentials)
                harness.wait_until("the second run's mark", lambda: len(
                    [k for k in server.keys("shared") if k.startswith("e2e/runs/")]) == 2)

        pathlib.Path(self.dir, "2.yaml").write_bytes(second.read_bytes())
        first = self.scenario()
        server.lies.before = start
        done = self.run_against(server, first)
        self.assertIn("shared", server.buckets, done.said)
        self.assertRegex(self.words(done), '"shared".*stays')
        out, err = process.communicate(timeout=120)
        said = harness.decode(out) + harness.decode(err)
        self.assertIn(process.returncode, ran, said)
        result = harness.read_result(self.dir / "2.json")
        self.assertEqual(harness.all_operations(result)[1], 0, said)  # none failed
        self.assertEqual(server.entries("shared"), [])


class versions_test(safety_case):
    def versioned(self, **lies):
        server = self.serve(**lies)
        server.buckets["shared"] = bucket("Enabled")
        server.put("shared", "theirs")
        server.put("shared", "e2e/theirs")
        return server

    theirs = ["e2e/theirs", "theirs"]

    def check_only_theirs(self, server):
        self.assertEqual(sorted(key for key, _, _ in server.entries("shared")), self.theirs)

    def test_versions_and_markers_are_gone(self):
        for lies in ({}, {"unserved": ("POST bucket delete",)}):
            server = self.versioned(**lies)
            done = self.run_against(server, self.scenario(
                "[{op: put, overwrite: true}, {op: put}, {op: delete}]", operations=90))
            self.assert_code(done, *ran)
            self.assertIn("keeps old versions", self.words(done))
            self.check_only_theirs(server)

    def test_listings_with_foreign_keys_or_without_prefix_cost_nobody_anything(self):
        for lies in ({"ignore_prefix": True}, {"shown_too": ("theirs", "e2e/theirs")}):
            server = self.versioned(**lies)
            server.lies.ignore_prefix = False
            lied = threading.Event()

            def begin(op, name, key):
                if op == "PUT object":
                    server.lies.ignore_prefix = bool(lies.get("ignore_prefix"))

            shown = server.lies.shown_too
            server.lies.shown_too = ()

            def show(op, name, key):
                begin(op, name, key)
                if op == "PUT object":
                    server.lies.shown_too = shown

            server.lies.before = show
            done = self.run_against(server, self.scenario())
            self.assert_code(done, *ran, left_behind, harness.errors_or_slo)
            self.check_only_theirs(server)
            del lied

    def test_locked_objects_are_told_before_and_counted_after(self):
        server = self.serve()
        server.buckets["shared"] = bucket("Enabled", retention_days=2)
        done = self.run_against(server, self.scenario())
        self.assertRegex(self.words(done), "locks every new object .COMPLIANCE, 2 days.")
        left = [key for key, _, marker in server.entries("shared") if object_key.match(key)]
        self.assertGreater(len(left), 20)
        self.assertFalse([key for key, _, marker in server.entries("shared")
                          if marker and object_key.match(key)])
        self.assertRegex(self.words(done), f"{len(left)} (objects|older versions)")

    def test_server_that_only_says_that_it_deleted_is_found_out(self):
        server = self.versioned(silent_delete=True)
        done = self.run_against(server, self.scenario())
        self.assertRegex(self.words(done), "could not be removed")

    def test_listing_without_an_end_ends(self):
        server = self.versioned()

        def begin(op, name, key):
            if op == "PUT object":
                server.lies.endless = True

        server.lies.before = begin
        done = self.run_against(server, self.scenario())
        self.assertRegex(self.words(done), "there is more and not where")


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

    def test_living_run_is_left_alone(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        run = self.leave(server)
        for select in (("--run", run), ("--older-than", "1s")):
            done = self.clean(server, *select, "--yes")
            self.assertIn("alive", done.out)
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
        process.communicate(timeout=30)
        self.assertIn("alive", self.clean(server, "--older-than", "1s", "--yes").out)
        server.age_marks("shared")
        # The server's clock decides: to it the run began just now.
        self.assert_code(self.clean(server, "--older-than", "1h", "--yes"), harness.ran)
        self.assertTrue(server.keys("shared"))
        mark = next(key for key in server.keys("shared") if key.startswith("e2e/runs/"))
        self.assert_code(self.clean(server, "--run", mark.split("/")[2], "--yes"), harness.ran)
        self.assertEqual(server.keys("shared"), [])

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
