// RESP2 by the reader of hiredis, written by hand; see resp.h.
#include "connector/state/resp.h"

#include <hiredis/hiredis.h>

#include <charconv>

namespace adit::state {
namespace {

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

Reply converted(const redisReply& from) {
    switch (from.type) {
        case REDIS_REPLY_INTEGER:
            return {.kind = Reply::Kind::integer, .integer = from.integer};
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
            return {.kind = Reply::Kind::text, .text = std::string(from.str, from.len)};
        case REDIS_REPLY_ERROR:
            return {.kind = Reply::Kind::error, .text = std::string(from.str, from.len)};
        case REDIS_REPLY_ARRAY: {
            Reply array{.kind = Reply::Kind::array};
            array.items.reserve(from.elements);
            for (std::size_t i = 0; i < from.elements; ++i) array.items.push_back(converted(*from.element[i]));
            return array;
        }
        default:
            return {};
    }
}

void append_count(std::string& out, char sign, std::size_t count) {
    char digits[24];
    const auto [end, bad] = std::to_chars(digits, digits + sizeof(digits), count);
    static_cast<void>(bad);  // 24 digits hold every size_t
    out += sign;
    out.append(digits, end);
    out += "\r\n";
}

constexpr int kElementsMost = 100'000;  ///< of an array: more than any answer to a command of ours has

/// hiredis makes room for all elements that an array's head announces, before any has come.
void* make_bounded_array(const redisReadTask* task, int elements) {
    static const redisReplyObjectFunctions* const kUsual = [] {
        const std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader(redisReaderCreate(), &redisReaderFree);
        return reader->fn;
    }();
    return elements > kElementsMost ? nullptr : kUsual->createArray(task, elements);
}

/// The usual functions, but for arrays.
redisReplyObjectFunctions* bounded(const redisReader& reader) {
    static redisReplyObjectFunctions functions = [&] {
        redisReplyObjectFunctions made = *reader.fn;
        made.createArray = make_bounded_array;
        return made;
    }();
    return &functions;
}

}  // namespace

std::string_view Reply::code() const {
    return std::string_view(text).substr(0, text.find(' '));
}

std::optional<std::int64_t> Reply::number(std::size_t index) const {
    if (kind != Kind::array || index >= items.size() || items[index].kind != Kind::integer) return std::nullopt;
    return items[index].integer;
}

void ReplyReader::Free::operator()(redisReader* reader) const {
    redisReaderFree(reader);
}

ReplyReader::ReplyReader() : reader_(redisReaderCreate()) {
    reader_->fn = bounded(*reader_);
}
ReplyReader::~ReplyReader() = default;

void ReplyReader::feed(std::string_view bytes) {
    pending_ += bytes.size();
    redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

Result<std::optional<Reply>> ReplyReader::next() {
    void* whole = nullptr;
    if (redisReaderGetReply(reader_.get(), &whole) != REDIS_OK)
        return failure(std::string("not the protocol of Redis: ") + reader_->errstr);
    if (whole == nullptr) {
        if (pending_ > kReplyMost) return failure("a reply that is larger than any to a command of ours");
        return std::nullopt;
    }
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(whole));
    pending_ = reader_->len - reader_->pos;
    return converted(*reply);
}

void begin_command(std::string& out, std::size_t words) {
    append_count(out, '*', words);
}

void append_word(std::string& out, std::string_view word) {
    append_count(out, '$', word.size());
    out += word;
    out += "\r\n";
}

}  // namespace adit::state
