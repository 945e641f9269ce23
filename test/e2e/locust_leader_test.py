#!/usr/bin/env python3
"""The leader where something is missing or taken, or nobody comes; the files for Kubernetes; and
whether a stock Locust counts as workers do.

Needs locust (Debian: python3-locust; LOCUST: another one)."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from locust_worker_test import locust, locust_case

root = pathlib.Path(__file__).resolve().parents[2]
integration = root / "integrations" / "locust"


class refusal_test(locust_case):
    def refused(self, *arguments, says, program=locust):
        done = self.run_binary("leader", "-f", self.scenario, "--locust", program, *arguments)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, says)

    def test_without_locust_it_says_what_to_install(self):
        self.refused(program="no-such-locust", says="apt install python3-locust")

    def test_port_that_is_taken_is_named_with_the_option_for_another(self):
        for option in ("--master-bind-port", "--web-port"):
            with self.subTest(option), socket.create_server(("127.0.0.1", 0)) as held:
                port = held.getsockname()[1]
                more = ["--page"] if option == "--web-port" else []
                self.refused(*more, option, port, says=f"127.0.0.1:{port}: Address already in use")

    def test_nobody_to_wait_for_is_refused(self):
        done = self.run_binary("leader", "-f", self.scenario, "--expect-workers", 0)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--expect-workers")

    def test_wrong_scenario_is_refused_by_leader_and_locustfile(self):
        wrong = self.file("wrong.yaml", "name: wrong\ngroups: [{tasks: [get], lod: 1}]\n")
        done = self.run_binary("leader", "-f", wrong, "--locust", locust)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "wrong.yaml")
        said = self.plain_locust({"CHOPSTICKS_SCENARIO": str(wrong)}, "--list")
        self.assertIn("wrong.yaml", said)
        self.assertNotIn("Traceback", said)

    def plain_locust(self, env, *arguments):
        """The locustfile as a stock Locust has it, from a folder of its own."""
        done = subprocess.run(
            [locust, "-f", str(integration / "chopsticks_locustfile.py"), *arguments],
            cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=harness.hang_s, check=False,
            env={**os.environ, "CHOPSTICKS_PROGRAM": str(harness.binary),
                 "PYTHONDONTWRITEBYTECODE": "1", **env})
        return harness.decode(done.stdout)

    def test_locustfile_works_from_any_folder_with_what_lies_beside_it(self):
        said = self.plain_locust({"CHOPSTICKS_SCENARIO": str(self.scenario)}, "--list")
        self.assertIn("readers", said)
        self.assertIn("steady", said)
        said = self.plain_locust({"CHOPSTICKS_SCENARIO": ""}, "--list")
        self.assertIn("set CHOPSTICKS_SCENARIO", said)
        said = self.plain_locust({"CHOPSTICKS_SCENARIO": str(self.scenario),
                                  "CHOPSTICKS_PROGRAM": "no-such-program"}, "--list")
        self.assertIn("install Chopsticks", said)
        self.assertNotIn("Traceback", said)


class waiting_test(locust_case):
    def wait_for_one_of_two(self, *more):
        with harness.endpoint() as endpoint:
            leader = self.leader(*more, endpoint=endpoint, workers=2)
            worker = self.worker("worker-0")
            self.wait_until("one of two workers", lambda: "1 workers connected" in self.said(),
                            [leader, worker])
            yield leader, worker
            self.assertNotIn("Traceback", self.said())
            self.assertEqual(endpoint.counters()["requests"], 0)

    def test_worker_that_never_comes_ends_the_wait_and_the_others(self):
        for leader, worker in self.wait_for_one_of_two("--expect-workers-max-wait", "6s"):
            self.assertEqual(self.ended(leader), 1)
            self.assertEqual(self.ended(worker), 0)
            self.assertIn("Gave up waiting for workers to connect", self.said())

    def test_interrupt_while_it_waits_ends_the_workers_too(self):
        for leader, worker in self.wait_for_one_of_two():
            leader.send_signal(signal.SIGINT)
            self.assertEqual(self.ended(leader), harness.interrupted)
            self.assertEqual(self.ended(worker), 0)
            self.assertIn("Interrupted while it waited for workers", self.said())


class interrupt_test(locust_case):
    def interrupt(self, times, text=None, during="get"):
        with harness.endpoint() as endpoint:
            leader = self.leader(endpoint=endpoint, workers=2, text=text)
            workers = [self.worker(f"worker-{i}") for i in range(2)]
            self.wait_until(during, lambda: endpoint.counters()["by_operation"].get(during, 0) >
                            200, [leader, *workers])
            leader.send_signal(signal.SIGINT)
            if times > 1:
                self.wait_until("word of it", lambda: "The run ends" in self.said())
                leader.send_signal(signal.SIGINT)
            self.assertEqual(self.ended(leader), harness.interrupted, self.said())
            for worker in workers:
                self.ended(worker)
            self.assertNotIn("Traceback", self.said())
            with contextlib.closing(endpoint.client()) as client:
                self.assertEqual(client.list_buckets()["Buckets"], [], self.said())

    def test_first_interrupt_ends_the_load_and_merges(self):
        self.interrupt(1)
        (page,) = self.results()
        self.assertEqual(len(harness.read_result(page.parent / "result.json")["parts"]), 2)

    def test_interrupt_while_they_prepare_ends_that(self):
        # Nobody waits for what would take hours.
        self.interrupt(1, self.file("many.yaml", closed.replace("40", "100000000")), "put")

    def test_second_interrupt_leaves_workers_that_clean_up_by_themselves(self):
        self.interrupt(2)


closed = """
name: lost
groups:
  - name: readers
    workload: s3
    data: {objects: 40, size: 4KiB}
    tasks: [get]
    load: {closed: {users: 4}}
