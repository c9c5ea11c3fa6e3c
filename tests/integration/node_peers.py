"""Peers that run in Node: the scripts of tests/integration/node, with the npm modules that scripts/install-dependencies has brought."""
import json
import os
import pathlib
import subprocess

from h2_peers import Client
from harness import Process, can_connect, fetch, free_port, wait_for

SCRIPTS = pathlib.Path(__file__).resolve().parent / "node"
MODULES = os.environ.get("ADIT_NODE_MODULES", SCRIPTS.parents[2] / "build/npm/node_modules")
ENVIRONMENT = {"NODE_PATH": str(MODULES), "NODE_NO_WARNINGS": "1"}


def start_server(case, script, *arguments):
    """A script that listens on the port that is its first argument."""
    port = free_port()
    Process(case, script, ["node", SCRIPTS / f"{script}.js", port, *arguments], ENVIRONMENT)
    wait_for(lambda: can_connect(port), f"{script}.js")
    return port


def run_client(case, script, told=None, seconds=60, environment=None):
    """Gives a script its task as JSON and answers what it prints as JSON."""
    done = subprocess.run(["node", SCRIPTS / f"{script}.js", json.dumps(told or {})], cwd=case.directory, capture_output=True, text=True,
                          env={**os.environ, **ENVIRONMENT, **(environment or {})}, timeout=seconds)
    case.assertEqual(done.returncode, 0, done.stdout + done.stderr)
    return json.loads(done.stdout)


class Origin:
    """origin.js in one of its modes: http1, h2c, https, h2 (over TLS)."""

    def __init__(self, case, mode, *certificate, ca=None):
        self.ca, self.asked = ca, 1  # the wait for its port was a connection, too, where no TLS is
        self.mode, self.port = mode, start_server(case, "origin", mode, *certificate)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"

    def ask(self, path):
        """The answer to a request of our own, over a connection of its own."""
        if self.mode == "http1":
            return fetch(self.port, path).body
        with Client(self.port, self.ca) as client:
            return client.get(path).body

    def seen(self):
        """What it has seen so far; the connections do not count ours."""
        self.asked += 1
        told = json.loads(self.ask("/seen"))
        return {**told, "connections": told["connections"] - self.asked}
