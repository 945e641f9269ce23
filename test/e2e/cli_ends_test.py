#!/usr/bin/env python3
"""How runs end: servers that die, throttle and refuse in prepare and cleanup; what is left."""

import pathlib
import signal
import sys
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from mortal_s3 import mortal_s3

scenario = """
name: ends
groups:
  - workload: s3
    data: {prefix: e/, objects: 150, size: 1KiB}
    tasks: [{op: get}]
    load: {closed: {users: 1, think_time: 20ms}}
phases: {prepare: {concurrency: 8}, warmup: 0s, measure: 300ms, drain: 5s, cleanup: true}
timeouts: {connect: 2s, operation: 5s}
limits: {steal: 100%}
seed: 7
"""

# A loaded machine may make the generator the limit, which comes before what was left behind.
clean = (harness.ran, harness.generator_was_limit)
unclean = (harness.left_behind, harness.generator_was_limit)


class ends_case(harness.case):
    def setUp(self):
        super().setUp()
        self.server = mortal_s3()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.output = self.dir / "r.json"

    def arguments(self, *more, text=scenario):
        return ["run", "-f", self.file("s.yaml", text), "--output", self.output, "--cores", "2",
                *more, *self.server.target()]

    def run_it(self, *more, text=scenario, timeout=90):
        done = self.run_binary(*self.arguments(*more, text=text), env=self.server.credentials,
                               timeout=timeout)
        result = harness.read_result(self.output) if self.output.exists() else None
        if result:
            self.assertEqual(harness.schema_errors(result), [])
        return done, result

    def left_on_server(self):
        return sum("/runs/" not in key for key in self.server.objects)

    def assert_clean(self, done, result):
        self.assert_code(done, *clean)
        self.assertEqual(self.server.objects, {}, done.said)
        self.assertEqual(result["data"]["left_behind"], 0)
        self.assertEqual(result["data"]["left"], [])
        self.assertEqual(result["run"]["verdicts"]["left_behind"], "nothing")
        self.assertIn("CLEAN", done.out)

    def assert_left(self, result, count, exact, said):
        self.assertEqual(result["run"]["verdicts"]["left_behind"], "something", said)
        one, mark = result["data"]["left"]  # the mark is what `cleanup` finds the others by
        self.assertEqual(result["data"]["left_behind"], count + 1, said)
        self.assertEqual((mark["kind"], mark["count"]), ("run mark", 1))
        self.assertEqual((one["kind"], one["count"], one["exact"]), ("object", count, exact))
        run_id = result["run"]["id"]
        self.assertEqual(one["name"], f"s3://load/e/{run_id}/")
        self.assertIn(run_id, one["remove_with"])
        self.assertIn("LEFT BEHIND", said)
        self.assertIn(one["remove_with"], said)
        if not exact:
            self.assertIn(f"at most {count} objects", said)

    def back_after(self, seconds):
        """A restart: dead now, back with all its objects."""
        self.server.die()
        time.sleep(seconds)
        self.server.rise()


