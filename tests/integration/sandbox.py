"""What the running programs cannot do any more, as the kernel tells it, and how reloads live with that."""
import json
import os
import pathlib
import random
import shutil
import tempfile
import unittest

from harness import CONNECTOR, SANITIZED, TRANSPORT, Case, Process, Site, can_connect, fetch, main, metric, wait_for
from servers import Origin
from wireguard_site import WireGuardSite, helpers_of

MEASURES = {"no_new_privileges", "capabilities", "landlock", "seccomp", "core_dumps_off", "locked_secrets"}
HELPER = pathlib.Path(CONNECTOR).resolve().parent.parent / "libexec/adit/adit-wireguard"
NET_BIND_SERVICE = 1 << 10
SYS_RESOURCE = 1 << 24
NET_ADMIN = 1 << 12  # stays where a device of the kernel may have to be made
# An ordinary user who was given ports below 1024, as a unit of systemd does.
PORTS_ALONE = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs",
               *(f"--{kind}={'-all,' if kind != 'ambient-caps' else ''}+net_bind_service" for kind in ("bounding-set", "inh-caps", "ambient-caps"))]


def status_of(path):
    lines = (pathlib.Path(path) / "status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def children(pid):
    """The processes that it has started."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if status_of(process)["PPid"] == str(pid):
                found.append(int(process.name))
        except OSError:
            pass  # it has ended meanwhile
    return found


class Confined(Case):
    def setUp(self):
        super().setUp()
        self.site = Site(self, {"web": f"http://127.0.0.1:{Origin().port}"})

    def check(self, pid):
        """Each thread of the process has given up all that it could."""
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            try:
                thread = status_of(task)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
            self.assertEqual((thread["NoNewPrivs"], thread["Seccomp"]), ("1", "2"), thread["Name"])
            for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                allowed = NET_ADMIN if TRANSPORT == "wireguard" else 0
                self.assertEqual(int(thread[kind], 16) & ~allowed, 0, f"{thread['Name']}: {kind}")
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()
        core = next(line for line in limits if line.startswith("Max core"))
        self.assertEqual(core.split()[4:6], ["0", "0"])

    def test_both_programs_and_what_they_start_have_given_up_what_they_do_not_need(self):
        connector, (agent,) = self.site.up()
        self.assertEqual(self.site.get("/web/x").status, 200)
        for program in (connector, agent):
            self.check(program.pid)
            helpers = children(program.pid)
            self.assertEqual(len(helpers), 1 if TRANSPORT == "wireguard" else 0)
            for helper in helpers:
                self.check(helper)

    def test_status_metrics_and_a_command_show_it(self):
        _, (agent,) = self.site.up()
        told = json.loads(self.site.tool("status", "--output", "json").stdout)["sandbox"]
        self.assertEqual({one["measure"]: one["active"] for one in told}, dict.fromkeys(MEASURES, True))
        text = self.site.tool("status").stdout
        self.assertRegex(text, r"seccomp +yes +with")
        for measure in MEASURES:
            for port in (self.site.admin_port, agent.metrics_port):
                self.assertEqual(metric(port, "adit_sandbox_active", measure=measure), 1, measure)

    def test_an_agent_tells_its_parts_and_sessions_and_nothing_secret(self):
        _, (agent,) = self.site.up()
        answer = fetch(agent.metrics_port, "/status")
        told = json.loads(answer.body)
        self.assertEqual({one["measure"]: one["active"] for one in told["sandbox"]}, dict.fromkeys(MEASURES, True))
        self.assertTrue(all(one["detail"] for one in told["sandbox"]))
        self.assertEqual((told["ready"], len(told["sessions"])), (True, 4))
        self.assertEqual({(one["transport"], one["state"]) for one in told["sessions"]}, {(TRANSPORT, "ready")})
        self.assertRegex(told["version"], r"^\d+\.\d+")
        self.assertNotIn(self.site.token.strip()[:24].encode(), answer.body)

    def test_a_reload_finds_new_files_in_known_folders_and_says_why_not_in_others(self):
        self.site.up()
        before = self.site.config.read_text()
        near, other = self.directory / "near", self.enterContext(tempfile.TemporaryDirectory(prefix="adit-other-"))
        for folder, good in ((near, True), (pathlib.Path(other), False)):
            folder.mkdir(exist_ok=True)
            pair = {kind: folder / f"listener.{kind}" for kind in ("certificate", "key")}
            self.run_tool("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
                          "-keyout", pair["key"], "-out", pair["certificate"])
            tls = ", ".join(f"{kind}: {file}" for kind, file in pair.items())
            address = f'address: "127.0.0.1:{self.site.client_port}"'
            self.site.config.write_text(before.replace(address, f"{address}, tls: {{ {tls} }}"))
            done = self.site.tool("reload", status=0 if good else 1)
            self.assertEqual("needs a restart" in done.stderr, not good, done)
            self.site.config.write_text(before)
            self.site.tool("reload")
        self.assertEqual(self.site.get("/web/x").status, 200)

    def files_wall(self):
        """What status says of the files that can be reached."""
        told = json.loads(fetch(self.site.admin_port, "/status").body)["sandbox"]
        return next(one["detail"] for one in told if one["measure"] == "landlock")

    def test_a_log_file_elsewhere_is_refused_by_a_reload_and_lines_go_where_they_went(self):
        other = self.enterContext(tempfile.TemporaryDirectory(prefix="adit-other-"))
        self.site.config.write_text(self.site.config.read_text() + "log: { format: json }\n")
        connector = self.site.start_connector()
        before = self.site.config.read_text()
        self.site.config.write_text(before.replace("format: json", f"format: json, sinks: [ {{ file: {{ path: {other}/x.log }} }} ]"))
        refused = self.site.tool("reload", status=1).stderr
        self.assertIn(f"the log file {other}/x.log cannot be written: Permission denied", refused)
        self.assertIn("needs a restart", refused)
        self.site.tool("degrade", "on")
        wait_for(lambda: '"what":"degrade on"' in connector.log(), "the line about a change")

    def test_a_log_file_that_cannot_be_written_is_an_error_at_the_start(self):
        self.site.config.write_text(self.site.config.read_text() + "log: { sinks: [ { file: { path: nowhere/x.log } } ] }\n")
        told = self.run_tool(CONNECTOR, "run", "--config", self.site.config, status=2).stderr
        self.assertIn("nowhere/x.log cannot be written: No such file or directory", told)

    def test_the_configurations_own_folder_is_not_written_in_unless_it_names_a_file_for_that(self):
        key = self.directory / "connector.key"
        key.unlink()
        before = self.site.config.read_text()
        connector = self.site.start_connector()
        self.assertTrue(key.exists())
        self.assertIn(", writes none", self.files_wall())
        address = f'admin: {{ address: "127.0.0.1:{self.site.admin_port}"'
        self.site.config.write_text(before.replace(address, address + ", audit: audit.jsonl"))
        refused = self.site.tool("reload", status=1).stderr
        self.assertIn("audit.jsonl cannot be written: Permission denied", refused)
        self.assertIn("needs a restart", refused)
        connector.stop()
        connector = self.site.start_connector()
        self.assertIn(f", writes in {self.directory}", self.files_wall())
        warning = "open for the connector to write in spite of its sandbox"
        self.assert_logged(connector, warning)
        self.assertIn(warning, self.site.tool("check").stdout)

    def test_an_issuers_folder_is_opened_with_the_one_above_only_where_that_holds_nothing_else(self):
        before = self.site.config.read_text()
        library = self.directory / "lib"
        (library / "adit").mkdir(parents=True)
        (library / "adit" / "somebody.elses").touch()

        def issuers(*folders):
            lines = (f'  i{n}: {{ url: "https://i{n}.example.com", directory: {folder}, algorithms: [ES256] }}\n' for n, folder in enumerate(folders))
            self.site.config.write_text(before + "issuers:\n" + "".join(lines))
        issuers(library / "adit" / "issuer")
        connector = self.site.start_connector()
        self.assertIn(f", writes in {library}/adit/issuer", self.files_wall())
        connector.stop()
        issuers(library / "keys" / "a", library / "keys" / "b")
        self.site.start_connector()
        self.assertIn(f", writes in {library}/keys;", self.files_wall() + ";")
        issuers(library / "keys" / "a", library / "keys" / "b", library / "keys" / "c")
        self.site.tool("reload")
        self.assertTrue(list((library / "keys" / "c").glob("ES256.*.pem")))

    def test_folders_can_be_kept_open_for_reloads_to_come_and_all_of_it_be_switched_off(self):
        other = self.enterContext(tempfile.TemporaryDirectory(prefix="adit-other-"))
        log = f"log: {{ sinks: [ {{ stderr: {{}} }}, {{ file: {{ path: {other}/access.log }} }} ] }}\n"
        before = self.site.config.read_text()
        for sandbox in (f"sandbox: {{ paths: [ {other} ] }}\n", "sandbox: { mode: off }\n"):
            self.site.config.write_text(before + sandbox)
            connector = self.site.start_connector()
            self.site.config.write_text(before + sandbox + log)
            self.site.tool("reload")
            self.assertEqual(status_of(f"/proc/{connector.pid}")["Seccomp"], "0" if "off" in sandbox else "2")
            wait_for((pathlib.Path(other) / "access.log").exists, "the new log")
            connector.stop()
            (pathlib.Path(other) / "access.log").unlink()


class ExchangedTunnels(Case):
    """The directory of tunnels as a whole, from outside of the folders that the configuration names besides."""

    def up(self, directory):
        self.site = Site(self, {"web": f"http://127.0.0.1:{Origin().port}"})
        directory.parent.mkdir(exist_ok=True)
        shutil.move(self.directory / "tunnels.d", directory)
        return directory

    def start(self, directory):
        self.site.config.write_text(self.site.config.read_text().replace("directory: tunnels.d", f"directory: {directory}"))
        connector, _ = self.site.up()
        return connector

    def unreadable(self, what="directory"):
        return metric(self.site.admin_port, "adit_connector_store_unreadable", what=what)

    def problems(self):
        return [line for line in json.loads(fetch(self.site.admin_port, "/status").body)["problems"] if "directory" in line]

    def test_a_key_is_revoked_by_a_link_that_leads_to_the_next_version(self):
        git = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-git-")))
        first = self.up(git / "1/tunnels.d")
        (git / "current").symlink_to("1")
        connector = self.start(git / "current/tunnels.d")
        for version in ("2", "3"):
            shutil.copytree(first, git / version / "tunnels.d")
            if version == "3":
                (git / version / "tunnels.d/t1.json").unlink()
            (git / "next").symlink_to(version)
            (git / "next").rename(git / "current")
        wait_for(lambda: not self.site.sessions(), "the sessions of the key to end")
        self.assertEqual((self.unreadable(), self.problems()), (0, []))
        self.assertNotIn("cannot be read", connector.log())

    def test_a_directory_that_is_out_of_reach_or_gone_keeps_its_tunnels_and_is_told_of(self):
        other = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-other-")))
        directory, aside = self.up(other / "tunnels.d"), other / "aside"
        connector = self.start(directory)
        before = {session["id"] for session in self.site.sessions()}
        directory.rename(aside)
        wait_for(lambda: self.unreadable() == 1, "the directory to be missed")
        self.assertIn("No such file", self.problems()[0])
        shutil.copytree(aside, directory)  # another inode, which the sandbox does not know
        wait_for(lambda: "Permission denied" in self.problems()[0], "what keeps it off")
        self.assertRegex(self.problems()[0], "so what was changed or revoked there since has no effect: .*sandbox.*needs a restart")
        self.assertIn("! the tunnels' directory cannot be read", self.site.tool("status").stdout)
        self.assertEqual({session["id"] for session in self.site.sessions()}, before)
        shutil.rmtree(directory)
        wait_for(lambda: "No such file" in self.problems()[0], "it to be gone once more")
        aside.rename(directory)
        wait_for(lambda: self.unreadable() == 0 and not self.problems(), "the directory to be read again")
        self.write("broken", "{ broken").rename(directory / "t1.json")
        wait_for(lambda: self.unreadable("file") == 1, "a file that is not used")
        self.assertIn("! a tunnel's file is not used", self.site.tool("status").stdout)
        (directory / "t1.json").unlink()
        wait_for(lambda: not self.site.sessions() and self.unreadable("file") == 0, "the sessions to end")
        # Looked at twice a second, and told once each time.
        self.assert_logged(connector, "the tunnels' directory cannot be read", times=3)
        self.assert_logged(connector, "a tunnel's file is not used")


class ExchangedAuditFolder(Case):
    def test_who_makes_the_audit_logs_folder_anew_is_told_that_it_needs_a_restart(self):
        other = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-other-")))
        (other / "audit").mkdir()
        site = Site(self, {"web": "http://127.0.0.1:1"})
        address = f'admin: {{ address: "127.0.0.1:{site.admin_port}"'
        site.config.write_text(site.config.read_text().replace(address, f"{address}, audit: {other}/audit/log"))
        site.start_connector()
        site.tool("degrade", "on")
        shutil.rmtree(other / "audit")
        (other / "audit").mkdir()
        for verb in (("degrade", "auto"), ("reload",)):
            told = site.tool(*verb, status=1).stderr
            self.assertIn("cannot be written: Permission denied", told)
            self.assertEqual(told.count("needs a restart"), 1, told)


@unittest.skipIf(os.geteuid() != 0 or SANITIZED, "needs root, beyond all limits until it gives that up, and a build that locks: sanitizers make mlock() do nothing")
class LockedSecrets(Case):
    LITTLE = ["prlimit", "--memlock=65536:65536"]
    NO_MORE = [*LITTLE, "setpriv", "--bounding-set", "-sys_resource", "--inh-caps", "-sys_resource"]  # which would raise it
    MANY = 60

    def up(self, mode, prefix):
        """A connector to which a reload brings more secrets than the limit lets anybody lock."""
        self.site = Site(self, {"web": f"http://127.0.0.1:{Origin().port}"}, extra=f"sandbox: {{ mode: {mode} }}\n")
        self.site.start_connector(prefix=prefix)
        self.assertTrue(self.locked())
        for i in range(self.MANY):
            self.write(f"secret{i}", f"secret-{i}-" + "q" * 3000)
        backends = "".join(f'  b{i}: {{ endpoints: [ "http://127.0.0.1:1" ], credential: {{ header: [ {{ name: x-key, value: "${{file:secret{i}}}" }} ] }} }}\n'
                           for i in range(self.MANY))
        self.site.config.write_text(self.site.config.read_text().replace("backends:\n", "backends:\n" + backends))

    def locked(self):
        told = json.loads(fetch(self.site.admin_port, "/status").body)["sandbox"]
        return next(one["active"] for one in told if one["measure"] == "locked_secrets")

    @unittest.skipUnless(int(status_of("/proc/self")["CapEff"], 16) & SYS_RESOURCE, "needs a root that may raise limits")
    def test_root_raises_the_limit_before_it_gives_up_being_beyond_it(self):
        self.up("required", self.LITTLE)
        self.site.tool("reload")
        self.assertTrue(self.locked())

    def test_secrets_that_a_reload_brings_and_that_cannot_be_locked_are_told_of(self):
        self.up("auto", self.NO_MORE)
        self.site.tool("reload")
        self.assertFalse(self.locked())
        self.assertEqual(metric(self.site.admin_port, "adit_sandbox_active", measure="locked_secrets"), 0)
        wait_for(lambda: "locked_secrets: mlock: " in self.processes[-1].log(), "the warning")

    def test_where_the_sandbox_is_required_they_are_refused(self):
        self.up("required", self.NO_MORE)
        self.assertIn("locked_secrets: mlock: ", self.site.tool("reload", status=1).stderr)
        wait_for(self.locked, "the secrets that were refused to be gone")


@unittest.skipUnless(os.geteuid() == 0 and HELPER.exists(), "needs root, for a port below 1024, and a build with adit-wireguard")
class PrivilegedPorts(Case):
    """WireGuard in user space at such a port: bound by the helper, which starts inside the sandbox."""

    def crosses(self, prefix=()):
        host = ".".join(["127", *(str(random.randrange(1, 255)) for _ in range(3))])
        site = WireGuardSite(self, {"web": f"http://127.0.0.1:{Origin().port}"}, tls=False, host=host, port=443)
        if prefix:
            for path in (self.directory, *self.directory.rglob("*")):
                os.chown(path, 65534, 65534)
        connector = Process(self, "connector", [os.path.abspath(CONNECTOR), "run", "--config", site.config], prefix=prefix)
        wait_for(lambda: can_connect(site.admin_port) or not connector.alive(), "the connector's status port")
        self.assertTrue(connector.alive(), connector.log())
        site.start_agent()
        site.wait_sessions()
        self.assertEqual(site.get("/web/x").status, 200)
        for pid in (connector.pid, *helpers_of(connector)):
            self.assertEqual(int(status_of(f"/proc/{pid}")["CapEff"], 16), NET_BIND_SERVICE)

    def test_root_with_wireguard_at_port_443(self):
        self.crosses()

    def test_an_ordinary_user_with_that_capability_alone(self):
        self.crosses(PORTS_ALONE)


if __name__ == "__main__":
    main()
