// What a session of ours has written, read as a strict peer reads it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

struct nghttp2_hd_inflater;

namespace adit::fuzz {

/// Demands that the bytes are whole frames of RFC 9113, in an order that it allows, with fields that cannot be taken
/// for something else.
class WrittenFrames {
  public:
    /// `opens`: our session opens the streams, and so begins with the preface.
    explicit WrittenFrames(bool opens);
    ~WrittenFrames();

    void read(std::string_view bytes);
    /// Nothing more comes. A session that ended in order has not stopped within a frame.
    std::size_t unread() const { return held_.size(); }
    /// How many heads had that status.
    std::size_t answers(int status) const;

  private:
    void read_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload);
    void read_head(std::string_view block);

    std::string held_;
    bool preface_due_;
    bool first_ = true;
    std::uint32_t head_of_ = 0;  ///< the stream whose head is not whole yet
    std::string head_;
    std::map<std::string, std::size_t> statuses_;
    nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace adit::fuzz
