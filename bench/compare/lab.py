"""What the comparisons share: nginx as a server that answers like S3, and clients whose CPU time is
taken when they end.

The server is pinned to the first CPU and the clients to the second, so that neither takes the
other's time. nginx answers every key of a bucket with the same body; listing the bucket (which a
run does before it starts) gives an empty one.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

root = pathlib.Path(__file__).resolve().parents[2]
binary = pathlib.Path(os.environ.get("CHOPSTICKS", root / "build" / "chopsticks"))
nginx = shutil.which("nginx") or "/usr/sbin/nginx"

small_bytes = 1024
large_bytes = 64 << 20
bucket = "bench"

cpus = sorted(os.sched_getaffinity(0))
server_cpu, client_cpu = cpus[0], cpus[1 % len(cpus)]

empty_listing = ('<?xml version="1.0" encoding="UTF-8"?><ListBucketResult '
                 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bench</Name><Prefix/>'
                 '<KeyCount>0</KeyCount><MaxKeys>1</MaxKeys><IsTruncated>false</IsTruncated>'
                 '</ListBucketResult>')

configuration = """
daemon off;
master_process off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_max_body_size 0;
    client_body_temp_path {store}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    server {{
        listen 127.0.0.1:{small} backlog=8192;
        location = /{bucket} {{ default_type application/xml; return 200 '{listing}'; }}
        location = /{bucket}/ {{ default_type application/xml; return 200 '{listing}'; }}
        location / {{
            add_header ETag '"same"';
            default_type application/octet-stream; return 200 '{body}';
        }}
    }}
    server {{
        listen 127.0.0.1:{large} backlog=8192;
        location = /{bucket} {{ default_type application/xml; return 200 '{listing}'; }}
        location = /{bucket}/ {{ default_type application/xml; return 200 '{listing}'; }}
        location / {{ root {store}; try_files /large =404; }}
    }}
    server {{
        listen 127.0.0.1:{put} backlog=8192;
        location = /{bucket} {{ default_type application/xml; return 200 '{listing}'; }}
        location = /{bucket}/ {{ default_type application/xml; return 200 '{listing}'; }}
        location / {{
            add_header ETag '"same"';
            root {store}/put; dav_methods PUT DELETE; create_full_put_path on;
        }}
    }}
}}
"""


def await_port(process, port, name):
    """Until the process listens there; one that ends or takes too long ends the bench."""
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                stop(process)
                raise SystemExit(f"{name} did not start:\n" + process.stderr.read().decode())
            time.sleep(0.02)


def stop(process):
    """Asks it to end, and ends it if it does not."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class server:
    """nginx with three ports, as a context manager: `small`, `large` (64 MiB), `put` (WebDAV)."""

    def __init__(self, connections=4096, large=True):
        self.connections = connections
        self.with_large = large

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="chopsticks-nginx-"))
        # Bodies lie in memory where there is room: the disk is not what is compared.
        shared = pathlib.Path("/dev/shm")
        roomy = shared.is_dir() and shutil.disk_usage(shared).free > 2 << 30
        self.store = pathlib.Path(tempfile.mkdtemp(prefix="chopsticks-nginx-",
                                                   dir=shared if roomy else None))
        (self.store / "put").mkdir()
        for folder in (self.store, self.store / "put"):  # nginx drops its rights if it is root
            folder.chmod(0o777)
        if self.with_large:
            with open(self.store / "large", "wb") as file:
                block = os.urandom(1 << 20)
                for _ in range(large_bytes >> 20):
                    file.write(block)
        self.ports = dict(zip(("small", "large", "put"), free_ports(3)))
        # nginx closes idle connections when fewer than a sixteenth of its slots are free.
        slots = self.connections * 5 // 4 + 100
        path = self.dir / "nginx.conf"
        path.write_text(configuration.format(
            dir=self.dir, store=self.store, bucket=bucket, listing=empty_listing,
            body="x" * small_bytes, connections=slots, **self.ports))
        self.process = subprocess.Popen(
            ["taskset", "-c", str(server_cpu), nginx, "-p", str(self.dir), "-c", str(path),
             "-e", str(self.dir / "error.log")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=raise_descriptor_limit)
        try:
            await_port(self.process, self.ports["small"], "nginx")
        except SystemExit:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        stop(self.process)
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(self.store, ignore_errors=True)

    def url(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"


ticks = os.sysconf("SC_CLK_TCK")  # a second


def cpu_s(pid):
    """CPU seconds of a process and all its threads so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / ticks


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class used(NamedTuple):
    """What one client run took."""
    cpu_s: float
    requests: int
    size: float

    @property
    def us_per_request(self):
        return self.cpu_s / self.requests * 1e6

    @property
    def s_per_gb(self):
        return self.cpu_s / (self.size / 1e9)


def run_client(command, folder, accepted=(0,)):
    """Runs a client on its CPU to its end; (what it said, CPU seconds, peak RSS in bytes)."""
    with open(folder / "client.out", "w+b") as out:
        process = subprocess.Popen(["taskset", "-c", str(client_cpu), *map(str, command)],
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                   env={**os.environ, "AWS_SECRET_ACCESS_KEY": "secret"})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read().decode("utf-8", "replace")
    if process.returncode not in accepted:
        raise SystemExit(f"{command[0]} ended with {process.returncode}:\n{said}")
    return said, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def run_wrk(url, connections, seconds, folder):
    said, cpu, _ = run_client(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
                               "--timeout", "20s", url + f"/{bucket}/key"], folder)
    if "Non-2xx" in said or re.search(r"Socket errors: connect [^0]", said):
        raise SystemExit("wrk met errors:\n" + said)
    found = re.search(r"(\d+) requests in [\d.]+\w+, ([\d.]+)(\w+) read", said)
    unit = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}[found.group(3)]
    return used(cpu, int(found.group(1)), float(found.group(2)) * unit)


def scenario(op, size, users, seconds, objects=1000):
    """YAML for one operation at full speed against a server that has every key."""
    task = {"op": op, **({"overwrite": True} if op == "put" else {})}
    return json.dumps({  # JSON is YAML
        "name": "compare",
        "groups": [{"workload": "s3",
                    "data": {"prefix": "c/", "objects": objects, "size": size},
                    "tasks": [task],
                    "load": {"closed": {"users": users}}}],
        "phases": {"prepare": False, "warmup": 0, "measure": seconds, "drain": 20,
                   "cleanup": False},
        # A busy neighbour shall cost the comparison time, not operations.
        "timeouts": {"connect": 30, "operation": 60},
        "seed": 1})


def chopsticks_command(url, folder, text):
    (folder / "s.yaml").write_text(text)
    return [binary, "run", "-f", folder / "s.yaml", "--endpoint", url, "--access-key", "key",
            "--bucket", bucket, "--cores", "1", "--quiet", "--output", folder / "r.json"]


def run_chopsticks(url, op, size, users, seconds, folder, objects=1000):
    # 3: the generator was the limit, which is what a race on one core is about.
    said, cpu, _ = run_client(
        chopsticks_command(url, folder, scenario(op, size, users, seconds, objects)), folder,
        accepted=(0, 3))
    result = json.loads((folder / "r.json").read_text())
    total, cut = result["total"], result["run"]["warmup_cut"]
    if total["failed"] or cut["failed"]:
        raise SystemExit("chopsticks met errors:\n" + said + json.dumps(
            [one["errors"] for one in result["operations"].values()])[:2000])
    requests = total["ok"] + cut["ok"]
    return used(cpu, requests, requests * size)


def need(*programs):
    """Ends, before anything is started, if a program is missing (77: a skipped test)."""
    if not binary.exists():
        raise SystemExit(f"no binary at {binary}: build it, or set CHOPSTICKS")
    for program in programs:
        if shutil.which(program) is None and not pathlib.Path(program).exists():
            print(f"{program} is missing: scripts/install-deps.sh test installs what the "
                  "comparisons run against", file=sys.stderr)
            raise SystemExit(77)


def median(values):
    return statistics.median(values)


def spread(values):
    """Half the range, relative to the median: how far rounds are apart."""
    return (max(values) - min(values)) / 2 / median(values) if len(values) > 1 else 0.0
