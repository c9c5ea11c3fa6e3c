// The messages of grpc.health.v1 (https://github.com/grpc/grpc/blob/master/doc/health-checking.md), by hand: two fields
// of protobuf. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace adit::health {

inline constexpr std::string_view kGrpcHealthPath = "/grpc.health.v1.Health/Check";

/// HealthCheckRequest{service}, framed as gRPC frames messages.
std::string grpc_health_request(std::string_view service);

/// HealthCheckResponse.ServingStatus, as far as it is known.
enum class Serving : std::uint8_t { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };
/// Of a framed, uncompressed HealthCheckResponse; nothing when it is none.
std::optional<Serving> grpc_health_response(std::string_view message);
std::string_view name(Serving serving);

}  // namespace adit::health
