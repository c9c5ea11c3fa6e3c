"""What the scripts that connectors run in Redis decide, asked of a real one without connectors."""
import json
import pathlib
import re
import subprocess

from harness import Case, main, wait_for
from redis_server import Redis

STATE = pathlib.Path(__file__).resolve().parents[2] / "connector" / "state"
CLOSED, OPEN, HALF, RECOVERING = range(4)


def script(file, name):
    return re.search(name + r' = R"\((.*?)\)";', (STATE / file).read_text(), re.S)[1]


class Scripts(Case):
    def setUp(self):
        super().setUp()
        self.redis = Redis(self)

    def run_script(self, text, keys, arguments):
        done = subprocess.run(["redis-cli", "-p", str(self.redis.port), "--json", "EVAL", text, str(len(keys)), *keys,
                               *map(str, arguments)], capture_output=True, text=True, timeout=20)
        return json.loads(done.stdout)

    # --- limits ---

    def take(self, key, cost=1, welcome=0, ban_after=0, ban_ms=60_000, token_ns=3_600_000_000_000, burst=2):
        """A limit of `burst` tokens, of which one comes back in an hour."""
        return self.run_script(script("limits_lua.h", "kTake"), [key],
                               [cost, cost + welcome, ban_after, ban_ms, token_ns, token_ns * burst])

    def test_tokens_that_are_only_welcome_refuse_nobody_but_who_is_banned_gets_none(self):
        self.assertEqual([self.take("k")[0] for _ in range(3)], [0, 0, 1])
        for _ in range(5):  # fetched ahead in vain
            self.assertEqual(self.take("k", ban_after=-1)[0], 1)
        self.assertEqual([self.take("k", ban_after=2)[0] for _ in range(2)], [1, 2])
        self.assertEqual(self.take("k", ban_after=-1)[0], 2)
        self.assertEqual(self.take("k", ban_after=0)[0], 1)  # a reload has lifted it

    # --- circuits ---

    NAMES = re.search(r"local names = \{(.*?)\}", script("circuits_lua.h", "kCircuits"), re.S)[1]
    NAMES = re.findall(r"'(\w+)'", NAMES)

    def circuit(self, me="a", key="adit:circuit:c", **said):
        """One word to a circuit's row: generation, state, ms, whether the probes are ours, why, forced, when, openings in a row."""
        words = dict(known=1, event="", ms=0, why="", wants=0, calls=0, failures=0, slow=0, trailing=0, success=-1, window=10_000,
                     consecutive=5, failures_most=0, failure_rate=0, slow_rate=0, minimum=20, cooldown=30_000, cooldown_most=300_000,
                     lease=5_000, recovery=10_000, state=CLOSED, left=0, force="", last="")
        words.update(said)
        self.assertEqual(set(words), set(self.NAMES))
        return self.run_script(script("circuits_lua.h", "kCircuits"), ["adit:circuits:version", key],
                               [me, *(words[name] for name in self.NAMES)])[1]

    def test_an_operators_word_is_heard_whenever_it_comes_and_does_not_expire(self):
        said = self.circuit(force="open")[6]
        self.assertEqual(self.redis.command("PTTL", "adit:circuit:c"), "-1")
        self.redis.command("DEL", "adit:circuit:c")  # as if it had expired meanwhile
        later = self.circuit(force="no")
        self.assertGreater(later[6], said)
        self.assertGreater(int(self.redis.command("PTTL", "adit:circuit:c")), 0)
        self.assertGreater(self.circuit(known=later[0], force="closed")[6], later[6])
        self.assertEqual(self.redis.command("PTTL", "adit:circuit:c"), "-1")
        self.assertEqual(self.circuit(known=0)[5], "closed")  # another one asks

    def test_one_that_was_forced_open_begins_with_probes(self):
        opened = self.circuit(force="open")
        self.assertEqual(opened[1], OPEN)
        auto = self.circuit(known=opened[0], force="no")
        self.assertEqual((auto[1], auto[2], auto[5]), (OPEN, 0, "no"))
        self.assertGreater(auto[0], opened[0])
        probing = self.circuit(known=auto[0], wants=1)
        self.assertEqual((probing[1], probing[3]), (HALF, 1))
        closed = self.circuit(known=probing[0], force="closed")
        self.assertEqual(closed[1], CLOSED)
        self.assertEqual(self.circuit(known=closed[0], force="no")[1], CLOSED)

    def test_what_decides_again_anyhow_is_left_as_it_is(self):
        opened = self.circuit(event="open", ms=30_000)
        auto = self.circuit(known=opened[0], force="no")
        self.assertEqual((auto[0], auto[1], auto[2] > 0), (opened[0], OPEN, True))

    def test_a_connector_that_came_back_alone_is_believed_once_the_time_is_over(self):
        self.assertEqual(self.circuit(event="open", ms=1, cooldown=1, cooldown_most=1)[1], OPEN)
        wait_for(lambda: self.circuit(known=2)[2] == 0, "the cooldown to be over")
        self.assertEqual(self.circuit(known=2, event="closed")[1], CLOSED)
        row = self.circuit(known=3, event="open", ms=30_000)
        self.assertEqual(row[1], OPEN)
        self.assertEqual(self.circuit(known=row[0], event="closed")[1], OPEN)  # too early: it is not over
        self.assertEqual(self.circuit(known=row[0] - 1, event="closed")[1], OPEN)

    def test_who_probes_already_because_he_was_alone_goes_on(self):
        opened = self.circuit(event="open", ms=1, cooldown=1, cooldown_most=1)
        wait_for(lambda: self.circuit(known=opened[0])[2] == 0, "the cooldown to be over")
        probing = self.circuit(known=opened[0], wants=2)
        self.assertEqual((probing[1], probing[3]), (HALF, 1))
        self.assertEqual(self.circuit("b", known=opened[0], wants=1)[3], 0)
        self.assertEqual(self.circuit(known=probing[0], event="recovering")[1], RECOVERING)

    def test_openings_in_a_row_double_whoever_says_so(self):
        opened = self.circuit(event="open", ms=1_000, cooldown=1_000)
        self.assertEqual((opened[2] <= 1_000, opened[7]), (True, 0))
        generation = opened[0]
        for again, most in ((1, 2_000), (2, 4_000), (3, 8_000)):
            self.redis.command("HSET", "adit:circuit:c", "e", 0)  # its time is over
            generation = self.circuit(known=generation, wants=1)[0]
            opened = self.circuit(known=generation, event="open", ms=1_000, cooldown=1_000)  # a probe of ours failed
            self.assertEqual(opened[7], again)
            self.assertTrue(most / 2 < opened[2] <= most, opened)
            generation = opened[0]


if __name__ == "__main__":
    main()
