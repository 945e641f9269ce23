"""The faults of the embedded endpoint as they arrive at a socket."""

import json
import socket
import time
import unittest
import urllib.error
import urllib.request

from endpoint_fixture import Endpoint, send, signed_headers

BODY = bytes(range(256)) * 40
# Seconds for what has to come, on a machine that others use, and of silence after all that came.
COMES_S = 120
SILENT_S = 0.3


class Raw:
    """One connection on which every byte counts."""

    def __init__(self, endpoint):
        host, port = endpoint.host.rsplit(":", 1)
        self.host = endpoint.host
        self.socket = socket.create_connection((host, int(port)), timeout=COMES_S)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def request(self, method, path, headers=None, body=b"", send_body=True):
        fields = signed_headers(method, f"http://{self.host}{path}", dict(headers or {}), body)
        fields["Host"] = self.host
        if body:
            fields["Content-Length"] = str(len(body))
        text = f"{method} {path} HTTP/1.1\r\n"
        text += "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
        self.socket.sendall(text.encode() + (body if send_body else b""))

    def all(self, comes=None):
        """What comes until the end, and how it ends: "close", "reset" or "silence". That is only
        believed once `comes` is true of what came; None: never, it has to end."""
        data = b""
        while True:
            silent = comes is not None and comes(data)
            self.socket.settimeout(SILENT_S if silent else COMES_S)
            try:
                piece = self.socket.recv(65536)
            except socket.timeout:
                return data, "silence"
            except ConnectionResetError:
                return data, "reset"
            if not piece:
                return data, "close"
            data += piece

    def head(self):
        """The head of one response without a body."""
        self.socket.settimeout(COMES_S)
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError(f"closed after {data!r}")
            data += piece
        return data

    def answer(self):
        """One response by its Content-Length: head and body."""
        self.socket.settimeout(COMES_S)
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError(f"closed after {data!r}")
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = announced(head)
        while len(body) < length:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("closed in the body")
            body += piece
        return head, body


def announced(head):
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
               if line.lower().startswith(b"content-length:")]
    return lengths[0] if lengths else 0


def split(data):
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


def nothing(data):
    """All that should come has come from the beginning."""
    return True


