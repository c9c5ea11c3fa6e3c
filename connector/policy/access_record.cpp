// From an exchange and its way to a record; see access_record.h.
#include "connector/policy/access_record.h"

namespace adit::policy {

AccessRecord access_record(const http::Exchange& exchange, const route::Trace& trace, net::Time now) {
    const http::RequestHead& request = exchange.request;
    AccessRecord record;
    record.request_id = exchange.request_id;
    record.client = exchange.client_ip;
    record.method = request.method;
    record.host = request.authority;
    record.path = request.path;
    record.protocol = http::name(request.version);
    record.endpoint = trace.endpoint;
    record.tunnel = trace.tunnel;
    record.agent = trace.agent;
    record.status = exchange.status;
    record.bytes_in = exchange.body.bytes();
    record.bytes_out = exchange.out.bytes();
    record.attempts = trace.attempts;
    record.reused = trace.reused;
    record.duration = now - exchange.started;
    const auto between = [](net::Time from, net::Time to) {
        return from == net::Time{} || to == net::Time{} ? std::chrono::nanoseconds{} : to - from;
    };
    record.queue = between(exchange.started, trace.connect_started);
    record.connect = between(trace.connect_started, trace.connected);
    record.first_byte = between(trace.connected, trace.first_byte);
    record.body = between(trace.first_byte, now);
    return record;
}

}  // namespace adit::policy
