#!/usr/bin/env python3
"""The generator's health: what a result says of it, and what makes a run invalid."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

dummy = ["--set", "workload.driver=dummy", "--set", "phases.prepare=false",
         "--set", "phases.cleanup=false", "--set", "phases.warmup=100ms", "--cores", "1"]


class health_case(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", harness.small_scenario)
        self.output = self.dir / "r.json"

    def run_it(self, *arguments, codes=(harness.ran, harness.generator_was_limit), **how):
        done = self.run_binary("run", "-f", self.scenario, "--output", self.output, *arguments,
                               **how)
        self.assert_code(done, *codes)
        return done, harness.read_result(self.output)

    def assert_reason(self, done, result, words):
        self.assertEqual(done.code, harness.generator_was_limit)
        self.assertFalse(result["validity"]["valid"])
        self.assertIn(words, " ".join(result["validity"]["reasons"]))
        self.assertIn("INVALID", done.said)


class figures_test(health_case):
    def test_health_is_in_the_result_the_intervals_and_the_report(self):
        done, result = self.run_it("--embedded", "--set", "phases.measure=1500ms")
        self.assertEqual(harness.schema_errors(result), [])
        health = result["health"]
        self.assertGreater(health["loop_turns"]["count"], 100)
        self.assertGreaterEqual(health["sampling"]["samples"], 1)
        self.assertLess(health["sampling"]["cpu_s"], 0.5)
        self.assertIn("lo", health["nic"])
        self.assertIsNone(health["nic"]["lo"]["utilisation"])
        self.assertGreater(health["descriptors"]["limit"], health["descriptors"]["open_max"])
        self.assertEqual(health["clock"]["steps"], 0)
        if health["tcp"]["connections_max"] is not None:
            self.assertGreaterEqual(health["tcp"]["connections_max"], 1)
            self.assertGreater(health["tcp"]["rtt"]["p50_ns"], 0)
            self.assertLess(health["ports"]["left_min"], health["ports"]["in_all"])
        for one in result["intervals"]:
            self.assertIn("loop_turn_p99_ns", one["health"])
        self.assertIn("\nHealth ", done.said)
        self.assertIn("loop turn p99", done.said)

    def test_limits_are_read_and_told(self):
        _, result = self.run_it("--embedded", "--set", "phases.measure=300ms",
                                "--set", "limits.steal=50%", "--set", "limits.clock_step=1s")
        self.assertEqual(result["scenario"]["limits"]["steal"], 0.5)
        self.assertEqual(result["scenario"]["limits"]["clock_step_s"], 1)
        done = self.run_binary("run", "-f", self.scenario, "--embedded", "--set",
                               "limits.steel=50%")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "steel")


class calibrate_test(health_case):
    def test_run_cites_the_calibration_of_its_host_and_no_other(self):
        cache = self.dir / "cache"
        env = {"XDG_CACHE_HOME": str(cache)}
        asked = self.dir / "c.json"
        done = self.run_binary("calibrate", "--duration", "4s", "--held-up", "100%", "--output",
                               asked, env=env, timeout=150)
        self.assert_code(done, harness.ran)
        for line in done.out.splitlines():
            if not line.startswith(("Runs on", "Written")):
                self.assertLessEqual(len(line), 79, line)
        found = json.loads(asked.read_text())
        kept = cache / "chopsticks" / "calibration.json"
        self.assertEqual(found, json.loads(kept.read_text()))
        self.assertGreater(found["dummy"]["ops_per_s"], 1000)
        for op in ("get", "put"):
            self.assertGreater(found[op]["small"]["full_core_ops_per_s"],
                               found[op]["large"]["full_core_ops_per_s"], op)
            self.assertGreater(found[op]["ns_per_request"], 0)
        self.assertEqual(set(found["timers"]), {"spin", "hybrid", "sleep"})
        self.assertGreaterEqual(len(found["send_lag"]), 1)
        arguments = ["--embedded", "--set", "phases.measure=500ms"]
        done, result = self.run_it(*arguments, env=env)
        self.assertEqual(harness.schema_errors(result), [])
        used = result["health"]["calibration"]
        self.assertEqual(used["file"], str(kept))
        self.assertEqual(used["made"], found["made"])
        self.assertGreater(used["used_share"], 0)
        self.assertIn("of what the", " ".join(done.said.split()))
        # Of another machine, and of none.
        found["identity"]["cpu_model"] = "another"
        kept.write_text(json.dumps(found))
        self.assertIsNone(self.run_it(*arguments, env=env)[1]["health"]["calibration"])
        kept.write_text("{")
        self.assertIsNone(self.run_it(*arguments, env=env)[1]["health"]["calibration"])

    def test_figures_of_a_host_that_others_use_are_not_kept(self):
        cache = self.dir / "cache"
        asked = self.dir / "c.json"
        # Nobody is left alone for all of the time.
        done = self.run_binary("calibrate", "--duration", "2s", "--held-up", "0", "--output", asked,
                               env={"XDG_CACHE_HOME": str(cache)}, timeout=300)
        self.assert_code(done, harness.generator_was_limit)
        self.assertIn("nothing was written", done.err)
        self.assertIn("The generator was held up", done.err)
        self.assertIn("dummy driver", done.out)
        self.assertFalse(asked.exists())
        self.assertFalse(cache.exists())

    def test_bad_share_is_refused(self):
        for share in ("5 %x", "-1", "101%", "much"):
            done = self.run_binary("calibrate", "--held-up", share)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "--held-up")

    def test_bad_duration_is_refused(self):
        done = self.run_binary("calibrate", "--duration", "soon")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--duration")


class rules_test(health_case):
    def test_rate_beyond_a_core_is_the_generators_fault(self):
        done, result = self.run_it(*dummy, "--set", "phases.measure=3s", "--rate", "50000000",
                                   "--set", "phases.warmup=0s")
        # How busy the core was depends on who else wants the CPU; that it was late does not.
        self.assert_reason(done, result, "sent due operations late")
        self.assertIn("cores can do", " ".join(result["validity"]["reasons"]))

    def test_limits_of_the_scenario_decide(self):
        done, result = self.run_it(*dummy, "--set", "phases.measure=500ms", "--rate", "1000",
                                   "--set", "limits.send_lag_floor=1ns", "--set",
                                   "limits.send_lag=0")
        self.assert_reason(done, result, "sent due operations late")
        done, result = self.run_it("--embedded", "--set", "phases.measure=500ms",
                                   "--set", "limits.descriptors=0.01%")
        self.assert_reason(done, result, "File descriptors ran out")

    def test_ports_that_run_out_are_the_generators_fault(self):
        # A network namespace of its own, with three ports.
        inside = ("ip link set lo up && echo 40000 40002 > "
                  "/proc/sys/net/ipv4/ip_local_port_range && exec \"$@\"")
        # In a chroot there is none for plain users, who are root in a name space of their own.
        for unshare in (["unshare", "-n"], ["unshare", "-rn"]):
            tried = subprocess.run([*unshare, "sh", "-c", inside, "sh", "true"],
                                   capture_output=True, check=False)
            if tried.returncode == 0:
                break
        else:
            self.skipTest("no network namespaces here")
        done = subprocess.run(
            [*unshare, "sh", "-c", inside, "sh", harness.binary, "run", "-f",
             self.scenario, "--embedded", "--output", self.output, "-u", "8",
             "--set", "phases.prepare=false", "--set", "phases.measure=500ms",
             # No port comes free for cleanup either, which would wait for minutes.
             "--set", "phases.cleanup={patience: 2s}"],
            capture_output=True, text=True, timeout=60, check=False, cwd=self.dir)
        result = harness.read_result(self.output)
        self.assertIn("Local ports ran out", " ".join(result["validity"]["reasons"]), done.stderr)
        self.assertEqual(result["health"]["ports"]["in_all"], 3)


idle_users = """
name: held
groups:
  - workload: s3
    data: {objects: 40, size: 4KiB}
    tasks: [get]
    load: {LOAD}
