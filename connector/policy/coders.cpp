// Feeding zlib and brotli; see coders.h.
#include "connector/policy/coders.h"

#define ZLIB_CONST  // zlib does not write to its input, and says so when asked
#include <brotli/encode.h>
#include <zlib.h>

namespace adit::policy {
namespace {

constexpr int kGzipLevel = 5;
constexpr int kGzipWrapper = 16;  ///< added to the window's bits: gzip's header and trailer (RFC 1952)
constexpr int kGzipMemory = 8;
constexpr std::uint32_t kBrotliQuality = 4;
constexpr std::uint32_t kBrotliWindowBits = 18;

class Gzip final : public http::Coder {
  public:
    Gzip() {
        good_ = ::deflateInit2(&state_, kGzipLevel, Z_DEFLATED, MAX_WBITS + kGzipWrapper, kGzipMemory,
                               Z_DEFAULT_STRATEGY) == Z_OK;
    }
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;
    ~Gzip() override { ::deflateEnd(&state_); }

    bool good() const { return good_; }
    void encode(std::string_view bytes, net::Chain& out) override { run(bytes, Z_NO_FLUSH, out); }
    void flush(net::Chain& out) override { run({}, Z_SYNC_FLUSH, out); }
    void finish(net::Chain& out) override { run({}, Z_FINISH, out); }

  private:
    /// zlib is done with a call when it leaves room in what it was given.
    void run(std::string_view bytes, int how, net::Chain& out) {
        state_.next_in = reinterpret_cast<const Bytef*>(bytes.data());
        state_.avail_in = static_cast<uInt>(bytes.size());
        do {
            iovec room;
            out.prepare(&room, 1, net::kBlockSize);
            state_.next_out = static_cast<Bytef*>(room.iov_base);
            state_.avail_out = static_cast<uInt>(room.iov_len);
            ::deflate(&state_, how);
            out.commit(room.iov_len - state_.avail_out);
        } while (state_.avail_out == 0);
    }

    z_stream state_{};
    bool good_;
};

class Brotli final : public http::Coder {
  public:
    Brotli() : state_(::BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (state_ != nullptr) {
            ::BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, kBrotliQuality);
            ::BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, kBrotliWindowBits);
        }
    }
    Brotli(const Brotli&) = delete;
    Brotli& operator=(const Brotli&) = delete;
    ~Brotli() override { ::BrotliEncoderDestroyInstance(state_); }

    bool good() const { return state_ != nullptr; }
    void encode(std::string_view bytes, net::Chain& out) override { run(bytes, BROTLI_OPERATION_PROCESS, out); }
    void flush(net::Chain& out) override { run({}, BROTLI_OPERATION_FLUSH, out); }
    void finish(net::Chain& out) override { run({}, BROTLI_OPERATION_FINISH, out); }

  private:
    void run(std::string_view bytes, BrotliEncoderOperation how, net::Chain& out) {
        auto next = reinterpret_cast<const std::uint8_t*>(bytes.data());
        std::size_t left = bytes.size();
        std::size_t none = 0;  // no buffer of ours: it hands out its own
        bool more = true;
        while (more &&
               ::BrotliEncoderCompressStream(state_, how, &left, &next, &none, nullptr, nullptr) != BROTLI_FALSE) {
            std::size_t size = 0;
            const std::uint8_t* coded = ::BrotliEncoderTakeOutput(state_, &size);
            out.append({reinterpret_cast<const char*>(coded), size});
            more = left > 0 || ::BrotliEncoderHasMoreOutput(state_) != BROTLI_FALSE;
        }
    }

    BrotliEncoderState* state_;
};

template <class Kind>
std::unique_ptr<http::Coder> if_good(std::unique_ptr<Kind> coder) {
    return coder->good() ? std::move(coder) : nullptr;
}

}  // namespace

std::unique_ptr<http::Coder> make_coder(config::ContentCoding coding) {
    return coding == config::ContentCoding::br ? if_good(std::make_unique<Brotli>())
                                               : if_good(std::make_unique<Gzip>());
}

}  // namespace adit::policy
