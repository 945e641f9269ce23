#!/usr/bin/env python3
"""A real cluster, watched beside the load: an OSD that is stopped during a run is in its result,
when it happened and with what it did to the load; a monitor that hangs holds no run.
"""

import html
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "test/support"))
sys.path.insert(0, str(root / "test/unit/results"))
import harness
from validate_schema import load_schema, problems_of_file

scenario = """
name: beside
groups:
  - name: g
    workload: %(workload)s
    %(data)s
    tasks: [%(op)s]
    load: {open: {rate: %(rate)s, arrivals: constant}}
phases: {warmup: 0s, measure: %(measure)s, drain: 60s, cleanup: %(cleanup)s}
timeouts: {operation: 60s}
# The cluster takes its CPU time from the same machine, and so do other builds.
limits: {held_up: 100%%, held_up_longest: 1h, outage: 100%%}
"""


watcher_secret = "secretofthewatcher"


def words_of_page(text):
    """What a page says without script, as a reader has it: text alone."""
    text = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


class ceph_beside(harness.case):
    @classmethod
    def setUpClass(cls):
        cls.cluster = tempfile.mkdtemp(prefix="ceph-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.cluster, ignore_errors=True)
        cls.addClassCleanup(harness.ceph_script, "down", cls.cluster)
        # Its data outlive the OSD.
        harness.ceph_script("up", cls.cluster, STORE="bluestore")
        cls.conf = pathlib.Path(cls.cluster, "ceph.conf")
        for pool in ("bench",):
            cls.tool("ceph", "osd", "pool", "create", pool, "8", "8")
            # The cluster complains of a pool with objects in it and without: while loads go.
            cls.tool("ceph", "osd", "pool", "application", "enable", pool, "rados")
        cls.tool("ceph", "config", "set", "osd", "osd_max_backfills", "3")
        cls.tool("ceph", "config", "set", "client.rgw", "rgw_keystone_admin_password", "hunter2")
        text = pathlib.Path(cls.cluster, "env").read_text()
        cls.env = dict(line.split("=", 1) for line in text.split())
        cls.tool("radosgw-admin", "user", "create", "--uid=watcher", "--display-name=watcher",
                 "--access-key=WATCHER", f"--secret-key={watcher_secret}", "--caps=buckets=read")
        # The manager's own exporter. It collects as often as it is told.
        port = harness.free_port()
        for name, value in (("server_addr", "127.0.0.1"), ("server_port", port),
                            ("scrape_interval", 2)):
            cls.tool("ceph", "config", "set", "mgr", f"mgr/prometheus/{name}", value)
        cls.tool("ceph", "mgr", "module", "enable", "prometheus")
        cls.exporter = f"http://127.0.0.1:{port}/metrics"
        harness.wait_until("the exporter of the manager", lambda: "ceph_osd_up" in cls.metrics(),
                           timeout=120, step=0.5)

    @classmethod
    def tool(cls, *arguments):
        return subprocess.run([*map(str, arguments)], capture_output=True, timeout=90, check=True,
                              env={**os.environ, "CEPH_CONF": str(cls.conf)}).stdout.decode()

    @classmethod
    def metrics(cls):
        try:
            with urllib.request.urlopen(cls.exporter, timeout=10) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            return ""

    @classmethod
    def pid(cls, daemon):
        return int(pathlib.Path(cls.cluster, "run", f"{daemon}.pid").read_text())

    def setUp(self):
        super().setUp()
        self.output = self.dir / "r.json"

    def rados_config(self, **keys):
        keys = {"conf_file": str(self.conf), "pools": ["bench"], **keys}
        return {"rados": keys}

    def s3_config(self, **cluster):
        socket = next(pathlib.Path(self.cluster, "run").glob("client.rgw.*.asok"))
        return {"endpoint": self.env["S3_ENDPOINT"], "access_key": self.env["S3_ACCESS_KEY"],
                "cluster": {"conf_file": str(self.conf), "rgw_socket": str(socket),
                            "rgw_admin": {"access_key": "WATCHER", "secret_key": watcher_secret},
                            **cluster}}

    def begin(self, config, *more, workload="rados", op="read", measure="300s", cleanup="true",
              rate=100):
        data = "" if workload == "rbd" else "data: {objects: 50, size: 4KiB}"
        text = scenario % {"workload": workload, "op": op, "measure": measure, "cleanup": cleanup,
                           "data": data, "rate": rate}
        return self.start("run", "-f", self.file("s.yaml", text), "--workload-config",
                          self.file("w.yaml", json.dumps(config)), "--output", self.output, *more,
                          env={"AWS_SECRET_ACCESS_KEY": self.env["S3_SECRET_KEY"]})

    def end(self, process, *codes):
        out, err = process.communicate(timeout=200)
        out, err = harness.decode(out), harness.decode(err)
        self.assertIn(process.returncode, codes or (harness.ran, harness.generator_was_limit),
                      out + err)
        result = harness.read_result(self.output)
        self.assertEqual(harness.schema_errors(result), [])
        self.assertEqual(problems_of_file(self.output.with_suffix(".jsonl"), load_schema()), [])
        return result, out, err

    def intervals(self):
        path = self.output.with_suffix(".jsonl")
        return harness.read_stream(path)[1] if path.exists() else []

    def served(self):
        """Of each interval: when it began, how many were served, and the load."""
        return [(one["t_s"], harness.all_operations(one)[0], one["load"])
                for one in self.intervals()]

    def wait_for_intervals(self, more):
        wanted = len(self.intervals()) + more
        harness.wait_until(f"{more} more intervals", lambda: len(self.intervals()) >= wanted,
                           timeout=120)

    def health(self):
        return json.loads(self.tool("ceph", "status", "-f", "json"))["health"]["status"]

    def osd_is_up(self):
        return json.loads(self.tool("ceph", "osd", "stat", "-f", "json"))["num_up_osds"] == 1

    def stop_the_osd_beside(self, process, generator_too=False):
        """Stops it while the load goes, starts it again, and ends the run. When it was stopped, and
        when it was up again. `generator_too`: which is held up some seconds before."""
        # Five that are as always, however many others of the machine have spoilt.
        self.wait_for_intervals(10)
        if generator_too:
            # What it is late with then is no other load.
            process.send_signal(signal.SIGSTOP)
            time.sleep(1.3)
            process.send_signal(signal.SIGCONT)
            self.wait_for_intervals(5)
        stopped = time.time()
        pid = self.pid("osd.0")
        os.kill(pid, signal.SIGTERM)
        harness.wait_until("the OSD to end", lambda: not pathlib.Path(f"/proc/{pid}").exists(),
                           timeout=120)
        self.wait_for_intervals(4)
        harness.ceph_script("start-osd", self.cluster)
        back = time.time()
        self.wait_for_intervals(7)
        process.send_signal(signal.SIGINT)
        return stopped, back

    def check_outage(self, process, stopped, back):
        result, out, _ = self.end(process, harness.interrupted)
        began = harness.load_began_s(result)
        # Clocks of this test and of the run are read apart.
        first, last = stopped - began - 0.5, back - began + 3
        marks = {source: [one for one in result["events"] if one["source"] == source]
                 for source in ("ceph", "finding")}
        down = [one for one in marks["ceph"] if "osd.0 was down" in one["text"]]
        self.assertEqual(len(down), 1, result["events"])
        self.assertGreaterEqual(down[0]["start_s"], first)
        self.assertLessEqual(down[0]["end_s"], last)
        self.assertGreater(down[0]["end_s"], down[0]["start_s"])
        health = [one for one in marks["ceph"]
                  if "HEALTH_WARN: OSD_DOWN (1 osds down)" in one["text"]]
        self.assertTrue(health, result["events"])
        self.assertTrue(first <= health[0]["start_s"] <= last, (first, health, last))
        # Of the interval in which it was stopped, or of one soon after. Others of the machine may
        # have made things slow before: it then began with that, or its PGs are named.
        found = [one for one in marks["finding"] if "fell from" in one["text"] and
                 (one["text"].startswith("p99(") or one["start_s"] >= first - 1) and
                 one["start_s"] <= down[0]["start_s"] + 5]
        self.assertTrue(found, (result["events"], self.served()))
        self.assertRegex(found[0]["text"], r", .*(osd\.0 went down|PGs became stale)")
        self.assertIn("osd.0 went down", " ".join(one["text"] for one in marks["finding"]))
        self.assertRegex(found[0]["text"],
                         r"^(g/\w+|p99\(g/\w+\) rose from .* to .*, and its rate) "
                         r"fell from \d+/s to \d+/s at \d\d:\d\d:\d\d UTC, ")
        samples = result["cluster"]["samples"]
        self.assertIn([0], [one["osds"]["down"] for one in samples])
        self.assertEqual(result["cluster"]["silences"], [])
        # The OSD runs here: the process before and the one after.
        self.assertIn("0", samples[4]["osd_cpus"])
        self.assertIn("0", samples[-1]["osd_cpus"])
        # Whether the load was well again in the end hangs on what else the machine does.
        self.assertRegex(
            " ".join(one["text"] for one in marks["finding"]),
            r"g/\w+ was (back at \d.* after that began.* osd\.0 came up again"
            r"|not back yet when .* ended, at \d\d:\d\d:\d\d UTC, \d+\.\d s after that began)")
        self.check_page(down[0], found[0])
        streamed = [one["cluster"] for one in self.intervals()]
        self.assertIn("HEALTH_WARN", [one["health"] for one in streamed if one])
        self.assertIn("osd.0 went down", " ".join(out.split()))
        return result

    def check_page(self, down, found):
        """Who reads the page and nothing else learns what happened, when, and what it did."""
        done = self.run_binary("report", self.output, "-o", self.dir / "r.html")
        self.assert_code(done, harness.ran)
        said = words_of_page((self.dir / "r.html").read_text())
        clock = r"\d\d:\d\d:\d\d UTC"
        self.assertRegex(said, rf"osd\.0 was down from \d+:\d\d(\.\d)? \({clock}\) to "
                         rf"\d+:\d\d(\.\d)? \({clock}\); not HEALTH_OK from [^;]*OSD_DOWN")
        self.assertRegex(said, rf"Times count from when the load began, at {clock}")
        self.assertIn(found["text"], said)
        self.assertIn("osd.0 was down", said.split("Marks")[1])
        self.assertIn("OSD_DOWN (1 osds down)", said)

    def test_osd_that_is_stopped_under_rados(self):
        process = self.begin(self.rados_config())
        result = self.check_outage(process, *self.stop_the_osd_beside(process, True))
        about = result["environment"]["ceph"]
        self.assertEqual(about["fsid"], self.tool("ceph", "fsid").strip())
        self.assertEqual(about["osds"]["object_stores"], {"bluestore": 1})
        self.assertEqual(list(about["pools"]), ["bench"])
        self.assertEqual(about["pools"]["bench"]["pg_num"], 8)
        self.assertEqual(about["pools"]["bench"]["crush_rule"], "replicated_rule")
        version = self.tool("ceph", "--version").split()[2]
        self.assertEqual(about["version"], version)
        self.assertRegex(about["librados"], r"^\d+\.\d+\.\d+$")
        pool = json.loads(self.tool("ceph", "osd", "pool", "get", "bench", "all", "-f", "json"))
        self.assertEqual([about["pools"]["bench"][key] for key in ("size", "min_size", "type")],
                         [pool["size"], pool["min_size"], "replicated"])
        osd = json.loads(self.tool("ceph", "osd", "df", "-f", "json"))["nodes"][0]
        self.assertEqual(about["osds"]["device_classes"], {osd["device_class"]: 1})
        self.assertTrue(0 <= about["used_percent"] < 100)
        self.assertTrue(about["health_before"].startswith("HEALTH_"))
        self.assertTrue(about["health_after"].startswith("HEALTH_"))
        before = result["cluster"]["before"]
        self.assertEqual(before["unanswered"], [])
        self.assertIn({"section": "osd", "name": "osd_max_backfills", "value": "3"},
                      before["config"])
        self.assertIn({"section": "client.rgw", "name": "rgw_keystone_admin_password",
                       "value": "(redacted)"}, before["config"])
        self.assertNotIn("hunter2", self.output.read_text())
        asked = result["cluster"]["questions"]
        self.assertEqual(asked["failed"], 0, asked)
        # A status and the OSDs' latencies each second, and what changes ask for.
        self.assertLessEqual(asked["commands"], 2 * asked["rounds"] + 30)

    def test_osd_that_is_stopped_under_s3(self):
        process = self.begin(self.s3_config(), workload="s3", op="get", cleanup="false")
        result = self.check_outage(process, *self.stop_the_osd_beside(process))
        pools = result["environment"]["ceph"]["pools"]
        self.assertIn("default.rgw.buckets.data", pools)
        self.assertNotIn("bench", pools)
        # What is left was counted by RGW too, the run's mark with it.
        account = result["cluster"]["bucket_account"]
        self.assertTrue(account["agrees"], account)
        self.assertEqual(account["objects_more"], 51)
        (bucket,) = result["cluster"]["buckets"]
        self.assertEqual((bucket["name"], bucket["after"]["owner"]), ("chopsticks", "bench"))
        self.assertEqual(bucket["after"]["bytes"] - bucket["before"]["bytes"] >> 10, 200)
        rates = [one["rgw"]["requests_per_s"] for one in result["cluster"]["samples"]
                 if one["rgw"]]
        self.assertGreater(max(rates), 20)
        self.assertIsNotNone(next(one["rgw"]["get_ms"] for one in result["cluster"]["samples"]
                                  if one["rgw"] and one["rgw"]["get_ms"]))

    def test_versions_and_parts_are_counted_as_rgw_does(self):
        config = {**self.s3_config(), "bucket": "versions", "versioning": True}
        del config["cluster"]["conf_file"]
        process = self.begin(config, workload="s3", op="put, delete, multipart_put, "
                             "multipart_leave", measure="3s", cleanup="false")
        result, _, _ = self.end(process)
        account = result["cluster"]["bucket_account"]
        self.assertTrue(account["agrees"], (account, result["data"]["left"]))
        self.assertGreater(account["objects_more"], 50)

    def test_objects_that_were_lost_are_a_finding(self):
        config = {**self.s3_config(), "bucket": "lossy"}
        process = self.begin(config, workload="s3", op="list", measure="60s", cleanup="false")
        self.wait_for_intervals(1)
        store = harness.s3_client(self.env["S3_ENDPOINT"], self.env["S3_ACCESS_KEY"],
                                  self.env["S3_SECRET_KEY"])
        for key in harness.objects_of_runs(store, "lossy", "")[:5]:
            store.delete_object(Bucket="lossy", Key=key)
        process.send_signal(signal.SIGINT)
        result, out, err = self.end(process, harness.interrupted)
        found = [one["text"] for one in result["events"] if one["source"] == "finding"]
        self.assertEqual(len(found), 1, result["events"])
        self.assertIn("that it left 50 objects, 1 run mark: 5 objects are missing", found[0])
        self.assertNotIn(watcher_secret, self.output.read_text() + out + err)

    def test_exporter_of_the_manager_is_a_source(self):
        config = self.rados_config()
        config["cluster"] = {"prometheus": self.exporter, "every": "1s"}
        # It may change while the load goes, or behind it.
        health = {self.health()}
        result, _, _ = self.end(self.begin(config, measure="5s"))
        about = result["environment"]["ceph"]
        self.assertEqual(about["version"], self.tool("ceph", "--version").split()[2])
        self.assertEqual(about["osds"]["object_stores"], {"bluestore": 1})
        self.assertEqual((about["osds"]["known"], about["osds"]["up"]), (1, 1))
        self.assertEqual(about["pools"]["bench"]["size"], 1)
        self.assertEqual(about["pools"]["bench"]["pg_num"], 8)
        cluster = result["cluster"]
        self.assertIsNone(cluster["problem"])
        self.assertEqual((cluster["prometheus"], cluster["client"]), (self.exporter, None))
        self.assertEqual(cluster["silences"], [])
        health.add(self.health())
        self.assertIn(cluster["samples"][-1]["health"], health)
        groups = json.loads(self.tool("ceph", "pg", "stat", "-f", "json"))
        groups = groups.get("pg_summary", groups)["num_pgs"]
        self.assertEqual(cluster["samples"][-1]["pgs"]["active"], groups)
        self.assertIsNotNone(cluster["samples"][-1]["osd_commit"])

    def test_monitor_that_hangs_holds_no_run(self):
        process = self.begin(self.rados_config(), measure="20s", cleanup="false")
        self.wait_for_intervals(4)
        pid = self.pid("mon.a")
        stopped = time.time()
        os.kill(pid, signal.SIGSTOP)
        try:
            result, _, _ = self.end(process, harness.ran, harness.errors_or_slo,
                                    harness.generator_was_limit, harness.left_behind)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertGreater(harness.all_operations(result)[0], 0)
        silences = result["cluster"]["silences"]
        self.assertEqual(len(silences), 1, silences)
        self.assertIsNone(silences[0]["end_s"])
        self.assertGreaterEqual(silences[0]["start_s"],
                                stopped - harness.load_began_s(result) - 2.5)
        self.assertIsNotNone(result["cluster"]["before"])
        self.assertIsNone(result["cluster"]["after"])
        harness.wait_until("the monitor", self.osd_is_up, timeout=120)

    def test_counters_of_the_clients_are_those_of_the_load(self):
        sockets = str(self.dir / "$cctid.asok")
        process = self.begin(self.rados_config(options={"admin_socket": sockets}), measure="8s")
        result, _, _ = self.end(process)
        told = result["cluster"]["client_counters"]
        self.assertGreaterEqual(told["connections"], 1)
        self.assertLess(told["from_s"], told["to_s"])
        reads = told["counters"]["objecter.op_r"]
        # Those between the first look and the last.
        self.assertTrue(0 < reads <= harness.all_operations(result)[0] + 60, told)

    def test_images_are_told_with_their_features(self):
        process = self.begin({"rbd": {"conf_file": str(self.conf), "size": "16MiB",
                                      "features": ["layering", "exclusive-lock"]}},
                             workload="rbd", op="{op: read, block: 4KiB}", measure="2s")
        result, _, _ = self.end(process)
        self.assertEqual([one["features"] for one in result["groups"]["g"]["images"]],
                         [["layering", "exclusive-lock"]])
        self.assertEqual(list(result["environment"]["ceph"]["pools"]), ["rbd"])
        # The cluster's conf file gives clients a socket.
        told = result["cluster"]["client_counters"]["counters"]
        self.assertGreater(told["librbd.rd"], 0)
        # Its clock goes in steps of milliseconds: most of these reads take none.
        self.assertGreater(told["librbd.rd_latency"]["count"], 0)

    def test_socket_of_radosgw_alone_is_enough(self):
        config = self.s3_config()
        del config["cluster"]["conf_file"]
        result, _, _ = self.end(self.begin(config, workload="s3", op="put", measure="4s"))
        self.assertEqual(result["cluster"]["questions"]["commands"], 0)
        self.assertIsNone(result["cluster"]["before"])
        self.assertIsNone(result["cluster"]["problem"])
        puts = [one["rgw"]["put_ms"] for one in result["cluster"]["samples"] if one["rgw"]]
        self.assertTrue([one for one in puts if one], result["cluster"])

    def test_client_that_may_ask_little_is_told_so(self):
        self.tool("ceph", "auth", "get-or-create", "client.poor", "mon", "allow r", "osd",
                  "allow rwx pool=bench", "-o", self.dir / "keyring")
        process = self.begin(self.rados_config(client="poor", keyring=str(self.dir / "keyring")),
                             measure="4s")
        result, _, _ = self.end(process)
        asked = result["cluster"]["questions"]
        self.assertIn("osd perf", asked["refused"])
        self.assertEqual(result["cluster"]["silences"], [])
        self.assertTrue(result["cluster"]["samples"])
        self.assertTrue(result["cluster"]["before"]["unanswered"])

    def test_cluster_that_nobody_wants_to_know_of_is_not_asked(self):
        for config, more in (({**self.rados_config(), "cluster": "off"}, ()),
                             (self.rados_config(), ("--no-cluster",))):
            result, out, _ = self.end(self.begin(config, *more, measure="1s"))
            self.assertIsNone(result["cluster"])
            self.assertIsNone(result["environment"]["ceph"])
            self.assertEqual(result["events"], [])
            self.assertNotIn("Cluster", out)

    def test_cluster_that_is_not_there_costs_an_s3_run_a_warning(self):
        config = self.s3_config()
        config["cluster"]["options"] = {"mon_host": f"127.0.0.1:{harness.free_port()}"}
        result, _, _ = self.end(self.begin(config, workload="s3", op="get", measure="2s",
                                           cleanup="true"))
        self.assertIsNotNone(result["cluster"]["problem"])
        self.assertIn("could not be watched", " ".join(result["run"]["warnings"]))
        self.assertGreater(harness.all_operations(result)[0], 0)


if __name__ == "__main__":
    harness.main()
