// Bodies on streams: read to where the framing says they end, written with the framing that the other side needs.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "common/h2/stream.h"
#include "common/net/stream.h"
#include "connector/http/chunked.h"
#include "connector/http/coder.h"
#include "connector/http/message.h"
#include "connector/http/pace_watch.h"

namespace adit::http {

/// Sees the bytes of a body as they pass, without holding them up. Outlives its place in the reader.
class BodyTap {
  public:
    /// The first `n` of `bytes` are about to move on.
    virtual void passing(const net::Chain& bytes, std::size_t n) = 0;
    /// The body has come to its end, all of it in order.
    virtual void passed() = 0;

  protected:
    ~BodyTap() = default;

  private:
    friend class BodyReader;
    BodyTap* next_ = nullptr;
};

/// Pulls a body off a stream. Data stays in the stream's input until it is taken, so no byte is copied between.
class BodyReader {
  public:
    /// `most`: a body of more bytes is refused as it passes that; 0 is no bound.
    BodyReader(net::Stream& stream, const Framing& framing, std::uint64_t most = 0)
        : stream_(&stream), framing_(framing), left_(framing.length), most_(most) {
        done_ = framing.kind == Framing::Kind::none;
    }
    /// The body of a message on an HTTP/2 stream, of any length; with `done` there is none.
    BodyReader(h2::Stream& stream, bool done, std::uint64_t most = 0)
        : stream_(&stream), h2_(&stream), framing_{Framing::Kind::stream, 0}, most_(most), done_(done) {}

    /// Data bytes at the front of the stream's input now, in one or more areas; 0 when there are none. Looks at what
    /// has arrived, waits for nothing. After a refusal error() is set.
    std::size_t available();
    /// Waits until available() or done(); the end of the stream before the end of the body is `truncated`. `given_up`
    /// as for Stream::receive().
    net::Task<net::Status> wait(const bool* given_up = nullptr);
    /// Copies `n` of the available bytes to the end of `into` and takes them; taps see them.
    void move_to(std::string& into, std::size_t n);
    /// `n` of the available bytes were taken off the stream's input (and told to the stream).
    void took(std::size_t n);

    /// From now on the tap sees what BodyWriter::take() takes. Not from within a tap.
    void add(BodyTap& tap) { tap.next_ = std::exchange(tap_, &tap); }
    void remove(BodyTap& tap);
    bool tapped() const { return tap_ != nullptr; }
    /// From now on the body has to come at this rate, while it is waited for. The reader stays where it is.
    void require(const net::LeastRate& least) { least_ = &least; }
    /// A further bound on the body's bytes, besides the one it was made with.
    void limit(std::uint64_t most) { most_ = most_ == 0 ? most : std::min(most_, most); }

    bool done() const { return done_; }
    const Framing& framing() const { return framing_; }
    std::uint64_t bytes() const { return bytes_; }
    const ParseError* error() const { return broken_ ? &error_ : nullptr; }
    /// What came after the body, once it is done.
    const Trailers& trailers() const { return h2_ == nullptr ? chunks_.trailers() : trailers_; }
    net::Stream& stream() const { return *stream_; }

  private:
    friend class BodyWriter;

    void show(std::size_t n);
    void end();
    bool too_large(std::size_t more);
    void end_of_stream();
    net::Task<net::Status> receive_in_time(const bool* given_up);

    class Watch final : public PaceWatch {
      public:
        explicit Watch(BodyReader& body) : PaceWatch(body.stream_->loop(), *body.least_), body_(body) {}

      private:
        std::int64_t moved() override { return static_cast<std::int64_t>(body_.bytes_); }
        bool excused() override { return body_.h2_ != nullptr && !body_.h2_->peer_may_send(); }
        void too_slow() override;
        BodyReader& body_;
    };

