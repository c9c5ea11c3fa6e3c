// Reading an answer; see reply_reader.h.
#include "common/status/reply_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace adit::status {
namespace {

namespace bhttp = boost::beast::http;

constexpr std::uint64_t kBodyMost = 256 << 20;  ///< the status of tens of thousands of routes is long

}  // namespace

ReplyReader::ReplyReader() {
    parser_.body_limit(kBodyMost);
}

Result<bool> ReplyReader::take(std::string_view bytes) {
    held_ += bytes;
    boost::system::error_code error;
    while (!held_.empty() && !error && !parser_.is_done()) {
        held_.erase(0, parser_.put(boost::asio::buffer(held_), error));
    }
    if (error && error != bhttp::error::need_more) {
        return failure(error.message());
    }
    return parser_.is_done();
}

Reply ReplyReader::reply() && {
    return {static_cast<int>(parser_.get().result_int()), std::move(parser_.get().body())};
}

}  // namespace adit::status
