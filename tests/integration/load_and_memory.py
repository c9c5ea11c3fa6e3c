"""Balance, back-pressure, and what is left behind after thousands of streams."""
import socket
import threading

from harness import Case, Site, fetch, main, metric, scaled, wait_for
from servers import Origin, start_nginx


def parallel(count, work):
    results = [None] * count
    threads = [threading.Thread(target=lambda i=i: results.__setitem__(i, work(i)), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


class LoadAndMemory(Case):
    def test_two_agents_share_concurrent_requests_evenly(self):
        origin = Origin()
        site = Site(self, {"web": f"http://127.0.0.1:{origin.port}"})
        connector, agents = site.up(agents=2)
        for _ in range(3):
            before = len(site.access_lines(connector))
            answers = parallel(30, lambda i: site.get("/nap/0.3").status)
            self.assertEqual(answers, [200] * 30)
            lines = wait_for(lambda: (lambda l: l if len(l) >= 30 else None)(site.access_lines(connector)[before:]), "the access lines")
            shares = [sum(1 for l in lines if l["agent"] == agent) for agent in {l["agent"] for l in lines}]
            self.assertEqual(len(shares), 2)
            self.assertGreaterEqual(min(shares), 12, shares)

    def test_one_stalled_reader_does_not_stop_the_others_and_memory_stays_bounded(self):
        size = 100_000_000
        origin = Origin()
        site = Site(self, {"web": f"http://127.0.0.1:{origin.port}"})
        connector, (agent,) = site.up()
        stalled = socket.create_connection(("127.0.0.1", site.client_port))
        stalled.sendall(f"GET /bytes/{size} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        self.assertTrue(stalled.recv(1000))
        answers = parallel(99, lambda i: len(site.get("/bytes/200000").body))
        self.assertEqual(answers, [200_000] * 99)
        room = 64 * 1024 if "asan" not in str(connector.popen.args) else 1024 * 1024
        self.assertLess(connector.rss_kib(), room)
        self.assertLess(agent.rss_kib(), room)
        left = size
        while left > size - 20_000_000:  # the stalled one goes on where it stood
            left -= len(stalled.recv(1 << 20))
        stalled.close()

    def test_thousands_of_streams_leave_nothing_behind(self):
        port = start_nginx(self, {"small": b"s" * 1024}, lines="keepalive_timeout 0;")
        site = Site(self, {"web": f"http://127.0.0.1:{port}"})
        connector, (agent,) = site.up()

        def sequential(count):
            def some(_):
                connection = __import__("http.client", fromlist=["client"]).HTTPConnection("127.0.0.1", site.client_port, timeout=20)
                for _ in range(count // 4):
                    connection.request("GET", "/small")
                    response = connection.getresponse()
                    if response.status != 200 or len(response.read()) != 1024:
                        return False
                connection.close()
                return True
            self.assertEqual(parallel(4, some), [True] * 4)

        def at_rest():
            return metric(agent.metrics_port, "adit_agent_streams") == 0

        def concurrent():
            count = scaled(1000, 100)
            self.assertEqual(set(parallel(count, lambda i: fetch(site.client_port, "/small", seconds=60).status)), {200})

        sequential(scaled(2000, 200))
        concurrent()  # what many at once need is kept for the next time
        wait_for(at_rest, "streams to end")
        before = [(p.descriptors(), p.rss_kib()) for p in (connector, agent)]
        opened = metric(agent.metrics_port, "adit_agent_streams_total")
        sequential(scaled(10_000, 400))
        self.assertGreaterEqual(metric(agent.metrics_port, "adit_agent_streams_total") - opened, scaled(10_000, 400) * 0.9)
        concurrent()
        wait_for(at_rest, "streams to end")
        wait_for(lambda: all(p.descriptors() <= b[0] + 4 for p, b in zip((connector, agent), before)), "descriptors to return")
        for process, (_, rss) in zip((connector, agent), before):
            self.assertLess(process.rss_kib(), rss + (12_000 if "asan" not in str(process.popen.args) else 300_000))


main()
