"""The jwt policy: tokens of an independent implementation, good ones and bad ones, and an issuer's keys in good days and bad."""
import http.client
import json
import signal
import threading
import time
import urllib.parse

from certificates import Authority
from harness import CONNECTOR, Case, Process, Site, can_connect, fetch, free_port, main, metric, wait_for
from node_peers import run_client, start_server
from servers import Origin, start_nginx

AUDIENCE = "https://api.example"
ANYBODY = 'access: [ { consumer: "*", environments: [ "*" ] } ]'


class Issuer:
    """node/issuer.js, a third party's."""

    def __init__(self, case):
        self.port = start_server(case, "issuer")
        self.url = f"http://127.0.0.1:{self.port}"
        wait_for(lambda: self.control("counts").get("kid"), "the issuer's first key")

    def control(self, what, **parameters):
        return json.loads(fetch(self.port, f"/control/{what}?{urllib.parse.urlencode(parameters)}").body)

    def token(self, kid=None, **claims):
        told = {"claims": json.dumps({"aud": AUDIENCE, "sub": "user-1", **claims}), **({"kid": kid} if kid else {})}
        return self.control("token", **told)["token"]

    def fetches(self):
        return self.control("counts")["counts"]["/jwks"]

    def keys(self, *kids):
        keys = json.loads(fetch(self.port, "/jwks?own=1").body)["keys"]
        return json.dumps({"keys": [key for key in keys if not kids or key["kid"] in kids]})


