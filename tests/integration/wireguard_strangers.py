"""WireGuard for those who have nothing: wrong secrets get no session, and an agent without any privilege gets one."""
import os
import pathlib
import re
import subprocess
import unittest

from harness import AGENT, Process, free_port, main, wait_for
from wireguard_site import PRESHARED_KEY, SEED, WireGuardCase, alter, helpers_of

UNPRIVILEGED = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
# A user namespace with nothing to write on, and no capability even there.
LOCKED_DOWN = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
               'mount -o remount,bind,ro / && exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"', "sh"]


class Strangers(WireGuardCase):
    def test_wrong_secrets_get_no_session_and_disturb_nobody(self):
        site = self.site(tls=False)
        connector = site.start_connector()
        site.start_agent()
        site.wait_sessions(count=4)
        before = site.ids()
        self.assertEqual(alter(site.token, None), site.token.strip())
        strangers = [site.start_agent(token=alter(site.token, secret)) for secret in (SEED, PRESHARED_KEY)]
        for stranger in strangers:
            wait_for(lambda: "cannot reach the connector" in stranger.log(), "its words", 40)
            self.assertIn("connection_timeout", stranger.log())
            self.assertNotIn("session ready", stranger.log())
            self.assertNotIn("took a seat", stranger.log())
        self.assertEqual(site.ids(), before)
        self.assertEqual(len(site.seats()), 1)
        self.assertTrue(self.crosses(site))
        self.assertTrue(connector.alive())

    def humble(self, prefix):
        """An agent that has nothing: its token comes by the environment, since it may not read our files."""
        can = subprocess.run([*prefix, os.path.abspath(AGENT), "version"], capture_output=True, text=True)
        if can.returncode != 0:
            self.skipTest(can.stderr)
        site = self.site(tls=False)
        site.start_connector()
        agent = Process(self, "agent", [os.path.abspath(AGENT), "run", "--metrics", f"127.0.0.1:{free_port()}", "--allow", "127.0.0.1:*"],
                        {"TUNNEL_TOKEN": site.token.strip(), "TUNNEL_TRANSPORT_PROTOCOL": "wireguard"}, prefix=prefix)
        site.wait_sessions(count=4)
        for pid in (agent.pid, *helpers_of(agent)):
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            self.assertEqual(set(re.findall(r"Cap(?:Inh|Prm|Eff|Bnd|Amb):\s*(\w+)", status)), {"0" * 16})
        self.assertTrue(self.crosses(site))

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to become somebody else")
    def test_an_ordinary_user_without_any_capability(self):
        self.humble(UNPRIVILEGED)

    def test_a_user_namespace_with_nothing_to_write_on(self):
        self.humble(LOCKED_DOWN)


main()