class prepare_test(ends_case):
    def test_restart_while_preparing_costs_time_only(self):
        self.server.on_request("PUT", 40, lambda: self.back_after(2))
        done, result = self.run_it()
        self.assert_clean(done, result)
        self.assertEqual(result["data"]["prepared"], 150)
        self.assertEqual(result["data"]["prepare_failed"], 0)
        self.assertRegex(done.err, r"without success for \d(.|\n)*(refused|closed|reset)")

    def test_throttling_for_a_while_costs_time_only(self):
        for status, code in ((503, "SlowDown"), (429, "TooManyRequests"), (503, "")):
            with self.subTest(status=status, code=code):
                self.server.answer("PUT", status, code, times=40)
                done, result = self.run_it()
                self.assert_clean(done, result)
                self.assertEqual(result["data"]["prepared"], 150)

    def test_denied_ends_at_once_and_leaves_nothing(self):
        for status, code in ((403, "AccessDenied"), (400, "InvalidArgument")):
            with self.subTest(status=status):
                self.server.answer("PUT", status, code)
                puts = self.server.count("PUT")
                done, result = self.run_it()
                self.assert_code(done, harness.errors_or_slo)
                self.assertIn(code, result["run"]["problem"])
                self.assertEqual(result["run"]["verdicts"]["target"], "failed")
                self.assertEqual(result["run"]["verdicts"]["generator"], "unknown")
                self.assertLess(self.server.count("PUT") - puts, 100)
                self.assertEqual(result["data"]["left_behind"], 0, done.said)
                self.server.rules.clear()

    def test_patience_has_an_end_that_says_what_it_waited_for(self):
        self.server.answer("PUT", 500, "InternalError")
        done, result = self.run_it("--set", "phases.prepare.patience=1s")
        self.assert_code(done, harness.errors_or_slo)
        for part in ("InternalError", "none succeeded for 1s", "phases.prepare.patience"):
            self.assertIn(part, result["run"]["problem"])

    def test_one_dead_endpoint_of_two_is_gone_round(self):
        with mortal_s3() as other:
            other.objects = self.server.objects  # one store behind both
            self.server.on_request("PUT", 20, self.server.die)
            done, result = self.run_it("--endpoint", other.url)
            self.assertEqual(result["data"]["prepared"], 150, done.said)
            # The load itself fails on the dead endpoint; cleanup does not.
            self.assertEqual(self.server.objects, {}, done.said)
            self.assertEqual(result["data"]["left_behind"], 0)


class cleanup_test(ends_case):
    def test_restart_while_cleaning_leaves_nothing(self):
        self.server.on_request("DELETE", 30, lambda: self.back_after(2))
        self.assert_clean(*self.run_it())

    def test_throttling_while_cleaning_leaves_nothing(self):
        self.server.answer("DELETE", 503, "SlowDown", times=50)
        self.assert_clean(*self.run_it())

    def test_denied_for_ever_ends_at_once_with_an_exact_count(self):
        self.server.answer("DELETE", 403, "AccessDenied")
        done, result = self.run_it()
        self.assert_code(done, *unclean)
        self.assertEqual(self.left_on_server(), 150)
        self.assert_left(result, 150, True, done.out)
        self.assertLess(self.server.count("DELETE"), 400)
        self.assertIn("AccessDenied", done.said)

    def test_what_is_locked_stays_and_the_rest_goes(self):
        self.server.answer("DELETE", 403, "AccessDenied",
                           when=lambda key: zlib.crc32(key.encode()) % 10 == 0)
        done, result = self.run_it()
        left = self.left_on_server()
        self.assertGreater(left, 0)
        self.assertLess(left, 60)
        self.assert_code(done, *unclean)
        self.assert_left(result, left, True, done.out)

    def test_dead_for_ever_says_at_most(self):
        self.server.on_request("DELETE", 30, self.server.die)
        done, result = self.run_it("--set", "phases.cleanup={patience: 1s}")
        self.assert_code(done, *unclean)
        count = result["data"]["left_behind"] - 1  # the run's mark
        self.assertGreaterEqual(count, self.left_on_server())
        self.assertLessEqual(count, 150)
        self.assert_left(result, count, False, done.out)
        self.assertIn("phases.cleanup.patience", done.said)

    def test_quiet_says_what_is_left(self):
        self.server.answer("DELETE", 403, "AccessDenied")
        done, result = self.run_it("--quiet")
        self.assert_code(done, *unclean)
        self.assertRegex(done.err,
                         r"chopsticks: left behind: 150 objects below s3://load/e/.*"
                         r"chopsticks cleanup")

    def test_no_cleanup_is_kept_and_counted_and_no_fault(self):
        done, result = self.run_it("--set", "phases.cleanup=false")
        self.assert_code(done, *clean)
        self.assertEqual(self.left_on_server(), 150)
        self.assertEqual(result["run"]["verdicts"]["left_behind"], "kept")
        self.assertEqual(result["data"]["left_behind"], 150 + 1)  # and the run's mark
        self.assertTrue(result["data"]["left"][0]["exact"])


