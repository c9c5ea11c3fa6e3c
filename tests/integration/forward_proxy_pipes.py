"""CONNECT through a forward proxy: bytes, half-closes, breaks, silence, reloads and drains, by plain sockets."""
import signal
import socket

from harness import SANITIZED, can_connect, fetch, main, metric, raw, scaled, wait_for
from proxy_site import BYTES, Proxied, connect, dial, read_all
from servers import Accepting


class Counter(Accepting):
    """Says how much came once its client has ended its half."""

    def serve(self, connection):
        size = 0
        with connection:
            while part := connection.recv(65536):
                size += len(part)
            connection.sendall(f"{size} bytes".encode())


class Pipes(Proxied):
    def services(self):
        self.counter = Counter()
        return {"counter": f"http://127.0.0.1:{self.counter.port}"}

    def test_bytes_and_half_closes_pass(self):
        client, head = dial(self.port, f"127.0.0.1:{self.counter.port}")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"), head)
        for name in (b"content-length", b"transfer-encoding", b"connection"):
            self.assertNotIn(name, head.lower())
        client.sendall(BYTES * 50)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), (f"{len(BYTES) * 50} bytes".encode(), "end"))
        line = self.line(method="CONNECT", host=f"127.0.0.1:{self.counter.port}")
        self.assertEqual((line["status"], line["bytes_in"], line["bytes_out"]), (200, len(BYTES) * 50, len(f"{len(BYTES) * 50} bytes")))
        self.assertEqual((line["endpoint"], line["tunnel"], line["consumer"]), ("service://counter", "t1", "storefront"))

    def test_bytes_that_do_not_wait_for_the_answer_are_passed_on_after_it(self):
        client, head = dial(self.port, f"127.0.0.1:{self.counter.port}", more=b"early" * 4000)
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        client.sendall(b"late")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), (b"20004 bytes", "end"))
        whole = raw(self.port, connect(f"127.0.0.1:{self.counter.port}") + b"all at once", end=True)
        self.assertTrue(whole.endswith(b"\r\n\r\n11 bytes"), whole)

    def test_failures_behind_the_tunnel_have_their_names(self):
        closed = self.site.services["closed"].split("//")[1]
        head, problem = self.problem(raw(self.port, connect(closed)))
        self.assertTrue(head.startswith(b"HTTP/1.1 502"), head)
        self.assertIn(b"connection_refused", head)
        self.assertEqual(problem["code"], "connection-refused")
        self.agent.stop()
        wait_for(lambda: not self.site.sessions(), "the sessions to go")
        head, problem = wait_for(lambda: self.refusal(503), "a 503")
        self.assertIn(b"retry-after", head.lower())

    def refusal(self, status):
        head, problem = self.problem(raw(self.port, connect(self.echo_target())))
        return (head, problem) if head.startswith(f"HTTP/1.1 {status}".encode()) else None

    def test_an_agent_that_is_gone_cuts_what_it_carried(self):
        client, _ = dial(self.port, self.echo_target())
        client.sendall(b"x")
        self.assertEqual(client.recv(1), b"x")
        self.agent.signal(signal.SIGKILL)
        self.assertEqual(read_all(client), (b"", "reset"))
        self.assertIn("broke", self.line(method="CONNECT", status=200)["reason"])

    def test_a_client_that_resets_reaches_the_origin_as_a_reset(self):
        client, _ = dial(self.port, self.echo_target())
        wait_for(lambda: self.echo.open == 1, "the origin's connection")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        wait_for(lambda: self.echo.open == 0, "the origin's connection to end")

    def test_a_drain_lets_pipes_end(self):
        client, _ = dial(self.port, self.echo_target())
        self.connector.signal(signal.SIGTERM)
        wait_for(lambda: not can_connect(self.port), "the port to close")
        client.sendall(b"still here")
        self.assertEqual(client.recv(10), b"still here")
        self.assertTrue(self.connector.alive())
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), (b"", "end"))
        self.assertEqual(self.connector.wait(), 0)

    def test_odd_heads_are_refused(self):
        for request in (b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", connect(self.echo_target(), "Content-Length: 3") + b"abc", connect(self.echo_target(), "Transfer-Encoding: chunked"),
                        b"CONNECT http://a:1 HTTP/1.1\r\nHost: a\r\n\r\n", connect("a:0"), connect("a:99999")):
            with self.subTest(request):
                answer = raw(self.port, request)
                self.assertTrue(answer.startswith(b"HTTP/1.1 400"), answer)
                self.assertTrue(answer.closed)
        self.assertTrue(raw(self.site.client_port, connect(self.echo_target())).startswith(b"HTTP/1.1 405"))

    def test_idle_pipes_cost_little(self):
        dial(self.port, self.echo_target())[0].close()
        before, count = self.connector.rss_kib(), scaled(200)
        pipes = [dial(self.port, self.echo_target())[0] for _ in range(count)]
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_pool_connections", backend="service://echo", state="active") >= count, "the gauge of pipes")
        if not SANITIZED:
            self.assertLess((self.connector.rss_kib() - before) / count, 64)
        for pipe in pipes:
            pipe.close()
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_pool_connections", backend="service://echo", state="active") == 0, "the pipes to end")


class Silence(Proxied):
    idle = "2s"

    def test_silence_ends_a_pipe(self):
        client, _ = dial(self.port, self.echo_target())
        self.assertEqual(read_all(client), (b"", "reset"))
        self.assertIn("no bytes moved within 2s", self.line(method="CONNECT", status=200)["reason"])

    def test_a_reload_leaves_running_pipes_alone(self):
        client, _ = dial(self.port, self.echo_target())
        text = self.site.config.read_text()
        self.site.config.write_text(text.replace("idle_timeout: 2s", "idle_timeout: 60s"))
        self.connector.signal(signal.SIGHUP)
        wait_for(lambda: self.keeps(client) and "configuration reloaded" in self.connector.log(), "the reload")
        self.assertEqual(fetch(self.site.admin_port, "/reload", "POST").status, 200)  # which waits for every worker
        lasting, _ = dial(self.port, self.echo_target())
        self.assertEqual(read_all(client), (b"", "reset"))  # by the terms that it began with
        self.assertTrue(self.keeps(lasting))
        lasting.close()

    def keeps(self, client):
        client.sendall(b"still here")
        return client.recv(10) == b"still here"

if __name__ == "__main__":
    main()
