"""Who may use what: rules of routes, services and tunnels, through the real programs, for what is really called."""
import hashlib
import json
import subprocess

from harness import CALM, CONNECTOR, Case, Site, can_connect, fetch, free_port, main, metric, wait_for
from servers import Origin

KEYS = {"prod": "key-1", "preview": "key-2", "partner": "key-3", "nowhere": "key-4", "multi": "key-5", None: None}
CALLERS = {"prod": ("storefront", "production"), "preview": ("storefront", "preview"), "partner": ("partner", "production"), "nowhere": ("nowhere", ""),
           "multi": ("multi", "production"), None: ("anonymous", "")}


def sha(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def rule(project, *environments):
    return {"project": project, "accessibleBy": list(environments)}


SERVICES = {"t1": {"payments": [rule("shop", "production")], "orders": [], "ledger": [rule("shop")], "shared": [rule("shop", "production", "preview"), rule("partner", "production")],
                   "wild": [rule("shop", "*")]},
            "t2": {"vault": [], "safe": [rule("partner", "production")]}}

CONSUMERS = f"""
consumers:
  - {{ name: storefront, project: shop, environment: production, api_keys: [ "{sha('key-1')}" ] }}
  - {{ name: storefront, project: shop, environment: preview, api_keys: [ "{sha('key-2')}" ] }}
  - {{ name: partner, environment: production, api_keys: [ "{sha('key-3')}" ] }}
  - {{ name: nowhere, api_keys: [ "{sha('key-4')}" ] }}
  - {{ name: multi, project: partner, environment: production, api_keys: [ "{sha('key-5')}" ] }}
access:
  services:
    orders: [ {{ consumer: partner, environments: [ production ] }}, {{ consumer: anonymous }} ]
    vault: [ {{ consumer: "*" }} ]
    shared: [ {{ consumer: nowhere }} ]
  tunnels:
    t2: [ {{ consumer: storefront, environments: [ production ] }}, {{ project: partner }} ]
"""

# (path, caller, status): services by their own rules, those of the configuration, and those of their tunnel
CASES = [
    ("/payments/x", "prod", 200), ("/payments/x", "preview", 403), ("/payments/x", "partner", 403), ("/payments/x", "nowhere", 403), ("/payments/x", None, 403),
    ("/orders/x", "partner", 200), ("/orders/x", None, 200), ("/orders/x", "prod", 403), ("/orders/x", "multi", 403),
    ("/ledger/x", "prod", 403), ("/ledger/x", "partner", 403),
    ("/shared/x", "prod", 200), ("/shared/x", "preview", 200), ("/shared/x", "partner", 200), ("/shared/x", "multi", 200), ("/shared/x", "nowhere", 200), ("/shared/x", None, 403),
    ("/wild/x", "preview", 200), ("/wild/x", "partner", 403),
    ("/vault/x", "prod", 200), ("/vault/x", "preview", 403), ("/vault/x", "partner", 200), ("/vault/x", "nowhere", 403), ("/vault/x", None, 403),
    ("/safe/x", "prod", 403), ("/safe/x", "multi", 200), ("/safe/x", "partner", 200),
    ("/missing/x", "prod", 403), ("/missing/x", None, 403),
    # the rules of routes come before those of services, and do not replace them
    ("/limited/x", "prod", 200), ("/limited/x", "preview", 403), ("/limited/x", "partner", 403), ("/only-partner/x", "prod", 403), ("/only-partner/x", "partner", 403),
    # direct endpoints and answers of a route's own have only the rules of their routes
    ("/direct/x", "prod", 200), ("/direct/x", "preview", 403), ("/direct/x", "partner", 403), ("/direct/x", None, 403),
    ("/bare/x", "prod", 403), ("/open/x", None, 200), ("/open/x", "prod", 200), ("/strict/x", "prod", 200), ("/strict/x", None, 401),
    ("/static/x", "partner", 200), ("/static/x", "prod", 403), ("/static/x", None, 403), ("/away/x", "prod", 403), ("/no-policies/x", "prod", 401),
    # what is called decides: shares of a split, routes behind routes, endpoints that stand in for others
    ("/split/x", "prod", 200), ("/split/x", "partner", 403), ("/through/x", "prod", 200), ("/through/x", "preview", 403), ("/through/x", "partner", 403), ("/through/x", None, 401),
    ("/through-open/x", None, 403), ("/through-open/x", "prod", 200), ("/to-direct/x", "partner", 200), ("/to-direct/x", "prod", 403),
    ("/mixed/x", "prod", 200), ("/mixed/x", "partner", 200), ("/mixed/x", "nowhere", 403),
]


class Access(Case):
    def up(self, agents=("t1", "t2")):
        self.origins = {name: Origin(name) for name in ("direct", *(name for services in SERVICES.values() for name in services))}
        url = {name: f"http://127.0.0.1:{origin.port}" for name, origin in self.origins.items()}
        site = self.site = Site(self, {"first": "http://127.0.0.1:1"})
        usual = "policies: [ api-key, anonymous ]"
        backends = {name: f"service://{name}" for name in ("payments", "orders", "ledger", "shared", "wild", "vault", "safe", "missing")}
        backends |= {"direct": url["direct"], "fallback": f"http://127.0.0.1:{free_port()}, service://payments", "mixed": "service://payments, service://orders",
                     "inner": "internal://inner", "inner-direct": "internal://inner-direct"}
        routes = [f'{{ name: "{name}", match: {{ path: "/{name}/**" }}, {usual}, backend: {name} }}' for name in backends if not name.startswith("inner")
                  and name not in ("direct", "fallback")]
        routes += [
            f'{{ name: limited, match: {{ path: "/limited/**" }}, {usual}, backend: payments, access: [ {{ consumer: storefront }} ] }}',
            f'{{ name: only-partner, match: {{ path: "/only-partner/**" }}, {usual}, backend: payments, access: [ {{ consumer: partner }} ] }}',
            f'{{ name: direct, match: {{ path: "/direct/**" }}, {usual}, backend: direct, access: [ {{ project: shop, environments: [ production ] }} ] }}',
            '{ name: bare, match: { path: "/bare/**" }, policies: [ api-key ], backend: direct }',
            '{ name: open, match: { path: "/open/**" }, policies: [ anonymous ], backend: direct }',
            '{ name: strict, match: { path: "/strict/**" }, policies: [ api-key ], backend: payments }',
            f'{{ name: static, match: {{ path: "/static/**" }}, {usual}, static: {{ body: x }}, access: [ {{ project: partner }} ] }}',
            '{ name: away, match: { path: "/away/**" }, policies: [ api-key ], redirect: { to: "https://example.com/" } }',
            '{ name: no-policies, match: { path: "/no-policies/**" }, backend: direct }',
            f'{{ name: split, match: {{ path: "/split/**" }}, {usual}, split: [ {{ backend: payments, weight: 1 }}, {{ backend: orders, weight: 0 }} ] }}',
            '{ name: through, match: { path: "/through/**" }, policies: [ api-key ], backend: inner }',
            f'{{ name: through-open, match: {{ path: "/through-open/**" }}, {usual}, backend: inner }}',
            '{ name: to-direct, match: { path: "/to-direct/**" }, policies: [ api-key ], access: [ { consumer: partner } ], backend: inner-direct }',
            '{ name: inner, match: { host: inner.internal }, access: [ { project: shop } ], backend: payments }',
            '{ name: inner-direct, match: { host: inner-direct.internal }, backend: direct }',
            f'{{ name: fallback, match: {{ path: "/fallback/**" }}, {usual}, backend: fallback, access: [ {{ consumer: "*" }} ] }}',
            f'{{ name: mirrored, match: {{ path: "/mirrored/**" }}, {usual}, backend: direct, access: [ {{ consumer: "*" }} ], mirror: {{ backend: payments }} }}',
        ]
        site.config.write_text("\n".join([
            "workers: 2", CALM, f'admin: {{ address: "127.0.0.1:{site.admin_port}" }}', f'listeners: [ {{ address: "127.0.0.1:{site.client_port}" }} ]',
            f'tunnels: {{ directory: tunnels.d, tls: {{ address: "{site.tunnel_address}", key: connector.key }} }}', "backends:",
            *(f"  {name}: {{ endpoints: [ {', '.join(json.dumps(one) for one in ends.split(', '))} ] }}" for name, ends in backends.items()),
            "routes:", *(f"  - {one}" for one in routes), CONSUMERS]))
        tokens = {"t1": site.token, "t2": site.create_tunnel("t2")}
        self.url = url
        for tunnel, services in SERVICES.items():
            self.set_services(tunnel, services)
        self.connector = site.start_connector()
        for tunnel in agents:
            site.start_agent(allow=[one.split("//")[1] for one in url.values()], token=tokens[tunnel], environment={"TUNNEL_TRANSPORT_PROTOCOL": "tls"})
        site.wait_sessions(count=2 * len(agents), agents=len(agents))
        wait_for(lambda: can_connect(site.client_port), "the client port")

    def set_services(self, tunnel, services):
        document = {"version": 1, "services": [{"name": name, "endpoint": self.url[name], "configurations": rules} for name, rules in services.items()]}
        path = self.write(f"services-{tunnel}.json", json.dumps(document))
        self.site.tool("tunnel", "services", "update", tunnel, "--configuration-file", path)

    def ask(self, path, caller):
        return fetch(self.site.client_port, path, headers={"x-api-key": KEYS[caller]} if caller else {})

    def explain(self, caller, *arguments):
        name, environment = CALLERS[caller]
        more = ("--environment", environment) if environment else ()
        return subprocess.run([CONNECTOR, "access", "explain", "--config", self.site.config, "--consumer", name, *more, *arguments],
                              cwd=self.directory, capture_output=True, text=True, timeout=30)

    def test_the_table(self):
        self.up()
        self.assertGreater(len(CASES), 50)
        for path, caller, status in CASES:
            with self.subTest(path=path, caller=caller):
                answer = self.ask(path, caller)
                self.assertEqual(answer.status, status, answer.body)
                if status == 403:
                    self.assertEqual(answer.problem()["code"], "access-denied")
        self.assertEqual({tuple(self.ask("/mixed/x", "partner").body.split()[:1]) for _ in range(6)}, {(b"orders",)})
        self.assertEqual(self.origins["ledger"].seen, [])

        # The command says the same, by the same rules.
        for path, caller, status in CASES:
            name = path.split("/")[1]
            if status in (200, 403) and not (name == "open" and caller == "prod"):
                with self.subTest(explain=name, caller=caller):
                    told = self.explain(caller, "--route", name)
                    self.assertEqual(told.returncode, 0 if status == 200 else 1, told.stdout + told.stderr)
        told = self.explain("prod", "--service", "payments")
        self.assertEqual((told.returncode, told.stdout), (0, "allowed  service payments: service payments allows project shop in production\n"))
        told = self.explain("preview", "--service", "payments", "--output", "json")
        self.assertEqual((told.returncode, json.loads(told.stdout)["allowed"], json.loads(told.stdout)["findings"][0]["reason"]),
                         (1, False, "service payments allows no consumer storefront in preview"))
        self.assertEqual(self.explain("partner", "--service", "payments", "--project", "shop").returncode, 0)
        unclear = subprocess.run([CONNECTOR, "access", "explain", "--config", self.site.config, "--consumer", "storefront", "--service", "payments"], cwd=self.directory,
                                 capture_output=True, text=True, timeout=30)
        self.assertEqual(unclear.returncode, 2)
        self.assertIn("several environments (preview, production)", unclear.stderr)
        self.assertIn("did you mean 'limited'", self.explain("prod", "--route", "limitd").stderr)
        shown = self.site.tool("explain", "--path", "/limited/x").stdout
        self.assertIn("api-key, then anonymous", shown)
        self.assertIn("consumer storefront in any environment", shown)

    def test_what_stands_in_for_another_endpoint_is_asked_too(self):
        self.up()
        for _ in range(4):
            self.assertEqual(self.ask("/fallback/x", "prod").body.split()[0], b"payments")
            self.assertEqual(self.ask("/fallback/x", "partner").status, 502)
        self.assertEqual({len(self.origins["payments"].seen)}, {4})
        for caller in ("prod", "partner"):
            self.assertEqual(self.ask("/mirrored/x", caller).status, 200)
        labels = {"route": "mirrored", "backend": "payments"}
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_mirror_requests_total", **labels, result="sent") == 1, "the copy that may go")
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_mirror_requests_total", **labels, reason="access") == 1, "the copy that may not")

    def test_files_of_tunnels_count_as_soon_as_they_change(self):
        self.up()
        self.assertEqual((self.ask("/payments/x", "partner").status, self.ask("/payments/x", "prod").status), (403, 200))
        self.set_services("t1", {**SERVICES["t1"], "payments": [rule("partner", "production")]})
        wait_for(lambda: self.ask("/payments/x", "partner").status == 200, "the new rule")
        wait_for(lambda: self.ask("/payments/x", "prod").status == 403, "the end of the old one at every worker")
        self.set_services("t1", {**SERVICES["t1"], "payments": []})
        wait_for(lambda: self.ask("/payments/x", "partner").status == 403, "no rule at all")

    def test_who_is_denied_learns_nothing_and_leaves_a_line(self):
        self.up(agents=("t1",))
        self.assertEqual([self.ask("/vault/x", caller).status for caller in ("prod", "preview", None)], [503, 403, 403])
        answer = self.ask("/only-partner/x", "prod")
        self.assertEqual(answer.problem()["detail"], "route only-partner allows no consumer storefront in production")
        wait_for(lambda: self.connector.log().count('"message":"access denied"') >= 3, "the lines")
        line = next(json.loads(one) for one in self.connector.log().splitlines() if '"route":"only-partner","rule"' in one)
        self.assertEqual((line["consumer"], line["environment"], line["rule"]), ("storefront", "production", "route only-partner allows no consumer storefront in production"))
        self.assertTrue(line["by"].startswith("api-key "))
        self.assertEqual(metric(self.site.admin_port, "adit_access_denied_total", route="only-partner", at="route", reaches=1), 1)
        self.assertEqual(metric(self.site.admin_port, "adit_access_denied_total", route="vault", at="service", reaches=2), 2)

    def test_a_new_key_is_shown_once_and_works(self):
        self.up(agents=("t1",))
        made = json.loads(self.run_tool(CONNECTOR, "consumer", "new-key", "partner", "--output", "json").stdout)
        self.assertEqual(made["sha256"], sha(made["key"]))
        text = self.run_tool(CONNECTOR, "consumer", "new-key", "partner")
        self.assertIn(f'sha256: "{sha(text.stdout.strip())}"', text.stderr)
        self.assertNotEqual(made["key"], text.stdout.strip())
        self.site.config.write_text(self.site.config.read_text().replace(sha("key-3"), made["sha256"]))
        wait_for(lambda: fetch(self.site.client_port, "/orders/x", headers={"x-api-key": made["key"]}).status == 200, "the new key")
        wait_for(lambda: self.ask("/orders/x", "partner").status == 401, "the end of the old one at every worker")


main()
