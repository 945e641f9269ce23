#!/usr/bin/env python3
"""`chopsticks report` of a run beside which a cluster was watched: the page as a browser shows it.

The cluster is made up: an OSD goes down at 40 s and is back at 70 s, all is well again at 90 s, and
from 100 s to 106 s the cluster does not answer.
"""

import copy
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import report_case

hostile = ('</script><script>window.hacked = 1</script><img src="x" onerror="window.hacked = 2">'
           '\'"&amp;<!--\u202e')
charts = ("cluster-osds", "cluster-pgs", "cluster-objects", "cluster-recovery",
          "cluster-osd-latency", "cluster-clients", "cluster-osd-cpus", "cluster-rgw")
finding = "disk/write fell from 150/s to 12/s at 12:00:40 UTC, when osd.3 went down"


def sample(second):
    is_down, is_bad = 40 <= second < 70, 40 <= second < 90
    pgs = {"active+clean": 100 if is_bad else 128}
    if is_down:
        pgs["active+undersized+degraded"] = 28
    elif is_bad:
        pgs["active+recovering+degraded"] = 28
    return {
        "t_s": second + 0.4, "asked_s": 0.004, "health": "HEALTH_WARN" if is_bad else "HEALTH_OK",
        "checks": {"OSD_DOWN": "1 osds down"} if is_down else
                  {"PG_DEGRADED": "Degraded data redundancy"} if is_bad else {},
        "monitors": {"known": 3, "in_quorum": 3},
        "osds": {"known": 12, "up": 11 if is_down else 12, "in": 12,
                 "down": [3] if is_down else []},
        "pgs": pgs,
        "objects": {"degraded": 812 if is_bad else 0, "misplaced": 0, "unfound": 0},
        "recovery": {"bytes_per_s": 2e6 if 70 <= second < 90 else 0, "objects_per_s": 3.5},
        "clients": {"read_bytes_per_s": 1e6, "write_bytes_per_s": 2e6, "read_ops_per_s": 250.0,
                    "write_ops_per_s": 50.0 if is_down else 500.0},
        "bytes_used": 1000, "bytes_total": 3000,
        "osd_commit": {"mean_ms": 1.5, "max_ms": 42.0 if is_bad else 5.0, "max_osd": 7},
        "osd_apply": None, "osd_cpus": {str(osd): 0.25 + osd / 100 for osd in range(20)},
        "rgw": {"requests_per_s": 700.5, "failed_per_s": 0.0, "get_ms": 1.25, "put_ms": None,
                "queued": 0.0, "active": 4.0}}


def state(health, words):
    return {"fsid": words, "status": sample(0), "versions": {f"16.2.15{words}": 16},
            "object_stores": {"bluestore": 12}, "osds": [], "osds_omitted": 12, "config": [],
            "config_omitted": 0, "pools": {}, "pools_omitted": 0, "unanswered": []}


def watched(result, seconds=120, words=""):
    """The result as if of so many seconds, with the cluster beside; `words` go into each text."""
    out = copy.deepcopy(result)
    whole = [one for one in out["intervals"] if one["operations"]]
    out["intervals"] = [{**whole[second % len(whole)], "t_s": float(second), "duration_s": 1.0,
                         "phase": "measure"} for second in range(seconds)]
    out["stages"] = []
    out["run"]["phases"] = [{"name": "measure", "started_s": 0.0,
                             "duration_s": float(seconds)}]
    out["environment"]["ceph"] = {
        "fsid": "d5b4" + words, "version": "16.2.15" + words, "librados": "3.0.0",
        "health_before": "HEALTH_OK", "health_after": "HEALTH_OK" + words, "monitors": 3,
        "osds": {"known": 12, "up": 12, "in": 12, "device_classes": {"ssd" + words: 12},
                 "object_stores": {"bluestore" + words: 12}},
        "used_percent": 33.0,
        "pools": {"data" + words: {
            "type": "replicated" + words, "size": 3, "min_size": 2, "pg_num": 128,
            "crush_rule": "fast" + words, "device_class": "ssd" + words,
            "erasure_code_profile": None}}}
    samples = [sample(second) for second in range(seconds) if not 100 <= second < 106]
    for one in samples:
        one["health"] += words
        one["checks"] = {name + words: text + words for name, text in one["checks"].items()}
        one["pgs"] = {name + words: n for name, n in one["pgs"].items()}
        one["osd_cpus"] = {name + words: n for name, n in one["osd_cpus"].items()}
    out["cluster"] = {
        "client": "client.admin" + words, "conf_file": "/etc/ceph/ceph.conf", "prometheus": None,
        "rgw_socket": None, "problem": None,
        "questions": {"rounds": 120, "commands": 250, "failed": 1, "most_in_a_round": 2,
                      "refused": {"osd perf" + words: "access denied" + words}},
        "silences": [{"start_s": 100.4, "end_s": 106.4, "problem": "no answer in time" + words}],
        "silences_dropped": 0, "before": state("HEALTH_OK", words),
        "after": state("HEALTH_OK", words),
        "changes": ["pool data, objects: 1 -> 2" + words], "sample_every_s": 1.0,
        "client_counters": {"connections": 2, "from_s": 0.5, "to_s": 30.0, "counters": {
            "objecter.op_w" + words: 6230.0,
            "librbd.wr_latency" + words: {"count": 6000, "mean_s": 0.002}}},
        "rgw_admin": "http://rgw1:7480",
        "buckets": [{"name": "bench" + words, "before": None, "after": {
            "exists": True, "owner": "user" + words, "objects": 57, "bytes": 4 << 20,
            "uploads": 1}}],
        "bucket_problem": None,
        "bucket_account": {"agrees": False, "objects_more": 57, "uploads_more": 1,
                           "left_least": 0, "left_most": 0, "left_uploads": 0,
                           "left": "nothing" + words},
        "samples": samples}
    out["groups"]["disk"]["images"] = [
        {"name": f"image-{n}{words}", "bytes": 16 << 20, "made": True, "written_bytes": None,
         "features": ["layering" + words, "exclusive-lock"]} for n in range(3)]
    out["events"] = [
        {"start_s": 40.4, "end_s": 70.4, "source": "ceph", "text": "osd.3 was down" + words},
        {"start_s": 40.4, "source": "ceph", "text": "HEALTH_OK -> HEALTH_WARN: OSD_DOWN" + words},
        {"start_s": 40.4, "source": "finding", "text": finding + words},
        {"start_s": 90.4, "source": "ceph", "text": "HEALTH_WARN -> HEALTH_OK" + words}]
    return out


