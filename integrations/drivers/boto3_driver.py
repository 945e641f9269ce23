#!/usr/bin/env python3
"""The driver `boto3` of Chopsticks: S3 operations by Python's boto3.

Speaks the driver protocol (docs/reference/driver-protocol.md) over its standard input and output.
Credentials are where boto3 looks for them itself: in the environment.
"""

import concurrent.futures
import io
import itertools
import json
import sys
import threading

import boto3
import boto3.s3.transfer
import botocore.config
import botocore.exceptions

most_threads = 32  # more make Python slower, not faster

operations = {}


def operation(do):
    operations[do.__name__.removeprefix("do_")] = do
    return do


@operation
def do_put(client, ask, body):
    more = {"StorageClass": ask["storage_class"]} if "storage_class" in ask else {}
    return client.put_object(Bucket=ask["bucket"], Key=ask["key"], Body=body, **more), {}, None


@operation
def do_multipart_put(client, ask, body):
    how = boto3.s3.transfer.TransferConfig(multipart_threshold=1,
                                           multipart_chunksize=ask["part_size"],
                                           max_concurrency=max(1, ask["concurrency"]))
    more = {"StorageClass": ask["storage_class"]} if "storage_class" in ask else {}
    client.upload_fileobj(io.BytesIO(body), ask["bucket"], ask["key"], Config=how, ExtraArgs=more)
    return {}, {}, None


@operation
def do_get(client, ask, _):
    more = {}
    if "length" in ask:
        more["Range"] = f"bytes={ask['offset']}-{ask['offset'] + ask['length'] - 1}"
    done = client.get_object(Bucket=ask["bucket"], Key=ask["key"], **more)
    if ask["read"] == "bytes":
        return done, {}, done["Body"].read()
    return done, {"bytes": sum(map(len, done["Body"].iter_chunks(1 << 20)))}, None


@operation
def do_head(client, ask, _):
    done = client.head_object(Bucket=ask["bucket"], Key=ask["key"])
    return done, {"bytes": done["ContentLength"]}, None


@operation
def do_delete(client, ask, _):
    return client.delete_object(Bucket=ask["bucket"], Key=ask["key"]), {}, None


@operation
def do_head_bucket(client, ask, _):
    return client.head_bucket(Bucket=ask["bucket"]), {}, None


@operation
def do_list(client, ask, _):
    more = {"Prefix": ask["prefix"], "MaxKeys": ask["max_keys"]}
    if "delimiter" in ask:
        more["Delimiter"] = ask["delimiter"]
    if "start_after" in ask:
        more["StartAfter"] = ask["start_after"]
    entries = 0
    for page in itertools.count(1):
        done = client.list_objects_v2(Bucket=ask["bucket"], **more)
        entries += len(done.get("Contents", ())) + len(done.get("CommonPrefixes", ()))
        if not done["IsTruncated"] or page == ask["pages"]:
            return done, {"entries": entries, "truncated": done["IsTruncated"]}, None
        more["ContinuationToken"] = done["NextContinuationToken"]


def failure(error):
    """What the protocol says of an exception."""
    told = {"ok": False, "code": type(error).__name__, "message": str(error)[:300]}
    if isinstance(error, botocore.exceptions.ClientError):
        said = error.response.get("Error", {})
        told["status"] = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        told["retries"] = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
        # Answers to HEAD have no body: botocore takes the status for the code.
        if not said.get("Code", "").isdigit():
            told["code"] = said.get("Code", "")
        else:
            del told["code"]
        told["message"] = said.get("Message", "")
    elif isinstance(error, (botocore.exceptions.EndpointConnectionError,
                            botocore.exceptions.ConnectTimeoutError,
                            botocore.exceptions.SSLError)):
        told["class"] = "connect_failed"
    elif isinstance(error, botocore.exceptions.ReadTimeoutError):
        told["class"] = "timeout"
    elif isinstance(error, botocore.exceptions.HTTPClientError):
        told["class"] = "connection_lost"
    else:
        told["class"] = "bad_response"
    return told


class driver:
    def __init__(self, hello):
        self.read = hello["read"]
        self.writing = threading.Lock()
        self.counting = threading.Lock()
        self.figures = {"requests": 0, "retries": 0}
        retries = {"total_max_attempts": hello["retries"] + 1, "mode": "standard"}
        self.threads = min(hello["in_flight"], most_threads)
        config = botocore.config.Config(
            connect_timeout=hello["connect_ms"] / 1000, read_timeout=hello["operation_ms"] / 1000,
            retries=retries, max_pool_connections=self.threads,
            s3={"addressing_style": hello["addressing"]})
        verify = (hello["ca_file"] or None) if hello["tls_verify"] else False
        self.client = boto3.client("s3", endpoint_url=hello["endpoint"],
                                   region_name=hello["region"], verify=verify, config=config)
        self.client.meta.events.register("before-send.s3", self.count_request)

    def count_request(self, **_):
        with self.counting:
            self.figures["requests"] += 1

    def tell(self, told, body=None):
        if body:
            told["body"] = len(body)
        with self.writing:
            # Not before: what is told later is never less.
            with self.counting:
                self.figures["retries"] += told.get("retries", 0)
                told["figures"] = dict(self.figures)
            out = sys.stdout.buffer
            out.write(json.dumps(told).encode() + b"\n")
            if body:
                out.write(body)
            out.flush()

    def perform(self, ask, body):
        told, answer = {}, None
        try:
            ask["read"] = self.read
            done, told, answer = operations[ask["op"]](self.client, ask, body)
            told["ok"] = True
            said = done.get("ResponseMetadata", {})
            told["status"] = said.get("HTTPStatusCode", 200)
            told["retries"] = said.get("RetryAttempts", 0)
        except KeyError as error:
            if ask.get("op") in operations:
                told = failure(error)
            else:
                told = {"ok": False, "status": 501, "code": "NotImplemented",
                        "message": f"no operation {ask.get('op')}"}
        except Exception as error:  # whatever it is costs the operation, and not the driver
            told = failure(error)
        self.tell({"id": ask["id"], **told}, answer)


def main():
    stdin = sys.stdin.buffer
    line = stdin.readline()
    if not line:
        return
    one = driver(json.loads(line))
    print(json.dumps({
        "ready": 1, "name": "boto3", "version": boto3.__version__,
        "operations": sorted(operations),
        "figures": [{"name": "requests", "unit": "requests", "kind": "counter",
                     "description": "that boto3 has sent, each attempt of its own"},
                    {"name": "retries", "unit": "attempts", "kind": "counter",
                     "description": "of these beyond the first of an operation"}]}), flush=True)
    with concurrent.futures.ThreadPoolExecutor(one.threads) as pool:
        while line := stdin.readline():
            ask = json.loads(line)
            body = stdin.read(ask["body"]) if ask.get("body") else b""
            pool.submit(one.perform, ask, body)


if __name__ == "__main__":
    main()
