#!/usr/bin/env python3
"""Targets that are not there, not S3, or do not let us in: one clear message, soon."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

html = (b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 22\r\n"
        b"Connection: close\r\n\r\n<html>no such</html>\r\n")


class target_case(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", harness.small_scenario)

    def attempt(self, *arguments, env=None):
        output = self.dir / "r.json"
        done = self.run_binary("run", "-f", self.scenario, "--output", output, *arguments,
                               env=env or harness.endpoint.credentials)
        return done

    def assert_refused(self, done, *parts):
        self.assert_code(done, harness.errors_or_slo, harness.bad_usage)
        self.assert_one_clear_message(done, *parts)


class absent_target_test(target_case):
    def test_refused_connection_names_the_address(self):
        with harness.closed_port() as port:
            done = self.attempt("--endpoint", f"http://127.0.0.1:{port}", "--access-key", "a")
        self.assert_refused(done, f"127.0.0.1:{port}", "(?i)refused")

    def test_unresolvable_name_is_named(self):
        done = self.attempt("--endpoint", "http://no-such-host.invalid", "--access-key", "a")
        self.assert_refused(done, r"no-such-host\.invalid", "(?i)resolve|name|host not found")

    def test_silent_server_times_out(self):
        with harness.canned_server(None) as server:
            done = self.attempt("--endpoint", server.url, "--access-key", "a")
        self.assert_refused(done, str(server.port), "(?i)time")

    def test_server_that_speaks_no_http_is_said_not_to(self):
        with harness.canned_server(b"SSH-2.0-OpenSSH_9.2\r\n") as server:
            done = self.attempt("--endpoint", server.url, "--access-key", "a")
        self.assert_refused(done, str(server.port), "(?i)http|s3")

    def test_web_server_without_s3_is_said_to_be_none(self):
        with harness.canned_server(html) as server:
            done = self.attempt("--endpoint", server.url, "--access-key", "a")
        self.assert_refused(done, str(server.port), "(?i)s3")

    def test_connection_closed_without_an_answer_is_reported(self):
        with harness.canned_server(b"") as server:
            done = self.attempt("--endpoint", server.url, "--access-key", "a")
        self.assert_refused(done, str(server.port), "(?i)clos|lost|end")

    def test_https_to_a_plain_server_is_reported_as_such(self):
        with harness.endpoint() as server:
            done = self.attempt("--endpoint", server.url.replace("http:", "https:"),
                                "--access-key", harness.access_key)
        self.assert_refused(done, "(?i)tls|ssl|https")


class refusing_target_test(target_case):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.endpoint()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def tearDown(self):
        self.server.control("faults", "DELETE")

    def test_unknown_access_key_is_named(self):
        done = self.attempt("--endpoint", self.server.url, "--access-key", "nobody")
        self.assert_refused(done, "(?i)InvalidAccessKeyId|access key|403|forbidden")

    def test_wrong_secret_hints_at_the_secret_key(self):
        done = self.attempt(*self.server.target(), env={"AWS_SECRET_ACCESS_KEY": "wrong"})
        self.assert_refused(done, "(?i)SignatureDoesNotMatch|secret key|403|forbidden")
        self.assertNotIn("wrong", done.said)

    def test_wrong_region_names_the_right_one_or_the_option(self):
        done = self.attempt(*self.server.target(), "--set", "workload.s3.region=mars-1")
        self.assert_refused(done, "(?i)region")

    def test_absent_bucket_that_may_not_be_made_is_named(self):
        done = self.attempt(*self.server.target(), "--bucket", "not-there",
                            "--set", "workload.s3.create_bucket=false")
        self.assert_refused(done, "not-there", "(?i)bucket")

    def test_invalid_bucket_name_is_reported(self):
        done = self.attempt(*self.server.target(), "--bucket", "No_Such-NAME!")
        self.assert_refused(done, "(?i)bucket")

    def test_clock_skew_says_to_look_at_the_clock(self):
        self.server.set_faults("error:status=403,code=RequestTimeTooSkewed")
        done = self.attempt(*self.server.target())
        self.assert_refused(done, "(?i)clock|time|skew")

    def test_expired_token_names_the_access_key_and_what_to_set(self):
        for status in (400, 403):
            self.server.set_faults(f"error:status={status},code=ExpiredToken")
            done = self.attempt(*self.server.target())
            self.assert_refused(done, "has expired", "session_token", f"HTTP {status}",
                                harness.access_key)

    def test_unavailable_server_is_reported_with_its_status(self):
        self.server.set_faults("error:status=503,code=ServiceUnavailable")
        done = self.attempt(*self.server.target())
        self.assert_refused(done, "503|(?i:unavailable)")

    def test_redirecting_server_is_not_followed(self):
        self.server.set_faults("redirect:location=http://127.0.0.1:1")
        done = self.attempt(*self.server.target())
        self.assert_refused(done, "(?i)redirect|307")


class faulty_target_test(target_case):
    """A target that misbehaves while the run is on costs operations, never the run."""

    def run_with_fault(self, fault):
        with harness.endpoint() as server:
            # The start-up and prepare phases are spared: a fault begins after them.
            server.set_faults(fault)
            output = self.dir / "r.json"
            done = self.run_binary(
                "run", "-f", self.scenario, "--output", output, *server.target(),
                env=harness.endpoint.credentials, timeout=60)
        return done, harness.read_result(output) if output.exists() else None

    def check(self, fault, *classes):
        done, result = self.run_with_fault(fault)
        self.assert_code(done, harness.errors_or_slo)
        ok, failed, _ = harness.all_operations(result)
        self.assertGreater(ok, 0)
        self.assertGreater(failed, 0)
        seen = {error["class"] for one in result["operations"].values()
                for error in one["errors"]}
        self.assertLessEqual(seen, set(classes))
        counted = sum(error["count"] for one in result["operations"].values()
                      for error in one["errors"])
        self.assertEqual(counted, failed)
        for one in result["operations"].values():
            self.assertEqual(one["response"]["count"], one["ok"])

    def test_slow_down_is_its_own_class(self):
        self.check("error:rate=0.2,status=503,code=SlowDown,op=get", "slow_down")

    def test_server_errors_are_classed_so(self):
        self.check("error:rate=0.2,status=500,code=InternalError,op=get", "server_error")

    def test_resets_are_connection_lost(self):
        self.check("reset:rate=0.1,op=get", "connection_lost")

    def test_reset_inside_a_body_is_connection_lost(self):
        self.check("reset_body:rate=0.1,op=get", "connection_lost")

    def test_truncated_bodies_are_connection_lost(self):
        self.check("truncate:rate=0.1,op=get", "connection_lost")

    def test_rubbish_is_a_bad_response(self):
        self.check("garbage:rate=0.1,op=get", "bad_response", "connection_lost")

    def test_stalls_are_time_outs_and_the_run_ends_in_time(self):
        self.check("stall:rate=0.02,op=get,limit=3", "timeout")

    def test_corrupt_bodies_are_found_when_verifying(self):
        self.scenario = self.file("s.yaml", harness.small_scenario.replace(
            "size: 4KiB", "size: 4KiB, verify: true"))
        self.check("corrupt:rate=0.1,op=get", "corrupt")

    def test_connections_that_the_server_closes_politely_cost_nothing(self):
        done, result = self.run_with_fault("close:rate=0.2")
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        self.assertEqual(harness.all_operations(result)[1], 0)


if __name__ == "__main__":
    harness.main()
