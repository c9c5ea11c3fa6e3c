"""Every primitive of resilience at once, through a tunnel: each does its part, and none takes another's."""
import hashlib
import threading

from fault_backend import FaultBackend
from harness import Case, Site, main, metric, wait_for

COOLDOWN = "1s"


def sha(key):
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


BACKEND = f"""endpoints: [ service://web ], timeouts: {{ connect: 2s, first_byte: 5s, total: 10s }}, retry: {{ attempts: 3, backoff: 10ms }},
    circuit: {{ consecutive: 4, cooldown: {COOLDOWN}, cooldown_most: {COOLDOWN}, recovery: 0ms }}, bulkhead: {{ concurrent: 8, queue: 0 }}, cache: {{ stale_if_error: 60s }},
    fallback: {{ to: [ {{ static: {{ status: 200, body: "come back later" }} }} ], on: [ connect-failure, reset, timeout ] }}"""
EXTRA = f"""consumers:
  - {{ name: shop, project: shop, environment: production, api_keys: [ "{sha('gold')}" ], attributes: {{ tier: gold }} }}
  - {{ name: trial, project: shop, environment: production, api_keys: [ "{sha('small')}" ], attributes: {{ tier: trial }} }}
policies:
  standard: {{ rate_limit: {{ tier: tier, limits: [ {{ requests: 1000, per: 1m }} ], tiers: {{ trial: [ {{ requests: 3, per: 1h }} ] }} }} }}
  crowd: {{ bulkhead: {{ concurrent: 4, queue: 0 }} }}
"""


class CombinedResilience(Case):
    def setUp(self):
        super().setUp()
        self.backend = FaultBackend(self)
        self.site = Site(self, {"web": self.backend.url}, backends={"web": BACKEND.replace("\n", " ")}, routes=[("/**", "web")], extra=EXTRA)
        text = self.site.config.read_text()
        self.site.config.write_text(text.replace('{ match: { path: "/**" }', '{ policies: [ api-key, standard, crowd ], access: [ { consumer: "*" } ], match: { path: "/**" }'))
        self.site.up()

    def ask(self, path, key="gold", **keywords):
        headers = {"X-Api-Key": key, **keywords.pop("headers", {})}
        return self.site.get(path, headers={name: value for name, value in headers.items() if value}, **keywords)

    def calls(self, path):
        return self.backend.counts().by_path[path]

    def together(self, count, path):
        answers = [None] * count
        threads = [threading.Thread(target=lambda i=i: answers.__setitem__(i, self.ask(f"{path}/{i}")), daemon=True) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return answers

    def test_a_bad_hour(self):
        self.backend.behave(dict(path="/kept", fields={"cache-control": "max-age=0, stale-if-error=600"}), dict(path="/fresh", fields={"cache-control": "max-age=600"}),
                            dict(path="/once", status=503, times=1), dict(path="/posted", status=503, times=1), dict(path="/slow", latency=2.0))
        # Who is nobody, or had enough, costs the backend nothing.
        self.assertEqual(self.ask("/x", key="").status, 401)
        trial = [self.ask(f"/trial/{i}", key="small") for i in range(5)]
        self.assertEqual([answer.status for answer in trial], [200, 200, 200, 429, 429])
        self.assertEqual(trial[-1].problem()["code"], "rate-limited")
        self.assertGreater(int(trial[-1].headers["retry-after"]), 60)
        self.assertEqual(self.backend.counts().calls, 3)
        # What is fresh is not asked for again; what failed once is, if that is safe, and else passed on as it was.
        self.assertEqual([self.ask("/fresh").status for _ in range(3)], [200] * 3)
        self.assertEqual(self.calls("/fresh"), 1)
        self.assertEqual((self.ask("/once").status, self.calls("/once")), (200, 2))
        posted = self.ask("/posted", method="POST", body=b"pay")
        self.assertEqual((posted.status, posted.headers["x-backend"], self.calls("/posted")), (503, "backend", 1))
        # Of one caller four at a time (asking for the same, they would share one call of the cache); the rest has the fallback's answer, as after any refusal of the connector's own.
        answers = self.together(7, "/slow")
        self.assertEqual(sorted("backend" if "x-backend" in answer.headers else answer.body.decode() for answer in answers), ["backend"] * 4 + ["come back later"] * 3)
        self.assertEqual(self.ask("/kept").status, 200)
        # The backend goes: what was kept stands in, for the rest the fallback; soon nothing is asked of it any more.
        self.backend.behave(dict(how="reset"))
        self.assertEqual((self.ask("/kept").status, self.ask("/other").body), (200, b"come back later"))
        wait_for(lambda: self.ask("/other").body == b"come back later" and self.opened(), "the circuit to open")
        before = self.backend.counts().calls
        answers = [self.ask(path) for path in ("/kept", "/other", "/other")]
        self.assertEqual([answer.status for answer in answers], [200] * 3)
        self.assertIn("backend", answers[0].headers.get("x-backend", ""))
        self.assertLessEqual(self.backend.counts().calls - before, 3)  # probes, should the cooldown have ended just now
        # It comes back by itself.
        self.backend.behave()
        wait_for(lambda: self.ask("/other").headers.get("x-backend"), "the backend's own answers", 20)
        self.assertEqual(self.ask("/new").status, 200)

    def opened(self):
        return metric(self.site.admin_port, "adit_circuit_transitions_total", to="open") > 0


if __name__ == "__main__":
    main()
