"""How requests are spread: weights, least requests, keys, priorities and zones, slow start, and endpoints that their own traffic takes out."""
import collections
import concurrent.futures
import json
import threading

from fault_backend import FaultBackend
from harness import Case, Site, can_connect, fetch, main, metric, wait_for
from servers import Origin


def held_by(origin):
    return sum(path == "/least/held" for _, path, _ in origin.seen)


class Balance(Case):
    def site_of(self, backends, services=None, extra="", workers=1):
        site = Site(self, services or {"unused": "http://127.0.0.1:9"}, backends, [(f"/{name}/**", name) for name in backends], workers=workers, extra=extra)
        return site

    def up(self, backends, **keywords):
        self.site = self.site_of(backends, **keywords)
        self.connector = self.site.start_connector()
        self.wait_ready()
        return self.site

    def wait_ready(self):
        wait_for(lambda: can_connect(self.site.client_port), "the client port")

    def names(self, path, count, **keywords):
        with concurrent.futures.ThreadPoolExecutor(8) as callers:
            return collections.Counter(callers.map(lambda _: self.site.get(path, **keywords).body.split()[0].decode(), range(count)))

    def vitals(self, backend):
        told = json.loads(fetch(self.site.admin_port, "/status").body)
        return next(one["vitals"] for one in told["backends"] if one["name"] == backend)

    def test_weights_keys_priorities_zones_and_load(self):
        a, b, c = (Origin(name) for name in "abc")
        url = {o.name: f"http://127.0.0.1:{o.port}" for o in (a, b, c)}
        plain = ", ".join(url.values())
        weighted = f"{{ url: \"{url['a']}\", weight: 3 }}, {{ url: \"{url['b']}\", weight: 1 }}, {{ url: \"{url['c']}\", weight: 0 }}"
        self.up({"turns": f"endpoints: [ {plain} ], balance: {{ by: round-robin }}",
                 "weights": f"endpoints: [ {weighted} ], balance: {{ by: round-robin }}",
                 "chance": f"endpoints: [ {weighted} ], balance: {{ by: random }}",
                 "least": f"endpoints: [ {plain} ]",
                 "header": f"endpoints: [ {plain} ], balance: {{ by: hash, key: header x-user }}",
                 "cookie": f"endpoints: [ {plain} ], balance: {{ by: hash, key: cookie session }}",
                 "ranked": f"endpoints: [ {{ url: \"{url['a']}\" }}, {{ url: \"{url['b']}\", priority: 1 }}, {{ url: \"{url['c']}\", priority: 2 }} ]",
                 "zoned": f"endpoints: [ {{ url: \"{url['a']}\", zone: east }}, {{ url: \"{url['b']}\", zone: west }} ], balance: {{ zone: west }}"})
        with self.subTest("in turn"):
            self.assertEqual(set(self.names("/turns/x", 30).values()), {10})
        with self.subTest("in turn by weight"):
            self.assertEqual(self.names("/weights/x", 40), {"a": 30, "b": 10})
        with self.subTest("by chance and weight; who weighs nothing gets nothing"):
            got = self.names("/chance/x", 200)
            self.assertEqual(set(got), {"a", "b"})
            self.assertGreater(got["a"], 110)
        with self.subTest("priorities and zones"):
            self.assertEqual(set(self.names("/ranked/x", 20)), {"a"})
            self.assertEqual(set(self.names("/zoned/x", 20)), {"b"})
        with self.subTest("the same key goes to the same endpoint"):
            homes = {}
            for user in range(30):
                got = self.names("/header/x", 3, headers={"x-user": f"user-{user}"})
                self.assertEqual(len(got), 1)
                homes[user] = next(iter(got))
            self.assertEqual(set(homes.values()), {"a", "b", "c"})
            for user in range(10):
                self.assertEqual(len(self.names("/cookie/x", 3, headers={"cookie": f"a=b; session={user}"})), 1)
            self.assertEqual(len(self.names("/cookie/x", 60)), 3)  # without one, chance decides
        with self.subTest("the busy one gets less"):
            held = [threading.Thread(target=self.site.get, args=("/least/held",)) for _ in range(30)]
            for thread in held:
                thread.start()
            wait_for(lambda: sum(held_by(o) for o in (a, b, c)) == 30, "all to be held")
            busy = sorted(held_by(o) for o in (a, b, c))
            self.assertLessEqual(busy[2] - busy[0], 6, busy)
            wait_for(lambda: sum(v["in_flight"] for v in self.vitals("least")) == 30, "the count")
            for origin in (a, b, c):
                origin.release.set()
            for thread in held:
                thread.join()
            wait_for(lambda: sum(v["in_flight"] for v in self.vitals("least")) == 0, "the end of the count")

    def test_a_tunnel_without_agents_fails_over_at_once_and_gets_its_requests_back(self):
        near, far = Origin("near"), Origin("far")
        services = {"near": f"http://127.0.0.1:{near.port}"}
        self.site = self.site_of({"web": f"endpoints: [ {{ url: service://near }}, {{ url: \"http://127.0.0.1:{far.port}\", priority: 1 }} ]"}, services)
        _, (agent,) = self.site.up()
        self.assertEqual(set(self.names("/web/x", 10)), {"near"})
        agent.signal(9)
        agent.wait()
        wait_for(lambda: not self.site.sessions(), "the sessions to end")
        for method in ("GET", "POST"):
            answer = self.site.get("/web/x", method=method)
            self.assertEqual((answer.status, answer.body.split()[0]), (200, b"far"))
        self.site.start_agent()
        wait_for(lambda: self.site.get("/web/x").body.startswith(b"near"), "requests to come back", 30)

    def test_outliers(self):
        backends = [FaultBackend(self, name) for name in ("one", "two", "three")]
        urls = ", ".join(b.url for b in backends)
        self.up({"web": f"endpoints: [ {urls} ], outlier: {{ consecutive: 3, ejection: 60s }}, balance: {{ by: round-robin }}",
                 "brief": f"endpoints: [ {urls} ], outlier: {{ consecutive: 3, ejection: 2s, ejection_most: 30s }}, balance: {{ by: round-robin }}",
                 "pair": f"endpoints: [ {backends[0].url}, {backends[1].url} ], outlier: {{ consecutive: 3, ejection: 30s, ejected_most: 100 }}, balance: {{ by: round-robin }}",
                 "slow": f"endpoints: [ {urls} ], outlier: {{ consecutive: 0, latency: 300, minimum: 3, interval: 3s, ejection: 60s }}, balance: {{ by: round-robin }}"})
        with self.subTest("one of three that fails goes"):
            backends[0].behave(dict(status=503))
            statuses = collections.Counter(self.site.get("/web/x").status for _ in range(40))
            self.assertEqual(statuses, {200: 37, 503: 3})
            self.assertEqual([v["state"] for v in self.vitals("web")], ["ejected", "well", "well"])
            self.assertRegex(self.site.tool("status", status=1).stdout, r"ejected until 20")
            self.assertEqual(metric(self.site.admin_port, "adit_connector_endpoint_ejections_total", backend="web", reason="consecutive", reaches=1), 1)
        with self.subTest("and comes back"):
            ejections = lambda: metric(self.site.admin_port, "adit_connector_endpoint_ejections_total", backend="brief")
            wait_for(lambda: self.site.get("/brief/x") and ejections() == 1, "one to go")
            backends[0].behave()
            backends[0].forget()
            wait_for(lambda: self.vitals("brief")[0]["state"] == "well", "its return")
            self.assertTrue(all(self.site.get("/brief/x").status == 200 for _ in range(6)))
            self.assertEqual(backends[0].counts().calls, 2)
            wait_for(lambda: "gets requests again" in self.connector.log(), "the event")
        with self.subTest("the last one stays whatever it does"):
            for backend in backends[:2]:
                backend.behave(dict(status=503))
            self.assertEqual({self.site.get("/pair/x").status for _ in range(30)}, {503})
            self.assertEqual(sorted(v["state"] for v in self.vitals("pair")), ["ejected", "well"])
            for backend in backends[:2]:
                backend.behave()
        with self.subTest("one that is much slower than the others"):
            backends[1].behave(dict(latency=0.5))
            wait_for(lambda: self.site.get("/slow/x").status == 200 and self.vitals("slow")[1]["state"] == "ejected", "the slow one to go", seconds=40)
            self.assertEqual([v["state"] for v in self.vitals("slow")], ["well", "ejected", "well"])
            self.assertEqual(metric(self.site.admin_port, "adit_connector_endpoint_ejections_total", backend="slow", reason="latency", reaches=1), 1)

    def test_a_new_endpoint_gets_its_share_slowly(self):
        a, b = Origin("a"), Origin("b")
        settings = "balance: { by: round-robin, slow_start: 4s }"
        one = f"endpoints: [ http://127.0.0.1:{a.port} ], {settings}"
        two = f"endpoints: [ http://127.0.0.1:{a.port}, http://127.0.0.1:{b.port} ], {settings}"
        self.up({"web": one})
        wait_for(lambda: "warming_up" not in self.vitals("web")[0], "the first one to be warm")
        self.site.config.write_text(self.site.config.read_text().replace(one, two))
        self.assertEqual(fetch(self.site.admin_port, "/reload", "POST").status, 200)  # at once: its share is small only for a while
        self.assertEqual([v.get("warming_up", False) for v in self.vitals("web")], [False, True])
        got = self.names("/web/x", 20)
        self.assertGreater(got["a"], got["b"])
        wait_for(lambda: set(self.names("/web/x", 10).values()) == {5}, "equal shares")


if __name__ == "__main__":
    main()
