"""A pair that lives through a bad hour, so that it exports what rules and dashboards may name."""
import hashlib
import os
import pathlib
import signal
import subprocess
import threading

import deploy  # which makes the harness of the integration tests known
import harness
from fault_backend import FaultBackend
from harness import Site, fetch, free_port, metric, raw, wait_for

WIREGUARD = {"adit_connector_wireguard_handshake_age_seconds", "adit_connector_wireguard_received_bytes", "adit_connector_wireguard_sent_bytes",
             "adit_connector_wireguard_helper_restarts_total"}

BACKENDS = {
    "web": "endpoints: [ service://web ], circuit: { consecutive: 5, cooldown: 200ms }, bulkhead: { concurrent: 1, queue: 1, queue_timeout: 5s }, "
           "cache: {}, fallback: { to: [ { static: { status: 200, body: later } } ] }",
    "tried": "endpoints: [ service://web, http://127.0.0.1:AWAY ], retry: { attempts: 2, backoff: 1ms }, outlier: { consecutive: 3 }, "
             "health: { tcp: {}, interval: 1s, unhealthy: 100 }",
    "spent": "endpoints: [ service://web ], retry: { attempts: 2, budget: { percent: 0, floor: 0 } }",
    "denied": "endpoints: [ service://web ]",
    "forbidden": "endpoints: [ service://forbidden ]",
    "trusting": 'endpoints: [ service://web ], credential: { oauth2_client_credentials: { endpoint: { url: "http://127.0.0.1:AWAY/token" }, '
                'client_id: gateway, client_secret: "${file:client.secret}" } }',
}
EXTRA = """state: redis://127.0.0.1:AWAY/0
webhooks: { pager: { url: "http://127.0.0.1:AWAY/", secret: "${file:webhook.secret}" } }
consumers: [ { name: shop, environment: production, api_keys: [ "sha256:%s" ] } ]
access: { services: { web: [ { consumer: shop } ], forbidden: [ { consumer: shop } ] } }
policies: { few: { rate_limit: { by: all, sharing: off, limits: [ { requests: 1000, per: 1h } ] } } }
log: { level: info }
""" % hashlib.sha256(b"key").hexdigest()


def names(port):
    """Of the types that an exporter tells, with those of a histogram's parts."""
    found = set()
    for line in fetch(port, "/metrics").body.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            found |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
        elif line and not line.startswith("#"):
            assert line.split("{")[0].split(" ")[0].startswith("adit_"), line
    return found


class BadHour:
    """What a test case that it is given starts and breaks; `exported` is what connector and agents had to tell."""

    def __init__(self, case):
        self.case, self.exported = case, set()
        over = pathlib.Path(os.environ.get("ADIT_CONNECTOR", "")).parents[1] / "libexec/adit/adit-wireguard"
        self.wireguard = over.exists()
        harness.TRANSPORT = "wireguard" if self.wireguard else "tls"  # whether the site has that door, too
        origin = FaultBackend(case)
        away = str(free_port())
        case.write("webhook.secret", "whsec_c2VjcmV0LW9mLXRoZS13ZWJob29r").chmod(0o600)
        case.write("client.secret", "secret").chmod(0o600)
        routes = [(f"/{name}/**", name) for name in BACKENDS]
        site = Site(case, {"web": origin.url, "forbidden": "http://127.0.0.1:1"},
                    {name: text.replace("AWAY", away) for name, text in BACKENDS.items()}, routes, extra=EXTRA.replace("AWAY", away))
        text = site.config.read_text().replace("network: 10.77.0.0/16", "network: 10.77.0.0/16, device: user-space")
        text = text.replace('- { match: { path: "/web/**"', '- { policies: [ api-key, few ], match: { path: "/web/**"')
        text = text.replace('- { match: { path: "/denied/**"', '- { policies: [ api-key ], access: [ { consumer: shop, environments: [ staging ] } ], match: { path: "/denied/**"')
        text = text.replace("- { match:", "- { policies: [ api-key ], match:")
        text = text.replace("listeners: [", 'listeners: [ { address: "127.0.0.1:%d", tls: { certificate: own.crt, key: own.key } },' % free_port())
        site.config.write_text(text)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=own",
                        "-keyout", case.directory / "own.key", "-out", case.directory / "own.crt"], check=True, capture_output=True)
        site.token = site.tool("tunnel", "rotate-token", "t1", "--expires", "30d").stdout
        self.site, self.origin = site, origin

    def live(self):
        site, origin = self.site, self.origin
        connector = site.start_connector()
        agents = [site.start_agent(allow=[origin.url.split("//")[1]], environment={"TUNNEL_TRANSPORT_PROTOCOL": transport, "TUNNEL_WIREGUARD_DEVICE": "user-space"})
                  for transport in (["tls", "wireguard"] if self.wireguard else ["tls"])]
        site.wait_sessions(count=4 * len(agents), agents=len(agents))
        for path in ("/web/x", "/web/x", "/tried/x", "/forbidden/x", "/trusting/x", "/denied/x"):
            self.ask(path)
        # Two at once, of which one waits.
        origin.behave(dict(latency=0.3))
        pair = [threading.Thread(target=self.ask, args=(f"/web/slow/{number}",)) for number in range(2)]
        for one in pair:
            one.start()
        for one in pair:
            one.join()
        origin.behave(dict(status=503))
        for number in range(12):
            self.ask(f"/web/{number}")
            self.ask(f"/tried/{number}")
            self.ask(f"/spent/{number}")
        origin.behave()
        raw(site.tunnel_port, b"GET / HTTP/1.1\r\n\r\n")
        self.refused_reload()
        if self.wireguard:
            self.end_helper(connector.pid)
            wait_for(lambda: WIREGUARD <= names(site.admin_port), "figures of WireGuard", 20)
        # An agent that hangs does not answer probes; one whose sessions are taken comes back.
        first = agents[0]
        first.signal(signal.SIGSTOP)
        wait_for(lambda: metric(site.admin_port, "adit_connector_probe_failures_total") > 0, "a probe without an answer")
        wait_for(lambda: all(session["transport"] != "tls" for session in site.sessions()), "its sessions to be given up")
        first.signal(signal.SIGCONT)
        wait_for(lambda: metric(first.metrics_port, "adit_agent_reconnects_total") > 0, "the agent to come back")
        for port in (site.admin_port, *(agent.metrics_port for agent in agents)):
            self.exported |= names(port)
        return self

    def ask(self, path):
        return self.site.get(path, headers={"X-Api-Key": "key"}).status

    @staticmethod
    def end_helper(connector):
        """The program that carries WireGuard ends by itself, as it would for want of memory."""
        for child in pathlib.Path(f"/proc/{connector}/task").glob("*/children"):
            for pid in child.read_text().split():
                if "adit-wireguard" in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
                    os.kill(int(pid), signal.SIGKILL)

    def refused_reload(self):
        good = self.site.config.read_text()
        self.site.config.write_text(good + "nonsense: true\n")
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_reloads_total", result="refused") > 0, "a refused reload")
        self.site.config.write_text(good)
