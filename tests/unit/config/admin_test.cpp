// Where operators may be served, and what has to be asked of them there.
#include "connector/config/admin.h"

#include "tests/unit/config/loading.h"

using namespace adit;
using config::test::errors_of;
using config::test::loaded;

namespace {

/// Certificates need only be files that can be read here: any will do.
const std::string kTls = "tls: {certificate: /proc/self/status, key: /proc/self/status";

std::string admin(const std::string& members) {
    return "admin: {" + members + "}\n";
}

}  // namespace

TEST_CASE("a socket, loopback, and what proves who asks are fine") {
    for (const std::string& members :
         {std::string("address: \"unix:/run/adit/admin.sock\""),
          std::string("address: \"unix:s\", mode: \"0660\", group: root"), std::string("address: \"127.0.0.1:1\""),
          std::string("address: \"[::1]:1\", token: a-token-of-operators"), std::string("address: \"localhost:1\""),
          "address: \"0.0.0.0:1\", " + kTls + "}, token: a-token-of-operators",
          "address: \"0.0.0.0:1\", " + kTls + ", client_ca: /proc/self/status}",
          "address: \"0.0.0.0:1\", " + kTls +
              ", client_ca: /proc/self/status, subjects: [CN=ops]}, token: a-token-of-operators",
          std::string("address: \"127.0.0.1:1\", metrics: \"0.0.0.0:2\", audit: a.jsonl")}) {
        CHECK_MESSAGE(errors_of(admin(members)) == "", members);
    }
}

TEST_CASE("elsewhere somebody has to prove who he is, and not in clear text") {
    const auto begins = [](const std::string& members, const std::string& with) {
        const std::string told = errors_of(admin(members));
        CHECK_MESSAGE(told.starts_with(with), told);
    };
    for (const char* there : {"0.0.0.0:1", "[::]:1", "10.1.2.3:1"}) {
        const std::string address = "address: \"" + std::string(there) + "\"";
        begins(address, "adit.yaml:1:18: admin.address is not loopback, and nobody would be asked who he is");
        begins(address + ", token: a-token-of-operators",
               "adit.yaml:1:18: admin.address is not loopback, and a token would cross");
        begins(address + ", " + kTls + "}", "adit.yaml:1:18: admin.address is not loopback, and nobody would be asked");
    }
    begins("address: \"ops.example:1\"", "adit.yaml:1:18: admin.address is an IP address and port");
    begins("address: \"127.0.0.1:1\", mode: \"0660\"", "adit.yaml:1:39: admin.mode is for a Unix socket");
    begins("address: \"unix:/s\", mode: \"0666\"", "adit.yaml:1:35: \"0666\" is not a mode");
    begins("address: \"unix:/s\", group: no-such-group", "adit.yaml:1:36: there is no group 'no-such-group'");
    begins("address: \"unix:/s\", " + kTls + "}", "adit.yaml:1:34: a Unix socket never leaves the host");
    begins("address: \"unix:@s\"", "adit.yaml:1:18: \"...\" is no Unix socket: abstract");
    begins("address: \"127.0.0.1:1\", token: \"two words of a token\"", "adit.yaml:1:40: a token is one word");
    begins("address: \"127.0.0.1:1\", token: fifteen-letters",
           "adit.yaml:1:40: a token of less than 16 characters can be guessed");
    begins("address: \"127.0.0.1:1\", " + kTls + ", subjects: [CN=ops]}", "adit.yaml:1:");
}

TEST_CASE("a relative path of a socket starts at the folder of the file") {
    const auto path = loaded(admin("address: \"unix:run/s\"")).admin->address.path;
    CHECK(path.is_absolute());
    CHECK(path.string().ends_with("/run/s"));
    CHECK(loaded(admin("address: \"unix:/s\"")).admin->mode == 0600U);
    CHECK(loaded(admin("address: \"unix:/s\", mode: \"0660\"")).admin->mode == 0660U);
}
