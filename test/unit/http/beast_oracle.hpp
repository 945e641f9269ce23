#pragma once
// Beast's parser as a second opinion about the same bytes.

#include <cstdint>
#include <string>
#include <string_view>

namespace oracle {

enum class state { need_more, complete, bad };

struct head {
    state outcome = state::need_more;
    int status = 0;
    bool keep_alive = false;
    bool chunked = false;
    bool need_eof = false;
    bool has_content_length = false;
    std::uint64_t content_length = 0;
    std::size_t head_bytes = 0;
    std::string etag;  // value of the last ETag field
};

head read_head(std::string_view bytes, bool head_request);

struct body {
    state outcome = state::need_more;
    std::string bytes;
    std::size_t consumed = 0;
};

/// `chunked` is what follows the head of a chunked response.
body read_chunked(std::string_view chunked);

}  // namespace oracle
