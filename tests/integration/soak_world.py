"""A soak: a pair under half of the load that it can carry, for an hour, while everything around it changes as it does in service.

Behind the connector stand three tunnels: `turning`, whose agents (two over TLS, one over WireGuard) are replaced one after the
other, whose key is rotated and the older one revoked; `steady`, whose two agents stay for as long as the connector; and `brittle`,
whose agents are killed. Meanwhile the configuration is reloaded, good and bad, the listener's certificate and the issuer's keys
are replaced, and each of two nginx is restarted.

No request may fail but those that go to `brittle`: of these an answer may break off when its agent is killed under it."""
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time

import soak_figures
from certificates import Authority
from harness import CONNECTOR, Process, Site, can_connect, fetch, free_port, metric, wait_for
from wireguard_site import helpers_of

PEER = pathlib.Path(__file__).resolve().parent / "soak_peer"
FILES = {"small": 1024, "medium": 64 * 1024, "large": 1 << 20}
TICK = os.sysconf("SC_CLK_TCK")
SAMPLE_EVERY = 10  # seconds
# Gauges of what is in progress, where they are not 0.
IN_PROGRESS = re.compile(r'adit_\w*(_streams|client_connections|in_use|in_progress|in_flight|waiting)(\{.*\})? [1-9]')
RETRY = "retry: { attempts: 3, on: [ connect-failure, reset, refused-stream ] }"
CREDENTIAL = "credential: { signed_jwt: { issuer: main, audience: soak, lifetime: 60s } }"


def build_peer(directory):
    """The clients and the private server, from the standard library of Go alone."""
    program = directory / "soak_peer"
    environment = {**os.environ, "GO111MODULE": "off", "GOPROXY": "off", "GOFLAGS": "", "GOENV": "off", "CGO_ENABLED": "0"}
    cache = os.environ.get("ADIT_BUILD") or pathlib.Path(CONNECTOR).resolve().parents[1]
    environment["GOCACHE"] = str(pathlib.Path(cache) / "gocache-soak")
    subprocess.run(["go", "build", "-o", program, "."], cwd=PEER, env=environment, check=True)
    return program


class SoakSite(Site):
    def __init__(self, case, nginx, server):
        self.case = case
        self.client_port, self.tls_port, self.admin_port, self.tunnel_port = (free_port() for _ in range(4))
        self.tunnel_address, wireguard = f"127.0.0.1:{self.tunnel_port}", f"127.0.0.1:{free_port()}"
        self.issuer = f"http://127.0.0.1:{self.client_port}/issuers/main"
        self.config, self.version = case.directory / "adit.yaml", 0
        self.wireguard = wireguard
        self.configure()
        one, other = (f"http://127.0.0.1:{port}" for port in nginx)
        work = f"http://127.0.0.1:{server}"
        self.services = {}
        self.tokens = {}
        for name, services in (("turning", {"files-one": one, "files-other": other, "work-one": work}),
                               ("steady", {"files-third": one, "files-fourth": other, "work-other": work}), ("brittle", {"brittle": one})):
            self.tokens[name] = self.create_tunnel(name)
            self.set_services(name, services)
            self.services.update(services)

    def configure(self, wrong=False):
        """Writes the file in one go; each version has a route that the one before had not. Their names come from a set,
        since the time series of a name last as long as the connector."""
        self.version += 1
        backend = "nobody" if wrong else "files"
        number = self.version % 8
        text = f"""workers: 2
log: {{ level: warn }}
admin: {{ address: "127.0.0.1:{self.admin_port}" }}
listeners:
  - {{ address: "127.0.0.1:{self.client_port}" }}
  - {{ address: "127.0.0.1:{self.tls_port}", tls: {{ certificate: certificates/now/front.crt, key: certificates/now/front.key }} }}
tunnels:
  directory: tunnels.d
  tls: {{ address: "{self.tunnel_address}", key: connector.key }}
  wireguard: {{ address: "{self.wireguard}", network: 10.77.0.0/16, device: user-space }}
issuers: {{ main: {{ url: "{self.issuer}", directory: keys, algorithms: [ ES256 ], rotate: 2m, publish_ahead: 1m, keep_after: 2m }} }}
backends:
  files: {{ endpoints: [ service://files-one, service://files-other, service://files-third, service://files-fourth ], {RETRY} }}
  work: {{ endpoints: [ service://work-one, service://work-other ] }}
  signed: {{ endpoints: [ service://work-one, service://work-other ], {CREDENTIAL} }}
  brittle: {{ endpoints: [ service://brittle ], {RETRY} }}
routes:
  - {{ match: {{ path: "/version-{number}" }}, backend: {backend} }}
  - {{ match: {{ path: "/files/**" }}, backend: files }}
  - {{ match: {{ path: "/load/**" }}, backend: work }}
  - {{ match: {{ path: "/signed/**" }}, backend: signed }}
  - {{ match: {{ path: "/brittle/**" }}, backend: brittle }}
"""
        beside = self.case.write("adit.yaml.new", text)
        beside.rename(self.config)

    def agent_of(self, tunnel, transport="tls"):
        agent = self.start_agent(token=self.tokens[tunnel], environment={"TUNNEL_TRANSPORT_PROTOCOL": transport, "TUNNEL_WIREGUARD_DEVICE": "user-space", "TUNNEL_LOGLEVEL": "warn"})
        agent.transport, agent.tunnel = transport, tunnel
        return agent

    def ready(self, tunnel):
        """Ids of agents that have sessions, and keys of these sessions."""
        told = json.loads(fetch(self.admin_port, "/sessions").body)["tunnels"]
        sessions = [session for one in told if one["name"] == tunnel for session in one["sessions"] if session["state"] == "ready"]
        return {session["agent"] for session in sessions}, {session["key"] for session in sessions}

    def wait_ready(self, tunnel, agents):
        wait_for(lambda: len(self.ready(tunnel)[0]) >= agents, f"{agents} agents of {tunnel}", 30)


