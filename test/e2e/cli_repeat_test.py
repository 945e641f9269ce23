#!/usr/bin/env python3
"""Runs that are repeated: `run --repeat` on one target, `ab` on two in turns."""

import pathlib
import resource
import shlex
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

undecided = 4

scenario = """
name: repeated
groups:
  - workload: s3
    data: {prefix: e2e/, objects: 20, size: 4KiB}
    tasks: [get]
    load: {closed: {users: 4, think_time: 2ms}}
phases: {warmup: 0s, measure: 300ms}
# Other tests run beside this one.
limits: {held_up: 100%, held_up_longest: 1h, outage: 100%, core_busy: 100%, core_saturated: 100%,
         steal: 100%}
seed: 7
"""

# One by one, and many with one request.
no_deletes = ";".join("error:rate=1,status=403,op=" + op for op in ("delete", "delete_objects"))
# The second bucket is refused: of runs that each make and remove it, the second one.
second_refused = "error:rate=1,status=403,code=AccessDenied,op=create_bucket,after={},limit=1"


class repeat_case(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", scenario)
        self.folder = self.dir / "out"

    def names(self, pattern="*"):
        return sorted(path.name for path in self.folder.glob(pattern))

    def results(self, pattern):
        return [harness.read_result(self.folder / name) for name in self.names(pattern)]

    def assert_nothing_was_made(self):
        self.assertEqual(list(self.dir.glob("**/*.json*")), [])

    def wait_for(self, name):
        harness.wait_until(name, lambda: (self.folder / name).exists())

    def wait_for_interval(self, name):
        stream = self.folder / name
        harness.wait_until(name, lambda: stream.exists() and stream.read_bytes().count(b"\n") > 1)

    def serve(self, *arguments):
        server = harness.endpoint(*arguments)
        server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        return server


class run_repeat_test(repeat_case):
    def repeat(self, count, *more, output="out", target=("--embedded",), **how):
        return self.run_binary("run", "-f", self.scenario, *target, "--repeat", count,
                               "--output", output, *more, **how)

    def test_each_run_is_a_result_of_its_own(self):
        done = self.repeat(3)
        self.assert_code(done, 0)
        self.assertEqual(self.names(), ["run-1.json", "run-1.jsonl", "run-2.json", "run-2.jsonl",
                                        "run-3.json", "run-3.jsonl"])
        results = self.results("*.json")
        for result in results:
            self.assertEqual(harness.schema_errors(result), [])
            self.assertEqual(harness.all_operations(result)[1], 0)
        self.assertEqual(len({result["run"]["id"] for result in results}), 3)
        started = [result["run"]["started_ns"] for result in results]
        self.assertEqual(started, sorted(started))
        # The first is as a run alone; each has another, so that chance is not the same in all.
        seeds = [result["run"]["seed"] for result in results]
        self.assertEqual(seeds[0], 7)
        self.assertEqual(len(set(seeds)), 3)
        for n in (1, 2, 3):
            self.assertIn(f"Run {n} of 3\n", done.err)
        # Wherever its lines were broken.
        self.assertRegex(" ".join(done.out.split()),
                         r"\A3 runs: [\d.]+ ops/s \(95%: [\d.]+ to [\d.]+\), which varies by "
                         r"[\d.]+% from run to run\. ")
        self.assertRegex(done.out, r"(?m)^Operation, figure +mean +95% interval +vary by +regr")
        self.assertRegex(done.out, r"(?m)^  p99 +[\d.]+ [mu]s")
        for line in done.out.splitlines():
            self.assertLess(len(line), 80, line)

        # Another series of that seed has the same ones, and may be compared.
        self.assert_code(self.repeat(3, "--quiet", output="again"), 0)
        self.assertEqual([harness.read_result(self.dir / f"again/run-{n}.json")["run"]["seed"]
                          for n in (1, 2, 3)], seeds)
        done = self.run_binary("compare", *(f"out/run-{n}.json" for n in (1, 2, 3)), "--vs",
                               *(f"again/run-{n}.json" for n in (1, 2, 3)))
        self.assert_code(done, 0)

    def test_names_sort_as_they_were_made(self):
        done = self.repeat(10, "--set", "workload.driver=dummy", "-t", "100ms", "--quiet",
                           "--op-log", "ops.log", output="x.json")
        self.assert_code(done, 0)
        self.assertEqual(done.said, "")
        files = sorted(self.dir.glob("x-*.json"))
        self.assertEqual([path.name for path in files], [f"x-{n:02}.json" for n in range(1, 11)])
        started = [harness.read_result(path)["run"]["started_ns"] for path in files]
        self.assertEqual(started, sorted(started))
        self.assertEqual([path.name for path in sorted(self.dir.glob("ops-*"))],
                         [f"ops-{n:02}.log" for n in range(1, 11)])

    def test_without_an_output_the_files_lie_here(self):
        done = self.run_binary("run", "-f", self.scenario, "--set", "workload.driver=dummy",
                               "--repeat", "2")
        self.assert_code(done, 0)
        found = sorted(path.name for path in self.dir.glob("repeated-*.json"))
        self.assertEqual(len(found), 2)
        self.assertRegex(found[0], r"^repeated-\w+-\w+-1\.json$")
        self.assertEqual(found[1], found[0].replace("-1.json", "-2.json"))

    def test_what_is_there_is_told_before_the_first_run(self):
        for name, output in (("out/run-07.json", "out"), ("out/run-3.jsonl", "out"),
                             ("x-2.json", "x.json")):
            with self.subTest(name):
                kept = self.file(name, "somebody's")
                done = self.repeat(2, output=output)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, name + " is there already", "--output|place")
                self.assertEqual(kept.read_text(), "somebody's")
                kept.unlink()
                self.assertEqual([path for path in self.dir.glob("**/*.json*")], [])
        kept = self.file("ops-1.log", "somebody's")
        done = self.repeat(2, "--op-log", "ops.log")
        self.assert_code(done, harness.bad_usage)
        self.assertEqual(kept.read_text(), "somebody's")
        self.assert_nothing_was_made()

    def test_where_nothing_can_be_written_nothing_runs(self):
        self.file("file", "")
        for output, says in (("no/such/folder", "make the one it is in"), ("file", "is no folder"),
                             ("no/such/x.json", "mkdir"), ("-", "several results"),
                             ("/dev/null", "is no folder")):
            with self.subTest(output):
                done = self.repeat(2, output=output)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, says)
                self.assertNotIn("Run 1", done.err)
        self.assert_nothing_was_made()

    def test_mistakes_are_told_before_anything_is_made(self):
        for arguments, says in ((("--repeat", "0"), "--repeat"),
                                (("--repeat", "2", "--pause", "soon"), "--pause"),
                                (("--pause", "1s"), "give --repeat"),
                                (("--keep-going",), "give --repeat"),
                                (("--repeat", "2", "--set", "groups.0.data.objects=x"), "objects"),
                                (("--repeat", "2", "--op-log", "-"), "--op-log")):
            with self.subTest(arguments):
                done = self.run_binary("run", "-f", self.scenario, "--embedded", "--output",
                                       self.folder, *arguments)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, says)
                self.assertFalse(self.folder.exists())

    def test_a_run_that_fails_ends_the_series_unless_told_otherwise(self):
        for more, made in (((), ["run-1.json"]), (("--keep-going",), ["run-1.json", "run-3.json"])):
            server = self.serve("--faults", second_refused.format(1))
            self.folder = self.dir / f"out{len(more)}"
            done = self.repeat(3, *more, output=self.folder, target=server.target(),
                               env=server.credentials)
            self.assert_code(done, harness.bad_usage)
            self.assertEqual(self.names("*.json"), made, done.said)
            self.assertIn("chopsticks: run 2 of 3: ", done.err)
            self.assertIn("AccessDenied", done.err)
            self.assertEqual("chopsticks: stopped: 1 of 3 runs made\n" in done.err, not more)
            self.assertRegex(done.out, rf"\A{len(made)} runs?: ")

    def test_the_statuses_of_runs_stay_apart_and_the_worst_is_the_series(self):
        # The target failed, the generator was the limit, something was left: all are whole runs.
        for more, status, says in (
                (("--embedded-faults", "error:rate=1,status=500,op=get"), harness.errors_or_slo,
                 "target: "),
                (("--set", "limits.descriptors=0.01%"), harness.generator_was_limit, "invalid: "),
                (("--embedded-faults", no_deletes), harness.left_behind,
                 "left behind: ")):
            with self.subTest(says):
                self.folder = self.dir / f"out{status}"
                done = self.repeat(2, *more, output=self.folder)
                self.assert_code(done, status)
                self.assertEqual(len(self.names("*.json")), 2, done.said)
                said = [line for line in done.err.splitlines() if line.startswith("chopsticks: ")]
                self.assertEqual(len(said), len(set(said)), "said twice")
                for n in (1, 2):
                    self.assertIn(f"chopsticks: run {n} of 2: {says}", done.err)
        # What is invalid is in no summary.
        self.assertNotIn("Left out", done.out)
        self.folder = self.dir / "invalid"
        done = self.repeat(2, "--set", "limits.descriptors=0.01%", output=self.folder)
        self.assertNotIn("ops/s  ", done.out)
        self.assertEqual(done.out.count("Left out"), 2)
        # One of them is enough.
        server = self.serve("--faults", "error:rate=1,status=500,op=get,limit=20")
        done = self.repeat(2, output="once", target=server.target(), env=server.credentials)
        self.assert_code(done, harness.errors_or_slo)
        self.assertEqual([path.name for path in sorted(self.dir.glob("once/*.json"))],
                         ["run-1.json", "run-2.json"])

    def test_one_interrupt_ends_the_run_and_the_series(self):
        process = self.start("run", "-f", self.scenario, "--embedded", "-t", "2s", "--repeat", "4",
                             "--output", self.folder)
        self.wait_for("run-1.json")
        self.wait_for_interval("run-2.jsonl")
        process.send_signal(signal.SIGINT)
        out, err = map(harness.decode, process.communicate(timeout=harness.hang_s))
        self.assertEqual(process.returncode, harness.interrupted, err)
        self.assertIn("chopsticks: interrupted: 2 of 4 runs made, the last of them cut short\n",
                      err)
        self.assertEqual(self.names("*.json"), ["run-1.json", "run-2.json"])
        first, second = self.results("*.json")
        self.assertFalse(first["run"]["interrupted"])
        self.assertTrue(second["run"]["interrupted"])
        self.assertEqual(second["run"]["verdicts"]["left_behind"], "nothing")
        self.assertTrue(out.startswith("1 run: "), out)
        self.assertRegex(out, r"Left out\s+\S+run-2\.json\s+was\s+interrupted")

    def test_an_interrupt_ends_a_pause(self):
        process = self.start("run", "-f", self.scenario, "--embedded", "--repeat", "2", "--pause",
                             "1h", "--output", self.folder)
        self.wait_for("run-1.json")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=harness.hang_s)
        self.assertEqual(process.returncode, harness.interrupted)
        self.assertRegex(harness.decode(err), "interrupted: 1 of 2 runs made")
        self.assertEqual(self.names("*.json"), ["run-1.json"])

    def test_files_that_change_meanwhile_end_the_series(self):
        process = self.start("run", "-f", self.scenario, "--embedded", "--repeat", "2", "--pause",
                             "3s", "--output", self.folder)
        self.wait_for("run-1.json")
        self.file("s.yaml", scenario.replace("users: 4", "users: 5"))
        _, err = process.communicate(timeout=harness.hang_s)
        self.assertEqual(process.returncode, harness.bad_usage)
        self.assertIn("run 2 of 2: the scenario was changed since the series began",
                      harness.decode(err))
        self.assertEqual(self.names("*.json"), ["run-1.json"])

    def test_a_full_disk_ends_the_series(self):
        process = self.start("run", "-f", self.scenario, "--embedded", "--repeat", "3", "--output",
                             self.folder, env={"TMPDIR": str(self.dir)},
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                                   (4000, 4000)))
        out, err = map(harness.decode, process.communicate(timeout=harness.hang_s))
        self.assertEqual(process.returncode, harness.errors_or_slo, err)
        self.assertIn("run 1 of 3: ", err)
        self.assertIn("File too large", err)
        self.assertIn("stopped: 0 of 3 runs made", err)
        self.assertEqual(self.names("*.json"), [])
        # What could not be written is not lost.
        self.assertIn('"schema_version"', out)


