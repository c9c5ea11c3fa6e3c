"""What the charts render, running: the programs with the files, arguments and environment that a kubelet would give them. Two
connectors share keys and tunnels, two agents come to both, and what changes in a ConfigMap is taken up without a restart."""
import base64
import copy
import functools
import json
import pathlib
import subprocess
import unittest

from kubernetes import CHARTS, Pod, kubectl_objects, need_tools, render, the

need_tools()
from harness import AGENT, CONNECTOR, Case, Process, fetch, free_port, wait_for
from servers import Scripted

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
HOSTS = ("127.0.0.1", "127.0.0.2")  # of the replicas


def certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", "tls.key", "-out", "tls.crt"], cwd=folder, check=True, capture_output=True)
    return {file: (pathlib.Path(folder) / file).read_text() for file in ("tls.crt", "tls.key")}


@functools.cache
def rendered(chart, values):
    return render(chart, values=json.loads(values))


def secret(name, content):
    return {"kind": "Secret", "metadata": {"name": name}, "data": {key: base64.b64encode(text.encode()).decode() for key, text in content.items()}}


class Charts(Case):
    wireguard = False

    @classmethod
    def setUpClass(cls):
        # The same for all tests, so that the charts are rendered once for each set of values.
        cls.ports = [{name: free_port(host) for name in ("http", "https", "tunnel", "wireguard", "metrics", "admin")} for host in HOSTS]
        cls.origin, cls.other = Scripted(OK), Scripted(OK)

    def setUp(self):
        super().setUp()
        self.prepare()

    def tool(self, *arguments, **keywords):
        return self.run_tool(CONNECTOR, *arguments, "--config", "prepare/adit.yaml", **keywords).stdout

    def advertise(self, name):
        return [f"{host}:{ports[name]}" for host, ports in zip(HOSTS, self.ports)]

    def prepare(self):
        """As the README of the connector's chart says: keys and tunnels are made before there is a cluster."""
        (self.directory / "prepare").mkdir()
        doors = {"tls": {"address": "0.0.0.0:7443", "key": "connector.key", "advertise": self.advertise("tunnel")}}
        if self.wireguard:
            doors = {"wireguard": {"address": "0.0.0.0:51820", "network": "10.77.0.0/16", "advertise": self.advertise("wireguard")}}
        self.write("prepare/adit.yaml", json.dumps({"tunnels": {"directory": "tunnels.d", **doors}}))
        token = self.tool("tunnel", "create", "vpc-1")
        self.write("token", token)
        self.offer("payments-api")
        folder = self.directory / "prepare"
        keys = ["wireguard.key", "wireguard.preshared"] if self.wireguard else ["connector.key"]
        self.keys = kubectl_objects("create", "secret", "generic", "adit-keys", *[f"--from-file={key}" for key in keys], cwd=folder)
        self.tunnels = self.tunnel_files()
        self.token = kubectl_objects("create", "secret", "generic", "adit-token", "--from-file=token", cwd=self.directory)

    def offer(self, *services):
        document = {"version": 1, "services": [{"name": name, "endpoint": f"http://127.0.0.1:{self.origin.port}"} for name in services]}
        self.write("prepare/services.json", json.dumps(document))
        self.tool("tunnel", "services", "update", "vpc-1", "--configuration-file", "prepare/services.json")

    def tunnel_files(self):
        return kubectl_objects("create", "configmap", "adit-tunnels", "--from-file=tunnels.d", cwd=self.directory / "prepare")

    def connector_objects(self, replica, routes=("payments",)):
        ports = self.ports[replica]
        values = {
            "host": HOSTS[replica], "workers": 1,
            "listeners": [{"name": "http", "port": ports["http"]}, {"name": "https", "port": ports["https"], "tls": {"existingSecret": "gateway"}}],
            "metrics": {"host": HOSTS[replica], "port": ports["metrics"]},
            "tunnels": {"tls": {"enabled": not self.wireguard, "port": ports["tunnel"]}, "wireguard": {"enabled": self.wireguard, "port": ports["wireguard"]},
                        "keys": {"existingSecret": "adit-keys"}, "existingConfigMap": "adit-tunnels"},
            "config": {"backends": {name: {"endpoints": [f"service://{name}-api"]} for name in routes},
                       "routes": [{"match": {"path": f"/{name}/**"}, "backend": name} for name in routes]}}
        return copy.deepcopy(rendered("adit-connector", json.dumps(values)))

    def start_connector(self, replica, pod=None):
        objects = self.connector_objects(replica)
        if pod is None:
            spec = the(objects, "StatefulSet")["spec"]["template"]["spec"]
            pod = Pod(self.directory / f"connector-{replica}", spec, [*objects, self.keys, self.tunnels, secret("gateway", certificate(self.directory, "first"))],
                      replace=[("127.0.0.1:9901", f"127.0.0.1:{self.ports[replica]['admin']}")])
        pod.process = Process(self, f"connector-{replica}", [CONNECTOR, *pod.arguments], pod.environment)
        return pod

    def agent_objects(self, *allow):
        values = {"token": {"existingSecret": {"name": "adit-token"}}, "allow": list(allow), "gracePeriod": "2s",
                  "transportProtocol": "wireguard" if self.wireguard else "tls", "metrics": {"host": "127.0.0.1"}}
        return copy.deepcopy(rendered("adit-agent", json.dumps(values)))

    def start_agent(self, number):
        objects = self.agent_objects(f"127.0.0.1:{self.origin.port}")
        port = free_port()
        spec = the(objects, "Deployment")["spec"]["template"]["spec"]
        pod = Pod(self.directory / f"agent-{number}", spec, [*objects, self.token], replace=[("127.0.0.1:20241", f"127.0.0.1:{port}")])
        pod.process = Process(self, f"agent-{number}", [AGENT, *pod.arguments], pod.environment)
        pod.port = port
        return pod

    def answers(self, port, path, status=200, host="127.0.0.1"):
        try:
            return fetch(port, path, host=host).status == status
        except OSError:
            return False

    def connector_ready(self, replica):
        return self.answers(self.ports[replica]["metrics"], "/ready", host=HOSTS[replica])

    def gateway(self, replica, path):
        return fetch(self.ports[replica]["http"], path, host=HOSTS[replica]).status

    def up(self):
        connectors = [self.start_connector(replica) for replica in range(2)]
        for replica in range(2):
            wait_for(lambda: self.answers(self.ports[replica]["metrics"], "/live", host=HOSTS[replica]), "a connector's first probe")
        agents = [self.start_agent(number) for number in range(2)]
        for agent in agents:
            wait_for(lambda: self.answers(agent.port, "/ready"), "an agent's readiness", 30)
        for replica in range(2):
            wait_for(lambda: self.connector_ready(replica), f"readiness of replica {replica}", 30)
        return connectors, agents


