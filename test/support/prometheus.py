"""A Prometheus of the distribution, for the tests that have it scrape a run."""

import json
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request

import harness


class server:
    """Scrapes one address each second, as the job `chopsticks`. A context."""

    def __init__(self, folder, target, *flags):
        program = shutil.which("prometheus")
        if program is None:
            raise AssertionError("prometheus is not installed: scripts/install-deps.sh test")
        self.url = f"http://127.0.0.1:{harness.free_port()}"
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n"
            f"- {{job_name: chopsticks, static_configs: [{{targets: ['{target}']}}]}}\n")
        self.log = open(folder / "prometheus.log", "w+b")
        self.process = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address={self.url.removeprefix('http://')}", "--log.level=warn",
             *flags],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        try:
            harness.wait_until("prometheus", self.is_ready, timeout=60)
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def is_ready(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError("prometheus ended: " + harness.decode(self.log.read()))
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def ask(self, expression, kind, at=None):
        """What it answers, of that kind."""
        arguments = {"query": expression}
        if at is not None:
            arguments["time"] = f"{at:.3f}"
        url = f"{self.url}/api/v1/query?{urllib.parse.urlencode(arguments)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            said = json.load(answer)
        if said["status"] != "success" or said["data"]["resultType"] != kind:
            raise AssertionError(f"{expression}: {said}")
        return said["data"]["result"]

    def last_sample_s(self, selector):
        """When the last sample was taken, also of a series that has ended since."""
        return max(time for one in self.ask(selector + "[5m]", "matrix")
                   for time, _ in one["values"])

    def query(self, expression, at=None):
        """[(labels, value)] of an instant vector; a native histogram's value is its dictionary."""
        return [(one["metric"], one["histogram"][1] if "histogram" in one else
                 float(one["value"][1])) for one in self.ask(expression, "vector", at)]
