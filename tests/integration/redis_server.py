"""A real Redis or sentinel for a test, and a proxy before it that delays what goes through."""
import socket
import subprocess
import threading
import time

from harness import Process, can_connect, free_port, wait_for


class Redis:
    """redis-server in a directory of its own, without persistence: killed and started again, it has forgotten everything."""

    def __init__(self, case, password="", lines=(), port=None, tls=None):
        self.case, self.password, self.port = case, password, port or free_port()
        self.directory = case.directory / f"redis-{self.port}"
        self.directory.mkdir()
        own = [f"bind 127.0.0.1", "save ''", "appendonly no", f"dir {self.directory}", "repl-diskless-sync-delay 0", *lines]
        if tls:  # (certificate, key)
            own += [f"tls-port {self.port}", "port 0", f"tls-cert-file {tls[0]}", f"tls-key-file {tls[1]}", "tls-auth-clients no"]
        else:
            own += [f"port {self.port}"]
        if password:
            own += [f"requirepass {password}", f"masterauth {password}"]
        self.file = self.directory / "redis.conf"
        self.file.write_text("\n".join(own) + "\n")
        self.start()

    def start(self):
        self.process = Process(self.case, f"redis-{self.port}", ["redis-server", self.file])
        wait_for(lambda: can_connect(self.port), "redis-server")

    def command(self, *words):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *(["-a", self.password] if self.password else []), *map(str, words)],
                              capture_output=True, text=True, timeout=20)
        return done.stdout.strip()

    def kill(self):
        self.process.popen.kill()
        self.process.wait()


class Sentinel(Redis):
    """One that watches `master` alone, and is quick to lose patience."""

    def __init__(self, case, master, password=""):
        self.case, self.password, self.port = case, "", free_port()
        self.directory = case.directory / f"sentinel-{self.port}"
        self.directory.mkdir()
        self.file = self.directory / "sentinel.conf"
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.directory}", f"sentinel monitor main 127.0.0.1 {master.port} 1",
                 "sentinel down-after-milliseconds main 2000", "sentinel failover-timeout main 2000"]
        if password:
            lines.append(f"sentinel auth-pass main {password}")
        self.file.write_text("\n".join(lines) + "\n")
        self.start()

    def start(self):
        self.process = Process(self.case, f"sentinel-{self.port}", ["redis-server", self.file, "--sentinel"])
        wait_for(lambda: can_connect(self.port), "the sentinel")


class Delay:
    """Lets bytes through `seconds` late, in both directions together."""

    def __init__(self, case, port):
        self.target, self.seconds = port, 0.0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()
        case.addCleanup(self.close)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self.open += [client, server]
            threading.Thread(target=self.carry, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.carry, args=(server, client, False), daemon=True).start()

    def carry(self, source, sink, slow):
        try:
            while data := source.recv(65536):
                if slow and self.seconds:
                    time.sleep(self.seconds)
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        for one in self.open:
            one.close()