"""


def cpu_s_of(process):
    """What a program of ours that still runs has used so far."""
    fields = harness.process_stat(process.pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class held_up_test(health_case):
    """The generator kept from running: the target answers at once, whatever the clock says."""

    def begin(self, measure, *arguments, warmup="0s", load="closed: {users: 4, think_time: 2ms}",
              **how):
        self.scenario.write_text(idle_users.replace("LOAD", load))
        process = self.start("run", "-f", self.scenario, "--output", self.output, *dummy,
                             "--set", f"phases.measure={measure}", "--set",
                             f"phases.warmup={warmup}", *arguments, **how)
        stream = self.dir / "r.jsonl"
        harness.wait_until("the first interval", lambda: process.poll() is not None or
                           stream.exists() and len(stream.read_text().splitlines()) > 1)
        self.assertIsNone(process.poll(), "it ended at once")
        return process

    def end(self, process):
        said = b"".join(process.communicate(timeout=harness.hang_s))
        self.assertEqual(process.returncode, harness.generator_was_limit, said)
        result = harness.read_result(self.output)
        self.assertEqual(harness.schema_errors(result), [])
        self.assertFalse(result["validity"]["valid"])
        reasons = " ".join(result["validity"]["reasons"])
        self.assertIn("The generator was held up: core 0", reasons)
        self.assertIn("INVALID", harness.decode(said))
        self.assertIn("held up", " ".join(harness.decode(said).split()))
        return result, reasons

    def test_stopped_by_a_signal(self):
        process = self.begin("6s")
        process.send_signal(signal.SIGSTOP)
        # Longer than what is left: it is the greatest part of what was lost on any machine.
        time.sleep(3.5)
        process.send_signal(signal.SIGCONT)
        result, reasons = self.end(process)
        self.assertIn("SIGSTOP", reasons)
        self.assertNotIn("--idle spin", reasons)
        held_up = result["health"]["held_up"]
        self.assertEqual(held_up["by"], "stop")
        self.assertGreater(held_up["longest_ns"], 3e9)
        self.assertGreater(result["generator"]["cores"][0]["stopped_s"], 3)
        self.assertGreater(max(i["health"]["held_up_max_ns"] for i in result["intervals"]), 3e9)

    def test_stopped_over_the_end_of_the_warm_up(self):
        process = self.begin("4s", warmup="2s", load="open: {rate: 200}")
        process.send_signal(signal.SIGSTOP)
        # From the warm-up, which has a second left at most, into the measure phase.
        time.sleep(3)
        process.send_signal(signal.SIGCONT)
        # The silence of the measure phase is the generator's: its status is not the target's.
        result, _ = self.end(process)
        self.assertEqual(result["run"]["verdicts"]["target"], "fine")
        self.assertGreater(result["health"]["held_up"]["longest_ns"], 1e9)

    def test_stopped_and_continued_as_a_quota_does(self):
        process = self.begin("4s")
        over = threading.Event()

        def hold_up():
            while not over.is_set():
                process.send_signal(signal.SIGSTOP)
                time.sleep(0.07)
                process.send_signal(signal.SIGCONT)
                time.sleep(0.03)

        helper = threading.Thread(target=hold_up)
        helper.start()
        self.addCleanup(helper.join)
        self.addCleanup(over.set)
        harness.wait_until("the end", lambda: process.poll() is not None)
        over.set()
        result, _ = self.end(process)
        self.assertGreater(result["generator"]["cores"][0]["held_up_share"], 0.3)
        self.assertGreater(result["generator"]["cores"][0]["stopped_s"], 0.5)

    def test_quota_of_a_control_group(self):
        group = pathlib.Path(f"/sys/fs/cgroup/cpu/chopsticks-test-{os.getpid()}")
        v2 = pathlib.Path(f"/sys/fs/cgroup/chopsticks-test-{os.getpid()}")
        try:
            if group.parent.exists():
                group.mkdir()
                self.addCleanup(group.rmdir)
                (group / "cpu.cfs_period_us").write_text("100000")
                (group / "cpu.cfs_quota_us").write_text("10000")
            else:
                group = v2
                group.mkdir()
                self.addCleanup(group.rmdir)
                (group / "cpu.max").write_text("10000 100000")
        except OSError as error:
            self.skipTest(f"no control group with a CPU quota can be made here: {error}")

        def enter():
            (group / "cgroup.procs").write_text(str(os.getpid()))

        # Users that do not think want all of a CPU, and get a tenth of one.
        process = self.begin("4s", "--set", "groups.0.load.closed.think_time=0s", preexec_fn=enter)
        result, reasons = self.end(process)
        held_up = result["health"]["held_up"]
        # On a machine that others use it may have waited longer for them.
        self.assertIn("CPU quota", reasons)
        self.assertIn(held_up["by"], ("quota", "others"))
        self.assertGreater(held_up["throttled_share"], 0.2)
        self.assertGreater(held_up["throttled_s"], 0.3)

    def test_other_programs_are_named(self):
        # Ten on each CPU, so that a fair share is well below a half.
        burn = "while True: pass"
        hogs = []
        for _ in range(10 * (os.cpu_count() or 1)):
            hogs.append(subprocess.Popen([sys.executable, "-c", burn]))
            self.addCleanup(hogs[-1].wait)
            self.addCleanup(hogs[-1].kill)
        process = self.begin("4s", "--set", "groups.0.load.closed.think_time=0s")
        result, reasons = self.end(process)
        held_up = result["health"]["held_up"]
        self.assertEqual(held_up["by"], "others")
        named = {one["name"]: one["cpu_s"] for one in held_up["processes"]}
        if not any("python" in name for name in named):
            # Three are named, and others may have used more than all of these.
            self.assertEqual(len(named), 3, named)
            self.assertGreater(sum(named.values()), sum(map(cpu_s_of, hogs)), named)
        self.assertIn("other processes had the CPUs", reasons)
        self.assertNotIn("--idle spin", reasons)
        self.assertGreater(held_up["others_cpu_s"], held_up["process_cpu_s"])


if __name__ == "__main__":
    harness.main()