    net::Stream* stream_;
    h2::Stream* h2_ = nullptr;
    const net::LeastRate* least_ = nullptr;  ///< null: it may come as it likes
    std::unique_ptr<Watch> watch_;           ///< from the first wait on
    BodyTap* tap_ = nullptr;
    Framing framing_;
    std::uint64_t left_ = 0;
    std::uint64_t most_;
    std::uint64_t bytes_ = 0;
    bool done_;
    bool broken_ = false;
    std::size_t chunk_data_ = 0;
    ParseError error_;
    ChunkDecoder chunks_;
    Trailers trailers_;  ///< of an HTTP/2 stream
};

/// What is told of a client that was given up for that.
inline constexpr const char* kTookTooSlowly = "the client took the answer slower than the least rate of this listener";

/// Writes a body after its head. What cannot leave at once waits in one chain, which stays below a block or two.
class BodyWriter {
  public:
    BodyWriter(net::Stream& stream, Framing::Kind kind) : stream_(&stream), kind_(kind), out_(stream.loop().blocks()) {}
    /// The body of a message on an HTTP/2 stream, whose head goes by itself.
    explicit BodyWriter(h2::Stream& stream)
        : stream_(&stream), h2_(&stream), kind_(Framing::Kind::stream), out_(stream.loop().blocks()) {}

    /// The framing of the body that follows, where it was not known at first.
    void begin(Framing::Kind kind) { kind_ = kind; }

    /// The body passes through `coder`; called before the first byte of it.
    void encode_by(std::unique_ptr<Coder> coder) { coder_ = std::move(coder); }

    /// Bytes that go out before the body (the head); counted as framing, not as body.
    void append_head(std::string_view head) { out_.append(head); }
    /// Takes up to `n` bytes off `from`'s input; they leave with the next send().
    void take(BodyReader& from, std::size_t n);
    void append(std::string_view bytes);
    /// The body is complete; `trailers` go after it where the framing has room for them.
    void finish(const Trailers& trailers = {});
    /// Writes what is held, by a coder too, so that nothing waits for bytes to come; ok when all of it is the stream's.
    net::Task<net::Status> send();
    /// One attempt without waiting: true when nothing is held any more. What a coder holds stays with it, since more
    /// bytes may follow at once.
    bool try_send();
    /// From now on the client has to take at this rate what waits for it; else the stream is given up. The writer stays
    /// where it is.
    void require(const net::LeastRate& least) { least_ = &least; }
    /// It was given up for that.
    bool too_slow() const { return too_slow_; }
    bool started() const { return started_; }
    std::uint64_t bytes() const { return bytes_; }
    net::Stream& stream() const { return *stream_; }

  private:
    void encode(BodyReader& from, std::size_t n);
    void frame(net::Chain& from, std::size_t n);
    void flush_coder();
    net::Task<net::Status> writable_in_time();

    /// What a stream has taken, of all that it was given. One of a session that only waits for others of it is
    /// measured by these.
    class Watch final : public PaceWatch {
      public:
        explicit Watch(BodyWriter& body)
            : PaceWatch(body.stream_->loop(), *body.least_),
              body_(body),
              session_(body.h2_ == nullptr ? 0 : body.h2_->session_taken()) {}

      private:
        std::int64_t moved() override;
        void too_slow() override;
        BodyWriter& body_;
        std::int64_t session_;  ///< at the last tick, as is the next
        std::int64_t own_ = 0;
        std::int64_t taken_ = 0;
    };

    net::Stream* stream_;
    h2::Stream* h2_ = nullptr;
    const net::LeastRate* least_ = nullptr;  ///< null: the client may take it as it likes
    std::unique_ptr<Watch> watch_;           ///< from the first wait on
    std::int64_t given_ = 0;                 ///< bytes that went to the stream
    bool too_slow_ = false;
    Framing::Kind kind_;
    std::unique_ptr<Coder> coder_;
    bool coder_holds_ = false;  ///< bytes went in since it was flushed
    net::Chain out_;
    std::string scratch_;
    bool finished_ = false;
    h2::Fields h2_trailers_;
    std::uint64_t bytes_ = 0;
    bool started_ = false;  ///< a byte has gone to the stream
};

}  // namespace adit::http