class interrupt_test(ends_case):
    """Ctrl-C while the target is dead: in every phase, once and twice."""

    def interrupted_in(self, method, number, times, stall=True, measure="60s"):
        process = None

        def strike():
            if stall:
                for one in ("PUT", "GET", "DELETE"):
                    self.server.stall(one)
            else:
                self.server.die()
            for _ in range(times):
                harness.send_signal(process, signal.SIGINT)
                time.sleep(0.7)

        ready = threading.Event()
        self.server.on_request(method, number, lambda: ready.wait() and strike())
        text = scenario.replace("measure: 300ms", f"measure: {measure}")
        process = self.start(*self.arguments(text=text), env=self.server.credentials)
        ready.set()
        out, err = process.communicate(timeout=harness.hang_s)
        said = harness.decode(out) + harness.decode(err)
        self.assertEqual(process.returncode, harness.interrupted, said)
        result = harness.read_result(self.output)
        self.assertEqual(harness.schema_errors(result), [])
        left = self.left_on_server()
        self.assertGreater(left, 0)
        self.assertGreaterEqual(result["data"]["left_behind"], left, said)
        self.assertEqual(result["run"]["verdicts"]["left_behind"], "something")
        self.assertIn(result["run"]["id"], result["data"]["left"][0]["remove_with"])
        self.assertIn("LEFT BEHIND", said)
        return said

    def test_once_while_preparing(self):
        self.interrupted_in("PUT", 60, 1)

    def test_twice_while_preparing(self):
        self.interrupted_in("PUT", 60, 2)

    def test_once_while_measuring(self):
        said = self.interrupted_in("GET", 10, 1, stall=False)
        self.assertRegex(said, "after the interruption")

    def test_twice_while_measuring(self):
        said = self.interrupted_in("GET", 10, 2)
        self.assertIn("at most 150 objects", said.replace("150 objects", "at most 150 objects"))

    def test_twice_while_cleaning(self):
        self.interrupted_in("DELETE", 30, 2, measure="300ms")


class one_output_test(ends_case):
    def start_long(self, output):
        text = scenario.replace("measure: 300ms", "measure: 60s")
        process = self.start("run", "-f", self.file("long.yaml", text), "--output", output,
                             *self.server.target(), env=self.server.credentials)
        stream = pathlib.Path(f"{output}l")
        harness.wait_until("a stream", lambda: stream.exists() and
                           stream.read_bytes().count(b"\n") > 1)
        return process, stream

    def test_output_of_a_running_run_is_refused_until_that_has_ended(self):
        first, stream = self.start_long(self.output)
        before = stream.read_bytes()
        done = self.run_binary(*self.arguments(), env=self.server.credentials)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "another run", "--output")
        self.assertTrue(stream.read_bytes().startswith(before), "the first run's stream was harmed")
        first.kill()
        first.wait()
        done, result = self.run_it()
        self.assertIsNotNone(result, done.said)

    def test_folder_of_a_running_sweep_is_refused(self):
        text = scenario.replace("measure: 300ms", "measure: 60s")
        sweep = ["sweep", "-f", self.file("w.yaml", text), "--users", "1,2", "--output", "folder",
                 *self.server.target()]
        first = self.start(*sweep, env=self.server.credentials)
        harness.wait_until("a sweep", lambda: (self.dir / "folder" / "sweep.json").exists())
        done = self.run_binary(*sweep, "--resume", env=self.server.credentials)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "another run")
        first.kill()
        first.wait()

    def test_refused_output_leaves_no_empty_file(self):
        done = self.run_binary(*self.arguments("--op-log", "no/such/folder/log"),
                               env=self.server.credentials)
        self.assert_code(done, harness.bad_usage)
        self.assertFalse((self.dir / "r.jsonl").exists())


class warning_test(ends_case):
    def test_config_with_a_secret_that_others_can_read_is_warned_about(self):
        config = self.file("c.yaml", f"s3:\n  endpoint: {self.server.url}\n  bucket: load\n"
                           "  access_key: any\n  secret_key: hush-hush\n")
        config.chmod(0o644)
        done = self.run_binary("run", "-f", self.file("s.yaml", scenario), "--workload-config",
                               config, "--output", self.output)
        self.assert_code(done, *clean)
        self.assertRegex(done.err, r"Warning: .*c\.yaml")
        warnings = "\n".join(harness.read_result(self.output)["run"]["warnings"])
        self.assertIn("c.yaml", warnings)
        self.assertNotIn("hush-hush", done.said + self.output.read_text())


if __name__ == "__main__":
    harness.main()
