"""A service fails under 200 clients: retries must not multiply its load, nor keep it down, nor may the clients wait for it."""
from harness import SANITIZED, Case, Site, main
from storm_scenario import Storm, run, start_replicas

# Time is cut short; under sanitizers, whose programs are slower than these clients, they pause for longer as well.
STORM = Storm(think=0.4 if SANITIZED else 0.2, before=1.0, failing=2.5, after=4.5)
COOLDOWN = 500  # ms


class RetryStorm(Case):
    def storm(self, resilience, failure):
        replicas = start_replicas(self)
        services = {replica.name: replica.url for replica in replicas}
        endpoints = ", ".join(f"service://{name}" for name in services)
        site = Site(self, services, backends={"web": f"endpoints: [ {endpoints} ], {resilience}"}, routes=[("/**", "web")], extra="log: { level: warn }\n")
        site.up()
        outcome = run(STORM, site.client_port, replicas, failure)
        print(outcome.told())
        self.assertGreater(outcome.asked_failing, 100)
        self.assertTrue(set(outcome.statuses) <= {"200", "503", "502"}, outcome.statuses)  # no client is cut off or left waiting
        self.assertIsNotNone(outcome.recovery)
        return outcome

    def test_the_budget_keeps_retries_a_small_share_of_the_calls(self):
        outcome = self.storm("retry: { attempts: 3 }", dict(status=503, latency="0.01-0.03"))
        # A fifth of what is in flight, and what the bucket of tokens holds at first; two retries each would be three times as much.
        self.assertLess(outcome.factor, 1.5)
        self.timely("recovery", outcome.recovery, promised=1.5)

    def test_a_circuit_leaves_a_service_that_fails_alone(self):
        circuit = f"circuit: {{ cooldown: {COOLDOWN}ms, cooldown_most: {COOLDOWN}ms, recovery: 1s }}"
        outcome = self.storm(f"retry: {{ attempts: 3 }}, {circuit}", dict(how="reset", latency="0.01-0.03"))
        # Until it opens, the first wave of all clients; then probes.
        self.assertLess(outcome.calls_failing, 3 * STORM.clients)
        self.assertLess(outcome.factor, 0.7)
        self.timely("recovery", outcome.recovery, promised=COOLDOWN / 1000 + 1)


main()
