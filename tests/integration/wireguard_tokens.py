"""WireGuard identities: made with tokens, given addresses, freed, shown without secrets, and taken by real WireGuard."""
import base64
import json
import os
import re
import stat
import subprocess
import unittest

from harness import AGENT, CONNECTOR, Case, main

CONFIGURATION = """tunnels:
  directory: tunnels.d
  tls: {{ address: "127.0.0.1:7443", key: connector.key }}
  wireguard: {{ address: "0.0.0.0:51820", network: "{network}", advertise: [ "gateway.example.com:51820" ] }}
"""
ALONE = """tunnels:
  directory: tunnels.d
  wireguard: { address: "127.0.0.1:51820", network: "fd00:ad17::/64" }
"""
# In namespaces of its own: a device that takes the file, and what it then says of its peer.
TAKE = """set -e
mount -t tmpfs none /run && mkdir /run/wireguard
wireguard-go wgtest > daemon.log 2>&1
wg setconf wgtest stripped.conf
wg show wgtest dump
"""


def namespaces_work():
    done = subprocess.run(["unshare", "-rnm", "sh", "-c", "mount -t tmpfs none /run && test -c /dev/net/tun"],
                          capture_output=True)
    return done.returncode == 0


class WireGuardTokens(Case):
    def setUp(self):
        super().setUp()
        self.config = self.write("adit.yaml", CONFIGURATION.format(network="10.77.0.0/16"))

    def tool(self, *arguments, **keywords):
        return self.run_tool(CONNECTOR, *arguments, "--config", self.config, **keywords)

    def tunnel(self, *arguments, **keywords):
        return json.loads(self.tool("tunnel", *arguments, "--output", "json", **keywords).stdout)

    def rows(self):
        return {key["id"]: key["wireguard"]["address"] for tunnel in self.tunnel("list")["tunnels"] for key in tunnel["keys"]
                if "wireguard" in key}

    def inspect(self, token):
        return json.loads(self.run_tool(AGENT, "token", "inspect", "--output", "json", stdin=token).stdout)

    def conf(self, token, *arguments, **keywords):
        return self.run_tool(AGENT, "token", "wireguard-conf", *arguments, stdin=token, **keywords)

    def test_addresses_are_given_and_freed(self):
        first = self.tunnel("create", "t1")
        second = self.tunnel("create", "t2")
        third = self.tunnel("rotate-token", "t1")
        self.assertEqual(self.rows(), {first["key"]: "10.77.0.8", second["key"]: "10.77.0.16", third["key"]: "10.77.0.24"})
        self.assertIn("10.77.0.24-10.77.0.31", self.tool("tunnel", "describe", "t1").stdout)
        self.assertIn("10.77.0.16-10.77.0.23", self.tool("tunnel", "list").stdout)
        self.tunnel("revoke-key", "t1", first["key"])
        fourth = self.tunnel("rotate-token", "t2")
        self.assertEqual(self.rows()[fourth["key"]], "10.77.0.8")
        self.tool("tunnel", "delete", "t2")
        self.assertEqual(set(self.rows().values()), {"10.77.0.24"})
        fifth = self.tunnel("create", "t3")
        self.assertEqual(self.rows()[fifth["key"]], "10.77.0.8")

    def test_a_full_network_is_refused_and_nothing_is_left_behind(self):
        self.config = self.write("adit.yaml", CONFIGURATION.format(network="10.77.0.0/27"))
        self.tunnel("create", "t1")
        self.tunnel("create", "t2")
        self.assertIn("10.77.0.0/27 is full", self.tool("tunnel", "create", "t3", status=2).stderr)
        self.assertEqual(len(self.tunnel("list")["tunnels"]), 2)

    def test_the_connector_keeps_its_secrets_in_files_of_its_own(self):
        token = self.tunnel("create", "t1")["token"]
        for name in ("wireguard.key", "wireguard.preshared", "tunnels.d/t1.json"):
            self.assertEqual(stat.S_IMODE(os.stat(self.directory / name).st_mode), 0o600)
        kept = (self.directory / "tunnels.d/t1.json").read_text()
        conf = self.conf(token).stdout
        for name in ("PrivateKey", "PresharedKey"):
            self.assertNotIn(re.search(f"{name} = (.*)", conf)[1], kept)
        public = subprocess.run(["wg", "pubkey"], input=(self.directory / "wireguard.key").read_text(), capture_output=True, text=True).stdout.strip()
        self.assertIn(f"PublicKey = {public}\n", conf)
        self.assertEqual(self.inspect(token)["wireguard"]["connector_public_key"], public)

    def test_inspect_shows_the_way_in_without_its_secrets(self):
        token = self.tunnel("create", "t1")["token"]
        told = self.inspect(token)["wireguard"]
        told.pop("connector_public_key")
        self.assertEqual(told, {"endpoints": ["gateway.example.com:51820"], "connector": "10.77.0.1:7480", "first_address": "10.77.0.8",
                                "prefix": 16, "seats": 7, "mtu": 1420})
        text = self.run_tool(AGENT, "token", "inspect", stdin=token).stdout
        self.assertIn("gateway.example.com:51820", text)
        for seat in range(1, 8):
            conf = self.conf(token, "--seat", str(seat)).stdout
            for name in ("PrivateKey", "PresharedKey"):
                self.assertNotIn(re.search(f"{name} = (.*)", conf)[1], text)

    def test_each_seat_has_the_key_and_address_that_the_connector_knows(self):
        made = self.tunnel("create", "t1")
        row = self.tunnel("describe", "t1")["keys"][0]["wireguard"]
        self.assertEqual(len(row["public_keys"]), 8)
        for seat in range(1, 8):
            conf = self.conf(made["token"], "--seat", str(seat)).stdout
            private = re.search("PrivateKey = (.*)", conf)[1]
            public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True).stdout.strip()
            self.assertEqual(public, row["public_keys"][seat])
            self.assertIn(f"Address = 10.77.0.{8 + seat}/32\n", conf)
        for seat in ("0", "8"):
            self.assertIn("1 to 7", self.conf(made["token"], "--seat", seat, status=2).stderr)

    def strip(self, token):
        """The file as wg-quick hands it to wg."""
        path = self.write("seat.conf", self.conf(token).stdout)
        path.chmod(0o600)
        return self.run_tool("wg-quick", "strip", path).stdout

    def test_wg_quick_takes_the_file(self):
        stripped = self.strip(self.tunnel("create", "t1")["token"])
        self.assertIn("[Peer]", stripped)
        self.assertNotIn("Address", stripped)

    @unittest.skipUnless(namespaces_work(), "needs namespaces and /dev/net/tun")
    def test_a_real_wireguard_takes_the_file(self):
        made = self.tunnel("create", "t1", "--connect-wireguard", "192.0.2.7:5555")
        self.write("stripped.conf", self.strip(made["token"]))
        done = self.run_tool("unshare", "-rnm", "--pid", "--fork", "--kill-child", "sh", "-c", TAKE)
        interface, peer = [line.split("\t") for line in done.stdout.splitlines()]
        self.assertEqual(interface[1], self.tunnel("describe", "t1")["keys"][0]["wireguard"]["public_keys"][1])
        self.assertEqual(peer[0], self.inspect(made["token"])["wireguard"]["connector_public_key"])
        self.assertEqual(len(base64.b64decode(peer[1])), 32)
        self.assertEqual((peer[2], peer[3], peer[7]), ("192.0.2.7:5555", "10.77.0.1/32", "25"))

    def test_addresses_to_dial_can_be_given(self):
        made = self.tunnel("create", "t1", "--connect", "a:1", "--connect-wireguard", "b:2", "--connect-wireguard", "[::1]:3")
        told = self.inspect(made["token"])
        self.assertEqual((told["connectors"], told["wireguard"]["endpoints"]), (["a:1"], ["b:2", "[::1]:3"]))
        self.assertIn("port", self.tool("tunnel", "create", "t2", "--connect-wireguard", "b", status=2).stderr)
        self.assertEqual(len(self.tunnel("list")["tunnels"]), 1)

    def test_without_tls_the_token_names_wireguard_alone(self):
        self.config = self.write("adit.yaml", ALONE)
        made = self.tunnel("create", "t1")
        told = self.inspect(made["token"])
        self.assertEqual((told["connectors"], told["pins"]), ([], []))
        self.assertEqual((told["wireguard"]["connector"], told["wireguard"]["first_address"]), ("[fd00:ad17::1]:7480", "fd00:ad17::8"))
        self.assertIn("Address = fd00:ad17::9/128\n", self.conf(made["token"]).stdout)
        self.assertFalse((self.directory / "connector.key").exists())
        self.assertIn("no tunnels.tls", self.tool("tunnel", "create", "t2", "--connect", "a:1", status=2).stderr)

    def test_without_wireguard_nothing_is_different(self):
        text = "\n".join(line for line in CONFIGURATION.format(network="").splitlines() if "wireguard" not in line)
        self.config = self.write("adit.yaml", text + "\n")
        made = self.tunnel("create", "t1")
        self.assertNotIn("wireguard", self.inspect(made["token"]))
        self.assertNotIn("wireguard", (self.directory / "tunnels.d/t1.json").read_text())
        self.assertNotIn("WIREGUARD", self.tool("tunnel", "list").stdout + self.tool("tunnel", "describe", "t1").stdout)
        self.assertEqual(sorted(p.name for p in self.directory.iterdir() if p.name.startswith("wireguard")), [])
        self.assertIn("no WireGuard part", self.conf(made["token"], status=2).stderr)
        self.assertIn("no tunnels.wireguard", self.tool("tunnel", "create", "t2", "--connect-wireguard", "a:1", status=2).stderr)

    def test_an_interface_of_somebody_else_has_a_key_already(self):
        self.config = self.write("adit.yaml", ALONE.replace("}", ", device: existing, interface: wg7 }"))
        self.assertIn("wg show wg7 private-key", self.tool("tunnel", "create", "t1", status=2).stderr)
        self.write("wireguard.key", "no key\n")
        self.assertIn("wg genkey", self.tool("tunnel", "create", "t1", status=2).stderr)
        self.write("wireguard.key", subprocess.run(["wg", "genkey"], capture_output=True, text=True).stdout)
        self.assertEqual(self.tunnel("create", "t1")["name"], "t1")

    def test_a_file_of_a_tunnel_that_was_damaged_is_named_with_the_place(self):
        self.tunnel("create", "t1")
        path = self.directory / "tunnels.d/t1.json"
        path.write_text(path.read_text().replace("10.77.0.8", "10.77.0.800"))
        self.assertIn("t1.json: keys[0].wireguard: member 'address'", self.tool("tunnel", "list", status=2).stderr)

    def test_the_defaults_are_shown(self):
        shown = self.tool("config", "show", "--effective").stdout
        for line in ("network: 10.77.0.0/16", "device: auto  # default", "interface: adit0  # default", "mtu: 1420  # default", "keepalive: 25s  # default"):
            self.assertIn(line, shown)
        schema = json.loads(self.run_tool(CONNECTOR, "schema").stdout)
        wireguard = schema["properties"]["tunnels"]["properties"]["wireguard"]
        self.assertEqual(wireguard["required"], ["address", "network"])


main()