def body_of(size):
    """A head and so much of a body came."""
    return lambda data: len(split(data)[1]) >= size


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.endpoint = Endpoint("--threads", "2")
        cls.addClassCleanup(cls.endpoint.close)
        assert send(cls.endpoint, "PUT", "/bucket")[0] == 200

    def setUp(self):
        self.endpoint.control("DELETE", "faults")
        self.assertEqual(send(self.endpoint, "PUT", "/bucket/k", body=BODY)[0], 200)

    def raw(self):
        connection = Raw(self.endpoint)
        self.addCleanup(connection.socket.close)
        return connection

    def get(self, rules, comes=None):
        self.endpoint.set_faults(rules)
        connection = self.raw()
        connection.request("GET", "/bucket/k")
        return connection.all(comes)

    def test_no_fault_serves_one_after_the_other(self):
        connection = self.raw()
        for _ in range(3):
            connection.request("GET", "/bucket/k")
            head, body = connection.answer()
            self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"))
            self.assertEqual(body, BODY)

    def test_pipelined_requests_are_all_answered(self):
        connection = self.raw()
        connection.request("PUT", "/bucket/p", body=b"one")
        connection.request("GET", "/bucket/p")
        connection.request("DELETE", "/bucket/p")
        data, ending = connection.all(
            lambda data: b"204" in data and data.endswith(b"\r\n\r\n"))
        self.assertEqual(ending, "silence")
        self.assertEqual([line for line in data.split(b"\r\n") if b"HTTP/1.1 " in line],
                         [b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b"oneHTTP/1.1 204 No Content"])

    def test_error_is_refused_without_effect(self):
        self.endpoint.set_faults("error:op=put,status=503,code=SlowDown")
        status, _, body = send(self.endpoint, "PUT", "/bucket/k", body=b"changed")
        self.assertEqual(status, 503)
        self.assertIn(b"<Code>SlowDown</Code>", body)
        self.assertEqual(send(self.endpoint, "GET", "/bucket/k")[2], BODY)
        self.assertEqual(self.endpoint.counters()["by_status"]["503"], 1)

    def test_stall_is_silent_and_stays_open(self):
        self.assertEqual(self.get("stall", nothing), (b"", "silence"))

    def test_stall_head_sends_half_of_it(self):
        data, ending = self.get("stall_head", len)
        self.assertTrue(data.startswith(b"HTTP/1.1 200 OK"))
        self.assertNotIn(b"\r\n\r\n", data)
        self.assertEqual(ending, "silence")

    def test_stall_body_sends_half_of_it(self):
        data, ending = self.get("stall_body", body_of(len(BODY) // 2))
        head, body = split(data)
        self.assertEqual(announced(head), len(BODY))
        self.assertEqual(body, BODY[:len(BODY) // 2])
        self.assertEqual(ending, "silence")

    def test_reset_is_a_reset(self):
        self.assertEqual(self.get("reset"), (b"", "reset"))

    def test_reset_body_resets_in_the_middle(self):
        data, ending = self.get("reset_body")
        self.assertEqual(ending, "reset")
        self.assertLess(len(split(data)[1]), len(BODY))

    def test_hang_up_closes_without_a_word(self):
        self.assertEqual(self.get("hang_up"), (b"", "close"))

    def test_truncate_closes_in_the_middle(self):
        data, ending = self.get("truncate")
        head, body = split(data)
        self.assertEqual(announced(head), len(BODY))
        self.assertEqual(body, BODY[:len(BODY) // 2])
        self.assertEqual(ending, "close")

    def test_corrupt_flips_one_bit(self):
        head, body = split(self.get("corrupt", body_of(len(BODY)))[0])
        self.assertEqual(len(body), len(BODY))
        wrong = [(a ^ b) for a, b in zip(body, BODY) if a != b]
        self.assertEqual(len(wrong), 1)
        self.assertEqual(wrong[0].bit_count(), 1)

    def test_stale_gives_the_version_before(self):
        self.endpoint.set_faults("stale:every=2")
        send(self.endpoint, "PUT", "/bucket/k", body=b"newest")
        bodies = [send(self.endpoint, "GET", "/bucket/k")[2] for _ in range(3)]
        # The put was the first request, so the gets are the second to the fourth.
        self.assertEqual(bodies, [BODY, b"newest", BODY])

    def test_length_lies_and_the_connection_stays(self):
        data, ending = self.get("length:bytes=9", body_of(len(BODY)))
        head, body = split(data)
        self.assertEqual(announced(head), len(BODY) + 9)
        self.assertEqual(body, BODY)
        self.assertEqual(ending, "silence")
        head, body = split(self.get("length:bytes=-9", body_of(len(BODY)))[0])
        self.assertEqual(announced(head), len(BODY) - 9)
        self.assertEqual(body, BODY)

    def test_garbage_is_not_http(self):
        data, ending = self.get("garbage:bytes=500")
        self.assertEqual(len(data), 500)
        self.assertFalse(data.startswith(b"HTTP"))
        self.assertEqual(ending, "close")

    def test_close_ends_every_nth_connection_properly(self):
        self.endpoint.set_faults("close:every=2")
        connection = self.raw()
        connection.request("GET", "/bucket/k")
        self.assertNotIn(b"Connection: close", connection.answer()[0])
        connection.request("GET", "/bucket/k")
        data, ending = connection.all()
        head, body = split(data)
        self.assertIn(b"Connection: close", head)
        self.assertEqual(body, BODY)
        self.assertEqual(ending, "close")

    def test_redirect_names_another_place(self):
        self.endpoint.set_faults("redirect:location=http://elsewhere:1")
        status, fields, body = send(self.endpoint, "GET", "/bucket/k")
        self.assertEqual(status, 307)
        self.assertEqual(fields["Location"], "http://elsewhere:1/bucket/k")
        self.assertIn(b"<Code>TemporaryRedirect</Code>", body)

    def expect(self, rules, comes):
        self.endpoint.set_faults(rules)
        connection = self.raw()
        connection.request("PUT", "/bucket/e", {"Expect": "100-continue"}, b"expected",
                           send_body=False)
        told = connection.all(comes)
        connection.socket.sendall(b"expected")
        self.assertTrue(connection.answer()[0].startswith(b"HTTP/1.1 200"))
        self.assertEqual(send(self.endpoint, "GET", "/bucket/e")[2], b"expected")
        return told

    def test_continue_is_sent_once_never_or_twice(self):
        once = b"HTTP/1.1 100 Continue\r\n\r\n"
        self.assertEqual(self.expect("", once.__eq__), (once, "silence"))
        self.assertEqual(self.expect("continue_never", nothing), (b"", "silence"))
        twice = once + once
        self.assertEqual(self.expect("continue_twice", twice.__eq__), (twice, "silence"))

    def test_continue_is_not_sent_for_what_is_refused(self):
        connection = self.raw()
        connection.request("PUT", "/nobucket/e", {"Expect": "100-continue"}, b"x" * 1000,
                           send_body=False)
        data, ending = connection.all()
        self.assertTrue(data.startswith(b"HTTP/1.1 404 Not Found"), data)
        self.assertEqual(ending, "close")

    def test_drip_is_slow_and_whole(self):
        began = time.monotonic()
        self.endpoint.set_faults("drip:bytes=1000,fixed=10ms")
        status, _, body = send(self.endpoint, "GET", "/bucket/k")
        self.assertEqual((status, body), (200, BODY))
        self.assertGreater(time.monotonic() - began, 0.1)

    def test_latency_holds_back_what_it_is_about(self):
        self.endpoint.set_faults("latency:fixed=150ms,op=get")
        began = time.monotonic()
        send(self.endpoint, "GET", "/bucket/k")
        self.assertGreaterEqual(time.monotonic() - began, 0.15)
        # What would be held back for an hour is not about this.
        self.endpoint.set_faults("latency:fixed=1h,op=get")
        self.assertEqual(send(self.endpoint, "HEAD", "/bucket/k")[0], 200)

    def test_queue_serves_one_after_the_other(self):
        # Twenty requests at once, one server, 5 ms each: 100 ms at least.
        self.endpoint.set_faults("queue:servers=1,fixed=5ms")
        connections = [self.raw() for _ in range(20)]
        began = time.monotonic()
        for connection in connections:
            connection.request("HEAD", "/bucket/k")
        for connection in connections:
            self.assertIn(b"200 OK", connection.head())
        self.assertGreaterEqual(time.monotonic() - began, 0.1)

    def test_accept_faults_hit_new_connections_only(self):
        kept = self.raw()
        kept.request("GET", "/bucket/k")
        kept.answer()
        self.endpoint_rules_by(kept, "stall_accept:limit=1")
        stalled = self.raw()
        stalled.request("GET", "/bucket/k")
        self.assertEqual(stalled.all(nothing), (b"", "silence"))
        self.endpoint_rules_by(kept, "reset_accept:limit=1")
        # The reset may be there before connect has returned.
        with self.assertRaises(ConnectionResetError):
            reset = self.raw()
            reset.request("GET", "/bucket/k")
            reset.socket.recv(1)
        kept.request("GET", "/bucket/k")
        self.assertEqual(kept.answer()[1], BODY)

    def endpoint_rules_by(self, connection, rules):
        """Over a connection that is there: a new one would be hit itself."""
        connection.socket.sendall(
            f"POST /_chopsticks/faults HTTP/1.1\r\nHost: x\r\nContent-Length: {len(rules)}\r\n\r\n"
            f"{rules}".encode())
        self.assertIn(b"200 OK", connection.answer()[0])


class Protocol(unittest.TestCase):
    """What a server has to stand from its clients."""

    @classmethod
    def setUpClass(cls):
        cls.endpoint = Endpoint()
        cls.addClassCleanup(cls.endpoint.close)
        assert send(cls.endpoint, "PUT", "/bucket")[0] == 200

    def exchange(self, text):
        with Raw(self.endpoint) as connection:
            connection.socket.sendall(text)
            return connection.all()

    def test_rubbish_gets_400_and_a_close(self):
        for text in (b"rubbish\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET / HTTP/1.1\r\nBad Name: x\r\n\r\n",
                     b"PUT /bucket/k HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                     b"PUT /bucket/k HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                     b"GET / HTTP/1.1\r\nX: " + b"x" * 70000 + b"\r\n\r\n"):
            data, ending = self.exchange(text)
            self.assertTrue(data.startswith(b"HTTP/1.1 400 Bad Request"), (text[:60], data))
            self.assertEqual(ending, "close")

    def test_bad_target_is_told(self):
        data, _ = self.exchange(b"GET /bucket/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertIn(b"<Code>InvalidURI</Code>", data)

    def test_upload_that_breaks_off_leaves_nothing(self):
        before = self.endpoint.counters()
        with Raw(self.endpoint) as connection:
            connection.request("PUT", "/bucket/broken", body=b"x" * 3_000_000, send_body=False)
            connection.socket.sendall(b"x" * 1_500_000)
        deadline = time.monotonic() + COMES_S
        while time.monotonic() < deadline:
            after = self.endpoint.counters()
            if after["memory_bytes"] == before["memory_bytes"]:
                break
            time.sleep(0.02)
        self.assertEqual(after["memory_bytes"], before["memory_bytes"])
        self.assertEqual(after["objects"], before["objects"])
        self.assertEqual(send(self.endpoint, "GET", "/bucket/broken")[0], 404)

    def test_transfer_coding_chunked_is_taken(self):
        with Raw(self.endpoint) as connection:
            fields = signed_headers("PUT", f"http://{self.endpoint.host}/bucket/c", {},
                                    payload_hash="UNSIGNED-PAYLOAD")
            fields.update({"Host": self.endpoint.host, "Transfer-Encoding": "chunked"})
            head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            connection.socket.sendall(f"PUT /bucket/c HTTP/1.1\r\n{head}\r\n".encode())
            for size in (1, 1000, 300_000):
                connection.socket.sendall(b"%x\r\n%s\r\n" % (size, b"c" * size))
            connection.socket.sendall(b"0\r\n\r\n")
            self.assertIn(b"200 OK", connection.answer()[0])
            connection.request("GET", "/bucket/c")
            self.assertEqual(connection.answer()[1], b"c" * 301_001)

    def test_put_without_a_length_is_refused(self):
        with Raw(self.endpoint) as connection:
            connection.request("PUT", "/bucket/k")
            head, body = connection.answer()
            self.assertIn(b"411 Length Required", head)
            self.assertIn(b"<Code>MissingContentLength</Code>", body)

    def test_refused_upload_keeps_the_connection(self):
        with Raw(self.endpoint) as connection:
            connection.request("PUT", "/nobucket/k", body=b"x" * 2_000_000)
            self.assertIn(b"404 Not Found", connection.answer()[0])
            connection.request("PUT", "/bucket/k", body=b"kept")
            self.assertIn(b"200 OK", connection.answer()[0])

    def test_http_1_0_is_closed_after_the_answer(self):
        data, ending = self.exchange(b"GET /_chopsticks/counters HTTP/1.0\r\n\r\n")
        self.assertTrue(data.startswith(b"HTTP/1.1 200 OK"))
        self.assertEqual(ending, "close")

    def test_counters_count_what_happened(self):
        before = self.endpoint.counters()
        send(self.endpoint, "PUT", "/bucket/n", body=b"12345")
        send(self.endpoint, "GET", "/bucket/n")
        send(self.endpoint, "GET", "/bucket/none")
        after = self.endpoint.counters()
        grown = {k: after[k] - before[k] for k in after if isinstance(after[k], int)}
        self.assertEqual(grown["requests"], 3)
        self.assertEqual(grown["responses"], 3)
        self.assertEqual(grown["objects"], 1)
        self.assertEqual(grown["object_bytes"], 5)
        self.assertEqual(grown["body_bytes_in"], 5)
        self.assertGreater(grown["body_bytes_out"], 5)
        self.assertEqual(after["by_status"]["404"] - before["by_status"].get("404", 0), 1)
        self.assertEqual(after["by_operation"]["put"] - before["by_operation"].get("put", 0), 1)
        self.assertEqual(after["by_operation"]["get"] - before["by_operation"].get("get", 0), 2)

    def test_control_tells_mistakes(self):
        with self.assertRaises(urllib.error.HTTPError) as raised:
            self.endpoint.set_faults("explode")
        self.assertEqual(raised.exception.code, 400)
        self.assertIn("unknown kind", json.load(raised.exception)["error"])
        self.assertEqual(self.endpoint.control("GET", "faults")["rules"], [])
        self.assertEqual(self.endpoint.set_faults("reset:rate=0.5")["rules"],
                         [{"kind": "reset", "rate": 0.5}])
        self.assertEqual(self.endpoint.control("DELETE", "faults")["rules"], [])


if __name__ == "__main__":
    unittest.main()