phases: {measure: 1h}
limits: {held_up: 100%, held_up_longest: 1h, core_saturated: 100%, core_busy: 100%}
"""


class verdict_test(locust_case):
    def test_lost_worker_makes_it_incomplete_and_a_later_one_takes_its_place(self):
        with harness.endpoint() as endpoint:
            leader = self.leader("--page", "--web-port", self.web_port, endpoint=endpoint,
                                 workers=2, text=self.file("lost.yaml", closed))
            workers = [self.worker(f"worker-{i}") for i in range(2)]
            self.wait_until("two workers", lambda: len(self.stats()["workers"]) == 2, [leader])
            self.swarm(4)
            self.wait_for_users(4, 2)
            workers[1].kill()
            self.wait_until("a lost worker", lambda: any(
                w["state"] == "missing" for w in self.stats()["workers"]), [leader])
            workers[1] = self.worker("worker-2")
            self.wait_for_users(4, 2)
            self.stop_load()
            self.wait_until("a result", lambda: len(self.results()) == 1, [leader])
            leader.send_signal(signal.SIGTERM)
            self.assertEqual(self.ended(leader), 1, self.said())
        folder = self.results()[0].parent
        result = harness.read_result(folder / "result.json")
        self.assertEqual(harness.schema_errors(result), [])
        told = {one["state"]: one for one in json.loads((folder / "workers.json").read_text())}
        lost = told["lost"]["run"]
        late, = [one for one in json.loads((folder / "workers.json").read_text())
                 if one["replaces"]]
        self.assertEqual((late["replaces"], late["state"]), (lost, "done"))
        self.assertEqual(late["first_core"], told["lost"]["first_core"])
        self.assertIn(late["run"], {part["run"]["id"] for part in result["parts"]})
        self.assertFalse(result["validity"]["valid"])
        self.assertRegex(result["validity"]["reasons"][-1], f"^Incomplete.*{lost}")
        self.assertEqual(result["run"]["verdicts"]["generator"], "unknown")
        self.assertEqual(result["run"]["exit_status"], 1)

    def test_worker_that_was_the_limit_makes_the_whole_invalid(self):
        text = closed.replace("core_saturated: 100%", "core_saturated: 0.01%").replace(
            "{measure: 1h}", "{measure: 1h}\nstop: {operations: 400}")
        with harness.endpoint() as endpoint:
            leader = self.leader(endpoint=endpoint, workers=2, text=self.file("lost.yaml", text))
            for i in range(2):
                self.worker(f"worker-{i}")
            self.assertEqual(self.ended(leader), harness.generator_was_limit, self.said())
        result = harness.read_result(self.results()[0].parent / "result.json")
        self.assertEqual(result["run"]["verdicts"]["generator"], "was_limit")
        self.assertIn("busy", " ".join(result["validity"]["reasons"]))


class kubernetes_test(locust_case):
    """What the files start is what the program takes. There is no cluster here."""

    def documents(self, name):
        text = (integration / "kubernetes" / name).read_text()
        return {one["kind"]: one for one in yaml.safe_load_all(text)}

    def arguments_of(self, job):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        return container["args"]

    def config(self):
        """The folder that a cluster makes of the ConfigMap."""
        data = self.documents("leader.yaml")["ConfigMap"]["data"]
        for name, text in data.items():
            self.file(f"etc/{name}", text)
        return self.dir / "etc"

    def leader_takes(self, words):
        done = self.run_binary(*words, "--describe")
        self.assert_code(done, harness.ran)
        self.assertIn('"readers"', done.out)
        self.assertNotIn("secret_key:", done.out)

    def worker_takes(self, words):
        """Nobody listens there: it says that it looks, and ends when it is told to."""
        port = harness.free_port()
        log = self.dir / "worker.log"
        with open(log, "wb") as out:
            worker = self.start(*[word.replace("5557", str(port)) for word in words],
                                stdout=out, stderr=out)
            self.wait_until("a worker that looks for its master",
                            lambda: b"master 127.0.0.1:" in log.read_bytes(), [worker])
            worker.send_signal(signal.SIGTERM)
            self.assertEqual(self.ended(worker), harness.interrupted)

    def test_jobs_start_what_the_program_takes(self):
        etc = self.config()
        files = self.documents("leader.yaml")
        words = self.arguments_of(files["Job"])
        self.assertEqual(words[0], "leader")
        self.leader_takes([word.replace("/etc/chopsticks", str(etc)) for word in words])
        job = self.documents("workers.yaml")["Job"]
        service = files["Service"]
        self.assertIn(f"--expect-workers={job['spec']['parallelism']}", words)
        self.assertIn(f"--master-host={service['metadata']['name']}", self.arguments_of(job))
        labels = files["Job"]["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(service["spec"]["selector"], labels)
        policy = files["NetworkPolicy"]["spec"]
        self.assertEqual(policy["podSelector"]["matchLabels"], labels)
        self.assertEqual(policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"],
                         job["spec"]["template"]["metadata"]["labels"])
        self.worker_takes([word.replace("chopsticks-leader", "127.0.0.1")
                           for word in self.arguments_of(job)] + ["--master-port=5557"])

    def test_operator_starts_what_the_program_takes(self):
        etc = self.config()
        test = self.documents("operator.yaml")["LocustTest"]["spec"]
        # As the operator does, word for word.
        master = (test["masterCommandSeed"] + f" --master --master-port=5557 --expect-workers="
                  f"{test['workerReplicas']} --autostart --autoquit 60 --enable-rebalancing "
                  "--only-summary")
        self.leader_takes(master.replace("/lotest/src", str(etc)).split())
        worker = test["workerCommandSeed"] + " --worker --master-port=5557 --master-host=127.0.0.1"
        self.worker_takes(worker.split())


if __name__ == "__main__":
    harness.main()
