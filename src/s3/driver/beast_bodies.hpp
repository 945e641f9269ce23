#pragma once
/// \file
/// Bodies of requests and answers for Beast's serializer and parser. Both are written to where they
/// belong: nothing is copied, and no body is ever whole in memory.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <chopsticks/load/content.hpp>
#include <cstdint>
#include <string_view>
#include <utility>

#include "answer_sink.hpp"

namespace chopsticks::s3 {

/// A row of buffers that lies elsewhere: Beast's ConstBufferSequence.
struct buffer_row {
    using value_type = boost::asio::const_buffer;
    using const_iterator = const value_type*;
    const value_type* first = nullptr;
    const value_type* last = nullptr;
    const_iterator begin() const noexcept { return first; }
    const_iterator end() const noexcept { return last; }
};

/// What a request's body is made of: a text, then content of an object, some buffers at a time,
/// then another text.
struct sent_body {
    /// As many buffers as Asio hands to the kernel at once.
    static constexpr std::size_t most_buffers = 64;

    struct room {
        std::array<iovec, most_buffers> parts;
        std::array<load::stamp, most_buffers / 2> stamps;
        std::array<boost::asio::const_buffer, most_buffers> buffers;
    };
    struct value_type {
        std::string_view text;
        const load::content* content = nullptr;
        load::content_key key;
        std::uint64_t offset = 0;  ///< in that content
        std::uint64_t bytes = 0;   ///< of it
        std::string_view tail;
        room* with = nullptr;  ///< outlives the sending

        std::uint64_t all() const noexcept { return text.size() + bytes + tail.size(); }
    };

    class writer {
      public:
        using const_buffers_type = buffer_row;

        template <bool IsRequest, class Fields>
        writer(const boost::beast::http::header<IsRequest, Fields>&, const value_type& what)
            : what_(what) {}
        void init(boost::system::error_code& ec) { ec = {}; }
        boost::optional<std::pair<const_buffers_type, bool>> get(boost::system::error_code& ec);

      private:
        const value_type& what_;
        std::uint64_t at_ = 0;
    };
};

inline boost::optional<std::pair<buffer_row, bool>> sent_body::writer::get(
    boost::system::error_code& ec) {
    ec = {};
    if (at_ >= what_.all()) return boost::none;
    room& with = *what_.with;
    std::size_t count = 0;
    const std::uint64_t content_at = what_.text.size();
    if (at_ < content_at) {
        with.buffers[count++] = boost::asio::buffer(what_.text.data(), what_.text.size());
        at_ = content_at;
    } else if (at_ < content_at + what_.bytes) {
        const std::uint64_t in = at_ - content_at;
        const auto piece = what_.content->gather(what_.key, what_.offset + in, what_.bytes - in,
                                                 with.parts, with.stamps);
        for (; count < piece.iovecs; ++count) {
            const iovec& part = with.parts[count];
            with.buffers[count] = boost::asio::const_buffer(part.iov_base, part.iov_len);
        }
        at_ += piece.bytes;
    } else {
        with.buffers[count++] = boost::asio::buffer(what_.tail.data(), what_.tail.size());
        at_ = what_.all();
    }
    const buffer_row row{with.buffers.data(), with.buffers.data() + count};
    return std::make_pair(row, at_ < what_.all());
}

/// An answer's body goes to the sink, which is set once the head is known.
struct sunk_body {
    using value_type = answer_sink*;

    class reader {
      public:
        template <bool IsRequest, class Fields>
        reader(boost::beast::http::header<IsRequest, Fields>&, value_type& to) : to_(to) {}
        void init(const boost::optional<std::uint64_t>&, boost::system::error_code& ec) { ec = {}; }
        template <class Buffers>
        std::size_t put(const Buffers& buffers, boost::system::error_code& ec) {
            ec = {};
            std::size_t all = 0;
            for (const boost::asio::const_buffer part : boost::beast::buffers_range_ref(buffers)) {
                to_->take({static_cast<const char*>(part.data()), part.size()});
                all += part.size();
            }
            return all;
        }
        void finish(boost::system::error_code& ec) { ec = {}; }

      private:
        value_type& to_;
    };
};

}  // namespace chopsticks::s3
