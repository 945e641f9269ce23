#!/usr/bin/env python3
"""Event marks of a run under way: `annotate`, SIGUSR1 and --on-phase."""

import pathlib
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

scenario = harness.small_scenario.replace("measure: 2s", "measure: 60s")


class marks_case(harness.case):
    def setUp(self):
        super().setUp()
        self.runtime = self.dir / "runtime"
        self.runtime.mkdir(mode=0o700)
        self.env = {"XDG_RUNTIME_DIR": str(self.runtime)}
        self.scenario = self.file("s.yaml", scenario)

    @property
    def sockets(self):
        return sorted((self.runtime / "chopsticks").glob("*.sock"))

    def start_run(self, name="r.json", *more):
        process = self.start("run", "-f", self.scenario, "--embedded", "--output", self.dir / name,
                             *more, env=self.env)
        stream = (self.dir / name).with_suffix(".jsonl")
        harness.wait_until("intervals", lambda: process.poll() is not None or (
            stream.exists() and stream.read_bytes().count(b"\n") >= 3))
        return process

    def annotate(self, *arguments):
        return self.run_binary("annotate", *arguments, env=self.env)

    def end(self, process, name="r.json"):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=harness.hang_s)
        self.assertEqual(process.returncode, harness.interrupted, harness.decode(err))
        result = harness.read_result(self.dir / name)
        self.assertEqual(harness.schema_errors(result), [])
        return result, harness.decode(err)


class annotate_test(marks_case):
    def test_note_is_on_the_axis_of_the_intervals_and_on_the_screen(self):
        process = self.start_run()
        self.assert_code(self.annotate("osd.3", "out \x1b[31mred"), harness.ran)
        process.send_signal(signal.SIGUSR1)
        time.sleep(1.5)
        self.assert_code(self.annotate("osd.3 in"), harness.ran)
        result, said = self.end(process)
        events = result["events"]
        self.assertEqual([(e["source"], e["text"]) for e in events],
                         [("annotate", "osd.3 out ?[31mred"), ("signal", ""),
                          ("annotate", "osd.3 in")])
        # Two intervals had ended when the first was made, and none began after the last.
        last = result["intervals"][-1]
        self.assertGreater(events[0]["start_s"], 1)
        self.assertGreaterEqual(events[2]["start_s"] - events[0]["start_s"], 1.5)
        self.assertLess(events[2]["start_s"], last["t_s"] + last["duration_s"] + 1)
        self.assertEqual(result["events_dropped"], 0)
        self.assertRegex(said, r"Mark at [\d.]+ s \(annotate\): osd.3 in")
        self.assertEqual(self.sockets, [])

    def test_folder_and_socket_are_the_users_alone(self):
        process = self.start_run()
        folder = self.runtime / "chopsticks"
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual([s.name for s in self.sockets], [f"{process.pid}.sock"])
        self.end(process)

    def test_folder_of_others_is_not_used_and_the_run_goes_on(self):
        (self.runtime / "chopsticks").mkdir()
        (self.runtime / "chopsticks").chmod(0o777)
        process = self.start_run()
        _, said = self.end(process)
        self.assertRegex(said, "annotate cannot reach this run: .*mode 0700")

    def test_several_runs_are_told_apart_by_pid(self):
        first, second = self.start_run("a.json"), self.start_run("b.json")
        refused = self.annotate("which one")
        self.assert_code(refused, harness.bad_usage)
        self.assert_one_clear_message(refused, "--pid", str(first.pid), str(second.pid), "small")
        self.assert_code(self.annotate("of the second", "--pid", second.pid), harness.ran)
        self.assertEqual(self.end(first, "a.json")[0]["events"], [])
        self.assertEqual(self.end(second, "b.json")[0]["events"][0]["text"], "of the second")

    def test_what_cannot_be_noted_is_refused(self):
        none = self.annotate("nobody listens")
        self.assert_code(none, harness.bad_usage)
        self.assert_one_clear_message(none, "no run of this user is under way")
        # A process that was killed leaves its socket.
        process = self.start_run()
        process.kill()
        process.wait()
        self.assertEqual(len(self.sockets), 1)
        self.assert_code(self.annotate("x", "--pid", process.pid), harness.bad_usage)
        self.assert_code(self.annotate("x"), harness.bad_usage)
        self.assertEqual(self.sockets, [])
        self.assert_one_clear_message(self.annotate(" "), "empty")
        self.assert_one_clear_message(self.annotate("x" * 401), "401 bytes")

    def test_marks_beyond_the_bound_are_counted(self):
        process = self.start_run()
        path, = self.sockets
        for i in range(600):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(path))
                peer.sendall(f"note number {i}\n".encode())
                self.assertEqual(peer.recv(100), b"noted\n")
        result, _ = self.end(process)
        self.assertEqual(len(result["events"]), 512)
        self.assertEqual(result["events"][-1]["text"], "number 511")
        self.assertEqual(result["events_dropped"], 88)

    def test_peer_that_says_nothing_holds_up_nobody_for_long(self):
        process = self.start_run()
        path, = self.sockets
        with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as strange:
            silent.connect(str(path))
            strange.connect(str(path))
            strange.sendall(b"\xff\x00 nonsense " * 1000)
            self.assert_code(self.annotate("after all"), harness.ran)
        result, _ = self.end(process)
        self.assertEqual([e["text"] for e in result["events"]], ["after all"])


