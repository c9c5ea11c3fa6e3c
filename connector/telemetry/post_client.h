// Posts JSON to one collector over a connection that is kept.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/net/resolver.h"
#include "common/tls/context.h"
#include "connector/config/endpoint.h"
#include "connector/fetch/client.h"

namespace adit::telemetry {

/// One collector; used on its loop's thread, one post at a time.
class PostClient {
  public:
    struct Target {
        config::Endpoint url;  ///< http or https; its base path is the whole path
        std::map<std::string, std::string> headers;
        std::shared_ptr<const tls::Context> tls;  ///< may be null for http
    };
    struct Reply {
        int status = 0;           ///< 0: no answer
        std::string retry_after;  ///< the field, if there was one
        std::string problem;      ///< why there was no answer, or what the status was
    };

    PostClient(net::Loop& loop, net::Resolver& resolver, Target target);

    /// Sends the body and reads the answer, all before `deadline`. The body must outlive the task.
    net::Task<Reply> post(std::string_view body, net::Time deadline);

  private:
    std::map<std::string, std::string> headers_;
    fetch::Client client_;
};

}  // namespace adit::telemetry
