"""A backend that fails on demand, and counts every call: a program of its own, so that it can be killed and frozen as well.

    backend = FaultBackend(case)                        # starts it; backend.port is its HTTP/1.1 port
    backend.behave(dict(status=503, retry_after=1))     # from now on; several rules: the first that fits counts
    backend.behave(dict(path="/pay", how="reset"), dict(share=0.2, latency="0.05-0.3"))
    backend.behave()                                    # well again
    backend.counts()                                    # Counts: what arrived since the start or forget()
    backend.freeze(); backend.thaw(); backend.kill(); backend.start()

A request may also bring its own rule, before all others: `X-Fault: status=503; latency=0.2`, or `/path?fault=how=half,size=9`.

Which calls a rule is for (all of these have to fit):
    path, method     a prefix of the path; the method
    share            of the calls, 0 to 1, by chance (ADIT_FAULT_SEED)
    times            only the first so many calls that fit
    bad, good        flapping: in force for `bad` seconds, then not for `good`, and so on from behave()
What happens to them:
    latency          seconds before it acts: 0.2, evenly drawn "0.05-0.3", exponential "exp:0.1"
    early            acts as soon as the head is there, and does not wait for the body
    status, fields   of the answer; `fields` is a map of further header fields. retry_after is one of them
    size             bytes in the answer; else JSON that says what arrived. /bytes/N?key=K: pattern(K, N)
    how              answer       (the default)
                     last         answers, then closes the connection without having announced it
                     close        closes before any byte          reset            resets before any byte
                     head-close   closes after the head           head-reset       resets after the head
                     half         half of its Content-Length, then closes     half-reset     the same, then resets
                     half-chunked an unfinished chunk, then closes            silent         says nothing, ever
                     drip         8 bytes each `pace` seconds (0.1)           garbage        what is no HTTP
A usual answer is JSON (name, method, path, call, size, sha256 of the body) and has x-sha256 of its own body in its head.

What is counted is a whole request, body included: `calls`; `by_path`, `by_id` (of those with X-Call-Id), `by_status`; `most` in
progress at once; `connections`; `given_up`: those whose caller left before the answer; `begun`: heads. `times` are the seconds
of each call since the start, for `counts(times=True)`. With record=FILE each call with an id is a line there: it outlives a kill.

Fit for some thousand requests per second. In HTTP/2: FaultBackendH2, in this process, with the same rules and further `how`:
refuse (REFUSED_STREAM), goaway (GOAWAY that spares this stream, then silence), and `grpc`: the status in the trailers.
"""
import argparse
import array
import asyncio
import collections
import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import struct
import threading
import time
import urllib.parse

KINDS = {"answer", "last", "close", "reset", "head-close", "head-reset", "half", "half-reset", "half-chunked", "silent", "drip", "garbage"}
KINDS_H2 = {"answer", "reset", "silent", "refuse", "goaway"}
FIELDS = {"path", "method", "share", "times", "bad", "good", "latency", "early", "status", "fields", "retry_after", "size", "how", "pace", "grpc"}
TIMES_MOST = 2_000_000


