"""The Helm charts as an operator's security team would read them: what they render for several sets of values, and what they refuse."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import textwrap
import unittest

import yaml

from kubernetes import CHARTS, ROOT, api_problems, documents, helm, need_tools, of_kind, pod_templates, render, the, values_files
from kubernetes import Pod

need_tools()
CONNECTOR = os.environ.get("ADIT_CONNECTOR", str(ROOT / "build/dev/connector/adit-connector"))
AGENT = os.environ.get("ADIT_AGENT", str(ROOT / "build/dev/agent/adit-agent"))
CHART_NAMES = ("adit-agent", "adit-connector")
RENDERED = [(f"{chart}/{file.name}", chart, render(chart, "--values", file)) for chart in CHART_NAMES for file in values_files(chart)]
DRAIN = {"adit-agent": 30, "adit-connector": 30}  # seconds, unless a value says more


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def environment_of(container):
    return {one["name"]: one for one in container.get("env", [])}


def leaves(values, path=""):
    """Names of all values, as README.md and `helm --set` write them."""
    if isinstance(values, dict) and values and not (path and path.split(".")[-1] in ("annotations", "requests", "limits", "strategy")):
        for name, value in values.items():
            yield from leaves(value, f"{path}.{name}" if path else name)
    else:
        yield path


class Rendering(unittest.TestCase):
    def test_both_charts_pass_a_strict_lint_with_every_set_of_values(self):
        for chart in CHART_NAMES:
            for file in values_files(chart):
                with self.subTest(f"{chart}/{file.name}"):
                    done = helm("lint", "--strict", CHARTS / chart, "--values", file)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_object_is_one_that_kubernetes_knows(self):
        problems = api_problems([(f"{where}: {one['kind']} {one['metadata']['name']}", one) for where, _, objects in RENDERED for one in objects])
        self.assertEqual(problems, [])

    def test_the_descriptions_of_the_api_see_a_misspelt_field_and_a_missing_one(self):
        good = the(RENDERED[0][2], "Deployment")
        misspelt, missing = json.loads(json.dumps(good)), json.loads(json.dumps(good))
        misspelt["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
        del missing["spec"]["selector"]
        self.assertEqual(api_problems([("good", good)]), [])
        for name, one in (("misspelt", misspelt), ("missing", missing)):
            self.assertRegex("\n".join(api_problems([(name, one)])), f"^{name}: ")

    def test_every_object_has_the_recommended_labels_and_the_namespace_of_the_release(self):
        for where, chart, objects in RENDERED:
            for one in objects:
                if one["metadata"]["name"].endswith("-notes"):
                    continue  # an object of the values' own
                with self.subTest(f"{where} {one['kind']}"):
                    labels = one["metadata"]["labels"]
                    self.assertLessEqual({f"app.kubernetes.io/{n}" for n in ("name", "instance", "version", "component", "part-of", "managed-by")}, set(labels))
                    self.assertEqual(one["metadata"]["namespace"], "edge")

    def test_every_value_is_in_the_readme(self):
        for chart in CHART_NAMES:
            readme = (CHARTS / chart / "README.md").read_text()
            named = set(re.findall(r"`([\w.\[\]]+)`", readme))
            values = yaml.safe_load((CHARTS / chart / "values.yaml").read_text())
            missing = [path for path in leaves(values) if not any(path == name or path.startswith(name + ".") for name in named)]
            self.assertEqual(missing, [], chart)

    def test_the_values_that_the_readmes_show_are_good(self):
        shown = 0
        for readme, chart, more in ((CHARTS / "README.md", "adit-connector", []), (CHARTS / "adit-agent/README.md", "adit-agent", ["--set", "token.existingSecret.name=t"])):
            for block in re.findall(r"( *)```yaml\n(.*?)```", readme.read_text(), re.DOTALL):
                values = yaml.safe_load(textwrap.dedent(block[1]))
                if "directory" not in values.get("tunnels", {}):  # which is a configuration
                    self.assertTrue(render(chart, *more, values=values))
                    shown += 1
        self.assertEqual(shown, 2)

    def test_the_full_sets_of_values_leave_no_value_out(self):
        for chart in CHART_NAMES:
            defaults = yaml.safe_load((CHARTS / chart / "values.yaml").read_text())
            full = yaml.safe_load((CHARTS / chart / "ci/full-values.yaml").read_text())
            # These cannot stand beside what is given there, and are in the other sets.
            elsewhere = {"existingConfigMap", "tests"}
            self.assertEqual([name for name in defaults if name not in full and name not in elsewhere], [], chart)

    def test_plain_manifests_are_what_the_charts_render(self):
        done = subprocess.run([ROOT / "scripts/render-manifests", "--check"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_plain_manifests_are_complete_and_know_nothing_of_helm(self):
        for name in ("agent", "connector"):
            text = (CHARTS / f"manifests/{name}.yaml").read_text()
            objects = documents(text)
            self.assertEqual(api_problems([(one["kind"], one) for one in objects]), [])
            self.assertNotIn("helm", text.lower())
            self.assertTrue(list(pod_templates(objects)))


class Refusals(unittest.TestCase):
    """What cannot work is refused before anything is installed, in words that say what to do."""
    SECRET = ["--set", "token.existingSecret.name=t"]
    KEYS = ["--set", "tunnels.keys.existingSecret=k", "--set", "tunnels.existingConfigMap=t"]
    ROWS = [
        ("adit-agent", [], "token.existingSecret.name: name the Secret"),
        ("adit-agent", [*SECRET, "--set", "replicas=3"], "'replicas' not allowed"),
        ("adit-agent", [*SECRET, "--set", "token.value=adit1_x"], "'value' not allowed"),
        ("adit-agent", [*SECRET, "--set", "gracePeriod=soon"], "/gracePeriod"),
        ("adit-agent", [*SECRET, "--set", "terminationMarginSeconds=0"], "/terminationMarginSeconds"),
        ("adit-agent", [*SECRET, "--set", "allow={10.0.0.5}"], "/allow/0"),
        ("adit-agent", [*SECRET, "--set", "allow={payments.shop.svc:8080}"], "networkPolicy.services: a NetworkPolicy knows no names"),
        ("adit-agent", [*SECRET, "--set", "existingConfigMap=c"], "networkPolicy.services: with existingConfigMap"),
        ("adit-agent", [*SECRET, "--set", "existingConfigMap=c,allow={10.0.0.5:80}"], "give one of the two"),
        ("adit-agent", [*SECRET, "--set", "metrics.serviceMonitor.enabled=true"], "networkPolicy.metrics.from"),
        ("adit-agent", [*SECRET, "--set", "transportProtocol=wireguard,replicaCount=7"], "seats for 7 agents"),
        ("adit-agent", [*SECRET, "--set", "transportProtocol=wireguard,replicaCount=5,strategy.rollingUpdate.maxSurge=50%"], "could be 8 during an upgrade"),
        ("adit-agent", [*SECRET, "--set", "autoscaling.enabled=true,autoscaling.minReplicas=9"], "more than autoscaling.maxReplicas"),
        ("adit-agent", [*SECRET, "--set", "image.digest=sha256:12"], "/image/digest"),
        ("adit-connector", [], "tunnels.keys.existingSecret: name the Secret"),
        ("adit-connector", ["--set", "tunnels.keys.existingSecret=k"], "say where the tunnels' files are"),
        ("adit-connector", [*KEYS, "--set", "tunnels.existingSecret=s"], "give one of existingConfigMap and existingSecret"),
        ("adit-connector", ["--set", "tunnels.keys.existingSecret=k,persistence.enabled=true"], "tunnels.tls.advertise"),
        ("adit-connector", [*KEYS, "--set", "persistence.enabled=true,persistence.accessModes={ReadWriteOnce}"], "must be ReadWriteMany"),
        ("adit-connector", [*KEYS, "--set", "config.admin.address=0.0.0.0:9901"], "/config"),
        ("adit-connector", [*KEYS, "--set", "listeners[0].name=web,listeners[0].port=80"], "/listeners/0/port"),
        ("adit-connector", [*KEYS, "--set", "listeners[0].name=web,listeners[0].port=7443"], "port 7443 of web is taken"),
        ("adit-connector", [*KEYS, "--set", "listeners[0].name=metrics,listeners[0].port=8080"], "the name metrics is taken"),
        ("adit-connector", [*KEYS, "--set", "existingConfigMap=c,config.log.level=warn"], "give one of the two"),
        ("adit-connector", [*KEYS, "--set", "metrics.serviceMonitor.enabled=true"], "networkPolicy.metrics.from"),
        ("adit-connector", [*KEYS, "--set", "ingress.enabled=true,ingress.listener=web"], "there is no listener web"),
        ("adit-connector", [*KEYS, "--set", "tunnelservice.type=ClusterIP"], "'tunnelservice' not allowed"),
    ]

    def test_values_that_cannot_work_are_refused_in_words(self):
        for chart, flags, words in self.ROWS:
            with self.subTest(f"{chart} {' '.join(flags)}"):
                done = helm("template", chart, CHARTS / chart, *flags)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(words, done.stderr)


class Safety(unittest.TestCase):
    def each_pod(self, check, tests=True):
        for where, chart, objects in RENDERED:
            for name, _, spec in pod_templates(objects):
                if tests or not name.startswith("Pod "):
                    with self.subTest(f"{where}: {name}"):
                        check(chart, spec)

    def test_no_pod_can_escalate(self):
        """The profile `restricted` of the Pod Security Standards."""
        volumes = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
        def check(_, spec):
            self.assertIs(spec["securityContext"]["runAsNonRoot"], True)
            self.assertNotEqual(spec["securityContext"].get("runAsUser"), 0)
            self.assertEqual(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault")
            self.assertFalse({"hostNetwork", "hostPID", "hostIPC"} & set(spec))
            for volume in spec["volumes"]:
                self.assertLessEqual(set(volume) - {"name"}, volumes)
            for container in [*spec["containers"], *spec.get("initContainers", [])]:
                context = container["securityContext"]
                self.assertIs(context["allowPrivilegeEscalation"], False)
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
                self.assertIs(context["readOnlyRootFilesystem"], True)
                self.assertNotIn("privileged", context)
                self.assertFalse([port for port in container.get("ports", []) if "hostPort" in port])

        self.each_pod(check)

    def test_no_pod_gets_a_token_of_the_cluster_nor_any_right_there(self):
        def check(_, spec):
            self.assertIs(spec["automountServiceAccountToken"], False)
            self.assertIs(spec["enableServiceLinks"], False)

        self.each_pod(check)

        for where, _, objects in RENDERED:
            self.assertFalse({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"} & {one["kind"] for one in objects}, where)
            for account in of_kind(objects, "ServiceAccount"):
                self.assertIs(account["automountServiceAccountToken"], False)

    def test_secrets_are_named_and_never_rendered(self):
        for where, _, objects in RENDERED:
            self.assertEqual(of_kind(objects, "Secret"), [], where)

    def test_secrets_are_mounted_for_the_group_and_nobody_else(self):
        def check(_, spec):
            for volume in spec["volumes"]:
                if "secret" in volume:
                    self.assertEqual(volume["secret"]["defaultMode"] & 0o007, 0)

        self.each_pod(check)

    def test_the_kubelet_waits_longer_than_the_drain(self):
        def check(chart, spec):
            container = spec["containers"][0]
            drain = seconds(environment_of(container).get("TUNNEL_GRACE_PERIOD", {"value": f"{DRAIN[chart]}s"})["value"])
            sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            self.assertGreaterEqual(spec["terminationGracePeriodSeconds"], drain + sleep + 5)

        self.each_pod(check, tests=False)

    def test_a_tunnel_that_is_down_makes_a_pod_unready_but_restarts_none(self):
        def check(_, spec):
            container = spec["containers"][0]
            paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
            self.assertEqual(paths, {"startup": "/live", "readiness": "/ready", "liveness": "/live"})
            self.assertEqual({container[f"{name}Probe"]["httpGet"]["port"] for name in paths}, {"metrics"})

        self.each_pod(check, tests=False)

    def test_every_container_of_ours_asks_for_what_it_needs_and_is_bounded_in_memory(self):
        def check(_, spec):
            resources = spec["containers"][0]["resources"]
            self.assertLessEqual({"cpu", "memory"}, set(resources["requests"]))
            self.assertIn("memory", resources["limits"])

        self.each_pod(check)


class Fitting(unittest.TestCase):
    """Objects that refer to each other do."""

    def workload(self, objects):
        return (of_kind(objects, "Deployment") + of_kind(objects, "StatefulSet"))[0]

    def test_selectors_choose_the_pods_and_only_them(self):
        for where, _, objects in RENDERED:
            workload = self.workload(objects)
            labels = workload["spec"]["template"]["metadata"]["labels"]
            tests = [pod["metadata"]["labels"] for pod in of_kind(objects, "Pod")]
            selectors = [("workload", workload["spec"]["selector"]["matchLabels"])]
            selectors += [("PodDisruptionBudget", one["spec"]["selector"]["matchLabels"]) for one in of_kind(objects, "PodDisruptionBudget")]
            selectors += [("spread", one["labelSelector"]["matchLabels"]) for one in workload["spec"]["template"]["spec"].get("topologySpreadConstraints", [])]
            selectors += [(one["metadata"]["name"], {k: v for k, v in one["spec"]["selector"].items() if k != "statefulset.kubernetes.io/pod-name"}) for one in of_kind(objects, "Service")]
            for what, selector in selectors:
                with self.subTest(f"{where} {what}"):
                    self.assertLessEqual(selector.items(), labels.items())
                    self.assertFalse([one for one in tests if selector.items() <= one.items()])
            for policy in of_kind(objects, "NetworkPolicy"):
                for one in [labels, *tests]:
                    self.assertLessEqual(policy["spec"]["podSelector"]["matchLabels"].items(), one.items())

    def test_services_name_ports_that_the_pods_have(self):
        for where, _, objects in RENDERED:
            ports = {(port["name"], port["protocol"]) for port in self.workload(objects)["spec"]["template"]["spec"]["containers"][0]["ports"]}
            for service in of_kind(objects, "Service"):
                for port in service["spec"]["ports"]:
                    self.assertIn((port["targetPort"], port["protocol"]), ports, f"{where} {service['metadata']['name']}")

    def test_a_service_monitor_finds_exactly_the_service_with_metrics(self):
        found = 0
        for where, _, objects in RENDERED:
            for monitor in of_kind(objects, "ServiceMonitor"):
                selector, port = monitor["spec"]["selector"]["matchLabels"], monitor["spec"]["endpoints"][0]["port"]
                services = [one["metadata"]["name"] for one in of_kind(objects, "Service") if selector.items() <= one["metadata"]["labels"].items()
                            and port in [p["name"] for p in one["spec"]["ports"]]]
                self.assertEqual(len(services), 1, where)
                found += 1
        self.assertGreaterEqual(found, 4)

    def test_an_autoscaler_owns_the_number_of_replicas(self):
        found = 0
        for where, _, objects in RENDERED:
            workload = self.workload(objects)
            for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
                self.assertEqual((scaler["spec"]["scaleTargetRef"]["kind"], scaler["spec"]["scaleTargetRef"]["name"]), (workload["kind"], workload["metadata"]["name"]))
                self.assertNotIn("replicas", workload["spec"])
                found += 1
            if not of_kind(objects, "HorizontalPodAutoscaler"):
                self.assertIn("replicas", workload["spec"])
        self.assertEqual(found, 2)

    def test_an_upgrade_takes_no_agent_away_before_another_is_ready(self):
        deployment = the(render("adit-agent", "--values", CHARTS / "adit-agent/ci/minimal-values.yaml"), "Deployment")
        self.assertEqual(deployment["spec"]["replicas"], 2)
        self.assertEqual(deployment["spec"]["strategy"]["rollingUpdate"], {"maxUnavailable": 0, "maxSurge": 1})

    def test_a_strategy_without_rolling_updates_says_nothing_of_them(self):
        deployment = the(render("adit-agent", "--values", CHARTS / "adit-agent/ci/no-network-policy-values.yaml"), "Deployment")
        self.assertEqual(deployment["spec"]["strategy"], {"type": "Recreate"})

    def test_replicas_are_spread_over_zones_and_hosts(self):
        for chart in CHART_NAMES:
            spec = self.workload(render(chart, "--values", CHARTS / chart / "ci/minimal-values.yaml"))["spec"]["template"]["spec"]
            self.assertEqual([one["topologyKey"] for one in spec["topologySpreadConstraints"]], ["topology.kubernetes.io/zone", "kubernetes.io/hostname"])


class Network(unittest.TestCase):
    def policy(self, chart, name):
        return the(render(chart, "--values", CHARTS / chart / f"ci/{name}-values.yaml"), "NetworkPolicy")["spec"]

    def test_nobody_connects_to_an_agent(self):
        for name in ("minimal", "wireguard", "existing"):
            policy = self.policy("adit-agent", name)
            self.assertEqual((policy["policyTypes"], policy["ingress"]), (["Ingress", "Egress"], []))

    def test_prometheus_alone_may_scrape_an_agent_when_asked_for(self):
        policy = self.policy("adit-agent", "full")
        self.assertEqual(len(policy["ingress"]), 1)
        self.assertEqual(policy["ingress"][0]["ports"], [{"protocol": "TCP", "port": 9090}])
        self.assertEqual(policy["ingress"][0]["from"], [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}])

    def test_an_agent_reaches_names_the_connector_and_what_is_allowed(self):
        dns, connector, service = self.policy("adit-agent", "minimal")["egress"]
        self.assertEqual({(p["protocol"], p["port"]) for p in dns["ports"]}, {("UDP", 53), ("TCP", 53)})
        self.assertEqual({(p["protocol"], p["port"]) for p in connector["ports"]}, {("TCP", 7443), ("UDP", 51820)})
        self.assertEqual(service, {"to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}], "ports": [{"protocol": "TCP", "port": 8080}]})

    def test_patterns_of_addresses_become_rules_and_names_are_described(self):
        rules = self.policy("adit-agent", "full")["egress"][2:]
        self.assertEqual(rules, [
            {"to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}], "ports": [{"protocol": "TCP", "port": 8080}]},
            {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": [{"protocol": "TCP", "port": 8000, "endPort": 8999}]},
            {"to": [{"ipBlock": {"cidr": "fd00:1::/64"}}]},
            {"to": [{"ipBlock": {"cidr": "fd00::7/128"}}], "ports": [{"protocol": "TCP", "port": 443}]},
            {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}, "podSelector": {"matchLabels": {"app": "payments"}}}], "ports": [{"protocol": "TCP", "port": 8080}]},
        ])

    def test_over_wireguard_alone_an_agent_has_no_way_by_tcp_to_the_connector(self):
        connector = self.policy("adit-agent", "wireguard")["egress"][1]
        self.assertEqual(connector["ports"], [{"protocol": "UDP", "port": 51820}])

    def test_nobody_but_clients_agents_and_prometheus_connects_to_a_connector(self):
        ports = [sorted(port["port"] for port in rule["ports"]) for rule in self.policy("adit-connector", "minimal")["ingress"]]
        self.assertEqual(ports, [[8080], [7443]])
        clients, agents, metrics = self.policy("adit-connector", "full")["ingress"]
        self.assertTrue(clients["from"] and agents["from"] and metrics["from"])

    def test_the_operators_address_of_a_connector_is_its_own_machines(self):
        for where, chart, objects in RENDERED:
            for one in of_kind(objects, "ConfigMap"):
                if "connector.yaml" in one["data"]:
                    self.assertEqual(documents(one["data"]["connector.yaml"])[0]["admin"]["address"], "127.0.0.1:9901", where)


class Tunnels(unittest.TestCase):
    def services(self, name, *flags):
        objects = render("adit-connector", "--values", CHARTS / f"adit-connector/ci/{name}-values.yaml", *flags)
        return {one["metadata"]["name"].removeprefix("edge-connector").removeprefix("adit-connector"): one["spec"] for one in of_kind(objects, "Service")}

    def test_each_replica_has_an_address_of_its_own_for_agents(self):
        services = self.services("minimal")
        for replica in (0, 1):
            self.assertEqual(services[f"-tunnel-{replica}"]["type"], "LoadBalancer")
            self.assertRegex(services[f"-tunnel-{replica}"]["selector"]["statefulset.kubernetes.io/pod-name"], f"-{replica}$")
        self.assertNotIn("-tunnel-2", services)
        self.assertIn("-tunnel-4", self.services("full"))  # as many as the autoscaler may make

    def test_agents_find_a_replica_before_it_is_ready_since_they_make_it_so(self):
        for where, chart, objects in RENDERED:
            for service in of_kind(objects, "Service"):
                if "-tunnel" in service["metadata"]["name"]:
                    self.assertIs(service["spec"]["publishNotReadyAddresses"], True, f"{where} {service['metadata']['name']}")

    def test_clients_find_only_replicas_that_are_ready(self):
        self.assertNotIn("publishNotReadyAddresses", self.services("minimal")[""])

    def test_tls_and_wireguard_share_a_load_balancer_or_have_one_each(self):
        both = ["--set", "tunnels.wireguard.enabled=true"]
        shared = self.services("minimal", *both)["-tunnel-0"]
        self.assertEqual([(p["protocol"], p["port"]) for p in shared["ports"]], [("TCP", 7443), ("UDP", 51820)])
        apart = self.services("minimal", *both, "--set", "tunnelService.mixedProtocol=false")
        self.assertEqual([p["protocol"] for p in apart["-tunnel-0"]["ports"]], ["TCP"])
        self.assertEqual([p["protocol"] for p in apart["-tunnel-0-wireguard"]["ports"]], ["UDP"])


class Configuration(unittest.TestCase):
    """The programs themselves read what the charts write."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="adit-charts-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_program(self, *arguments, environment=None):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TUNNEL_", "ADIT_"))}
        return subprocess.run([*map(str, arguments)], capture_output=True, text=True, env={**clean, **(environment or {})}, timeout=60)

    def secrets(self):
        """What the full set of values expects in Secrets, by where it is mounted."""
        certificate, key = pathlib.Path(self.folder, "crt"), pathlib.Path(self.folder, "key")
        if not key.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=gateway",
                            "-keyout", key, "-out", certificate], check=True, capture_output=True)
        pair = {"tls.crt": certificate.read_text(), "tls.key": key.read_text()}
        return {"adit/state/url": "rediss://:secret@redis.internal/0", "adit/state-ca/ca.crt": pair["tls.crt"], "adit/client-ca/https/ca.pem": pair["tls.crt"],
                **{f"adit/tls/https/{name}": text for name, text in pair.items()}, **{f"payments-client/{name}": text for name, text in pair.items()}}

    def pod(self, where, objects, kind):
        spec = the(objects, kind)["spec"]["template"]["spec"]
        # Secrets and volumes are somebody else's; the configuration and the tunnels are what is read here.
        spec = {**spec, "volumes": [v for v in spec["volumes"] if v.get("configMap", {}).get("name") in {o["metadata"]["name"] for o in objects}]}
        names = {volume["name"] for volume in spec["volumes"]}
        spec["containers"] = [{**spec["containers"][0], "volumeMounts": [m for m in spec["containers"][0]["volumeMounts"] if m["name"] in names]}]
        return Pod(f"{self.folder}/{where.replace('/', '-')}", spec, objects)

    def test_the_connector_finds_its_configuration_good(self):
        for where, chart, objects in RENDERED:
            if chart != "adit-connector" or "existing" in where:
                continue
            with self.subTest(where):
                pod = self.pod(where, objects, "StatefulSet")
                for name, content in self.secrets().items():
                    (pod.root / "run/secrets" / name).parent.mkdir(parents=True, exist_ok=True)
                    (pod.root / "run/secrets" / name).write_text(content)
                done = self.run_program(CONNECTOR, "check", "--config", pod.root / "etc/adit/connector.yaml", environment=pod.environment)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertNotIn("admin.address", done.stdout + done.stderr)

    def test_the_agent_reads_its_settings_and_misses_nothing_but_a_token(self):
        for where, chart, objects in RENDERED:
            if chart != "adit-agent" or "existing" in where:
                continue
            with self.subTest(where):
                pod = self.pod(where, objects, "Deployment")
                environment = {**pod.environment, "TUNNEL_TOKEN": "none"}
                environment.pop("TUNNEL_TOKEN_FILE", None)
                done = self.run_program(AGENT, *pod.arguments, environment=environment)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertRegex(done.stderr, "(?i)token")
                self.assertNotRegex(done.stderr, "configuration cannot be used|expected|is not known")

    def test_the_agent_knows_every_variable_that_the_chart_sets(self):
        manual = self.run_program(AGENT, "man").stdout.replace("\\", "")
        for where, chart, objects in RENDERED:
            if chart == "adit-agent":
                for name in environment_of(the(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]):
                    if name.startswith(("TUNNEL_", "HTTPS_", "NO_")):
                        self.assertIn(name, manual, where)

    def checksum(self, *flags):
        objects = render("adit-connector", "--values", CHARTS / "adit-connector/ci/minimal-values.yaml", *flags)
        return the(objects, "StatefulSet")["spec"]["template"]["metadata"]["annotations"]["checksum/needs-a-new-process"]

    def test_a_change_restarts_connectors_only_where_a_running_one_could_not_take_it_up(self):
        before = self.checksum()
        for taken_up in ("config.log.level=debug", "config.routes[0].max_body=1000", "listeners[0].name=http,listeners[0].port=8080,listeners[0].settings.http2=false"):
            self.assertEqual(self.checksum("--set", taken_up), before, taken_up)
        for fixed in ("workers=3", "metrics.port=9903", "tunnels.tls.port=7444", "tunnels.wireguard.enabled=true"):
            self.assertNotEqual(self.checksum("--set", fixed), before, fixed)


if __name__ == "__main__":
    unittest.main(verbosity=2)
