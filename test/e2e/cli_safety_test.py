#!/usr/bin/env python3
"""Nothing is removed that is not shown to be the run's own, and all of that is: runs against a
server that lies, keeps versions, locks objects, or is used by others at the same time."""

import pathlib
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from lying_s3 import bucket
from safety_case import left_behind, object_key, ran, safety_case

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

    def test_two_groups_share_it_and_never_meet_in_a_bucket_name(self):
        server = self.serve()
        done = self.run_against(server, self.file("two.yaml", """
name: two
groups:
  - {name: a, workload: s3, data: {prefix: e2e/, objects: 5, size: 100B},
     tasks: [{op: create_bucket}], load: {closed: {users: 1}}}
  - {name: b, workload: s3, data: {prefix: e2e/, objects: 5, size: 100B},
     tasks: [{op: create_bucket}], load: {closed: {users: 1}}}
phases: {warmup: 0s, measure: 20s, drain: 5s}
stop: {operations: 8}
"""))
        self.assert_code(done, *ran)
        self.assertEqual(server.buckets, {}, done.said)
        made = [name for _, name, _, _ in server.asked("PUT bucket") if name != "shared"]
        self.assertEqual(len(made), len(set(made)))

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
        out, err = process.communicate(timeout=harness.hang_s)
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
        for lie, told in (("ignore_prefix", True), ("shown_too", ("theirs", "e2e/theirs"))):
            server = self.versioned()

            def begin(op, *_, server=server, lie=lie, told=told):
                if op == "PUT object":  # the run has looked whether its folder is empty
                    setattr(server.lies, lie, told)

            server.lies.before = begin
            done = self.run_against(server, self.scenario())
            self.assert_code(done, *ran, left_behind, harness.errors_or_slo)
            self.check_only_theirs(server)

    def test_locked_objects_are_told_before_and_counted_after(self):
        server = self.serve()
        server.buckets["shared"] = bucket("Enabled", retention_days=2)
        done = self.run_against(server, self.scenario())
        self.assertRegex(self.words(done), "locks every new object .COMPLIANCE, 2 days.")
        left = [key for key, _, marker in server.entries("shared") if object_key.match(key)]
        marks = [key for key, _, _ in server.entries("shared") if "/runs/" in key]
        self.assertGreater(len(left), 20)
        self.assertFalse([key for key, _, marker in server.entries("shared")
                          if marker and object_key.match(key)])
        self.assert_code(done, left_behind, harness.generator_was_limit)
        result = harness.read_result(self.output)
        self.assertEqual(result["data"]["left_behind"], len(left) + len(marks), done.said)
        self.assertTrue(all(one["exact"] for one in result["data"]["left"]))

    writing = "[{op: put, overwrite: true}, {op: put}, {op: delete}]"

    def found_left(self, server):
        """Versions and delete markers below the folder, and versions of the mark."""
        entries = [key for key, _, _ in server.entries("shared")]
        return (sum(bool(object_key.match(key)) for key in entries),
                sum("/runs/" in key for key in entries))

    def test_versions_that_are_to_stay_are_counted_as_what_they_are(self):
        server = self.versioned()
        done = self.run_against(server, self.scenario(self.writing, cleanup=False, operations=90))
        below, marks = self.found_left(server)
        left = harness.read_result(self.output)["data"]["left"]
        self.assertEqual([one["exact"] for one in left], [True] * len(left), done.said)
        self.assertEqual({one["kind"] for one in left},
                         {"object", "older version", "delete marker", "mark version"})
        self.assertEqual(sum(one["count"] for one in left), below + marks)

    def test_versions_after_a_second_interrupt_are_bounded_from_above(self):
        server = self.versioned()
        process = self.start("run", "-f", self.scenario(self.writing, operations=10**6,
                                                        measure="60s"),
                             "--output", self.dir / "r.json", "--cores", "1", "--bucket",
                             "shared", *server.target(), env=server.credentials)
        harness.wait_until("versions", lambda: len(server.entries("shared")) > 90)
        for _ in range(2):
            harness.send_signal(process, signal.SIGINT)
        out, err = process.communicate(timeout=harness.hang_s)
        below, marks = self.found_left(server)
        result = harness.read_result(self.dir / "r.json")
        left = {one["kind"]: one for one in result["data"]["left"]}
        self.assertEqual(set(left), {"object version", "mark version"}, harness.decode(out + err))
        self.assertFalse(left["object version"]["exact"])
        self.assertGreaterEqual(left["object version"]["count"], below)
        writes = server.asked("PUT object") + server.asked("DELETE object")
        removed = 100 * len(server.asked("POST bucket delete"))  # keys of one request, at most
        self.assertLessEqual(left["object version"]["count"], len(writes) + removed + 4)
        self.assertEqual(left["mark version"]["count"], marks)
        self.assertIn("takes this run for alive until five minutes", harness.decode(out + err))

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


