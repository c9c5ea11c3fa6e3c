"""Starts the real programs and real servers for a test, waits on conditions, and ends what it started, by pid."""
import atexit
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

CONNECTOR = os.environ.get("ADIT_CONNECTOR", "build/dev/connector/adit-connector")
AGENT = os.environ.get("ADIT_AGENT", "build/dev/agent/adit-agent")
SCALE = float(os.environ.get("ADIT_TEST_SCALE", "1.0"))
PATIENCE = float(os.environ.get("ADIT_TEST_PATIENCE", "1.0"))  # by which programs may be slower than usual, under valgrind say
_reservations = {}
PORTS = range(12_000, 32_000)


SANITIZED = "ADIT_SANITIZED" in os.environ  # then memory says nothing
CALM = "shed: { enabled: false }"  # a line of a configuration: shedding would answer for a machine that is busy with other tests
TRANSPORT = os.environ.get("ADIT_TRANSPORT", "tls")  # of agents that a test does not tell which to use


def scaled(count, least=1):
    return max(least, int(count * SCALE))


def free_port(host="127.0.0.1"):
    """A port that nobody has. Taken below the ephemeral range, since else an outgoing connection of a load could take it
    before its program does, and reserved by an abstract socket that no test running beside this one can bind as well."""
    while True:
        port = random.choice(PORTS)
        reservation = socket.socket(socket.AF_UNIX)
        try:
            reservation.bind(f"\0adit-test-port-{port}")
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.bind((host, port))
        except OSError:
            reservation.close()
            continue
        _reservations[port] = reservation
        return port


def wait_for(condition, what, seconds=15):
    """Polls until the condition holds; its last value is the answer."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        pause.wait(0.02)


class Process:
    """A program of ours or of others, with its standard error in a file."""

    def __init__(self, case, name, arguments, environment=None, prefix=()):
        self.name = name
        self.log_path = case.directory / f"{name}-{len(case.processes)}.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith("TUNNEL_") and k.lower() not in
               ("https_proxy", "no_proxy", "http_proxy", "all_proxy")}
        env.update(environment or {})
        with open(self.log_path, "wb") as log:
            # setpriv becomes the program itself; the kernel ends it when this test is killed before it could clean up.
            self.popen = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *prefix, *map(str, arguments)], cwd=case.directory,
                                          env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        case.processes.append(self)

    @property
    def pid(self):
        return self.popen.pid

    def log(self):
        """What it has written; of one that runs whole lines only, since a reader may meet the beginning of one."""
        ended, text = not self.alive(), self.log_path.read_text(errors="replace")
        return text if ended else text[:text.rfind("\n") + 1]

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds=20):
        return self.popen.wait(seconds)

    def alive(self):
        return self.popen.poll() is None

    def stop(self):
        if self.alive():
            self.popen.send_signal(signal.SIGCONT)
            self.popen.terminate()
            try:
                self.popen.wait(0.5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()

    def rss_kib(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class Case(unittest.TestCase):
    """A test with a directory and processes of its own."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="adit-test-"))
        self.processes = []
        self.addCleanup(self.end)  # runs after a failed setUp as well, unlike tearDown

    def end(self):
        """Ends every process, shows their logs if the test failed, and removes the directory."""
        for process in reversed(self.processes):
            process.stop()
        result = self._outcome.result  # not its `success`, which is true again while clean-ups run
        failed = any(getattr(test, "test_case", test) is self for test, _ in result.failures + result.errors)
        for process in self.processes:
            text = process.log()
            if failed or "ERROR: AddressSanitizer" in text or "runtime error:" in text:
                print(f"--- log of {process.name}\n{text[-6000:]}", file=sys.stderr)
            self.assertNotIn("ERROR: AddressSanitizer", text)
            self.assertNotIn("ERROR: LeakSanitizer", text)
            self.assertNotIn("runtime error:", text)
        shutil.rmtree(self.directory, ignore_errors=True)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def timely(self, what, took, promised):
        """Prints a time in seconds beside the promised one. A machine that is busy with other tests may take three times as long."""
        print(f"{what}: {took:.2f} s of {promised} s", flush=True)
        self.assertLess(took, 3 * promised, what)

    def assert_logged(self, process, words, times=1):
        """So often by now, and no more. Programs write their lines a little after what these tell of, on a thread of its own."""
        wait_for(lambda: process.log().count(words) >= times, f"'{words}' in the log of {process.name}")
        self.assertEqual(process.log().count(words), times)

    def run_tool(self, *arguments, status=0, environment=None, stdin=None):
        env = {**os.environ, **(environment or {})}
        done = subprocess.run([*map(str, arguments)], cwd=self.directory, capture_output=True, text=True, env=env,
                              input=stdin if stdin is not None else "", timeout=60)
        self.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}{done.stderr}")
        return done


