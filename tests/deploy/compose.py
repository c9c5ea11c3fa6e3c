"""compose.yaml, checked against the schema of compose files and run by the commands of its README."""
import re
import shutil
import subprocess

import pair
import yaml
from deploy import DOCKER, need

from harness import Case, fetch, main, wait_for

need("podman-compose", "docker-compose")
archive = pair.prepare()
podman = pair.build(archive)
PORT = 8080  # in a network of our own, so that the commands are those of the README
IMAGES = {"ADIT_AGENT_IMAGE": pair.AGENT_IMAGE, "ADIT_CONNECTOR_IMAGE": pair.CONNECTOR_IMAGE, "ADIT_BACKEND_IMAGE": pair.BACKEND_IMAGE}


def commands():
    """The blocks of the README's part about compose: to the first answer, and to a new key."""
    text = (DOCKER / "README.md").read_text().split("## Both, with two agents")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.S)


class Compose(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.directory / "compose"
        shutil.copytree(DOCKER, self.folder)
        # Words of docker compose, done by podman-compose, which does not know the name in the file, and tells what it does on
        # the output of what it runs.
        shim = self.write("docker", """#!/bin/bash
            set -o pipefail
            shift
            podman-compose --project-name adit "$@" | { grep -v -e "^\\['podman'" -e '^podman ' -e '^using podman' -e '^exit code' || true; }
            """.replace("            ", ""))
        shim.chmod(0o755)

    def shell(self, text, seconds=120):
        """As a user types it; the output."""
        return podman("-e", "-c", text, program="bash", cwd=self.folder, seconds=seconds,
                      environment={**IMAGES, "PATH": f"{self.directory}:/usr/sbin:/usr/bin:/sbin:/bin"})

    def remove(self):
        for name in podman("ps", "--all", "--format", "{{.Names}}").split():
            if any(case is self for case, _ in self._outcome.result.failures + self._outcome.result.errors):
                done = podman("logs", name, status=None)
                print(f"--- log of {name}\n{(done.stdout + done.stderr)[-4000:]}")
            podman("rm", "--force", "--time", "0", name)
        podman("volume", "rm", "--all", "--force")
        podman("network", "prune", "--force")

    def test_the_file_is_a_compose_file_and_hardens_every_service(self):
        # The schema of this docker-compose is older than `name`.
        text = re.sub(r"^name:.*\n", "", (self.folder / "compose.yaml").read_text(), flags=re.M)
        self.write("compose/older.yaml", text)
        done = subprocess.run(["docker-compose", "-f", "older.yaml", "config"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = yaml.safe_load(done.stdout)
        self.assertEqual(set(told["services"]), {"connector", "agent-1", "agent-2", "backend"})
        for name, service in told["services"].items():
            self.assertEqual((service["read_only"], service["cap_drop"], service["security_opt"]), (True, ["ALL"], ["no-new-privileges:true"]), name)
            self.assertIn("healthcheck", service, name)
            self.assertEqual("ports" in service, name == "connector", name)
            self.assertNotIn("TUNNEL_TOKEN", service.get("environment", {}), name)
        self.assertEqual(list(told["services"]["backend"]["networks"]), ["private"])
        self.assertTrue(told["networks"]["private"]["internal"])

    def test_from_nothing_to_an_answer_and_to_a_new_key_without_a_lost_request(self):
        self.addCleanup(self.remove)
        first, rotate = commands()
        self.assertIn("hello from the private backend", self.shell(first))
        wait_for(lambda: len(self.agents()) == 2, "both agents", 45)
        told = podman("logs", "adit_agent-1_1", status=None)
        self.assertIn("session ready", told.stdout + told.stderr)
        self.assertNotIn("chmod 600", told.stdout + told.stderr, "of a file that is not the agent's")
        with pair.Clients("127.0.0.1", PORT, count=2) as answers:
            self.shell(rotate)
        print(f"{len(answers)} requests while both agents took up a new key")
        self.assertEqual(set(answers), {200})
        wait_for(lambda: len(self.agents()) == 2, "both agents")
        described = yaml.safe_load(self.connector("tunnel", "describe", "shop", "--output", "json"))
        self.assertEqual(len(described["keys"]), 2)
        old = next(key["id"] for key in described["keys"] if "expires" in key["state"])
        self.connector("tunnel", "revoke-key", "shop", old)
        self.assertEqual(fetch(PORT, "/").status, 200)
        self.assertEqual(len(self.agents()), 2)

    def connector(self, *arguments):
        return podman("exec", "adit_connector_1", "/usr/bin/adit-connector", *arguments)

    def agents(self):
        told = yaml.safe_load(self.connector("status", "--output", "json"))
        return {session["agent"] for tunnel in told["tunnels"] for session in tunnel["sessions"] if session["state"] == "ready"}


main()