class late_writes_test(safety_case):
    def test_put_without_an_answer_is_warned_of(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        late = threading.Event()
        held = []

        def hold(op, name, key):
            if op == "PUT object" and object_key.match(key) and len(held) < 3:
                held.append(key)
                late.wait(60)

        server.lies.before = hold
        self.addCleanup(late.set)
        done = self.run_against(server, self.scenario(), "--set", "timeouts.operation=1s")
        self.assertRegex(self.words(done), "3 puts were never answered: the target may still carry "
                         "them out.*to look again: chopsticks cleanup --run")
        self.assertIn("CLEAN nothing of this run was found on the target at its end",
                      self.words(done))
        self.assertEqual(server.keys("shared"), [])
        late.set()
        harness.wait_until("late objects", lambda: len(server.keys("shared")) == len(set(held)))
        looked = self.clean(server, "--run", self.run_id())
        self.assertIn(counted_objects(len(set(held))), looked.out)


class kept_set_test(safety_case):
    reuse = ("--set", "groups.0.data.reuse=golden")
    folder = "e2e/kept/golden/"

    def made(self, server):
        return [key for key in server.keys("shared") if key.startswith(self.folder)]

    def test_set_is_made_and_its_claim_is_gone(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        for _ in range(2):
            done = self.run_against(server, self.scenario("[{op: get}]"), *self.reuse)
            self.assert_code(done, *ran)
            self.assertEqual(len(server.keys("shared")), 21, done.said)
            self.assertEqual(len(self.made(server)), 21)

    def test_what_lies_there_without_a_manifest_is_not_overwritten(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        server.put("shared", self.folder + "a3/000000000000002a")
        before = server.entries("shared")
        done = self.run_against(server, self.scenario("[{op: get}]"), *self.reuse)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "has no manifest")
        self.assertEqual(server.entries("shared"), before)

    def test_two_makers_do_not_overwrite_each_other(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        server.put("shared", self.folder + "making-20260101T000000Z-abcdef123456", b"{}")
        before = server.entries("shared")
        done = self.run_against(server, self.scenario("[{op: get}]"), *self.reuse)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "cleanup --run 20260101T000000Z-abcdef123456")
        self.assertEqual(server.entries("shared"), before)

    def interrupt_prepare(self, server, *signals):
        process = self.start("run", "-f", self.scenario("[{op: get}]", objects=100000),
                             *self.reuse, "--output", self.dir / "r.json", "--cores", "1",
                             "--bucket", "shared", *server.target(), env=server.credentials)
        harness.wait_until("objects", lambda: len(server.keys("shared")) > 30)
        for one in signals:
            harness.send_signal(process, one)
        out, err = process.communicate(timeout=harness.hang_s)
        return harness.decode(out + err)

    def test_unfinished_set_goes_with_the_run_and_with_the_bucket(self):
        for there in (True, False):
            server = self.serve()
            if there:
                server.buckets["shared"] = bucket()
            said = self.interrupt_prepare(server, signal.SIGINT)
            self.assertEqual(server.keys("shared"), [], said)
            self.assertEqual("shared" in server.buckets, there)
            self.assertIn("CLEAN", said)

    def test_unfinished_set_of_a_killed_run_is_cleaned_up(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        self.interrupt_prepare(server, signal.SIGKILL)
        run = next(key for key in server.keys("shared") if "/runs/" in key).split("/")[2]
        server.age_marks("shared")
        self.assertIn("never finished", self.clean(server, "--run", run).out)
        self.assertGreater(len(self.made(server)), 30)
        done = self.clean(server, "--run", run, "--yes")
        self.assert_code(done, harness.ran)
        self.assertEqual(server.keys("shared"), [], done.said)

    def test_unfinished_set_after_a_second_interrupt_is_named(self):
        server = self.serve()
        server.buckets["shared"] = bucket()
        server.lies.before = lambda op, *_: time.sleep(0.5) if op.startswith("POST") else None
        said = self.interrupt_prepare(server, signal.SIGINT, signal.SIGINT)
        result = harness.read_result(self.dir / "r.json")
        left = {one["kind"]: one for one in result["data"]["left"]}
        self.assertIn("unfinished set object", left, said)
        self.assertGreaterEqual(left["unfinished set object"]["count"], len(self.made(server)))
        self.assertTrue(left["run mark"])


def counted_objects(count):
    return f"{count} object" + ("" if count == 1 else "s")


class bounded_end_test(safety_case):
    def run_timed(self, server):
        began = time.monotonic()
        done = self.run_against(server, self.scenario(), "--set", "phases.cleanup={patience: 1s}")
        return done, time.monotonic() - began

    def test_patience_counts_for_all_objects_together(self):
        server = self.serve(unserved=("POST bucket delete",), failing=("DELETE object",))
        server.buckets["shared"] = bucket()
        done, seconds = self.run_timed(server)
        self.assertLess(seconds, 40, done.said)
        self.assertGreater(len(server.keys("shared")), 20)
        self.assertRegex(self.words(done),
                         r"waits to repeat DELETE of an object \(503\), at most \d+ s more")
        self.assert_code(done, left_behind, harness.generator_was_limit)

    def test_one_object_that_fails_for_good_keeps_none_of_the_others(self):
        server = self.serve(unserved=("POST bucket delete",))
        server.buckets["shared"] = bucket()
        stuck = []

        def stick(op, name, key):
            if op != "DELETE object" or not object_key.match(key):
                return None
            with server.lock:  # requests come at once
                if not stuck:
                    stuck.append(key)
            return "fail" if key == stuck[0] else None

        server.lies.before = stick
        done, _ = self.run_timed(server)
        self.assertTrue(stuck, done.said)
        self.assertEqual([key for key in server.keys("shared") if object_key.match(key)], stuck,
                         done.said)

    def test_pages_with_ever_new_markers_come_to_an_end(self):
        server = self.serve()
        server.buckets["shared"] = bucket("Enabled")

        def begin(op, *_):
            server.lies.new_markers = server.lies.new_markers or op == "PUT object"

        server.lies.before = begin
        done, seconds = self.run_timed(server)
        self.assertLess(seconds, 60, done.said)
        self.assertRegex(self.words(done), "the listing (has gone on for|goes on for thousands)")


if __name__ == "__main__":
    harness.main()
