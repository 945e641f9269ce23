#!/usr/bin/env python3
"""`run --web-listen` in a browser: charts that grow, marks, the verdict so far, the stop button."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from browser import browser
from cluster_exporter import exporter, told

scenario = harness.small_scenario.replace("measure: 2s", "measure: 60s") + (
    "slo: ['p99(get) < 10s', 'p99(put) < 1ns']\n")


class web_case(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", scenario)
        self.output = self.dir / "r.json"

    def start_run(self, *more, listen=None, output=None):
        process = self.start("run", "-f", self.scenario, "--embedded",
                             "--output", output or self.output,
                             *more, f"--web-listen={listen or harness.free_port()}",
                             env={"XDG_RUNTIME_DIR": str(self.dir)})
        line = process.stderr.readline().decode()
        found = re.match(r"Page: (http://\S+)\n", line)
        self.assertTrue(found, line + harness.decode(process.stderr.read()) if not found else "")
        self.url = found.group(1)
        return process

    def await_load(self, process):
        """An interrupt before it would end the process alone."""
        stream = self.output.with_suffix(".jsonl")
        harness.wait_until("intervals", lambda: process.poll() is not None or (
            stream.exists() and stream.read_bytes().count(b"\n") >= 2))

    def interrupt(self, process):
        self.await_load(process)
        process.send_signal(signal.SIGINT)
        return self.end(process)

    def end(self, process):
        out, err = process.communicate(timeout=harness.hang_s)
        self.assertEqual(process.returncode, harness.interrupted, harness.decode(err))
        return harness.read_result(self.output), harness.decode(err)

    def ask(self, method, path, **headers):
        """(status, body); a header of None is left out."""
        parts = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": parts.netloc, **headers}.items():
                if value is not None:
                    connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class page_test(web_case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.mkdtemp(prefix="chopsticks-browser-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.browser = browser(folder)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        # What an earlier page said is not this one's.
        self.browser.driver.get("about:blank")
        self.browser.complaints()

    def points(self):
        return int(self.browser.texts("#points")[0])

    def test_charts_grow_and_the_button_ends_the_run_as_an_interrupt(self):
        process = self.start_run()
        page = self.browser
        page.driver.get(self.url)
        harness.wait_until("points", lambda: self.points() >= 3)
        charts = page.texts("figure.chart h3")
        self.assertIn("Operations per second", charts)
        self.assertIn("Response time", charts)
        # dygraphs draws on two canvases each; that there is something on them, and not one colour.
        self.assertEqual(len(page.all("figure.chart canvas")), 2 * len(charts))
        drawn = page.run("""
            return [...document.querySelectorAll('figure.chart')].map(figure =>
              [...figure.querySelectorAll('canvas')].some(canvas => {
                const { width, height } = canvas;
                const data = canvas.getContext('2d').getImageData(0, 0, width, height).data;
                const colours = new Set();
                for (let i = 0; i < data.length; i += 4)
                  if (data[i + 3] > 0) colours.add([data[i], data[i + 1], data[i + 2]].join());
                return colours.size > 3;
              }));""")
        self.assertEqual(drawn, [True] * len(charts))
        before = self.points()
        harness.wait_until("more points", lambda: self.points() >= before + 2)
        done = self.run_binary("annotate", "<b>osd</b>", "out",
                               env={"XDG_RUNTIME_DIR": str(self.dir)})
        self.assert_code(done, harness.ran)
        harness.wait_until("the mark", lambda: any(
            "<b>osd</b> out" in text for text in page.texts("#events li")))
        self.assertEqual(page.all("#events b"), [])
        verdicts = page.texts("#verdicts li")
        self.assertTrue(any(text.startswith("Met so farp99(get)") for text in verdicts), verdicts)
        self.assertTrue(any(text.startswith("Missed so farp99(put)") for text in verdicts),
                        verdicts)
        self.assertIn("measure", page.texts("#facts")[0])
        page.all("#stop")[0].click()
        harness.wait_until("the end", lambda: "ended" in page.texts("#facts")[0])
        self.assertTrue(any("exit status 130" in text for text in page.texts("#verdicts li")))
        result, said = self.end(process)
        self.assertTrue(result["run"]["interrupted"])
        self.assertEqual(result["data"]["left_behind"], 0)
        self.assertRegex(said, "Interrupted")
        self.assertEqual(page.complaints(), [])

    def test_what_a_cluster_does_is_a_mark_where_it_happened(self):
        # All is well before the run and at first.
        cluster = exporter(lambda n: told(n > 4))
        self.addCleanup(cluster.close)
        config = self.file("w.yaml", json.dumps({"cluster": {
            "prometheus": cluster.url, "every": "1s", "operation_timeout": "1s"}}))
        process = self.start_run("--workload-config", config)
        page = self.browser
        page.driver.get(self.url)
        harness.wait_until("the mark", lambda: any(
            "HEALTH_OK -> HEALTH_WARN" in text and text.endswith("(ceph)")
            for text in page.texts("#events li")))
        harness.wait_until("a chart of the cluster", lambda: "OSDs down and out" in page.texts(
            "figure.chart h3"))
        harness.wait_until("its health", lambda: any(
            text.startswith("ClusterHEALTH_WARN: OSD_DOWN") for text in page.texts("#verdicts li")))
        # What the legend has of the newest point, and what no exporter of this kind tells.
        self.assertEqual(page.texts('figure[data-chart="cluster-osds"] .legend span'),
                         ["down", "out"])
        self.assertEqual(page.all('figure[data-chart="cluster-osd-cpus"]'), [])
        state = json.loads(self.ask("GET", "/state?from=0")[1])
        self.assertIn(["HEALTH_WARN", 1, 0],
                      [one[-1][:3] for one in state["intervals"] if one[-1]])
        shown = next(one for one in state["events"] if one["source"] == "ceph")
        result, _ = self.interrupt(process)
        kept = next(one for one in result["events"] if one["text"] == shown["text"])
        self.assertEqual(kept["source"], "ceph")
        # One axis for the page under way and for the result.
        self.assertAlmostEqual(shown["start_s"], kept["start_s"], delta=0.1)
        self.assertEqual(page.complaints(), [])

    def test_series_shows_its_trials_and_the_button_ends_it(self):
        process = self.start_run("--repeat", "50", "-t", "3s", output=self.dir / "runs")
        page = self.browser
        page.driver.get(self.url)
        harness.wait_until("the first trial's charts", lambda: page.texts("#charts-of") and
                           page.texts("#charts-of")[0].startswith("Trial 1, run "))
        figures = page.all("figure.chart")
        harness.wait_until("the second trial's charts", lambda:
                           page.texts("#charts-of")[0].startswith("Trial 2, run "))
        # The same charts with other points: who looks at one of them keeps it.
        self.assertEqual(page.all("figure.chart"), figures)
        self.assertRegex(page.texts("#series-said")[0], r"^\d+ of 50 have ended")
        self.assertEqual(page.texts("#stop"), ["Stop the series"])
        now, = page.texts("#trials tr[aria-current=true] th")
        self.assertGreaterEqual(int(now), 2)
        first = page.texts("#trials tr")[-1]
        result = harness.read_result(self.dir / "runs/run-01.json")
        state = json.loads(self.ask("GET", "/state?from=0")[1])
        told = state["series"]["ended"][0]
        self.assertEqual((told["number"], told["state"]), (1, "done"))
        self.assertEqual(told["figures"]["failed"], result["total"]["failed"])
        self.assertAlmostEqual(told["figures"]["rate_per_s"], result["total"]["rate_per_s"],
                               delta=1e-3)
        p99_ns = result["total"]["response"]["p99_ns"]
        self.assertAlmostEqual(told["figures"]["p99_s"], p99_ns / 1e9, delta=1e-9)
        rate = page.run("return chopsticks.worded(arguments[0], '/s')",
                        told["figures"]["rate_per_s"])
        self.assertRegex(first, f"^1{re.escape(rate)}")
        self.assertEqual(page.complaints(), [])
        if keep := os.environ.get("CHOPSTICKS_SCREENSHOTS"):
            page.screenshot(pathlib.Path(keep) / "series.png")
        page.all("#stop")[0].click()
        harness.wait_until("the end", lambda: "exit status 130" in page.texts("#series-said")[0])
        _, err = process.communicate(timeout=harness.hang_s)
        self.assertEqual(process.returncode, harness.interrupted, harness.decode(err))
        results = sorted((self.dir / "runs").glob("run-*.json"))
        self.assertLess(len(results), 50)
        self.assertTrue(harness.read_result(results[-1])["run"]["interrupted"])

    def test_run_that_ends_is_told(self):
        process = self.start_run()
        self.browser.driver.get(self.url)
        harness.wait_until("points", lambda: self.points() >= 1)
        process.kill()
        process.wait()
        harness.wait_until("a word", lambda: "does not answer" in self.browser.texts("#trouble")[0])


class access_test(web_case):
    def test_foreign_page_neither_sees_nor_stops_a_run_on_the_loopback(self):
        process = self.start_run()
        self.await_load(process)
        own = self.url.rstrip("/")
        self.assertEqual(self.ask("GET", "/state?from=0")[0], 200)
        for method, path, headers in (
                ("GET", "/state?from=0", {"Host": "evil.example"}),
                ("GET", "/state?from=0", {"Host": None}),
                ("GET", "/state?from=0", {"Origin": "http://evil.example"}),
                ("POST", "/stop", {"X_Chopsticks": "1", "Origin": "http://evil.example"}),
                ("POST", "/stop", {"X_Chopsticks": "1", "Origin": "null"}),
                ("POST", "/stop", {"X_Chopsticks": "1", "Host": "evil.example",
                                   "Origin": "http://evil.example"}),
                ("POST", "/stop", {"Origin": own})):
            with self.subTest((method, path, headers)):
                self.assertIn(self.ask(method, path, **headers)[0], (400, 403))
        self.assertIsNone(process.poll())
        self.assertEqual(json.loads(self.ask("GET", "/state?from=0")[1])["stopping"], False)
        status, _ = self.ask("POST", "/stop", X_Chopsticks="1", Origin=own)
        self.assertEqual(status, 200)
        self.assertTrue(self.end(process)[0]["run"]["interrupted"])

    def test_token_is_asked_for_beyond_the_loopback_and_is_in_nothing_else(self):
        process = self.start_run(listen=f"0.0.0.0:{harness.free_port()}")
        token = urllib.parse.parse_qs(urllib.parse.urlsplit(self.url).query)["token"][0]
        self.assertRegex(token, "^[0-9a-f]{32}$")
        self.assertEqual(self.ask("GET", "/")[0], 403)
        self.assertEqual(self.ask("GET", "/state?from=0")[0], 403)
        self.assertEqual(self.ask("POST", "/stop", X_Chopsticks="1")[0], 403)
        self.assertEqual(self.ask("GET", "/state", X_Chopsticks_Token="0" * 32)[0], 403)
        status, page = self.ask("GET", "/?token=" + token)
        self.assertEqual(status, 200)
        self.assertNotIn(token.encode(), page)
        self.assertEqual(self.ask("GET", "/state", X_Chopsticks_Token=token)[0], 200)
        result, said = self.interrupt(process)
        self.assertNotIn(token, json.dumps(result))
        self.assertNotIn(token, said)

    def test_what_is_no_request_harms_nobody(self):
        process = self.start_run()
        parts = urllib.parse.urlsplit(self.url)
        for bytes_ in (b"\x00" * 100, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000,
                       b"POST /stop HTTP/1.1\r\nHost: localhost\r\n"
                       b"Content-Length: 99999999\r\n\r\n",
                       b"GET /" + b"a" * 100000):
            with socket.create_connection(("127.0.0.1", parts.port), timeout=10) as peer:
                try:
                    peer.sendall(bytes_)
                    peer.shutdown(socket.SHUT_WR)
                    while peer.recv(4096):
                        pass
                except OSError:
                    pass
        # As many that stay open as there may be, and more.
        held = [socket.create_connection(("127.0.0.1", parts.port), timeout=10) for _ in range(80)]
        for one in held:
            one.close()
        harness.wait_until("an answer", lambda: self.answers())
        self.interrupt(process)

    def answers(self):
        try:
            return self.ask("GET", "/state?from=0")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


if __name__ == "__main__":
    harness.main()