class on_phase_test(marks_case):
    def test_command_runs_as_each_phase_begins(self):
        seen = self.dir / "seen"
        command = f'echo "$CHOPSTICKS_PHASE $CHOPSTICKS_SCENARIO $CHOPSTICKS_PID" >> {seen}'
        process = self.start_run("r.json", "--on-phase", command)
        pid = process.pid
        result, _ = self.end(process)
        lines = [line.split() for line in seen.read_text().splitlines()]
        self.assertEqual([line[0] for line in lines], [p["name"] for p in result["run"]["phases"]])
        self.assertEqual({tuple(line[1:]) for line in lines}, {("small", str(pid))})
        marks = {e["text"].split(":")[0]: e for e in result["events"]}
        self.assertEqual(set(marks), {line[0] for line in lines})
        self.assertEqual({e["source"] for e in result["events"]}, {"phase"})
        self.assertLess(marks["prepare"]["start_s"], 0)
        self.assertAlmostEqual(marks["measure"]["start_s"], 0, delta=2)
        self.assertGreaterEqual(marks["measure"]["end_s"], marks["measure"]["start_s"])
        self.assertEqual(result["run"]["warnings"], [])

    def test_command_has_none_of_the_runs_connections(self):
        seen = self.dir / "seen"
        command = f'[ "$CHOPSTICKS_PHASE" = drain ] && ls -l /proc/$$/fd > {seen}'
        self.end(self.start_run("r.json", "--on-phase", command))
        self.assertNotIn("socket:", seen.read_text())
        self.assertIn("/dev/null", seen.read_text())

    def test_failure_is_told_and_marked_and_changes_no_verdict(self):
        command = 'echo to no avail >&2; test "$CHOPSTICKS_PHASE" != measure'
        result, said = self.end(self.start_run("r.json", "--on-phase", command))
        failed = [e["text"] for e in result["events"] if "exit status" in e["text"]]
        self.assertEqual(len(failed), 1, result["events"])
        self.assertRegex(failed[0], "^measure: .*: exit status 1: to no avail$")
        self.assertTrue(any(failed[0] in w for w in result["run"]["warnings"]))
        self.assertRegex(said, "Warning: --on-phase, measure: ")
        self.assertEqual(result["run"]["verdicts"]["target"], "fine")

    def test_command_that_does_not_end_is_ended_with_its_children(self):
        pids = self.dir / "pids"
        # It ignores the request, and so does its child.
        command = (f'[ "$CHOPSTICKS_PHASE" = measure ] || exit 0; trap "" TERM; sleep 300 & '
                   f'echo $! $$ > {pids}; wait; sleep 300')
        process = self.start_run("r.json", "--on-phase", command)
        # The load does not wait for it.
        self.assertIsNone(process.poll())
        child, shell = map(int, pids.read_text().split())
        result, _ = self.end(process)
        texts = [e["text"] for e in result["events"]]
        self.assertTrue(any(t.endswith("ended with the run") for t in texts), texts)
        for pid in (child, shell):
            harness.wait_until("its end", lambda pid=pid: not alive(pid))

    def test_command_that_takes_too_long_is_ended(self):
        command = '[ "$CHOPSTICKS_PHASE" = measure ] && sleep 300'
        process = self.start_run("r.json", "--on-phase", command, "--on-phase-timeout", "500ms")
        result, _ = self.end(process)
        texts = [e["text"] for e in result["events"]]
        self.assertTrue(any(t.endswith("ended as it took longer than 500 ms") or
                            "took longer than" in t for t in texts), texts)

    def test_options_that_make_no_sense_are_refused(self):
        for arguments, said in (
                (("--on-phase-timeout", "5s"), "there is no --on-phase"),
                (("--on-phase", "true", "--on-phase-timeout", "soon"), "not a duration"),
                (("--repeat", "2", "--on-phase-timeout", "5s"), "there is no --on-phase")):
            done = self.run_binary("run", "-f", self.scenario, "--embedded", *arguments,
                                   env=self.env)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, said)


