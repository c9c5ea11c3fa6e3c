"""The units by themselves: what systemd thinks of their confinement, and that what they say fits the programs."""
import pathlib
import re
import subprocess
import tempfile
import unittest

from deploy import AGENT, CONNECTOR, ROOT, need

UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
MOST = 2.0  # of systemd-analyze's points of exposure; 10 is a service without any confinement
DRAIN = 30  # seconds that both programs take at most, unless they are told otherwise


def settings(unit):
    """Key -> all its values, in order."""
    found = {}
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


class Units(unittest.TestCase):
    def test_there_is_one_for_each_program_and_a_template(self):
        self.assertEqual([unit.name for unit in UNITS], ["adit-agent.service", "adit-agent@.service", "adit-connector.service"])

    def test_their_exposure_is_small(self):
        with tempfile.TemporaryDirectory() as folder:
            for unit in UNITS:
                copy = pathlib.Path(folder, unit.name.replace("@", "@x"))
                copy.write_text(unit.read_text())
                done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={int(MOST * 10)}", copy],
                                      capture_output=True, text=True)
                points = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)[1])
                print(f"{unit.name}: exposure {points}")
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertLessEqual(points, MOST)

    def test_confinement_is_spelt_out(self):
        for unit in UNITS:
            said = settings(unit)
            self.assertEqual((said["CapabilityBoundingSet"], said["AmbientCapabilities"]), ([""], [""]), unit.name)
            for key, value in {"DynamicUser": "yes", "ProtectSystem": "strict", "MemoryDenyWriteExecute": "yes", "NoNewPrivileges": "yes",
                               "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "SystemCallArchitectures": "native"}.items():
                self.assertEqual(said[key], [value], f"{unit.name}: {key}")
            self.assertEqual(said["SystemCallFilter"], ["@system-service", "~@privileged @resources",
                                                        "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp"])  # of their own sandbox

    def test_a_stop_has_time_for_the_drain_and_bad_input_is_not_tried_again(self):
        for unit in UNITS:
            said = settings(unit)
            self.assertGreater(int(said["TimeoutStopSec"][0].removesuffix("s")), DRAIN)
            self.assertEqual((said["KillMode"], said["RestartPreventExitStatus"], said["Type"]), (["mixed"], ["2"], ["notify"]))
        for program in (AGENT, CONNECTOR):
            self.assertEqual(subprocess.run([program, "run", "--config", "/nonexistent.yaml"], capture_output=True).returncode, 2)

    def test_tokens_are_handed_over_as_credentials(self):
        for unit in UNITS[:2]:
            said = settings(unit)
            self.assertRegex(said["LoadCredential"][0], r"^token:/etc/adit/agent(-%i)?\.token$")
            self.assertEqual(said["Environment"], ["TUNNEL_TOKEN_FILE=%d/token"])
        self.assertIn("TUNNEL_TOKEN_FILE", subprocess.run([AGENT, "man"], capture_output=True, text=True, check=True).stdout)

    def test_their_commands_are_verbs_with_flags_that_exist(self):
        for unit in UNITS:
            for key in ("ExecStart", "ExecReload"):
                program, verb, *rest = settings(unit)[key][0].split()
                if program == "/usr/bin/kill":
                    continue
                real = AGENT if program.endswith("adit-agent") else CONNECTOR
                text = subprocess.run([real, verb, "--help"], capture_output=True, text=True, check=True).stdout
                for flag in filter(lambda word: word.startswith("--"), rest):
                    self.assertIn(flag, text)

    def test_the_example_settings_are_good(self):
        subprocess.run([CONNECTOR, "check", ROOT / "deploy/debian/connector.yaml"], check=True, capture_output=True)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([AGENT, "run", "--config", ROOT / "deploy/debian/agent.yaml", "--token-file", f"{folder}/none"],
                                  capture_output=True, text=True)
            self.assertIn(f"{folder}/none", done.stderr, "it is the token that is missing, not something in the file")


if __name__ == "__main__":
    need("systemd-analyze")
    unittest.main(verbosity=2)
