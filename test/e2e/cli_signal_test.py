#!/usr/bin/env python3
"""Runs that are cut short: Ctrl-C once and twice, SIGTERM, SIGHUP, kill -9; a full disk."""

import fcntl
import json
import os
import pathlib
import pty
import resource
import select
import signal
import sys
import termios
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

long_scenario = harness.small_scenario.replace("measure: 2s", "measure: 1h")


class signal_case(harness.case):
    def setUp(self):
        super().setUp()
        self.server = harness.endpoint()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.scenario = self.file("s.yaml", long_scenario)
        self.output = self.dir / "r.json"
        self.stream = self.dir / "r.jsonl"

    def start_run(self, *arguments):
        return self.start("run", "-f", self.scenario, "--output", self.output, *arguments,
                          *self.server.target(), env=self.server.credentials)

    def intervals_on_disk(self):
        if not self.stream.exists():
            return 0
        return self.stream.read_bytes().count(b"\n") - 1

    def wait_for_intervals(self, count=2):
        harness.wait_until("intervals on disk", lambda: self.intervals_on_disk() >= count)

    def end(self, process):
        """It ends, long before its plan does."""
        out, err = process.communicate(timeout=harness.hang_s)
        return harness.decode(out) + harness.decode(err)


class interrupt_test(signal_case):
    def check_interrupted(self, sent):
        process = self.start_run()
        self.wait_for_intervals()
        process.send_signal(sent)
        said = self.end(process)
        self.assertEqual(process.returncode, harness.interrupted, said)
        result = harness.read_result(self.output)
        self.assertEqual(harness.schema_errors(result), [])
        self.assertTrue(result["run"]["interrupted"])
        self.assertEqual(result["run"]["exit_status"], harness.interrupted)
        self.assertRegex(said, "(?i)interrupt")
        self.assertGreater(harness.all_operations(result)[0], 0)
        # Rates are over the time that was measured, not over the plan.
        get = result["operations"]["s3/get"]
        self.assertAlmostEqual(get["rate_per_s"], get["ok"] / result["run"]["duration_s"],
                               delta=0.02 * get["rate_per_s"])
        self.assertEqual(self.server.counters()["objects"], 0, "not cleaned up")

    def test_one_interrupt_drains_cleans_up_and_writes_an_interrupted_result(self):
        self.check_interrupted(signal.SIGINT)

    def test_sigterm_is_an_interrupt(self):
        self.check_interrupted(signal.SIGTERM)

    def test_second_interrupt_stops_at_once_and_still_writes_the_result(self):
        self.server.set_faults("stall:op=get")
        process = self.start_run("--set", "timeouts.operation=1h", "--set", "phases.drain=1h")
        self.wait_for_intervals(1)
        harness.send_signal(process, signal.SIGINT)
        time.sleep(1)
        self.assertIsNone(process.poll(), "the drain did not wait for what was in flight")
        process.send_signal(signal.SIGINT)
        said = self.end(process)
        self.assertEqual(process.returncode, harness.interrupted, said)
        result = harness.read_result(self.output)
        self.assertTrue(result["run"]["interrupted"])
        self.assertGreaterEqual(result["data"]["left_behind"],
                                self.server.counters()["objects"])
        self.assertIn("LEFT BEHIND", said)

    def test_interrupt_while_preparing_cleans_up_and_says_so(self):
        self.server.set_faults("latency:fixed=20ms,op=put")
        process = self.start_run("--set", "groups.0.data.objects=200000")
        harness.wait_until("objects on the server",
                           lambda: self.server.counters()["objects"] > 50)
        process.send_signal(signal.SIGINT)
        said = self.end(process)
        self.assertEqual(process.returncode, harness.interrupted, said)
        self.assertEqual(self.server.counters()["objects"], 0, "not cleaned up")

    def test_interrupt_against_a_hung_target_still_ends(self):
        process = self.start_run()
        self.wait_for_intervals()
        self.server.set_faults("stall:rate=1;stall_accept:rate=1")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said = self.end(process)
        self.assertEqual(process.returncode, harness.interrupted, said)
        self.assertTrue(harness.read_result(self.output)["run"]["interrupted"])


