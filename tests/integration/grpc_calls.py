"""gRPC through the tunnel: clients and servers of two makers, all four kinds of calls, deadlines, cancelling, and our own failures."""
import json
import threading
from concurrent import futures

import grpc

from certificates import Authority
from harness import Case, Site, free_port, main, metric, scaled, wait_for
from node_peers import run_client, start_server

Code = grpc.StatusCode


class Service(grpc.GenericRpcHandler):
    """The service of grpc_server.js, in Python; messages are plain bytes."""

    def __init__(self, name):
        self.name, self.cancelled, self.deadlines = name, 0, []

    def service(self, details):
        if not details.method.startswith(f"/{self.name}/"):
            return None
        kinds = {"Unary": grpc.unary_unary_rpc_method_handler, "Upload": grpc.stream_unary_rpc_method_handler, "Download": grpc.unary_stream_rpc_method_handler,
                 "Chat": grpc.stream_stream_rpc_method_handler, "Fail": grpc.unary_unary_rpc_method_handler, "FailLate": grpc.unary_stream_rpc_method_handler,
                 "Wait": grpc.unary_unary_rpc_method_handler}
        name = details.method.rsplit("/", 1)[1]
        return kinds[name](getattr(self, name)) if name in kinds else None

    def greet(self, context, last):
        told = dict(context.invocation_metadata())
        context.send_initial_metadata((("x-back", told.get("x-there", "none")), ("x-binary-bin", told.get("x-there-bin", b"\0"))))
        context.set_trailing_metadata((("x-last", last),))

    def Unary(self, request, context):
        self.greet(context, "unary")
        return request

    def Upload(self, requests, context):
        self.greet(context, "upload")
        sizes = [len(request) for request in requests]
        return b"%d %d" % (len(sizes), sum(sizes))

    def Download(self, request, context):
        self.greet(context, "download")
        count, size = map(int, request.split())
        for i in range(count):
            yield bytes([i & 255]) * size

    def Chat(self, requests, context):
        self.greet(context, "chat")
        yield from requests

    def Fail(self, request, context):
        context.set_trailing_metadata((("x-last", "fail"),))
        context.abort(next(code for code in Code if code.value[0] == int(request)), "as you wish: 100 % é")

    def FailLate(self, request, context):
        context.set_trailing_metadata((("x-last", "late"),))
        yield b"one"
        context.abort(Code.ABORTED, "late")

    def Wait(self, request, context):
        self.deadlines.append(context.time_remaining())
        over = threading.Event()
        context.add_callback(over.set)
        over.wait(20)
        self.cancelled += 1
        return b""


