// Reading the URL of a Redis; see state_url.h.
#include "connector/config/state_url.h"

#include <algorithm>
#include <charconv>

#include "common/base/encoding.h"
#include "common/config/host.h"

namespace adit::config {
namespace {

constexpr std::uint16_t kRedisPort = 6379;
constexpr std::uint16_t kSentinelPort = 26379;
constexpr std::uint32_t kDatabasesMost = 16'384;
constexpr std::size_t kSentinelsMost = bounds::sentinels;

struct Scheme {
    std::string_view text;
    State::Server::Kind kind;
    bool tls;
};
constexpr Scheme kSchemes[] = {{"redis://", State::Server::Kind::server, false},
                               {"rediss://", State::Server::Kind::server, true},
                               {"redis+sentinel://", State::Server::Kind::sentinel, false},
                               {"rediss+sentinel://", State::Server::Kind::sentinel, true}};

/// RFC 3986 §2.1.
Result<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto [end, bad] = std::from_chars(digits.begin(), digits.end(), value, 16);
        if (digits.size() != 2 || bad != std::errc() || end != digits.end())
            return usage_error("its user or password has a '%' that does not begin an escape");
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

Result<> read_login(std::string_view text, State::Server& server) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return usage_error("before '@' stands user:password or :password");
    auto user = percent_decoded(text.substr(0, colon));
    auto password = percent_decoded(text.substr(colon + 1));
    if (!user) return std::unexpected(user.error());
    if (!password) return std::unexpected(password.error());
    server.user = std::move(*user);
    server.password = SharedSecret(std::move(*password));
    return {};
}

Result<> read_address(std::string_view text, std::uint16_t usual, State::Server& server) {
    const std::size_t colon = text.rfind(':');
    const bool has_port = colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos;
    const auto host = yaml::parse_host(has_port ? text.substr(0, colon) : text);
    if (!host) return std::unexpected(host.error());
    std::uint16_t port = usual;
    if (has_port) {
        const auto given = yaml::parse_port(text.substr(colon + 1), yaml::ZeroPort::refused);
        if (!given) return std::unexpected(given.error());
        port = *given;
    }
    server.addresses.push_back({*host, port});
    return {};
}

Result<> read_addresses(std::string_view text, State::Server& server) {
    const bool sentinels = server.kind == State::Server::Kind::sentinel;
    while (true) {
        const std::size_t comma = text.find(',');
        auto read = read_address(text.substr(0, comma), sentinels ? kSentinelPort : kRedisPort, server);
        if (!read || comma == std::string_view::npos) return read;
        if (!sentinels) return usage_error("one server has one address; several are those of sentinels");
        if (server.addresses.size() == kSentinelsMost) return usage_error("it names too many sentinels");
        text.remove_prefix(comma + 1);
    }
}

Result<> read_database(std::string_view text, State::Server& server) {
    if (text.empty()) return {};
    const auto [end, bad] = std::from_chars(text.begin(), text.end(), server.database);
    if (bad != std::errc() || end != text.end() || server.database >= kDatabasesMost)
        return usage_error("after the host stands the number of a database, as /0");
    return {};
}

/// What stands behind the addresses: /MASTER[/db] of sentinels, [/db] of a server.
Result<> read_path(std::string_view text, State::Server& server) {
    if (server.kind == State::Server::Kind::sentinel) {
        const std::size_t slash = std::min(text.find('/'), text.size());
        server.master = text.substr(0, slash);
        if (server.master.empty())
            return usage_error("after the sentinels stands the name of the master, as /mymaster");
        text.remove_prefix(std::min(text.size(), slash + 1));
    }
    return read_database(text, server);
}

}  // namespace

Result<State::Server> parse_state_url(std::string_view text) {
    const auto scheme = std::ranges::find_if(kSchemes, [&](const Scheme& one) { return text.starts_with(one.text); });
    if (scheme == std::end(kSchemes))
        return usage_error("it begins with redis://, rediss://, redis+sentinel:// or rediss+sentinel://");
    State::Server server{.kind = scheme->kind, .tls = scheme->tls};
    text.remove_prefix(scheme->text.size());
    if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
        if (auto login = read_login(text.substr(0, at), server); !login) return std::unexpected(login.error());
        text.remove_prefix(at + 1);
    }
    const std::size_t slash = std::min(text.find('/'), text.size());
    if (auto addresses = read_addresses(text.substr(0, slash), server); !addresses)
        return std::unexpected(addresses.error());
    if (auto path = read_path(text.substr(std::min(text.size(), slash + 1)), server); !path)
        return std::unexpected(path.error());
    return server;
}

}  // namespace adit::config
