"""The words in which the tables of HTTP/1.1 are written, and how a case is played: bytes to the program, then a canary on the same
connection, and what the backends got meanwhile.

`/~` in the bytes of a case stands for its name, so that whatever arrives says where it came from."""
import socket
from dataclasses import dataclass, field

from messages import Bytes, Ended, Malformed, means_path, read_response

CANARY = b"GET /canary/%s HTTP/1.1\r\nHost: canary.example\r\nConnection: close\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"
GET = b"GET /~ HTTP/1.1\r\nHost: a.example\r\n"
POST = b"POST /~ HTTP/1.1\r\nHost: a.example\r\n"
PATIENCE = 8  # seconds for a program to close a connection that it wants no more of


@dataclass
class Case:
    name: str
    section: str  # of RFC 9112 where no other number stands before it
    sent: bytes
    expected: "Expected"
    then: bytes = None  # sent when the first answer, interim or not, has come; the canary follows it
    end: bool = False  # the client ends its side; then there is no canary
    answer: bytes = None  # what the backend answers instead of what it always does
    keeps: bool = False  # whether the backend keeps the connection after that

    @property
    def method(self):
        return self.sent.lstrip(b"\r\n").partition(b" ")[0]

    @property
    def target(self):
        return b"/" + self.name.encode()


def case(name, section, sent, expected, **more):
    """`sent` in full; the name takes the place of `~`."""
    put = {key: value.replace(b"/~", b"/" + name.encode()) if isinstance(value, bytes) else value for key, value in more.items()}
    return Case(name, section, sent.replace(b"/~", b"/" + name.encode()), expected, **put)


@dataclass
class Outcome:
    """What was seen on both sides."""
    interims: list = field(default_factory=list)
    answers: list = field(default_factory=list)  # whole and final ones
    fault: str = ""  # why the bytes of the program are no sequence of answers
    torn: bytes = b""  # those that were no whole answer
    closed: bool = False
    records: list = field(default_factory=list)  # at the open backend
    guarded: list = field(default_factory=list)
    canary: bool = False  # answered as itself, and seen as itself

    def __str__(self):
        answers = [answer.start.decode("latin-1") for answer in self.answers]
        return (f"answers {answers} {self.fault} {self.torn[:200]!r}, {'closed' if self.closed else 'left open'}, canary "
                f"{'answered' if self.canary else 'not answered'}, open backend {self.records}, guarded {self.guarded}")


def converse(port, case, outcome):
    """The client's part."""
    canary = b"" if case.end else CANARY % case.name.encode()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        def more():
            try:
                part = connection.recv(65536)
            except TimeoutError:
                return b""
            except OSError:
                part = b""
            outcome.closed = not part
            return part

        def send(data):
            try:
                connection.sendall(data)
            except OSError:
                pass  # what it answered before it closed can still be read
        source = Bytes(more)
        send(case.sent + (canary if case.then is None else b""))
        if case.end:
            connection.shutdown(socket.SHUT_WR)
        try:
            method, waits = case.method, case.then is not None
            while answer := read_response(source, method):
                (outcome.interims if answer.status < 200 else outcome.answers).append(answer)
                if waits:
                    send(case.then + canary)
                    waits = False
                if answer.status >= 200:
                    method = b"GET"
        except Malformed as why:
            outcome.fault, outcome.torn = f"malformed, {why}", source.taken + source.held
            source.rest()
        except Ended:
            outcome.fault, outcome.torn = "torn", source.taken + source.held


def play(program, case):
    open_mark, guarded_mark = program.open.mark(), program.guarded.mark()
    if case.answer is not None:
        program.open.answers[case.target] = (case.answer, case.keeps)
    outcome = Outcome()
    converse(program.port, case, outcome)

    def of(recorder, mark):
        # A piece of an earlier request that was given up may turn up as late as now, and is not held against this one.
        return [record for record in recorder.since(mark) if record.fault != "incomplete" or case.target in record.raw]
    outcome.records, outcome.guarded = of(program.open, open_mark), of(program.guarded, guarded_mark)
    target = b"/canary/" + case.name.encode()
    seen = [record for record in outcome.records if record.whole and record.request.target == target and not record.request.body]
    if outcome.answers and seen and outcome.answers[-1].body == seen[0].request.as_itself():
        outcome.canary = True
        outcome.answers.pop()
        outcome.records.remove(seen[0])
    return outcome


def misunderstanding(outcome):
    """What the backends could have understood otherwise than the program in front of them; empty when nothing."""
    for record in outcome.records + outcome.guarded:
        if record.fault.startswith("malformed"):
            return f"a backend got what is no request ({record.fault})"
        if b"/smuggled" in record.raw and record.whole and b"/smuggled" in record.request.target:
            return "a request was made of what others read as a part of another"
    for record in outcome.records:
        if record.whole and means_path(record.request.target).split(b"/")[1:2] == [b"guarded"]:
            return f"what is below /guarded was asked of the open backend as {record.request.target!r}"
        if record.whole and record.request.target.startswith(b"/canary"):
            return "the canary came otherwise than it was sent"
    return ""


def disagreement(outcome):
    """How two readers could have understood different messages; empty when they could not. Holds for any program."""
    if outcome.fault.startswith("malformed"):
        return f"the client got what is no answer ({outcome.fault})"
    if wrong := misunderstanding(outcome):
        return wrong
    if not outcome.closed:
        return "the connection hung"
    return ""


@dataclass
class Expected:
    """What is right, in words, and how to see it: a function of case and outcome that says what is wrong."""
    words: str
    fault_of: object


