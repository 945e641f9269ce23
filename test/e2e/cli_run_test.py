#!/usr/bin/env python3
"""Whole runs: what is in the result, on the screen, and nowhere else."""

import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

short = ["--set", "phases.measure=1s"]


class run_case(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", harness.small_scenario)
        self.output = self.dir / "r.json"

    def run_embedded(self, *arguments, codes=(harness.ran, harness.generator_was_limit), **how):
        done = self.run_binary("run", "-f", self.scenario, "--embedded", "--output", self.output,
                               *arguments, **how)
        self.assert_code(done, *codes)
        return done, harness.read_result(self.output)


class result_test(run_case):
    def test_result_agrees_with_the_schema_and_with_itself(self):
        done, result = self.run_embedded()
        self.assertEqual(harness.schema_errors(result), [])
        ok, failed, size = harness.all_operations(result)
        self.assertGreater(ok, 100)
        self.assertEqual(failed, 0, done.said)
        self.assertEqual(result["total"]["ok"], ok)
        self.assertEqual(result["total"]["bytes"], size)
        self.assertEqual(result["run"]["exit_status"], done.code)
        self.assertEqual(result["validity"]["valid"], done.code == harness.ran)
        self.assertFalse(result["run"]["interrupted"])
        self.assertEqual(result["run"]["seed"], 7)
        self.assertAlmostEqual(result["run"]["duration_s"], 2, delta=0.9)
        load = result["load"]
        self.assertEqual(load["completed"] + load["cancelled"], load["issued"])
        self.assertEqual(load["issued"], load["intended"])
        for name, one in result["operations"].items():
            with self.subTest(name):
                for figure in ("response", "service", "send_lag"):
                    self.assertEqual(one[figure]["count"], one["ok"], figure)
                    ordered = [one[figure][key] for key in (
                        "min_ns", "p50_ns", "p75_ns", "p90_ns", "p95_ns", "p99_ns", "p999_ns",
                        "p9999_ns")]
                    self.assertEqual(ordered, sorted(ordered), figure)
                self.assertAlmostEqual(one["rate_per_s"],
                                       one["ok"] / result["run"]["duration_s"],
                                       delta=0.01 * one["rate_per_s"] + 0.01)
        for op in ("get", "put"):
            one = result["operations"][f"s3/{op}"]
            self.assertEqual(one["bytes"], one["ok"] * 4096)

    def test_intervals_add_up_to_the_totals_and_are_in_the_stream(self):
        _, result = self.run_embedded()
        sums = {}
        for interval in result["intervals"]:
            for name, one in interval["operations"].items():
                sums[name] = sums.get(name, 0) + one["ok"] + one["failed"]
        cut = result["run"]["warmup_cut"]
        total = sum(one["ok"] + one["failed"] for one in result["operations"].values())
        self.assertEqual(sum(sums.values()), total + cut["ok"] + cut["failed"])
        header, streamed = harness.read_stream(result["interval_file"])
        self.assertEqual(header["run"]["id"], result["run"]["id"])
        self.assertEqual(streamed, result["intervals"])

    def test_histograms_decode_to_the_counts_beside_them(self):
        import hdr_decode
        _, result = self.run_embedded()
        for one in result["operations"].values():
            if one["ok"]:
                decoded = hdr_decode.decode(one["response"]["hdr"])
                counts = getattr(decoded, "counts", decoded)
                total = sum(counts.values() if isinstance(counts, dict) else
                            (count for _, count in counts))
                self.assertEqual(total, one["ok"])

    def test_same_seed_issues_the_same_objects_and_sizes(self):
        _, first = self.run_embedded("--set", "stop.operations=200", "-u", "1", "--cores", "1")
        _, again = self.run_embedded("--set", "stop.operations=200", "-u", "1", "--cores", "1")
        issued = [{name: one["ok"] for name, one in result["operations"].items()}
                  for result in (first, again)]
        self.assertEqual(issued[0], issued[1])

    def test_options_win_over_the_scenario(self):
        _, result = self.run_embedded("-u", "2", "-t", "1s", "--seed", "99", "--headless",
                                      "-r", "100")
        self.assertEqual(result["run"]["seed"], 99)
        self.assertAlmostEqual(result["run"]["duration_s"], 1, delta=0.9)
        self.assertEqual(result["groups"]["s3"]["users"], 2)

    def test_stages_have_figures_of_their_own_and_a_duration_that_cuts_them_is_told(self):
        self.scenario = self.file("s.yaml", harness.small_scenario.replace(
            "load: {closed: {users: 4}}",
            "load: {open: {arrivals: constant, stages: [{duration: 1s, rate: 100}, "
            "{duration: 3s, rate: 300}]}}").replace("measure: 2s, ", ""))
        done, result = self.run_embedded("-t", "2s")
        self.assertRegex(done.said, "--duration 2s cuts the stages, which last 4s")
        self.assertEqual(harness.schema_errors(result), [])
        stages = result["stages"]
        self.assertEqual([one["duration_s"] for one in stages], [1, 1])
        for stage, due in zip(stages, (100, 300)):
            self.assertAlmostEqual(stage["load"]["intended"], due, delta=1)
            self.assertAlmostEqual(stage["load"]["intended_rate_per_s"], due, delta=1e-3)
        for key in ("ok", "failed", "bytes"):
            self.assertEqual(sum(one["total"][key] for one in stages), result["total"][key])
        self.assertEqual(result["scenario"]["groups"][0]["load"]["open"]["stages"][1],
                         {"duration_s": 3, "rate_per_s": 300, "ramp_s": 0})
        planned = result["groups"]["s3"]["pacing"]["planned_gaps"]
        self.assertAlmostEqual(planned["mean"], 1, delta=1e-3)
        self.assertLess(planned["variation"], 1e-3)

    def test_open_loop_issues_the_asked_rate(self):
        scenario = harness.small_scenario.replace(
            "load: {closed: {users: 4}}",
            "load: {open: {rate: 200, arrivals: constant, max_in_flight: 32}}")
        self.scenario = self.file("s.yaml", scenario)
        _, result = self.run_embedded()
        self.assertAlmostEqual(result["load"]["intended"], 200 * result["run"]["duration_s"],
                               delta=20)
        self.assertEqual(result["load"]["intended"],
                         result["load"]["issued"] + result["load"]["shed"]
                         + result["load"]["backlog_at_end"])
        self.assertEqual(result["groups"]["s3"]["loop"], "open")

    def test_latency_of_a_slow_target_counts_from_when_work_was_due(self):
        # 50 per second are due, one connection at 100 ms each does 10: waiting grows to seconds.
        self.scenario = self.file("s.yaml", harness.small_scenario.replace(
            "load: {closed: {users: 4}}",
            "load: {open: {rate: 50, arrivals: constant, max_in_flight: 1}}"))
        with harness.endpoint() as server:
            server.set_faults("latency:fixed=100ms,op=get;latency:fixed=100ms,op=put;"
                              "latency:fixed=100ms,op=delete")
            self.run_binary("run", "-f", self.scenario, "--output", self.output,
                            "--cores", "1", "--set", "groups.0.data.objects=8",
                            *server.target(), env=server.credentials, timeout=90)
        get = harness.read_result(self.output)["operations"]["s3/get"]
        self.assertLess(get["service"]["p50_ns"], 300e6)
        self.assertGreater(get["response"]["p50_ns"], 2 * get["service"]["p50_ns"])


class server_counts_test(run_case):
    def test_counts_agree_with_the_servers_own(self):
        with harness.endpoint() as server:
            before = server.counters()
            done = self.run_binary("run", "-f", self.scenario, "--output", self.output,
                                   *server.target(), env=server.credentials)
            self.assert_code(done, harness.ran, harness.generator_was_limit)
            after = server.counters()
            result = harness.read_result(self.output)
        served = {name: count - before["by_operation"].get(name, 0)
                  for name, count in after["by_operation"].items()}
        mine = {name.split("/")[1]: one["ok"] + one["failed"]
                for name, one in result["operations"].items()}
        cut = result["run"]["warmup_cut"]
        slack = cut["ok"] + cut["failed"] + result["load"]["cancelled"]
        # Start-up checks ask too, but not by reading or writing objects of the run.
        self.assertLessEqual(mine["get"], served["get"])
        self.assertLessEqual(served["get"], mine["get"] + slack)
        puts = mine["put"] + result["data"]["prepared"] + 1  # the run's mark
        self.assertLessEqual(puts, served["put"])
        self.assertLessEqual(served["put"], puts + slack)
        self.assertEqual(after["objects"], before["objects"], "cleanup left objects behind")
        self.assertEqual(result["data"]["left_behind"], 0)

    def test_objects_alive_before_cleanup_are_what_the_server_has(self):
        with harness.endpoint() as server:
            done = self.run_binary("run", "-f", self.scenario, "--output", self.output,
                                   "--set", "phases.cleanup=false", "--bucket", "kept",
                                   *server.target(), env=server.credentials)
            self.assert_code(done, harness.ran, harness.generator_was_limit)
            result = harness.read_result(self.output)
            keys = harness.keys_in(server.client(), "kept", "e2e/")
            objects = harness.objects_of_runs(server.client(), "kept", "e2e/")
        self.assertEqual(len(objects), result["data"]["alive_before_cleanup"])
        self.assertEqual([key for key in keys if key not in objects],
                         [f"e2e/runs/{result['run']['id']}/s3.json"])

    def test_foreign_objects_are_untouched_and_a_bucket_of_others_stays(self):
        with harness.endpoint() as server:
            client = server.client()
            client.create_bucket(Bucket="shared")
            for key in ("e2e/mine", "e2e/", "e2", "other/x"):
                client.put_object(Bucket="shared", Key=key, Body=key.encode())
            self.run_binary("run", "-f", self.scenario, "--output", self.output, *short,
                            "--bucket", "shared", *server.target(), env=server.credentials)
            self.assertEqual(sorted(harness.keys_in(client, "shared")),
                             sorted(["e2e/mine", "e2e/", "e2", "other/x"]))
            for key in ("e2e/mine", "other/x"):
                body = client.get_object(Bucket="shared", Key=key)["Body"].read()
                self.assertEqual(body, key.encode())


class secrecy_test(run_case):
    secret = "hush-4711-do-not-tell"

    def test_secret_is_in_no_file_no_output_and_not_in_the_process_title(self):
        seen = []
        with harness.endpoint() as server:
            process = self.start("run", "-f", self.scenario, "--output", self.output,
                                 *server.target(), env={"AWS_SECRET_ACCESS_KEY": self.secret})
            while process.poll() is None:
                try:
                    seen.append(pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes())
                except OSError:
                    break
                time.sleep(0.05)
            out, err = process.communicate(timeout=harness.hang_s)
        self.assertTrue(seen)
        for text in (*seen, out, err):
            self.assertNotIn(self.secret.encode(), text)
        self.check_files()

    def check_files(self):
        for path in self.dir.rglob("*"):
            if path.is_file() and path.name != "config.yaml":
                self.assertNotIn(self.secret.encode(), path.read_bytes(), path)

    def test_secret_of_a_config_file_stays_in_it(self):
        with harness.endpoint() as server:
            # Not the server's secret: the refusal must not quote it either.
            config = self.file("config.yaml",
                               f"s3: {{endpoint: '{server.url}', access_key: chopsticks, "
                               f"secret_key: {self.secret}}}\n")
            config.chmod(0o600)
            done = self.run_binary("run", "-f", self.scenario, "--workload-config", config,
                                   "--output", self.output)
        self.assertNotEqual(done.code, 0)
        self.assertNotIn(self.secret, done.said)
        self.check_files()

    def test_secret_of_a_good_run_is_not_in_its_result(self):
        with harness.endpoint() as server:
            config = self.file("config.yaml",
                               f"s3: {{endpoint: '{server.url}', access_key: chopsticks, "
                               f"secret_key: {harness.secret_key}}}\n")
            done = self.run_binary("run", "-f", self.scenario, "--workload-config", config,
                                   "--output", self.output, *short)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        for text in (done.said, self.output.read_text(),
                     pathlib.Path(str(self.output) + "l").read_text()):
            self.assertNotIn(harness.secret_key, text)


class output_test(run_case):
    def test_full_disk_loses_nothing(self):
        done = self.run_binary("run", "-f", self.scenario, "--embedded", *short,
                               "--output", "/dev/full", env={"TMPDIR": str(self.dir)})
        self.assert_code(done, harness.ran, harness.generator_was_limit, harness.bad_usage,
                         harness.errors_or_slo)
        self.assertRegex(done.err, "(?i)no space|full")
        if done.code != harness.bad_usage:  # noticed afterwards: then it must be elsewhere
            kept = [path for path in self.dir.glob("*.json")]
            self.assertTrue(kept, done.said)
            self.assertEqual(harness.schema_errors(harness.read_result(kept[0])), [])

    def test_default_output_has_a_name_of_its_own_in_the_current_folder(self):
        for _ in range(2):
            self.run_binary("run", "-f", self.scenario, "--embedded", *short)
        results = sorted(path.name for path in self.dir.rglob("*.json"))
        self.assertEqual(len(results), 2, results)

    def test_stdout_closed_early_does_not_end_the_run(self):
        command = (f"'{harness.binary}' run -f '{self.scenario}' --embedded --output "
                   f"'{self.output}' | head -n 1")
        subprocess.run(["bash", "-c", command], cwd=self.dir, timeout=60, check=False,
                       env=harness.environment(self.dir), stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.assertEqual(harness.schema_errors(harness.read_result(self.output)), [])

    def test_without_a_terminal_lines_are_plain_and_appended(self):
        done, _ = self.run_embedded()
        self.assertNotIn("\x1b", done.said)
        self.assertNotIn("\r", done.said)
        self.assertGreaterEqual(len(done.said.splitlines()), 4)

    def test_quiet_prints_no_progress(self):
        loud, _ = self.run_embedded()
        quiet, _ = self.run_embedded("--quiet")
        self.assertLess(len(quiet.said.splitlines()), len(loud.said.splitlines()))

    def test_final_table_fits_80_columns_and_names_every_operation(self):
        done, result = self.run_embedded()
        for line in done.said.splitlines():
            if str(self.dir) not in line:  # a path is as long as it is
                self.assertLessEqual(len(line), 80, line)
        for name in result["operations"]:
            self.assertIn(name, done.said)
        self.assertRegex(done.said, r"\b(IN)?VALID\b|valid")

    def test_terminal_of_80_columns_is_never_overrun(self):
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        process = self.start("run", "-f", self.scenario, "--embedded", "--output", "r.json",
                             stdin=follower, stdout=follower, stderr=follower)
        os.close(follower)
        said = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            said += piece
        os.close(leader)
        process.wait(timeout=harness.hang_s)
        self.assertIn(process.returncode, (harness.ran, harness.generator_was_limit))
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
        self.assertIn("\r", text, "nothing was drawn in place")
        # What the driver counts of its own has a line there, and one of the report.
        self.assertRegex(text, r"reused_connections [0-9.]+k?/s")
        self.assertRegex(text, r"s3/reused_connections +[0-9]+ requests")
        for line in re.split(r"[\r\n]+", text):
            self.assertLessEqual(len(line), 80, line)

    def test_no_color_is_respected_on_a_terminal(self):
        leader, follower = pty.openpty()
        process = self.start("run", "-f", self.scenario, "--embedded", "--output", "r.json",
                             *short, env={"NO_COLOR": "1"}, stdout=follower, stderr=follower)
        os.close(follower)
        said = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            said += piece
        os.close(leader)
        process.wait(timeout=harness.hang_s)
        self.assertIsNone(re.search(rb"\x1b\[[0-9;]*m", said), said[:2000])


if __name__ == "__main__":
    harness.main()
