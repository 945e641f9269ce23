#!/usr/bin/env python3
"""Makes test/data/requests_botocore.json: each operation's request as botocore sends it.

Run by hand when a row is added; the result is committed. Needs botocore 1.37 or newer, which knows
conditional writes and deletes:

    python3 test/unit/s3/make_requests.py > test/data/requests_botocore.json

Left out is what every request has (Host, the signature), what only a checksum is about, and
encoding-type, which botocore adds to lists by itself.
"""

import base64
import datetime
import hashlib
import hmac
import json
import sys
import urllib.parse

import botocore
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.session
import botocore.signers
import urllib3

BUCKET = "bucket"
PREFIX = "p &/"  # of all keys; something in it has to be encoded
TAG = '"0123456789abcdef0123456789abcdef"'
OTHER = '"00000000000000000000000000000000"'


def mix(number):
    """As core/random.hpp does it."""
    mask = 2**64 - 1
    number = (number + 0x9E3779B97F4A7C15) & mask
    number = ((number ^ number >> 30) * 0xBF58476D1CE4E5B9) & mask
    number = ((number ^ number >> 27) * 0x94D049BB133111EB) & mask
    return number ^ number >> 31


def key(index):
    """As s3/protocol/key.hpp makes it."""
    return f"{PREFIX}{mix(index) & 255:02x}/{index:016x}"


def tag_set(index, count):
    return {"TagSet": [{"Key": f"t{i}", "Value": f"{index}-{i}"} for i in range(count)]}


OBJECT = {"Bucket": BUCKET, "Key": key(7)}
# As s3/protocol/select.cpp writes it.
TABLE = "".join(f"{mix((mix(7) + i) % 2**64):016x},{i:08d}\n" for i in range(2)).encode()
ASIDE = {"Bucket": BUCKET, "Key": key(7) + ".aside"}
IN_BUCKET = {"Bucket": BUCKET}
MADE = {"Bucket": "stem-7"}
PAGE = {"Bucket": BUCKET, "Prefix": PREFIX, "MaxKeys": 10}
# As s3/protocol/customer_key.hpp derives it from the secret key.
CUSTOMER = {"SSECustomerAlgorithm": "AES256",
            "SSECustomerKey": hmac.digest(b"SK", b"chopsticks customer key 1", "sha256")}
# Of operations for which botocore makes neither base64 nor MD5 of it.
CUSTOMER_TEXT = {
    "SSECustomerAlgorithm": "AES256",
    "SSECustomerKey": base64.b64encode(CUSTOMER["SSECustomerKey"]).decode(),
    "SSECustomerKeyMD5": base64.b64encode(
        hashlib.md5(CUSTOMER["SSECustomerKey"]).digest()).decode()}
POLICY = ('{"Version": "2012-10-17", "Statement": [{"Sid": "chopsticks", "Effect": "Deny", '
          '"Principal": "*", "Action": "s3:GetObject", '
          '"Resource": "arn:aws:s3:::stem-7/denied-*"}]}')
DIRECTORY = PREFIX + "07/"  # number 7 of all, not that of object 7

