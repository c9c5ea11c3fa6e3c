"""Where secrets are in the memory of running programs: in pages that are locked and left out of core dumps, and nowhere else."""
import base64
import os
import pathlib
import re
import subprocess
import unittest

from certificates import openssl
from harness import AGENT, SANITIZED, Case, Process, Site, free_port, main, wait_for
from servers import Origin


def mappings(pid):
    """(first, last, name, flags) of each: flags as smaps has them, such as lo for locked and dd for not dumped."""
    found = []
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+\s*(.*)", line)
        if head:
            found.append([int(head[1], 16), int(head[2], 16), f"{head[4]} {head[3]}", set()])
        elif line.startswith("VmFlags:"):
            found[-1][3] = set(line.split()[1:])
    return found


def whereabouts(pid, needle):
    """The mappings in which these bytes stand, by name, with their flags."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for first, last, name, flags in mappings(pid):
            if "rd" not in flags or "io" in flags:
                continue
            try:
                memory.seek(first)
                content = memory.read(last - first)
            except (OSError, ValueError):
                continue
            if needle in content:
                found.append((name, flags))
    return found


def locked_kib(pid):
    return int(re.search(r"VmLck:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def seed_of(token):
    """The entry of type 3 in it: see common/token/token.h."""
    text = token.strip().removeprefix("adit1_")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[1:]
    while data:
        kind, size = data[0], int.from_bytes(data[1:3], "big")
        if kind == 3:
            return data[3:3 + size]
        data = data[3 + size:]
    raise AssertionError("a token without a seed")


@unittest.skipIf(SANITIZED, "sanitizers keep what was freed, and lock nothing")
@unittest.skipIf(os.geteuid() != 0, "only root may read the memory of others")
class Secrets(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()

    def assert_guarded(self, pid, needle, what, least=1):
        found = whereabouts(pid, needle)
        self.assertGreaterEqual(len(found), least, f"{what}: it is nowhere, so this test looks for the wrong thing")
        for name, flags in found:
            self.assertLessEqual({"lo", "dd"}, flags, f"{what} stands in {name}")

    def assert_gone(self, pid, needle, what):
        self.assertEqual(whereabouts(pid, needle), [], what)

    def site(self, **keywords):
        return Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, workers=1, **keywords)

    def test_an_agent_keeps_its_seed_in_locked_memory_and_its_token_nowhere(self):
        site = self.site()
        _, (agent,) = site.up()
        self.assertEqual(site.get("/web/x").status, 200)
        self.assertGreater(locked_kib(agent.pid), 0)
        self.assert_guarded(agent.pid, seed_of(site.token), "the seed")
        self.assert_gone(agent.pid, site.token.strip().encode(), "the token's text")

    def test_a_token_from_the_environment_is_wiped_there(self):
        site = self.site()
        site.start_connector()
        port = free_port()
        agent = Process(self, "agent", [AGENT, "run", "--metrics", f"127.0.0.1:{port}", "--allow", f"127.0.0.1:{self.origin.port}"], {"TUNNEL_TOKEN": site.token.strip(), "TUNNEL_TRANSPORT_PROTOCOL": "tls"})
        site.wait_sessions(count=4)
        self.assert_gone(agent.pid, site.token.strip().encode(), "the token's text")
        self.assertNotIn(site.token.strip().encode(), pathlib.Path(f"/proc/{agent.pid}/environ").read_bytes())

    def test_a_connector_keeps_keys_and_secrets_of_its_configuration_in_locked_memory(self):
        for name, key in (("rsa", ["rsa:2048"]), ("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
            openssl(self, "req", "-x509", "-newkey", *key, "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
        from_file, written = base64.b32encode(os.urandom(30)).decode(), base64.b32encode(os.urandom(30)).decode()
        self.write("secret", from_file + "\n")
        origin = f"http://127.0.0.1:{self.origin.port}"
        headers = f'credential: {{ header: [ {{ name: x-one, value: "${{file:secret}}" }}, {{ name: x-two, value: "{written}" }} ] }}'
        site = self.site(backends={"web": f'endpoints: [ "{origin}" ], {headers}'}, listener=", tls: { certificate: rsa.crt, key: rsa.key, certificates: [ { certificate: ec.crt, key: ec.key } ] }")
        connector = site.start_connector()
        for name in ("rsa", "ec"):  # each key has signed
            wait_for(lambda: b"New, TLS" in subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{site.client_port}", "-servername", name], input=b"",  # noqa: B023
                                                           capture_output=True, timeout=20).stdout, "a handshake")
        self.assertGreater(locked_kib(connector.pid), 0)
        self.assert_guarded(connector.pid, from_file.encode(), "a secret of a file")
        self.assert_guarded(connector.pid, written.encode(), "a secret that is written out")
        for name, part in (("ec", "priv"), ("rsa", "prime1"), ("rsa", "prime2"), ("rsa", "privateExponent")):
            number = self.number(name, part)
            # OpenSSL has numbers as words of the machine, the lowest first.
            self.assert_guarded(connector.pid, number[::-1], f"{part} of {name}")
            self.assert_gone(connector.pid, number, f"{part} of {name}, as the file has it")
            pem = (self.directory / f"{name}.key").read_bytes()
            self.assert_gone(connector.pid, pem.splitlines()[2], f"the file of {name}")
        seed = subprocess.run(["openssl", "pkey", "-in", "connector.key", "-outform", "DER"], cwd=self.directory, capture_output=True, check=True).stdout[-32:]
        self.assert_guarded(connector.pid, seed, "the connector's own key")

    def test_what_reloads_read_of_keys_stands_nowhere_and_nothing_of_a_key_that_was_replaced(self):
        for name in ("listener", "by-name", "client", "joined", "next"):
            openssl(self, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", f"{name}.key", "-out", f"{name}.crt")
        self.write("joined.pem", (self.directory / "joined.key").read_text() + (self.directory / "joined.crt").read_text())
        certificates = "{ certificate: by-name.crt, key: by-name.key }, { certificate: joined.pem, key: joined.pem }"
        site = self.site(backends={"web": f'endpoints: [ "https://127.0.0.1:{self.origin.port}" ], tls: {{ certificate: client.crt, key: client.key }}'},
                         listener=f", tls: {{ certificate: listener.crt, key: listener.key, certificates: [ {certificates} ] }}")
        connector = site.start_connector()
        pem = {name: (self.directory / f"{name}.key").read_bytes().splitlines()[1] for name in ("listener", "by-name", "client", "joined", "next")}
        numbers = {name: self.number(name, "priv")[::-1] for name in pem}

        def assert_kept(names, when):
            for name, line in pem.items():
                with self.subTest(when, key=name):
                    self.assert_gone(connector.pid, line, f"the file of {name}")
                    if name in names:
                        self.assert_guarded(connector.pid, numbers[name], name)
                    else:
                        self.assert_gone(connector.pid, numbers[name], name)

        assert_kept({"listener", "by-name", "client", "joined"}, "at the start")
        for level in ("debug", "info"):
            with open(site.config, "a") as config:
                config.write(f"# {level}\n")
            site.tool("reload")
            assert_kept({"listener", "by-name", "client", "joined"}, "after a reload")
        for kind in ("key", "crt"):
            os.replace(self.directory / f"next.{kind}", self.directory / f"listener.{kind}")
        site.tool("reload")
        # What serves no longer goes when the workers have let go of it.
        wait_for(lambda: not whereabouts(connector.pid, numbers["listener"]), "the old key to be wiped")
        assert_kept({"next", "by-name", "client", "joined"}, "after the key was replaced")

    def number(self, name, part):
        told = subprocess.run(["openssl", "pkey", "-in", f"{name}.key", "-noout", "-text"], cwd=self.directory, capture_output=True, check=True, text=True).stdout
        digits = re.search(part + r":\n((?:\s+[0-9a-f:]+\n)+)", told)[1]
        return bytes.fromhex(re.sub(r"[\s:]", "", digits)).lstrip(b"\0")

    def test_where_nothing_may_be_locked_programs_run_all_the_same(self):
        site = self.site()
        site.start_connector()
        agent = site.start_agent(prefix=("--bounding-set", "-ipc_lock", "prlimit", "--memlock=0:0"))
        site.wait_sessions(count=4)
        self.assertEqual(locked_kib(agent.pid), 0)
        found = whereabouts(agent.pid, seed_of(site.token))
        self.assertTrue(found and all("dd" in flags for _, flags in found), found)


main()