class series_test(marks_case):
    """Marks of several runs: each is of the run under way, or of the next one."""

    def wait_for(self, path, lines):
        harness.wait_until(path.name, lambda: path.exists() and
                           path.read_bytes().count(b"\n") >= lines)

    def test_each_trial_has_its_own_marks_and_commands(self):
        seen = self.dir / "seen"
        command = ('[ "$CHOPSTICKS_PHASE" = measure ] && echo "$CHOPSTICKS_TRIAL '
                   f'$CHOPSTICKS_TRIALS [$CHOPSTICKS_TRIAL_IS]" >> {seen}; true')
        process = self.start("run", "-f", self.scenario, "--embedded", "--output", self.dir / "out",
                             "--repeat", "2", "--pause", "3s", "-t", "2s", "--on-phase", command,
                             env=self.env)
        self.wait_for(self.dir / "out/run-1.jsonl", 2)
        self.assert_code(self.annotate("in the first"), harness.ran)
        harness.wait_until("the pause", (self.dir / "out/run-1.json").exists)
        path, = self.sockets
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(path))
            peer.sendall(b"note between\n")
            self.assertEqual(peer.recv(100), b"noted\n")
        noted_s = time.time()
        _, err = process.communicate(timeout=harness.hang_s)
        said = harness.decode(err)
        self.assertEqual(process.returncode, harness.ran, said)
        results = [harness.read_result(self.dir / f"out/run-{n}.json") for n in (1, 2)]
        texts = [[e["text"] for e in r["events"] if e["source"] == "annotate"] for r in results]
        self.assertEqual(texts, [["in the first"], ["between"]])
        between, = (e for e in results[1]["events"] if e["source"] == "annotate")
        # On the axis of the run that it is a mark of, as a rule before its load.
        self.assertAlmostEqual(between["start_s"], noted_s - harness.load_began_s(results[1]),
                               delta=2)
        for result in results:
            self.assertEqual(harness.schema_errors(result), [])
        self.assertEqual(seen.read_text().splitlines(), ["1 2 []", "2 2 []"])
        self.assertEqual(self.sockets, [])

    def test_sweep_ab_and_search_tell_which_trial_it_is(self):
        seen = self.dir / "seen"
        command = ('[ "$CHOPSTICKS_PHASE" = measure ] && echo "$CHOPSTICKS_TRIAL of '
                   f'$CHOPSTICKS_TRIALS: $CHOPSTICKS_TRIAL_IS" >> {seen}; true')
        common = ("-f", self.scenario, "--embedded", "--set", "workload.driver=dummy",
                  "--on-phase", command)
        done = self.run_binary("sweep", *common, "--users", "1,2", "-t", "300ms", "--cool-down",
                               "0s", "--output", self.dir / "sweep", env=self.env)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        done = self.run_binary("ab", *common, "--allow-same", "--repeat", "1", "-t", "300ms",
                               "--output", self.dir / "ab", env=self.env)
        self.assert_code(done, harness.ran, harness.generator_was_limit, 4)
        self.assertEqual(seen.read_text().splitlines(),
                         ["1 of 2: users=1", "2 of 2: users=2", "1 of 2: base", "2 of 2: new"])
        seen.unlink()
        done = self.run_binary(
            "find-max", *common, "--slo", "p99 < 10s", "--trial", "300ms", "--validate", "0s",
            "--start-rate", "200", "--max-rate", "200", "--set",
            "groups.0.load={open: {rate: 1}}", "--output",
            self.dir / "max", env=self.env)
        found = harness.read_result(self.dir / "max/find_max.json")
        lines = seen.read_text().splitlines()
        self.assertEqual(len(lines), len(found["trials"]), done.said)
        self.assertEqual(lines[0], "1 of : search at 200.0/s")


def alive(pid):
    """Whether it runs; a zombie that waits for somebody else's reaper does not."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


if __name__ == "__main__":
    harness.main()