class cluster_page_test(report_case.report_case):
    def watched_page(self, **how):
        return self.page(self.changed("watched.json", watched), **how)

    def test_findings_and_the_clusters_health_are_told_before_any_figure(self):
        self.watched_page()
        self.assert_sound()
        said = self.browser.texts("header .verdicts li")
        clock = r"\d\d:\d\d:\d\d UTC"
        self.assertRegex(next(one for one in said if one.startswith("CLUSTER")),
                         r"^CLUSTERHEALTH_OK before the run, HEALTH_OK after it; osd\.3 was down "
                         rf"from 0:40\.4 \({clock}\) to 1:10\.4 \({clock}\); not HEALTH_OK from "
                         r"0:40\.4 to 1:30\.4 \(OSD_DOWN, PG_DEGRADED\), and HEALTH_OK again from "
                         r"1:30\.4 on; no answer from 1:40\.4 to 1:46\.4\. Times count from when "
                         rf"the load began, at {clock}$")
        self.assertTrue(any(one.startswith("FINDING0:40.4 (mark ") and one.endswith(finding)
                            for one in said), said)
        marks = self.browser.texts("#time tbody tr")
        number = next(one for one in said if one.startswith("FINDING")).split("mark ")[1]
        number = number.split(")")[0]
        self.assertTrue(any(one.startswith(number) and finding in one for one in marks), marks)

    def test_cluster_lies_on_the_axis_of_the_load(self):
        self.watched_page()
        data = self.time_data()
        self.assert_drawn(data["charts"])
        by_id = {one["id"]: one for one in data["charts"]}
        lines = {name: {one["name"]: one["values"] for one in by_id[name]["lines"]}
                 for name in charts}
        at = data["t"].index
        self.assertEqual(lines["cluster-osds"]["down"][at(39.5)], 0)
        self.assertEqual(lines["cluster-osds"]["down"][at(40.5)], 1)
        self.assertEqual(lines["cluster-osds"]["down"][at(70.5)], 0)
        self.assertEqual(lines["cluster-pgs"]["not active+clean"][at(69.5)], 28)
        self.assertEqual(lines["cluster-pgs"]["not active+clean"][at(89.5)], 28)
        self.assertEqual(lines["cluster-pgs"]["not active+clean"][at(90.5)], 0)
        self.assertEqual(lines["cluster-osd-latency"]["commit, slowest"][at(50.5)], 42)
        self.assertEqual(lines["cluster-clients"]["writes"][at(50.5)], 50)
        # A gap is no 0, and there are as many lines as can be told apart.
        self.assertEqual(set(lines["cluster-osds"]["down"][at(101.5):at(106.5)]), {None})
        self.assertEqual(len(lines["cluster-osd-cpus"]), 12)
        self.assertIn("8 further lines left out",
                      self.browser.texts("#chart-cluster-osd-cpus .note")[0])
        self.assertEqual([(one["from_s"], one["to_s"], one["kind"]) for one in data["bands"]],
                         [(0.4, 40.4, "good"), (40.4, 90.4, "warn"), (90.4, 100.4, "good"),
                          (100.4, 106.4, "silence"), (106.4, 120.0, "good")])
        # All charts are zoomed together.
        plot = self.browser.all("figure[data-chart=throughput] .plot")[0]
        plot.send_keys("+")
        plot.send_keys("\ue014")
        self.assertRegex(self.browser.texts("figure[data-chart=cluster-pgs] .readout")[0], "0:0")

    def test_reader_of_a_chart_hears_health_and_silence(self):
        self.watched_page()
        plot = self.browser.all("figure[data-chart=cluster-osds] .plot")[0]
        plot.send_keys("\ue014" * 42)
        readout = self.browser.texts("figure[data-chart=cluster-osds] .readout")[0]
        self.assertIn("HEALTH_WARN", readout)
        plot.send_keys("\ue014" * 61)
        readout = self.browser.texts("figure[data-chart=cluster-osds] .readout")[0]
        self.assertIn("no answer", readout)

    def test_section_tells_what_the_cluster_is(self):
        self.watched_page()
        text = "\n".join(self.browser.texts("section#cluster tr"))
        for part in ("fsidd5b4", "health beforeHEALTH_OK", "bluestore: 12", "ssd: 12", "33.0%",
                     "12, 12 up, 12 in", "pool data, objects: 1 -> 2",
                     "layering, exclusive-lock", "osd perf: access denied",
                     "HEALTH_WARN0:40.41:10.4OSD_DOWN (1 osds down)\n"
                     "HEALTH_WARN1:10.41:30.4PG_DEGRADED (Degraded data redundancy)",
                     "no answer in time", "librbd.wr_latency60002.00 ms"):
            self.assertIn(part, text)
        self.assertEqual(self.rows("Pools of the load")["data"][1:4], [3, 2, 128])

    def test_without_script_there_are_drawings_and_tables(self):
        self.watched_page(script=False)
        for name in charts:
            drawn = self.browser.all(f"#chart-{name} svg.drawn")[0]
            self.assertGreater(drawn.size["height"], 50)
            self.assertGreater(len(self.browser.all(f"#chart-{name} path.line")), 0, name)
            self.assertIn("no answer", drawn.text)
            self.assertEqual(len(self.browser.all(f"#chart-{name} path.band-warn")), 1)
        # Other charts have the stripe alone.
        self.assertEqual(len(self.browser.all("#chart-throughput path.band-silence")), 1)
        self.assertEqual(len(self.browser.all("#chart-throughput path.silence")), 0)
        # Three marks at one instant.
        self.assertTrue(any("-" in one for one in
                            self.browser.texts("#chart-cluster-osds .mark-text")))

    def test_numbers_of_marks_at_one_instant_are_joined(self):
        self.watched_page()
        said = self.browser.run("""
            const name = chopsticks_marks.numbers_text;
            return [name([4]), name([3, 1, 2]), name([1, 2, 5]), name([1, 3, 5, 7, 9])];""")
        self.assertEqual(said, ["4", "1-3", "1-2,5", "1..9"])

    def test_an_hour_takes_less_than_a_megabyte(self):
        page = self.page(self.changed("hour.json", lambda result: watched(result, 3600)))
        self.assertLess(page.stat().st_size, 1_000_000)
        self.assert_sound()
        self.assert_drawn(self.time_data()["charts"])

    def test_what_a_cluster_says_is_never_markup(self):
        page = self.page(self.changed("hostile.json",
                                      lambda result: watched(result, words=hostile)))
        self.assertIsNone(self.browser.run("return window.hacked || null"))
        self.assert_sound()
        self.assertEqual(len(self.browser.all("img")), 0)
        shown = hostile.replace("\u202e", "?")
        self.assertIn("data" + shown, self.rows("Pools of the load"))
        self.assertIn(finding + shown, "".join(self.browser.texts("header .verdicts li")))
        # The data, and the scripts of charts.
        self.assertEqual(page.read_text().count("<script"), 4)
        self.assertNotIn("\u202e", page.read_text())

    def test_cluster_that_could_not_be_asked_is_one_sentence(self):
        def change(result):
            out = watched(result)
            out["environment"]["ceph"] = None
            out["events"] = []
            out["cluster"].update({"problem": "no monitor at 192.0.2.1 answered", "before": None,
                                   "after": None, "samples": [], "silences": [], "changes": [],
                                   "client_counters": None})
            return out
        self.page(self.changed("unasked.json", change))
        self.assert_sound()
        self.assertIn("CLUSTERcould not be asked: no monitor at 192.0.2.1 answered",
                      self.browser.texts("header .verdicts li"))
        self.assertEqual(self.browser.all("figure[data-chart^=cluster]"), [])

    def test_the_page_fits_dark_rooms_and_telephones(self):
        self.watched_page(dark=True)
        self.assert_sound()
        self.watched_page(width=360)
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 360)


if __name__ == "__main__":
    harness.main()
