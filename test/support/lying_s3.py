"""An S3 server of the tests' own, in this process: with versions, object lock and uploads, and with
lies on request. It believes every signature. What it holds is looked at directly."""

import base64
import datetime
import email.utils
import hashlib
import http.server
import re
import socket
import threading
import urllib.parse
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape

import select_events

page_most = 7  # entries of a page: listings are paged in every test


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def text_of(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


class version:
    def __init__(self, number, body=b"", marker=False):
        self.id = number
        self.body = body
        self.marker = marker
        self.modified = now()


class bucket:
    def __init__(self, versioning="", retention_days=0):
        self.created = now()
        self.versioning = versioning
        self.retention_days = retention_days
        self.keys = {}  # key: versions, newest first
        self.uploads = {}  # id: (key, begun)

    def visible(self):
        return {key: all_[0] for key, all_ in self.keys.items() if all_ and not all_[0].marker}

    def entries(self):
        return [(key, one, one is all_[0]) for key, all_ in sorted(self.keys.items())
                for one in all_]

    def is_empty(self):
        return not any(self.keys.values()) and not self.uploads


class lies:
    put_existing = "409 BucketAlreadyOwnedByYou"  # or "200", "409 BucketAlreadyExists"
    put_always = ""  # the same for every bucket, made or not
    ignore_prefix = False
    shown_too = ()  # keys that every listing of objects shows beside the others
    delete_nonempty = False
    unserved = ()  # names of operations that are answered 501
    denied = ()  # ... 403
    failing = ()  # ... 503
    fail_most = 10**9  # ... so often
    endless = False  # listings say that there is more, and not where
    new_markers = False  # pages of versions are empty, and name a new marker each
    silent_delete = False  # DeleteObjects says it was done
    # Called with the keys of a DeleteObjects; gives those that it removes, and the answer's inside.
    delete_many = None
    select = None  # called with the events of a select; gives those that are sent
    age_buckets_s = 0  # buckets are listed as so much older
    no_date = False
    before = None  # called with (operation, bucket, key) before each request


class handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are sent one after the other: the body would wait 40 ms for the head's ACK.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **fields):
        body = body.encode() if isinstance(body, str) else body
        self.send_response_only(status)
        if not self.lie.no_date:
            self.send_header("Date", email.utils.formatdate(usegmt=True))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>told so</Message></Error>")

    def operation(self):
        subs = ("versions", "versioning", "object-lock", "uploads", "delete", "uploadId", "select",
                "renameObject")
        sub = next((name for name in subs if name in self.query), "")
        place = "object" if self.key else "bucket" if self.bucket else "service"
        return f"{self.command} {place}" + (f" {sub}" if sub else "")

    def serve(self):
        url = urllib.parse.urlsplit(self.path)
        self.bucket, _, self.key = urllib.parse.unquote(url.path[1:]).partition("/")
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.lie = self.server.owner.lies
        op = self.operation()
        told = self.lie.before(op, self.bucket, self.key) if self.lie.before else None
        with self.server.owner.lock:
            self.server.owner.log.append((op, self.bucket, self.key, self.query))
            self.store = self.server.owner.buckets
            if op in self.lie.unserved:
                return self.refuse(501, "NotImplemented")
            if told == "fail":
                return self.refuse(503, "SlowDown")
            if op in self.lie.denied:
                return self.refuse(403, "AccessDenied")
            if op in self.lie.failing and self.lie.fail_most > 0:
                self.lie.fail_most -= 1
                return self.refuse(503, "SlowDown")
            if not self.bucket:
                return self.list_buckets()
            if not self.key and self.command in ("PUT", "DELETE"):
                return self.put_bucket() if self.command == "PUT" else self.delete_bucket()
            if self.bucket not in self.store:
                return self.refuse(404, "NoSuchBucket")
            self.held = self.store[self.bucket]
            if self.key:
                return getattr(self, self.command.lower() + "_object")()
            if self.command == "HEAD":
                return self.answer(200)
            if self.command == "POST":
                return self.delete_many()
            return self.get_bucket()

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = serve

    def list_buckets(self):
        age = datetime.timedelta(seconds=self.lie.age_buckets_s)
        self.answer(200, "<ListAllMyBucketsResult><Buckets>" + "".join(
            f"<Bucket><Name>{escape(name)}</Name>"
            f"<CreationDate>{text_of(held.created - age)}</CreationDate></Bucket>"
            for name, held in sorted(self.store.items())) + "</Buckets></ListAllMyBucketsResult>")

    def put_bucket(self):
        said = self.lie.put_always or (self.lie.put_existing if self.bucket in self.store else "")
        if said.startswith("409"):
            return self.refuse(409, said.split()[1])
        self.store.setdefault(self.bucket, bucket())
        return self.answer(200)

    def delete_bucket(self):
        if self.bucket not in self.store:
            return self.refuse(404, "NoSuchBucket")
        if not self.store[self.bucket].is_empty() and not self.lie.delete_nonempty:
            return self.refuse(409, "BucketNotEmpty")
        del self.store[self.bucket]
        return self.answer(204)

    def get_bucket(self):
        held = self.held
        if "versioning" in self.query:
            status = f"<Status>{held.versioning}</Status>" if held.versioning else ""
            return self.answer(200, f"<VersioningConfiguration>{status}</VersioningConfiguration>")
        if "object-lock" in self.query:
            if not held.retention_days:
                return self.refuse(404, "ObjectLockConfigurationNotFoundError")
            return self.answer(
                200, "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
                f"<DefaultRetention><Mode>COMPLIANCE</Mode><Days>{held.retention_days}</Days>"
                "</DefaultRetention></Rule></ObjectLockConfiguration>")
        prefix = "" if self.lie.ignore_prefix else self.query.get("prefix", "")
        if "uploads" in self.query:
            return self.answer(200, "<ListMultipartUploadsResult>" + "".join(
                f"<Upload><Key>{escape(key)}</Key><UploadId>{id_}</UploadId>"
                f"<Initiated>{text_of(begun)}</Initiated></Upload>"
                for id_, (key, begun) in sorted(held.uploads.items()) if key.startswith(prefix))
                + "<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
        return self.list_objects(prefix)

    def list_objects(self, prefix):
        versions = "versions" in self.query
        if versions and self.lie.new_markers:
            marker = f"m{self.server.owner.count():09d}"
            return self.answer(
                200, "<ListVersionsResult><IsTruncated>true</IsTruncated>"
                f"<NextKeyMarker>{marker}</NextKeyMarker></ListVersionsResult>")
        all_ = self.held.entries() if versions else [
            (key, one, True) for key, one in sorted(self.held.visible().items())]
        all_ = [entry for entry in all_ if entry[0].startswith(prefix)]
        all_ += [(key, version("null", b"?"), True) for key in self.lie.shown_too]
        folders = set()
        delimiter = self.query.get("delimiter", "")
        if delimiter:
            inside = [(key, key[len(prefix):].partition(delimiter)) for key, _, _ in all_]
            folders = {prefix + head + sep for _, (head, sep, _) in inside if sep}
            all_ = [entry for entry in all_ if delimiter not in entry[0][len(prefix):]]
        most = min(page_most, int(self.query.get("max-keys", 1000)))
        after = (self.query.get("key-marker", ""), self.query.get("version-id-marker", ""))
        if not versions:
            after = (self.query.get("continuation-token", ""), "")
        start = next((i + 1 for i, entry in enumerate(all_)
                      if after[0] and after == self.place(entry, versions)), 0)
        some = all_[start:start + most]
        more = start + most < len(all_) or self.lie.endless
        out = ["<ListVersionsResult>" if versions else "<ListBucketResult>",
               f"<IsTruncated>{str(more).lower()}</IsTruncated>",
               "<EncodingType>url</EncodingType>" if "encoding-type" in self.query else ""]
        if more and not self.lie.endless:
            if versions:
                out.append(f"<NextKeyMarker>{self.encoded(some[-1][0])}</NextKeyMarker>"
                           f"<NextVersionIdMarker>{some[-1][1].id}</NextVersionIdMarker>")
            else:
                token = escape(some[-1][0])
                out.append(f"<NextContinuationToken>{token}</NextContinuationToken>")
        for key, one, latest in some:
            tag = "DeleteMarker" if one.marker else "Version" if versions else "Contents"
            out.append(f"<{tag}><Key>{self.encoded(key)}</Key>")
            if versions:
                out.append(f"<VersionId>{one.id}</VersionId><IsLatest>{str(latest).lower()}"
                           "</IsLatest>")
            if not one.marker:
                out.append(f"<Size>{len(one.body)}</Size>")
            out.append(f"<LastModified>{text_of(one.modified)}</LastModified></{tag}>")
        out += [f"<CommonPrefixes><Prefix>{self.encoded(one)}</Prefix></CommonPrefixes>"
                for one in sorted(folders)]
        out.append("</ListVersionsResult>" if versions else "</ListBucketResult>")
        self.answer(200, "".join(out))

    @staticmethod
    def place(entry, versions):
        return (entry[0], entry[1].id if versions else "")

    def encoded(self, key):
        return urllib.parse.quote(key) if "encoding-type" in self.query else escape(key)

    def put_object(self):
        if self.held.retention_days and "/runs/" in self.key:
            digest = base64.b64encode(hashlib.md5(self.body).digest()).decode()
            if self.headers.get("Content-MD5") != digest:
                return self.refuse(400, "MissingUploadObjectWithObjectLockHeaders")
        versions = self.held.keys.setdefault(self.key, [])
        if not self.held.versioning:
            versions.clear()
        versions.insert(0, version(self.server.owner.next_version(self.held), self.body))
        self.answer(200, ETag='"0"')

    def get_object(self):
        found = self.held.visible().get(self.key)
        if found is None:
            return self.refuse(404, "NoSuchKey")
        return self.answer(200, found.body, ETag='"0"')

    head_object = get_object

    def post_object(self):
        found = self.held.visible().get(self.key)
        if "select" not in self.query:
            return self.refuse(501, "NotImplemented")
        if found is None:
            return self.refuse(404, "NoSuchKey")
        events = select_events.answer(self.body, found.body)
        return self.answer(200, b"".join(self.lie.select(events) if self.lie.select else events))

    def delete_object(self):
        if "uploadId" in self.query:
            self.held.uploads.pop(self.query["uploadId"], None)
            return self.answer(204)
        if not self.remove(self.key, self.query.get("versionId", "")):
            return self.refuse(403, "AccessDenied")
        return self.answer(204)

    def remove(self, key, id_):
        versions = self.held.keys.get(key, [])
        if id_:
            found = next((one for one in versions if one.id == id_), None)
            if found and self.held.retention_days and not found.marker:
                return False
            if found:
                versions.remove(found)
        elif self.held.versioning:
            versions = self.held.keys.setdefault(key, [])
            versions.insert(0, version(self.server.owner.next_version(self.held), marker=True))
        else:
            versions.clear()
        if not versions:
            self.held.keys.pop(key, None)
        return True

    def delete_many(self):
        out = "<DeleteResult>"
        root = xml.fromstring(re.sub(rb' xmlns="[^"]*"', b"", self.body))
        if self.lie.delete_many:
            gone, said = self.lie.delete_many([item.findtext("Key") for item in
                                               root.findall("Object")])
            for key in gone:
                self.remove(key, "")
            return self.answer(200, out + said + "</DeleteResult>")
        for item in root.findall("Object"):
            key, id_ = item.findtext("Key"), item.findtext("VersionId", "")
            if not self.lie.silent_delete and not self.remove(key, id_):
                out += (f"<Error><Key>{escape(key)}</Key><VersionId>{id_}</VersionId>"
                        "<Code>AccessDenied</Code><Message>locked</Message></Error>")
        self.answer(200, out + "</DeleteResult>")


class server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET
    request_queue_size = 128

    def handle_error(self, *_):
        pass  # a client that has gone


class lying_s3:
    def __init__(self, **lies_told):
        self.buckets = {}
        self.lies = lies()
        for name, value in lies_told.items():
            assert hasattr(self.lies, name), name
            setattr(self.lies, name, value)
        self.lock = threading.RLock()
        self.log = []
        self.versions = 0

    def count(self):
        self.versions += 1
        return self.versions

    def next_version(self, held):
        return f"v{self.count():06d}" if held.versioning else "null"

    def __enter__(self):
        self.http = server(("127.0.0.1", 0), handler)
        self.http.owner = self
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever,
                                       kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(timeout=10)

    def target(self):
        return ["--endpoint", self.url, "--access-key", "a"]

    credentials = {"AWS_SECRET_ACCESS_KEY": "s"}

    # What a test does behind everybody's back.

    def put(self, name, key, body=b"theirs"):
        with self.lock:
            held = self.buckets[name]
            versions = held.keys.setdefault(key, [])
            if not held.versioning:
                versions.clear()
            versions.insert(0, version(self.next_version(held), body))
            return versions[0]

    def entries(self, name):
        with self.lock:
            held = self.buckets.get(name)
            return [(key, one.id, one.marker) for key, one, _ in held.entries()] if held else []

    def keys(self, name):
        with self.lock:
            return sorted(self.buckets[name].visible()) if name in self.buckets else []

    def age_marks(self, name, seconds=600):
        """The marks of runs become so much older; ten minutes make their runs dead."""
        with self.lock:
            for key, one, _ in self.buckets[name].entries():
                if "/runs/" in key:
                    one.modified -= datetime.timedelta(seconds=seconds)

    def asked(self, operation):
        with self.lock:
            return [entry for entry in self.log if entry[0] == operation]
