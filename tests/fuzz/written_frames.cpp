// Reading our own frames; see written_frames.h.
#include "tests/fuzz/written_frames.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

#include "tests/fuzz/target.h"

namespace adit::fuzz {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kHeader = 9;
constexpr std::size_t kPayloadMost = 16384;  // SETTINGS_MAX_FRAME_SIZE where a peer has not said more; we never need it

std::uint32_t number(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes) {
        value = value << 8 | static_cast<std::uint8_t>(byte);
    }
    return value;
}

}  // namespace

WrittenFrames::WrittenFrames(bool opens) : preface_due_(opens) {
    nghttp2_hd_inflate_new(&inflater_);
}

WrittenFrames::~WrittenFrames() {
    nghttp2_hd_inflate_del(inflater_);
}

std::size_t WrittenFrames::answers(int status) const {
    const auto found = statuses_.find(std::to_string(status));
    return found == statuses_.end() ? 0 : found->second;
}

void WrittenFrames::read(std::string_view bytes) {
    held_ += bytes;
    if (preface_due_ && held_.size() >= kPreface.size()) {
        demand(held_.starts_with(kPreface), "who opens streams says the preface first");
        held_.erase(0, kPreface.size());
        preface_due_ = false;
    }
    std::string_view left = held_;
    while (!preface_due_ && left.size() >= kHeader) {
        const std::size_t size = number(left.substr(0, 3));
        demand(size <= kPayloadMost, "no frame is larger than any peer takes");
        if (left.size() < kHeader + size) {
            break;
        }
        read_frame(static_cast<std::uint8_t>(left[3]), static_cast<std::uint8_t>(left[4]), number(left.substr(5, 4)),
                   left.substr(kHeader, size));
        left.remove_prefix(kHeader + size);
    }
    held_.erase(0, held_.size() - left.size());
}

void WrittenFrames::read_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
    demand(!std::exchange(first_, false) || type == NGHTTP2_SETTINGS, "SETTINGS come first");
    demand(type <= NGHTTP2_CONTINUATION, "we send no frames of unknown types");
    demand(type != NGHTTP2_PUSH_PROMISE && type != NGHTTP2_PRIORITY, "nor promises, nor priorities");
    demand((head_of_ != 0) == (type == NGHTTP2_CONTINUATION), "a head that was begun goes on, and nothing else does");
    demand(type != NGHTTP2_CONTINUATION || stream == head_of_, "on its own stream");
    const bool of_session = type == NGHTTP2_SETTINGS || type == NGHTTP2_PING || type == NGHTTP2_GOAWAY;
    demand(of_session == (stream == 0) || type == NGHTTP2_WINDOW_UPDATE, "frames are on the stream that is theirs");
    demand(type != NGHTTP2_SETTINGS || payload.size() % 6 == 0, "SETTINGS have whole entries");
    demand(type != NGHTTP2_PING || payload.size() == 8, "a PING has eight bytes");
    demand((type != NGHTTP2_RST_STREAM && type != NGHTTP2_WINDOW_UPDATE) || payload.size() == 4, "a number has four");
    demand(type != NGHTTP2_WINDOW_UPDATE || number(payload) != 0, "a window grows by something");
    if (type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION) {
        demand((flags & (NGHTTP2_FLAG_PADDED | NGHTTP2_FLAG_PRIORITY)) == 0, "heads are bare");
        head_ += payload;
        const bool whole = (flags & NGHTTP2_FLAG_END_HEADERS) != 0;
        head_of_ = whole ? 0 : stream;
        if (whole) {
            read_head(std::exchange(head_, {}));
        }
    }
}

void WrittenFrames::read_head(std::string_view block) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
    std::size_t left = block.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
        nghttp2_nv field;
        const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
        demand(used >= 0, "our heads can be unpacked");
        at += used;
        left -= static_cast<std::size_t>(used);
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) {
            continue;
        }
        const std::string_view name(reinterpret_cast<const char*>(field.name), field.namelen);
        const std::string_view value(reinterpret_cast<const char*>(field.value), field.valuelen);
        demand(!name.empty(), "a field has a name");
        demand(std::ranges::none_of(name, [](char c) { return c <= ' ' || c == '\x7f' || (c >= 'A' && c <= 'Z'); }),
               "names are in lower case, without blanks");
        demand(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos, "a value is one line");
        demand(name != "connection" && name != "transfer-encoding" && name != "keep-alive" && name != "upgrade" &&
                   name != "proxy-connection",
               "fields of a connection stay on theirs");
        if (name == ":status") {
            ++statuses_[std::string(value)];
        }
    }
    nghttp2_hd_inflate_end_headers(inflater_);
}

}  // namespace adit::fuzz
