"""Every case of HTTP/2, as frames through connector and agent to a backend that speaks HTTP/1.1."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import http2_bodies
import http2_connections
import http2_floods
import http2_heads
import http2_hpack
import http2_streams
from harness import Case, main
from http2_case import disagreement, play
from programs import Adit

TABLES = [http2_connections, http2_streams, http2_hpack, http2_heads, http2_bodies, http2_floods]


class Http2(Case):
    def test_what_is_wrong_ends_as_it_should_and_what_is_right_arrives(self):
        adit = Adit(self)
        for table in TABLES:
            for case in table.CASES:
                with self.subTest(table.TOPIC, case=case.name, section=case.section):
                    outcome = play(adit, case)
                    wrong = case.expected.fault_of(case, outcome) or disagreement(outcome)
                    self.assertFalse(wrong, f"{wrong}: expected {case.expected.words}; {outcome}")

    def test_names_are_used_once(self):
        names = [case.name for table in TABLES for case in table.CASES]
        self.assertEqual(sorted(names), sorted(set(names)))


if __name__ == "__main__":
    main()
