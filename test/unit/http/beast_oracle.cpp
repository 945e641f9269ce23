#include "beast_oracle.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/optional/optional.hpp>

namespace oracle {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

class parser : public http::basic_parser<false> {
  public:
    parser() {
        header_limit(64 * 1024);
        body_limit(boost::none);
    }

    int status = 0;
    std::string etag;
    std::string body;

  private:
    void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
    void on_response_impl(int code, string_view, int, error_code&) override { status = code; }
    void on_field_impl(http::field name, string_view, string_view value, error_code&) override {
        if (name == http::field::etag) etag = std::string(value);
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view bytes, error_code&) override {
        body.append(bytes.data(), bytes.size());
        return bytes.size();
    }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override {
        body.append(bytes.data(), bytes.size());
        return bytes.size();
    }
    void on_finish_impl(error_code&) override {}
};

}  // namespace

head read_head(std::string_view bytes, bool head_request) {
    parser p;
    p.skip(head_request);
    head out;
    error_code ec;
    while (!p.is_header_done()) {
        const auto buffer =
            boost::asio::buffer(bytes.data() + out.head_bytes, bytes.size() - out.head_bytes);
        out.head_bytes += p.put(buffer, ec);
        if (ec == http::error::need_more) return out;
        if (ec) {
            out.outcome = state::bad;
            return out;
        }
    }
    out.outcome = state::complete;
    out.status = p.status;
    out.keep_alive = p.keep_alive();
    out.chunked = p.chunked();
    out.need_eof = p.need_eof();
    if (p.content_length()) {
        out.has_content_length = true;
        out.content_length = *p.content_length();
    }
    out.etag = p.etag;
    return out;
}

body read_chunked(std::string_view chunked) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string all = head + std::string(chunked);
    parser p;
    p.eager(true);
    body out;
    std::size_t at = 0;
    error_code ec;
    while (!p.is_done()) {
        const std::size_t n = p.put(boost::asio::buffer(all.data() + at, all.size() - at), ec);
        at += n;
        // An eager parser has taken all it can; it must not be asked again about the same bytes.
        if (ec == http::error::need_more) break;
        if (ec) {
            out.outcome = state::bad;
            break;
        }
        if (n == 0) break;
    }
    if (p.is_done() && !ec) out.outcome = state::complete;
    out.bytes = p.body;
    out.consumed = at < head.size() ? 0 : at - head.size();
    return out;
}

}  // namespace oracle
