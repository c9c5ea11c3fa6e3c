// What an endpoint answers to a check of its health over gRPC: a message of protobuf, by hand.
#include "connector/health/grpc_health.h"

#include "tests/fuzz/target.h"

void adit::fuzz::run(std::string_view input) {
    if (const auto serving = health::grpc_health_response(input)) {
        demand(!health::name(*serving).empty(), "a status has a name");
        demand(input.size() >= 5 && input.front() == '\0', "it is one message, uncompressed");
        const std::size_t said = static_cast<std::size_t>(static_cast<unsigned char>(input[1])) << 24 |
                                 static_cast<std::size_t>(static_cast<unsigned char>(input[2])) << 16 |
                                 static_cast<std::size_t>(static_cast<unsigned char>(input[3])) << 8 |
                                 static_cast<std::size_t>(static_cast<unsigned char>(input[4]));
        demand(said == input.size() - 5, "of the length that it says");
    }
    const std::string request = health::grpc_health_request(input);
    demand(request.ends_with(input) && request.size() <= input.size() + 16, "a request holds the service's name");
}
