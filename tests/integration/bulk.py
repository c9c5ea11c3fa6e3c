"""A gibibyte down and up arrives as it was sent."""
import hashlib
import http.client

from harness import Case, Site, main, scaled
from servers import Origin


class Bulk(Case):
    def test_a_gibibyte_each_way_with_checksums(self):
        size = scaled(1024) << 20
        origin = Origin()
        site = Site(self, {"web": f"http://127.0.0.1:{origin.port}"})
        connector, (agent,) = site.up()
        block = bytes(range(256)) * 256

        client = http.client.HTTPConnection("127.0.0.1", site.client_port, timeout=60)
        client.request("GET", f"/bytes/{size}")
        response = client.getresponse()
        received, wanted = hashlib.sha256(), hashlib.sha256()
        count = 0
        while part := response.read(1 << 20):
            received.update(part)
            count += len(part)
        for _ in range(size // len(block)):
            wanted.update(block)
        self.assertEqual((count, received.hexdigest()), (size, wanted.hexdigest()))

        client.request("PUT", "/upload", body=(block for _ in range(size // len(block))), headers={"content-length": str(size)})
        self.assertEqual(client.getresponse().read().decode(), f"origin {size} {wanted.hexdigest()}")
        client.request("PUT", "/upload", body=(block for _ in range(16)), encode_chunked=True, headers={"transfer-encoding": "chunked"})
        self.assertEqual(client.getresponse().read().decode().split()[1], str(16 * len(block)))
        if "asan" not in str(connector.popen.args):
            self.assertLess(connector.rss_kib(), 48 * 1024)
            self.assertLess(agent.rss_kib(), 32 * 1024)


main()
