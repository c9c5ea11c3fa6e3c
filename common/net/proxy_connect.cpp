// The CONNECT request to a forward proxy; see proxy_connect.h.
#include "common/net/proxy_connect.h"

#include "common/base/encoding.h"

namespace adit::net {
namespace {

constexpr std::size_t kHeadMost = 8 * 1024;
constexpr std::size_t kWordsMost = 256;  ///< of a status line that is told
constexpr std::size_t kCodeEnd = 12;     ///< of "HTTP/1.1 407"

std::string base64(const BasicCredentials& credentials) {
    const std::string text = credentials.user + ":" + credentials.password;
    return base64_encode({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// What of the status line may be told: of one that repeats credentials version and code, if it has them.
std::string_view shown(std::string_view status_line, const std::optional<BasicCredentials>& credentials) {
    const auto repeats = [&](std::string_view secret) { return !secret.empty() && status_line.contains(secret); };
    const bool secret = credentials && (repeats(credentials->password) || repeats(base64(*credentials)));
    const std::size_t known = status_line.starts_with("HTTP/1.") ? kCodeEnd : 0;
    return status_line.substr(0, secret ? known : kWordsMost);
}

problem::Failure refused(std::string_view status_line, const std::optional<BasicCredentials>& credentials) {
    std::string words = "the proxy answered: " + std::string(shown(status_line, credentials));
    if (status_line.find(" 407") != std::string_view::npos) {
        words += " (user or password of the proxy URL are missing or wrong)";
    }
    return problem::connection_refused(words);
}

}  // namespace

Task<std::expected<void, problem::Failure>> proxy_connect(Stream& stream, std::string target,
                                                          std::optional<BasicCredentials> credentials) {
    Chain request(stream.loop().blocks());
    request.append("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n");
    if (credentials) {
        request.append("Proxy-Authorization: Basic " + base64(*credentials) + "\r\n");
    }
    request.append("\r\n");
    Status status = co_await stream.write_all(request);
    for (;;) {
        const std::string_view head = stream.input().gather(kHeadMost);
        const std::size_t end = head.find("\r\n\r\n");
        if (end != std::string_view::npos) {
            const std::string line(head.substr(0, head.find("\r\n")));
            stream.consume(end + 4);
            const bool accepted = line.starts_with("HTTP/1.") && line.find(" 2") == 8;
            if (!accepted) {
                co_return std::unexpected(refused(line, credentials));
            }
            co_return std::expected<void, problem::Failure>();
        }
        if (status || head.size() >= kHeadMost) {
            co_return std::unexpected(problem::connection_failed("the proxy gave no answer to CONNECT" +
                                                                 (status ? ": " + status.message() : std::string())));
        }
        status = co_await stream.receive();
    }
}

}  // namespace adit::net
