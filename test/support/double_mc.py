#!/usr/bin/python3
"""Stands for MinIO's client `mc` where that is not to be had: takes the arguments that mc takes of
its commands pipe, cat, stat, rm and ls, refuses others as mc does, has its target from the
environment as mc has, and speaks to it through boto3."""

import json
import os
import re
import sys

global_flags = {"--quiet", "-q", "--json", "--no-color", "--insecure", "--debug"}
flags_of = {"pipe": set(), "cat": set(), "stat": {"--no-list"},
            "rm": {"--force", "--recursive", "-r"}, "ls": {"--recursive", "-r"}}


def fail(text):
    print(f"mc: <ERROR> {text}", file=sys.stderr)
    sys.exit(1)


def parse(arguments):
    """The command, its flags and its one operand. Global flags stand before the command or
    behind it."""
    flags, rest = set(), []
    for word in arguments:
        if not word.startswith("-") or word == "-":
            rest.append(word)
        elif word in global_flags or (rest and word in flags_of.get(rest[0], set())):
            flags.add(word)
        else:
            fail(f"Incorrect Usage: flag provided but not defined: {word}")
    if not rest or rest[0] not in flags_of:
        fail(f"`{rest[0] if rest else ''}` is not a recognized command.")
    if len(rest) != 2:
        fail(f"`{rest[0]}` needs one target.")
    return rest[0], flags, rest[1]


def target_of(alias):
    """Endpoint, access key, secret key and token, as mc has them from MC_HOST_alias."""
    said = os.environ.get(f"MC_HOST_{alias}", "")
    parts = (re.match(r"^(https?://)(.*?):(.*?):(.*)@(.*?)$", said)
             or re.match(r"^(https?://)(.*?):(.*)()@(.*?)$", said))
    if parts is None:
        fail(f"No such alias `{alias}` found.")
    scheme, access, secret, token, host = parts.groups()
    return scheme + host, access, secret, token or None


def main():
    if sys.argv[1:] == ["--version"]:
        print("mc version RELEASE.2025-01-01T00-00-00Z (a double)")
        return
    command, flags, operand = parse(sys.argv[1:])
    alias, _, path = operand.partition("/")
    bucket, _, key = path.partition("/")
    endpoint, access, secret, token = target_of(alias)

    import boto3
    import botocore.config
    import botocore.exceptions
    store = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=access, aws_secret_access_key=secret,
        aws_session_token=token, verify="--insecure" not in flags, config=botocore.config.Config(
            s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}))
    try:
        if command == "pipe":
            store.put_object(Bucket=bucket, Key=key, Body=sys.stdin.buffer.read())
        elif command == "cat":
            body = store.get_object(Bucket=bucket, Key=key)["Body"]
            for piece in iter(lambda: body.read(1 << 16), b""):
                sys.stdout.buffer.write(piece)
        elif command == "stat":
            said = store.head_object(Bucket=bucket, Key=key)
            print(json.dumps({"status": "success", "name": key, "size": said["ContentLength"],
                              "etag": said["ETag"].strip('"')}, indent=1))
        elif command == "rm":
            store.delete_object(Bucket=bucket, Key=key)
            print(f"Removed `{operand}`.")
        else:
            for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
                for one in page.get("Contents", []):
                    print(f"[{one['LastModified']}] {one['Size']}B STANDARD {one['Key']}")
    except botocore.exceptions.ClientError as error:
        fail(str(error))


if __name__ == "__main__":
    main()
