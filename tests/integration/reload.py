"""A configuration is changed while it serves: at once or not at all, and nothing that runs notices."""
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import time

from harness import CONNECTOR, Case, Site, can_connect, fetch, free_port, main, metric, scaled, wait_for
from load import Load
from servers import Origin, start_nginx


class Reload(Case):
    def up(self, **keywords):
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, routes=[("/web/**", "web")], **keywords)
        self.connector, _ = self.site.up()
        return self.site

    def edit(self, change):
        self.site.config.write_text(change(self.site.config.read_text()))

    def reloads(self, result="accepted"):
        return metric(self.site.admin_port, "adit_connector_reloads_total", result=result)

    def hang_up(self, result="accepted"):
        before = self.reloads(result)
        self.connector.signal(signal.SIGHUP)
        wait_for(lambda: self.reloads(result) > before, f"a reload to be {result}")

    def test_a_new_route_serves_after_sighup_and_a_removed_one_does_not(self):
        site = self.up()
        self.assertEqual(site.get("/new/x").status, 404)
        self.edit(lambda text: text.replace("routes:\n", 'routes:\n  - { match: { path: "/new/**" }, backend: web }\n'))
        self.hang_up()  # which is counted before each worker has heard of it
        wait_for(lambda: site.get("/new/x").status == 200, "the new route")
        self.edit(lambda text: text.replace('  - { match: { path: "/web/**" }, backend: web }\n', ""))
        self.hang_up()
        wait_for(lambda: site.get("/web/x").status == 404, "the removed one to be gone")

    def test_a_changed_file_is_taken_up_by_itself(self):
        site = self.up()
        self.edit(lambda text: text.replace("routes:\n", 'routes:\n  - { match: { path: "/new/**" }, backend: web }\n'))
        wait_for(lambda: site.get("/new/x").status == 200, "the new route")

    def test_a_file_that_a_value_is_read_from_is_taken_up_as_well(self):
        self.write("path", "/first/**\n")
        site = self.up()
        self.edit(lambda text: text.replace("routes:\n", 'routes:\n  - { match: { path: "${file:path}" }, backend: web }\n'))
        wait_for(lambda: site.get("/first/x").status == 200, "the route by its path in a file")
        self.write("path", "/second/**\n")
        wait_for(lambda: site.get("/second/x").status == 200, "the route by its new path")

    def test_a_bad_file_is_refused_whole_with_its_errors_and_the_old_one_serves(self):
        site = self.up()
        self.edit(lambda text: text.replace("routes:\n", 'routes:\n  - { match: { path: "/new/**" }, backend: wob }\n'))
        self.hang_up("refused")
        self.assertEqual([site.get(path).status for path in ("/web/x", "/new/x")], [200, 404])
        wait_for(lambda: "did you mean 'web'" in self.connector.log(), "the reason in the log")
        told = site.tool("reload", status=2)
        self.assertIn("did you mean 'web'", told.stderr)
        self.edit(lambda text: text.replace("backend: wob", "backend: web"))
        self.assertIn("reloaded", site.tool("reload").stdout)
        self.assertEqual(site.get("/new/x").status, 200)

    def test_a_pipe_in_place_of_a_file_is_refused_and_hangs_nothing(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=gateway",
                        "-keyout", self.directory / "server.key", "-out", self.directory / "server.crt"], check=True, capture_output=True)
        self.write("ca.crt", (self.directory / "server.crt").read_text())
        self.write("path", "/first/**\n")
        self.write("more.yaml", "cache: { entries: 100 }\n")
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, routes=[("${file:path}", "web")], extra="include: [ more.yaml ]\n",
                         listener=", tls: { certificate: server.crt, key: server.key, client_ca: ca.crt }")
        self.connector = self.site.start_connector()
        wait_for(lambda: can_connect(self.site.client_port), "the client port")
        for name in ("adit.yaml", "more.yaml", "path", "server.crt", "server.key", "ca.crt"):
            with self.subTest(name):
                file, aside = self.directory / name, self.directory / "aside"
                file.rename(aside)
                os.mkfifo(file)
                self.hang_up("refused")
                wait_for(lambda: f"{name}: it is no ordinary file" in self.connector.log(), "the reason in the log")
                aside.rename(file)
                self.hang_up()
        self.connector.signal(signal.SIGTERM)
        self.assertEqual(self.connector.wait(), 0)

    def test_a_reload_in_mid_load_fails_no_request_and_keeps_sessions_pools_and_counters(self):
        self.origin = Origin()
        port = start_nginx(self, {"small": b"s" * 1024})
        self.site = site = Site(self, {"web": f"http://127.0.0.1:{port}"})
        self.connector, _ = site.up()
        sessions = {session["id"] for session in site.sessions()}
        load = Load(site.client_port, "/small")
        for i in range(scaled(10, 4)):
            before = load.done
            wait_for(lambda: load.done > before + scaled(1000, 50) or load.failures, "some load", 60)
            self.edit(lambda text: re.sub(r"\n  - \{ match: \{ path: \"/r\d+\".*", "", text) + f'  - {{ match: {{ path: "/r{i}" }}, backend: web }}\n')
            self.hang_up()
        idle = metric(site.admin_port, "adit_connector_pool_connections", backend="web", reaches=1)
        done, failures = load.stop()
        print(f"{done} requests, {len(failures)} failed")
        self.assertEqual(failures[:5], [])
        self.assertEqual({session["id"] for session in site.sessions()}, sessions)
        self.assertGreaterEqual(metric(site.admin_port, "adit_connector_requests_total", code="200", reaches=done), done)
        # Had each reload given up its connections, each would have made as many anew.
        self.assertGreater(metric(site.admin_port, "adit_connector_pool_reuse_total", backend="web", reaches=done - 199), done - 200)
        self.assertGreaterEqual(idle, 1)

    def test_requests_flow_while_many_routes_are_read(self):
        count = scaled(20_000)
        many = "".join(f'  - {{ name: r{i}, match: {{ path: "/r{i}/**" }}, backend: web }}\n' for i in range(count))
        site = self.up(workers=1)
        self.edit(lambda text: text + many)
        client = http.client.HTTPConnection("127.0.0.1", site.client_port, timeout=60)
        self.addCleanup(client.close)
        before, start, longest, served = self.reloads(), time.monotonic(), 0.0, 0
        self.connector.signal(signal.SIGHUP)
        status = 0
        while status != 200:
            asked = time.monotonic()
            self.assertLess(asked - start, 120)
            client.request("GET", f"/r{count - 1}/x")
            answer = client.getresponse()
            answer.read()
            status, served, longest = answer.status, served + 1, max(longest, time.monotonic() - asked)
        took = time.monotonic() - start
        print(f"{count} routes after {took:.2f} s, {served} requests meanwhile, the longest took {longest * 1000:.1f} ms")
        self.assertGreater(served, 20)
        self.assertLess(longest, max(took / 2, 3))  # on the worker's thread one would have waited for all of it
        wait_for(lambda: self.reloads() > before, "the count")

    def test_a_reload_that_is_asked_for_during_another_sees_the_newest_file(self):
        site = self.up()
        many = "".join(f'  - {{ match: {{ path: "/r{i}/**" }}, backend: web }}\n' for i in range(scaled(5_000)))
        self.edit(lambda text: text + many)
        self.connector.signal(signal.SIGHUP)
        self.edit(lambda text: text + '  - { match: { path: "/last/**" }, backend: web }\n')
        self.assertIn("reloaded", site.tool("reload").stdout)
        self.assertEqual(site.get("/last/x").status, 200)

    def test_listeners_come_and_go_and_their_connections_end_in_order(self):
        site = self.up()
        extra = free_port()
        self.edit(lambda text: text.replace("listeners: [", f'listeners: [ {{ address: "127.0.0.1:{extra}" }},'))
        self.hang_up()
        wait_for(lambda: can_connect(extra), "the new listener")
        kept = http.client.HTTPConnection("127.0.0.1", extra, timeout=10)
        kept.request("GET", "/web/x")
        self.assertEqual(kept.getresponse().read()[:6], b"origin")
        self.edit(lambda text: text.replace(f'{{ address: "127.0.0.1:{extra}" }},', ""))
        self.hang_up()
        wait_for(lambda: not can_connect(extra), "the listener to be gone")
        kept.request("GET", "/web/x")
        last = kept.getresponse()
        self.assertEqual((last.status, last.headers["connection"]), (200, "close"))
        last.read()
        self.assertEqual(site.get("/web/x").status, 200)

    def test_an_address_that_is_taken_refuses_the_whole_reload(self):
        site = self.up()
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = other.getsockname()[1]
            self.edit(lambda text: text.replace("listeners: [", f'listeners: [ {{ address: "127.0.0.1:{taken}" }},').replace("/web/**", "/moved/**"))
            self.hang_up("refused")
            self.assertEqual([site.get(path).status for path in ("/web/x", "/moved/x")], [200, 404])
            self.assertIn(str(taken), site.tool("reload", status=1).stderr)

    def certificate(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-keyout", self.directory / "server.key", "-out", self.directory / "server.crt"], check=True, capture_output=True)

    def seen_certificate(self):
        context = ssl._create_unverified_context()
        with socket.create_connection(("127.0.0.1", self.site.client_port), timeout=10) as plain, context.wrap_socket(plain) as client:
            der = client.getpeercert(binary_form=True)
        told = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=der, capture_output=True, check=True)
        return told.stdout.decode().strip().split("=")[-1].strip()

    def test_a_replaced_certificate_is_shown_to_new_connections_and_old_ones_go_on(self):
        self.certificate("first")
        site = self.up(listener=", tls: { certificate: server.crt, key: server.key }")
        old = http.client.HTTPSConnection("127.0.0.1", site.client_port, timeout=10, context=ssl._create_unverified_context())
        old.request("GET", "/web/x")
        old.getresponse().read()
        self.assertEqual(self.seen_certificate(), "first")
        self.certificate("second")
        wait_for(lambda: self.seen_certificate() == "second", "the new certificate")
        old.request("GET", "/web/x")
        self.assertEqual(old.getresponse().status, 200)
        old.close()

    def test_without_an_admin_address_the_command_says_what_to_do(self):
        config = self.write("plain.yaml", 'listeners: [ { address: "127.0.0.1:0" } ]\n')
        told = self.run_tool(CONNECTOR, "reload", "--config", config, status=2)
        self.assertIn("SIGHUP", told.stderr)

    def test_what_only_a_start_can_change_is_said(self):
        self.up()
        self.edit(lambda text: text.replace("workers: 2", "workers: 1"))
        self.hang_up()
        wait_for(lambda: '"key":"workers"' in self.connector.log(), "the word about it")
        self.assertEqual(fetch(self.site.admin_port, "/ready").status, 200)


main()
