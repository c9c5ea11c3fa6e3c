// Where the fields of a head go that leaves: lines of HTTP/1.1, or the list of HTTP/2.
#pragma once

#include <string>
#include <string_view>

#include "common/h2/fields.h"
#include "connector/http/message.h"

namespace adit::http {

class FieldSink {
  public:
    virtual void add(std::string_view name, std::string_view value) = 0;

  protected:
    ~FieldSink() = default;
};

/// Lines of HTTP/1.1.
class Lines final : public FieldSink {
  public:
    explicit Lines(std::string& out) : out_(out) {}
    void add(std::string_view name, std::string_view value) override {
        out_.append(name).append(": ").append(value).append("\r\n");
    }

  private:
    std::string& out_;
};

/// The list of HTTP/2, whose names are lower case; those that came by HTTP/2, or that we write, are so already.
class List final : public FieldSink {
  public:
    List(h2::Fields& out, const Head& from) : out_(out), lower_(from.version == Version::http2) {}
    void add(std::string_view name, std::string_view value) override {
        if (lower_) {
            out_.add(name, value);
            return;
        }
        name_.assign(name);
        for (char& c : name_) {
            c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
        out_.add(name_, value);
    }

  private:
    h2::Fields& out_;
    bool lower_;
    std::string name_;
};

}  // namespace adit::http
