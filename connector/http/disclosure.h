// What an origin is told about who called and through whom: X-Forwarded-*, Forwarded (RFC 7239) and Via.
#pragma once

#include <cstdint>

#include "connector/http/field_sink.h"
#include "connector/http/message.h"

namespace adit::http {

struct Onward;

struct Disclosure {
    /// Of what stands in these fields already: `append` continues what a trusted proxy wrote and replaces what anybody
    /// else did; `off` tells the origin nothing, and lets nobody else tell it.
    enum class Hops : std::uint8_t { replace, append, off };
    Hops x_forwarded = Hops::replace;  ///< X-Forwarded-For, -Proto, -Host, -Port
    Hops forwarded = Hops::replace;
    bool via = true;  ///< whether we add ourselves, in both directions; those before us stay
};

/// Adds X-Forwarded-* and Forwarded. What the request has of them is not added by anybody else.
void add_hops(FieldSink& out, const RequestHead& request, const Onward& onward);

}  // namespace adit::http