class Tokens(Case):
    def up(self, policies, consumers="", headers=""):
        """A connector with a route for each policy, `/NAME`."""
        self.origin = Origin()
        self.port, self.admin = free_port(), free_port()
        lines = [f'listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]', f'admin: {{ address: "127.0.0.1:{self.admin}" }}', "workers: 2",
                 f"backends: {{ web: {{ endpoints: [ http://127.0.0.1:{self.origin.port} ] }} }}", f"consumers: [ {consumers} ]", "policies:"]
        lines += [f'  {name}: {{ jwt: {{ audiences: [ "{AUDIENCE}" ], {text} }} }}' for name, text in policies.items()]
        lines += ["routes:"] + [f"  - {{ match: {{ path: /{name}/** }}, policies: [ {name} ], backend: web, {ANYBODY}{headers} }}" for name in policies]
        self.config = self.write("adit.yaml", "\n".join(lines) + "\n")
        connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.port) or not connector.alive(), "the listener")
        return connector

    def ask(self, name, token):
        return fetch(self.port, f"/{name}/x", headers={"authorization": f"Bearer {token}"})

    def status(self, name, token):
        return self.ask(name, token).status

    def send(self, connection, fields):
        """A request with exactly these fields, in their order."""
        connection.putrequest("GET", "/idp/status/204", skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read()

    def test_bad_tokens_are_refused_and_their_good_twins_are_not(self):
        lure = Origin("lure")
        told = run_client(self, "bad_tokens", {"issuer": "https://idp.example", "audience": AUDIENCE, "lure": f"http://127.0.0.1:{lure.port}"})
        keys = self.write("jwks.json", json.dumps(told["jwks"]))
        connector = self.up({"idp": f"issuer: https://idp.example, jwks_file: {keys}"})
        self.assertGreaterEqual(len(told["bad"]), 100)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        for row in told["bad"]:
            with self.subTest(row["name"]):
                seen = len(self.origin.seen)
                status, fields, body = self.send(connection, row["fields"])
                self.assertEqual((status, json.loads(body)["code"]), (401, "unauthenticated"))
                self.assertEqual(len(self.origin.seen), seen)
                self.assertIn('Bearer realm="idp"', {k.lower(): v for k, v in fields}["www-authenticate"])
                self.assertEqual(self.send(connection, row["twin"])[0], 204)
                self.assertEqual(len(self.origin.seen), seen + 1)
        for row in told["good"]:
            with self.subTest(row["name"]):
                status, _, body = self.send(connection, row["fields"])
                self.assertEqual(status, 204, body)
        self.assertEqual(lure.seen, [])
        log = connector.log()
        for row in told["bad"] + told["good"]:
            for _, value in row["fields"]:
                self.assertNotIn(max(value.split("."), key=len)[:60] if len(value) > 200 else "\0", log)

    def test_claims_name_the_caller_and_become_attributes(self):
        told = run_client(self, "bad_tokens", {"issuer": "https://idp.example", "audience": AUDIENCE, "lure": ""})
        keys = self.write("jwks.json", json.dumps(told["jwks"]))
        good = {row["name"]: row["fields"] for row in told["good"]}
        self.up({"idp": f'issuer: https://idp.example, jwks_file: {keys}, environment: staging, claims: [ realm_access.roles, realm_access.level, "https://example.com/team", admin, azp ]'},
                consumers="{ name: jobs, environment: production, attributes: { azp: configured }, tokens: [ { issuer: https://idp.example, claims: { azp: batch } } ] }",
                headers=', headers: { request: { set: { x-roles: "{attribute.realm_access.roles}", x-admin: "{attribute.admin}", x-azp: "{attribute.azp}" } } }')
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

        def seen(name):
            self.assertEqual(self.send(connection, good[name])[0], 204)
            return {k.lower(): v for k, v in self.origin.seen[-1][2].items()}
        fields = seen("with claims")
        self.assertEqual((fields["x-adit-consumer"], fields["x-adit-environment"]), ("user-1", "staging"))
        self.assertEqual((fields["x-roles"], fields["x-admin"], fields["x-azp"]), ("reader writer", "false", "mobile"))
        self.assertNotIn("authorization", fields)
        fields = seen("of a listed client")
        self.assertEqual((fields["x-adit-consumer"], fields["x-adit-environment"], fields["x-azp"]), ("jobs", "production", "configured"))

    def test_a_new_key_is_fetched_once_however_many_ask_and_made_up_ones_are_not(self):
        issuer = Issuer(self)
        connector = self.up({"idp": f"issuer: {issuer.url}"})
        self.assertEqual(self.status("idp", issuer.token()), 200)
        self.assertEqual(issuer.fetches(), 1)
        old = issuer.token()
        issuer.control("rotate")
        new = issuer.token()
        issuer.control("mode", jwks="held")
        began = time.monotonic()
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(self.status("idp", new))) for _ in range(40)]
        for thread in threads:
            thread.start()
        wait_for(lambda: issuer.control("counts")["held"] == 1, "the fetch")
        self.assertEqual(self.status("idp", old), 200)  # nobody else waits
        issuer.control("release")
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 40)
        self.assertEqual(issuer.fetches(), 2)
        issuer.control("mode")
        self.assertEqual({self.status("idp", issuer.token(kid=f"made-up-{i}")) for i in range(30)}, {401})
        self.assertEqual({self.status("idp", issuer.token(kid=f"foreign-{i}", iss="https://other.example")) for i in range(5)}, {401})
        fetches = issuer.fetches()
        self.assertLessEqual(fetches, 2 + (time.monotonic() - began) // 10)  # unknown keys are asked for every 10 s at most
        self.assertGreaterEqual(metric(self.admin, "adit_authentications_total", policy="idp", result="refused", reaches=35), 35)
        # A new configuration goes on with the keys of the one before.
        self.config.write_text(self.config.read_text() + "log: { level: info }\n")
        connector.signal(signal.SIGHUP)
        wait_for(lambda: "configuration reloaded" in connector.log(), "the reload")
        self.assertEqual(self.status("idp", new), 200)
        self.assertEqual(issuer.fetches(), fetches)

    def test_keys_go_on_being_used_while_the_issuer_fails_and_for_so_long_as_is_said(self):
        issuer = Issuer(self)
        self.up({"long": f"issuer: {issuer.url}, jwks_url: {issuer.url}/jwks, refresh: 1s",
                 "short": f"issuer: {issuer.url}, jwks_url: {issuer.url}/jwks, refresh: 1s, stale: 2s"})
        token = issuer.token()
        self.assertEqual([self.status(name, token) for name in ("long", "short")], [200, 200])
        for mode in ("500", "malformed"):
            issuer.control("mode", jwks=mode)
            before = issuer.fetches()
            wait_for(lambda before=before: issuer.fetches() >= before + 2, f"two fetches of {mode}", 20)
            self.assertEqual(self.status("long", token), 200)
        wait_for(lambda: self.status("short", token) == 503, "the end of stale keys")
        answer = self.ask("short", token)
        self.assertEqual((answer.status, answer.problem()["code"]), (503, "authentication-unavailable"))
        self.assertNotIn("www-authenticate", answer.headers)
        self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        self.assertEqual(self.status("long", token), 200)
        issuer.control("mode")
        wait_for(lambda: self.status("short", token) == 200, "the keys again", 40)

    def test_without_any_keys_nobody_comes_in(self):
        issuer = Issuer(self)
        modes = ("500", "429", "404", "redirect", "malformed", "html", "large", "twice", "reset")
        discovered = ("other", "outside", "keyless", "html")
        policies = {f"m-{mode}": f"issuer: {issuer.url}, jwks_url: '{issuer.url}/jwks?mode={mode}'" for mode in modes}
        policies["gone"] = f"issuer: {issuer.url}, jwks_url: http://127.0.0.1:{free_port()}/jwks"
        policies |= {f"d-{mode}": f"issuer: {issuer.url}/{mode}" for mode in discovered}
        policies["rfc8414"] = f"issuer: {issuer.url}/rfc8414"
        connector = self.up(policies)
        answers = {}

        def ask(name):
            iss = f"{issuer.url}/{name[2:]}" if name.startswith("d-") else f"{issuer.url}/rfc8414" if name == "rfc8414" else issuer.url
            answers[name] = self.ask(name, issuer.token(iss=iss))
        threads = [threading.Thread(target=ask, args=(name,)) for name in policies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers.pop("rfc8414").status, 200)
        for name, answer in answers.items():
            with self.subTest(name):
                self.assertEqual((answer.status, answer.problem()["code"]), (503, "authentication-unavailable"))
                self.assertGreaterEqual(int(answer.headers["retry-after"]), 40 if name == "m-429" else 1)  # of 70
                self.assertNotIn("www-authenticate", answer.headers)
                self.assertNotIn(str(issuer.port), answer.problem()["detail"])
        self.assertEqual(self.status("gone", issuer.token(iss="https://other.example")), 401)  # no keys are needed for that
        self.assertEqual(fetch(self.port, "/gone/x").status, 401)
        self.assertEqual([path for _, path, _ in self.origin.seen], ["/rfc8414/x"])
        for words in ("redirects are not followed", "of another issuer", "jwks_uri cannot be used", "not a key set"):
            wait_for(lambda: words in connector.log(), words)  # noqa: B023

    def test_keys_over_tls_come_from_whom_the_certificate_names(self):
        issuer = Issuer(self)
        authority, stranger = Authority(self), Authority(self, "stranger")
        port, wrong = free_port(), free_port()
        files = {"jwks": issuer.keys().encode()}
        for name, at, san in (("right", port, "IP:127.0.0.1"), ("wrong", wrong, "DNS:other.example")):
            certificate, key = authority.issue(name, san)
            start_nginx(self, files, lines=f"listen 127.0.0.1:{at} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};")
            wait_for(lambda at=at: can_connect(at), "nginx with TLS")
        here = f"issuer: {issuer.url}, jwks_url: https://127.0.0.1"
        self.up({"good": f"{here}:{port}/jwks, ca: {authority.file}", "stranger": f"{here}:{port}/jwks, ca: {stranger.file}",
                 "system": f"{here}:{port}/jwks", "misnamed": f"{here}:{wrong}/jwks, ca: {authority.file}"})
        token = issuer.token()
        self.assertEqual({name: self.status(name, token) for name in ("good", "stranger", "system", "misnamed")},
                         {"good": 200, "stranger": 503, "system": 503, "misnamed": 503})

    def test_keys_of_a_private_issuer_are_reached_by_a_tunnel(self):
        issuer, origin = Issuer(self), Origin()
        site = Site(self, {"idp": issuer.url}, backends={"web": f"endpoints: [ http://127.0.0.1:{origin.port} ]"}, routes=[("/closed/**", "web")], extra=f"""
  - {{ match: {{ path: /** }}, policies: [ idp ], backend: web, {ANYBODY} }}
policies:
  idp: {{ jwt: {{ issuer: "{issuer.url}", audiences: [ "{AUDIENCE}" ], jwks_url: "http://localhost:1/jwks", through: "service://idp" }} }}
""")
        connector = site.start_connector()
        wait_for(lambda: can_connect(site.client_port) or not connector.alive(), "the listener")
        self.port, token = site.client_port, issuer.token()
        site.start_agent()
        wait_for(lambda: self.status("x", token) == 200, "the keys", 40)

    def test_keys_in_a_file_are_followed(self):
        issuer = Issuer(self)
        first, old = issuer.control("counts")["kid"], issuer.token()
        keys = self.write("jwks.json", issuer.keys(first))
        self.up({"idp": f"issuer: {issuer.url}, jwks_file: {keys}"})
        self.assertEqual(self.status("idp", old), 200)
        issuer.control("rotate")
        second, new = issuer.control("counts")["kid"], issuer.token()
        self.assertEqual(self.status("idp", new), 401)
        keys.write_text(issuer.keys(first, second))
        wait_for(lambda: self.status("idp", new) == 200, "the new key")
        keys.write_text("{")
        self.assertEqual(self.status("idp", new), 200)
        keys.write_text(issuer.keys(second))
        wait_for(lambda: self.status("idp", old) == 401, "the end of the old key")
        self.assertEqual(self.status("idp", new), 200)

    def test_a_configuration_that_would_weaken_it_is_refused_in_words(self):
        self.write("good.json", '{"keys":[]}')
        for text, words in (
                ('issuer: https://i.example, algorithms: [ HS256 ]', "whoever can check a token of HS256 can also make one"),
                ('issuer: https://i.example, algorithms: [ none ]', "a token without a signature proves nothing"),
                ('issuer: https://i.example, algorithms: [ RS2566 ]', "did you mean RS256?"),
                ('issuer: https://i.example, algorithms: [ ]', "accepts no token"),
                ('issuer: https://i.example, jwks_url: http://keys.example/jwks', "it must be https"),
                ('issuer: http://i.example', "cannot be discovered"),
                ('issuer: accounts.example', "say jwks_url or jwks_file"),
                ('issuer: https://i.example, jwks_url: https://i.example/k, jwks_file: good.json', "from one of them"),
                ('issuer: https://i.example, refresh: 1h, stale: 1m', "given up"),
                ('issuer: https://i.example, audiences: [ ]', "name the audience that is you")):
            with self.subTest(text):
                audiences = "" if "audiences" in text else f'audiences: [ "{AUDIENCE}" ], '
                config = self.write("bad.yaml", f'listeners: [ {{ address: "127.0.0.1:1" }} ]\nbackends: {{ web: {{ endpoints: [ http://127.0.0.1:1 ] }} }}\n'
                                    f'policies: {{ idp: {{ jwt: {{ {audiences}{text} }} }} }}\nroutes: [ {{ match: {{ path: /** }}, policies: [ idp ], backend: web, {ANYBODY} }} ]\n')
                done = self.run_tool(CONNECTOR, "check", "--config", config, status=2)
                self.assertIn(words, " ".join((done.stdout + done.stderr).split()))


if __name__ == "__main__":
    main()