def refused(status):
    def fault_of(case, outcome):
        if [answer.status for answer in outcome.answers] != [status] or outcome.fault:
            return f"not refused with {status}"
        if not outcome.closed or outcome.canary:
            return "the connection went on"
        return "something reached a backend" if outcome.records or outcome.guarded else ""
    return Expected(f"{status}, closed", fault_of)


def declined(status):
    """A whole request that is answered here; the next one is a request of its own."""
    def fault_of(case, outcome):
        if [answer.status for answer in outcome.answers] != [status] or not outcome.canary:
            return f"not answered with {status} and the canary as itself"
        return "something reached a backend" if outcome.records or outcome.guarded else ""
    return Expected(f"{status}, goes on", fault_of)


def dropped():
    """Not HTTP/1: no answer of it is owed."""
    def fault_of(case, outcome):
        return "" if outcome.closed and not (outcome.answers or outcome.canary or outcome.records or outcome.guarded) else "not dropped"
    return Expected("closed", fault_of)


def cut(*statuses):
    """Refused within its body: a backend may have got its beginning, and never a whole request."""
    def fault_of(case, outcome):
        if [answer.status for answer in outcome.answers] not in [[status] for status in statuses] or outcome.fault:
            return f"not ended with {statuses}"
        if not outcome.closed or outcome.canary:
            return "the connection went on"
        return "a whole request reached a backend" if any(r.whole for r in outcome.records + outcome.guarded) else ""
    return Expected(f"{' or '.join(map(str, statuses))}, closed, incomplete at the backend", fault_of)


def given_up():
    """The client left within its message: a backend gets no whole one, and nobody is owed an answer."""
    def fault_of(case, outcome):
        whole = any(r.whole for r in outcome.records + outcome.guarded)
        return "" if outcome.closed and not whole and not [a for a in outcome.answers if a.status < 400] else "was taken for whole"
    return Expected("no whole request at the backend", fault_of)


def lacking(request, fields, without, trailers):
    """What is wrong with the fields of a request that arrived."""
    for name, value in fields.items():
        if request.value(name.encode()) != value:
            return f"{name} is {request.value(name.encode())!r}"
    for name in without:
        if request.values(name.encode()):
            return f"{name} arrived"
    if trailers is not None and [(name.lower(), value) for name, value in request.trailers] != trailers:
        return f"the trailer fields are {request.trailers}"
    return ""


def forwarded(method=None, target=None, body=b"", fields=None, without=(), trailers=None, guarded=False, closes=False):
    """One request, equal in meaning, at the backend; its answer, and the canary's."""
    def fault_of(case, outcome):
        records, others = (outcome.guarded, outcome.records) if guarded else (outcome.records, outcome.guarded)
        if len(records) != 1 or not records[0].whole or others:
            return "not one whole request at the backend"
        request = records[0].request
        wanted = (method or case.method, target if target is not None else case.target, body)
        if (request.method, request.target, request.body) != wanted or not request.start.endswith(b" HTTP/1.1"):
            return f"another request: {(request.method, request.target, request.body)!r}"
        if wrong := lacking(request, fields or {}, without, trailers):
            return wrong
        if len(outcome.answers) != 1 or outcome.answers[0].body != (b"" if request.method == b"HEAD" else request.as_itself()):
            return "not answered as itself"
        return "" if outcome.canary != closes and outcome.closed else "the connection went on" if closes else "the canary was not answered as itself"
    words = "forwarded" + (" to the guarded backend" if guarded else "") + (f" as {target.decode()[:40]}" if target else "")
    return Expected(words + (", closed" if closes else ""), fault_of)


def answered(status, body=b"", fields=None, without=(), trailers=None, interims=(), closes=False):
    """The client gets this answer, whole, and then the canary's."""
    def fault_of(case, outcome):
        if len(outcome.answers) != 1 or outcome.fault or outcome.answers[0].status != status or outcome.answers[0].body != body:
            return f"not the answer {status} with {body[:40]!r}"
        if [interim.status for interim in outcome.interims] != list(interims):
            return f"other interim answers than {interims}"
        if wrong := lacking(outcome.answers[0], fields or {}, without, trailers):
            return wrong
        return "" if outcome.canary != closes and outcome.closed else "the connection went on" if closes else "the canary was not answered as itself"
    return Expected(f"{status} with {len(body)} bytes" + (", closed" if closes else ""), fault_of)


def bad_gateway(code):
    """An answer that cannot be trusted becomes our own 502 of this kind."""
    def fault_of(case, outcome):
        if [answer.status for answer in outcome.answers] != [502] or code.encode() not in outcome.answers[0].body or outcome.fault:
            return f"not 502 with {code}"
        return "" if outcome.canary else "the canary was not answered as itself"
    return Expected(f"502 {code}", fault_of)


def torn(begins):
    """What the client got is seen not to be whole: the connection ends within it."""
    def fault_of(case, outcome):
        if outcome.fault != "torn" or not outcome.closed or outcome.canary:
            return "the answer looks whole"
        body = outcome.torn.partition(b"\r\n\r\n")[2]
        return "" if begins in body else f"{begins!r} did not come"
    return Expected("visibly incomplete", fault_of)


def in_turn(*targets):
    """Requests one behind the other: each arrives and is answered, in this order."""
    def fault_of(case, outcome):
        if [record.whole and record.request.target for record in outcome.records] != list(targets):
            return "not these requests in this order"
        if [answer.body for answer in outcome.answers] != [record.request.as_itself() for record in outcome.records]:
            return "not answered in this order"
        return "" if outcome.canary else "the canary was not answered as itself"
    return Expected(f"{len(targets)} requests forwarded in order", fault_of)
