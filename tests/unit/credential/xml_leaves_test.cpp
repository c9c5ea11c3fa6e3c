// The small reader of XML.
#include "connector/credential/xml_leaves.h"

#include <doctest/doctest.h>

using namespace adit::credential;

TEST_CASE("elements without elements are found by their path") {
    const auto leaves = parse_xml_leaves(
        "<?xml version=\"1.0\"?>\n<!-- note -->\n<A xmlns=\"https://x/\"><B>one</B>\n <C><D>two</D><E/></C ></A>\n");
    REQUIRE(leaves);
    CHECK(leaves->size() == 3);
    CHECK(leaves->at("A/B") == "one");
    CHECK(leaves->at("A/C/D") == "two");
    CHECK(leaves->at("A/C/E").empty());
}

TEST_CASE("references become characters, those of XML itself only") {
    CHECK(parse_xml_leaves("<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x20AC;&#x1F600;</a>")->at("a") == "<&>\"'A€😀");
    for (const char* text : {"<a>&nbsp;</a>", "<a>&</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>",
                             "<a>&#;</a>", "<a>&#9999999999;</a>", "<a>&#x;</a>"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_xml_leaves(text));
    }
}

TEST_CASE("what is not well-formed, declares things or nests too deep is nothing") {
    std::string deep;
    for (std::size_t i = 0; i <= kXmlDepth; ++i) {
        deep.insert(0, "<a>").append("</a>");
    }
    for (const std::string& text :
         {std::string(), std::string("words"), std::string("<a>"), std::string("</a>"), std::string("<a></b>"),
          std::string("<a></a><b></b>"), std::string("<a></a>words"), std::string("<a"), std::string("<>x</>"),
          std::string("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"), std::string("<a><![CDATA[x]]></a>"),
          std::string("<a><!-- </a>"), std::string("<?xml"), std::string("<a><b>1</b><b>2</b></a>"), deep}) {
        CAPTURE(text);
        CHECK_FALSE(parse_xml_leaves(text));
    }
    CHECK(parse_xml_leaves(deep.substr(3, deep.size() - 7)));
}