class Site:
    """A connector's configuration with one tunnel, and what starts around it."""

    def __init__(self, case, services, backends=None, routes=None, workers=2, listener="", tunnel_host="127.0.0.1", extra=""):
        self.case = case
        self.client_port = free_port()
        self.tunnel_port = free_port(tunnel_host)
        self.admin_port = free_port()
        bracketed = f"[{tunnel_host}]" if ":" in tunnel_host else tunnel_host
        self.tunnel_address = f"{bracketed}:{self.tunnel_port}"
        self.wireguard_address = f"{bracketed}:{free_port(tunnel_host)}"
        wireguard = f', wireguard: {{ address: "{self.wireguard_address}", network: 10.77.0.0/16 }}' if TRANSPORT == "wireguard" else ""
        backends = backends or {name: f"endpoints: [ service://{name} ]" for name in services}
        routes = routes or [(f"/{name}/**", name) for name in services] + [("/**", next(iter(backends)))]
        lines = [f"workers: {workers}", f'admin: {{ address: "127.0.0.1:{self.admin_port}" }}',
                 f'listeners: [ {{ address: "127.0.0.1:{self.client_port}"{listener} }} ]',
                 f'tunnels: {{ directory: tunnels.d, tls: {{ address: "{self.tunnel_address}", key: connector.key }}{wireguard} }}', *([] if "shed:" in extra else [CALM]), "backends:"]
        lines += [f"  {name}: {{ {text} }}" for name, text in backends.items()]
        lines += ["routes:"] + [f'  - {{ match: {{ path: "{path}" }}, backend: {backend} }}' for path, backend in routes]
        self.config = case.write("adit.yaml", "\n".join(lines) + "\n" + extra)
        self.services = {name: url for name, url in services.items()}
        self.token = self.create_tunnel("t1")
        self.set_services("t1", services)

    def tool(self, *arguments, status=0, **keywords):
        return self.case.run_tool(CONNECTOR, *arguments, "--config", self.config, status=status, **keywords)

    def create_tunnel(self, name, *flags):
        return self.tool("tunnel", "create", name, *flags).stdout

    def set_services(self, tunnel, services):
        document = {"version": 1, "services": [{"name": n, "endpoint": u, "configurations": [
            {"project": "shop", "accessibleBy": ["production"]}]} for n, u in services.items()]}
        path = self.case.write("services.json", json.dumps(document))
        self.tool("tunnel", "services", "update", tunnel, "--configuration-file", path)

    def start_connector(self, wait=True, prefix=()):
        connector = Process(self.case, "connector", [CONNECTOR, "run", "--config", self.config], prefix=prefix)
        if wait:
            wait_for(lambda: can_connect(self.admin_port) or not connector.alive(), "the connector's status port")
        return connector

    def start_agent(self, allow=None, token=None, environment=None, flags=(), prefix=()):
        allow = allow if allow is not None else [url.split("//")[1].split("/")[0] for url in self.services.values()]
        path = self.case.directory / f"token-{len(self.case.processes)}"
        path.write_text(token or self.token)
        path.chmod(0o600)
        port = free_port()
        arguments = [AGENT, "run", "--token-file", path, "--metrics", f"127.0.0.1:{port}", *flags]
        for pattern in allow:
            arguments += ["--allow", pattern]
        agent = Process(self.case, "agent", arguments, {"TUNNEL_TRANSPORT_PROTOCOL": TRANSPORT, **(environment or {})}, prefix)
        agent.metrics_port = port
        return agent

    def wait_sessions(self, count=1, agents=1, seconds=15):
        def enough():
            ready = [s for s in self.sessions() if s["state"] == "ready"]
            return len(ready) >= count and len({s["agent"] for s in ready}) >= agents
        wait_for(enough, f"{count} sessions of {agents} agents", seconds)

    def sessions(self):
        try:
            tunnels = json.loads(fetch(self.admin_port, "/sessions").body)["tunnels"]
        except OSError:
            return []
        return [session for tunnel in tunnels for session in tunnel["sessions"]]

    def up(self, agents=1, **keywords):
        """A connector and agents, ready for requests."""
        connector = self.start_connector()
        started = [self.start_agent(**keywords) for _ in range(agents)]
        self.wait_sessions(count=4 * agents, agents=agents)
        wait_for(lambda: can_connect(self.client_port), "the client port")
        return connector, started

    def get(self, path, **keywords):
        return fetch(self.client_port, path, **keywords)

    def access_lines(self, connector):
        whole = connector.log().rpartition("\n")[0]  # of the last line only a part may be there yet
        return [json.loads(line) for line in whole.splitlines() if '"logger":"access"' in line]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def problem(self):
        return json.loads(self.body)


def fetch(port, path, method="GET", body=None, headers=None, seconds=20, host="127.0.0.1"):
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def can_connect(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


class Received(bytes):
    """What a server sent; `closed` says whether it closed the connection (a reset counts) before the time was over."""
    closed = False


def raw(port, data, seconds=5, end=False, host="127.0.0.1"):
    """Sends bytes (then, with `end`, an end of stream) and reads until the server closes or nothing comes any more."""
    received, closed = b"", True
    with socket.create_connection((host, port), timeout=seconds) as connection:
        try:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # refused early: what it answered can still be read
        try:
            while part := connection.recv(65536):
                received += part
        except TimeoutError:
            closed = False
        except ConnectionResetError:
            pass
    answer = Received(received)
    answer.closed = closed
    return answer


def metric(port, name, reaches=0, **labels):
    """The sum of a metric's series with these labels. A request is counted once its answer is out: who has read that answer
    already says what the sum `reaches`, and waits until it does."""
    def total():
        lines = fetch(port, "/metrics").body.decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith(name) and line[len(name)] in " {" and all(f'{k}="{v}"' in line for k, v in labels.items()))
    return wait_for(lambda: [found] if (found := total()) >= reaches else None, f"{name}{labels} to reach {reaches}")[0]


def main():
    atexit.register(sys.stdout.flush)
    unittest.main(verbosity=2)
