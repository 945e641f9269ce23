#!/usr/bin/env python3
"""Every command block of the README and docs/ runs, against endpoints of this test's own.

What does not run here is in the table with its reason; the table has every block of every page.
"""

import json
import subprocess

import docs_pages
from docs_pages import step

import docs
import harness
import docs_commands_ceph_test as ceph

in_cleanup = "needs runs that were killed: cli_cleanup_test.py has them"
in_ceph = "needs a cluster: docs_commands_ceph_test.py runs it"


def a_result(page):
    """r.json and r.jsonl, as if from an earlier run."""
    said = page.run_block("chopsticks run -f scenarios/mixed.yaml --embedded -t 1s --output r.json")
    page.assertEqual(said[0], 0, said[1])


def a_result_and_a_sweep(page):
    """What lies beside results: a sweep's own file."""
    said = page.run_block("chopsticks sweep -f scenarios/quickstart.yaml --embedded --users 1 "
                          "-t 300ms --output s && cp s/sweep.json .")
    page.assertEqual(said[0], 0, said[1])


def two_results(page):
    """Of an old and a new release."""
    for name in ("old", "new"):
        result = json.loads((page.dir / "r.json").read_text())
        result["run"]["id"] = name
        result["run"]["started_ns"] += ord(name[0])
        page.file(f"{name}.json", json.dumps(result))


def where_it_was_built(page):
    """For commands that a reader enters at the top of the source: the build, and the examples."""
    page.values["built"] = str(harness.binary.resolve().parent)
    (page.dir / "examples").symlink_to(docs.root / "examples")


def one_line_of_csv(page, said):
    page.assertEqual(len(said.strip().splitlines()), 1, said)


def ci_config(page):
    page.file("ci.yaml", json.dumps({"endpoint": page.values["url"], "bucket": "nightly",
                                     "access_key": harness.access_key}))
    page.environment["AWS_SECRET_ACCESS_KEY"] = harness.secret_key


def secret(page):
    page.environment["AWS_SECRET_ACCESS_KEY"] = harness.secret_key


def old_and_new(page):
    """Two workload configs, of one endpoint."""
    for name in ("old", "new"):
        page.file(f"{name}.yaml", json.dumps({"endpoint": page.values["url"], "bucket": name,
                                              "access_key": harness.access_key}))


def tls_endpoint(page):
    """An endpoint with a certificate of nobody's, which lies where the page says."""
    key = page.dir / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", key, "-out", page.dir / "cert.pem"], check=True, capture_output=True)
    server = harness.endpoint("--tls-cert", page.dir / "cert.pem", "--tls-key", key)
    server.__enter__()
    page.addCleanup(server.__exit__, None, None, None)
    page.values["tls_port"] = server.url.rsplit(":", 1)[1]
    secret(page)


def says_the_warnings_of_the_page(page, said):
    """The transcript below the configuration is what the program says."""
    text = (docs.root / "docs/how-to/coming-from-locust-s5cmd.md").read_text()
    shown = [line.strip() for line in text.splitlines()
             if line.startswith("    Warning: s3_config")]
    page.assertEqual([line for line in said.splitlines() if line.startswith("Warning: s3_config")],
                     shown)


def last_line_is(text):
    def check(page, said):
        page.assertEqual(said.strip().splitlines()[-1], text, said)
    return check


port_9000 = (r"--port 9000", "--port {port}")
url_9000 = (r"http://127\.0\.0\.1:9000", "http://127.0.0.1:{port}")
releases = (r"http://\$side\.example:8000", "{url}")
forced = (r"chopsticks compare", "chopsticks compare --force")
few_runs = (r"--repeat 5", "--repeat 2")
port_9443 = (r"https://localhost:9443", "https://localhost:{tls_port}")

short_search = "--start-rate 100 --max-rate 150 --trials 1 --validate 300ms --cool-down 0s"

