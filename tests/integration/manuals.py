"""Completion scripts and manual pages: accepted by those who read them, and they offer what the programs understand."""
import json
import os
import pathlib
import shutil
import subprocess

from harness import AGENT, CONNECTOR, Case, main

PROGRAMS = {"adit-agent": AGENT, "adit-connector": CONNECTOR}


class Manuals(Case):
    def setUp(self):
        super().setUp()
        paths = {str(pathlib.Path(program).resolve().parent) for program in PROGRAMS.values()}
        self.environment = {"PATH": ":".join([*paths, os.environ["PATH"]]), "HOME": str(self.directory)}

    def printed(self, program, *arguments):
        return self.run_tool(PROGRAMS[program], *arguments).stdout

    def complete_in_bash(self, *words):
        """The words that bash offers for the last one."""
        script = self.write(f"{words[0]}.bash", self.printed(words[0], "completion", "bash"))
        function = "_" + words[0].replace("-", "_")
        quoted = " ".join(f"'{word}'" for word in words)
        done = self.run_tool("bash", "-uc", f'source {script}; COMP_WORDS=({quoted}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); {function} 2> /dev/null; '
                             'printf "%s\\n" "${COMPREPLY[@]}"', environment=self.environment)
        return done.stdout.split()

    def tunnels(self):
        config = self.write("adit.yaml", 'tunnels: { directory: tunnels.d, tls: { address: "127.0.0.1:7443", key: connector.key } }\n')
        for name in ("vpc-1", "vpc-2", "office"):
            self.run_tool(CONNECTOR, "tunnel", "create", name, "--config", config)

    def test_bash_offers_commands_options_values_files_and_tunnels(self):
        self.tunnels()
        self.assertEqual(self.complete_in_bash("adit-agent", "d"), ["diagnose"])
        self.assertIn("rotate-token", self.complete_in_bash("adit-connector", "tunnel", ""))
        self.assertEqual(self.complete_in_bash("adit-connector", "tunnel", "services", ""), ["describe", "update"])
        self.assertEqual(self.complete_in_bash("adit-agent", "run", "--tok"), ["--token-file"])
        self.assertEqual(self.complete_in_bash("adit-connector", "status", "--output", ""), ["text", "json"])
        self.assertEqual(self.complete_in_bash("adit-connector", "status", "--output", "=", "j"), ["json"])
        self.assertEqual(self.complete_in_bash("adit-connector", "run", "--config", "adit.y"), ["adit.yaml"])
        self.assertEqual(self.complete_in_bash("adit-connector", "check", "adit.y"), ["adit.yaml"])
        self.assertEqual(self.complete_in_bash("adit-connector", "tunnel", "describe", "v"), ["vpc-1", "vpc-2"])
        self.assertEqual(self.complete_in_bash("adit-connector", "tunnel", "describe", "--config", "adit.yaml", "--output", "j"), ["json"])

    def test_fish_offers_the_same(self):
        if not shutil.which("fish"):
            self.skipTest("no fish here")
        self.tunnels()
        for words, wanted in (("adit-connector tunnel ", "rotate-token"), ("adit-connector tunnel describe v", "vpc-2"), ("adit-agent run --tok", "--token-file"),
                              ("adit-connector status --output ", "json")):
            script = self.write("completion.fish", self.printed(words.split()[0], "completion", "fish"))
            done = self.run_tool("fish", "--no-config", "-c", f"source {script}; complete -C '{words}'", environment=self.environment)
            self.assertIn(wanted, [line.split("\t")[0] for line in done.stdout.splitlines()])

    def test_shells_accept_their_scripts(self):
        for program in PROGRAMS:
            for shell in ("bash", "zsh", "fish"):
                with self.subTest(program=program, shell=shell):
                    script = self.write("script", self.printed(program, "completion", shell))
                    if shutil.which(shell):
                        self.assertEqual(self.run_tool(shell, "-n", script, environment=self.environment).stderr, "")
        self.run_tool(AGENT, "completion", "tcsh", status=2)

    def test_every_command_and_option_is_in_the_manual(self):
        for program in PROGRAMS:
            text = self.printed(program, "man").replace("\\-", "-")
            for line in self.printed(program, "--help").split("Subcommands:")[1].splitlines():
                if line.strip():
                    self.assertIn(f"{program} {line.split()[0]}", text)
        manual = self.printed("adit-agent", "man").replace("\\-", "-")
        for word in ("--token-file", "--allow", "TUNNEL_TOKEN_FILE", "EXIT STATUS", "adit-agent diagnose"):
            self.assertIn(word, manual)

    def test_every_key_is_in_the_manual_of_the_configuration(self):
        def keys(schema, path=""):
            for name, value in schema.get("properties", {}).items():
                if path or name != "include":
                    yield f"{path}{name}"
                    yield from keys(value, f"{path}{name}.")
                    yield from keys(value.get("items", {}), f"{path}{name}[].")
                    named = value.get("additionalProperties")
                    yield from keys(named if isinstance(named, dict) else {}, f"{path}{name}.NAME.")

        manual = self.printed("adit-connector", "man", "5").replace("\\-", "-")
        known = set(keys(json.loads(self.printed("adit-connector", "schema"))))
        self.assertGreater(len(known), 40)
        for key in known:
            self.assertIn(f"\\fB{key}\\fR\n", manual)

    def test_they_are_installed_where_shells_and_man_look(self):
        build = os.environ.get("ADIT_BUILD")
        if not build or not pathlib.Path(build, "agent/manual/adit-agent.1").exists():
            self.skipTest("not all is built")
        root = self.directory / "root"
        self.run_tool("cmake", "--install", build, "--prefix", "/usr", environment={"DESTDIR": str(root)})
        for program in PROGRAMS:
            for path, arguments in ((f"bash-completion/completions/{program}", ("completion", "bash")), (f"zsh/site-functions/_{program}", ("completion", "zsh")),
                                    (f"fish/vendor_completions.d/{program}.fish", ("completion", "fish")), (f"man/man1/{program}.1", ("man",)),
                                    (f"man/man5/{program}.yaml.5", ("man", "5"))):
                self.assertEqual((root / "usr/share" / path).read_text(), self.printed(program, *arguments))
            self.assertTrue(os.access(root / "usr/bin" / program, os.X_OK))

    def test_pages_are_typeset_without_a_warning(self):
        if not shutil.which("groff"):
            self.skipTest("no groff here")
        for program in PROGRAMS:
            for section in ("1", "5"):
                page = self.write("page", self.printed(program, "man", section))
                done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), page.read_text())


main()
