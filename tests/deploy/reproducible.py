"""The cheap part of what scripts/reproduce shows for all: units, a library and adit-wireguard built at two places are the same
bytes (packages.py has those of packages). What differs is what differs among people: folder, user, umask, language, clock."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from deploy import BUILD, ROOT, SURROUNDINGS, digest, need

LIBRARY = "common/problem/libadit_problem.a"
HELPER = "libexec/adit/adit-wireguard"


def build(place, surroundings, umask):
    """The sources at `place`, built as releases are: without ccache, and with Go's own cache, which tells builds apart by all that
    gets into them, the place included where that does."""
    place.mkdir(parents=True)
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.splitlines() or [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if "build" not in p.relative_to(ROOT).parts[:1]]
    for name in names:
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    environment = {**os.environ, "CCACHE_DISABLE": "1", **surroundings}

    def run(*command):
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, umask=umask)
        if done.returncode != 0:
            raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])

    run("cmake", "--preset", "release", "-DADIT_BUILD_TESTS=OFF")
    if (BUILD / "gocache").exists():
        (place / "build/release/gocache").symlink_to(BUILD / "gocache")
    run("cmake", "--build", "build/release", "--target", LIBRARY, "--target", HELPER)
    return place / "build/release"


class Reproducible(unittest.TestCase):
    def test_two_places_give_the_same_bytes_and_no_place_is_in_them(self):
        with tempfile.TemporaryDirectory(prefix="adit-reproducible-") as folder:
            places = [pathlib.Path(folder, "one"), pathlib.Path(folder, "another/much longer place".replace(" ", "-"))]
            built = [build(place, surroundings, umask) for place, surroundings, umask in zip(places, SURROUNDINGS, (0o022, 0o077))]
            for product in (LIBRARY, HELPER):
                with self.subTest(product):
                    first, second = (one / product for one in built)
                    self.assertEqual(digest(first), digest(second))
                    for needle in (folder, str(ROOT)):
                        self.assertNotIn(needle.encode(), first.read_bytes())


if __name__ == "__main__":
    need("cmake", "ninja", "go", "git")
    unittest.main(verbosity=2)