# Row, what is asked beside object 7, the method of botocore's client, its arguments.
CASES = [
    ("put", {}, "put_object", OBJECT | {"Body": b"x" * 100}),
    ("put", {"only_if": "absent"}, "put_object", OBJECT | {"Body": b"x", "IfNoneMatch": "*"}),
    ("put", {"only_if": "match"}, "put_object", OBJECT | {"Body": b"x", "IfMatch": TAG}),
    ("put", {"acl": "public-read", "metadata": 5, "storage_class": "STANDARD_IA", "tags": 3},
     "put_object",
     OBJECT | {"Body": b"x", "ACL": "public-read", "Metadata": {"chopsticks": "mmmmm"},
               "StorageClass": "STANDARD_IA", "Tagging": "t0=7-0&t1=7-1&t2=7-2"}),
    ("put", {"encryption": "AES256"}, "put_object",
     OBJECT | {"Body": b"x", "ServerSideEncryption": "AES256"}),
    ("put", {"encryption": "kms", "kms_key": "key/1"}, "put_object",
     OBJECT | {"Body": b"x", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key/1"}),
    ("put", {"encryption": "customer"}, "put_object", OBJECT | {"Body": b"x"} | CUSTOMER),
    ("get", {"encryption": "customer"}, "get_object", OBJECT | CUSTOMER),
    ("head", {"encryption": "customer"}, "head_object", OBJECT | CUSTOMER),
    ("copy", {"encryption": "customer"}, "copy_object",
     OBJECT | CUSTOMER | {"CopySource": OBJECT, "MetadataDirective": "REPLACE",
                          "CopySourceSSECustomerAlgorithm": "AES256",
                          "CopySourceSSECustomerKey": CUSTOMER["SSECustomerKey"]}),
    ("create_upload", {"encryption": "kms", "storage_class": "STANDARD_IA"},
     "create_multipart_upload",
     OBJECT | {"ServerSideEncryption": "aws:kms", "StorageClass": "STANDARD_IA"}),
    ("create_upload", {"encryption": "customer"}, "create_multipart_upload", OBJECT | CUSTOMER),
    ("upload_part", {"part": 3, "upload_id": "u/p", "encryption": "customer"}, "upload_part",
     OBJECT | CUSTOMER | {"PartNumber": 3, "UploadId": "u/p", "Body": b"x"}),
    ("list", {"restore_status": True}, "list_objects_v2",
     PAGE | {"OptionalObjectAttributes": ["RestoreStatus"]}),
    ("get", {}, "get_object", OBJECT),
    ("get", {"range": [10, 20]}, "get_object", OBJECT | {"Range": "bytes=10-29"}),
    ("get", {"only_if": "match"}, "get_object", OBJECT | {"IfMatch": TAG}),
    ("head", {}, "head_object", OBJECT),
    ("head", {"only_if": "match"}, "head_object", OBJECT | {"IfMatch": TAG}),
    ("delete", {}, "delete_object", OBJECT),
    ("delete", {"only_if": "match"}, "delete_object", OBJECT | {"IfMatch": TAG}),
    ("list", {}, "list_objects_v2", PAGE),
    ("list", {"delimited": True, "names_owner": True, "behind_a_key": True, "token": "a b"},
     "list_objects_v2", PAGE | {"Delimiter": "/", "FetchOwner": True, "StartAfter": key(7),
                                "ContinuationToken": "a b"}),
    ("list", {"one_directory": True}, "list_objects_v2", PAGE | {"Prefix": DIRECTORY}),
    ("create_upload", {}, "create_multipart_upload", OBJECT),
    ("upload_part", {"part": 3, "upload_id": "u/p"}, "upload_part",
     OBJECT | {"PartNumber": 3, "UploadId": "u/p", "Body": b"x"}),
    ("abort_upload", {"upload_id": "u/p"}, "abort_multipart_upload", OBJECT | {"UploadId": "u/p"}),
    ("head_bucket", {}, "head_bucket", IN_BUCKET),
    ("copy", {"metadata": 5, "storage_class": "STANDARD_IA"}, "copy_object",
     OBJECT | {"CopySource": OBJECT, "MetadataDirective": "REPLACE",
               "Metadata": {"chopsticks": "mmmmm"}, "StorageClass": "STANDARD_IA"}),
    ("multi_delete", {"subjects": [7, 8]}, "delete_objects",
     IN_BUCKET | {"Delete": {"Objects": [{"Key": key(7)}, {"Key": key(8)}]}}),
    ("list_v1", {"delimited": True, "behind_a_key": True}, "list_objects",
     PAGE | {"Delimiter": "/", "Marker": key(7)}),
    ("list_v1", {"token": "m/1"}, "list_objects", PAGE | {"Marker": "m/1"}),
    ("list_versions", {"token": "m/1", "version_token": "v"}, "list_object_versions",
     PAGE | {"KeyMarker": "m/1", "VersionIdMarker": "v"}),
    ("get_unmodified", {}, "get_object", OBJECT | {"IfNoneMatch": TAG}),
    ("get_unmodified", {"encryption": "customer"}, "get_object",
     OBJECT | CUSTOMER | {"IfNoneMatch": TAG}),
    ("head_unmodified", {}, "head_object", OBJECT | {"IfNoneMatch": TAG}),
    ("head_unmodified", {"encryption": "customer"}, "head_object",
     OBJECT | CUSTOMER | {"IfNoneMatch": TAG}),
    ("get_unmatched", {}, "get_object", OBJECT | {"IfMatch": OTHER}),
    ("get_unmatched", {"encryption": "customer"}, "get_object",
     OBJECT | CUSTOMER | {"IfMatch": OTHER}),
    ("put_existing", {}, "put_object", OBJECT | {"Body": b"x", "IfNoneMatch": "*"}),
    ("delete_unmatched", {}, "delete_object", OBJECT | {"IfMatch": OTHER}),
    ("get_tagging", {}, "get_object_tagging", OBJECT),
    ("put_tagging", {"tags": 10}, "put_object_tagging", OBJECT | {"Tagging": tag_set(7, 10)}),
    ("put_tagging", {"tags": 1}, "put_object_tagging", OBJECT | {"Tagging": tag_set(7, 1)}),
    ("delete_tagging", {}, "delete_object_tagging", OBJECT),
    ("get_acl", {}, "get_object_acl", OBJECT),
    ("put_acl", {"acl": "private"}, "put_object_acl", OBJECT | {"ACL": "private"}),
    ("get_attributes", {}, "get_object_attributes",
     OBJECT | {"ObjectAttributes": ["ETag", "ObjectSize", "StorageClass"]}),
    ("get_attributes", {"encryption": "customer"}, "get_object_attributes",
     OBJECT | CUSTOMER_TEXT | {"ObjectAttributes": ["ETag", "ObjectSize", "StorageClass"]}),
    ("put_bucket_acl", {"acl": "private"}, "put_bucket_acl", MADE | {"ACL": "private"}),
    ("put_bucket_tagging", {}, "put_bucket_tagging",
     MADE | {"Tagging": {"TagSet": [{"Key": "made-by", "Value": "chopsticks"}]}}),
    ("delete_bucket_tagging", {}, "delete_bucket_tagging", MADE),
    ("put_bucket_versioning", {}, "put_bucket_versioning",
     MADE | {"VersioningConfiguration": {"Status": "Enabled"}}),
    ("suspend_bucket_versioning", {}, "put_bucket_versioning",
     MADE | {"VersioningConfiguration": {"Status": "Suspended"}}),
    ("put_bucket_lifecycle", {}, "put_bucket_lifecycle_configuration",
     MADE | {"LifecycleConfiguration": {"Rules": [
         {"ID": "chopsticks", "Filter": {"Prefix": ""}, "Status": "Enabled",
          "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]}}),
    ("delete_bucket_lifecycle", {}, "delete_bucket_lifecycle", MADE),
    ("put_bucket_policy", {}, "put_bucket_policy", MADE | {"Policy": POLICY}),
    ("delete_bucket_policy", {}, "delete_bucket_policy", MADE),
    ("put_bucket_encryption", {}, "put_bucket_encryption",
     MADE | {"ServerSideEncryptionConfiguration": {"Rules": [
         {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}}),
    ("delete_bucket_encryption", {}, "delete_bucket_encryption", MADE),
    ("put_bucket_public_access_block", {}, "put_public_access_block",
     MADE | {"PublicAccessBlockConfiguration": {
         "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True,
         "RestrictPublicBuckets": True}}),
    ("delete_bucket_public_access_block", {}, "delete_public_access_block", MADE),
    ("put_bucket_ownership_controls", {}, "put_bucket_ownership_controls",
     MADE | {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}),
    ("delete_bucket_ownership_controls", {}, "delete_bucket_ownership_controls", MADE),
    ("put_bucket_cors", {}, "put_bucket_cors",
     MADE | {"CORSConfiguration": {"CORSRules": [
         {"AllowedMethods": ["GET"], "AllowedOrigins": ["http://localhost"]}]}}),
    ("delete_bucket_cors", {}, "delete_bucket_cors", MADE),
    ("put_bucket_object_lock", {}, "put_object_lock_configuration",
     MADE | {"ObjectLockConfiguration": {
         "ObjectLockEnabled": "Enabled",
         "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}}),
    ("put_retention", {"retain": 60, "now": 1500000000}, "put_object_retention",
     OBJECT | {"Retention": {"Mode": "GOVERNANCE",
                             "RetainUntilDate": "2017-07-14T02:41:00Z"}}),
    ("put_retention", {"retain": 60, "now": 1500000000, "lock_mode": "compliance"},
     "put_object_retention",
     OBJECT | {"Retention": {"Mode": "COMPLIANCE",
                             "RetainUntilDate": "2017-07-14T02:41:00Z"}}),
    ("get_retention", {}, "get_object_retention", OBJECT),
    ("put_legal_hold", {"hold": True}, "put_object_legal_hold",
     OBJECT | {"LegalHold": {"Status": "ON"}}),
    ("put_legal_hold", {"hold": False}, "put_object_legal_hold",
     OBJECT | {"LegalHold": {"Status": "OFF"}}),
    ("get_legal_hold", {}, "get_object_legal_hold", OBJECT),
    ("restore", {}, "restore_object", OBJECT | {"RestoreRequest": {"Days": 1}}),
    ("get_version", {"version_id": "v/1"}, "get_object", OBJECT | {"VersionId": "v/1"}),
    ("get_version", {"version_id": "v/1", "encryption": "customer"}, "get_object",
     OBJECT | CUSTOMER | {"VersionId": "v/1"}),
    ("get_version", {"version_id": "v/1", "range": [10, 20]}, "get_object",
     OBJECT | {"VersionId": "v/1", "Range": "bytes=10-29"}),
    ("head_version", {"version_id": "v/1"}, "head_object", OBJECT | {"VersionId": "v/1"}),
    ("head_version", {"version_id": "v/1", "encryption": "customer"}, "head_object",
     OBJECT | CUSTOMER | {"VersionId": "v/1"}),
    ("delete_version", {"version_id": "v/1"}, "delete_object", OBJECT | {"VersionId": "v/1"}),
    ("make_marker", {}, "delete_object", OBJECT),
    ("remove_version", {"version_id": "v/1"}, "delete_object", OBJECT | {"VersionId": "v/1"}),
    ("remove_marker", {"version_id": "v/1"}, "delete_object", OBJECT | {"VersionId": "v/1"}),
    ("get_part", {"part": 3}, "get_object", OBJECT | {"PartNumber": 3}),
    ("get_part", {"part": 3, "encryption": "customer"}, "get_object",
     OBJECT | CUSTOMER | {"PartNumber": 3}),
    ("copy_unmatched", {}, "copy_object",
     OBJECT | {"CopySource": OBJECT, "CopySourceIfMatch": OTHER, "MetadataDirective": "REPLACE"}),
    ("copy_part", {"part": 3, "upload_id": "u/p"}, "upload_part_copy",
     OBJECT | {"CopySource": OBJECT, "PartNumber": 3, "UploadId": "u/p"}),
    ("copy_part", {"part": 3, "upload_id": "u/p", "range": [10, 20], "no_fields": True},
     "upload_part_copy",
     OBJECT | {"CopySource": OBJECT, "PartNumber": 3, "UploadId": "u/p",
               "CopySourceRange": "bytes=10-29"}),
    ("append_piece", {"dialect": "s3", "range": [10, 20]}, "put_object",
     OBJECT | {"Body": b"x", "WriteOffsetBytes": 10}),
    ("append_check", {}, "head_object", OBJECT),
    ("put_aside", {}, "put_object", ASIDE | {"Body": b"x"}),
    ("rename_object", {}, "rename_object",
     OBJECT | {"RenameSource": urllib.parse.quote(ASIDE["Key"])}),
    ("rename_check", {}, "head_object", OBJECT),
    ("put_table", {"rows": 2}, "put_object", ASIDE | {"Body": TABLE}),
    *(("select_rows", {"rows": 2, "all": every == "*"}, "select_object_content",
       ASIDE | {"Expression": f"SELECT {every} FROM S3Object", "ExpressionType": "SQL",
                "InputSerialization": {"CSV": {"FileHeaderInfo": "NONE"}},
                "OutputSerialization": {"CSV": {}}}) for every in ("COUNT(*)", "*")),
    ("remove_table", {}, "delete_object", ASIDE),
    ("list_parts", {"upload_id": "u/p"}, "list_parts", OBJECT | {"UploadId": "u/p"}),
    ("list_uploads", {}, "list_multipart_uploads",
     IN_BUCKET | {"MaxUploads": 10, "Prefix": PREFIX}),
    ("list_buckets", {}, "list_buckets", {}),
    ("get_bucket_acl", {}, "get_bucket_acl", IN_BUCKET),
    ("get_bucket_cors", {}, "get_bucket_cors", IN_BUCKET),
    ("get_bucket_encryption", {}, "get_bucket_encryption", IN_BUCKET),
    ("get_bucket_lifecycle", {}, "get_bucket_lifecycle_configuration", IN_BUCKET),
    ("get_bucket_location", {}, "get_bucket_location", IN_BUCKET),
    ("get_bucket_logging", {}, "get_bucket_logging", IN_BUCKET),
    ("get_bucket_notification", {}, "get_bucket_notification_configuration", IN_BUCKET),
    ("get_bucket_object_lock", {}, "get_object_lock_configuration", IN_BUCKET),
    ("get_bucket_ownership_controls", {}, "get_bucket_ownership_controls", IN_BUCKET),
    ("get_bucket_policy", {}, "get_bucket_policy", IN_BUCKET),
    ("get_bucket_policy_status", {}, "get_bucket_policy_status", IN_BUCKET),
    ("get_bucket_public_access_block", {}, "get_public_access_block", IN_BUCKET),
    ("get_bucket_replication", {}, "get_bucket_replication", IN_BUCKET),
    ("get_bucket_request_payment", {}, "get_bucket_request_payment", IN_BUCKET),
    ("get_bucket_tagging", {}, "get_bucket_tagging", IN_BUCKET),
    ("get_bucket_versioning", {}, "get_bucket_versioning", IN_BUCKET),
    ("get_bucket_website", {}, "get_bucket_website", IN_BUCKET),
]

# Of these the whole URL, at one time of day.
PRESIGNED_AT = datetime.datetime(2017, 7, 14, 2, 40, 0)
PRESIGNED = [
    ("presigned_get", {}, "get_object", OBJECT),
    ("presigned_get", {"encryption": "customer"}, "get_object", OBJECT | CUSTOMER),
    ("presigned_put", {}, "put_object", OBJECT),
    ("presigned_put", {"encryption": "AES256"}, "put_object",
     OBJECT | {"ServerSideEncryption": "AES256"}),
    ("presigned_put", {"encryption": "kms", "kms_key": "key/1"}, "put_object",
     OBJECT | {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key/1"}),
    ("presigned_put", {"encryption": "customer"}, "put_object", OBJECT | CUSTOMER),
]

# Forms: what is asked, and the fields that go with it. urllib3 makes the form of botocore's fields.
BOUNDARY = "chopsticks-7d1c5e0a94b24f6bb8a3-e6f02d57c9184a3d9b61"
SSE = "x-amz-server-side-encryption"
POSTED = [
    ({}, {}),
    ({"metadata": 5, "storage_class": "STANDARD_IA"},
     {"x-amz-meta-chopsticks": "mmmmm", "x-amz-storage-class": "STANDARD_IA"}),
    ({"encryption": "kms", "kms_key": 'key/"1'},
     {SSE: "aws:kms", SSE + "-aws-kms-key-id": 'key/"1'}),
    ({"encryption": "customer"},
     {SSE + "-customer-algorithm": "AES256",
      SSE + "-customer-key": CUSTOMER_TEXT["SSECustomerKey"],
      SSE + "-customer-key-md5": CUSTOMER_TEXT["SSECustomerKeyMD5"]}),
]


class Sent(Exception):
    """Instead of an answer."""


def stop(request, **_):
    raise Sent(request)


def told(name):
    """Whether a field is the operation's own."""
    name = name.lower()
    if name in ("if-match", "if-none-match", "range"):
        return True
    # The token is drawn, and ours are sent without.
    return name.startswith("x-amz-") and "checksum" not in name and name not in (
        "x-amz-date", "x-amz-content-sha256", "x-amz-client-token")


def pairs(query):
    return sorted([n, v] for n, v in urllib.parse.parse_qsl(query, keep_blank_values=True)
                  if n not in ("encoding-type", "x-id"))


def presigned():
    """As main(): with the signature in the URL."""
    botocore.auth.get_current_datetime = lambda: PRESIGNED_AT
    session = botocore.session.Session()
    out = []
    for token in ("", "T/1"):
        session.set_credentials("AK", "SK", token or None)
        client = session.create_client(
            "s3", region_name="us-east-1", endpoint_url="http://h",
            config=botocore.config.Config(signature_version="s3v4",
                                          s3={"addressing_style": "path"},
                                          request_checksum_calculation="when_required"))
        for row, asked, method, arguments in PRESIGNED:
            url = urllib.parse.urlsplit(
                client.generate_presigned_url(method, dict(arguments), ExpiresIn=3600))
            out.append({"row": row, "asked": asked, "session_token": token,
                        "target": f"{url.path}?{url.query}"})
    return out


def posted():
    """Forms with the policy that botocore signs, without the content."""
    botocore.auth.get_current_datetime = lambda *_, **__: PRESIGNED_AT
    botocore.signers.get_current_datetime = lambda *_, **__: PRESIGNED_AT
    session = botocore.session.Session()
    out = []
    for token in ("", "T/1"):
        session.set_credentials("AK", "SK", token or None)
        client = session.create_client(
            "s3", region_name="us-east-1", endpoint_url="http://h",
            config=botocore.config.Config(signature_version="s3v4",
                                          s3={"addressing_style": "path"}))
        for asked, more in POSTED:
            fields = {"success_action_status": "201"} | more
            form = client.generate_presigned_post(
                BUCKET, key(7), Fields=dict(fields),
                Conditions=[{name: value} for name, value in fields.items()], ExpiresIn=3600)
            marker = b"<the content>"
            parts = list(form["fields"].items())
            parts.append(("file", ("file", marker, "application/octet-stream")))
            body, kind = urllib3.encode_multipart_formdata(parts, boundary=BOUNDARY)
            before, tail = body.split(marker)
            out.append({"asked": asked, "session_token": token, "type": kind,
                        "path": urllib.parse.urlsplit(form["url"]).path,
                        "before": before.decode(), "tail": tail.decode()})
    return out


def main():
    session = botocore.session.Session()
    session.set_credentials("AK", "SK")
    client = session.create_client(
        "s3", region_name="us-east-1", endpoint_url="http://h",
        config=botocore.config.Config(
            s3={"addressing_style": "path"}, retries={"max_attempts": 0},
            request_checksum_calculation="when_required"))
    client.meta.events.register("before-send.s3", stop)
    cases = []
    for row, asked, method, arguments in CASES:
        try:
            getattr(client, method)(**arguments)
        except Sent as sent:
            request = sent.args[0]
        else:
            raise AssertionError(method)
        url = urllib.parse.urlsplit(request.url)
        headers = {n.lower(): v.decode() if isinstance(v, bytes) else v
                   for n, v in request.headers.items()}
        # A body of the object's content is the driver's matter.
        contents = ("put", "put_existing", "upload_part", "append_piece", "put_aside")
        body = b"" if row in contents else request.body
        if hasattr(body, "read"):
            body = body.read()
        cases.append({
            "row": row, "asked": asked, "method": request.method, "path": url.path,
            "query": pairs(url.query),
            "headers": {n: v for n, v in sorted(headers.items()) if told(n)},
            "body": (body or b"").decode(),
        })
    json.dump({"made_by": "botocore " + botocore.__version__, "bucket": BUCKET, "prefix": PREFIX,
               "cases": cases, "presigned": presigned(), "posted": posted()},
              sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")


main()