class ab_test(repeat_case):
    def config(self, name, server, **more):
        keys = {"endpoint": server if isinstance(server, str) else server.url,
                "access_key": harness.access_key, **more}
        return self.file(name, "".join(f"{key}: {value}\n" for key, value in keys.items()))

    def ab(self, *more, output="out", **how):
        how.setdefault("env", {"AWS_SECRET_ACCESS_KEY": harness.secret_key})
        return self.run_binary("ab", "-f", self.scenario, "--output", output, *more, **how)

    def two(self, base_faults="latency:fixed=2ms", new_faults="latency:fixed=40ms"):
        return (self.config("base.yaml", self.serve("--faults", base_faults)),
                self.config("new.yaml", self.serve("--faults", new_faults)))

    def test_a_slower_side_regresses_and_a_faster_one_passes(self):
        base, new = self.two()
        done = self.ab("--base", base, "--new", new, "--repeat", "4", "-t", "700ms", "--gate",
                       "p50(get) +5%", "--gate", "error_rate +50%", "--json", "out/c.json")
        self.assert_code(done, harness.errors_or_slo)
        self.assertRegex(done.out, r"\ARegressed: 1 of 2 gates, p50 of s3/get \+\d+")
        self.assertRegex(done.out, r"(?m)^Runs +4 runs against 4, in pairs")
        self.assertRegex(done.out, r"workload\.s3\.endpoints")
        order = "base new new base base new new base".split()
        files = [f"{side}-{n}.json" for n, side in enumerate(order, 1)]
        self.assertEqual(self.names("*-*.json"), sorted(files))
        results = [harness.read_result(self.folder / name) for name in files]
        started = [result["run"]["started_ns"] for result in results]
        self.assertEqual(started, sorted(started))
        for n, side in enumerate(order, 1):
            self.assertIn(f"Run {n} of 8 ({side})\n", done.err)
        # Both of a pair have its seed, and each pair another.
        seeds = [result["run"]["seed"] for result in results]
        self.assertEqual(seeds[0::2], seeds[1::2])
        self.assertEqual(len(set(seeds)), 4)
        document = harness.read_result(self.folder / "c.json")
        self.assertEqual(harness.schema_errors(document, "compare"), [])
        self.assertTrue(document["paired"])
        self.assertEqual([gate["result"] for gate in document["gates"]], ["regressed", "passed"])
        # It is what `compare` says of these files.
        sides = [[f"out/{name}" for name in files if name.startswith(side)]
                 for side in ("base", "new")]
        again = self.run_binary("compare", *sides[0], "--vs", *sides[1], "--gate", "p50(get) +5%",
                                "--gate", "error_rate +50%", "--json", "-")
        self.assert_code(again, harness.errors_or_slo)
        self.assertEqual(again.out, (self.folder / "c.json").read_text())

        done = self.ab("--base", new, "--new", base, "--repeat", "4", "-t", "700ms", "--gate",
                       "p50(get) +5%", "--quiet", output="swapped")
        self.assert_code(done, 0)
        self.assertTrue(done.out.startswith("Passed: the gate"), done.out)
        self.assertEqual(done.err, "")

    def test_a_target_against_itself_is_no_regression(self):
        # The gates pass where four pairs agree: what is waited for is longer than what a busy
        # machine adds to it.
        server = self.serve("--faults", "latency:fixed=100ms,op=get")
        config = self.config("one.yaml", server)
        same = self.config("another_name.yaml", server)
        for other in (config, same):
            done = self.ab("--base", config, "--new", other, "--repeat", "4")
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "the same target", "--allow-same")
            self.assertFalse(self.folder.exists())
        done = self.ab("--base", config, "--new", config, "--repeat", "4", "--allow-same",
                       "-t", "1500ms", "--gate", "p50(get) +50%", "--gate", "throughput -50%")
        self.assert_code(done, 0)
        self.assertIn("A/A", done.err)
        self.assertTrue(done.out.startswith("Passed: all 2 gates"), done.out)
        # The same file twice is two sides, if something is set on one of them.
        done = self.ab("--workload-config", config, "--new-set", "workload.driver=beast",
                       "--repeat", "1", output="drivers")
        self.assert_code(done, 0)
        self.assertRegex(done.out, r"groups\.s3\.driver +native -> beast")

    def test_drivers_are_sides_too(self):
        done = self.ab("--embedded", "--base-set", "workload.driver=beast", "--new-set",
                       "workload.driver=dummy", "--repeat", "2", "--format", "markdown")
        self.assert_code(done, 0)
        self.assertIn("| operation | figure | base | new |", done.out)
        for side, driver in (("base", "beast"), ("new", "dummy")):
            used = [result["groups"]["s3"]["driver"] for result in self.results(f"{side}*.json")]
            self.assertEqual(used, [driver] * 2)

    def test_one_pair_decides_no_gate(self):
        done = self.ab("--embedded", "--new-set", "workload.driver=beast", "--repeat", "1",
                       "--gate", "p50(get) +5%")
        self.assert_code(done, undecided)
        self.assertTrue(done.out.startswith("Inconclusive: 1 of 1 gate"), done.out)

    def test_mistakes_are_told_before_anything_runs(self):
        good = self.config("good.yaml", self.serve())
        other = self.config("other.yaml", self.serve())
        sides = ("--base", good, "--new", other)
        broken = self.file("broken.yaml", "endpoint: [\n")
        for arguments, *says in (
                (("--base", broken, "--new", good), "base: ", "broken.yaml"),
                (("--base", good, "--new", broken), "new: ", "broken.yaml"),
                (("--base", good, "--new", "absent.yaml"), "new: ", "absent.yaml"),
                ((*sides, "--new-set", "groups.0.data.size=8KiB"), "other work", "size"),
                ((*sides, "--new-set", "groups.0.load.closed.users=5"), "other work", "users"),
                ((*sides, "--base-set", "workload.secret_key=x"), "secret"),
                ((*sides, "--gate", "p99(get) 5%"), "allows no change"),
                ((*sides, "--gate", "p99(put) +5%"), "no such figure", "s3/get"),
                ((*sides, "--margin", "speed=5%"), "--margin"),
                ((*sides, "--pause", "soon"), "--pause"),
                ((*sides, "--json", "no/such/c.json"), "--json"),
                ((*sides, "--json", "out/new-2.json"), "a file of its own"),
                (sides[:2], "new: no target")):
            with self.subTest(arguments):
                done = self.ab(*arguments, "--repeat", "2")
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, *says)
                self.assert_nothing_was_made()
        self.file("out/new-12.json", "somebody's")
        done = self.ab(*sides)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, r"out/new-12\.json is there already")
        self.assertEqual(self.names(), ["new-12.json"])

    def test_both_targets_are_tried_before_the_first_run(self):
        good = self.config("good.yaml", self.serve())
        dead = self.config("dead.yaml", f"http://127.0.0.1:{harness.free_port()}")
        barred = self.config("barred.yaml", self.serve(
            "--faults", "error:rate=1,status=403,code=AccessDenied,op=create_bucket"))
        for bad, says in ((dead, "refused"), (barred, "AccessDenied")):
            for sides, side in (((bad, good), "base"), ((good, bad), "new")):
                with self.subTest(side=side, says=says):
                    done = self.ab("--base", sides[0], "--new", sides[1])
                    self.assert_code(done, harness.bad_usage)
                    self.assert_one_clear_message(done, f"chopsticks: {side}: ", says)
                    self.assert_nothing_was_made()

    def test_a_side_that_fails_later_ends_it_and_leaves_what_can_be_compared(self):
        base = self.config("base.yaml", self.serve())
        # It is tried, makes one run, and is refused then.
        new = self.config("new.yaml", self.serve("--faults", second_refused.format(2)))
        done = self.ab("--base", base, "--new", new, "--repeat", "3", "--gate", "p50(get) +5%")
        self.assert_code(done, harness.bad_usage)
        self.assertIn("run 3 of 6 (new): ", done.err)
        self.assertIn("stopped: 2 of 6 runs made", done.err)
        self.assertEqual(done.out, "")
        self.check_command(done.err, ["base-1.json"], ["new-2.json"])

    def check_command(self, said, base, new):
        """The comparison that is offered is of these, and can be made."""
        words = shlex.split(next(line for line in said.splitlines()
                                 if line.startswith("  chopsticks compare")))
        self.assertEqual(words[:2], ["chopsticks", "compare"])
        at = words.index("--vs")
        self.assertEqual([pathlib.Path(word).name for word in words[2:at]], base)
        self.assertEqual([pathlib.Path(word).name for word in words[at + 1:]], new)
        done = self.run_binary(*words[1:])
        self.assert_code(done, 0)
        self.assertIn("s3/get", done.out)

    def test_an_interrupt_keeps_the_pairs_that_are_whole(self):
        base, new = self.two(new_faults="latency:fixed=4ms")
        process = self.start("ab", "-f", self.scenario, "--base", base, "--new", new, "-t", "2s",
                             "--repeat", "3", "--output", "out folder",
                             env={"AWS_SECRET_ACCESS_KEY": harness.secret_key})
        self.folder = self.dir / "out folder"
        self.wait_for("new-2.json")
        self.wait_for_interval("new-3.jsonl")
        process.send_signal(signal.SIGINT)
        out, err = map(harness.decode, process.communicate(timeout=harness.hang_s))
        self.assertEqual(process.returncode, harness.interrupted, err)
        self.assertEqual(out, "")
        self.assertIn("interrupted: 3 of 6 runs made, the last of them cut short", err)
        self.assertEqual(self.names("*.json"), ["base-1.json", "new-2.json", "new-3.json"])
        self.check_command(err, ["base-1.json"], ["new-2.json"])

    def test_an_interrupt_in_the_first_pair_leaves_nothing_to_compare(self):
        base, new = self.two(new_faults="latency:fixed=4ms")
        process = self.start("ab", "-f", self.scenario, "--base", base, "--new", new, "-t", "1h",
                             "--output", self.folder,
                             env={"AWS_SECRET_ACCESS_KEY": harness.secret_key})
        self.wait_for_interval("base-01.jsonl")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=harness.hang_s)
        self.assertEqual(process.returncode, harness.interrupted)
        self.assertIn("nothing to compare", harness.decode(err))

    def test_invalid_runs_are_not_compared_unless_forced(self):
        arguments = ("--embedded", "--new-set", "workload.driver=beast", "--repeat", "1", "--set",
                     "limits.descriptors=0.01%", "--gate", "error_rate +50%")
        done = self.ab(*arguments)
        self.assert_code(done, harness.generator_was_limit)
        self.assertEqual(done.out, "")
        self.assertIn("--force compares them", done.err)
        self.assertRegex(done.err, r"no pair of runs may be compared: \S+base-1.json is invalid: ")
        self.assertRegex(done.err,
                         r"the 1 of 1 pairs that were made:\n  chopsticks compare --force ")
        done = self.ab(*arguments, "--force", output="forced")
        # Neither does a gate make them valid.
        self.assert_code(done, harness.generator_was_limit)
        self.assertIn("FORCED", done.out)

    def test_a_gate_that_passes_hides_no_failure_of_a_run(self):
        done = self.ab("--embedded", "--new-set", "workload.driver=beast", "--repeat", "2",
                       "--embedded-faults", no_deletes,
                       "--gate", "throughput -99%")
        self.assertRegex(done.out, r"\A(Passed|Inconclusive)")
        self.assert_code(done, harness.left_behind, undecided)
        self.assertIn("left behind: ", done.err)


if __name__ == "__main__":
    harness.main()
