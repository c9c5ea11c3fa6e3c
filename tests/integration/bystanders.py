"""Those who are served while others attack: what they got, and how long they waited at most."""
import contextlib
import http.client
import threading
import time

from harness import SANITIZED, fetch, wait_for

PAUSE = 0.02  # between two requests of a bystander: what others do to him is asked, not what he can bear


class Bystander:
    """Asks again and again on one connection, which is opened anew after an answer that ends it. `open` makes the connection."""

    def __init__(self, port, path="/x", seconds=20, make=None):
        self.make = make or (lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=seconds))
        self.path, self.served, self.failures, self.slowest = path, 0, [], 0.0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        connection = None
        while not self.stopping.wait(PAUSE) and not self.failures:
            start = time.monotonic()
            try:
                connection = connection or self.make()
                connection.request("GET", self.path)
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    self.failures.append(f"{response.status}: {body[:300]!r}")
                if response.headers.get("connection", "").lower() == "close":
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            self.served += 1
            self.slowest = max(self.slowest, time.monotonic() - start)
        if connection:
            connection.close()

    def stop(self):
        self.stopping.set()
        self.thread.join(30)


class Newcomer(Bystander):
    """The same with a connection for each request."""

    def run(self):
        while not self.stopping.wait(PAUSE) and not self.failures:
            start = time.monotonic()
            try:
                with contextlib.closing(self.make()) as connection:
                    connection.request("GET", self.path, headers={"Connection": "close"})
                    response = connection.getresponse()
                    if response.status != 200:
                        self.failures.append(f"{response.status}: {response.read()[:300]!r}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            self.served += 1
            self.slowest = max(self.slowest, time.monotonic() - start)


@contextlib.contextmanager
def unharmed(case, program, port, growth_kib, kinds=(Bystander, Newcomer), **keywords):
    """While its body runs, bystanders are served without a failure, and `program` does not grow beyond bounds."""
    others, before = [kind(port, **keywords) for kind in kinds], program.rss_kib()
    yield others
    wait_for(lambda: all(other.served for other in others), "each to have asked once")
    for other in others:
        other.stop()
    case.assertEqual([other.failures for other in others], [[] for _ in others])
    grown = program.rss_kib() - before
    print(f"{case.id().split('.')[-1]}: {sum(o.served for o in others)} requests of others, the slowest took {max(o.slowest for o in others) * 1000:.0f} ms; "
          f"{program.name} grew by {grown} KiB")
    if not SANITIZED:
        case.assertLess(grown, growth_kib)
