#!/usr/bin/env python3
"""A driver program without a store: it keeps objects in memory, and keeps every rule of the driver
protocol but the one that its first argument names. For tests: of whoever asks such programs, and of
whoever checks them.

    double_driver.py [RULE] [AFTER] [MARK]

RULE is broken once so many operations (default 0) were answered. `honest` breaks none. MARK is for
whoever looks for it among processes.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time

rule = sys.argv[1] if len(sys.argv) > 1 else "honest"
after = int(sys.argv[2]) if len(sys.argv) > 2 else 0
mark = sys.argv[3] if len(sys.argv) > 3 else "double"

names = ["put", "get", "head", "delete", "list", "multipart_put", "head_bucket"]
objects = {}
hello = {}
answered = 0
requests = 0


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def line(message):
    write(json.dumps(message).encode() + b"\n")


def breaks(what):
    return rule == what and answered >= after


def target_is_there():
    host, _, port = hello["endpoint"].partition("//")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), 2).close()
        return True
    except OSError:
        return False


def not_found():
    return {"ok": False, "status": 404, "code": "NoSuchKey", "message": "no such object"}, None


def perform(ask, body):
    """What an honest driver answers: a message, and the body behind it."""
    op = ask.get("op")
    if op not in names:
        if breaks("unknown_operation"):
            return {"ok": True}, None
        return {"ok": False, "status": 501, "code": "NotImplemented"}, None
    if breaks("unknown_member") and "chopsticks_ignored" in ask:
        return {"ok": False, "status": 400, "code": "UnknownMember"}, None
    if not breaks("dead_target") and not target_is_there():
        return {"ok": False, "class": "connect_failed", "message": "nobody is there"}, None
    key = ask.get("key")
    if op in ("put", "multipart_put"):
        objects[key] = body[:-1] if breaks("put_content") else body
        return {"ok": True, "status": 200}, None
    if op in ("get", "head") and key not in objects:
        if breaks("missing_object"):
            return {"ok": True, "status": 200, "bytes": ask.get("size", 0)}, None
        return not_found()
    if op == "get":
        whole = objects[key]
        if "length" in ask and not breaks("range"):
            whole = whole[ask["offset"]:ask["offset"] + ask["length"]]
        if breaks("get_content"):
            whole = bytes([whole[0] ^ 1]) + whole[1:] if whole else whole
        if hello["read"] == "length" and not breaks("read_length"):
            return {"ok": True, "status": 200, "bytes": len(whole)}, None
        return {"ok": True, "status": 200}, whole
    if op == "head":
        more = 1 if breaks("head_size") else 0
        return {"ok": True, "status": 200, "bytes": len(objects[key]) + more}, None
    if op == "delete":
        if not breaks("delete"):
            objects.pop(key, None)
        return {"ok": True, "status": 204}, None
    if op == "list":
        found = sum(name.startswith(ask["prefix"]) for name in objects)
        if ask["pages"] > 0:
            found = min(found, ask["max_keys"] * ask["pages"])
        return {"ok": True, "status": 200, "entries": found + (1 if breaks("list") else 0)}, None
    return {"ok": True, "status": 200}, None


def send(told, body):
    global answered
    if breaks("status_text"):
        told["status"] = "200 OK"
    if breaks("rubbish"):
        write(b"debug: about to answer\n")
    if breaks("no_object"):
        write(b"[1]\n")
        return
    if breaks("long_line"):
        told["message"] = "x" * 70000
    if breaks("unknown_id"):
        told["id"] += 1 << 30
    if breaks("no_answer"):
        return
    if breaks("half_line"):
        write(json.dumps(told).encode()[:-5])
        os._exit(0)
    if breaks("half_body") and body:
        told["body"] = len(body)
        line(told)
        write(body[:-1])
        os._exit(0)
    if breaks("huge_body"):
        told["body"] = 1 << 50
        line(told)
        return
    if breaks("figures_fall"):
        told["figures"] = {"requests": 1000 - answered}
    elif breaks("unknown_figure"):
        told["figures"] = {"requests": requests, "shoes": 1}
    else:
        told["figures"] = {"requests": requests}
    if body is not None and len(body) > 0:
        told["body"] = len(body)
    line(told)
    if body:
        write(body)
    if breaks("twice"):
        line({key: value for key, value in told.items() if key != "body"})
    answered += 1


def serve(stdin):
    global requests
    while True:
        asked = stdin.readline()
        if not asked:
            break
        ask = json.loads(asked)
        body = stdin.read(ask["body"]) if ask.get("body") else b""
        if breaks("crash"):
            sys.stderr.write("Traceback: it hurts\n")
            sys.stderr.flush()
            os._exit(7)
        if breaks("secret_in_stderr") or breaks("crash_with_secret"):
            sys.stderr.write("key " + os.environ["AWS_SECRET_ACCESS_KEY"] + " is mine\n")
            sys.stderr.flush()
            if rule == "crash_with_secret":
                os._exit(7)
        if breaks("no_read"):
            while True:
                time.sleep(60)
        if breaks("close_input"):
            os.close(0)
            while True:
                time.sleep(60)
        if breaks("close_output"):
            os.close(1)
            while True:
                time.sleep(60)
        requests += 1
        told, back = perform(ask, body)
        send({"id": ask["id"], **told}, back)


def leave_child(argument):
    """A process of its own, that ends with nothing but a signal."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)", argument])


def main():
    global hello, rule
    stdin = sys.stdin.buffer
    if rule == "never_ready":
        if mark != "double":
            leave_child(mark)
        stdin.read()
        return
    if rule == "ends_at_once":
        sys.stderr.write("no such module\n")
        sys.exit(3)
    hello = json.loads(stdin.readline())
    if rule == "secret_in_arguments":
        # A tool of its own, told the secret as an argument, that all can see.
        leave_child(os.environ["AWS_SECRET_ACCESS_KEY"])
    if rule == "leaves_child":
        leave_child(mark)
    ready = {"ready": 1, "name": "double", "version": "1", "operations": names,
             "figures": [{"name": "requests", "unit": "requests", "kind": "counter",
                          "description": "that it would have sent"}]}
    if rule == "ready_version":
        ready["ready"] = 2
    if rule == "no_operations":
        del ready["operations"]
    if rule == "bad_figure":
        ready["figures"][0]["kind"] = "histogram"
    if rule == "talks_first":
        write(b"starting up...\n")
    line(ready)
    if rule == "end_of_input":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve(stdin)
    if rule == "end_of_input":
        while True:
            time.sleep(60)
    if rule == "end_status":
        sys.exit(1)


if __name__ == "__main__":
    main()
