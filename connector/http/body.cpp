// Reading and writing of bodies; see body.h.
#include "connector/http/body.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/base/strings.h"
#include "connector/http/fields.h"

namespace adit::http {

bool BodyReader::too_large(std::size_t more) {
    if (most_ == 0 || bytes_ + more <= most_) {
        return false;
    }
    broken_ = true;
    error_ = {413, "body-too-large", "it is larger than what is taken here"};
    return true;
}

std::size_t BodyReader::available() {
    net::Chain& input = stream_->input();
    if (done_ || broken_) {
        return 0;
    }
    if (framing_.kind == Framing::Kind::length) {
        return static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    }
    if (framing_.kind == Framing::Kind::stream) {
        return too_large(input.size()) ? 0 : input.size();
    }
    if (framing_.kind == Framing::Kind::until_close) {
        return input.size();
    }
    if (chunk_data_ > 0 || input.empty()) {
        return chunk_data_;
    }
    // A size line may lie across two blocks, so look at more than the first area when that is not enough.
    for (const std::size_t look : {input.front().size(), net::kBlockSize}) {
        const auto step = chunks_.step(input.gather(look));
        if (!step) {
            broken_ = true;
            error_ = step.error();
            return 0;
        }
        stream_->consume(step->skip);
        chunk_data_ = step->data;
        if (step->done) {
            end();
        }
        if (too_large(chunk_data_)) {
            return 0;
        }
        if (done_ || chunk_data_ > 0 || input.empty()) {
            break;
        }
    }
    return chunk_data_;
}

net::Task<net::Status> BodyReader::wait(const bool* given_up) {
    while (!done_ && available() == 0) {
        if (broken_) {
            co_return net::Errc::protocol;
        }
        if (done_) {
            break;
        }
        const net::Status status =
            least_ == nullptr ? co_await stream_->receive(given_up) : co_await receive_in_time(given_up);
        if (broken_) {
            co_return net::Errc::protocol;
        }
        if (status) {
            const bool orderly = status == net::Errc::end_of_stream;
            if (orderly && (framing_.kind == Framing::Kind::until_close || framing_.kind == Framing::Kind::stream)) {
                end_of_stream();
                break;
            }
            co_return orderly ? net::Status(net::Errc::truncated) : status;
        }
    }
    co_return net::Status();
}

net::Task<net::Status> BodyReader::receive_in_time(const bool* given_up) {
    if (!watch_) {
        watch_ = std::make_unique<Watch>(*this);
    }
    watch_->turn();
    const net::Status status = co_await stream_->receive(given_up, &broken_);
    watch_->over();
    co_return status;
}

void BodyReader::Watch::too_slow() {
    if (!body_.done_ && !body_.broken_) {
        body_.broken_ = true;
        body_.error_ = {408, "request-body-too-slow", "it came slower than the least rate of this listener"};
        body_.stream_->on_readable().wake();
    }
}

void BodyReader::remove(BodyTap& tap) {
    for (BodyTap** at = &tap_; *at != nullptr; at = &(*at)->next_) {
        if (*at == &tap) {
            *at = tap.next_;
            return;
        }
    }
}

void BodyReader::show(std::size_t n) {
    for (BodyTap* tap = tap_; tap != nullptr; tap = tap->next_) {
        tap->passing(stream_->input(), n);
    }
}

void BodyReader::end() {
    done_ = true;
    for (BodyTap* tap = tap_; tap != nullptr; tap = tap->next_) {
        tap->passed();
    }
}

void BodyReader::end_of_stream() {
    end();
    if (h2_ == nullptr) {
        return;
    }
    Head head;
    Collected seen;
    for (const h2::Field field : h2_->trailers()) {
        std::ignore = add_field(field.name, field.value, head, seen, h2_->trailers().size());
    }
    trailers_ = std::move(head.fields);
    std::erase_if(trailers_, [](const Field& field) { return !allowed_in_trailers(field); });
}

void BodyReader::move_to(std::string& into, std::size_t n) {
    show(n);
    const std::size_t before = into.size();
    into.resize(before + n);
    stream_->input().copy_out({into.data() + before, n});
    stream_->consume(n);
    took(n);
}

void BodyReader::took(std::size_t n) {
    bytes_ += n;
    if (framing_.kind == Framing::Kind::length) {
        left_ -= n;
        if (left_ == 0) {
            end();
        }
    } else if (framing_.kind == Framing::Kind::chunked) {
        chunks_.took(n);
        chunk_data_ -= n;
    }
}

/// Moves `n` bytes to the back of what goes out, as one piece of the framing.
void BodyWriter::frame(net::Chain& from, std::size_t n) {
    if (kind_ == Framing::Kind::chunked) {
        scratch_.clear();
        append_chunk_start(scratch_, n);
        out_.append(scratch_);
    }
    out_.splice(from, n);
    bytes_ += n;
    if (kind_ == Framing::Kind::chunked) {
        out_.append("\r\n");
    }
}

void BodyWriter::take(BodyReader& from, std::size_t n) {
    if (from.tapped()) {
        from.show(n);
    }
    if (coder_) {
        encode(from, n);
    } else {
        frame(from.stream().input(), n);
    }
    from.stream().consumed(n);
    from.took(n);
}

void BodyWriter::encode(BodyReader& from, std::size_t n) {
    net::Chain& input = from.stream().input();
    net::Chain coded(out_.pool());
    while (n > 0) {
        const std::string_view piece = input.front().substr(0, n);
        coder_->encode(piece, coded);
        n -= piece.size();
        input.consume(piece.size());
    }
    coder_holds_ = true;
    if (!coded.empty()) {
        frame(coded, coded.size());
    }
}

void BodyWriter::flush_coder() {
    net::Chain coded(out_.pool());
    coder_->flush(coded);
    coder_holds_ = false;
    if (!coded.empty()) {
        frame(coded, coded.size());
    }
}

void BodyWriter::append(std::string_view bytes) {
    net::Chain piece(out_.pool());
    if (coder_) {
        coder_->encode(bytes, piece);
        coder_holds_ = true;
    } else {
        piece.append(bytes);
    }
    if (!piece.empty()) {
        frame(piece, piece.size());
    }
}

void BodyWriter::finish(const Trailers& trailers) {
    if (const std::unique_ptr<Coder> coder = std::move(coder_)) {
        net::Chain coded(out_.pool());
        coder->finish(coded);
        coder_holds_ = false;
        if (!coded.empty()) {
            frame(coded, coded.size());
        }
    }
    if (h2_ != nullptr) {
        for (const Field& field : trailers) {
            h2_trailers_.add(to_lower(field.name), field.value);
        }
        finished_ = true;
    }
    if (kind_ == Framing::Kind::chunked) {
        scratch_ = "0\r\n";
        for (const Field& field : trailers) {
            scratch_.append(field.name).append(": ").append(field.value).append("\r\n");
        }
        out_.append(scratch_);
        out_.append("\r\n");
    }
}

bool BodyWriter::try_send() {
    while (!out_.empty()) {
        const std::size_t n = stream_->write_some(out_, out_.size());
        started_ = started_ || n > 0;
        given_ += static_cast<std::int64_t>(n);
        if (n == 0) {
            return false;
        }
    }
    if (std::exchange(finished_, false)) {
        h2_->end(std::move(h2_trailers_));
    }
    return stream_->flush();
}

net::Task<net::Status> BodyWriter::writable_in_time() {
    if (!watch_) {
        watch_ = std::make_unique<Watch>(*this);
    }
    watch_->turn();
    const net::Status broken = co_await stream_->writable();
    watch_->over();
    co_return broken;
}

std::int64_t BodyWriter::Watch::moved() {
    const std::int64_t own = body_.given_ - static_cast<std::int64_t>(body_.stream_->waiting());
    std::int64_t fresh = own - std::exchange(own_, own);
    if (body_.h2_ != nullptr) {
        const std::int64_t all = body_.h2_->session_taken();
        const std::int64_t of_all = all - std::exchange(session_, all);
        fresh = body_.h2_->peer_has_room() ? std::max(fresh, of_all) : fresh;
    }
    taken_ += std::max<std::int64_t>(fresh, 0);
    return taken_;
}

void BodyWriter::Watch::too_slow() {
    body_.too_slow_ = true;
    body_.stream_->reset_on_close();  // what the kernel holds for him goes, too
    body_.stream_->abort(net::Errc::timed_out);
}

net::Task<net::Status> BodyWriter::send() {
    if (coder_holds_) {
        flush_coder();
    }
    while (!try_send()) {
        if (const net::Status broken = least_ == nullptr ? co_await stream_->writable() : co_await writable_in_time()) {
            co_return broken;
        }
    }
    co_return stream_->status();
}

}  // namespace adit::http
