"""Connectors are told to stop, are killed and find their ports taken; under a load of uploads they are replaced."""
import hashlib
import http.client
import json
import os
import select
import signal
import socket
import threading
import unittest

from harness import CONNECTOR, TRANSPORT, Case, Process, Site, can_connect, fetch, free_port, main, scaled, wait_for
from servers import Origin


class ConnectorLifecycle(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"})

    def ask_held(self):
        """A request that the origin holds until it is released; its answers come into the list."""
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.site.get("/held")), daemon=True)
        asking.start()
        wait_for(lambda: self.origin.seen, "the request at the origin")
        return asking, answers

    def test_a_term_signal_lets_running_answers_finish(self):
        connector, _ = self.site.up()
        asking, answers = self.ask_held()
        connector.signal(signal.SIGTERM)
        wait_for(lambda: fetch(self.site.admin_port, "/ready").status == 503, "the connector to drain")
        self.assertEqual(fetch(self.site.admin_port, "/live").status, 200)
        self.assertTrue(connector.alive())
        self.origin.release.set()
        asking.join(10)
        self.assertEqual((answers[0].status, answers[0].body), (200, b"held origin"))
        self.assertEqual(connector.wait(15), 0)

    def test_a_second_term_signal_stops_at_once(self):
        connector, _ = self.site.up()
        self.ask_held()
        connector.signal(signal.SIGTERM)
        wait_for(lambda: fetch(self.site.admin_port, "/ready").status == 503, "the connector to drain")
        connector.signal(signal.SIGTERM)
        connector.wait(9)  # the origin holds its answer for longer
        self.origin.release.set()

    def test_a_reading_that_hangs_keeps_no_connector_from_ending(self):
        os.mkfifo(self.directory / "pipe")
        pipe = os.open(self.directory / "pipe", os.O_RDWR)
        self.addCleanup(os.close, pipe)
        os.write(pipe, b"# the first line\n")
        connector = self.site.start_connector(prefix=("sh", "-c", 'exec "$@" < pipe', "-"))
        self.site.config.write_text(self.site.config.read_text() + "include: [ /dev/stdin ]\n")
        connector.signal(signal.SIGHUP)
        wait_for(lambda: not select.select([pipe], [], [], 0)[0], "a thread to read what there is, and to wait for more")
        connector.signal(signal.SIGTERM)
        wait_for(lambda: fetch(self.site.admin_port, "/ready").status == 503, "the connector to drain")
        connector.signal(signal.SIGTERM)
        self.assertEqual(connector.wait(), 1)
        self.assertIn("a thread that hangs", connector.log())

    def test_an_idle_connector_leaves_soon_and_frees_its_ports(self):
        connector, _ = self.site.up()
        kept = http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=10)
        kept.request("GET", "/x")
        self.assertEqual(kept.getresponse().read()[:6], b"origin")
        connector.signal(signal.SIGTERM)
        self.assertEqual(connector.wait(15), 0)
        kept.close()
        self.assertFalse(can_connect(self.site.client_port) or can_connect(self.site.tunnel_port))

    def test_a_port_of_another_program_is_named(self):
        for port in (self.site.client_port, self.site.admin_port):
            with self.subTest(port), socket.create_server(("127.0.0.1", port), reuse_port=False):
                process = Process(self, "refused", [CONNECTOR, "run", "--config", self.site.config])
                self.assertEqual(process.wait(10), 1, process.log())
                self.assertIn(str(port), process.log())

    def test_uploads_and_downloads_survive_a_replacement(self):
        old, _ = self.site.up(agents=2)
        self.goal, self.done, self.failed = scaled(1500, 100), 0, []
        body = bytes(range(256)) * 256
        wanted = f"origin {len(body)} {hashlib.sha256(body).hexdigest()}".encode()
        stop, lock = threading.Event(), threading.Lock()

        def work(post):
            client = None
            while not stop.is_set():
                try:
                    client = client or http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=20)
                    client.request(*(("POST", "/up", body) if post else ("GET", "/bytes/300000")))
                    answer = client.getresponse()
                    got = answer.read()
                    good = answer.status == 200 and (got == wanted if post else len(got) == 300_000)
                    with lock:
                        self.done += 1
                        self.failed += [] if good else [(answer.status, got[:200])]
                    if answer.headers.get("connection", "").lower() == "close":
                        client.close()
                        client = None
                except (OSError, http.client.HTTPException) as error:
                    with lock:
                        self.failed.append(repr(error))
                    client.close()
                    client = None
            if client:
                client.close()

        threads = [threading.Thread(target=work, args=(i % 2 == 0,), daemon=True) for i in range(8)]
        for thread in threads:
            thread.start()
        wait_for(lambda: self.done > self.goal // 4 or self.failed, "some load", 60)
        new = self.site.start_connector(wait=False)
        wait_for(lambda: "connector started" in new.log(), "the successor to start")
        old.signal(signal.SIGTERM)
        self.assertEqual(old.wait(40), 0)
        wait_for(lambda: self.done >= self.goal or self.failed, "enough requests", 90)
        stop.set()
        for thread in threads:
            thread.join(30)
        self.assertEqual(self.failed[:5], [])

    @unittest.skipIf(TRANSPORT == "wireguard", "which has addresses of another kind in its tokens")
    def test_a_connector_that_was_away_gets_its_share_of_the_sessions_again(self):
        site, ports = self.site, [free_port() for _ in range(3)]
        text = site.config.read_text()
        for old, new in zip((site.client_port, site.tunnel_port, site.admin_port), ports):
            text = text.replace(f':{old}"', f':{new}"')
        second = self.write("second.yaml", text)
        token = site.tool("tunnel", "rotate-token", "t1", "--connect", site.tunnel_address, "--connect", f"127.0.0.1:{ports[1]}").stdout

        def sessions(admin):
            tunnels = json.loads(fetch(admin, "/sessions").body)["tunnels"]
            return [s for tunnel in tunnels for s in tunnel["sessions"] if s["state"] == "ready"]

        first = site.start_connector()
        Process(self, "second", [CONNECTOR, "run", "--config", second])
        wait_for(lambda: can_connect(ports[2]), "the second connector")
        site.start_agent(token=token)
        wait_for(lambda: len(sessions(site.admin_port)) == 2 and len(sessions(ports[2])) == 2, "two sessions each")
        first.signal(signal.SIGKILL)
        first.wait()
        wait_for(lambda: len(sessions(ports[2])) == 4, "all sessions at the other")
        site.start_connector()
        wait_for(lambda: len(sessions(site.admin_port)) == 2 and len(sessions(ports[2])) == 2, "two sessions each again", 30)
        self.assertEqual([fetch(port, "/x").status for port in (site.client_port, ports[0])], [200, 200])


main()
