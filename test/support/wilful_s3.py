"""An S3 target without the program's code: it stalls or dies after so many reads, and counts.

Objects are in memory, signatures are not looked at. It speaks as much S3 as a run needs: buckets,
put, get, head, delete, list.
"""

import asyncio
import contextlib
import datetime
import email.utils
import re
import threading
import urllib.parse


class wilful_s3:
    """Listens on loopback, on a thread of its own, from `with` to its end.

    stall_after: reads that are answered before all of them wait, until the end, `stall_s` later or
        `release`.
    die_after: reads that are answered before it closes its port and every connection.
    """

    def __init__(self, stall_after=None, stall_s=None, die_after=None, delay_s=0.0):
        self.stall_after, self.stall_s, self.die_after = stall_after, stall_s, die_after
        self.delay_s = delay_s
        self.objects, self.buckets = {}, {}
        self.answered, self.asked, self.deleted = 0, 0, 0
        self.dead = False
        self.writers = set()
        self.released = asyncio.Event()

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        def serve():
            asyncio.set_event_loop(self.loop)
            self.server = self.loop.run_until_complete(
                asyncio.start_server(self.connection, "127.0.0.1", 0))
            self.port = self.server.sockets[0].getsockname()[1]
            started.set()
            self.loop.run_forever()

        self.thread = threading.Thread(target=serve)
        self.thread.start()
        started.wait()
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def release(self):
        """All that stall are answered, and no other will."""
        self.loop.call_soon_threadsafe(self.released.set)

    def die(self):
        self.dead = True
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()

    async def connection(self, reader, writer):
        self.writers.add(writer)
        try:
            while not self.dead:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = {k.strip().lower(): v.strip()
                           for k, v in (line.split(":", 1) for line in head[1:] if line)}
                if headers.get("expect", "").lower() == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, out, more = await self.answer(method, target, body)
                length = more.pop("Content-Length", len(out))
                lines = [f"HTTP/1.1 {status} X", f"Content-Length: {length}", 'ETag: "0"',
                         f"Date: {email.utils.formatdate(usegmt=True)}"]
                lines += [f"{k}: {v}" for k, v in more.items()]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" +
                             (b"" if method == "HEAD" else out))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def read(self):
        """False: it died."""
        self.asked += 1
        if self.die_after is not None and self.answered >= self.die_after:
            self.die()
            return False
        if self.stall_after is not None and self.asked > self.stall_after:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.released.wait(), self.stall_s)
        elif self.delay_s > 0:
            await asyncio.sleep(self.delay_s)
        self.answered += 1
        return True

    async def answer(self, method, target, body):
        path, _, query = target.partition("?")
        parts = urllib.parse.unquote(path).lstrip("/").split("/", 1)
        bucket, key = parts[0], parts[1] if len(parts) > 1 else ""
        if not key:
            return self.answer_bucket(method, bucket, query, body)
        if method == "PUT":
            self.objects[bucket, key] = body
            return 200, b"", {}
        if method == "DELETE":
            self.deleted += self.objects.pop((bucket, key), None) is not None
            return 204, b"", {}
        if (bucket, key) not in self.objects:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>", {}
        data = self.objects[bucket, key]
        # What prepare or opening may ask for is not counted.
        if method == "GET" and not await self.read():
            raise ConnectionError
        return 200, data, {"Content-Length": len(data)}

    def answer_bucket(self, method, bucket, query, body):
        named = urllib.parse.parse_qs(query, keep_blank_values=True)
        if not bucket:
            rows = "".join(
                f"<Bucket><Name>{name}</Name><CreationDate>{made}</CreationDate></Bucket>"
                for name, made in self.buckets.items())
            return 200, (f"<ListAllMyBucketsResult><Buckets>{rows}</Buckets>"
                         "</ListAllMyBucketsResult>").encode(), {}
        if method == "PUT":
            now = datetime.datetime.now(datetime.timezone.utc)
            self.buckets[bucket] = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            return 200, b"", {}
        if bucket not in self.buckets:
            return 404, b"<Error><Code>NoSuchBucket</Code></Error>", {}
        if method == "DELETE":
            if any(b == bucket for b, _ in self.objects):
                return 409, b"<Error><Code>BucketNotEmpty</Code></Error>", {}
            del self.buckets[bucket]
            return 204, b"", {}
        if method == "POST" and "delete" in named:
            gone = re.findall("<Key>(.*?)</Key>", body.decode())
            for key in gone:
                self.objects.pop((bucket, key), None)
            rows = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in gone)
            return 200, f"<DeleteResult>{rows}</DeleteResult>".encode(), {}
        # It has no versions, uploads or locks.
        if method == "POST" or {"versions", "uploads", "versioning", "object-lock"} & set(named):
            return 501, b"<Error><Code>NotImplemented</Code></Error>", {}
        prefix = named.get("prefix", [""])[0]
        rows = "".join(f"<Contents><Key>{k}</Key><Size>{len(v)}</Size></Contents>"
                       for (b, k), v in sorted(self.objects.items())
                       if b == bucket and k.startswith(prefix))
        text = ('<?xml version="1.0" encoding="UTF-8"?>'
                '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<Name>{bucket}</Name><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>")
        return 200, text.encode(), {"Content-Type": "application/xml"}
