"""A Prometheus exporter of a Ceph cluster that is none, and an admin API of an RGW that is none:
they tell what a test wants.
"""

import json
import socket
import threading

metrics = """
# HELP ceph_health_status Cluster health status
# TYPE ceph_health_status untyped
ceph_health_status {bad}
ceph_health_detail{{name="OSD_DOWN",severity="HEALTH_WARN"}} {bad}
ceph_mon_quorum_status{{ceph_daemon="mon.a"}} 1.0
ceph_osd_metadata{{ceph_daemon="osd.0",device_class="ssd",objectstore="bluestore",\
ceph_version="ceph version 16.2.15 (618f44) pacific (stable)"}} 1.0
ceph_osd_up{{ceph_daemon="osd.0"}} {good}
ceph_osd_in{{ceph_daemon="osd.0"}} 1.0
ceph_pool_metadata{{pool_id="2",name="data",type="replicated",description="replica:3"}} 1.0
ceph_pg_total{{pool_id="2"}} 32.0
ceph_pg_active{{pool_id="2"}} 32.0
"""


class exporter:
    """Answers each connection with what `answer` gives: bytes, or None not to answer at all."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = 0
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/metrics"
        self.held = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                one, _ = self.listener.accept()
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = one.recv(4096)
                    if not piece:
                        break
                    request += piece
                self.requests.append(request)
                self.asked += 1
                said = self.answer(self.asked)
                if said is None:
                    self.held.append(one)
                    continue
                one.sendall(said)
                one.close()
            except OSError:
                if self.listener.fileno() < 0:
                    return

    def close(self):
        self.listener.close()
        for one in self.held:
            one.close()


def page(text, head="HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"):
    body = text.encode()
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def told(is_down):
    return page(metrics.format(bad="1.0" if is_down else "0.0", good="0.0" if is_down else "1.0"))


def bucket(name, objects=0, size=0, uploads=0, **more):
    """What RGW's admin API answers about a bucket."""
    usage = {"rgw.main": {"size": size, "size_actual": 4096 * objects, "num_objects": objects}}
    if uploads:
        usage["rgw.multimeta"] = {"size": 0, "num_objects": uploads}
    return page(json.dumps({"bucket": name, "tenant": "", "owner": "bench", "usage": usage,
                            **more}))


def no_bucket():
    return page(json.dumps({"Code": "NoSuchBucket", "RequestId": "tx1"}),
                "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n")