class GrpcCalls(Case):
    def setUp(self):
        super().setUp()
        self.ca = Authority(self)
        certificate = self.ca.issue("server")
        self.service = Service("python.Echo")
        server = grpc.server(futures.ThreadPoolExecutor(16), handlers=(self.service,), options=[("grpc.max_receive_message_length", 64 << 20)])
        python = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(None).wait(5))
        node = start_server(self, "grpc_server", "node.Echo")
        tls = start_server(self, "grpc_server", "tls.Echo", *certificate)
        services = {"node": f"http://127.0.0.1:{node}", "python": f"http://127.0.0.1:{python}", "tls": f"https://127.0.0.1:{tls}", "down": f"http://127.0.0.1:{free_port()}",
                    "unlisted": "http://127.0.0.1:9"}
        backends = {name: f"endpoints: [ service://{name} ], protocol: h2" for name in services}
        backends["tls"] = "endpoints: [ service://tls ], tls: { ca: ca.crt }"  # what ALPN says
        routes = [(f"/{name}.Echo/**", name) for name in services]
        self.clear_port = free_port()
        self.site = Site(self, services, backends, routes, listener=f', tls: {{ certificate: server.crt, key: server.key }} }}, {{ address: "127.0.0.1:{self.clear_port}"')
        self.tls_port, self.site.client_port = self.site.client_port, self.clear_port
        self.connector, (self.agent,) = self.site.up(allow=[f"127.0.0.1:{port}" for port in (node, python, tls)] + [services["down"].split("//")[1]])
        options = [("grpc.max_receive_message_length", 64 << 20)]
        self.channel = grpc.secure_channel(f"localhost:{self.tls_port}", grpc.ssl_channel_credentials(self.ca.file.read_bytes()), options)
        self.addCleanup(self.channel.close)

    def call(self, method, request=b"", **keywords):
        """A unary call: (code, details, answer)."""
        try:
            return Code.OK, "", self.channel.unary_unary(method)(request, **{"timeout": 20, **keywords})
        except grpc.RpcError as error:
            return error.code(), error.details(), None

    def test_all_kinds_of_calls_of_grpc_js(self):
        big = scaled(16 << 20)
        for service in ("node", "python", "tls"):
            for target, ca in ((f"localhost:{self.tls_port}", str(self.ca.file)), (f"localhost:{self.clear_port}", None)):
                with self.subTest(server=service, tls=ca is not None):
                    told = run_client(self, "grpc_client", {"target": target, "ca": ca, "service": f"{service}.Echo", "big": big, "many": scaled(200)})
                    first = ["and back", "0102ff"]
                    for kind, messages, size in (("unary", 0, 5), ("big", 0, big), ("upload", 0, 0), ("download", 200, 2_000_000), ("chat", 30, 0)):
                        one = told[kind]
                        self.assertEqual((one["code"], one["first"], one["messages"], one["size"]), (0, first, messages, size), kind)
                        self.assertEqual(one["last"], "unary" if kind == "big" else kind)
                    self.assertEqual(told["upload"]["answer"], "50 1000000")
                    self.assertEqual((told["fail"]["code"], told["fail"]["details"], told["fail"]["last"]), (9, "as you wish: 100 % é", "fail"))
                    self.assertEqual((told["failLate"]["code"], told["failLate"]["details"], told["failLate"]["messages"], told["failLate"]["last"]), (10, "late", 1, "late"))
                    self.assertEqual(told["unknown"]["code"], 12)
                    self.assertEqual(told["deadline"]["code"], 4)
                    self.assertEqual(told["many"], scaled(200))

    def test_all_kinds_of_calls_of_grpcio(self):
        for service in ("node", "python", "tls"):
            with self.subTest(service):
                big = b"b" * scaled(16 << 20)
                self.assertEqual(self.call(f"/{service}.Echo/Unary", big), (Code.OK, "", big))
                self.assertEqual(self.channel.stream_unary(f"/{service}.Echo/Upload")(iter([b"x" * 30_000] * 40), timeout=20), b"40 1200000")
                answers = list(self.channel.unary_stream(f"/{service}.Echo/Download")(b"100 50000", timeout=20))
                self.assertEqual((len(answers), {len(answer) for answer in answers}), (100, {50_000}))
                self.assertEqual(list(self.channel.stream_stream(f"/{service}.Echo/Chat")(iter([b"a", b"", b"c"]), timeout=20)), [b"a", b"", b"c"])
                self.assertEqual(self.call(f"/{service}.Echo/Fail", b"5")[:2], (Code.NOT_FOUND, "as you wish: 100 % é"))
                call = self.channel.unary_stream(f"/{service}.Echo/FailLate")(b"", timeout=20)
                self.assertEqual(next(call), b"one")
                self.assertRaises(grpc.RpcError, next, call)
                self.assertEqual((call.code(), dict(call.trailing_metadata())["x-last"]), (Code.ABORTED, "late"))

    def test_deadlines_reach_the_server_and_its_work_ends_with_them(self):
        self.assertEqual(self.call("/python.Echo/Unary")[0], Code.OK)  # all connections stand: they do not come out of its time
        self.assertEqual(self.call("/python.Echo/Wait", timeout=1.5)[0], Code.DEADLINE_EXCEEDED)
        wait_for(lambda: self.service.cancelled == 1, "the call to end at the server")
        self.assertTrue(0.1 < self.service.deadlines[0] < 1.6, self.service.deadlines)  # which clients round up

    def test_a_cancelled_call_is_cancelled_at_the_server(self):
        call = self.channel.unary_unary("/python.Echo/Wait").future(b"")
        wait_for(lambda: self.service.deadlines, "the call at the server")
        call.cancel()
        wait_for(lambda: self.service.cancelled == 1, "the call to end at the server")
        call = self.channel.unary_unary("/node.Echo/Wait").future(b"")
        wait_for(lambda: json.loads(self.call("/node.Echo/Seen")[2])["deadlines"], "the call at the other server")
        call.cancel()
        wait_for(lambda: json.loads(self.call("/node.Echo/Seen")[2])["cancelled"] == 1, "the call to end at the other server")
        stream = self.channel.unary_stream("/node.Echo/Download")(b"100000 10000")
        next(stream)
        stream.cancel()
        self.assertEqual(self.call("/node.Echo/Unary", b"still")[2], b"still")
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_pool_connections", backend="node", state="active") == 0, "the exchanges to end")

    def test_failures_of_our_own_are_statuses_of_grpc(self):
        for method, code, words in (("/nowhere.Echo/Unary", Code.UNIMPLEMENTED, "no route"), ("/down.Echo/Unary", Code.UNAVAILABLE, "refused"),
                                    ("/unlisted.Echo/Unary", Code.UNAVAILABLE, "")):
            with self.subTest(method):
                told = self.call(method)
                self.assertEqual(told[0], code, told)
                self.assertIn(words, told[1])
        self.site.config.write_text(self.site.config.read_text().replace("service://node ], protocol: h2 }", "service://node ], protocol: h2, timeouts: { first_byte: 1s } }"))
        self.site.tool("reload")
        told = self.call("/node.Echo/Wait")
        self.assertEqual(told[0], Code.DEADLINE_EXCEEDED, told)
        wait_for(lambda: (seen := self.call("/node.Echo/Seen")[2]) and json.loads(seen)["cancelled"] >= 1, "the call to end at the server")

    def test_a_tunnel_without_agents_is_unavailable_to_calls(self):
        self.agent.stop()
        self.assertEqual(self.call("/python.Echo/Unary")[0], Code.UNAVAILABLE)


main()
