"""The words in which the tables of HTTP/2 are written, and how a case is played: preface and SETTINGS, the frames of the case and a
canary request go out in one write; then it is seen what became of each, at the client and at the backends.

What a case sends is a list of bytes and of functions that make bytes of its name; `/~` in a field stands for the name."""
from dataclasses import dataclass

from http1_case import lacking, misunderstanding
from http2_wire import END_HEADERS, END_STREAM, PADDED, PREFACE, PRIORITISED, Kind, Wire, block, frame, number, ping, settings

CANARY = 0x10001  # its stream; those of cases come before
PATIENCE = 8
START = PREFACE + settings()
GET = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"a.example"), (b":path", b"/~")]
POST = [(b":method", b"POST"), *GET[1:]]


def changed(name, *values):
    """GET with this pseudo-header field as often and as given."""
    return [pair for pair in GET if pair[0] != name] + [(name, value) for value in values]


def named(pairs, name):
    return [(key, value.replace(b"/~", b"/" + name.encode())) for key, value in pairs]


def headers(stream, pairs=(), end=True, whole=True, raw=None, padding=None, priority=None, before=b"", behind=b""):
    """A HEADERS frame; `raw` instead of a block of these fields, or bytes before and behind it."""
    def make(name):
        content = before + (block(named(pairs, name)) if raw is None else raw) + behind
        flags = (END_STREAM if end else 0) | (END_HEADERS if whole else 0)
        if priority is not None:
            content, flags = number(priority) + b"\x0f" + content, flags | PRIORITISED
        if padding is not None:
            content, flags = bytes([padding]) + content + bytes(padding), flags | PADDED
        return frame(Kind.HEADERS, flags, stream, content)
    return make


def continuation(stream, pairs=(), whole=True, raw=None):
    return lambda name: frame(Kind.CONTINUATION, END_HEADERS if whole else 0, stream, block(named(pairs, name)) if raw is None else raw)


@dataclass
class Case:
    name: str
    section: str  # of RFC 9113 where no other number stands before it
    sent: list
    expected: "Expected"
    awaits: tuple = (1,)  # streams that must come to an end
    then: list = None  # sent when they have
    canary: bool = True  # a request of its own behind it all
    start: bytes = START
    pieces: bool = False  # byte by byte
    flood: object = None  # makes the i-th piece of more than any peer should take
    most: int = 20_000

    @property
    def target(self):
        return b"/" + self.name.encode()

    def octets(self, parts):
        return b"".join(part if isinstance(part, bytes) else part(self.name) for part in parts)


def case(name, section, sent, expected, **more):
    return Case(name, section, sent if isinstance(sent, list) else [sent], expected, **more)


@dataclass
class Outcome:
    wire: Wire
    records: list
    guarded: list
    sent: int = 0  # pieces of a flood

    @property
    def closed(self):
        return self.wire.closed

    @property
    def canary(self):
        answer = self.wire.answers.get(CANARY)
        return bool(answer and answer.status == 200 and answer.ended and answer.body.startswith(b"got GET /canary/"))

    @property
    def went_on(self):
        return self.canary or b"the end?" in self.wire.pongs

    @property
    def goaway(self):
        """The last code but that of a farewell in order."""
        return next((code for code in reversed(self.wire.goaways) if code), None)

    def __str__(self):
        return (f"streams {self.wire.answers}, GOAWAY {[code.name for code in self.wire.goaways]}, {'closed' if self.closed else 'open'}, canary "
                f"{'answered' if self.canary else 'not answered'}, open backend {self.records}, guarded {self.guarded}")


def play(program, case):
    marks = program.open.mark(), program.guarded.mark()
    canary = headers(CANARY, changed(b":path", b"/canary/~"))(case.name) if case.canary else ping(b"the end?")
    first = case.start + case.octets(case.sent)
    flooded = 0
    with Wire(program.h2_port, PATIENCE) as wire:
        def settled():
            return all(wire.answer(stream).over for stream in case.awaits)

        def ended():
            return settled() and (wire.answer(CANARY).over if case.canary else b"the end?" in wire.pongs)
        if case.pieces:
            for i in range(len(first)):
                wire.send(first[i:i + 1])
            wire.send(canary)
        elif case.flood:
            wire.send(first)
            while flooded < case.most and not wire.closed:
                wire.send(b"".join(case.octets([case.flood(flooded + i)]) for i in range(100)))
                flooded += 100
                wire.read(0.001)
            wire.send(canary)
        elif case.then is not None:
            wire.send(first)
            wire.until(settled)
            wire.send(case.octets(case.then) + canary)
        else:
            wire.send(first + canary)
        wire.until(ended)
        if wire.goaways and not wire.closed:
            wire.until(lambda: False)  # whoever says farewell closes

    def of(recorder, mark):
        # What an earlier case may have sent, or sent in part, can turn up as late as now, and is not held against this one.
        return [r for r in recorder.since(mark) if not (r.whole and r.request.target.startswith(b"/canary/")) and
                (case.target in r.raw or r.fault != "incomplete" and not (r.whole and r.request.target in program.late))]
    if case.expected.reaches:
        program.late.add(case.target)
    return Outcome(wire, of(program.open, marks[0]), of(program.guarded, marks[1]), sent=flooded)


