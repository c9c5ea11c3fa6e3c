"""docs/troubleshooting.md has a paragraph for all that the programs and the alert rules say, and each answer leads to its own."""
import re
import unittest

from deploy import ROOT
from harness import Case, Site, can_connect, main, wait_for

PAGE = (ROOT / "docs/troubleshooting.md").read_text()
ANCHORS = re.findall(r'^<a id="([^"]+)"></a>$', PAGE, re.M)


def codes():
    """Of common/problem/code.h: others do not compile."""
    text = (ROOT / "common/problem/code.h").read_text()
    return re.findall(r'"([a-z0-9-]+)"', text[text.index("kCodes ="):text.index("});")])


def proxy_errors():
    text = (ROOT / "common/problem/failure.cpp").read_text()
    return [name for name in re.findall(r'Named\{ProxyError::\w+, "(\w+)"\}', text) if name != "none"]


class Page(unittest.TestCase):
    def test_every_problem_and_every_proxy_error_has_a_paragraph(self):
        self.assertGreater(len(codes()), 50)
        self.assertGreater(len(proxy_errors()), 20)
        for name in [*codes(), *proxy_errors()]:
            with self.subTest(name):
                self.assertEqual(ANCHORS.count(name), 1)
                paragraph = re.search(rf'^<a id="{name}"></a>\n### {name}\n\n((?:.+\n)+)', PAGE, re.M)
                self.assertIsNotNone(paragraph)
                self.assertGreater(len(paragraph[1]), 40)

    def test_no_paragraph_is_about_something_that_does_not_exist(self):
        known = {*codes(), *proxy_errors()}
        self.assertEqual([anchor for anchor in ANCHORS if anchor not in known and not anchor.startswith("alert-")], [])

    def test_every_alert_has_a_paragraph(self):
        rules = ROOT / "deploy/prometheus/adit.rules.yaml"
        names = re.findall(r"^\s*-? ?alert: (\w+)", rules.read_text(), re.M) if rules.exists() else []
        if not names:
            self.skipTest("there are no alert rules")
        for link in re.findall(r"troubleshooting\.md#([\w-]+)", rules.read_text()):
            self.assertIn(link, ANCHORS)

    def test_links_inside_the_documentation_lead_somewhere(self):
        for page in [*ROOT.glob("docs/*.md"), ROOT / "README.md"]:
            for file, anchor in re.findall(r"\]\(([\w./-]*\.md)?#([\w-]+)\)", page.read_text()):
                target = (page.parent / file).resolve() if file else page
                if not target.exists():
                    continue  # said by the next test
                text = target.read_text()
                headings = {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
                self.assertIn(anchor, headings | set(re.findall(r'<a id="([^"]+)">', text)), f"{page.name}: {file}#{anchor}")


class Answers(Case):
    def test_the_type_of_a_problem_leads_to_its_paragraph(self):
        site = Site(self, {"one": "http://127.0.0.1:9"})
        site.start_connector()
        site.start_agent(allow=[])
        site.wait_sessions()
        answer = site.get("/one")
        problem = answer.problem()
        self.assertEqual((answer.status, problem["code"]), (502, "destination-prohibited"))
        self.assertEqual(problem["type"], "/.well-known/adit/problems/destination-prohibited")
        page = site.get(problem["type"])
        self.assertEqual((page.status, page.headers["content-type"]), (200, "text/markdown; charset=utf-8"))
        paragraph = page.body.decode()
        self.assertTrue(paragraph.startswith("### destination-prohibited\n"), paragraph)
        self.assertIn(paragraph, PAGE)
        self.assertNotIn("<a id=", paragraph)
        self.assertEqual(site.get(problem["type"], method="HEAD").body, b"")
        self.assertEqual(site.get(problem["type"], method="POST").status, 405)
        for name in codes():
            self.assertEqual(site.get(f"/.well-known/adit/problems/{name}").status, 200, name)
        self.assertNotEqual(site.get("/.well-known/adit/problems/other").status, 200)

    def test_an_operator_has_pages_of_his_own(self):
        site = Site(self, {"one": "http://127.0.0.1:9"}, routes=[("/one", "one")],
                    extra='problems: { base: "https://docs.example.com/problems#" }\n')
        site.start_connector()
        wait_for(lambda: can_connect(site.client_port), "the listener")
        problem = site.get("/other").problem()
        self.assertEqual((problem["type"], problem["code"]), ("https://docs.example.com/problems#no-route", "no-route"))
        self.assertEqual(site.get("/.well-known/adit/problems/no-route").status, 404)
        for wrong in ("docs/problems#", "https://docs.example.com/problems"):
            site.config.write_text(re.sub(r'base: "[^"]*"', f'base: "{wrong}"', site.config.read_text()))
            self.assertIn("is not the beginning of a URI", site.tool("check", status=2).stdout + site.tool("check", status=2).stderr)


if __name__ == "__main__":
    main()
