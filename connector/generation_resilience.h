// The parts of a generation that stand around its backends and routes when origins fail.
#pragma once

#include "connector/generation.h"

namespace adit {

/// Of each backend. What stood around a backend of the same name goes on.
void make_guards(Generation& made, const Generation::Means& means, const Generation* previous);

/// Of a route with retries of its own: their budget, as it was.
void make_retry_terms(const config::RouteRule& rule, policy::RouteTerms& terms, const policy::RouteTerms* before);

/// This generation's settings of budgets and of hedging count from now on. Called when nothing can fail any more.
void use_retries(const Generation& generation);

}  // namespace adit
