"""Places that are bounded: at a listener the one who does nothing gives way, no client takes all of them, and no token all
sessions of a connector."""
import collections
import contextlib
import http.client
import socket
from pathlib import Path

from h2_peers import Client
from harness import Case, Site, main, metric, wait_for
from servers import Origin


def ended(connection):
    """The other side has closed it, or does so soon."""
    connection.settimeout(10)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


class Places(Case):
    def up(self, listener):
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, listener=", " + listener, workers=1)
        self.connector, _ = self.site.up()
        self.addCleanup(self.origin.release.set)

    def refused(self, reason, reaches=0):
        return metric(self.site.admin_port, "adit_connector_client_refused_total", reason=reason, reaches=reaches)

    def client(self, source=None):
        return http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=20, source_address=source and (source, 0))

    def asked(self, client, path="/x", headers=None):
        client.request("GET", path, headers=headers or {})
        answer = client.getresponse()
        answer.read()
        return answer.status

    def begin_held(self, client):
        """A request that lasts until the origin is told to answer."""
        before = len(self.origin.seen)
        client.request("GET", "/held")
        wait_for(lambda: len(self.origin.seen) > before, "the origin to be asked")
        return client

    def test_the_one_that_has_waited_longest_for_a_request_gives_way(self):
        self.up("limits: { connections: 6 }")
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_client_connections") == 0, "nobody")
        with contextlib.ExitStack() as stack:
            def arrive():
                return stack.enter_context(socket.create_connection(("127.0.0.1", self.site.client_port), timeout=10))
            kept = stack.enter_context(contextlib.closing(self.client()))
            self.assertEqual(self.asked(kept), 200)
            silent, half = arrive(), arrive()
            half.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n")
            h2 = stack.enter_context(Client(self.site.client_port))
            self.assertEqual(h2.get("/x").status, 200)
            working = [self.begin_held(stack.enter_context(contextlib.closing(self.client())))]
            busy = stack.enter_context(Client(self.site.client_port))
            before = len(self.origin.seen)
            stream = busy.begin("/held")
            wait_for(lambda: len(self.origin.seen) > before, "the origin to be asked")
            self.assertEqual(self.asked(kept), 200)  # and is idle for less time than all others now

            for name, gone in {"silent": lambda: ended(silent), "in its head": lambda: ended(half), "idle, of HTTP/2": lambda: not h2.settle(),
                               "idle": lambda: ended(kept.sock)}.items():
                with self.subTest(name):
                    self.assertEqual(self.refused("gave_way", reaches=len(working) - 1), len(working) - 1)
                    working.append(self.begin_held(stack.enter_context(contextlib.closing(self.client()))))
                    self.assertTrue(gone())
            self.assertIsNotNone(h2.goaway)
            late = arrive()
            self.assertTrue(ended(late))
            self.assertEqual((self.refused("gave_way", reaches=4), self.refused("connections", reaches=1)), (4, 1))
            self.origin.release.set()
            self.assertEqual([one.getresponse().status for one in working], [200] * 5)
            self.assertEqual(busy.finish(stream).status, 200)

    def test_one_client_has_so_many_connections_and_others_have_theirs(self):
        self.up("limits: { connections_per_client: 3 }, trusted_proxies: [ 127.0.0.0/8 ]")
        with contextlib.ExitStack() as stack:
            def arrive(source=None):
                return stack.enter_context(contextlib.closing(self.client(source)))
            wait_for(lambda: metric(self.site.admin_port, "adit_connector_client_connections") == 0, "nobody")
            first = [arrive() for _ in range(3)]
            # Whom a proxy names is nothing to this bound.
            self.assertEqual([self.asked(one, headers={"X-Forwarded-For": f"192.0.2.{i}"}) for i, one in enumerate(first)], [200] * 3)
            with self.assertRaises((OSError, http.client.HTTPException)):
                self.asked(arrive(), headers={"X-Forwarded-For": "192.0.2.9"})
            self.assertEqual([self.asked(arrive("127.0.0.2")) for _ in range(3)], [200] * 3)
            self.assertEqual((self.refused("per_client", reaches=1), self.refused("connections"), self.refused("gave_way")), (1, 0, 0))
            self.assertEqual([self.asked(one) for one in first], [200] * 3)
            first.pop().close()
            wait_for(lambda: metric(self.site.admin_port, "adit_connector_client_connections") == 5, "a place to be free")
            self.assertEqual(self.asked(arrive()), 200)

    def test_one_token_has_so_many_sessions_and_others_have_theirs(self):
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, workers=1)
        config = Path(self.site.config)
        config.write_text(config.read_text().replace("directory: tunnels.d,", "directory: tunnels.d, sessions_per_key: 5,"))
        connector, (first,) = self.site.up()
        second = self.site.start_agent()
        words = "this token has as many sessions as it may have"
        wait_for(lambda: words in second.log(), "the second agent to be told")
        self.site.wait_sessions(count=5, agents=2)
        self.assertNotIn(words, first.log())
        self.assertGreaterEqual(metric(self.site.admin_port, "adit_connector_session_refused_total", reason="key_sessions", reaches=1), 1)
        wait_for(lambda: "tunnels.sessions_per_key" in connector.log(), "the connector's word of it")
        other = self.site.create_tunnel("t2")
        self.site.start_agent(token=other)
        self.site.wait_sessions(count=9, agents=3)
        first.stop()

        def each():
            return sorted(collections.Counter(session["agent"] for session in self.site.sessions() if session["state"] == "ready").values())
        wait_for(lambda: each() == [4, 4], "the places of the first for the second", 60)

    def test_silence_at_status_addresses_keeps_nobody_out_and_is_counted(self):
        self.up("limits: { connections: 6 }")
        agent = self.site.start_agent()
        self.site.wait_sessions(count=8, agents=2)
        for port, name in ((self.site.admin_port, "adit_admin_refused_total"), (agent.metrics_port, "adit_agent_status_refused_total")):
            with self.subTest(name), contextlib.ExitStack() as stack:
                for _ in range(100):
                    stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
                self.assertGreaterEqual(metric(port, name, reason="silent", reaches=100 - 64), 100 - 64)


if __name__ == "__main__":
    main()
