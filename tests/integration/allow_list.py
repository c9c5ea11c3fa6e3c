"""The agent dials what its operator listed and nothing else, however a target is spelt."""
import re
import signal

from harness import Case, Site, main, wait_for
from servers import Scripted

WIDE = ["0.0.0.0/0:*", "[::]/0:*", "*.internal:*"]


class AllowList(Case):
    def setUp(self):
        super().setUp()
        # It closes after each answer, so that no connection opened under one list is used under the next.
        self.origin = Scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        self.port = self.origin.port

    def test_each_kind_of_pattern_permits_what_it_says(self):
        p = self.port
        rows = [  # pattern, whether 127.0.0.1 is permitted, whether localhost is
            (f"127.0.0.1:{p}", True, True), (f"127.0.0.0/8:{p}", True, True), ("127.0.0.0/8:*", True, True), (f"127.0.0.1/32:{p}", True, True),
            (f"127.0.0.1:{p - 1}-{p + 1}", True, True), (f"localhost:{p}", False, True), (f"LocalHost:{p}", False, True), ("localhost:*", False, True),
            (f"127.0.0.1:{p - 1}", False, False), (f"127.0.0.1:{p + 1}-65535", False, False), (f"127.0.0.2:{p}", False, False),
            ("10.0.0.0/8:*", False, False), (f"*.localhost:{p}", False, False), (f"host:{p}", False, False),
        ]
        site = Site(self, {"address": f"http://127.0.0.1:{p}", "name": f"http://localhost:{p}"})
        config = self.write("agent.yaml", "allow: []\n")
        site.start_connector()
        agent = site.start_agent(allow=[], flags=["--config", config])
        site.wait_sessions(count=4)
        wait_for(lambda: site.get("/address/x").status == 502, "default deny")
        self.assertEqual(site.get("/name/x").problem()["code"], "destination-prohibited")
        for count, (pattern, address, name) in enumerate(rows, start=1):
            others = [f"nobody{number}.example:1" for number in range(1, count)]  # so that the log says which list it is
            config.write_text(f"allow: {[pattern, *others]}\n")
            agent.signal(signal.SIGHUP)
            wait_for(lambda: re.search(rf'"allow list reloaded".*"patterns":{count}\b', agent.log()), "the reload")
            with self.subTest(pattern):
                self.assertEqual([site.get(f"/{service}/x").status == 200 for service in ("address", "name")], [address, name])

    def test_a_changed_file_is_taken_up_without_a_signal(self):
        site = Site(self, {"address": f"http://127.0.0.1:{self.port}"})
        config = self.write("agent.yaml", "allow: []\n")
        site.up(allow=[], flags=["--config", config])
        wait_for(lambda: site.get("/address/x").status == 502, "default deny")
        # As a kubelet and careful editors do it: another file takes the place of the one before.
        self.write("next.yaml", f"allow: [ '127.0.0.1:{self.port}' ]\n").rename(config)
        wait_for(lambda: site.get("/address/x").status == 200, "the new list")
        config.write_text("allow: [ 'nonsense' ]\n")
        wait_for(lambda: '"reload refused' in self.processes[-1].log(), "the refusal")
        self.assertEqual(site.get("/address/x").status, 200)

    def test_special_addresses_are_refused_in_every_spelling_even_by_the_widest_list(self):
        targets = {"plain": "169.254.169.254", "mapped": "[::ffff:169.254.169.254]", "hex-mapped": "[::ffff:a9fe:a9fe]", "decimal": "2852039166",
                   "hexadecimal": "0xa9fea9fe", "octal": "0251.0376.0251.0376", "short": "169.254.43518", "container": "169.254.170.2",
                   "link-local": "[fe80::1]", "metadata6": "[fd00:ec2::254]", "nat64": "[64:ff9b::a9fe:a9fe]", "site-nat64": "[64:ff9b:1::a9fe:a9fe]",
                   "translated": "[::ffff:0:169.254.169.254]", "compatible": "[::169.254.169.254]", "unspecified": "0.0.0.0", "unspecified6": "[::]",
                   "multicast": "224.0.0.1", "broadcast": "255.255.255.255"}
        services = {}
        site = Site(self, {"web": f"http://127.0.0.1:{self.port}"},
                    backends={"web": "endpoints: [ service://web ]", **{name: f"endpoints: [ service://{name} ], forwarding: {{ disclose_attempts: true }}" for name in targets}},
                    routes=[(f"/{name}/**", name) for name in ["web", *targets]])
        for name, host in targets.items():
            services[name] = f"http://{host}:80"
        site.set_services("t1", {"web": f"http://127.0.0.1:{self.port}", **services})
        site.up(allow=WIDE)
        self.assertEqual(site.get("/web/x").status, 200)
        for name, host in targets.items():
            with self.subTest(name):
                answer = site.get(f"/{name}/x")
                self.assertEqual((answer.status, answer.problem()["code"]), (502, "destination-prohibited"), answer.body)
                self.assertIn("error=destination_ip_prohibited", answer.headers["proxy-status"])
                self.assertIn("allowed by address", answer.problem()["detail"])

    def test_the_environment_can_hold_the_list(self):
        site = Site(self, {"web": f"http://127.0.0.1:{self.port}"})
        site.up(allow=[], environment={"TUNNEL_ALLOW": f"nobody.example:1, 127.0.0.1:{self.port}"})
        self.assertEqual(site.get("/x").status, 200)

    def test_a_service_cannot_widen_the_list(self):
        site = Site(self, {"web": f"http://127.0.0.1:{self.port}"})
        _, (agent,) = site.up(allow=["127.0.0.1:1"])
        for _ in range(3):
            self.assertEqual(site.get("/x").problem()["code"], "destination-prohibited")
        self.assertEqual(self.origin.requests, [])
        wait_for(lambda: '"stream refused"' in agent.log(), "the refusal in the agent's log")


main()