pages = {
    "CONTRIBUTING.md": [
        step("scripts/quickstart.sh", left_out="builds; .ci/run begins with it"),
        step("scripts/test.sh", left_out="is what runs this test"),
    ],
    "README.md": [
        step("scripts/quickstart.sh", left_out="the build and all tests; .ci/run starts with "
                                               "both, scripts/try-in-chroot.sh on a bare system"),
        step("chopsticks run -f scenarios/mixed.yaml", before=secret),
        step("chopsticks report mixed2.json"),
        step("export AWS_SECRET_ACCESS_KEY"),
        step("chopsticks run -f scenarios/read_only.yaml", changes=(
            (r"(--rate 2000 --slo '[^']*')", r"--rate 200 --slo 'p99(get) < 60s'"),
            (r"geometric:500:8000:2", "geometric:50:200:2"),
            (r"--slo 'p99\(get\) < 20ms' --trial 5s",
             "--slo 'p99(get) < 60s' --trial 300ms " + short_search))),
        step("chopsticks run -f mixed --embedded --driver",
             changes=((r"--output", "-t 1s --output"),)),
    ],
    "docs/how-to/clean-up.md": [
        step("export AWS_SECRET_ACCESS_KEY", left_out=in_cleanup),
        step("chopsticks cleanup --result", left_out=in_cleanup),
        step("chopsticks cleanup --run", left_out=in_cleanup),
        step("chopsticks cleanup --older-than", left_out=in_cleanup),
        step("chopsticks cleanup --older-than", left_out="ceph_rbd_data_test.py cleans up images"),
    ],
    "docs/how-to/coming-from-locust-s5cmd.md": [
        step("endpoint: http://localhost:9000", language="yaml", file="s3_config.yaml"),
        step("chopsticks run --workload-config", before=secret,
             after=says_the_warnings_of_the_page),
    ],
    "docs/how-to/compare-releases.md": [
        step("export AWS_SECRET_ACCESS_KEY", before=old_and_new, changes=(few_runs,)),
        step("chopsticks ab", changes=(few_runs,)),
        step("chopsticks ab", changes=(few_runs,)),
        step("chopsticks run", changes=(few_runs, forced)),
        step("chopsticks compare", changes=(forced,)),
        step("p99(get) +5%", language="text", file="gates.txt"),
        # Of runs this short a gate may come out any way.
        step("status=0", changes=(forced, (r'exit "\$status"', "true"))),
        step("chopsticks compare", changes=(forced,)),
        step("for side in old new", changes=(
            releases, (r"1000:6000:1000 --repeat 5", "50:100:50 --repeat 2"),
            (r"chopsticks compare", "chopsticks compare --force"))),
    ],
    "docs/how-to/find-max.md": [
        step("chopsticks find-max", changes=(
            (r"--slo 'p99\(get\) < 20ms'", "--slo 'p99(get) < 60s'"),
            (r"--budget 10m", "--budget 1m " + short_search))),
    ],
    "docs/how-to/known-target.md": [
        step("cat > queue.yaml", changes=((r"measure: 60s", "measure: 2s"), (r"\A", "set +e\n"))),
        step("chopsticks run -f queue.yaml", changes=((r"\A", "set +e\n"),)),
    ],
    "docs/how-to/make-a-report.md": [
        step("chopsticks show r.json", before=a_result),
        step("chopsticks report s", before=a_result_and_a_sweep),
        step("chopsticks compare old", before=two_results, changes=(forced,)),
    ],
    "docs/how-to/own-cluster.md": [
        step("export AWS_SECRET_ACCESS_KEY"),
        step("chopsticks run -f scenarios/quickstart.yaml", before=tls_endpoint,
             changes=(port_9443,)),
        step("test/support/ceph.sh up", left_out=in_ceph),
    ],
    "docs/how-to/rados-pools.md": [
        step("chopsticks validate -f scenarios/rados_mixed.yaml", left_out=in_ceph),
        step("chopsticks cleanup --older-than 1d --workload-config config/rados.yaml",
             left_out=in_ceph),
    ],
    "docs/how-to/rbd-images.md": [
        step("chopsticks validate -f scenarios/rbd_random_read.yaml", left_out=in_ceph),
        step("chopsticks run -f scenarios/rbd_mixed_70_30.yaml", left_out=in_ceph),
        step("chopsticks run -f scenarios/hybrid_s3_rbd.yaml", left_out=in_ceph),
        step("chopsticks run -f scenarios/rbd_random_read.yaml --set workload.rbd.driver=dummy"),
    ],
    "docs/how-to/read-a-result.md": [
        step("jq '.validity' r.json", before=a_result),
        step("jq -r '.operations | to_entries[]"),
        step("jq -r '.operations | to_entries[]"),
        step("jq -c '.groups | to_entries"),
        step("jq -r '.driver_figures[]"),
        step("jq -r '.operations[\"s3/get\"].by_size_class"),
        step("jq -c '.intervals[]"),
        step("jq -r '.operations[].errors[]"),
        step("jq -r 'select", before=a_result_and_a_sweep, after=one_line_of_csv),
        step("import json", language="python"),
        step("import json", language="python",
             left_out="needs hdrhistogram of PyPI; hdr_decode.py reads the same encoding"),
        step("chopsticks export"),
    ],
    "docs/how-to/replay-a-recorded-load.md": [
        step("chopsticks run -f scenarios/mixed.yaml"),
        step("groups:", language="", file="replay.yaml"),
        step("groups:", language="", left_out="for block devices, which replay_test.py replays"),
        step("chopsticks validate -f replay.yaml"),
        step("chopsticks run -f replay.yaml"),
    ],
    "docs/how-to/run-in-ci.md": [
        step("set -e", before=ci_config),
        step("chopsticks run -f scenarios/quickstart.yaml"),
    ],
    "docs/how-to/several-hosts.md": [
        step("sleep", left_out="waits for the next full minute, and for a cluster"),
        step("chopsticks run -f scenarios/quickstart.yaml", changes=((r"\A", "set +e\n"),)),
    ],
    "docs/how-to/sweep.md": [
        step("chopsticks sweep", changes=((r"1000:6000:1000", "100:300:100"),)),
        step("chopsticks sweep"),
        step("chopsticks sweep", changes=((r"--repeat 3", "--repeat 2"),
                                          (r"4KiB,64KiB,1MiB", "4KiB,64KiB"))),
    ],
    "docs/how-to/watch-a-run.md": [
        step("chopsticks run -f quickstart --embedded",
             after=lambda page, said: page.assertIn('"source": "phase"', said)),
    ],
    "docs/how-to/write-a-driver.md": [
        step("chopsticks run -f scenarios/quickstart.yaml"),
    ],
    "docs/how-to/write-a-plug-in.md": [
        step("meson install", changes=((r"-C build", "-C {built}"),), before=where_it_was_built),
        step("export PKG_CONFIG_PATH"),
        step("chopsticks list"),
        step("plugins:", language="", file="faulty.yaml"),
        step("chopsticks validate", status=1, changes=(
            (r"\nchopsticks run", "\nset +e; chopsticks run"), (r"\njq", "\nfailed=$?\njq"),
            (r"\Z", "exit $failed\n"))),
    ],
    "docs/how-to/write-a-scenario.md": [
        step("name: backup_night", language="yaml", file="backup_night.yaml"),
        step("chopsticks validate -f backup_night.yaml"),
    ],
    "docs/performance.md": [
        step("cat >dummy.yaml", changes=((r"warmup: 1s, measure: 4s",
                                          "warmup: 100ms, measure: 300ms"),)),
    ],
    "docs/reference/application-profiles.md": [
        step("chopsticks run -f " + profile)
        for profile in ("backup", "log_store", "trace_store", "lakehouse", "container_registry",
                        "photo_store", "crt_small_files", "crt_large_file")
    ],
    "docs/reference/cli.md": [
        step("chopsticks run -f scenarios/mixed.yaml"),
    ],
    "docs/reference/faults.md": [
        step("chopsticks serve --port 9000", changes=(port_9000,), stays=True),
        step("curl -X POST", changes=(url_9000,)),
    ],
    "docs/tutorial/first-run.md": [
        step("scripts/quickstart.sh", left_out="the build; .ci/run starts with it"),
        step("export PATH=$PWD/build:$PATH"),
        step("chopsticks serve --port 9000", changes=(port_9000,), stays=True),
        step("export AWS_SECRET_ACCESS_KEY=chopsticks-secret", changes=(url_9000,)),
        # The run fails, as the page says, and the reader asks for its status.
        step("curl -X POST --data 'error", changes=(url_9000, (r"\A", "set +e\n")),
             after=last_line_is("1")),
        step("curl -X DELETE", changes=(url_9000,)),
        step("curl -X POST --data 'latency", changes=(url_9000,)),
    ],
}


