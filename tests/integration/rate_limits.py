"""Rate limits: exact over all workers, by whatever tells callers apart, told in fields of answers, and given back where we refuse."""
import collections
import concurrent.futures
import hashlib
import json
import re
import socket

from fault_backend import FaultBackend
from harness import CALM, CONNECTOR, Case, Process, can_connect, fetch, free_port, main, metric, wait_for

KEYS = {"shop-1": "shop", "shop-2": "shop", "till-1": "till", "gold-1": "gold"}


class RateLimits(Case):
    def start(self, policies, routes, more=""):
        """`policies` by name, in YAML; `routes` by the first segment of their path."""
        self.backend = FaultBackend(self)
        self.port, self.admin = free_port(), free_port()
        self.configure(policies, routes, more)
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the listener")

    def configure(self, policies, routes, more=""):
        lines = [f'listeners: [ {{ address: "127.0.0.1:{self.port}", trusted_proxies: [ 127.0.0.1 ] }} ]',
                 f'admin: {{ address: "127.0.0.1:{self.admin}" }}', "workers: 2", CALM, "log: { format: json }", "backends:",
                 f'  web: {{ endpoints: [ "http://127.0.0.1:{self.backend.port}" ] }}', more, "policies:"]
        lines += [f"  {name}: {text}" for name, text in policies.items()]
        lines += ["routes:"] + [f"  - {{ name: {name}, match: {{ path: /{name}/** }}, backend: web, {text} }}" for name, text in routes.items()]
        self.config = self.write("adit.yaml", "\n".join(lines) + "\n")

    def start_with_consumers(self, policies, routes):
        digests = collections.defaultdict(list)
        for key, consumer in KEYS.items():
            digests[consumer].append(f'"sha256:{hashlib.sha256(key.encode()).hexdigest()}"')
        routes = {name: f"access: [ {{ consumer: '*' }}, {{ consumer: anonymous }} ], {text}" for name, text in routes.items()}
        self.start(policies, routes)
        consumers = "\n".join(f"  - {{ name: {name}, api_keys: [ {', '.join(keys)} ], attributes: {{ plan: {name}, region: north }} }}"
                              for name, keys in digests.items())
        self.configure(policies, routes)
        self.write("adit.yaml", (self.directory / "adit.yaml").read_text() + "consumers:\n" + consumers + "\n")
        self.run_tool(CONNECTOR, "reload", "--config", self.config)

    def ask(self, path, key=None, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            fields["x-api-key"] = key
        return fetch(self.port, path, headers=fields)

    def statuses(self, path, count, key=None, **headers):
        return [self.ask(path, key, **headers).status for _ in range(count)]

    def lines(self, **wanted):
        lines = [json.loads(line) for line in self.connector.log().splitlines() if '"logger":"access"' in line]
        return [line for line in lines if all(line.get(name) == value for name, value in wanted.items())]

    def test_clients_on_all_workers_together_get_exactly_what_there_is(self):
        self.start({"fifty": "{ rate_limit: { by: all, limits: [ { requests: 50, per: 1h } ] } }"}, {"a": "policies: [ fifty ]"})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = collections.Counter(pool.map(lambda _: self.ask("/a/x").status, range(200)))
        self.assertEqual(statuses, {200: 50, 429: 150})
        self.assertEqual(self.backend.counts().calls, 50)
        self.assertEqual(metric(self.admin, "adit_rate_limit_requests_total", policy="fifty", result="allowed", reaches=50), 50)
        self.assertEqual(metric(self.admin, "adit_rate_limit_requests_total", policy="fifty", result="refused", reaches=150), 150)
        refused = self.ask("/a/x")
        problem = refused.problem()
        self.assertEqual((problem["code"], problem["status"]), ("rate-limited", 429))
        self.assertIn("policy fifty allows 50 requests in 1h", problem["detail"])
        self.assertTrue(1 <= int(refused.headers["retry-after"]) <= 72)
        self.assertIn("http_request_denied", refused.headers["proxy-status"])
        status = json.loads(fetch(self.admin, "/status").body)["rate_limits"]
        self.assertEqual([(row["policy"], row["refused_lately"], row["allowed"]) for row in status], [("fifty", 151, 50)])
        self.assertIn("REFUSED IN 5 MIN", self.run_tool(CONNECTOR, "status", "--config", self.config).stdout)
        line = wait_for(lambda: self.lines(request_id=problem["trace"]["requestId"]), "the access line")[0]
        self.assertEqual((line["rate_limit"], line["rate_limit_result"], line["rate_limit_left"]), ("fifty", "refused", 0))

    def test_answers_tell_of_the_tightest_window(self):
        self.start({"both": "{ rate_limit: { by: client_ip, limits: [ { requests: 5, per: 1m }, { requests: 3, per: 1h } ] } }",
                    "one": "{ rate_limit: { by: client_ip, limits: [ { requests: 10, per: 1h, burst: 4 } ] } }",
                    "quiet": "{ rate_limit: { by: client_ip, fields: false, limits: [ { requests: 2, per: 1h } ] } }"},
                   {"both": "policies: [ both ], headers: { response: { set: { x-own: '1' } } }", "one": "policies: [ one ]", "quiet": "policies: [ quiet ]",
                    "dear": "policies: [ one ], cost: 3", "free": "policies: [ quiet ], cost: 0", "two": "policies: [ one, both ]"})
        first = self.ask("/both/x")
        self.assertEqual(first.headers["ratelimit-policy"], '"both-60s";q=5;w=60, "both-3600s";q=3;w=3600')
        self.assertEqual((first.headers["ratelimit"], first.headers["x-own"]), ('"both-3600s";r=2;t=1200', "1"))
        self.assertEqual(self.statuses("/both/x", 3), [200, 200, 429])
        refused = self.ask("/both/x")
        self.assertRegex(refused.headers["ratelimit"], r'^"both-3600s";r=0;t=3[56]\d\d$')
        self.assertEqual(refused.headers["x-own"], "1")
        self.assertEqual(self.ask("/one/x", x_forwarded_for="192.0.2.1").headers["ratelimit-policy"], '"one";q=10;w=3600')
        self.assertEqual(self.ask("/one/x", x_forwarded_for="192.0.2.2").headers["ratelimit"], '"one";r=3;t=360')
        self.assertRegex(self.ask("/dear/x", x_forwarded_for="192.0.2.2").headers["ratelimit"], r'^"one";r=0;t=14[0-4]\d$')
        self.assertEqual(self.ask("/dear/x", x_forwarded_for="192.0.2.2").status, 429)
        self.assertNotIn("ratelimit", self.ask("/quiet/x").headers)
        self.assertEqual(self.statuses("/quiet/x", 2), [200, 429])
        self.assertEqual(self.statuses("/free/x", 3), [200, 200, 200])
        # what an earlier limit gave is given back when a later one refuses
        caller = dict(x_forwarded_for="192.0.2.3")
        self.assertEqual(self.statuses("/both/x", 3, **caller), [200, 200, 200])
        self.assertEqual(self.statuses("/two/x", 5, **caller), [429] * 5)
        self.assertEqual(self.ask("/one/x", **caller).headers["ratelimit"], '"one";r=3;t=360')

    def test_callers_are_told_apart_by_what_is_configured(self):
        limit = "limits: [ { requests: 2, per: 1h } ]"
        kinds = {"consumer": "consumer", "address": "client_ip", "key": "api_key", "tenant": "header x-tenant", "region": "claim region", "route": "route", "all": "all"}
        policies = {name: f"{{ rate_limit: {{ by: {by}, {limit} }} }}" for name, by in kinds.items()}
        policies["plans"] = f"{{ rate_limit: {{ {limit}, tier: plan, tiers: {{ gold: [ {{ requests: 4, per: 1h }} ], till: [] }} }} }}"
        self.start_with_consumers(policies, {name: f"policies: [ api-key, anonymous, {name} ]" for name in policies} | {"route2": "policies: [ api-key, route ]"})
        two = [200, 200, 429]
        self.assertEqual(self.statuses("/consumer/x", 2, "shop-1") + self.statuses("/consumer/x", 1, "shop-2"), two)
        self.assertEqual(self.statuses("/consumer/x", 3, "till-1"), two)
        self.assertEqual(self.statuses("/consumer/x", 3, x_forwarded_for="192.0.2.1"), two)  # nobody known: by address
        self.assertEqual(self.statuses("/consumer/x", 3, x_forwarded_for="192.0.2.2"), two)
        self.assertEqual(self.statuses("/address/x", 3, x_forwarded_for="192.0.2.1"), two)
        self.assertEqual([self.ask("/address/x", x_forwarded_for=f"2001:db8:0:1::{i}").status for i in range(3)], two)  # one subscriber
        self.assertEqual(self.ask("/address/x", x_forwarded_for="2001:db8:0:2::1").status, 200)
        self.assertEqual(self.statuses("/key/x", 3, "shop-1"), two)
        self.assertEqual(self.statuses("/key/x", 3, "shop-2"), two)
        self.assertEqual(self.statuses("/tenant/x", 3, x_tenant="a") + self.statuses("/tenant/x", 3, x_tenant="b"), two + two)
        self.assertEqual([self.ask("/region/x", key).status for key in ("shop-1", "till-1", "gold-1")], two)  # the same attribute
        self.assertEqual([self.ask(path, "shop-1").status for path in ("/route/x", "/route/x", "/route/x", "/route2/x")], two + [200])
        self.assertEqual(self.statuses("/all/x", 2, "shop-1") + self.statuses("/all/x", 1, "gold-1"), two)
        self.assertEqual(self.statuses("/plans/x", 3, "shop-1"), two)
        self.assertEqual(self.statuses("/plans/x", 5, "gold-1"), [200] * 4 + [429])
        self.assertEqual(self.statuses("/plans/x", 6, "till-1"), [200] * 6)  # a tier without a limit
        self.assertNotIn("ratelimit", self.ask("/plans/x", "till-1").headers)

    def test_a_dry_run_refuses_nobody_and_a_ban_does_for_longer(self):
        self.start({"trial": "{ rate_limit: { by: client_ip, dry_run: true, limits: [ { requests: 1, per: 1h } ] } }",
                    "strict": "{ rate_limit: { by: client_ip, ban_after: 2, ban_for: 30m, limits: [ { requests: 1, per: 1h } ] } }"},
                   {"trial": "policies: [ trial ]", "strict": "policies: [ strict ]"})
        self.assertEqual(self.statuses("/trial/x", 4), [200] * 4)
        self.assertNotIn("ratelimit", self.ask("/trial/x").headers)
        self.assertEqual(metric(self.admin, "adit_rate_limit_requests_total", policy="trial", result="dry-run", reaches=4), 4)
        wait_for(lambda: len(self.lines(rate_limit="trial", rate_limit_result="dry-run")) == 4, "what it would have done, in the log")
        self.assertEqual(self.statuses("/strict/x", 3), [200, 429, 429])
        banned = self.ask("/strict/x")
        self.assertEqual((banned.status, banned.problem()["code"]), (429, "banned"))
        self.assertTrue(1700 < int(banned.headers["retry-after"]) <= 1800)
        self.assertEqual(metric(self.admin, "adit_rate_limit_bans_total", policy="strict", reaches=1), 1)
        wait_for(lambda: re.search(r'"message":"a caller is banned".*client_ip 127\.0\.0\.1', self.connector.log()), "the ban in the log")
        self.assertEqual(self.ask("/strict/x").status, 429)
        self.assertEqual(metric(self.admin, "adit_events_total", event="ban", reaches=1), 1)  # once for each ban
        self.assertEqual(self.ask("/strict/x", x_forwarded_for="192.0.2.9").status, 200)

    def test_what_we_refuse_ourselves_costs_nothing(self):
        self.start({"five": "{ rate_limit: { by: all, limits: [ { requests: 5, per: 1h } ] } }"},
                   {"well": "policies: [ five ]", "broken": "policies: [ five ], circuit: { consecutive: 2 }, retry: { attempts: 1 }", "full": "policies: [ five ], bulkhead: { concurrent: 1, queue: 0 }"},
                   more=f"  away: {{ endpoints: [ service://nobody ] }}\ntunnels: {{ directory: {self.directory}/tunnels.d, tls: {{ address: '127.0.0.1:{free_port()}', key: {self.directory}/tunnel.key }} }}\n")
        text = (self.directory / "adit.yaml").read_text() + "  - { name: away, match: { path: /away/** }, backend: away, policies: [ five ] }\n"
        self.write("adit.yaml", text)
        self.run_tool(CONNECTOR, "reload", "--config", self.config)
        self.assertTrue(all(status in (502, 503) for status in self.statuses("/away/x", 5)))
        self.backend.behave(dict(path="/broken", how="reset"))
        self.assertEqual(self.statuses("/broken/x", 6), [502] * 2 + [503] * 4)  # the origin was asked for twice
        self.backend.behave(dict(path="/full/hold", how="silent"))
        holder = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.addCleanup(holder.close)
        holder.sendall(b"GET /full/hold HTTP/1.1\r\nHost: a\r\n\r\n")  # the one token that is spent
        wait_for(lambda: metric(self.admin, "adit_bulkhead_in_progress", bulkhead="route:full") == 1, "the place to be taken")
        self.assertEqual(self.statuses("/full/x", 5), [503] * 5)
        self.assertEqual(metric(self.admin, "adit_rate_limit_refunded_total", policy="five", reaches=14), 14)
        wait_for(lambda: len([line for line in self.lines() if line.get("rate_limit_refunded")]) == 14, "the refunds in the log")
        self.assertEqual(self.statuses("/well/x", 3), [200, 200, 429])

    def test_a_reload_changes_limits_and_forgets_nothing(self):
        limit = "{{ rate_limit: {{ by: all, limits: [ {{ requests: {}, per: 1h }} ] }} }}"
        self.start({"p": limit.format(4)}, {"a": "policies: [ p ]"})
        self.assertTrue(self.ask("/a/x").headers["ratelimit"].startswith('"p";r=3;'))
        self.configure({"p": limit.format(4)}, {"a": "policies: [ p ]", "b": "policies: [ p ]"})
        self.run_tool(CONNECTOR, "reload", "--config", self.config)
        self.assertTrue(self.ask("/b/x").headers["ratelimit"].startswith('"p";r=2;'))
        self.configure({"p": limit.format(8)}, {"a": "policies: [ p ]"})
        self.run_tool(CONNECTOR, "reload", "--config", self.config)
        self.assertEqual(self.statuses("/a/x", 5), [200, 200, 200, 200, 429])  # an hour, half of which was spent

    def test_limits_tighten_while_the_backend_is_slow(self):
        self.start({"p": "{ rate_limit: { by: all, tighten_beyond: 100ms, tighten_to: 10, limits: [ { requests: 1000, per: 1m } ] } }"}, {"a": "policies: [ p ]"})
        share = lambda: metric(self.admin, "adit_rate_limit_share", policy="p")
        wait_for(lambda: self.ask("/a/x") and share() == 1, "the whole limit", 30)
        self.backend.behave(dict(latency=0.3))
        wait_for(lambda: self.ask("/a/x") and share() < 0.5, "the limit to tighten", 30)
        self.backend.behave()
        wait_for(lambda: self.ask("/a/x") and share() == 1, "the limit to open", 30)


if __name__ == "__main__":
    main()
