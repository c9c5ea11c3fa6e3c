// Heads of HTTP messages: parsed once into views, reused from one exchange to the next on an HTTP/1.1 connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace adit::http {

/// Fields that mean something to a proxy; recognised once, while parsing.
enum class Known : std::uint8_t {
    other,
    host,
    connection,
    keep_alive,
    proxy_connection,
    te,
    trailer,
    transfer_encoding,
    content_length,
    upgrade,
    expect,
    proxy_authenticate,
    proxy_authorization,
    authorization,
    via,
    date,
    forwarded,
    x_forwarded,  ///< X-Forwarded-For, -Proto, -Host, -Port and X-Real-IP
    client_cert,  ///< Client-Cert, Client-Cert-Chain (RFC 9440) and X-Forwarded-Client-Cert
    identity,     ///< what only this connector says (X-Adit-*), or what shall go no further; never passed on
    request_id,   ///< X-Request-Id
    max_forwards,
    content_type,
    proxy_status,
    websocket_key,     ///< of one connection of HTTP/1.1 (RFC 8441 §5)
    websocket_accept,  ///< and its answer
    credential,        ///< told us who calls: goes on only where a backend's `credential` says `forward`
    own,               ///< written by a policy of ours: no peer can nominate it away
};

struct Field {
    std::string_view name;
    std::string_view value;
    Known known = Known::other;
};

enum class Version : std::uint8_t { http10, http11, http2 };

/// As the access log and Via name it.
std::string_view name(Version version);

/// How the end of a body is found (RFC 9112 §6; on HTTP/2 the stream's end, RFC 9113 §8.1). `chunked` stands for any
/// body of unknown length whose end will be told.
struct Framing {
    enum class Kind : std::uint8_t { none, length, chunked, until_close, stream };
    Kind kind = Kind::none;
    std::uint64_t length = 0;
};

/// Trailer fields, as views. They may be passed on: those that frame, route or authenticate are not among them.
using Trailers = std::vector<Field>;

/// Owns the bytes of a head; the views of the derived heads point into them, so it neither moves nor copies.
class Head {
  public:
    Head() = default;
    Head(const Head&) = delete;
    Head& operator=(const Head&) = delete;

    std::vector<Field> fields;
    Version version = Version::http11;
    Framing framing;
    bool keep_alive = false;              ///< the peer is willing to go on with the connection
    std::string_view upgrade;             ///< the protocols of Upgrade, where Connection names it
    std::string_view connection;          ///< the (single or first) Connection field, for nominated names
    bool has_connection_options = false;  ///< Connection names more than close and keep-alive

    /// The first field of that kind, or null.
    const Field* find(Known known) const {
        for (const Field& field : fields) {
            if (field.known == known) {
                return &field;
            }
        }
        return nullptr;
    }
    const Field* find(std::string_view name) const;

    std::string& bytes() { return bytes_; }
    /// Gives memory back between exchanges, so that an idle connection stays small.
    void release();

  protected:
    void clear();
    std::string bytes_;
};

/// The forms of a request's target (RFC 9112 §3.2). A request of HTTP/2 has the parts of the absolute form.
enum class TargetForm : std::uint8_t { origin, absolute, authority, asterisk };

/// What a listener is to its clients (RFC 9110 §3.7): that decides which targets it takes.
enum class Role : std::uint8_t {
    gateway,  ///< stands for origins: CONNECT is refused
    proxy,    ///< was chosen by its clients: CONNECT and the absolute form count
};

/// A request's head. `path` and `query` are parts of the target; `authority` is the host that counts: of an
/// absolute-form target, else of the Host field.
class RequestHead final : public Head {
  public:
    std::string_view method;
    std::string_view target;
    TargetForm form = TargetForm::origin;
    std::string_view scheme;  ///< of an absolute form, as it came; else empty
    std::string_view path;
    std::string_view query;  ///< with its '?', or empty
    std::string_view authority;
    bool expect_continue = false;
    /// The query as it came, where a credential was taken out of `query`; empty: nothing was.
    std::string_view whole_query;
    /// Names of fields that were written or taken away on the way here: trailers shall not bring them back.
    std::vector<std::string_view> settled;
    bool has_credential = false;  ///< a field is Known::credential, or whole_query is there

    /// As the client has sent it.
    std::string_view shown_query() const { return whole_query.empty() ? query : whole_query; }
    void clear();
    /// Becomes a copy of `other`, with `more` as its last field, and with bytes of its own wherever the views of those
    /// point.
    void assign(const RequestHead& other, const Field& more);
};

class ResponseHead final : public Head {
  public:
    int status = 0;
    std::string_view reason;

    void clear();
};

/// Bounds of a head.
struct HeadLimits {
    std::size_t bytes = 32 * 1024;
    std::size_t target = 8 * 1024;
    std::size_t fields = 100;
};

/// Interim responses before the final one (RFC 9110 §15.2): who sends more of them wins time, and means no good.
constexpr int kInterimMost = 32;

/// A method whose effect is the same when it arrives twice (RFC 9110 §9.2.2).
bool idempotent(std::string_view method);

}  // namespace adit::http
