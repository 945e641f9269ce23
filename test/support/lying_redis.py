"""A server that begins as Redis does and then breaks its promises, one way per server."""

import contextlib
import socket
import threading


class lying_redis:
    """Keeps what it is told, until the lie: every `every`th command of a value."""

    def __init__(self, lie, every=7):
        self.lie = lie
        self.every = every
        self.keys = {}
        self.count = 0
        self.lies = 0
        self.lock = threading.Lock()

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError, ValueError, IndexError), connection:
            stream = connection.makefile("rb")
            while True:
                words = self._command(stream)
                if words is None:
                    return
                if not self._reply(connection, stream, words):
                    return

    @staticmethod
    def _command(stream):
        head = stream.readline()
        if not head:
            return None
        words = []
        for _ in range(int(head[1:])):
            words.append(stream.read(int(stream.readline()[1:])))
            stream.read(2)
        return words

    def _honest(self, words):
        name, key = words[0], words[1]
        with self.lock:
            if name == b"SET":
                if b"NX" in words[3:] and key in self.keys:
                    return b"$-1\r\n"
                self.keys[key] = words[2]
                return b"+OK\r\n"
            if name == b"GET":
                value = self.keys.get(key)
                return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
            if name == b"EXISTS":
                return b":%d\r\n" % (key in self.keys)
            if name == b"DEL":
                return b":%d\r\n" % sum(self.keys.pop(one, None) is not None for one in words[1:])
            if name == b"INCR":
                return b":1\r\n"
            if name == b"SCAN":
                prefix = words[3].rstrip(b"*")
                found = [one for one in self.keys if one.startswith(prefix)]
                return b"*2\r\n$1\r\n0\r\n*%d\r\n" % len(found) + b"".join(
                    b"$%d\r\n%s\r\n" % (len(one), one) for one in found)
        return b"-ERR unknown command\r\n"

    def _reply(self, connection, stream, words):
        if words[0] == b"GET" and not words[1].endswith(b"mark"):
            with self.lock:
                self.count += 1
                lying = self.count % self.every == 0
                self.lies += lying
            if lying:
                return self._lie(connection, stream, self._honest(words))
        connection.sendall(self._honest(words))
        return True

    def _lie(self, connection, stream, answer):
        if self.lie == "closes":
            connection.sendall(answer[:len(answer) // 2])
            return False
        if self.lie == "hangs":
            connection.sendall(answer[:len(answer) // 2])
            stream.read(1)
            return False
        if self.lie == "garbage":
            answer = b"HTTP/1.1 200 OK\r\n\r\n"
        elif self.lie == "wrong_length":
            head, body = answer.split(b"\r\n", 1)
            answer = b"$%d\r\n" % (int(head[1:]) - 3) + body
        elif self.lie == "shorter":
            head, body = answer.split(b"\r\n", 1)
            answer = b"$%d\r\n" % (int(head[1:]) - 3) + body[:-5] + b"\r\n"
        elif self.lie == "huge":
            answer = b"$99999999999999\r\nx"
        elif self.lie == "error":
            answer = b"-LOADING the data set\r\n"
        elif self.lie == "content":
            answer = answer[:-40] + b"?" + answer[-39:]
        elif self.lie == "number":
            answer = b":1\r\n"
        elif self.lie == "twice":
            answer += answer
        connection.sendall(answer)
        return True
