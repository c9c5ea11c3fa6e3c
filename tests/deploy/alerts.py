"""Alert rules and dashboard: each expression is understood by Prometheus, each alert fires when it should and not when it should
not, and each metric that they name is one that the programs export."""
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

from alert_cases import CASES
from deploy import ROOT, need
from harness import Case
from metric_names import WIREGUARD, BadHour

RULES = ROOT / "deploy/prometheus/adit.rules.yaml"
DASHBOARD = ROOT / "deploy/grafana/adit.json"
NAME = re.compile(r"\badit_[a-z_]+")
# Words of the dashboard that Grafana puts in before Prometheus sees them.
GRAFANA = {"$__rate_interval": "5m", "$__range": "1h", "$__interval": "1m"}


def rules():
    return {rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def kebab(name):
    return re.sub("(?<!^)(?=[A-Z])", "-", name).lower().replace("wire-guard", "wireguard")


def panels():
    """All panels, those in rows as well."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield panel
        yield from panel.get("panels", [])


def expressions():
    """Of the dashboard: (where, PromQL) as Prometheus gets it."""
    for panel in panels():
        for target in panel.get("targets", []):
            text = target["expr"]
            for word, value in GRAFANA.items():
                text = text.replace(word, value)
            yield panel["title"], re.sub(r"\$\{?\w+(:\w+)?\}?", ".*", text)


class Alerts(unittest.TestCase):
    def test_prometheus_understands_the_rules(self):
        done = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with tempfile.TemporaryDirectory() as directory:
            broken = pathlib.Path(directory, "broken.yaml")
            broken.write_text(RULES.read_text().replace("sum by (job, instance)", "sum of (job, instance)"))
            self.assertNotEqual(promtool("check", "rules", broken).returncode, 0)

    def test_each_alert_says_what_it_means_and_where_to_read_on(self):
        for name, rule in rules().items():
            with self.subTest(name):
                self.assertRegex(name, "^Adit[A-Z]")
                self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))
                self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook_url"})
                self.assertGreater(len(rule["annotations"]["description"].split()), 7)
                self.assertEqual(rule["annotations"]["runbook_url"], f"docs/troubleshooting.md#alert-{kebab(name)}")
        documented = (ROOT / "docs/monitoring.md").read_text()
        self.assertEqual([name for name in rules() if f"`{name}`" not in documented], [])

    def test_the_page_that_they_point_to_has_a_paragraph_for_each(self):
        page = ROOT / "docs/troubleshooting.md"
        if not page.exists():
            self.skipTest("docs/troubleshooting.md is not there")
        text = page.read_text()
        anchors = set(re.findall(r'<a (?:id|name)="([^"]+)"', text))
        anchors |= {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.M)}
        self.assertEqual([name for name in rules() if f"alert-{kebab(name)}" not in anchors], [])

    def test_each_alert_fires_when_it_should_and_else_not(self):
        known = rules()
        self.assertEqual([case.alert for case in CASES], list(known))
        tests = []
        for case in CASES:
            fires = []
            for labels in case.fires:
                def words(text):
                    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found[1]], text)
                    return re.sub(r"\{\{ \$value [^}]*\}\}", case.value, text)
                rule = known[case.alert]
                fires.append({"exp_labels": {**labels, **rule["labels"]},
                              "exp_annotations": {name: words(text) for name, text in rule["annotations"].items()}})
            tests.append({
                "interval": "1m", "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
                "alert_rule_test": [{"eval_time": case.quiet, "alertname": case.alert, "exp_alerts": []},
                                    {"eval_time": case.at, "alertname": case.alert, "exp_alerts": fires}]})
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "cases.yaml")
            file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
            done = promtool("test", "rules", file)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            # Had no alert fired at all, that would be seen.
            file.write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": "1m", "tests": tests}))
            self.assertIn("FAILED", promtool("test", "rules", file).stderr + promtool("test", "rules", file).stdout)


class Dashboard(unittest.TestCase):
    def test_it_can_be_provisioned_anywhere(self):
        dashboard = json.loads(DASHBOARD.read_text())
        self.assertNotIn("id", dashboard)
        self.assertEqual((dashboard["uid"], dashboard["editable"]), ("adit", True))
        variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
        self.assertEqual((variables["datasource"]["type"], variables["datasource"]["query"]), ("datasource", "prometheus"))
        for where in [*panels(), *(variable for variable in variables.values() if variable["type"] == "query")]:
            if where.get("type") != "row":
                self.assertEqual(where["datasource"], {"type": "prometheus", "uid": "${datasource}"}, where.get("title"))
        used = " ".join(text for panel in panels() for text in [panel["title"], *(target["expr"] for target in panel.get("targets", []))])
        self.assertEqual([name for name in variables if name != "datasource" and f"${name}" not in used], [])

    def test_its_panels_have_a_place_a_title_and_something_to_show(self):
        seen, taken = set(), set()
        for panel in panels():
            with self.subTest(panel["title"]):
                self.assertNotIn(panel["id"], seen)
                seen.add(panel["id"])
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24)
                fields = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
                self.assertFalse(fields & taken)
                taken |= fields
                if panel["type"] != "row":
                    self.assertTrue(panel["targets"])
                    self.assertTrue(panel["description"])
                    self.assertIn("unit", panel["fieldConfig"]["defaults"])
                    letters = [target["refId"] for target in panel["targets"]]
                    self.assertEqual(len(set(letters)), len(letters))

    def test_prometheus_understands_its_expressions(self):
        found = list(expressions())
        self.assertGreater(len(found), 30)
        recorded = [{"record": f"adit:dashboard:{number}", "expr": text} for number, (_, text) in enumerate(found)]
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "dashboard.yaml")
            file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))
            done = promtool("check", "rules", file)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def named():
    """All metrics that rules and dashboard speak of."""
    return set(NAME.findall(" ".join(rule["expr"] for rule in rules().values()) + DASHBOARD.read_text()))


class Names(Case):
    """The pair lives through a bad hour; what it then exports is what may be named."""

    def test_each_metric_of_rules_and_dashboard_is_exported(self):
        hour = BadHour(self).live()
        missing = named() - hour.exported
        if not hour.wireguard:
            print("without WireGuard in this build, its metrics are not looked at")
            missing -= WIREGUARD
        self.assertEqual(sorted(missing), [])

    def test_each_is_documented(self):
        pages = " ".join(page.read_text() for page in (ROOT / "docs").glob("*.md") if page.name != "monitoring.md")
        for name in sorted(named()):
            base = re.sub("_(bucket|count|sum)$", "", name)
            short = re.sub("^adit_(connector_|agent_|bulkhead_|)", "", base)
            with self.subTest(name):
                self.assertRegex(pages, rf"\b{base}\b|\b_?{short}\b|_{short.split('_', 1)[-1]}\b")


if __name__ == "__main__":
    need("promtool")
    unittest.main(verbosity=2)
