// What a gateway has to know of gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/problem/failure.h"
#include "connector/http/message.h"

namespace adit::http {

/// Whether the call is gRPC, whose failures are told in trailers of their own; or what answers it is.
bool is_grpc(const Head& head);

/// How long the caller of a gRPC call will wait for it (grpc-timeout); nothing when it does not say, or not clearly.
std::optional<std::chrono::nanoseconds> grpc_timeout(const RequestHead& request);

/// A duration as grpc-timeout says it: at most eight digits and a unit. Never longer than `left`.
std::string grpc_timeout_text(std::chrono::nanoseconds left);

/// The code in a grpc-status field; -1 when it is none.
int grpc_code(std::string_view field);

/// The status code of a failure of ours; what HTTP statuses mean to gRPC, where we know no better
/// (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).
int grpc_status(const problem::Failure& failure);

/// Percent-encodes a text for grpc-message.
std::string grpc_message(std::string_view text);

}  // namespace adit::http
