// A stored answer: immutable once it is whole, shared by the store and by those whom it is being sent to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connector/cache/control.h"
#include "connector/cache/freshness.h"
#include "connector/cache/vary.h"
#include "connector/http/message.h"

namespace adit::cache {

class Entry {
  public:
    using Body = std::shared_ptr<const std::string>;

    /// What an answer says is copied, but for fields of one connection, its length, Age (RFC 9111 §3.1) and
    /// cookies; it has no
    /// body yet. `heuristic`: how long it is fresh if it does not say.
    Entry(const http::ResponseHead& answer, std::vector<Selecting> selecting, const Moment& moment,
          milliseconds heuristic);
    /// The stored answer as a 304 makes it new (RFC 9111 §3.2): what that says replaces what was said under the same
    /// names, but for what describes the body that it has not.
    Entry(const Entry& stored, const http::ResponseHead& not_modified, std::vector<Selecting> selecting,
          const Moment& moment, milliseconds heuristic);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    /// Before anybody else has it.
    void give_body(std::string bytes) {
        length_ = std::to_string(bytes.size());
        body_ = std::make_shared<const std::string>(std::move(bytes));
    }

    /// Writes the head of an answer with this into `answer`, whose fields are views that live as long as this. `head`:
    /// the request was HEAD, so the body stays here.
    void describe(http::ResponseHead& answer, bool head) const;
    /// The same as 304 (RFC 9110 §15.4.5).
    void describe_not_modified(http::ResponseHead& answer) const;

    int status() const { return status_; }
    const std::string& body() const { return *body_; }
    const Control& control() const { return control_; }
    const Freshness& freshness() const { return freshness_; }
    /// It says itself how long it is fresh.
    bool says_lifetime() const { return says_lifetime_; }
    const std::vector<Selecting>& selecting() const { return selecting_; }
    Time requested() const { return requested_; }
    std::string_view etag() const { return etag_; }
    std::string_view last_modified() const { return last_modified_; }
    bool has_validator() const { return !etag_.empty() || !last_modified_.empty(); }
    /// Bytes that it takes, roughly.
    std::size_t size() const;

  private:
    void take_fields(const std::vector<http::Field>& fields, WallTime received);
    void settle(const Moment& moment, milliseconds heuristic);

    int status_;
    http::Version version_;
    std::string text_;  ///< behind the fields
    std::vector<http::Field> fields_;
    std::vector<Selecting> selecting_;
    Control control_;
    Freshness freshness_;
    bool says_lifetime_ = false;
    Time requested_;
    std::string_view etag_;
    std::string_view last_modified_;
    std::string length_;  ///< of the body, in digits, for answers to HEAD
    Body body_ = std::make_shared<const std::string>();
};

}  // namespace adit::cache
