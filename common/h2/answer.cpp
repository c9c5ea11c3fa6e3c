// The heads of answers, as acceptors and servers send them; see stream.h.
#include <nghttp2/nghttp2.h>

#include <span>
#include <string>

#include "common/h2/callbacks.h"

namespace adit::h2 {

void Stream::respond(int status, const Fields& fields, bool end) {
    if (session_ == nullptr) {
        return;
    }
    const std::string code = std::to_string(status);
    const std::span<const nghttp2_nv> head = to_list(fields, code);
    ending_ = end;
    nghttp2_data_provider body{{.ptr = this}, Session::Callbacks::read};
    nghttp2_submit_response(session_->session_.get(), id_, head.data(), head.size(), end ? nullptr : &body);
    session_->mark_dirty();
}

void Stream::inform(int status, const Fields& fields) {
    if (session_ == nullptr) {
        return;
    }
    const std::string code = std::to_string(status);
    const std::span<const nghttp2_nv> head = to_list(fields, code);
    nghttp2_submit_headers(session_->session_.get(), NGHTTP2_FLAG_NONE, id_, nullptr, head.data(), head.size(),
                           nullptr);
    session_->mark_dirty();
}

}  // namespace adit::h2
