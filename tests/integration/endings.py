"""What ends in the midst of something ends visibly and in time: grace periods, keys, origins and frozen agents."""
import http.client
import json
import signal
import socket
import threading
import time

from harness import Case, Site, main, raw, wait_for
from servers import Origin, Scripted

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"


class Endings(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.addCleanup(self.origin.release.set)

    def site(self, **more):
        return Site(self, {"web": f"http://127.0.0.1:{self.origin.port}", **more}, routes=[(f"/{name}/**", name) for name in ["web", *more]])

    def ask(self, site, path, **keywords):
        """A request of its own thread; the list gets its answer, or what went wrong."""
        answers = []

        def work():
            try:
                answers.append(site.get(path, **keywords))
            except (OSError, http.client.HTTPException) as error:
                answers.append(error)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        wait_for(lambda: any(seen_path == path for _, seen_path, _ in self.origin.seen), "the request at the origin")
        return answers

    def test_the_grace_period_of_an_agent_has_an_end(self):
        site = self.site()
        _, (agent,) = site.up(environment={"TUNNEL_GRACE_PERIOD": "1s"})
        answers = self.ask(site, "/web/held")
        agent.signal(signal.SIGTERM)
        told = time.monotonic()
        self.assertEqual(agent.wait(12), 0)  # the origin holds its answer for longer
        self.assertGreater(time.monotonic() - told, 0.8)
        self.assertIn("the grace period is over", agent.log())
        wait_for(lambda: answers, "the client to be told")
        self.assertEqual((answers[0].status, answers[0].problem()["code"]), (502, "connection-terminated"))

    def test_an_idle_agent_does_not_wait_for_its_grace_period(self):
        _, (agent,) = self.site().up()
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait(10), 0)
        self.assertNotIn("the grace period is over", agent.log())

    def test_a_key_that_expires_ends_its_sessions_and_a_newer_one_carries_on(self):
        site = self.site()
        _, (old,) = site.up()
        rotated = json.loads(site.tool("tunnel", "rotate-token", "t1", "--expire-old", "10s", "--output", "json").stdout)
        self.assertEqual(len({s["key"] for s in site.sessions()}), 1)
        site.start_agent(token=rotated["token"])
        site.wait_sessions(count=8, agents=2)
        statuses = []

        def only_the_new_one():
            statuses.append(site.get("/web/x").status)
            return {s["key"] for s in site.sessions()} == {rotated["key"]}
        wait_for(only_the_new_one, "the old key's sessions to end", 20)
        wait_for(lambda: "has expired" in old.log(), "the reason in the agent's log")
        self.assertEqual(set(statuses), {200})

    def test_an_origin_that_resets_in_mid_body_is_never_taken_for_a_whole_answer(self):
        origins = {"chunked": Scripted(CHUNKED, "reset"), "sized": Scripted(SIZED, "reset")}
        site = self.site(**{name: f"http://127.0.0.1:{origin.port}" for name, origin in origins.items()})
        connector, _ = site.up()
        for name in origins:
            with self.subTest(name):
                answer = raw(site.client_port, b"GET /%s/x HTTP/1.1\r\nHost: a\r\n\r\n" % name.encode())
                self.assertFalse(answer.endswith(b"\r\n0\r\n\r\n"), answer)
                if answer.startswith(b"HTTP/1.1 200"):
                    self.assertTrue(answer.closed, "the connection stayed open")
                    line = wait_for(lambda: [l for l in site.access_lines(connector) if l["path"] == f"/{name}/x"], "the access line")[0]
                    self.assertIn("before it was complete", line["reason"])
                else:  # the reset overtook the first bytes
                    self.assertTrue(answer.startswith(b"HTTP/1.1 502"), answer)

    def test_a_body_that_its_agent_took_along_is_no_whole_request(self):
        site = self.site()
        _, (agent,) = site.up()
        with socket.create_connection(("127.0.0.1", site.client_port), timeout=15) as client:
            client.sendall(b"POST /web/cut HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + bytes(100_000))
            wait_for(lambda: any(s["streams"] for s in site.sessions()), "the stream")
            agent.popen.kill()
            answer = client.recv(65536)
        self.assertEqual(answer[:12], b"HTTP/1.1 502")
        wait_for(lambda: not site.sessions(), "its sessions to end")
        site.start_agent()
        site.wait_sessions(count=4)
        self.assertEqual(site.get("/web/next").status, 200)
        self.assertEqual([path for _, path, _ in self.origin.seen], ["/web/next"])

    def test_a_request_in_a_frozen_agent_fails_in_seconds(self):
        site = self.site()
        _, (agent,) = site.up()
        answers = self.ask(site, "/web/held")
        agent.signal(signal.SIGSTOP)
        wait_for(lambda: answers, "the client to be told")
        self.assertIn(answers[0].status, (502, 504))
        self.assertIn("error=", answers[0].headers["proxy-status"])
        wait_for(lambda: not [s for s in site.sessions() if s["state"] == "ready"], "all its sessions to be given up")
        self.assertEqual(site.get("/web/x").status, 503)
        agent.signal(signal.SIGCONT)
        site.wait_sessions(count=4)
        self.origin.release.set()
        self.assertEqual(site.get("/web/x").status, 200)


main()
