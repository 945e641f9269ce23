"""What may stand between a client and its endpoint: a proxy that wants a name and a word and notes
what it is asked for, and nginx, which speaks HTTP/2 to the client."""

import base64
import contextlib
import os
import pathlib
import select
import shutil
import socket
import socketserver
import struct
import subprocess
import tempfile
import threading

import harness

nginx = shutil.which("nginx") or "/usr/sbin/nginx"


def relay(one, other):
    """Bytes both ways, until either ends."""
    with contextlib.suppress(OSError):
        while True:
            for ready in select.select([one, other], [], [])[0]:
                piece = ready.recv(65536)
                if not piece:
                    return
                (other if ready is one else one).sendall(piece)


def read_head(connection):
    """The head of a request, or nothing where the client closed."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return b""
        head += byte
    return head


class proxy:
    """One on loopback, as a context manager: HTTP (forwards, tunnels) or SOCKS 5. `user`: who is
    let through, with `password`; None: anybody. `asked`: what came, a line for each request of
    HTTP, for each connection of SOCKS; `refused`: how many it did not let through. `names`:
    those that it can
    resolve, and nobody else."""

    def __init__(self, kind="http", user=None, password="", names=None):
        self.kind, self.user, self.password, self.names = kind, user, password, names or {}
        self.asked, self.refused = [], 0

    def __enter__(self):
        outer = self

        class handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with contextlib.suppress(OSError):
                    (outer.serve_http if outer.kind == "http" else outer.serve_socks)(self.request)

        class server(socketserver.ThreadingTCPServer):
            daemon_threads, allow_reuse_address, request_queue_size = True, True, 64

        self.server = server(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def connect(self, host, port):
        to = socket.create_connection((self.names.get(host, host), int(port)))
        to.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return to

    def lets_through(self, fields):
        if self.user is None:
            return True
        wanted = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return fields.get("proxy-authorization") == f"Basic {wanted}"

    def serve_http(self, client):
        """Requests of one client, each over a connection of its own to the endpoint, which is told
        to close it: how long the answer is need not be known."""
        while head := read_head(client).decode():
            first, *lines = head.strip().split("\r\n")
            method, target, _ = first.split(" ")
            fields = {name.strip().lower(): value.strip()
                      for name, value in (line.split(":", 1) for line in lines)}
            self.asked.append(f"{method} {target}")
            if not self.lets_through(fields):
                self.refused += 1
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                               b'Proxy-Authenticate: Basic realm="test"\r\n'
                               b"Content-Length: 0\r\nConnection: close\r\n\r\n")
                return
            if method == "CONNECT":
                with self.connect(*target.rsplit(":", 1)) as to:
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    relay(client, to)
                return
            self.forward(client, method, target, lines, int(fields.get("content-length", 0)))
            return

    def forward(self, client, method, target, lines, body_bytes):
        place = target.removeprefix("http://")
        authority, slash, path = place.partition("/")
        with self.connect(*authority.rsplit(":", 1)) as to:
            kept = [line for line in lines
                    if not line.lower().startswith(("proxy-", "connection:"))]
            to.sendall("\r\n".join([f"{method} {slash}{path} HTTP/1.1", *kept, "Connection: close",
                                    "", ""]).encode())
            while body_bytes > 0:
                piece = client.recv(min(body_bytes, 65536))
                if not piece:
                    return
                body_bytes -= len(piece)
                to.sendall(piece)
            while piece := to.recv(65536):
                client.sendall(piece)

    def serve_socks(self, client):
        """RFC 1928, RFC 1929."""
        def take(count):
            got = client.recv(count, socket.MSG_WAITALL)
            if len(got) < count:
                raise OSError("the client closed")
            return got

        methods = take(take(2)[1])
        wanted = 0 if self.user is None else 2
        if wanted not in methods:
            self.refused += 1
            client.sendall(b"\x05\xff")
            return
        client.sendall(bytes([5, wanted]))
        if wanted == 2:
            user = take(take(2)[1]).decode()
            password = take(take(1)[0]).decode()
            is_right = (user, password) == (self.user, self.password)
            client.sendall(b"\x01\x00" if is_right else b"\x01\x01")
            if not is_right:
                self.refused += 1
                return
        kind = take(4)[3]
        if kind == 3:
            host = take(take(1)[0]).decode()
        else:
            host = socket.inet_ntop(*((socket.AF_INET, take(4)) if kind == 1
                                      else (socket.AF_INET6, take(16))))
        port = struct.unpack("!H", take(2))[0]
        self.asked.append(f"{host}:{port}")
        with self.connect(host, port) as to:
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            relay(client, to)


class http2_front:
    """nginx before an endpoint, as a context manager: `tls_port` speaks HTTP/2 where ALPN agrees on
    it, `one_port` HTTP/1.1 over TLS, `plain_port` HTTP/2 from the first byte on. `certificate` is
    to be trusted."""

    def __init__(self, endpoint_url):
        self.upstream = endpoint_url.removeprefix("http://")

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="chopsticks-nginx-"))
        self.certificate = self.dir / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", self.dir / "key.pem", "-out", self.certificate],
                       check=True, capture_output=True)
        # Another may take a port before nginx has it.
        for _ in range(20):
            if self.start():
                return self
        raise AssertionError(f"nginx did not start:\n{(self.dir / 'error.log').read_text()}")

    def start(self):
        self.tls_port, self.one_port, self.plain_port = (harness.free_port() for _ in range(3))
        folders = "".join(f"{name}_temp_path {self.dir}/{name};\n" for name in
                          ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        tls = f"ssl_certificate {self.certificate}; ssl_certificate_key {self.dir}/key.pem;"
        location = ("location / { proxy_pass http://endpoint; proxy_http_version 1.1; "
                    'proxy_set_header Host $http_host; proxy_set_header Connection ""; '
                    "proxy_buffering off; proxy_request_buffering off; }")
        (self.dir / "nginx.conf").write_text(f"""
{"user root;" if os.geteuid() == 0 else ""}
daemon off;
worker_processes 1;
pid {self.dir}/nginx.pid;
error_log {self.dir}/error.log;
events {{ worker_connections 512; }}
http {{
  {folders}
  log_format seen '$connection $server_protocol $request_method $status';
  access_log {self.dir}/access.log seen;
  client_max_body_size 0;
  upstream endpoint {{ server {self.upstream}; keepalive 16; }}
  server {{ listen 127.0.0.1:{self.tls_port} ssl http2; {tls} {location} }}
  server {{ listen 127.0.0.1:{self.one_port} ssl; {tls} {location} }}
  server {{ listen 127.0.0.1:{self.plain_port} http2; {location} }}
}}
""")
        self.process = subprocess.Popen([nginx, "-p", self.dir, "-e", self.dir / "error.log", "-c",
                                         self.dir / "nginx.conf"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        harness.wait_until("nginx listens or has ended",
                           lambda: self.process.poll() is not None or self.listens())
        return self.process.poll() is None

    def listens(self):
        for port in (self.tls_port, self.one_port, self.plain_port):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    return False
        return True

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def log(self):
        """[connection, protocol, method, status] of each request that was answered."""
        return [line.split() for line in (self.dir / "access.log").read_text().splitlines()]