class OverTls(Charts):
    def test_a_request_crosses_by_either_replica(self):
        self.up()
        self.assertEqual([self.gateway(replica, "/payments/1") for replica in range(2)], [200, 200])

    def test_a_replica_without_an_agent_is_alive_but_not_ready(self):
        self.start_connector(0)
        wait_for(lambda: self.answers(self.ports[0]["metrics"], "/live"), "the startup probe")
        self.assertEqual(fetch(self.ports[0]["metrics"], "/ready").status, 503)

    def test_a_replica_that_is_replaced_becomes_ready_again_while_the_other_serves(self):
        connectors, _ = self.up()
        connectors[0].process.popen.terminate()
        wait_for(lambda: not self.connector_ready(0), "the replica's leaving")
        self.assertEqual(self.gateway(1, "/payments/1"), 200)
        self.assertEqual(connectors[0].process.wait(30), 0)
        self.start_connector(0, connectors[0])
        wait_for(lambda: self.connector_ready(0), "agents at the new pod of replica 0", 40)
        self.assertEqual([self.gateway(replica, "/payments/1") for replica in range(2)], [200, 200])

    def test_changed_configuration_tunnels_and_certificates_are_taken_up_from_their_volumes(self):
        connectors, _ = self.up()
        self.assertEqual(self.gateway(0, "/refunds/1"), 404)
        self.offer("payments-api", "refunds-api")
        connectors[0].update(self.tunnel_files(), the(self.connector_objects(0, ("payments", "refunds")), "ConfigMap", "adit-connector-config"))
        wait_for(lambda: self.gateway(0, "/refunds/1") == 200, "the new route, through the new service of the tunnel")
        first = self.shown_certificate()
        connectors[0].update(secret("gateway", certificate(self.directory, "second")))
        wait_for(lambda: self.shown_certificate() != first, "the new certificate")
        self.assertIn('"why":"a file has changed"', connectors[0].process.log())
        self.assertTrue(connectors[0].process.alive())

    def shown_certificate(self):
        import ssl
        return ssl.get_server_certificate((HOSTS[0], self.ports[0]["https"]))

    def test_a_configuration_that_is_wrong_is_refused_and_the_one_before_serves_on(self):
        connectors, _ = self.up()
        broken = the(self.connector_objects(0), "ConfigMap", "adit-connector-config")
        broken["data"]["connector.yaml"] = broken["data"]["connector.yaml"].replace("backends:", "backend:")
        connectors[0].update(broken)
        wait_for(lambda: "the configuration was not reloaded" in connectors[0].process.log(), "the refusal")
        self.assertEqual(self.gateway(0, "/payments/1"), 200)

    def test_a_changed_allow_list_is_taken_up_from_its_volume(self):
        _, agents = self.up()
        for agent in agents:
            agent.update(the(self.agent_objects(f"127.0.0.1:{self.other.port}"), "ConfigMap"))
            wait_for(lambda: '"allow list reloaded"' in agent.process.log(), "the reload")
        wait_for(lambda: self.gateway(0, "/payments/1") == 502, "the refusal of what is not allowed any more")
        self.assertTrue(all(agent.process.alive() for agent in agents))

    def test_an_agent_that_is_told_to_stop_drains_and_ends_within_its_time(self):
        _, agents = self.up()
        agents[0].process.popen.terminate()
        self.assertEqual(agents[0].process.wait(agents[0].spec["terminationGracePeriodSeconds"]), 0)
        self.assertIn('"drained"', agents[0].process.log())
        self.assertEqual(self.gateway(0, "/payments/1"), 200)

    def test_metrics_that_autoscalers_name_are_there(self):
        _, agents = self.up()
        names = {chart: the(render(chart, "--values", CHARTS / chart / "ci/full-values.yaml"), "HorizontalPodAutoscaler")["spec"]["metrics"][1]["pods"]["metric"]["name"]
                 for chart in ("adit-agent", "adit-connector")}
        self.assertRegex(fetch(agents[0].port, "/metrics").body.decode(), rf"(?m)^{names['adit-agent']} ")
        self.assertRegex(fetch(self.ports[0]["metrics"], "/metrics").body.decode(), rf"(?m)^{names['adit-connector']} ")

    def test_the_door_for_kubelets_and_prometheus_changes_nothing_and_tells_no_more(self):
        self.up()
        for path in ("/sessions", "/status", "/circuits"):
            self.assertEqual(fetch(self.ports[0]["metrics"], path).status, 404)
        self.assertIn(fetch(self.ports[0]["metrics"], "/reload", method="POST").status, (404, 405))

    def test_helm_test_of_the_agent_finds_nothing_to_mend(self):
        self.up()
        objects = self.agent_objects(f"127.0.0.1:{self.origin.port}")
        pod = Pod(self.directory / "diagnose", the(objects, "Pod")["spec"], [*objects, self.token])
        self.run_tool(AGENT, *pod.arguments, environment=pod.environment)

    def test_helm_test_of_the_connector_finds_the_configuration_good(self):
        objects = self.connector_objects(0)
        pod = Pod(self.directory / "check", the(objects, "Pod")["spec"], [*objects, self.keys, self.tunnels, secret("gateway", certificate(self.directory, "first"))])
        self.run_tool(CONNECTOR, *pod.arguments, environment=pod.environment)


class OverWireGuard(Charts):
    wireguard = True

    def test_a_request_crosses_by_either_replica(self):
        self.up()
        self.assertEqual([self.gateway(replica, "/payments/1") for replica in range(2)], [200, 200])


if __name__ == "__main__":
    unittest.main(verbosity=2)
