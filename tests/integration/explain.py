"""What a request would do, told without sending it: with a running connector and without one."""
import json

from fault_backend import FaultBackend
from harness import CONNECTOR, Case, Process, can_connect, fetch, free_port, main, wait_for

CONFIG = """
admin: { address: "127.0.0.1:%(admin)d" }
listeners: [ { address: "127.0.0.1:%(port)d" } ]
timeouts: { idle: 45s }
consumers:
  - { name: shop, environment: production, api_keys: [ "sha256:%(digest)s" ] }
  - { name: partner }
policies:
  keys: { api_key: {} }
backends:
  web:
    endpoints: [ "http://127.0.0.1:%(backend)d" ]
    timeouts: { first_byte: 3s, total: 20s }
    retry: { attempts: 3, backoff: 100ms }
    circuit: { consecutive: 2, cooldown: 30s, window: 60s }
    bulkhead: { concurrent: 8, queue: 4 }
    fallback: { to: [ { static: { status: 200, body: sorry } } ] }
routes:
  - { name: shop, match: { path: "/shop/**" }, policies: [ keys ], access: [ { consumer: shop } ], backend: web, timeouts: { per_try: 2s }, priority: high, cost: 2 }
  - { name: beta, match: { path: "/x/**", headers: { x-beta: "1" } }, policies: [ keys ], access: [ { consumer: shop } ], backend: web, cache: { ttl: 5s } }
  - { name: rest, match: { path: "/x/**" }, policies: [ keys ], access: [ { consumer: shop } ], backend: web }
"""
DIGEST = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"


class Explain(Case):
    def setUp(self):
        super().setUp()
        self.backend = FaultBackend(self)
        self.port, self.admin = free_port(), free_port()
        self.config = self.write("adit.yaml", CONFIG % {"admin": self.admin, "port": self.port, "backend": self.backend.port, "digest": DIGEST})

    def explain(self, *arguments, status=0):
        return self.run_tool(CONNECTOR, "explain", "--config", self.config, *arguments, status=status)

    def told(self, *arguments):
        return json.loads(self.explain(*arguments, "--output", "json").stdout)

    def test_without_a_running_connector_the_configuration_is_told_with_where_it_says_so(self):
        text = self.explain("--path", "/shop/7", "--consumer", "shop", "--environment", "production").stdout
        for words in ("route     shop", "connect 5s (default)", "first_byte 3s (backend web)", "idle 45s (file)", "per_try 2s (route shop)",
                      "total 20s (backend web)", "3 tries in all (backend web), each up to 2s", "keys: accepts, the consumer has 1 key",
                      "allowed  route shop: backend web", "backend web: opens after 2 failures in a row", "backend web: 8 at once, 4 wait for up to 1s",
                      "static 200 (backend web)", "priority  high, costs 2 of a rate limit", "not running: configuration only"):
            with self.subTest(words):
                self.assertIn(words, text)
        self.assertNotIn("secret", text)
        self.assertEqual(self.backend.counts().calls, 0)

    def test_a_caller_without_a_credential_or_a_rule_is_told_which_is_missing(self):
        told = self.told("--path", "/shop/7", "--consumer", "partner")
        self.assertEqual(told["verdicts"], [{"policy": "keys", "kind": "api_key", "verdict": "refuses", "reason": "the consumer has no key"}])
        self.assertFalse(told["caller"]["allowed"])
        self.assertEqual(self.told("--path", "/shop/7")["verdicts"][0]["reason"], "a key in the field x-api-key")

    def test_fields_choose_the_route(self):
        self.assertEqual(self.told("--path", "/x/1", "--header", "X-Beta: 1")["route"], "beta")
        self.assertEqual(self.told("--path", "/x/1")["route"], "rest")
        self.assertEqual(self.told("--path", "/x/1", "--header", "x-beta: 1")["terms"]["cache"]["ttl"]["ms"], 5000)
        self.assertIn("write --header", self.explain("--header", "nonsense", status=2).stderr)

    def test_a_running_connector_says_how_it_stands(self):
        connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.port) or not connector.alive(), "the listener")
        live = self.told("--path", "/shop/7")["live"]
        self.assertEqual((live["backend"]["name"], live["circuits"][0]["state"]), ("web", "closed"))
        self.backend.behave(dict(how="reset"))
        for _ in range(4):
            fetch(self.port, "/shop/7", headers={"x-api-key": "secret"})
        self.assertEqual(self.told("--path", "/shop/7")["live"]["circuits"][0]["state"], "open")
        calls = self.backend.counts().calls
        text = self.explain("--path", "/shop/7").stdout
        self.assertRegex(text, r"circuit +now name backend:web, state open")
        self.assertRegex(text, r"live +as adit-\w+ says now")
        self.assertEqual(self.backend.counts().calls, calls)


main()
