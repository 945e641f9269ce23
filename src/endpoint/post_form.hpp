#pragma once
// The body of a form upload, multipart/form-data, taken apart while it arrives. One connection.
//
// Source: RFC 7578, and Amazon S3 API Reference, "POST Object".

#include <chopsticks/s3/protocol/sigv4.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "s3_error.hpp"

namespace chopsticks::endpoint {

class form_reader {
  public:
    /// What comes before the file may have so many bytes, as S3 allows.
    static constexpr std::size_t fields_bytes_max = 20 * 1024;

    /// Gets the content of the file in pieces. `begin` comes before the first, once the fields are
    /// known, also of a file of no bytes.
    struct receiver {
        std::function<void()> begin;
        std::function<void(std::string_view)> piece;
    };

    explicit form_reader(std::string_view boundary);

    void feed(std::string_view bytes, const receiver& file);

    /// What is wrong with it as far as it came.
    s3_code fault() const noexcept { return fault_; }
    /// The file has ended. What comes behind it is not looked at.
    bool complete() const noexcept { return state_ == state::done; }
    /// All bytes that were fed.
    std::uint64_t size() const noexcept { return size_; }

    /// In the order they came, without the file.
    const std::vector<s3::name_value>& fields() const noexcept { return fields_; }
    /// Regardless of case; null: there is none.
    const std::string* field(std::string_view name) const noexcept;
    /// As the browser had it; may be empty.
    const std::string& filename() const noexcept { return filename_; }

  private:
    enum class state : std::uint8_t { before, delimited, head, field, file, done };

    bool step(const receiver& file);
    bool read_head(const receiver& file);
    void refuse(s3_code code) noexcept;

    std::string delimiter_;  // with the line end before it
    std::string buffer_;     // not dealt with yet
    state state_ = state::before;
    s3_code fault_ = s3_code::none;
    std::uint64_t size_ = 0;
    std::size_t fields_bytes_ = 0;
    std::string name_;
    std::string value_;
    std::string filename_;
    std::vector<s3::name_value> fields_;
};

/// The boundary that a Content-Type of multipart/form-data names; nothing if it is none.
std::optional<std::string> form_boundary(std::string_view content_type);

}  // namespace chopsticks::endpoint
