#!/usr/bin/env python3
"""What a run says of a target that stalls, dies or is emptied, which counts what it answered."""

import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from wilful_s3 import wilful_s3

scenario = """
name: honest
groups:
  - {name: a, workload: s3, data: {objects: 40, size: 1KiB}, tasks: [TASK], load: {LOAD}}
phases: {warmup: 0s, measure: MEASURE, drain: 1s, cleanup: {patience: 1s}}
timeouts: {connect: 2s, operation: 30s}
error_limit: LIMIT
seed: 3
"""


class honest_test(harness.case):
    def run_against(self, target, load, *arguments, task="get", measure="4s", limit="1%"):
        text = (scenario.replace("LOAD", load).replace("TASK", task).replace("MEASURE", measure)
                .replace("LIMIT", limit))
        output = self.dir / "r.json"
        done = self.run_binary(
            "run", "-f", self.file("s.yaml", text), "--endpoint", target.url, "--access-key",
            "somebody", "--cores", "1", "--output", output, *arguments,
            env={"AWS_SECRET_ACCESS_KEY": "a-secret-key"}, timeout=120)
        result = harness.read_result(output)
        self.assertEqual(harness.schema_errors(result), [])
        return done, result

    def test_stall_at_the_end_is_in_the_percentiles(self):
        # It answers 200 of the 1,600 that will be due, and then nobody.
        with wilful_s3(stall_after=200) as target:
            done, result = self.run_against(
                target, "open: {rate: 400, arrivals: constant, max_in_flight: 16}",
                "--slo", "p99(get) < 500ms", "--slo", "p50(get) < 500ms",
                "--slo", "error_rate < 50%", "--slo", "unfinished < 10%",
                "--slo", "shed_rate <= 0", limit="100%")
            answered = target.answered
        self.assert_code(done, harness.errors_or_slo)
        get = result["operations"]["a/get"]
        self.assertEqual(get["ok"], answered)
        self.assertEqual(get["failed"], 16)
        self.assertEqual(get["ok"] + get["failed"] + get["shed"] + get["unfinished"],
                         result["load"]["intended"])
        self.assertEqual(get["unfinished"], result["load"]["backlog_at_end"])
        self.assertGreater(get["unfinished"], 1000)
        self.assertIn("p50_ns", get["response"]["at_least"])
        self.assertGreater(get["response"]["p50_ns"], 1e9)
        self.assertEqual([one["met"] for one in result["slo"]["objectives"]],
                         [False, False, False, False, True])
        self.assertTrue(result["slo"]["objectives"][0]["at_least"])
        self.assertIn("Unanswered", done.out)
        self.assertIn("at least", done.out)
        self.assertEqual(len(target.objects), 0)

    def test_shed_work_fails_what_it_touches(self):
        # Two at a time, 50 ms each: 40 of the 200 per second can be done, on a slow machine fewer.
        with wilful_s3(delay_s=0.05) as target:
            done, result = self.run_against(
                target, "open: {rate: 200, arrivals: constant, max_in_flight: 2, queue_limit: 4}",
                "--slo", "error_rate < 20%", "--slo", "p99(get) < 60s", "--slo", "shed_rate < 20%")
            answered = target.answered
        self.assert_code(done, harness.errors_or_slo, harness.generator_was_limit)
        get = result["operations"]["a/get"]
        self.assertEqual(get["ok"], answered)
        self.assertEqual(get["shed"], result["load"]["shed"])
        self.assertGreater(get["shed"], 400)
        self.assertEqual([one["met"] for one in result["slo"]["objectives"]], [False] * 3)
        self.assertIn("shed", done.out)

    def test_target_that_dies_fails_the_run_although_few_operations_failed(self):
        with wilful_s3(die_after=1000) as target:
            done, result = self.run_against(target, "closed: {users: 4}", measure="8s", limit="50%")
        # A reset may overtake the last answers.
        self.assertLessEqual(result["operations"]["a/get"]["ok"], 1000)
        self.assertGreater(result["operations"]["a/get"]["ok"], 990)
        silence = result["groups"]["a"]["silence"]
        self.assert_code(done, harness.errors_or_slo)
        self.assertEqual(len(silence["outages"]), 1)
        end = silence["outages"][0]["start_s"] + silence["outages"][0]["duration_s"]
        self.assertAlmostEqual(end, result["run"]["duration_s"], places=3)
        self.assertGreater(silence["outage_share"], 0.02)
        self.assertIn("OUTAGE", done.out)

    def test_outage_that_the_scenario_allows_is_told_and_no_failure(self):
        with wilful_s3(die_after=1000) as target:
            done, result = self.run_against(target, "closed: {users: 4}", "--set",
                                            "limits.outage=100%", measure="6s", limit="50%")
        self.assert_code(done, harness.ran, harness.generator_was_limit,
                         harness.left_behind)
        self.assertGreater(result["groups"]["a"]["silence"]["outage_share"], 0.02)
        self.assertNotIn("OUTAGE", done.out)
        self.assertIn("longest time without a success", done.out)
        self.assertIn("Group a gave no success from", done.out)
        self.assertIn("the scenario allows 100.0%", " ".join(done.out.split()))

    def test_outage_that_stops_many_users_is_no_excuse_for_itself(self):
        # Sixteen of a few hundred operations wait as long as it lasts: more than one of a hundred.
        with wilful_s3(stall_after=200, stall_s=2.5, delay_s=0.1) as target:
            done, result = self.run_against(target, "closed: {users: 16}", measure="5s")
        silence = result["groups"]["a"]["silence"]
        self.assertLess(silence["allowed_s"], 2)
        self.assertGreater(silence["outage_s"], 2)
        self.assert_code(done, harness.errors_or_slo)
        self.assertIn("OUTAGE", done.out)

    def test_endpoint_that_hangs_is_an_outage_beside_one_that_answers(self):
        with wilful_s3(delay_s=0.002) as good, wilful_s3(delay_s=0.002, stall_after=100) as bad:
            done, result = self.run_against(
                good, "closed: {users: 8}", "--endpoint", bad.url, measure="5s", limit="50%")
        self.assert_code(done, harness.errors_or_slo)
        self.assertEqual(result["groups"]["a"]["silence"]["outage_share"], 0)
        by_url = {one["endpoint"]: one for one in result["endpoint_silences"]}
        self.assertEqual(by_url[good.url]["outage_share"], 0)
        self.assertGreater(by_url[bad.url]["outage_share"], 0.3)
        self.assertIn(bad.url + " (group a) gave no success from", " ".join(done.out.split()))

    def test_load_that_runs_out_of_objects_says_so_and_measures_until_then(self):
        with wilful_s3() as target:
            done, result = self.run_against(target, "closed: {users: 4}", task="delete",
                                            measure="1h")
            deleted = target.deleted
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        self.assertEqual(deleted, 40)
        group = result["groups"]["a"]
        self.assertTrue(group["exhausted"])
        self.assertEqual(group["load"]["issued"], 40)
        self.assertEqual(group["load"]["completed"], 40)
        self.assertLess(result["run"]["duration_s"], 600)
        rate = result["operations"]["a/delete"]["rate_per_s"]
        self.assertAlmostEqual(rate * group["measured_s"], 40, delta=0.1)
        self.assertIn("nothing left to work on", done.said.replace("\n            ", " "))

    def test_generator_that_stands_still_in_the_drain_is_said_to(self):
        with wilful_s3(stall_after=0) as target:
            text = (scenario.replace("LOAD", "closed: {users: 16}").replace("TASK", "get")
                    .replace("MEASURE", "2s").replace("drain: 1s", "drain: 60s")
                    .replace("LIMIT", "1%"))
            output = self.dir / "r.json"
            process = self.start("run", "-f", self.file("s.yaml", text), "--endpoint", target.url,
                                 "--access-key", "somebody", "--cores", "1", "--output", output,
                                 env={"AWS_SECRET_ACCESS_KEY": "a-secret-key"})
            # The reads are begun in the measure phase, which lasts two seconds, and answered behind
            # it.
            harness.wait_until("the reads", lambda: target.asked == 16)
            time.sleep(3)
            process.send_signal(signal.SIGSTOP)
            time.sleep(2)
            process.send_signal(signal.SIGCONT)
            target.release()
            process.communicate(timeout=harness.hang_s)
        result = harness.read_result(output)
        self.assertEqual(result["operations"]["a/get"]["ok"], 16)
        self.assertEqual(process.returncode, harness.generator_was_limit)
        self.assertFalse(result["validity"]["valid"])
        self.assertIn("held up", " ".join(result["validity"]["reasons"]))


if __name__ == "__main__":
    harness.main()
