"""An S3 server of the tests' own that dies and comes back, throttles, refuses and stalls on demand.

It shares no code with the program: what a run leaves is what this dictionary holds.
"""

import contextlib
import socket
import struct
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape


class mortal_s3:
    """Objects in memory on a loopback port. A context manager; any credentials will do."""

    def __init__(self, bucket="load"):
        self.bucket = bucket
        self.objects = {}
        self.requests = []  # (method, key or "?list") as they came
        self.lock = threading.Lock()
        self.rules = []
        self.connections = set()
        self.listener = None
        # Bound and never listening: while the server is dead the port refuses, and nobody else
        # gets it.
        self.held = socket.socket()
        self.held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.held.bind(("127.0.0.1", 0))
        self.port = self.held.getsockname()[1]

    def __enter__(self):
        self.rise()
        return self

    def __exit__(self, *_):
        self.die()
        self.held.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def target(self):
        return ["--endpoint", self.url, "--access-key", "any", "--bucket", self.bucket]

    credentials = {"AWS_SECRET_ACCESS_KEY": "any-secret"}

    # --- what it is told -----------------------------------------------------------------------

    def die(self):
        """Stops listening and resets every connection; its objects stay, as on a disk."""
        with self.lock:
            listener, self.listener = self.listener, None
            connections, self.connections = self.connections, set()
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def rise(self):
        until = time.monotonic() + 60
        while True:
            try:
                listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        self.listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def answer(self, method, status, code, times=None, when=lambda key: True):
        """From now on requests of this method are refused, `times` of them (None: for ever); those
        for the runs' marks are not."""
        with self.lock:
            self.rules.append({"method": method, "status": status, "code": code, "times": times,
                               "when": when})

    def stall(self, method):
        """From now on requests of this method get no answer; the connection stays."""
        self.answer(method, 0, "")

    def on_request(self, method, number, what):
        """Calls `what` in a thread of its own when the n-th request of this method comes."""
        with self.lock:
            self.rules.append({"method": method, "status": None, "after": number, "what": what})

    def count(self, method):
        with self.lock:
            return sum(1 for one, _ in self.requests if one == method)

    # --- how it serves ---------------------------------------------------------------------------

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self.lock:
                    alive = self.listener is listener
                    if alive:
                        self.connections.add(connection)
                if not alive:
                    connection.close()
                    return
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ValueError):
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    data += piece
                head, data = data.split(b"\r\n\r\n", 1)
                lines = head.decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ")
                length = 0
                for line in lines[1:]:
                    name, value = line.split(":", 1)
                    if name.lower() == "content-length":
                        length = int(value)
                while len(data) < length:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    data += piece
                body, data = data[:length], data[length:]
                answer = self._handle(method, target, body)
                if answer is None:
                    continue
                connection.sendall(answer)
        with self.lock:
            self.connections.discard(connection)
        connection.close()

    def _handle(self, method, target, body):
        url = urllib.parse.urlsplit(target)
        bucket, _, key = urllib.parse.unquote(url.path).lstrip("/").partition("/")
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        calls = []
        refusal = None
        with self.lock:
            self.requests.append((method, key or "?list"))
            of_method = sum(1 for one, _ in self.requests if one == method)
            for rule in list(self.rules):
                if rule["method"] != method:
                    continue
                if rule["status"] is None:
                    if of_method >= rule["after"]:
                        self.rules.remove(rule)
                        calls.append(rule["what"])
                elif refusal is None and key and "/runs/" not in key and rule["when"](key):
                    refusal = rule
                    if rule["times"] is not None:
                        rule["times"] -= 1
                        if rule["times"] <= 0:
                            self.rules.remove(rule)
            if refusal is None:
                answer = self._carry_out(method, bucket, key, query, body)
        for call in calls:
            threading.Thread(target=call, daemon=True).start()
        if refusal is not None:
            if refusal["status"] == 0:
                return None
            return self._error(refusal["status"], refusal["code"])
        return answer

    def _carry_out(self, method, bucket, key, query, body):
        if bucket != self.bucket:
            return self._error(404, "NoSuchBucket")
        if not key:
            if method == "GET" and "list-type" in query:
                return self._list(query)
            return self._error(501, "NotImplemented")
        if method == "PUT":
            self.objects[key] = body
            return self._answer(200, b"", 'ETag: "0"\r\n')
        if method == "DELETE":
            self.objects.pop(key, None)
            return self._answer(204, b"")
        if key not in self.objects:
            return self._error(404, "NoSuchKey")
        if method == "HEAD":
            return self._answer(200, self.objects[key], 'ETag: "0"\r\n', with_body=False)
        return self._answer(200, self.objects[key], 'ETag: "0"\r\n')

    def _list(self, query):
        prefix = query.get("prefix", [""])[0]
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        most = int(query.get("max-keys", ["1000"])[0])
        after = query.get("continuation-token", [""])[0]
        keys = sorted(k for k in self.objects if k.startswith(prefix) and k > after)
        page, more = keys[:most], len(keys) > most
        text = "<ListBucketResult>"
        text += f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
        if more:
            text += f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"
        for key in page:
            text += (f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size>"
                     "<ETag>&quot;0&quot;</ETag>"
                     f"<LastModified>{now}</LastModified></Contents>")
        return self._answer(200, (text + "</ListBucketResult>").encode())

    def _error(self, status, code):
        body = f"<Error><Code>{code}</Code><Message>as the test wants it</Message></Error>"
        return self._answer(status, body.encode())

    @staticmethod
    def _answer(status, body, fields="", with_body=True):
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        head = (f"HTTP/1.1 {status} X\r\nDate: {date}\r\nServer: mortal\r\n{fields}"
                f"Content-Length: {len(body)}\r\n\r\n")
        return head.encode() + (body if with_body else b"")
