// Reading JSON strictly: each error names the member and where it stands.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/time.h"

namespace adit {

/// Walks a document and remembers where it is, so that an error can say it: file: services[2].endpoint: ...
class JsonReader {
  public:
    explicit JsonReader(std::string place) : place_(std::move(place)) {}

    std::unexpected<Error> wrong(std::string_view where, std::string_view what) const;
    /// The object that a text is; errors of its syntax have line and column.
    Result<boost::json::object> document(std::string_view text) const;
    /// Refuses members that are none of these.
    Result<> only(const boost::json::object& object, std::string_view where, std::span<const std::string> names) const;
    Result<std::string> text(const boost::json::object& object, std::string_view where, std::string_view name) const;
    /// A list of at most `most` entries; one that is left out is empty.
    Result<boost::json::array> list(const boost::json::object& object, std::string_view where, std::string_view name,
                                    std::size_t most) const;
    Result<WallTime> time(const boost::json::object& object, std::string_view where, std::string_view name) const;
    /// The member 'version', which must be 1.
    Result<> version(const boost::json::object& object) const;

  private:
    std::string place_;
};

}  // namespace adit
