"""The backend behind every program: keeps what it got, byte for byte, and answers each request so that the answer could be of no
other. Where a case says so it answers with the bytes of the case instead."""
import threading

from messages import Bytes, Ended, Malformed, read_request
from servers import Accepting


class Record:
    """One thing that came: a whole request, or bytes that are none."""

    def __init__(self, request=None, raw=b"", fault=""):
        self.request, self.raw, self.fault = request, raw, fault

    @property
    def whole(self):
        return self.request is not None

    def __repr__(self):
        return f"{self.fault or 'request'}: {self.raw[:300]!r}"


class Recorder(Accepting):
    def __init__(self):
        self.records, self.answers = [], {}
        self.within = 0  # connections in the middle of a request
        self.changed = threading.Condition()
        super().__init__()

    def note(self, record):
        with self.changed:
            self.records.append(record)
            self.changed.notify_all()

    def mark(self):
        return len(self.records)

    def since(self, mark):
        """What came since, once no connection is in the middle of a request any more."""
        with self.changed:
            self.changed.wait_for(lambda: self.within == 0, 10)
            return self.records[mark:]

    def serve(self, connection):
        source = Bytes(lambda: self.more(connection, source))
        try:
            while request := self.next(source, lambda head: self.encourage(connection, head)):
                self.note(Record(request, request.raw))
                if not self.reply(connection, request):
                    break
        except Malformed as why:
            self.note(Record(raw=source.taken + source.held, fault=f"malformed, {why}"))
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        except Ended:
            self.note(Record(raw=source.taken + source.held, fault="incomplete"))
        except OSError:
            pass
        finally:
            connection.close()

    def encourage(self, connection, head):
        if head.values(b"expect"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def next(self, source, before_body):
        """The next request; while a part of it is here, `within` counts it."""
        source.counted = False
        try:
            return read_request(source, before_body)
        finally:
            if source.counted:
                with self.changed:
                    self.within -= 1
                    self.changed.notify_all()

    def more(self, connection, source):
        try:
            part = connection.recv(65536)
        except OSError:
            part = b""
        if part and not source.counted:
            source.counted = True
            with self.changed:
                self.within += 1
        return part

    def reply(self, connection, request):
        """False when the connection is to be closed."""
        if request.target in self.answers:
            answer, keeps = self.answers[request.target]
            connection.sendall(answer)
            return keeps
        body = request.as_itself()
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + (b"" if request.method == b"HEAD" else body))
        return True