class hangup_test(signal_case):
    """A terminal or a connection that is lost."""

    def check(self, process):
        self.assertEqual(process.wait(timeout=harness.hang_s), harness.interrupted)
        result = harness.read_result(self.output)
        self.assertEqual(harness.schema_errors(result), [])
        self.assertTrue(result["run"]["interrupted"])
        self.assertEqual(result["run"]["verdicts"]["left_behind"], "nothing")
        self.assertEqual(self.server.counters()["objects"], 0, "not cleaned up")

    def test_sighup_is_an_interrupt_however_often_it_comes(self):
        process = self.start_run()
        self.wait_for_intervals()
        for _ in range(3):
            harness.send_signal(process, signal.SIGHUP)
        process.communicate(timeout=harness.hang_s)
        self.check(process)

    def test_sighup_that_is_ignored_stays_so(self):
        process = self.start("run", "-f", self.scenario, "--output", self.output, "-t", "3s",
                             *self.server.target(), env=self.server.credentials,
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait_for_intervals(1)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=harness.hang_s)
        self.assertFalse(harness.read_result(self.output)["run"]["interrupted"])

    def test_closed_terminal_costs_neither_the_cleanup_nor_the_result(self):
        ours, theirs = pty.openpty()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(1, termios.TIOCSCTTY, 0)

        process = self.start("run", "-f", self.scenario, "--output", self.output,
                             *self.server.target(), env=self.server.credentials, stdin=theirs,
                             stdout=theirs, stderr=theirs, preexec_fn=take_terminal)
        os.close(theirs)
        drain = threading.Thread(target=self.read_until_closed, args=(ours,), daemon=True)
        drain.start()
        self.wait_for_intervals()
        # The kernel sends SIGHUP to whom the terminal belonged, and every write to it fails.
        self.closing = True
        drain.join(timeout=harness.hang_s)
        os.close(ours)
        self.check(process)

    closing = False

    def read_until_closed(self, terminal):
        while not self.closing:
            if select.select([terminal], [], [], 0.1)[0]:
                os.read(terminal, 65536)


class full_disk_test(signal_case):
    def test_result_for_which_there_is_no_room_is_printed(self):
        """Files may grow to 20 kB: the interval stream is cut, the result fits nowhere."""
        process = self.start("run", "-f", self.scenario, "--output", self.output, "-t", "3s",
                             *self.server.target(),
                             env={**self.server.credentials, "TMPDIR": str(self.dir)},
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                                   (20000, 20000)))
        out, err = process.communicate(timeout=harness.hang_s)
        self.assertEqual(process.returncode, harness.errors_or_slo, harness.decode(err))
        self.assertIn("File too large", harness.decode(err))
        self.assertIn("printed instead", harness.decode(err))
        result, _ = json.JSONDecoder().raw_decode(harness.decode(out))
        self.assertEqual(harness.schema_errors(result), [])
        self.assertIn("File too large", "\n".join(result["run"]["warnings"]))
        self.assertFalse(self.output.exists(), "half a result")
        self.assertEqual([p.name for p in self.dir.glob(".chopsticks-*")], [])
        self.assertEqual(self.server.counters()["objects"], 0, "not cleaned up")


class kill_test(signal_case):
    def test_kill_9_leaves_the_intervals_that_had_ended(self):
        process = self.start_run()
        self.wait_for_intervals(3)
        process.kill()
        process.wait(timeout=harness.hang_s)
        header, intervals = harness.read_stream(self.stream)
        self.assertEqual(header["run"]["seed"], 7)
        self.assertGreaterEqual(len(intervals), 3)
        for interval in intervals:
            self.assertGreater(harness.all_operations(interval)[0], 0, json.dumps(interval)[:300])
        self.assertFalse(self.output.exists(), "half a result")


class serve_test(harness.case):
    def test_serve_ends_cleanly_on_sigterm_and_sigint(self):
        for sent in (signal.SIGTERM, signal.SIGINT):
            with harness.endpoint() as server:
                self.assertEqual(server.counters()["objects"], 0)
                server.process.send_signal(sent)
                self.assertIn(server.process.wait(timeout=harness.hang_s), (0, harness.interrupted))

    def test_serve_on_a_taken_port_says_so_and_exits_2(self):
        with harness.endpoint() as server:
            port = server.url.rsplit(":", 1)[1]
            done = self.run_binary("serve", "--port", port)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, port)

    def test_serve_takes_more_users_from_a_file(self):
        users = self.dir / "users"
        users.write_text("# who else\n\nother other-secret\n")
        with harness.endpoint("--users", users) as server:
            other = harness.s3_client(server.url, "other", "other-secret")
            other.create_bucket(Bucket="theirs")
            self.assertEqual(server.client().list_buckets()["Buckets"], [])
            self.assertEqual([b["Name"] for b in other.list_buckets()["Buckets"]], ["theirs"])

    def test_serve_says_what_is_wrong_with_a_file_of_users(self):
        users = self.dir / "users"
        for text, said in (("alone\n", "users:1"), ("# a\na b c\n", "users:2"),
                           ("a b\na c\n", "two users"), ("chopsticks x\n", "two users")):
            with self.subTest(text):
                users.write_text(text)
                done = self.run_binary("serve", "--port", "0", "--users", users)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, said)
        for path in (self.dir / "none", self.dir):
            done = self.run_binary("serve", "--port", "0", "--users", path)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "cannot be read")


if __name__ == "__main__":
    harness.main()
