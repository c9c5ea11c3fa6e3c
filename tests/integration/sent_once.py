"""What must not be done twice is not done twice, whatever stops on the way and goes on later."""
import signal
import socket
import threading

from fault_backend import FaultBackend
from harness import Case, Site, main, wait_for
from servers import Accepting


class OneWay(Accepting):
    """Relays between agents and a connector; `silent` swallows what agents say from then on."""

    def __init__(self, port):
        self.target, self.silent = port, threading.Event()
        super().__init__()

    def serve(self, agent):
        with agent, socket.create_connection(("127.0.0.1", self.target)) as connector:
            back = threading.Thread(target=self.copy, args=(connector, agent, threading.Event()), daemon=True)
            back.start()
            self.copy(agent, connector, self.silent)
            back.join()

    def copy(self, one, other, silent):
        try:
            while data := one.recv(65536):
                if not silent.is_set():
                    other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class SentOnce(Case):
    def setUp(self):
        super().setUp()
        self.backend = FaultBackend(self)
        url = self.backend.url
        self.site = Site(self, {"web": url}, backends={"web": f'endpoints: [ service://web, "{url}" ], timeouts: {{ connect: 500ms, first_byte: 500ms }}, retry: {{ attempts: 3 }}'},
                         routes=[("/**", "web")])

    def ask_all(self, calls, **keywords):
        answers = {}
        threads = [threading.Thread(target=lambda call=call: answers.__setitem__(call, self.site.get("/pay", headers={"X-Call-Id": call}, **keywords)), daemon=True) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        return answers

    def test_a_call_that_a_frozen_agent_still_holds_reaches_nobody_once_it_was_given_up(self):
        _, (agent,) = self.site.up()
        for method, body in (("POST", b""), ("POST", b"pay"), ("PATCH", b"")):
            calls = [f"{method}-{len(body)}-{number}" for number in range(6)]
            self.backend.close_connections()  # so that each call needs a stream of its own
            agent.signal(signal.SIGSTOP)
            answers = self.ask_all(calls, method=method, body=body)
            agent.signal(signal.SIGCONT)
            self.site.wait_sessions(count=4)
            # Through the agent, behind everything that waited there.
            wait_for(lambda: len({self.site.get(f"/after/{i}").status for i in range(8)} & {200}), "answers again")
            by_id = self.backend.counts().by_id
            for call in calls:
                with self.subTest(call):
                    self.assertLessEqual(by_id[call], 1)
                    if answers[call].status == 200:
                        self.assertEqual(by_id[call], 1)
                    else:
                        # 502: on a connection that the origin has closed, and that may have taken the call first.
                        self.assertIn(answers[call].status, (502, 504), answers[call].body)

    def test_a_call_of_which_the_agent_cannot_say_any_more_that_it_connected_is_not_made_elsewhere(self):
        relay = OneWay(self.site.tunnel_port)
        token = self.site.tool("tunnel", "rotate-token", "t1", "--connect", f"127.0.0.1:{relay.port}").stdout
        self.site.start_connector()
        self.site.start_agent(token=token)
        self.site.wait_sessions(count=4)
        calls = [f"silent-{number}" for number in range(6)]
        relay.silent.set()
        answers = self.ask_all(calls, method="POST", body=b"")
        by_id = self.backend.counts().by_id
        self.assertEqual([call for call in calls if by_id[call] > 1], [])
        # Those that went through the tunnel were done, and the connector does not know it; it says so, and no more.
        self.assertIn(504, [answers[call].status for call in calls])
        wait_for(lambda: self.site.get("/read").status == 200, "an answer")  # what may be done again is done elsewhere


main()
