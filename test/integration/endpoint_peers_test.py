"""The embedded endpoint among peers that are slow, greedy, or somebody else's."""

import contextlib
import http.client
import json
import socket
import unittest

from endpoint_fixture import Endpoint, EndpointCase, content, md5, send, signed_headers

MIB = 1 << 20


def connect(endpoint):
    host, port = endpoint.host.rsplit(":", 1)
    # Long enough for a busy machine; nothing waits for it to run out.
    return socket.create_connection((host, int(port)), timeout=60)


def head_of(endpoint, method, path, headers=None, length=None):
    """A signed head, whatever body comes behind it."""
    fields = signed_headers(method, f"http://{endpoint.host}{path}", dict(headers or {}),
                            payload_hash="UNSIGNED-PAYLOAD")
    fields["Host"] = endpoint.host
    if length is not None:
        fields["Content-Length"] = str(length)
    text = f"{method} {path} HTTP/1.1\r\n"
    return (text + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n").encode()


def until_end(peer):
    data = b""
    while piece := peer.recv(65536):
        data += piece
    return data


def answer_of(peer):
    """One answer with its body, on a connection that stays open."""
    answer = http.client.HTTPResponse(peer)
    answer.begin()
    return answer.status, answer.read(), answer


class FrozenEndpoint(Endpoint):
    """Its time-outs are due when the test says so."""

    def __init__(self, *options):
        super().__init__("--frozen-clock", *options)

    def skip(self, seconds):
        self.process.stdin.write(f"skip {seconds}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "skipped\n":
            raise RuntimeError("the clock did not move")


class Slow(unittest.TestCase):
    def setUp(self):
        self.endpoint = FrozenEndpoint()
        self.addCleanup(self.endpoint.close)
        self.assertEqual(send(self.endpoint, "PUT", "/bucket")[0], 200)

    def test_head_that_never_ends_is_given_up(self):
        with connect(self.endpoint) as idle, connect(self.endpoint) as slow:
            slow.sendall(b"GET /bucket HTTP/1.1\r\nHost: x\r\nX-A: ")
            slow.settimeout(1)
            # When its bytes arrive is not known; time that passes before does not count.
            for _ in range(60):
                self.endpoint.skip(31)
                try:
                    self.assertEqual(slow.recv(100), b"")
                    break
                except socket.timeout:
                    pass
            else:
                self.fail("it is still waited for")
            # One that has not begun may take its time. (A signature may be 15 minutes old.)
            idle.sendall(b"GET /bucket HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(answer_of(idle)[0], 403)

    def test_body_that_stops_is_given_up_and_told_so(self):
        with connect(self.endpoint) as slow:
            slow.sendall(head_of(self.endpoint, "PUT", "/bucket/k", length=100) + b"x")
            while self.endpoint.counters()["body_bytes_in"] < 1:
                pass
            self.endpoint.skip(50)
            self.assertGreater(self.endpoint.counters()["memory_bytes"], 0)
            self.endpoint.skip(10)
            answer = until_end(slow)
            self.assertIn(b"400 Bad Request", answer)
            self.assertIn(b"<Code>RequestTimeout</Code>", answer)
            self.assertEqual(self.endpoint.counters()["memory_bytes"], 0)
        self.assertEqual(send(self.endpoint, "GET", "/bucket/k")[0], 404)

    def test_chunked_body_that_stops_is_given_up(self):
        with connect(self.endpoint) as slow:
            slow.sendall(head_of(self.endpoint, "PUT", "/bucket/k",
                                 {"Transfer-Encoding": "chunked",
                                  "X-Amz-Decoded-Content-Length": "8"}) + b"3\r\nab")
            while self.endpoint.counters()["body_bytes_in"] < 2:
                pass
            self.endpoint.skip(100)
            self.assertIn(b"<Code>RequestTimeout</Code>", until_end(slow))


class Greedy(EndpointCase):
    OPTIONS = ("--memory", "160MiB")

    def test_announcement_keeps_nobody_else_out(self):
        with connect(self.endpoint) as greedy:
            greedy.sendall(head_of(self.endpoint, "PUT", f"/{self.bucket}/big", length=150 * MIB) +
                           b"x")
            while self.endpoint.counters()["body_bytes_in"] < 1:
                pass
            data = content(10 * MIB)
            self.s3.put_object(Bucket=self.bucket, Key="k", Body=data)
            self.assertEqual(md5(self.read("k")), md5(data))
            self.assertLess(self.endpoint.counters()["memory_bytes"], 12 * MIB)

    def test_small_chunked_puts_are_counted(self):
        before = self.endpoint.counters()["memory_bytes"]
        read = self.endpoint.counters()["body_bytes_in"]
        peers = [connect(self.endpoint) for _ in range(50)]
        try:
            for peer in peers:
                peer.sendall(head_of(self.endpoint, "PUT", f"/{self.bucket}/c",
                                     {"Transfer-Encoding": "chunked",
                                      "X-Amz-Decoded-Content-Length": "3"}) + b"3\r\nabc")
            while self.endpoint.counters()["body_bytes_in"] < read + 3 * len(peers):
                pass
            held = self.endpoint.counters()["memory_bytes"] - before
            # Each has a buffer of a page, and what it has sent.
            self.assertGreaterEqual(held, 50 * 4096)
            self.assertLess(held, 50 * 16384)
            for peer in peers:
                peer.sendall(b"\r\n0\r\n\r\n")
            self.assertEqual({answer_of(peer)[0] for peer in peers}, {200})
        finally:
            for peer in peers:
                peer.close()


class Unwanted(EndpointCase):
    def test_put_into_no_bucket_is_refused_before_its_body(self):
        with connect(self.endpoint) as peer:
            peer.sendall(head_of(self.endpoint, "PUT", "/no-such-bucket/k", length=5 << 30))
            answer = until_end(peer)
        self.assertIn(b"404 Not Found", answer)
        self.assertIn(b"Connection: close", answer)
        self.assertIn(b"<Code>NoSuchBucket</Code>", answer)

    def test_put_that_asks_first_is_refused_at_once(self):
        with connect(self.endpoint) as peer:
            peer.sendall(head_of(self.endpoint, "PUT", "/no-such-bucket/k",
                                 {"Expect": "100-continue"}, length=10))
            answer = until_end(peer)
        self.assertNotIn(b"100 Continue", answer)
        self.assertIn(b"<Code>NoSuchBucket</Code>", answer)

    def test_small_body_behind_a_refusal_is_passed_over(self):
        with connect(self.endpoint) as peer:
            peer.sendall(head_of(self.endpoint, "PUT", "/no-such-bucket/k", length=1000) +
                         b"x" * 1000)
            status, body, _ = answer_of(peer)
            self.assertEqual(status, 404, body)
            peer.sendall(head_of(self.endpoint, "GET", f"/{self.bucket}"))
            self.assertEqual(answer_of(peer)[0], 200)

    def test_head_of_more_than_16_kib_is_refused(self):
        for size, status in ((12 << 10, 200), (20 << 10, 400)):
            with connect(self.endpoint) as peer:
                head = head_of(self.endpoint, "GET", f"/{self.bucket}")
                peer.sendall(head[:-2] + b"x-fill: " + b"a" * size + b"\r\n\r\n")
                self.assertEqual(answer_of(peer)[0], status)

    def test_documents_on_their_way_are_counted(self):
        before = self.endpoint.counters()
        size = MIB - 1  # a byte is missing
        with contextlib.ExitStack() as peers:
            for _ in range(3):
                peer = peers.enter_context(connect(self.endpoint))
                peer.sendall(head_of(self.endpoint, "POST", f"/{self.bucket}?delete", length=MIB) +
                             b" " * size)
            while self.endpoint.counters()["body_bytes_in"] < before["body_bytes_in"] + 3 * size:
                pass
            held = self.endpoint.counters()["memory_bytes"] - before["memory_bytes"]
            # The last piece of each may have been read and not be kept yet.
            self.assertGreaterEqual(held, 2 * size)

    def test_request_ids_are_never_the_same(self):
        seen = []
        for _ in range(3):
            with connect(self.endpoint) as peer:
                for _ in range(3):
                    peer.sendall(head_of(self.endpoint, "GET", f"/{self.bucket}"))
                    status, _, answer = answer_of(peer)
                    self.assertEqual(status, 200)
                    seen.append(answer.headers["x-amz-request-id"])
        self.assertEqual(len(set(seen)), 9, seen)


class Browsers(EndpointCase):
    def ask(self, method, headers, body=None):
        connection = http.client.HTTPConnection(self.endpoint.host, timeout=60)
        try:
            connection.request(method, "/_chopsticks/faults", body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def test_faults_are_not_set_by_a_page_in_a_browser(self):
        rule = "error:rate=1"
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                        {"Host": "evil.example:9000"}, {"Host": "127.0.0.1.evil.example"},
                        {"Sec-Fetch-Site": "cross-site"}):
            status, body = self.ask("POST", {"Content-Type": "text/plain", **headers}, rule)
            self.assertEqual(status, 403, headers)
            self.assertIn("not from a browser", json.loads(body)["error"])
            self.assertEqual(self.ask("GET", headers)[0], 403)
        self.assertEqual(self.endpoint.control("GET", "faults")["rules"], [])
        for host in ("localhost:9000", "[::1]:9000", "127.0.0.1"):
            self.assertEqual(self.ask("POST", {"Host": host}, rule)[0], 200)
            self.assertEqual(self.ask("DELETE", {"Host": host})[0], 200)


if __name__ == "__main__":
    unittest.main()
