"""A copy of a connector's folder, or of a backup of it, in the hands of a thief: what is in it, and who he can be with it."""
import base64
import hashlib
import json
import shutil

from cryptography.hazmat.primitives import serialization

from harness import CONNECTOR, TRANSPORT, Case, Process, Site, can_connect, main, wait_for
from servers import Origin
from tunnel_peers import SEED, entries

TOLD = 40  # seconds for a reason to be in the log: over WireGuard it takes a dial's whole patience
KEYS_OF_TUNNELS = ("connector.key", "wireguard.key", "wireguard.preshared")


def seed_of(pem):
    return serialization.load_pem_private_key(pem, None).private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())


def token_with(token, seed):
    """The token of an agent that has another key (common/token/token.h)."""
    content = base64.urlsafe_b64decode(token.strip().removeprefix("adit1_") + "==")[:1]
    for kind, value in entries(token):
        value = seed if kind == SEED else value
        content += bytes([kind]) + len(value).to_bytes(2, "big") + value
    sealed = content + hashlib.sha256(content).digest()[:4]
    return "adit1_" + base64.urlsafe_b64encode(sealed).decode().rstrip("=")


class StolenDisk(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        made = json.loads(self.run_tool(CONNECTOR, "consumer", "new-key", "shop", "--output", "json").stdout)
        self.api_key = made["key"]
        self.backends_key = "what-the-backend-wants-to-see"
        self.write("backend.secret", self.backends_key)
        extra = f"""consumers: [ {{ name: shop, environment: production, api_keys: [ "{made['sha256']}" ] }} ]
issuers: {{ main: {{ url: "https://issuer.example", directory: issuer-keys, algorithms: [ EdDSA ] }} }}
"""
        backends = {"web": 'endpoints: [ service://web ], credential: { header: [ { name: X-Key, value: "${file:backend.secret}" } ] }'}
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, backends=backends,
                         routes=[("/**", "web, policies: [ api-key ]")], extra=extra)

    def copy(self, *names):
        """What the connector has in its folder, or only these files of it; not what agents have."""
        stolen = self.directory / "stolen"
        shutil.rmtree(stolen, ignore_errors=True)
        stolen.mkdir()
        for name in names or ("adit.yaml", "tunnels.d", "issuer-keys", "backend.secret", *KEYS_OF_TUNNELS):
            source = self.directory / name
            if source.is_dir():
                shutil.copytree(source, stolen / name)
            elif source.exists():
                shutil.copy(source, stolen / name)
        return stolen

    def bytes_of(self, folder):
        return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())

    def start_thief(self, folder):
        """A connector from the copy, where the true one is expected."""
        thief = Process(self, "thief", [CONNECTOR, "run", "--config", folder / "adit.yaml"])
        wait_for(lambda: can_connect(self.site.admin_port) or not thief.alive(), "the thief's status port")
        self.assertTrue(thief.alive())
        return thief

    def secrets_of_callers(self):
        """Each of a token's secret parts, and of an API key, in the forms in which it could stand in a file."""
        found = {"API key": [self.api_key.encode()], "token": [self.site.token.strip().encode()]}
        for kind, value in entries(self.site.token):
            if kind == SEED:
                found["seed"] = [value, value.hex().encode(), base64.b64encode(value), base64.urlsafe_b64encode(value).rstrip(b"=")]
        self.assertEqual(len(found), 3)
        return found

    def test_tokens_and_api_keys_are_not_in_a_copy_of_the_disk(self):
        self.site.up()
        self.assertEqual(self.site.get("/x", headers={"x-api-key": self.api_key}).status, 200)
        disk = self.bytes_of(self.copy())
        for what, forms in self.secrets_of_callers().items():
            for form in forms:
                self.assertNotIn(form, disk, what)
        self.assertIn(self.backends_key.encode(), disk)  # as the page says: all that a backend takes as proof
        self.assertIn(b"PRIVATE KEY", disk)
        self.assertIn(hashlib.sha256(self.api_key.encode()).hexdigest().encode(), disk)

    def test_a_backup_without_key_files_has_no_secret(self):
        self.site.up()
        backup = self.bytes_of(self.copy("adit.yaml", "tunnels.d"))
        for what, forms in {**self.secrets_of_callers(), "credential": [self.backends_key.encode()], "key": [b"PRIVATE KEY"]}.items():
            for form in forms:
                self.assertNotIn(form, backup, what)

    def test_no_key_on_the_disk_makes_an_agent(self):
        self.site.up()
        before = {session["id"] for session in self.site.sessions()}
        disk = self.copy()
        keys = [path for path in [disk / "connector.key", *(disk / "issuer-keys").glob("*.pem")] if path.exists()]
        self.assertGreaterEqual(len(keys), 1)
        for path in keys:
            with self.subTest(key=path.name):
                token = token_with(self.site.token, seed_of(path.read_bytes()))
                self.assertNotEqual(token, self.site.token.strip())
                thief = self.site.start_agent(token=token, environment={"TUNNEL_TRANSPORT_PROTOCOL": "tls"})
                wait_for(lambda thief=thief: "does not know this token's key" in thief.log(), "the reason in the log", TOLD)
        self.assertEqual({session["id"] for session in self.site.sessions()}, before)
        self.assertEqual(token_with(self.site.token, dict(entries(self.site.token))[SEED]), self.site.token.strip())  # it is the key that was refused

    def test_from_a_backup_without_key_files_nobody_poses_as_the_connector(self):
        true = self.site.start_connector()
        true.stop()
        backup = self.copy("adit.yaml", "tunnels.d", "backend.secret")
        self.start_thief(backup)
        agent = self.site.start_agent()
        wait_for(lambda: "is not the one that the token names" in agent.log(), "the reason in the log", TOLD)
        self.assertEqual(self.site.sessions(), [])

    def test_who_has_the_connectors_key_poses_as_it_until_tokens_name_another_alone(self):
        """Known, and told in docs/operations.md with what to do."""
        if TRANSPORT == "wireguard":
            self.skipTest("the key of TLS")
        plain = self.site.config.read_text()
        true = self.site.start_connector()
        disk = self.copy()
        agent = self.site.start_agent()
        self.site.wait_sessions()
        true.stop()
        thief = self.start_thief(disk)
        self.site.wait_sessions()  # the thief's: it answers where the true one did
        thief.stop()
        agent.stop()
        self.site.config.write_text(plain.replace("key: connector.key", "key: connector.key, next_key: next.key"))
        of_both = self.site.tool("tunnel", "rotate-token", "t1").stdout
        (self.directory / "next.key").rename(self.directory / "connector.key")
        self.site.config.write_text(plain)
        of_the_new = self.site.tool("tunnel", "rotate-token", "t1").stdout
        self.assertNotEqual(of_both, of_the_new)
        shutil.copytree(self.directory / "tunnels.d", disk / "tunnels.d", dirs_exist_ok=True)  # he may even know the agents
        thief = self.start_thief(disk)
        late = self.site.start_agent(token=of_the_new)
        wait_for(lambda: "is not the one that the token names" in late.log(), "the reason in the log", TOLD)
        self.assertEqual(self.site.sessions(), [])
        thief.stop()
        self.site.start_connector()
        self.site.wait_sessions()  # the same agent, with the true one


main()
