#!/usr/bin/env python3
"""Locust's page in a browser, as somebody uses it who drives workers by it: start, other numbers of
users, stop, and from there to the figures of all workers, the report and the result.

Needs locust (Debian: python3-locust; LOCUST: another one) and chromium."""

import json
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from browser import browser
from locust_worker_test import locust_case

# Pages of Locust before and after 2.20, which has another.
users_field = "#user_count, #new_user_count, input[name=userCount]"

# What is not found is an error of the target, not of the page.
failing = """
name: paged
groups:
  - name: readers
    workload: s3
    data: {objects: 40, size: 4KiB}
    tasks: [{op: get, weight: 3}, {op: head, weight: 1}]
    load: {closed: {users: 4}}
phases: {measure: 1h}
error_limit: 100%
limits: {held_up: 100%, held_up_longest: 1h, core_saturated: 100%}
"""


class page_test(locust_case):
    def setUp(self):
        super().setUp()
        folder = tempfile.mkdtemp(prefix="chopsticks-browser-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.browser = browser(folder)
        self.addCleanup(self.browser.close)
        self.downloads = pathlib.Path(folder)
        self.browser.driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": folder})

    def shown(self, selector, words=""):
        return [e for e in self.browser.all(selector)
                if e.is_displayed() and words.lower() in e.text.lower()]

    def click(self, selector, words=""):
        harness.wait_until(f"{words} {selector}", lambda: self.shown(selector, words))[0].click()

    def fill_in(self, users):
        """The form for users, which there is one of at a time, and sends it."""
        field = harness.wait_until("field for users", lambda: self.shown(users_field))[0]
        field.clear()
        # A page of the newer kind hears of keys only.
        field.send_keys("\b" * 8 + str(users) + "\n")

    def edit(self):
        old = self.shown("a.edit-test")
        if old:
            old[0].click()
        else:
            self.click("button", "edit")

    def test_load_is_started_changed_stopped_and_its_report_downloaded(self):
        page = self.browser
        with harness.endpoint("--faults", "error:op=head,every=9,status=404") as endpoint:
            leader = self.leader("--page", "--web-port", self.web_port, endpoint=endpoint,
                                 workers=2, text=self.file("paged.yaml", failing))
            for i in range(2):
                self.worker(f"worker-{i}")
            self.wait_until("two workers", lambda: len(self.stats()["workers"]) == 2, [leader])
            page.driver.get(f"http://127.0.0.1:{self.web_port}/")
            self.fill_in(4)
            self.wait_for_users(4, 2)
            self.edit()
            self.fill_in(2)
            self.wait_for_users(2, 2)

            # One link leads to what all workers did so far.
            locust_page = page.driver.current_window_handle
            page.driver.switch_to.new_window("tab")
            page.driver.get(f"http://127.0.0.1:{self.web_port}/")
            self.click("#chopsticks-link")
            harness.wait_until("figures so far", lambda: page.texts("table.operations tbody tr"))
            self.assertEqual(page.texts("span.state"), ["under way"])
            head = page.texts("table.operations th")
            for wanted in ("p50 ms", "p99 ms", "p99.9 ms", "send lag p99 ms"):
                self.assertIn(wanted, head)
            row = next(text for text in page.texts("table.operations tbody td:first-child")
                       if text == "readers/get")
            self.assertTrue(row)
            self.assertRegex(page.texts("p.verdict")[0], "^VALID so far")
            kept_up = [text for text in page.texts("table.workers td:nth-child(5)") if text]
            self.assertTrue(kept_up and all("busiest core" in text for text in kept_up), kept_up)

            page.driver.switch_to.window(locust_page)
            stop = self.shown("a.stop-button")
            if stop:
                stop[0].click()
            else:
                self.click("button", "stop")
            self.wait_until("a result", lambda: len(self.results()) == 1, [leader])
            result = harness.read_result(self.results()[0].parent / "result.json")
            page.driver.get(f"http://127.0.0.1:{self.web_port}/chopsticks")
            harness.wait_until("the end", lambda: page.texts("span.state") == ["over"])
            # The figures are those of the merged result.
            rows = {cells[0]: cells for cells in page.run(
                "return [...document.querySelectorAll('table.operations tbody tr')]"
                ".map(row => [...row.cells].map(cell => cell.textContent))")}
            get = result["operations"]["readers/get"]
            self.assertEqual(rows["readers/get"][1], str(get["ok"]))
            self.assertEqual(rows["readers/get"][5], f"{get['response']['p99_ns'] / 1e6:.3f}")
            errors = result["operations"]["readers/head"]["errors"]
            self.assertEqual(sum(int(text) for text in page.texts("table.errors td:last-child")),
                             sum(one["count"] for one in errors))
            self.assertEqual(page.texts("table.workers td:nth-child(5)"), ["yes", "yes"])

            run = self.results()[0].parent.name
            for word, name in (("report", "report.html"), ("result", "result.json")):
                self.click(f"[id^=download-{word}]")
                saved = self.downloads / f"{run}-{name}"
                harness.wait_until(f"{word} downloaded", saved.exists)
                self.assertEqual(saved.read_bytes(), (self.results()[0].parent / name).read_bytes())
            self.click("section.run a[href$='report.html']")
            harness.wait_until("the report", lambda: page.texts("h1"))
            self.assertEqual(page.complaints(), [])
        self.assertEqual(json.dumps(result["data"]["left_behind"]), "0")


if __name__ == "__main__":
    harness.main()
