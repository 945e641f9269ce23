#!/usr/bin/env python3
"""The driver curl where the others cannot go: HTTP/2, proxies. And that it sends no request that it
does not count."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway
import harness
import witness

word = "not-for-your-eyes"


scenario = """
name: by_curl
groups:
  - workload: s3
    name: s3
    data: {prefix: e2e/, objects: 10, size: 4KiB, verify: true}
    tasks: [{op: get, weight: 6}, {op: put, weight: 2}, {op: delete}, {op: head}, {op: list}]
    load: {closed: {users: 6}}
  # Parts go out side by side, too.
  - workload: s3
    name: large
    data: {prefix: large/, objects: 1, size: 6MiB, verify: true}
    tasks: [{op: get}, {op: multipart_put, part_size: 5MiB, concurrency: 2}]
    load: {closed: {users: 1}}
phases: {prepare: true, warmup: 0s, measure: 60s, drain: 60s, cleanup: true}
stop: {operations: 100}
timeouts: {connect: 60s, operation: 60s}
limits: {held_up: 100%, held_up_longest: 1h, outage: 100%}
seed: 7
"""


class curl_case(harness.case):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.endpoint()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def tearDown(self):
        self.server.control("faults", "DELETE")

    def config(self, endpoint, **more):
        path = self.file("w.yaml", json.dumps({"endpoint": endpoint,
                                               "access_key": harness.access_key, **more}))
        path.chmod(0o600)
        return path

    def attempt(self, config, *more, command="run", **how):
        output = [] if command == "validate" else ["--output", self.dir / "r.json"]
        return self.run_binary(command, "-f", self.file("s.yaml", scenario),
                               "--workload-config", config, *output, *more,
                               env={**self.server.credentials, **witness.environment}, **how)

    def result_of(self, config, *more, **how):
        done = self.attempt(config, *more, **how)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        result = harness.read_result(self.dir / "r.json")
        self.assertEqual(result["total"]["failed"], 0, done.said)
        self.assertGreater(result["total"]["ok"], 10)
        self.assertEqual(result["groups"]["s3"]["driver"], "curl")
        self.assertNotIn(word, done.said + (self.dir / "r.json").read_text())
        return result, done

    def assert_refused(self, done, *parts):
        self.assert_code(done, harness.errors_or_slo, harness.bad_usage)
        self.assert_one_clear_message(done, *parts)
        self.assertNotIn(word, done.said)


class http2_test(curl_case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.front = gateway.http2_front(cls.server.url)
        cls.front.__enter__()
        cls.addClassCleanup(cls.front.__exit__, None, None, None)

    def tls(self, port, **more):
        return self.config(f"https://127.0.0.1:{port}",
                           tls={"ca_file": str(self.front.certificate)}, **more)

    def spoken(self, config):
        """The result, and what nginx and the endpoint had to do for it."""
        log, asked = self.front.log(), self.server.counters()["requests"]
        result, done = self.result_of(config, "--cores", "1")
        self.assertRegex(done.err, "driver curl is taken: native, the default, has no http_version")
        # nginx writes a line once it has sent the answer.
        served = self.server.counters()["requests"] - asked
        harness.wait_until("nginx has a line of every request",
                           lambda: len(self.front.log()) - len(log) >= served)
        seen = self.front.log()[len(log):]
        self.assertEqual(len(seen), served)
        return result, seen

    def test_streams_of_all_users_share_a_connection(self):
        for config in (self.tls(self.front.tls_port, http_version="2"),
                       self.config(f"http://127.0.0.1:{self.front.plain_port}",
                                   http_version="h2c")):
            result, seen = self.spoken(config)
            self.assertEqual({line[1] for line in seen}, {"HTTP/2.0"})
            connections = len({line[0] for line in seen})
            echo = result["workload"]["s3"]["http_version"]
            if echo == "h2c" and connections > 2:
                # libcurl before 8.0 cannot use such a connection again, and says so.
                self.assertEqual(connections, len(seen))
            else:
                self.assertLessEqual(connections, 2, "the run's, and its load's")

    def test_server_without_http2_is_said_to_have_none(self):
        self.assert_refused(self.attempt(self.tls(self.front.one_port, http_version="2")),
                            f"127.0.0.1:{self.front.one_port}", "http_version: 1.1")

    def test_certificate_is_verified(self):
        self.assert_refused(self.attempt(self.config(f"https://127.0.0.1:{self.front.tls_port}",
                                                     http_version="2")),
                            "certificate", "tls.ca_file")

    def test_version_that_does_not_go_with_the_scheme_is_refused(self):
        self.assert_refused(self.attempt(self.config("http://127.0.0.1:9", http_version="2"),
                                         command="validate"), "http_version: h2c")
        self.assert_refused(self.attempt(self.config("https://127.0.0.1:9", http_version="h2c"),
                                         command="validate"), "http_version: 2")


class proxy_test(curl_case):
    def by(self, proxy, endpoint=None, scheme=None, password=word, **more):
        return self.config(endpoint or self.server.url, proxy={
            "url": f"{scheme or proxy.kind}://127.0.0.1:{proxy.port}", "user": "smith",
            "password": password}, **more)

    def test_http_proxy_forwards_each_request_once(self):
        with gateway.proxy("http", "smith", word) as proxy:
            asked = self.server.counters()["requests"]
            seen = self.dir / "strace"
            result, done = self.result_of(self.by(proxy), under=witness.under(seen))
            self.assertRegex(done.err, "driver curl is taken: native, the default, has no proxy")
            # What is started is the program alone, and its arguments have no secrets.
            self.assertEqual(len(witness.starts(seen)), 1)
            self.assertEqual(witness.shown(seen, (word, harness.secret_key)), [])
            self.assertEqual(self.server.counters()["requests"] - asked, len(proxy.asked))
        self.assertEqual(proxy.refused, 0, "asked without saying who asks")
        self.assertTrue(all(f" {self.server.url}/" in line for line in proxy.asked))
        self.assertEqual(result["workload"]["s3"]["proxy"], f"http://127.0.0.1:{proxy.port}")

    def test_https_goes_through_a_tunnel(self):
        with gateway.http2_front(self.server.url) as front, \
                gateway.proxy("http", "smith", word) as proxy:
            endpoint = f"https://127.0.0.1:{front.tls_port}"
            self.result_of(self.by(proxy, endpoint, http_version="2",
                                   tls={"ca_file": str(front.certificate)}))
            self.assertEqual({line[1] for line in front.log()}, {"HTTP/2.0"})
        self.assertEqual(set(proxy.asked), {f"CONNECT 127.0.0.1:{front.tls_port}"})
        self.assertEqual(proxy.refused, 0)

    def test_socks_proxy_is_told_addresses_or_names(self):
        port = self.server.url.rsplit(":", 1)[1]
        with gateway.proxy("socks5", "smith", word) as proxy:
            self.result_of(self.by(proxy))
            self.assertEqual(set(proxy.asked), {f"127.0.0.1:{port}"})
        # Here nobody else knows that name.
        with gateway.proxy("socks5", "smith", word, {"store.invalid": "127.0.0.1"}) as proxy:
            self.result_of(self.by(proxy, f"http://store.invalid:{port}", "socks5h"))
            self.assertEqual(set(proxy.asked), {f"store.invalid:{port}"})

    def test_wrong_password_is_said_to_be_the_proxys(self):
        for kind in ("http", "socks5"):
            with gateway.proxy(kind, "smith", "another") as proxy:
                self.assert_refused(self.attempt(self.by(proxy)), "proxy",
                                    r"check proxy\.user and proxy\.password")
                self.assertEqual(proxy.refused, len(proxy.asked) or proxy.refused)

    def test_proxy_that_is_not_there_is_named(self):
        with harness.closed_port() as port:
            self.assert_refused(self.attempt(self.config(self.server.url, proxy={
                "url": f"http://127.0.0.1:{port}"})), f"proxy http://127.0.0.1:{port}")

    def test_environment_names_no_proxy(self):
        with harness.closed_port() as port:
            done = self.run_binary(
                "run", "-f", self.file("s.yaml", scenario), "--output", self.dir / "r.json",
                *self.server.target(), "--driver", "curl",
                env={**self.server.credentials, "http_proxy": f"http://127.0.0.1:{port}"})
        self.assert_code(done, harness.ran, harness.generator_was_limit)


class choice_test(curl_case):
    def test_validate_says_which_driver_is_taken(self):
        done = self.attempt(self.config(self.server.url, proxy={"url": "http://127.0.0.1:9"}),
                            command="validate")
        self.assert_code(done, harness.ran)
        self.assertRegex(done.said, "driver curl is taken: native, the default, has no proxy")

    def test_driver_that_was_named_is_not_replaced(self):
        for driver in ("native", "beast"):
            config = self.config(self.server.url, driver=driver,
                                 proxy={"url": "http://127.0.0.1:9"})
            self.assert_refused(self.attempt(config, command="validate"),
                                f"is not done by the driver {driver}", "driver: curl")
            self.assert_refused(self.attempt(config), f"is not done by the driver {driver}")

    def test_driver_that_is_named_in_the_command_counts_whatever_the_default_lacks(self):
        config = self.config(self.server.url, driver="native", proxy={"url": "http://127.0.0.1:9"})
        # It is the proxy that is not there.
        self.assert_refused(self.attempt(config, "--driver", "curl"), "proxy http://127.0.0.1:9")
        config = self.config(self.server.url, proxy={"url": "http://127.0.0.1:9"})
        done = self.run_binary("run", "-f", self.file("s.yaml", scenario), "--workload-config",
                               config, "--driver", "curl,native", "--output", self.dir / "out",
                               env=self.server.credentials)
        self.assert_refused(done, "--driver native: .*is not done by the driver native")
        self.assertFalse((self.dir / "out").exists())

    def test_password_is_not_taken_on_the_command_line(self):
        done = self.attempt(self.config(self.server.url), "--set",
                            "workload.proxy.url=http://127.0.0.1:9", "--set",
                            "workload.proxy.user=smith", "--set", f"workload.proxy.password={word}")
        self.assert_refused(done, "command line")

    def test_list_has_what_only_it_does(self):
        lines = self.run_binary("list").out.splitlines()
        head = next(line for line in lines if "what its drivers do" in line)
        at = head.split().index("curl")
        self.assertTrue(any(re.match(r"    curl .*\(libcurl \d+\.\d+\.\d+\)$", line)
                            for line in lines), "with HTTP/2, as Debian's")
        for name in ("speaks HTTP/2", "goes through proxies"):
            line = next(line for line in lines if name in line)
            self.assertEqual(line.split()[-len(head.split()[4:]):][at - 4], "yes", line)


class honest_test(curl_case):
    def test_no_request_goes_out_that_is_not_counted(self):
        # A connection that ends without an answer is one that libcurl would try again.
        for fault in ("hang_up", "reset"):
            self.server.set_faults(f"{fault}:op=get,every=7")
            before = self.server.counters()["by_operation"].get("get", 0)
            done = self.run_binary("run", "-f", self.file("s.yaml", harness.small_scenario),
                                   "--output", self.dir / "r.json", *self.server.target(),
                                   "--driver", "curl", "--set", "limits.outage=100%",
                                   env=self.server.credentials)
            self.server.control("faults", "DELETE")
            served = self.server.counters()["by_operation"]["get"] - before
            result = harness.read_result(self.dir / "r.json")
            get = result["operations"]["s3/get"]
            self.assertGreater(get["failed"], 0, done.said)
            cut = result["run"]["warmup_cut"]
            slack = cut["ok"] + cut["failed"] + result["load"]["cancelled"]
            self.assertLessEqual(get["ok"] + get["failed"], served)
            self.assertLessEqual(served, get["ok"] + get["failed"] + slack)


if __name__ == "__main__":
    harness.main()
