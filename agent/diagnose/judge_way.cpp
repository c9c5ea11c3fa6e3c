// Names, proxies and TCP; see judge.h.
#include "agent/diagnose/judge.h"

namespace adit::agent {
namespace {

using problem::ProxyError;

std::string in_ms(Took took) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()) + " ms";
}

bool says(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// What was seen of a connection that did not come about, and what to do, where `program` should listen.
void explain_unreachable(Finding& finding, const problem::Failure& failure, const std::string& program) {
    finding.verdict = Verdict::failed;
    switch (failure.error) {
        case ProxyError::connection_refused:
            finding.seen = "connection refused";
            finding.advice = "no program listens there, or a firewall rejects: start " + program +
                             ", and check the address and port that it listens on";
            return;
        case ProxyError::connection_timeout:
            finding.seen = "no answer to the connection attempt";
            finding.advice = "something on the way drops the packets: allow outgoing TCP to " + finding.about +
                             " in firewalls, security groups and network policies, and incoming TCP at the other end";
            return;
        case ProxyError::destination_ip_unroutable:
            finding.seen = "this machine has no route there (" + failure.detail + ")";
            finding.advice = "check this machine's routes and address families, such as an IPv6 address without IPv6";
            return;
        default:
            finding.seen = failure.detail;
            finding.advice = "check the network between this machine and " + finding.about;
            return;
    }
}

}  // namespace

Finding skipped(const char* step, std::string about, std::string why) {
    return {step, std::move(about), Verdict::skipped, std::move(why)};
}

Finding judge_dns(const net::HostPort& name, const net::Resolver::Answer& answer, Took took) {
    Finding finding{"dns", name.host, Verdict::ok, {}};
    if (answer && name.literal()) {
        finding.seen = "is an address, nothing to look up";
        return finding;
    }
    if (answer) {
        for (const net::Address& address : *answer) {
            finding.seen += (finding.seen.empty() ? "" : ", ") + address.ip.to_string();
        }
        finding.seen += " (" + in_ms(took) + ")";
        return finding;
    }
    finding.verdict = Verdict::failed;
    finding.expected = "at least one address";
    if (answer.error().error == ProxyError::dns_timeout) {
        finding.seen = "no answer from a DNS server";
        finding.advice = "check the servers in /etc/resolv.conf, and that UDP and TCP port 53 are allowed to them";
    } else {
        finding.seen = answer.error().detail;
        finding.advice =
            "check the spelling of the name, and that the DNS servers of this machine know it (a name of "
            "another network may need their help)";
    }
    return finding;
}

Finding judge_direct(const net::HostPort& name, bool proxy_set) {
    return {"proxy", name.text(), Verdict::ok,
            proxy_set ? "NO_PROXY excepts it, dialled directly" : "HTTPS_PROXY is not set, dialled directly"};
}

Finding judge_proxy(const net::HostPort& name, const net::Proxy& proxy, const problem::Failure* refusal) {
    const std::string by = net::HostPort{proxy.host, proxy.port}.text();
    const std::string setting = "HTTPS_PROXY sends it through " + by + (proxy.user.empty() ? "" : " with a user name");
    Finding finding{"proxy", name.text(), Verdict::ok, setting};
    if (refusal == nullptr) {
        finding.seen += ", which connects";
        return finding;
    }
    finding.verdict = Verdict::failed;
    finding.seen += "; " + refusal->detail;
    finding.expected = "status 200 to CONNECT " + name.text();
    if (says(refusal->detail, " 407")) {
        finding.advice = "put the proxy's user and password into HTTPS_PROXY: http://USER:PASSWORD@" + by;
    } else if (says(refusal->detail, " 403") || says(refusal->detail, " 405")) {
        finding.advice = "have the proxy's operators allow CONNECT to " + name.text() +
                         ", or, if it can be reached directly, put " + name.host + " into NO_PROXY";
    } else if (says(refusal->detail, " 50")) {
        finding.advice = "the proxy itself cannot reach " + name.text() + ": its operators see why in its log";
    } else {
        finding.advice = "check that " + by + " is an HTTP proxy, or put " + name.host + " into NO_PROXY";
    }
    return finding;
}

Finding judge_tcp(std::string about, const char* program, const problem::Failure* failure, Took took) {
    Finding finding{"tcp", std::move(about), Verdict::ok, "connected in " + in_ms(took)};
    if (failure != nullptr) {
        finding.expected = "an open port";
        explain_unreachable(finding, *failure, program);
    }
    return finding;
}

Finding judge_target(std::string about, const problem::Failure* failure, Took took) {
    Finding finding{"target", std::move(about), Verdict::ok, "connected in " + in_ms(took)};
    if (failure == nullptr) {
        return finding;
    }
    finding.verdict = Verdict::failed;
    if (failure->error == ProxyError::dns_error || failure->error == ProxyError::dns_timeout) {
        finding.seen = "its name leads to no address: " + failure->detail;
        finding.expected = "a name that this machine can look up";
        finding.advice = "check the spelling in --allow, and that the DNS servers of this machine know the name";
        return finding;
    }
    if (failure->error == ProxyError::destination_ip_prohibited) {
        finding.seen = "requests to it will be refused: " + failure->detail;
        finding.expected = "an address that may be dialled";
        finding.advice = "if that address is really meant, allow it as an address; else mend the name";
        return finding;
    }
    finding.expected = "an open port";
    explain_unreachable(finding, *failure, "the service");
    return finding;
}

}  // namespace adit::agent
