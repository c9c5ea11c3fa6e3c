"""Clients that take nothing of large answers, and origins that take nothing of large uploads: all others are served, and what
is held for them is little."""
import socket

from h2_peers import Client
from harness import SANITIZED, Case, Site, free_port, main, metric, scaled, wait_for
from servers import Accepting, start_nginx

LARGE = 300_000  # more than what is held on the way, and not so much that the kernel runs short of memory for connections
PER_CONNECTION = 128  # what a listener takes of one client


class Deaf(Accepting):
    """Takes connections, and nothing that comes on them."""

    def serve(self, connection):
        self.requests.append(connection)


class SlowReaders(Case):
    def up(self, backend="endpoints: [ service://web ]"):
        http2 = free_port()
        port = start_nginx(self, {"large": b"l" * LARGE, "small": b"s"}, lines=f"listen 127.0.0.1:{http2} http2; http2_max_concurrent_streams 2000;")
        deaf = Deaf()
        services = {"web": f"http://127.0.0.1:{port}", "deaf": f"http://127.0.0.1:{deaf.port}"}
        # Nobody is too slow, so that those who are stay.
        self.site = Site(self, services, backends={"web": backend.replace("PORT", str(http2)), "deaf": "endpoints: [ service://deaf ]"},
                         listener=", limits: { min_rate: 0 }", workers=1)
        return (deaf, *self.site.up())

    def ask_and_take_nothing(self, connections):
        """Answers are begun, and their bodies have no room."""
        clients = [self.enterContext(Client(self.site.client_port, window=0)) for _ in range(connections)]
        for client in clients:
            streams = [client.begin("/large") for _ in range(PER_CONNECTION)]
            client.until(lambda client=client, streams=streams: all(client.answers[stream].headers for stream in streams), "the heads of all answers", 60)
            self.assertEqual({client.answers[stream].status for stream in streams}, {200})

    def others_are_served(self):
        with Client(self.site.client_port) as client:
            for path, size in (("/small", 1), ("/large", LARGE)) * 3:
                self.assertEqual(client.get(path).size, size)
        self.assertEqual(len(self.site.get("/large").body), LARGE)

    def test_readers_hold_up_nobody_in_a_tunnel_and_cost_its_agent_little(self):
        _, _, (agent,) = self.up()
        self.others_are_served()
        before = agent.rss_kib()
        connections = scaled(10, 5)
        self.ask_and_take_nothing(connections)
        self.others_are_served()
        if not SANITIZED:  # before the bound, a stalled stream cost more than 100 KiB
            self.assertLess(agent.rss_kib() - before, connections * PER_CONNECTION * 48 + 16 * 1024)

    def test_readers_hold_up_nobody_on_shared_connections_to_an_origin(self):
        self.up('endpoints: [ "http://127.0.0.1:PORT" ], protocol: h2')
        self.ask_and_take_nothing(scaled(6, 4))
        self.others_are_served()

    def send_what_has_room(self, client, left):
        """Bytes of all uploads, each as far as its windows go; how many."""
        sent = 0
        for stream in left:
            while (room := min(client.h2.local_flow_control_window(stream), client.h2.max_outbound_frame_size, left[stream])) > 0:
                client.h2.send_data(stream, bytes(room))
                left[stream] -= room
                sent += room
        client.flush()
        client.read(0.3)
        return sent

    def test_uploads_that_an_origin_does_not_take_hold_up_no_other_service(self):
        deaf, _, (agent,) = self.up()
        deaf.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)  # of what it accepts: little is kept on the way
        count = scaled(20, 4)
        for _ in range(count):
            client = self.enterContext(Client(self.site.client_port))
            left = {client.begin("/deaf/x", method="POST", end=False, more=[("content-length", str(LARGE))]): LARGE for _ in range(PER_CONNECTION)}
            idle = 0
            while idle < 3:
                idle = 0 if self.send_what_has_room(client, left) else idle + 1
        wait_for(lambda: metric(agent.metrics_port, "adit_agent_streams") >= count * PER_CONNECTION / 2, "most uploads to be under way")
        self.others_are_served()


if __name__ == "__main__":
    main()
