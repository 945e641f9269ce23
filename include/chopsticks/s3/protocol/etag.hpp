#pragma once
/// \file
/// ETags: what a service says that it stored, checked without keeping a table of what was put.
/// Nothing allocates unless it says so; an object belongs to one core, the functions are pure.

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

/// What is between the quotes of an ETag field; weak ones and such without quotes (some services
/// send them) are taken too. Empty: no ETag that anybody could send back (empty, one quote, quotes
/// inside).
std::string_view etag_tag(std::string_view field) noexcept;

/// A number that is the same for the same tag in upper or lower case, and hardly ever for another;
/// never 0.
std::uint64_t etag_mark(std::string_view tag) noexcept;

/// Whether it can be the MD5 of a content: 32 hex digits. Those of multipart uploads have "-N".
bool is_md5_tag(std::string_view tag) noexcept;

/// MD5 (RFC 1321) as 32 lower-case hex digits: what nearly all services give as the ETag of a put.
class md5_stream {
  public:
    md5_stream() noexcept { reset(); }
    void reset() noexcept;
    void update(std::span<const iovec> buffers) noexcept;
    void finish_hex(char* out) noexcept;
    /// Its 16 bytes.
    void finish(unsigned char* out) noexcept;

  private:
    alignas(8) unsigned char context_[96];  // MD5_CTX; its size is asserted where it is used
};

constexpr std::size_t content_md5_size = 24;

/// What Content-MD5 says of a body (RFC 1864): content_md5_size characters.
void write_content_md5(std::string_view body, char* out) noexcept;

/// Holds answers about one version of one object against each other: all of them name one ETag.
/// Remembers the last objects only (a fixed table in which a newer object takes an older one's
/// place), so that it costs the same for ten objects and for ten billion: small data sets are
/// checked wholly, of large ones what is soon used again.
class etag_memory {
  public:
    static constexpr std::size_t places = 1024;

    /// After a put: this is the version's ETag now, unless an earlier try is in doubt.
    void put(std::uint64_t object, std::uint32_t version, std::uint64_t mark) noexcept {
        entry& e = place_of(object);
        if (e.object == object && e.version == version && e.mark == 0) return;
        e = {object, mark, version};
    }
    /// After a put of which nobody knows whether it was done, or will be: nothing can be said about
    /// this version for as long as it is remembered.
    void in_doubt(std::uint64_t object, std::uint32_t version) noexcept {
        place_of(object) = {object, 0, version};
    }
    /// Whether the last of those was about this version, as far as is remembered.
    bool is_in_doubt(std::uint64_t object, std::uint32_t version) noexcept {
        const entry& e = place_of(object);
        return e.object == object && e.version == version && e.mark == 0;
    }
    /// After a get or head. False: an earlier answer about the same version named another ETag.
    bool seen(std::uint64_t object, std::uint32_t version, std::uint64_t mark) noexcept {
        entry& e = place_of(object);
        if (e.object == object && e.version == version) return e.mark == mark || e.mark == 0;
        e = {object, mark, version};
        return true;
    }

  private:
    struct entry {
        std::uint64_t object = ~0ULL;
        std::uint64_t mark = 0;
        std::uint32_t version = 0;
    };
    entry& place_of(std::uint64_t object) noexcept { return entries_[object % places]; }

    std::array<entry, places> entries_;
};

/// ETags as they were sent, of the objects seen last, for requests that depend on them. Where one
/// is not remembered, the MD5 of the content is it at most services (not of objects that were put
/// in parts, or are encrypted); whether it is here is found by the first that is known.
class etag_texts {
  public:
    static constexpr std::size_t places = 16 * 1024;
    static constexpr std::size_t most_bytes = 64;
    enum class digests : std::uint8_t { not_known, right, wrong };

    /// From now on; allocates. Before that nothing is remembered.
    void keep() { entries_.resize(places); }
    bool keeps() const noexcept { return !entries_.empty(); }

    /// Empty: it has one that nobody knows.
    void note(std::uint64_t object, std::uint32_t version, std::string_view tag) noexcept {
        if (!keeps()) return;
        if (tag.size() > most_bytes) tag = {};
        entry& e = entries_[object % places];
        e.object = object;
        e.version = version;
        e.size = static_cast<std::uint8_t>(tag.copy(e.text, tag.size()));
    }
    /// Empty: it is not remembered.
    std::string_view find(std::uint64_t object, std::uint32_t version) const noexcept {
        if (!keeps()) return {};
        const entry& e = entries_[object % places];
        if (e.object != object || e.version != version) return {};
        return {e.text, e.size};
    }
    /// Of whichever version was seen last.
    std::string_view find_any(std::uint64_t object) const noexcept {
        return keeps() ? find(object, entries_[object % places].version) : std::string_view();
    }

    /// Whether the MD5 of contents is their ETag.
    digests are_md5 = digests::not_known;

  private:
    struct entry {
        std::uint64_t object = ~0ULL;
        std::uint32_t version = 0;
        std::uint8_t size = 0;
        char text[most_bytes];
    };
    std::vector<entry> entries_;
};

/// Whether ETags are the MD5 of contents, where computing that is asked for. Services may use
/// something else (encrypted objects, directory buckets), and which ones do is only known from what
/// they answer: one ETag that is the MD5 proves that they are it here, and from then on another is
/// wrong. Before that nothing is. Looks at a few per cent of the bytes, so that it costs little.
class etag_digests {
  public:
    /// Contents above are not looked at: a core would do nothing else for as long.
    static constexpr std::uint64_t most_bytes = 256 * 1024;

    /// Whether the ETag of this object of `size` bytes is to be computed. Counts it.
    bool wants(std::uint64_t size) noexcept {
        passed_bytes_ += size + 256;
        const std::uint64_t cost = size + 256;
        if (size > most_bytes || hashed_bytes_ + cost > first_bytes + passed_bytes_ / 32) {
            return false;
        }
        hashed_bytes_ += cost;
        return true;
    }
    /// False: the ETag is wrong.
    bool compare(bool equal) noexcept {
        proven_ = proven_ || equal;
        return equal || !proven_;
    }

  private:
    static constexpr std::uint64_t first_bytes = 1024 * 1024;

    std::uint64_t passed_bytes_ = 0;
    std::uint64_t hashed_bytes_ = 0;
    bool proven_ = false;
};

}  // namespace chopsticks::s3
