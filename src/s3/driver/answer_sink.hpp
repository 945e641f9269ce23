#pragma once
/// \file
/// Where the answer to a request goes, piece by piece.

#include <chopsticks/http/response_head.hpp>
#include <chopsticks/load/content.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

/// The answer to a control request.
struct control_reply {
    std::string problem;  ///< not empty: there was no answer; for a person
    int status = 0;
    std::string body;
    std::string region;  ///< x-amz-bucket-region
    std::string server;
    std::string location;
    std::int64_t date_s = -1;
    bool of_listing = false;  ///< objects of the bucket were to be listed
};

/// The answer to the request in hand of one session; begin() makes it the next one. Once warm it
/// allocates nothing for requests of the load. Belongs to its core.
class answer_sink {
  public:
    /// Of an operation of the load. A body of content is checked against `content`, or dropped
    /// where that is null. All that is referred to outlives the answer.
    void begin(const operation_row& row, const asked& what, const load::content* content);
    /// Of a control request: the body is kept, up to a few megabytes (a listing).
    void begin(control_reply& reply);

    void head(const http::response_head& head);
    void take(std::string_view piece);

    /// Whether nobody looks at the body's bytes; after head().
    bool drops() const noexcept { return to_ == use::drop; }
    /// So many bytes of the body were dropped on the way.
    void note_dropped(std::uint64_t bytes) noexcept { answer_.received += bytes; }

    /// Once the answer is complete. Valid until the next begin().
    const answer& whole() noexcept {
        answer_.text = kept_;
        return answer_;
    }
    /// Of a listing.
    const list_scanner& page() const noexcept { return *scanner_; }

  private:
    /// Bytes of a body that are kept.
    static constexpr std::size_t keep_refusal = 4096;
    /// Of a thousand keys as long as they can be.
    static constexpr std::size_t keep_long = 4 << 20;
    static constexpr std::size_t keep_whole = 8 << 20;

    enum class use : std::uint8_t { drop, verify, list, select, keep };

    const operation_row* row_ = nullptr;  // null: of a control request
    const asked* what_ = nullptr;
    const load::content* content_ = nullptr;
    control_reply* reply_ = nullptr;
    use to_ = use::drop;
    answer answer_;
    std::size_t keep_most_ = keep_refusal;
    std::string kept_;
    std::unique_ptr<list_scanner> scanner_;
    std::unique_ptr<select_scanner> events_;
};

}  // namespace chopsticks::s3
