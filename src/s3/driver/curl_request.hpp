#pragma once
/// \file
/// A request as libcurl takes it: the head in its pieces, the body when it asks for it. Belongs to
/// its core.

#include <curl/curl.h>

#include <chopsticks/load/content.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"

namespace chopsticks::s3 {

/// Of one exchange after the other. A handle that it was given to refers to it until the next.
class curl_request {
  public:
    /// Tells the handle. \param origin what precedes the target where a proxy forwards it
    void compose(CURL* handle, const exchange_job& job, std::string_view origin);

    /// The next bytes of the body. \return how many
    std::size_t give(char* to, std::size_t room, const load::content& content);
    void rewind() noexcept { given_ = 0; }
    std::uint64_t body_bytes() const noexcept { return all_; }

  private:
    void cut(std::string_view head);

    std::string lines_;   ///< the head; the end of each line, and of each word of the first, is 0
    std::string target_;  ///< with its origin
    std::vector<curl_slist> fields_;
    const char* method_ = nullptr;
    const char* asked_ = nullptr;
    /// \name The body: a text, then content, then another text. The texts would not outlive the
    /// first suspension
    /// \{
    std::string front_;
    load::content_key key_;
    std::uint64_t content_offset_ = 0;
    std::uint64_t content_end_ = 0;  ///< in the body
    std::string tail_;
    std::uint64_t all_ = 0;
    std::uint64_t given_ = 0;
    /// \}
};

}  // namespace chopsticks::s3
