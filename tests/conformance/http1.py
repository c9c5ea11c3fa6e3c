"""Every case of HTTP/1.1, as bytes through connector and agent: the two sides cannot disagree about where a message ends."""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import http1_answers
import http1_chunks
import http1_codings
import http1_connections
import http1_fields
import http1_hosts
import http1_lengths
import http1_request_line
import http1_sizes
import http1_targets
from harness import Case, main
from http1_case import disagreement, play
from programs import Adit

TABLES = [http1_request_line, http1_targets, http1_hosts, http1_fields, http1_lengths, http1_codings, http1_chunks,
          http1_connections, http1_sizes, http1_answers]


def unexplained(outcome):
    """A refusal of ours says why (RFC 9457). Nothing else in these tables is answered with such a status."""
    refusals = [answer for answer in outcome.answers if 400 <= answer.status < 600]
    return "" if all(answer.value(b"content-type") == b"application/problem+json" for answer in refusals) else "a refusal does not say why"


class Http1(Case):
    def test_the_sides_cannot_disagree(self):
        adit = Adit(self)
        for table in TABLES:
            for case in table.CASES:
                with self.subTest(table.TOPIC, case=case.name, section=case.section):
                    outcome = play(adit, case)
                    wrong = case.expected.fault_of(case, outcome) or disagreement(outcome) or unexplained(outcome)
                    self.assertFalse(wrong, f"{wrong}: expected {case.expected.words}; {outcome}")

    def test_names_are_used_once(self):
        names = [case.name for table in TABLES for case in table.CASES]
        self.assertEqual(sorted(names), sorted(set(names)))


if __name__ == "__main__":
    main()