def pattern(key, size):
    """Bytes that nobody mistakes for those of another key."""
    block = hashlib.sha256(key.encode()).hexdigest().encode()
    return (block * (size // len(block) + 1))[:size]


class Rule:
    def __init__(self, given, chance, kinds=KINDS):
        if wrong := set(given) - FIELDS:
            raise ValueError(f"no such field of a rule: {wrong}")
        self.how = given.get("how", "answer")
        if self.how not in kinds:
            raise ValueError(f"no such way to fail: {self.how}")
        self.path, self.method = given.get("path", ""), given.get("method")
        self.share, self.left = float(given.get("share", 1)), float(given.get("times", "inf"))
        self.bad, self.good = float(given.get("bad", 0)), float(given.get("good", 0))
        self.early, self.status = bool(given.get("early")), int(given.get("status", 200))
        self.fields = {str(name): str(value) for name, value in given.get("fields", {}).items()}
        if "retry_after" in given:
            self.fields["retry-after"] = str(given["retry_after"])
        self.size = int(given["size"]) if "size" in given else None
        self.pace, self.grpc = float(given.get("pace", 0.1)), given.get("grpc")
        self.latency, self.chance, self.since = str(given.get("latency", 0)), chance, time.monotonic()

    def fits(self, method, path):
        if self.left <= 0 or not path.startswith(self.path) or (self.method and self.method != method):
            return False
        if self.bad and (time.monotonic() - self.since) % (self.bad + self.good) >= self.bad:
            return False
        if self.share < 1 and self.chance.random() >= self.share:
            return False
        self.left -= 1
        return True

    def pause(self):
        if self.latency.startswith("exp:"):
            return self.chance.expovariate(1 / float(self.latency[4:]))
        least, _, most = self.latency.partition("-")
        return self.chance.uniform(float(least), float(most)) if most else float(least)


class Rules:
    def __init__(self, kinds=KINDS):
        self.chance, self.kinds, self.rules = random.Random(os.environ.get("ADIT_FAULT_SEED")), kinds, []
        self.well = Rule({}, self.chance, kinds)

    def set(self, given):
        self.rules = [Rule(each, self.chance, self.kinds) for each in given]

    def of(self, method, path, query, own):
        """The rule for a request; `own` is its X-Fault."""
        if own is None and "fault=" in query:
            own = urllib.parse.parse_qs(query)["fault"][0].replace(",", ";")
        if own is not None:
            return Rule(dict(part.strip().split("=", 1) for part in own.split(";")), self.chance, self.kinds)
        return next((rule for rule in self.rules if rule.fits(method, path)), self.well)


class Counts:
    """What arrived; as attributes what the head of this file names."""

    def __init__(self):
        self.calls = self.begun = self.connections = self.given_up = self.now = self.most = 0
        self.by_path, self.by_id, self.by_status = collections.Counter(), collections.Counter(), collections.Counter()
        self.times, self.start = array.array("d"), time.monotonic()

    def took(self, path, call_id):
        self.calls += 1
        self.by_path[path] += 1
        if call_id:
            self.by_id[call_id] += 1
        if len(self.times) < TIMES_MOST:
            self.times.append(time.monotonic() - self.start)

    def forget(self):
        kept = self.now, self.connections
        self.__init__()
        self.now, self.connections = kept

    @classmethod
    def read(cls, told):
        counts = cls()
        for name, value in told.items():
            setattr(counts, name, collections.Counter(value) if name.startswith("by_") else value)
        return counts


class Connection(asyncio.Protocol):
    """One connection; requests are taken one after the other. `server.act` decides what becomes of each."""

    def __init__(self, server):
        self.server, self.buffer, self.transport = server, bytearray(), None
        self.head, self.waiting, self.busy, self.failing = None, None, False, False

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.counts.connections += 1
        self.server.open.add(self)

    def connection_lost(self, _):
        self.server.open.discard(self)
        if self.busy:
            self.server.counts.given_up += not self.failing
            self.done()
        if self.waiting:
            self.waiting.cancel()

    def data_received(self, data):
        self.buffer += data
        if not self.busy:
            self.advance()

    def advance(self):
        while not self.busy and not self.transport.is_closing():
            if self.head is None:
                end = self.buffer.find(b"\r\n\r\n")
                if end < 0:
                    return
                self.begin(bytes(self.buffer[:end]).decode("latin-1"))
                del self.buffer[:end + 4]
            if not self.busy and not self.take_body():
                return

    def begin(self, head):
        line, *rest = head.split("\r\n")
        self.head = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
        self.method, target, _ = line.split(" ", 2)
        self.path, _, self.query = target.partition("?")
        self.chunked = "chunked" in self.head.get("transfer-encoding", "")
        self.left, self.in_chunk, self.size, self.sha256 = int(self.head.get("content-length", 0)), False, 0, hashlib.sha256()
        self.kept, self.early = bytearray(), False  # of small bodies, for the control port
        if self.head.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.server.begun(self)

    def eat(self):
        part = self.buffer[:self.left]
        del self.buffer[:self.left]
        self.left -= len(part)
        self.size += len(part)
        self.sha256.update(part)
        if self.size <= 65536:
            self.kept += part
        return self.left == 0

    def take_body(self):
        """True when all of it was here, and the call counts."""
        if not self.chunked:
            if not self.eat():
                return False
        else:
            while True:
                if not self.in_chunk:
                    end = self.buffer.find(b"\r\n")
                    if end < 0:
                        return False
                    self.left = int(bytes(self.buffer[:end]).split(b";")[0], 16)
                    last = self.left == 0
                    if last and b"\r\n\r\n" not in self.buffer:  # trailers included
                        return False
                    del self.buffer[:self.buffer.find(b"\r\n\r\n") + 4 if last else end + 2]
                    if last:
                        break
                    self.in_chunk = True
                if not self.eat() or len(self.buffer) < 2:
                    return False
                del self.buffer[:2]
                self.in_chunk = False
        self.server.took(self)
        return True

    def later(self, seconds, action, *arguments):
        self.waiting = asyncio.get_running_loop().call_later(seconds, action, *arguments)

    def done(self):
        """The call is over, whichever way."""
        if self.busy:
            self.busy = False
            self.server.counts.now -= 1

    def next(self):
        self.done()
        if not self.early:  # whose body may still be on its way
            self.head = None
        self.advance()

    def reset(self):
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def send(self, status, fields, body, length=None):
        head = [f"HTTP/1.1 {status} {'OK' if status < 400 else 'Failed'}", *(f"{name}: {value}" for name, value in fields.items())]
        if status not in (204, 304):
            head.append(f"content-length: {len(body) if length is None else length}")
        sent = b"" if self.method == "HEAD" or status in (204, 304) else body
        self.transport.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + sent)


class Backend:
    """What the connections at the HTTP port share."""

    def __init__(self, name, record):
        self.name, self.rules, self.counts, self.open = name, Rules(), Counts(), set()
        self.record = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if record else None

    def begun(self, call):
        self.counts.begun += 1
        call.rule = self.rules.of(call.method, call.path, call.query, call.head.get("x-fault"))
        if call.rule.early:
            call.early = True
            self.start(call)

    def took(self, call):
        call_id = call.head.get("x-call-id")
        self.counts.took(call.path, call_id)
        if call_id and self.record is not None:
            os.write(self.record, f"{call_id} {call.method} {self.name}\n".encode())
        if call.early:
            call.head = None
        else:
            self.start(call)

    def start(self, call):
        call.busy = True
        self.counts.now += 1
        self.counts.most = max(self.counts.most, self.counts.now)
        pause = call.rule.pause()
        if pause > 0:
            call.later(pause, self.act, call)
        else:
            self.act(call)

    def body(self, call):
        if call.rule.size is not None:
            return b"f" * call.rule.size
        if call.path.startswith("/bytes/"):
            key = urllib.parse.parse_qs(call.query).get("key", [""])[0]
            return pattern(key, int(call.path[7:]))
        return json.dumps({"name": self.name, "method": call.method, "path": call.path, "call": self.counts.calls, "size": call.size,
                           "sha256": call.sha256.hexdigest()}).encode()

    def act(self, call):
        rule, body = call.rule, self.body(call)
        fields = {"x-backend": self.name, "x-sha256": hashlib.sha256(body).hexdigest(), **rule.fields}
        self.counts.by_status[str(rule.status) if rule.how in ("answer", "last", "drip") else rule.how] += 1
        if rule.how == "silent":
            return
        if rule.how == "garbage":
            call.transport.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        elif rule.how == "half-chunked":
            call.transport.write(f"HTTP/1.1 {rule.status} OK\r\ntransfer-encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body[:len(body) // 2])
        elif rule.how.startswith("head-"):
            call.send(rule.status, fields, b"", len(body))
        elif rule.how.startswith("half"):
            call.send(rule.status, fields, body[:len(body) // 2], len(body))
        elif rule.how == "drip":
            call.send(rule.status, fields, b"", len(body))
            return self.drip(call, body)
        elif rule.how not in ("close", "reset"):
            call.send(rule.status, fields, body)
            if rule.how == "answer":
                asyncio.get_running_loop().call_soon(call.next)
                return
        call.failing = True
        if rule.how.endswith("reset"):
            # What was written has to be on its way before: a reset overtakes what still waits.
            call.later(0.02 if rule.how != "reset" else 0, call.reset)
        else:
            call.transport.close()

    def drip(self, call, body):
        call.transport.write(body[:8])
        if len(body) > 8:
            call.later(call.rule.pace, self.drip, call, body[8:])
        else:
            call.next()


class Control:
    """What the connections at the control port share."""

    def __init__(self, backend):
        self.backend, self.counts, self.open = backend, Counts(), set()

    def begun(self, call):
        pass

    def took(self, call):
        call.busy = True
        self.counts.now += 1
        if call.path == "/rules":
            self.backend.rules.set(json.loads(call.kept))
        elif call.path == "/forget":
            self.backend.counts.forget()
        elif call.path == "/close":
            for each in list(self.backend.open):
                each.transport.close()
        told = {name: list(value) if name == "times" else value for name, value in vars(self.backend.counts).items()
                if name != "times" or call.query == "times"}
        call.send(200, {}, json.dumps({**told, "open": len(self.backend.open)}).encode())
        asyncio.get_running_loop().call_soon(call.next)


async def serve(options):
    loop, backend = asyncio.get_running_loop(), Backend(options.name, options.record)
    backend.rules.set(json.loads(pathlib.Path(options.rules).read_text()) if options.rules else [])
    control = Control(backend)
    await loop.create_server(lambda: Connection(control), "127.0.0.1", options.control)
    server = await loop.create_server(lambda: Connection(backend), "127.0.0.1", options.port, backlog=1024)
    await server.serve_forever()


class FaultBackend:
    """The program, seen from a test."""

    def __init__(self, case, name="backend", record=None):
        from harness import free_port
        self.case, self.name, self.record = case, name, record
        self.port, self.control, self.process = free_port(), free_port(), None
        self.rules = case.write(f"rules-{self.port}.json", "[]")
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, wait=True):
        """Starts it, again after a kill, with the rules that it had."""
        from harness import Process
        arguments = ["/usr/bin/python3", __file__, "--port", self.port, "--control", self.control, "--name", self.name, "--rules", self.rules]
        self.process = Process(self.case, self.name, [*arguments, *(["--record", self.record] if self.record else [])])
        if wait:
            self.wait()

    def wait(self):
        from harness import can_connect, wait_for
        wait_for(lambda: can_connect(self.port) and can_connect(self.control), self.name)

    def ask(self, path, body=None):
        from harness import fetch
        return json.loads(fetch(self.control, path, "POST" if body is not None else "GET", body).body)

    def behave(self, *rules):
        for rule in rules:
            Rule(rule, random)  # errors are the test's
        self.rules.write_text(json.dumps(rules))
        self.ask("/rules", json.dumps(rules))

    def counts(self, times=False):
        return Counts.read(self.ask("/counts?times" if times else "/counts"))

    def forget(self):
        self.ask("/forget")

    def close_connections(self):
        """As a server does whose keep-alive time is over."""
        self.ask("/close")

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait()

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)


class FaultBackendH2:
    """The same rules over HTTP/2 without TLS, by python3-h2; each connection has a thread."""

    def __init__(self, name="backend"):
        import h2_peers
        self.name, self.rules, self.tally, self.lock = name, Rules(KINDS_H2), Counts(), threading.Lock()
        self.server = h2_peers.Server(self.handle)
        self.port = self.server.port

    def behave(self, *rules):
        self.rules.set(rules)

    def counts(self, times=False):
        return self.tally

    def forget(self):
        self.tally.forget()

    def handle(self, connection, stream, request):
        import h2.errors
        method, (path, _, query) = request.headers[":method"], request.headers[":path"].partition("?")
        with self.lock:
            rule = self.rules.of(method, path, query, request.headers.get("x-fault"))
            self.tally.begun += 1
            if rule.how not in ("refuse", "goaway"):  # these say that nothing has looked at it
                self.tally.took(path, request.headers.get("x-call-id"))
            self.tally.by_status[str(rule.status) if rule.how == "answer" else rule.how] += 1
        if pause := rule.pause():
            threading.Event().wait(pause)
        if rule.how == "goaway":  # RFC 9113 section 6.8: streams above the last id were not looked at
            connection.socket.sendall(b"\0\0\x08\x07\0\0\0\0\0" + struct.pack("!II", max(0, stream - 2), 0))
        elif rule.how in ("reset", "refuse"):
            connection.h2.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM if rule.how == "refuse" else h2.errors.ErrorCodes.INTERNAL_ERROR)
            connection.flush()
        elif rule.how == "answer":
            more = [("x-backend", self.name), *((name.lower(), value) for name, value in rule.fields.items())]
            if rule.grpc is not None or request.headers.get("content-type", "").startswith("application/grpc"):
                more.append(("content-type", "application/grpc"))
                connection.reply(stream, b"\0\0\0\0\0", rule.status, more, [("grpc-status", str(rule.grpc or 0))])
            else:
                connection.reply(stream, b"f" * rule.size if rule.size is not None else self.name.encode(), rule.status, more)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--port", "--control"):
        parser.add_argument(option, type=int, required=True)
    parser.add_argument("--name", default="backend")
    parser.add_argument("--rules")
    parser.add_argument("--record")
    asyncio.run(serve(parser.parse_args()))
