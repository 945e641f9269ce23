#pragma once
// Multipart uploads, from their beginning to the object they become. Any thread.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "object.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

/// What checksums the parts of an upload have, and its object.
struct checksum_plan {
    digest_kind kind = digest_kind::crc32;
    bool composite = false;
};

struct part {
    body content;
    std::string etag;
    std::int64_t modified_ns = 0;
    std::string sum;  ///< base64; empty: the upload has no checksums
    reservation charge;
};

struct upload {
    /// Parts but the last must be at least this big.
    static constexpr std::uint64_t part_bytes_min = 5 << 20;
    static constexpr int part_number_max = 10'000;

    std::string id;
    std::string owner;
    object_state begun;  ///< what the object will be, but for its content
    std::optional<checksum_plan> sums;
    std::int64_t started_ns = 0;
    reservation charge;
    mutable std::mutex mutex;
    std::map<int, part> parts;  ///< guarded by mutex
};

/// A part as the client names it when it completes an upload.
struct part_claim {
    int number = 0;
    std::string etag;                   ///< without quotes
    std::optional<digest_kind> kind{};  ///< of the checksum
    std::string sum{};                  ///< base64; empty: none was named

    bool operator==(const part_claim&) const = default;
};

/// All that a client says when it completes an upload.
struct completion {
    std::vector<part_claim> parts;
    std::optional<digest_kind> kind{};        ///< of the checksum of the whole
    std::string sum{};                        ///< that; empty: none was named
    std::optional<bool> composite{};          ///< its type
    std::optional<std::uint64_t> size_bytes;  ///< of the whole
};

/// What is answered to whoever completes an upload.
struct completed_upload {
    std::string key;
    std::vector<part_claim> parts;
    std::string etag;
    std::string version;  ///< as object_state has it
    std::optional<checksum> sum;
    encryption_ref sealed;
};

/// Makes the object of an upload, without its charge; nothing of the upload is changed.
s3_refusal assemble(const upload& u, const completion& wanted, object_state& out);

/// Open uploads of a bucket, and the last few that were completed: a client that did not see the
/// answer asks again.
class upload_table {
  public:
    void add(std::shared_ptr<upload> started);

    /// Null: there is none of that id and key.
    std::shared_ptr<upload> find(std::string_view id, std::string_view key) const;

    /// False: somebody else did.
    bool take(const upload& u);

    void remember(const std::string& id, completed_upload done);
    std::optional<completed_upload> completed(std::string_view id, std::string_view key) const;

    /// By key, then id.
    std::vector<std::shared_ptr<upload>> list() const;

    std::size_t size() const;

  private:
    static constexpr std::size_t completed_max = 64;

    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<upload>, std::less<>> open_;
    std::deque<std::pair<std::string, completed_upload>> completed_;  // the oldest first
};

}  // namespace chopsticks::endpoint
