"""A load of keep-alive clients that count every request that was not answered as it should be."""
import http.client
import threading


class Load:
    """`clients` threads ask for `path` one request after the other until stop(); a connection is opened anew only after
    an answer that announced its end, as RFC 9112 section 9.6 lets a client expect."""

    def __init__(self, port, path, clients=16, expect=200):
        self.port, self.path, self.expect = port, path, expect
        self.done = 0
        self.failures = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self):
        connection, done, failures = None, 0, []
        while not self.stopping.is_set():
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                connection.request("GET", self.path)
                response = connection.getresponse()
                body = response.read()
                done += 1
                if response.status != self.expect:
                    failures.append(f"status {response.status}: {body[:300]!r}")
                if response.headers.get("connection", "").lower() == "close":
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                done += 1
                failures.append(repr(error))
                connection.close()
                connection = None
            if done >= 50 or failures:
                with self.lock:
                    self.done += done
                    self.failures += failures
                done, failures = 0, []
        if connection is not None:
            connection.close()
        with self.lock:
            self.done += done
            self.failures += failures

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        return self.done, self.failures
