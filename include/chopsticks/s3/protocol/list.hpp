#pragma once
/// \file
/// Reading the answers of lists of objects: as a stream that is only counted (load), or as a whole
/// (control operations; of list-objects v2).

#include <array>
#include <chopsticks/core/error.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

/// Which list of objects: each continues in a way of its own.
enum class list_kind : std::uint8_t {
    v2,        ///< with a token
    v1,        ///< behind NextMarker, or behind the last key where there is none
    versions,  ///< behind a key and one of its versions
};

/// Reads the answer to a list slice by slice, at any split, keeping some kilobytes of state and the
/// first key only. A byte order mark and name spaces are no matter. It checks that every tag is
/// closed by its like and that the document ends as it began; it is not a validating
/// parser. One object per response, or reset(); used by one core; never allocates.
class list_scanner {
  public:
    static constexpr std::size_t max_token_bytes = 2048;
    static constexpr std::size_t max_key_bytes = 1024;  ///< S3's own limit
    static constexpr std::size_t max_version_bytes = 1024;

    enum class state : std::uint8_t {
        need_more,
        complete,  ///< the root element ended; more white space may follow
        bad,       ///< no such document, or a token that is too long
    };

    state feed(std::string_view slice) noexcept;

    state current() const noexcept { return state_; }
    /// Of versions: versions.
    std::uint64_t keys() const noexcept { return keys_; }
    std::uint64_t common_prefixes() const noexcept { return common_prefixes_; }
    /// All that counts against max-keys: keys, common prefixes, delete markers.
    std::uint64_t entries() const noexcept { return keys_ + common_prefixes_ + markers_; }
    list_kind kind() const noexcept { return kind_; }

    /// \name Only after `complete`
    /// \{
    bool is_truncated() const noexcept { return is_truncated_; }
    /// Whether it said so at all: each listing of S3 has IsTruncated.
    bool says_truncated() const noexcept { return says_truncated_; }
    /// The key of the first entry, unescaped, cut to max_key_bytes; empty when there was none.
    /// Valid until reset().
    std::string_view first_key() const noexcept { return {key_.data(), key_size_}; }
    /// What to go on with, unescaped: NextContinuationToken, marker or key-marker; empty when there
    /// is none. Valid until reset().
    std::string_view token() const noexcept { return {token_.data(), token_size_}; }
    /// Of versions: version-id-marker. The same.
    std::string_view version_token() const noexcept {
        return {version_token_.data(), version_token_size_};
    }
    /// \}

    void reset(list_kind kind = list_kind::v2) noexcept;

  private:
    enum class phase : std::uint8_t {
        text,
        tag_start,
        tag_name,
        tag_rest,
        tag_quoted,
        declaration,
        declaration_end,
        bang,
        bang_dash,
        comment,
        comment_dash,
        comment_end,
    };
    enum class capture : std::uint8_t { none, truncated, token, version_token, key };
    static constexpr std::uint32_t max_depth = 32;

    bool take_text(std::string_view text) noexcept;
    bool tag_byte(char c) noexcept;
    bool end_tag() noexcept;
    bool open_element(std::string_view name) noexcept;
    bool close_element(std::string_view name) noexcept;
    bool finish_capture(std::string_view name) noexcept;

    list_kind kind_ = list_kind::v2;
    state state_ = state::need_more;
    phase phase_ = phase::text;
    capture capture_ = capture::none;
    bool closing_ = false;
    bool self_closing_ = false;
    bool is_truncated_ = false;
    bool says_truncated_ = false;
    bool seen_root_ = false;
    bool in_first_entry_ = false;
    bool in_entry_ = false;
    bool names_marker_ = false;    // v1: there was a NextMarker
    std::uint8_t mark_bytes_ = 0;  // of the byte order mark so far; all of them: it is past
    char quote_ = 0;
    std::uint32_t depth_ = 0;
    std::uint32_t name_size_ = 0;
    std::uint64_t keys_ = 0;
    std::uint64_t common_prefixes_ = 0;
    std::uint64_t markers_ = 0;
    std::size_t token_size_ = 0;
    std::size_t version_token_size_ = 0;
    std::size_t key_size_ = 0;
    std::size_t text_size_ = 0;
    std::array<std::uint64_t, max_depth> open_{};  // prints of the names of open elements
    std::array<char, 48> name_{};
    std::array<char, 3 * max_token_bytes> text_{};  // still escaped
    std::array<char, max_token_bytes> token_{};
    std::array<char, max_version_bytes> version_token_{};
    std::array<char, max_key_bytes> key_{};
};

struct list_entry {
    std::string key;
    std::uint64_t size = 0;
    std::string etag;  ///< with its quotes
    std::string last_modified;
};

struct list_page {
    std::vector<list_entry> keys;
    std::vector<std::string> prefixes;
    bool is_truncated = false;
    std::string token;  ///< NextContinuationToken
};

/// Parses a whole ListBucketResult, which says whether it is truncated and then names the token.
/// Error: errc::bad_message.
result<list_page> parse_list(std::string_view body);

/// Names of a ListAllMyBucketsResult. Error: errc::bad_message.
result<std::vector<std::string>> parse_buckets(std::string_view body);

}  // namespace chopsticks::s3