class commands_test(docs_pages.page):
    def client(self):
        return self.server.client()

    def setUp(self):
        super().setUp()
        self.server = harness.endpoint()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)


def test_of(name, steps):
    def run(self):
        self.run_page(name, steps, url=self.server.url, port=str(harness.free_port()))
    return run


for page_name, page_steps in pages.items():
    title = page_name.removesuffix(".md").replace("/", "_").replace("-", "_").lower()
    setattr(commands_test, f"test_{title}", test_of(page_name, page_steps))


class table_test(docs_pages.page):
    def test_every_page_with_commands_is_in_the_table(self):
        found = {str(path.relative_to(docs.root)) for path in docs.pages()
                 if any(language in docs.command_languages
                        for _, language, _ in docs.all_fenced(path.read_text()))}
        self.assertEqual(found, set(pages))

    def test_what_is_left_to_the_cluster_runs_there(self):
        for name, steps in pages.items():
            left = [one.begins for one in steps if one.left_out == in_ceph]
            there = [one.begins for one in ceph.pages.get(name, []) if not one.left_out]
            self.assertEqual(left, there, name)

    def test_no_command_hides_in_a_block_without_a_language(self):
        for path in docs.pages():
            for line, language, block in docs.all_fenced(path.read_text()):
                if language not in docs.command_languages:
                    self.assertNotRegex(block, r"(?m)^(\$ |chopsticks |curl |jq )",
                                        f"{path}:{line}: make it a block of `sh`")


if __name__ == "__main__":
    harness.main()
