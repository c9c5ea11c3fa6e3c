// Checking names of interfaces; see interface.h.
#include "common/wireguard/interface.h"

#include <algorithm>

namespace adit::wireguard {
namespace {

constexpr std::size_t kNameMost = 15;  // IFNAMSIZ with its final zero is 16

}  // namespace

Result<std::string> parse_interface(std::string_view text) {
    const bool plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != '/' && c != ':'; });
    if (text.empty() || text.size() > kNameMost || !plain || text == "." || text == "..") {
        return usage_error("1 to " + std::to_string(kNameMost) +
                           " characters without white space, '/' and ':' were expected");
    }
    return std::string(text);
}

}  // namespace adit::wireguard
