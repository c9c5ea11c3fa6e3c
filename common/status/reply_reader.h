// What a status server answers, however its bytes arrive. Pure.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit::status {

struct Reply {
    int status = 0;
    std::string body;
};

/// Takes bytes until the answer is whole. One without a length ends with its connection, and is none here: a server of
/// ours says how long its answers are.
class ReplyReader {
  public:
    ReplyReader();

    /// Whether the answer is whole now; what follows it is dropped. Fails with a reason when this is no answer of
    /// HTTP/1.1, or one of more than 256 MiB; nothing is to be taken after that.
    Result<bool> take(std::string_view bytes);
    /// Once it is whole.
    Reply reply() &&;

  private:
    boost::beast::http::response_parser<boost::beast::http::string_body> parser_;
    std::string held_;  ///< not parsed yet
};

}  // namespace adit::status