def disagreement(outcome):
    """What no program may do, whatever else it does: pass on what is no request, or hang."""
    return misunderstanding(outcome) or ("" if outcome.closed or outcome.went_on else "the connection hung")


@dataclass
class Expected:
    """What is right, in words, and how to see it: a function of case and outcome that says what is wrong."""
    words: str
    fault_of: object
    reaches: int = 0  # as many requests as may reach a backend before all is over


def whole(outcome):
    return [record for record in outcome.records + outcome.guarded if record.whole]


def connection_error(*codes, reaches=0):
    """GOAWAY with this code, and the connection ends; so many requests had been whole before."""
    def fault_of(case, outcome):
        if not outcome.closed or outcome.goaway not in codes:
            return f"not ended with {codes[0].name}"
        return "a request reached a backend" if len(whole(outcome)) > reaches or outcome.canary else ""
    return Expected(f"connection error {codes[0].name}", fault_of, reaches)


def dropped():
    """Not HTTP/2: nothing of it is owed, and nothing of it is taken."""
    def fault_of(case, outcome):
        return "" if outcome.closed and not outcome.canary and not outcome.records and not outcome.guarded else "not dropped"
    return Expected("closed", fault_of)


def stream_error(code, stream=1, reaches=0):
    """RST_STREAM with this code; the others go on."""
    def fault_of(case, outcome):
        if outcome.wire.answer(stream).code != code:
            return f"stream {stream} not reset with {code.name}"
        if len(whole(outcome)) > reaches:
            return "a request reached a backend"
        return "" if outcome.canary or not case.canary else "the others did not go on"
    return Expected(f"stream error {code.name}", fault_of, reaches)


def refused(status):
    """Understood, and answered by ourselves."""
    def fault_of(case, outcome):
        if outcome.wire.answer(1).status != status:
            return f"not answered with {status}"
        if whole(outcome):
            return "a request reached a backend"
        return "" if outcome.canary else "the others did not go on"
    return Expected(f"{status}", fault_of)


def forwarded(method=None, target=None, body=b"", fields=None, without=(), trailers=None, guarded=False, stream=1):
    """One request, equal in meaning, at the backend; its answer, and the canary's."""
    def fault_of(case, outcome):
        records, others = (outcome.guarded, outcome.records) if guarded else (outcome.records, outcome.guarded)
        if len(records) != 1 or not records[0].whole or others:
            return "not one whole request at the backend"
        request = records[0].request
        wanted = (method or b"GET", target if target is not None else case.target, body)
        if (request.method, request.target, request.body) != wanted:
            return f"another request: {(request.method, request.target, request.body)!r}"
        if wrong := lacking(request, fields or {}, without, trailers):
            return wrong
        answer = outcome.wire.answer(stream)
        if answer.status != 200 or answer.body != (b"" if request.method == b"HEAD" else request.as_itself()) or not answer.ended:
            return "not answered as itself"
        return "" if outcome.canary or not case.canary else "the others did not go on"
    return Expected("forwarded" + (" to the guarded backend" if guarded else ""), fault_of)


def fine(pongs=None, acks=None, requests=0):
    """Nothing happens, but that the canary is answered."""
    def fault_of(case, outcome):
        if outcome.wire.goaways or any(answer.code is not None for answer in outcome.wire.answers.values()):
            return "something was taken for an error"
        if pongs is not None and outcome.wire.pongs != pongs or acks is not None and outcome.wire.acks != acks:
            return f"{outcome.wire.pongs} and {outcome.wire.acks} acknowledgements"
        if len(whole(outcome)) != requests:
            return f"{len(whole(outcome))} requests at the backends"
        return "" if outcome.canary or not case.canary else "the canary was not answered"
    return Expected("taken", fault_of)


def stopped(*codes):
    """The connection is ended before the flood is over; what is in the buffers of sockets by then was sent and not taken."""
    def fault_of(case, outcome):
        if not outcome.closed or (outcome.sent >= case.most and outcome.goaway not in codes):
            return f"{outcome.sent} were taken"
        return "" if outcome.goaway in (None, *codes) else f"ended with {outcome.goaway.name}"
    return Expected(f"stopped with {codes[0].name}", fault_of, reaches=1)
