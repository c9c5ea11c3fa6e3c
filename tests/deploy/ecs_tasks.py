"""What the task definitions give to the containers, given to the real programs: the environment, the configuration that cannot be
written to, the health checks of ECS and of the load balancer; and a request crosses."""
import json
import os
import shutil
import subprocess
import unittest

import cloudformation
from deploy import AGENT, CONNECTOR, skip
from ecs import AGENT as AGENT_STACK, CONNECTOR as CONNECTOR_STACK, ECS, containers
from harness import Case, Process, can_connect, fetch, free_port, wait_for
from servers import Origin


def environment(stack, name):
    (container,) = (one for one in containers(stack) if one["Name"] == name)
    return {one["Name"]: one["Value"] for one in container["Environment"]}, container


class Tasks(Case):
    def test_the_pair_runs_as_its_task_definitions_say(self):
        origin = Origin()
        agent_stack = cloudformation.resolve(cloudformation.load(ECS / "agent.yaml"), {**AGENT_STACK, "AllowedTargets": f"127.0.0.1:{origin.port}"})
        connector_stack = cloudformation.resolve(cloudformation.load(ECS / "connector.yaml"), CONNECTOR_STACK)
        agent_environment, agent_task = environment(agent_stack, "agent")
        connector_environment, connector_task = environment(connector_stack, "connector")

        # The container's ports, each by another one that is free here.
        text, ports = (ECS / "adit.yaml").read_text(), {}
        for mapped in connector_task["PortMappings"]:
            port = mapped["ContainerPort"]
            self.assertIn(f":{port}", text)
            ports[port] = free_port()
            text = text.replace(f"0.0.0.0:{port}", f"127.0.0.1:{ports[port]}")
        text = text.replace("127.0.0.1:9901", f"127.0.0.1:{free_port()}")
        for advertised in ("gateway.example.com:7443", "gateway.example.com:7444"):
            text = text.replace(advertised, f"127.0.0.1:{ports[7443]}", 1) if advertised.endswith("3") else text.replace(f"      - {advertised}\n", "")

        # On the operator's machine, as the README has it.
        (self.directory / "connector").mkdir()
        config = self.write("connector/adit.yaml", text)
        self.run_tool(CONNECTOR, "check", "--config", config)
        token = self.run_tool(CONNECTOR, "tunnel", "create", "vpc-1", "--config", config).stdout  # with its line end, as the secret has it
        services = self.write("services.json", json.dumps({"version": 1, "services": [
            {"name": "payments-api", "endpoint": f"http://127.0.0.1:{origin.port}"}]}))
        self.run_tool(CONNECTOR, "tunnel", "services", "update", "vpc-1", "--configuration-file", services, "--config", config)

        # In the task: a mount that cannot be written to.
        place = self.directory / "etc-adit"
        place.mkdir()
        mount = f'mount --bind {config.parent} {place} && mount -o remount,ro,bind {place} && ! touch {place}/x 2> /dev/null && exec "$@"'
        self.assertEqual(connector_environment, {"ADIT_CONFIG": "/etc/adit/adit.yaml"})
        told = {"ADIT_CONFIG": str(place / "adit.yaml")}
        connector = Process(self, "connector", [CONNECTOR, *connector_task["Command"]], told, ["unshare", "--mount", "sh", "-c", mount, "sh"])
        wait_for(lambda: can_connect(ports[9902]) or not connector.alive(), "the connector's health")
        self.assertEqual(fetch(ports[9902], "/live").status, 200)
        self.assertEqual(fetch(ports[9902], "/ready").status, 503)  # so a tunnel's port is looked at by /live

        agent_environment["TUNNEL_METRICS"] = f"127.0.0.1:{free_port()}"
        (secret,) = (one["Name"] for one in agent_task["Secrets"])
        Process(self, "agent", [AGENT, *agent_task["Command"]], {**agent_environment, secret: token})
        wait_for(lambda: fetch(ports[9902], "/ready").status == 200, "a session")
        self.assertEqual(fetch(ports[8080], "/v1/payments/1").status, 200)

        inside = self.write("inside.yaml", text.replace("tunnels.d", str(config.parent / "tunnels.d")).replace("connector.key", str(config.parent / "connector.key")))
        for task, program, given in ((agent_task, AGENT, agent_environment), (connector_task, CONNECTOR, {"ADIT_CONFIG": str(inside)})):
            kind, name, *arguments = task["HealthCheck"]["Command"]
            self.assertEqual((kind, name), ("CMD", os.path.basename(program)))
            self.run_tool(program, *arguments, environment=given)


if __name__ == "__main__":
    allowed = shutil.which("unshare") and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0
    if not allowed:
        skip("this machine allows no mount namespace")
    unittest.main(verbosity=2)
