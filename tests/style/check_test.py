"""The style check finds what it is there for."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check


class StyleCheck(unittest.TestCase):
    def messages(self, name, text):
        return " ".join(why for _, why in check.problems_of(pathlib.PurePosixPath(name), text))

    def test_good_files_pass(self):
        self.assertEqual(self.messages("common/net/a.h", '// A.\n#pragma once\n#include "common/base/error.h"\n'), "")

    def test_each_rule_is_seen(self):
        for name, text, words in [
                ("common/net/a.cpp", '// A.\n#include "connector/http/parse.h"\n', "must not know"), ("agent/a.cpp", '// A.\n#include "connector/app.h"\n', "must not know"),
                ("connector/route/a.cpp", '// A.\n#include "connector/tunnel/pool.h"\n', "must not know"), ("agent/a.cpp", "// A.\n#include <openssl/ssl.h>\n", "openssl/"),
                ("common/net/a.cpp", "int x;\n", "first line"), ("common/net/a.cpp", "// A.\n" * 500, "one story"), ("common/net/a.cpp", "// A.\nint x; \n", "trailing"),
                ("common/net/a.cpp", "// A.\nsomething(asio::detached);\n", "swallows"), ("common/new/a.cpp", '// A.\n#include "common/base/error.h"\n', "not in the table")]:
            with self.subTest(words):
                self.assertIn(words, self.messages(name, text))


unittest.main()
