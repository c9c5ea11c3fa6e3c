// Reading and making key files; see key_file.h.
#include "common/wireguard/key_file.h"

#include "common/base/file.h"
#include "common/base/strings.h"
#include "common/wireguard/key.h"

namespace adit::wireguard {
namespace {

constexpr std::size_t kFileMost = 4096;

}  // namespace

Result<Secret> load_or_make_key(const std::filesystem::path& file, bool& made) {
    std::error_code ignored;
    made = !std::filesystem::exists(file, ignored);
    if (made) {
        Secret key = generate_key();
        std::string line(key.reveal());
        line += '\n';
        auto written = write_file_atomically(file, line);
        wipe_memory(line.data(), line.size());
        if (!written) {
            return std::unexpected(std::move(written.error()).with("write a new WireGuard key"));
        }
        return key;
    }
    auto text = read_file(file, kFileMost);
    if (!text) {
        return std::unexpected(std::move(text.error()));
    }
    Secret key{std::string(trim(*text))};
    wipe_memory(text->data(), text->size());
    if (!valid_key(key.reveal())) {
        return usage_error(file.string() +
                           ": not a WireGuard key: 32 bytes in base64, as `wg genkey` prints them, were expected");
    }
    return key;
}

}  // namespace adit::wireguard
