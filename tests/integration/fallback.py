"""Who answers when a backend cannot: another backend, or words of the connector's own; and what is done without for the others' sake."""
import json

from caching_origin import CachingOrigin
from harness import CALM, CONNECTOR, Case, Process, can_connect, fetch, free_port, main, metric, wait_for


class Fallback(Case):
    def start(self, routes, backends="", extra=""):
        self.first, self.second = CachingOrigin(self), CachingOrigin(self)
        self.port, self.admin = free_port(), free_port()
        self.config = self.write("adit.yaml", f"""
listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]
admin: {{ address: "127.0.0.1:{self.admin}" }}
workers: 2
{CALM}
log: {{ format: json }}
backends:
  first: {{ endpoints: [ "http://127.0.0.1:{self.first.port}" ]{backends} }}
  second: {{ endpoints: [ "http://127.0.0.1:{self.second.port}" ] }}
  dead: {{ endpoints: [ "http://127.0.0.1:{free_port()}" ] }}
routes:
{routes}
{extra}
""")
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the listener")

    def lines(self):
        return [json.loads(line) for line in self.connector.log().splitlines() if '"logger":"access"' in line]

    def line(self, **wanted):
        return wait_for(lambda: next((one for one in self.lines() if all(one.get(k) == v for k, v in wanted.items())), None), f"a line with {wanted}")

    def tool(self, *arguments, status=0):
        done = self.run_tool(CONNECTOR, *arguments, "--config", self.config, status=status)
        return done.stdout + done.stderr

    def test_another_backend_or_words_of_our_own_answer(self):
        self.start("""
  - { match: { path: /chain/** }, backend: first, fallback: { to: [ { backend: dead }, { backend: second } ] } }
  - { match: { path: /words/** }, backend: first, fallback: { on: [ connect-failure, 5xx ], to: [ { backend: dead }, { static: { status: 203, content_type: text/html, body: "later" } } ] } }
  - { match: { path: /none/** }, backend: first, fallback: { to: [ { backend: dead } ] } }
""")
        self.assertEqual([fetch(self.port, path).body for path in ("/chain/x", "/words/x", "/none/x")], [b"/chain/x 1\n", b"/words/x 1\n", b"/none/x 1\n"])
        # an answer that is meant, and one that is not
        self.first.page("/chain/x").status = 503
        answer = fetch(self.port, "/chain/x", method="PUT", body=b"some")
        self.assertEqual((answer.status, answer.body), (200, b"/chain/x 1\n"))
        self.assertEqual([self.second.page("/chain/x").calls[0][name] for name in (":method", ":body")], ["PUT", b"some"])
        self.assertEqual(self.line(fallback="second")["backend"], "first")
        self.first.page("/chain/x").status = 500
        self.assertEqual(fetch(self.port, "/chain/x").status, 500)
        self.first.page("/chain/x").status = 404
        self.assertEqual(fetch(self.port, "/chain/x").status, 404)
        self.first.page("/words/x").status = 500
        answer = fetch(self.port, "/words/x")
        self.assertEqual((answer.status, answer.body, answer.headers["content-type"], answer.headers["cache-control"]), (203, b"later", "text/html", "no-store"))
        # the last one's own answer is the client's, whatever it is
        self.first.page("/chain/x").status = self.second.page("/chain/x").status = 503
        answer = fetch(self.port, "/chain/x")
        self.assertEqual((answer.status, answer.body[:8]), (503, b"/chain/x"))
        # nobody can
        self.first.page("/none/x").status = 502
        answer = fetch(self.port, "/none/x")
        self.assertEqual(answer.status, 502)
        self.assertIn("the origin answered 502", answer.problem()["detail"])
        self.assertIn("the fallback dead", answer.problem()["detail"])
        # and when the backend is gone
        self.first.stop()
        self.second.page("/chain/x").status = 200
        self.assertEqual(fetch(self.port, "/chain/x").status, 200)
        self.assertEqual(fetch(self.port, "/words/x").body, b"later")
        self.assertEqual(self.line(fallback="static")["status"], 203)
        self.assertGreaterEqual(metric(self.admin, "adit_fallbacks_total", of="route:*/words/**", to="static", result="answered", reaches=2), 2)
        self.assertGreaterEqual(metric(self.admin, "adit_fallbacks_total", of="route:*/chain/**", to="dead", result="failed", reaches=2), 2)

    def test_a_body_that_is_gone_is_not_sent_anywhere_else(self):
        self.start('  - { match: { path: /** }, backend: first, fallback: { to: [ { backend: second }, { static: { status: 202, body: "noted" } } ] } }\n')
        self.first.say("/x", status=503)
        body = b"x" * 300_000
        answer = fetch(self.port, "/x", method="POST", body=body)
        self.assertEqual((answer.status, answer.body), (202, b"noted"))
        self.assertEqual(self.second.calls("/x"), 0)
        # nor is what may have been done already, but for what can be told again by its key
        self.assertEqual(fetch(self.port, "/x", method="POST", body=b"pay").body, b"noted")
        self.assertEqual(self.second.calls("/x"), 0)
        self.assertEqual(fetch(self.port, "/x", method="POST", body=b"pay", headers={"Idempotency-Key": "1"}).status, 200)
        self.assertEqual(self.second.page("/x").calls.pop()[":body"], b"pay")
        # nothing of it was taken by a backend that is gone: it goes elsewhere whole
        self.first.stop()
        answer = fetch(self.port, "/x", method="POST", body=body)
        self.assertEqual((answer.status, self.second.page("/x").calls[0][":body"] == body), (200, True))

    def test_stale_answers_come_before_fallbacks(self):
        self.start("  - { match: { path: /** }, backend: first }\n",
                   backends=', cache: { stale_if_error: 60s }, fallback: { to: [ { static: { status: 200, body: "words" } } ] }')
        self.first.say("/kept", {"Cache-Control": "max-age=0", "ETag": '"a"'})
        kept = fetch(self.port, "/kept").body
        self.first.stop()
        self.assertEqual(fetch(self.port, "/kept").body, kept)
        self.assertEqual(fetch(self.port, "/other").body, b"words")
        self.assertEqual(fetch(self.port, "/other", headers={"Cache-Control": "only-if-cached"}).status, 504)

    def test_configurations_that_lead_nowhere_are_refused_with_their_place(self):
        self.first, self.second, self.port, self.admin = None, None, free_port(), free_port()
        config = self.write("bad.yaml", f"""
listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]
backends:
  a: {{ endpoints: [ "http://127.0.0.1:1" ], fallback: {{ to: [ {{ backend: a }} ] }} }}
  b: {{ endpoints: [ "http://127.0.0.1:1" ], fallback: {{ to: [ {{ backend: nobody }} ] }} }}
  c: {{ endpoints: [ "internal://r" ] }}
routes:
  - {{ name: r, match: {{ path: /r/** }}, backend: b, fallback: {{ to: [ {{ backend: c }}, {{ static: {{ body: x }}, backend: a }} ] }} }}
""")
        told = self.run_tool(CONNECTOR, "check", "--config", config, status=2).stderr
        for words in ("5:", "there is no backend 'nobody'", "not internal://ROUTE", "a backend or a static answer"):
            self.assertIn(words, told)

    def test_what_is_not_essential_waits_while_others_are_in_trouble(self):
        self.start("""
  - { match: { path: /pay/** }, backend: first }
  - { match: { path: /extra/** }, backend: second, essential: false }
  - { match: { path: /words/** }, static: { body: hello }, essential: false }
""", backends=", essential: true, circuit: { consecutive: 3, cooldown: 1s, probes: 1, recovery: 0s }", extra="degrade: { hold: 1s }")
        self.assertEqual([fetch(self.port, path).status for path in ("/pay/x", "/extra/x")], [200, 200])
        # an operator's word
        self.assertIn("reduced", self.tool("degrade", "on"))
        answer = fetch(self.port, "/extra/x")
        self.assertEqual((answer.status, answer.problem()["code"]), (503, "functionality-reduced"))
        self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        self.assertEqual((fetch(self.port, "/words/x").status, fetch(self.port, "/pay/x").status), (503, 200))
        self.assertEqual(self.line(reduced="operator")["status"], 503)
        self.assertIn("functionality", self.tool("status"))
        self.assertIn("full", self.tool("degrade", "off"))
        self.assertEqual(fetch(self.port, "/extra/x").status, 200)
        self.tool("degrade", "auto")
        # stress of an essential backend
        calls = self.second.calls("/extra/x")
        self.first.say("/pay/x", status=503)
        wait_for(lambda: b"circuit-open" in fetch(self.port, "/pay/x").body, "the circuit")
        wait_for(lambda: metric(self.admin, "adit_functionality_reduced") == 1, "less functionality")
        self.assertEqual(fetch(self.port, "/extra/x").status, 503)
        self.assertIn("first", self.tool("degrade", "status"))
        self.assertEqual(self.second.calls("/extra/x"), calls)
        self.first.page("/pay/x").status = 200
        wait_for(lambda: fetch(self.port, "/pay/x").status == 200, "the circuit to close")
        wait_for(lambda: fetch(self.port, "/extra/x").status == 200, "all functionality")
        wait_for(lambda: self.connector.log().count('"degrade.o') >= 4, "the events")
        self.assertGreaterEqual(metric(self.admin, "adit_functionality_refused_total", reaches=3), 3)


if __name__ == "__main__":
    main()
