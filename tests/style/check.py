#!/usr/bin/env python3
"""Checks the rules of the house that a machine can see; each message says where and why."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES_MOST = 400
# What a folder may include: itself and these. A folder that is not named here is an error.
COMMON = {
    "common/base": [], "common/command": ["common/base"], "common/problem": ["common/base"], "common/log": ["common/base"], "common/metrics": ["common/base"],
    "common/config": ["common/base"], "common/net": ["common/base", "common/problem"],
    "common/tls": ["common/base", "common/net", "common/problem"], "common/wireguard": ["common/base", "common/log", "common/net", "common/problem", "common/tls"], "common/jose": ["common/base", "common/tls"], "common/token": ["common/base", "common/net", "common/tls", "common/wireguard"],
    "common/h2": ["common/base", "common/net", "common/problem"], "common/protocol": ["common/base", "common/h2"], "common/sandbox": ["common/base", "common/log", "common/metrics", "common/net"], "common/status": ["common/base", "common/net", "common/problem", "common/tls"],
}
ALL_COMMON = list(COMMON)
ALLOWED = {
    **COMMON,
    "agent/allow": ["common/base"], "agent/metrics": ["common/metrics", "common/problem"],
    "agent/config": ["common/base", "common/config", "common/log", "common/net", "common/sandbox", "common/wireguard"],
    "agent/options": ["agent/allow", "agent/config", "common/base", "common/command", "common/config", "common/log", "common/net", "common/sandbox", "common/wireguard"],
    "agent/dial": ["common/base", "common/h2", "common/log", "common/net", "common/problem", "common/protocol", "common/tls", "common/token", "common/wireguard"],
    "agent/diagnose": ["agent/allow", "agent/dial", "agent/options", "common/base", "common/h2", "common/net", "common/problem", "common/protocol", "common/tls", "common/token", "common/wireguard"],
    "agent": [*ALL_COMMON, *(f"agent/{f}" for f in ("allow", "config", "diagnose", "dial", "metrics", "options"))],
    "connector/access": ["common/base"], "connector/config": ["connector/access", "common/base", "common/config", "common/log", "common/net", "common/sandbox", "common/tls", "common/wireguard"],
    "connector/http": ["common/base", "common/h2", "common/net", "common/problem", "common/tls"], "connector/store": ["connector/access", "common/base", "common/net", "common/tls", "common/wireguard"],
    "connector/resilience": ["common/base", "connector/config"],
    "connector/state": ["common/base", "common/metrics", "common/net", "common/problem", "common/tls", "connector/admin", "connector/config", "connector/resilience"],
    "connector/admin": ["common/base", "common/log", "common/metrics", "common/net", "common/status"], "connector/backend": ["common/base", "connector/access", "connector/config", "connector/resilience", "common/h2", "common/net", "common/problem", "common/tls", "connector/admin", "connector/http"],
    "connector/health": ["common/base", "common/h2", "common/net", "common/problem", "connector/backend", "connector/config", "connector/http", "connector/resilience"],
    "connector/fetch": ["common/base", "common/log", "common/net", "common/problem", "common/tls", "connector/admin", "connector/backend", "connector/config", "connector/http"],
    "connector/credential": ["common/base", "common/jose", "common/log", "common/net", "common/problem", "common/tls", "connector/access", "connector/admin", "connector/backend", "connector/config", "connector/fetch", "connector/http"],
    "connector/event": ["common/base", "common/log", "common/metrics", "common/net", "common/problem", "common/tls", "connector/admin", "connector/config", "connector/fetch", "connector/http"],
    "connector/telemetry": ["common/base", "common/log", "common/net", "common/tls", "connector/admin", "connector/backend", "connector/config", "connector/fetch", "connector/http"],
    "connector/tunnel": ["connector/access", "common/base", "common/h2", "common/log", "common/net", "common/protocol", "common/tls", "connector/admin", "connector/backend", "connector/store"],
    "connector/route": ["connector/access", "connector/resilience", "common/base", "common/net", "common/problem", "common/tls", "connector/admin", "connector/backend", "connector/config", "connector/http"],
    "connector/cache": ["connector/access", "common/base", "common/net", "common/problem", "connector/config", "connector/http"],
    "connector/policy": ["common/jose", "connector/cache", "connector/access", "connector/resilience", "connector/fetch", "connector/credential", "common/base", "common/log", "common/net", "common/problem", "common/tls", "connector/admin", "connector/backend", "connector/config", "connector/http", "connector/route", "connector/telemetry"],
    "connector/proxy": ["common/log", "common/base", "common/net", "common/problem", "connector/access", "connector/admin", "connector/backend", "connector/http", "connector/policy", "connector/route", "connector/telemetry", "connector/tunnel"],
    "connector/cli": ["connector/resilience", "common/base", "common/command", "common/config", "common/jose", "common/log", "common/net", "common/status", "common/tls", "common/token", "common/wireguard", "connector/access", "connector/admin", "connector/backend", "connector/config", "connector/credential", "connector/fetch", "connector/http", "connector/route", "connector/store"],
    "connector": [*ALL_COMMON, *(f"connector/{f}" for f in ("access", "admin", "backend", "cache", "cli", "config", "credential", "event", "fetch", "health", "http", "policy", "proxy", "resilience", "route", "state", "store", "telemetry", "tunnel"))],
}
SINGLE = {"nghttp2/": ["common/h2"], "openssl/": ["common/jose", "common/tls"], "yaml-cpp/": ["common/config"], "prometheus/": ["common/metrics"], "zlib.h": ["connector/policy"], "wireguard.h": ["common/wireguard"], "brotli/": ["connector/policy"],
          "hiredis/": ["connector/state"], "seccomp.h": ["common/sandbox"], "cap-ng.h": ["common/sandbox"], "linux/landlock.h": ["common/sandbox"],
          "CLI/": ["agent/options", "common/command", "connector/cli"]}
BANNED = [
    (r"\bTODO\b|\bFIXME\b|\bXXX\b", "left-overs belong into an issue"), (r"std::endl", "flushes for nothing"),
    (r"\brand\(", "use common/base/random.h"), (r"std::this_thread::sleep_for|\busleep\(", "nothing sleeps; use net::Alarm"),
    (r"asio::detached", "swallows exceptions; use net::spawn"), (r"\bprintf\(", "use the log, or a stream in a command"),
    (r"\bdelete [a-z&*]", "an owner deletes; use unique_ptr"),
]


def problems_of(path, text):
    """All that is wrong with a file, as (line, message)."""
    lines = text.splitlines()
    folder = path.parent.as_posix()
    found = []
    if not lines or not lines[0].startswith("//"):
        found.append((1, "the first line must say what the file is for"))
    if path.suffix == ".h" and "#pragma once" not in text:
        found.append((1, "a header needs #pragma once"))
    if len(lines) > LINES_MOST and folder.startswith(("common", "agent", "connector")):
        found.append((LINES_MOST, f"{len(lines)} lines: a file tells one story in at most {LINES_MOST}"))
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            found.append((number, "trailing white space"))
        if path.suffix == ".h" and re.match(r"using namespace (?!std::chrono_literals)", line):
            found.append((number, "using namespace in a header reaches everybody"))
        for pattern, why in BANNED:
            if re.search(pattern, line):
                found.append((number, f"{pattern}: {why}"))
        include = re.match(r'#include ["<]([^">]+)[">]', line)
        if include and folder.startswith(("common", "agent", "connector")):
            found += [(number, why) for why in include_problems(folder, include[1])]
    return found


def include_problems(folder, included):
    for prefix, owners in SINGLE.items():
        if included.startswith(prefix) and folder not in owners and not (prefix == "CLI/" and folder == "connector"):
            yield f"{prefix} is included by {', '.join(owners)} only"
    if included.startswith(("common/", "agent/", "connector/")):
        target = str(pathlib.PurePosixPath(included).parent)
        if folder not in ALLOWED:
            yield f"folder {folder} is not in the table of tests/style/check.py"
        elif target != folder and target not in ALLOWED[folder]:
            yield f"{folder} must not know {target}: dependencies point one way"


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "agent", "common", "connector", "tests/unit", "tests/fuzz"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.splitlines() or [str(p.relative_to(ROOT)) for f in ("agent", "common", "connector", "tests/unit", "tests/fuzz") for p in (ROOT / f).rglob("*")]
    files = [pathlib.PurePosixPath(n) for n in names if n.endswith((".h", ".cpp")) and (ROOT / n).exists()]
    wrong = [f"{path}:{line}: {why}" for path in files for line, why in problems_of(path, (ROOT / path).read_text())]
    if shutil.which("clang-format-19"):
        done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *map(str, files)], cwd=ROOT, capture_output=True, text=True)
        wrong += sorted({line.split(": error")[0] + ": not as clang-format-19 writes it" for line in done.stderr.splitlines() if ": error" in line})
    print("\n".join(wrong) if wrong else f"{len(files)} files are in order")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
