// Memory of heads; see message.h.
#include "connector/http/message.h"

#include "common/base/strings.h"

namespace adit::http {
namespace {

constexpr std::size_t kKeptBytes = 1024;  ///< what an idle connection may keep of its heads
constexpr std::size_t kKeptFields = 16;

}  // namespace

std::string_view name(Version version) {
    return version == Version::http2 ? "HTTP/2" : version == Version::http11 ? "HTTP/1.1" : "HTTP/1.0";
}

const Field* Head::find(std::string_view name) const {
    for (const Field& field : fields) {
        if (iequals(field.name, name)) {
            return &field;
        }
    }
    return nullptr;
}

void Head::clear() {
    fields.clear();
    version = Version::http11;
    framing = {};
    keep_alive = false;
    upgrade = connection = {};
    has_connection_options = false;
}

void Head::release() {
    fields.clear();
    if (fields.capacity() > kKeptFields) {
        fields.shrink_to_fit();
    }
    bytes_.clear();
    if (bytes_.capacity() > kKeptBytes) {
        bytes_.shrink_to_fit();
    }
}

void RequestHead::clear() {
    Head::clear();
    method = target = scheme = path = query = authority = whole_query = {};
    form = TargetForm::origin;
    settled.clear();
    expect_continue = has_credential = false;
}

void RequestHead::assign(const RequestHead& other, const Field& more) {
    clear();
    fields = other.fields;
    fields.push_back(more);
    version = other.version;
    framing = other.framing;
    keep_alive = other.keep_alive;
    has_connection_options = other.has_connection_options;
    expect_continue = other.expect_continue;
    upgrade = other.upgrade;
    connection = other.connection;
    method = other.method;
    target = other.target;
    form = other.form;
    scheme = other.scheme;
    path = other.path;
    query = other.query;
    authority = other.authority;
    whole_query = other.whole_query;
    has_credential = other.has_credential;
    std::vector<std::string_view*> views{&upgrade, &connection, &method,    &target,     &scheme,
                                         &path,    &query,      &authority, &whole_query};
    for (Field& field : fields) {
        views.insert(views.end(), {&field.name, &field.value});
    }
    std::size_t size = 0;
    for (const std::string_view* view : views) {
        size += view->size();
    }
    bytes_.clear();
    bytes_.reserve(size);  // so that nothing moves while views are taken
    for (std::string_view* view : views) {
        const std::size_t begin = bytes_.size();
        bytes_ += *view;
        *view = std::string_view(bytes_).substr(begin);
    }
}

void ResponseHead::clear() {
    Head::clear();
    status = 0;
    reason = {};
}

bool idempotent(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE" || method == "PUT" ||
           method == "DELETE";
}

}  // namespace adit::http
