// Standard error in a file while a test looks at what was written.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace adit::logging::test {

/// Redirects descriptor 2 into an unlinked file from construction to destruction.
class Capture {
  public:
    Capture() {
        char name[] = "/tmp/adit-log-XXXXXX";
        file_ = ::mkstemp(name);
        ::unlink(name);
        saved_ = ::dup(STDERR_FILENO);
        ::dup2(file_, STDERR_FILENO);
    }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    ~Capture() {
        ::dup2(saved_, STDERR_FILENO);
        ::close(saved_);
        ::close(file_);
    }

    std::string text() const {
        std::string all(static_cast<std::size_t>(::lseek(file_, 0, SEEK_END)), '\0');
        all.resize(static_cast<std::size_t>(::pread(file_, all.data(), all.size(), 0)));
        return all;
    }

    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        std::string rest = text();
        for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
            all.push_back(rest.substr(0, end));
            rest.erase(0, end + 1);
        }
        if (!rest.empty()) {
            all.push_back(rest);
        }
        return all;
    }

    /// The only line, as the JSON object it must be.
    boost::json::object object() const {
        const std::vector<std::string> all = lines();
        return all.size() == 1 ? boost::json::parse(all.front()).as_object() : boost::json::object();
    }

  private:
    int file_;
    int saved_;
};

}  // namespace adit::logging::test