class Nginx:
    def __init__(self, case, name):
        self.case, self.port = case, free_port()
        temporary = "".join(f"{kind}_temp_path {case.directory}/{name}-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.config = case.write(f"{name}.conf", f"""daemon off; master_process off; pid {case.directory}/{name}.pid; error_log {case.directory}/{name}.err;
events {{ worker_connections 4096; }} http {{ access_log off; {temporary} keepalive_requests 1000000;
server {{ listen 127.0.0.1:{self.port}; root {case.directory}/files; rewrite ^/[a-z]+/(.*)$ /$1 break; }} }}""")
        self.start()

    def start(self):
        self.process = Process(self.case, "nginx", [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", self.config, "-p", self.case.directory])
        wait_for(lambda: can_connect(self.port), "nginx")

    def restart(self):
        self.process.signal(signal.SIGQUIT)  # finishes what it has
        self.process.wait(60)
        self.start()


class Sampler(threading.Thread):
    """Samples of processes, every ten seconds, until it is stopped: RSS and CPU of each, and what it holds open."""

    def __init__(self, began):
        super().__init__(daemon=True)
        self.began, self.watched, self.rows, self.ending = began, {}, {}, threading.Event()

    def watch(self, name, pid):
        self.watched[name] = pid
        self.rows.setdefault(name, [])

    def run(self):
        while not self.ending.wait(max(0.0, SAMPLE_EVERY - (time.monotonic() - self.began) % SAMPLE_EVERY)):
            for name, pid in list(self.watched.items()):
                try:
                    self.rows[name].append({"at": round(time.monotonic() - self.began, 1), "pid": pid, **sample(pid)})
                except (OSError, KeyError):
                    pass  # it ends just now
            self.ending.wait(0.5)

    def stop(self):
        self.ending.set()
        self.join()


def sample(pid):
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    times = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return {"rss_kib": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]), "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "cpu_seconds": round((int(times[11]) + int(times[12])) / TICK, 2)}


class World:
    def __init__(self, case):
        self.case = case
        self.peer = build_peer(case.directory)
        files = case.directory / "files"
        files.mkdir()
        for name, size in FILES.items():
            (files / name).write_bytes(os.urandom(size))
        self.authority, self.certificate = Authority(case), 0
        self.replace_certificate()
        self.nginx = [Nginx(case, "one"), Nginx(case, "other")]
        server = free_port()
        self.site = site = SoakSite(case, [nginx.port for nginx in self.nginx], server)
        self.server = Process(case, "server", [self.peer, "serve", "--address", f"127.0.0.1:{server}", "--issuer", site.issuer, "--audience", "soak"])
        wait_for(lambda: can_connect(server), "the private server")
        self.connector = site.start_connector()
        self.steady = [site.agent_of("steady"), site.agent_of("steady", "wireguard")]
        self.turning = [site.agent_of("turning"), site.agent_of("turning"), site.agent_of("turning", "wireguard")]
        self.brittle = [site.agent_of("brittle"), site.agent_of("brittle")]
        for tunnel, count in (("steady", 2), ("turning", 3), ("brittle", 2)):
            site.wait_ready(tunnel, count)
        wait_for(lambda: can_connect(site.tls_port), "the listener with TLS")
        self.done = {}  # what was changed, and how often
        self.refused = 0

    # The load

    def load(self, seconds, rate, workers=64, long=8):
        site = self.site
        return Process(self.case, "load", [self.peer, "load", "--clear", f"127.0.0.1:{site.client_port}", "--tls", f"127.0.0.1:{site.tls_port}", "--ca", self.authority.file,
                                           "--files", self.case.directory / "files", "--rate", rate, "--seconds", seconds, "--workers", workers, "--long", long])

    @staticmethod
    def told(load):
        """What its clients have counted so far."""
        lines = [line for line in load.log().splitlines() if line.startswith("{")]
        return json.loads(lines[-1]) if lines else {}

    def most(self, seconds):
        """Requests a second that the pair answers to clients who ask as fast as they are answered."""
        load = self.load(seconds, 0)
        load.wait(seconds + 60)
        told = self.told(load)
        if told["wrongs"]:
            raise AssertionError(f"without any change there were wrong answers: {told}")
        return told["rights"] / told["seconds"]

    # What changes

    def count(self, what):
        self.done[what] = self.done.get(what, 0) + 1

    def drain(self, place, before):
        """Replaces an agent, whose successor comes first (`before`) or afterwards."""
        leaving = self.turning[place]
        fresh = self.site.agent_of("turning", leaving.transport) if before else None
        if before:
            self.site.wait_ready("turning", len(self.turning) + 1)
        leaving.signal(signal.SIGTERM)
        if leaving.wait(60) != 0:
            raise AssertionError(f"an agent that was drained ended with {leaving.popen.returncode}")
        self.turning[place] = fresh or self.site.agent_of("turning", leaving.transport)
        self.site.wait_ready("turning", len(self.turning))
        self.count(f"agents drained, over {leaving.transport}")

    def kill(self, place):
        leaving = self.brittle[place]
        leaving.signal(signal.SIGKILL)
        leaving.wait()
        wait_for(lambda: len(self.site.ready("brittle")[0]) <= 1, "the end of a killed agent's sessions")
        self.brittle[place] = self.site.agent_of("brittle")
        self.site.wait_ready("brittle", 2)
        self.count("agents killed")

    def rotate_token(self):
        """A new key; agents that have the older one are replaced one by one, and then that one is revoked."""
        _, older = self.site.ready("turning")
        self.site.tokens["turning"] = self.site.tool("tunnel", "rotate-token", "turning").stdout
        for place in range(len(self.turning)):
            self.drain(place, before=place % 2 == 0)
        for key in older:
            self.site.tool("tunnel", "revoke-key", "turning", key)
        _, now = self.site.ready("turning")
        if now & older:
            raise AssertionError(f"keys {now & older} are still in use")
        self.count("tokens rotated, the older key revoked")

    def reload(self):
        self.site.configure()
        self.site.tool("reload")
        self.check(f"/version-{(self.site.version - 1) % 8}", 404)
        self.count("reloads")

    def reload_wrong(self):
        self.site.configure(wrong=True)
        told = self.site.tool("reload", status=2).stderr
        if "nobody" not in told:
            raise AssertionError(f"a wrong configuration was refused with {told}")
        self.site.configure()
        self.site.tool("reload")
        self.count("reloads refused, and mended")

    def check(self, path, status):
        answer = fetch(self.site.client_port, path)
        if answer.status != status:
            raise AssertionError(f"{path} was answered with {answer.status}")

    def replace_certificate(self):
        """Puts a folder with another certificate in the place of the older one, at once."""
        self.certificate += 1
        root = self.case.directory / "certificates"
        folder = root / str(self.certificate)
        folder.mkdir(parents=True)
        certificate, key = self.authority.issue("front")
        shutil.move(certificate, folder / "front.crt")
        shutil.move(key, folder / "front.key")
        (root / "next").symlink_to(str(self.certificate))
        (root / "next").rename(root / "now")
        if self.certificate > 1:
            self.site.tool("reload")
            mine = ssl.PEM_cert_to_DER_cert((folder / "front.crt").read_text().strip())
            wait_for(lambda: ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", self.site.tls_port))) == mine, "the new certificate")
            shutil.rmtree(root / str(self.certificate - 1))
            self.count("certificates replaced")

    def restart_backend(self, which):
        self.nginx[which].restart()
        self.count("backends restarted")

    def changes(self):
        """One round of all of them."""
        yield from (lambda: self.drain(0, before=False), self.reload, lambda: self.kill(0), lambda: self.restart_backend(0), lambda: self.drain(1, before=True),
                    self.replace_certificate, self.reload_wrong, lambda: self.drain(2, before=False), lambda: self.kill(1), self.rotate_token,
                    lambda: self.restart_backend(1), self.reload, lambda: self.drain(2, before=True))

    # A run

    def watch(self, sampler):
        sampler.watch("connector", self.connector.pid)
        for name, agent in (("agent over TLS", self.steady[0]), ("agent over WireGuard", self.steady[1])):
            sampler.watch(name, agent.pid)
        for name, owner in (("connector's WireGuard", self.connector), ("agent's WireGuard", self.steady[1])):
            sampler.watch(name, helpers_of(owner)[0])

    def run(self, seconds, rate, pause, out):
        """Load and changes; what clients counted, and the samples."""
        began = time.monotonic()
        load, sampler = self.load(seconds, rate), Sampler(began)
        self.watch(sampler)
        sampler.start()
        wrong, told = [], 0
        last = began + seconds - min(40 + pause, seconds / 3)  # for a change that shall end while there is load
        while time.monotonic() < last and load.alive():
            for change in self.changes():
                sampler.watch("a turning agent", self.turning[0].pid)
                try:
                    change()
                except AssertionError as error:
                    wrong.append(f"at {time.monotonic() - began:.1f} s: {error}")
                    print(wrong[-1], file=out, flush=True)
                if time.monotonic() > last:
                    break
                threading.Event().wait(pause)
            now = self.told(load)
            print(f"{time.monotonic() - began:7.1f} s: {now.get('rights', 0)} right, {now.get('wrongs', 0)} wrong, {now.get('excuses', 0)} excused, {sample(self.connector.pid)} {now.get('texts', [])[:3]}", file=out, flush=True)
        load.wait(seconds + 120)
        sampler.stop()
        return self.told(load), sampler.rows, wrong + self.afterwards()

    def afterwards(self):
        """Everything that was in progress has ended, nobody crashed, and nothing was logged that should not be."""
        agents = [*self.steady, *self.turning, *self.brittle]
        ports = [self.site.admin_port, *(agent.metrics_port for agent in agents)]

        def busy():
            return [line for port in ports for line in fetch(port, "/metrics").body.decode().splitlines() if IN_PROGRESS.match(line)]
        for process in [self.server, *(nginx.process for nginx in self.nginx)]:
            process.stop()  # and with it the connections that pools keep
        wrong = []
        try:
            wait_for(lambda: not busy(), "nothing to be in progress", 90)
        except AssertionError:
            wrong += [f"after all there is still {line}" for line in busy()]
        for process in [self.connector, *agents]:
            if not process.alive():
                wrong.append(f"{process.name} ended with {process.popen.returncode}")
            lines = (line for line in process.log().splitlines() if '"level":"error"' in line or '"level":"critical"' in line)
            # The connector may look at the file itself while the wrong configuration is there.
            wrong += [f"{process.name} logged {line[:300]}" for line in lines if "there is no backend 'nobody'" not in line][:5]
        return wrong

    def counted(self):
        return int(metric(self.site.admin_port, "adit_connector_requests_total"))


def judged(rows, warm_up):
    """Slopes and levels of each process after the warm-up; what grows too much is said in `wrong`."""
    told, wrong = {}, []
    for name, row in rows.items():
        later = [one for one in row if one["at"] >= warm_up]
        if len(later) < 3:
            continue
        points = {what: [(one["at"], one[what]) for one in later] for what in ("rss_kib", "descriptors", "threads")}
        seconds = later[-1]["at"] - later[0]["at"]
        percent, error = soak_figures.percent_per_10_minutes(points["rss_kib"])
        told[name] = {"rss_kib": soak_figures.levels(points["rss_kib"]), "rss_percent_per_10_minutes": round(percent, 3), "standard_error": round(error, 3),
                      "descriptors": soak_figures.levels(points["descriptors"]), "threads": soak_figures.levels(points["threads"]),
                      "cpu_percent": round((later[-1]["cpu_seconds"] - later[0]["cpu_seconds"]) / seconds * 100, 1) if later[0]["pid"] == later[-1]["pid"] else None,
                      "rss_bars": soak_figures.bars([one["rss_kib"] for one in row])}
        # A program in Go breathes between two collections: chance alone is no growth.
        if len({one["pid"] for one in later}) == 1 and percent >= max(1, 2 * error):
            wrong.append(f"{name}: RSS grows by {percent:.2f} (± {error:.2f}) % in ten minutes")
        wrong += [f"{name}: {what} do not stay flat: {told[name][what]}" for what in ("descriptors", "threads") if not soak_figures.flat(points[what])]
    return told, wrong
