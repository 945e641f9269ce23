#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/aws_chunked.hpp>
#include <string>

using namespace chopsticks::s3;

namespace {

// Amazon S3 API Reference, "Transferring Payload in Multiple Chunks": 65 KiB of 'a' in two chunks.
const std::string secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const std::string date = "20130524T000000Z";
const std::string scope = "20130524/us-east-1/s3/aws4_request";
const std::string plain_seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const std::string trailer_seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";

std::string chunk(std::string_view size, std::string_view signature, std::size_t bytes) {
    std::string out = std::string(size) + ";chunk-signature=" + std::string(signature) + "\r\n";
    return bytes == 0 ? out : out + std::string(bytes, 'a') + "\r\n";
}

std::string published_body() {
    return chunk("10000", "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                 65536) +
           chunk("400", "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", 1024) +
           chunk("0", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", 0) +
           "\r\n";
}

std::string published_trailer_body(std::string_view between) {
    return chunk("10000", "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                 65536) +
           chunk("400", "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7", 1024) +
           chunk("0", "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992", 0) +
           "x-amz-checksum-crc32c:sOO8/Q==" + std::string(between) +
           "x-amz-trailer-signature:"
           "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
}

aws_chunked_decoder verifying(payload_kind kind) {
    const bool trailer = kind == payload_kind::streaming_signed_trailer;
    return {kind, signing_key(secret, "20130524", "us-east-1"), date, scope,
            trailer ? trailer_seed : plain_seed};
}

struct decoded {
    aws_chunked_state state;
    std::string body;
    std::size_t consumed = 0;
};

decoded decode(aws_chunked_decoder decoder, std::string_view text, std::size_t slice = SIZE_MAX) {
    decoded out;
    for (std::size_t at = 0; at < text.size(); at += std::min(slice, text.size() - at)) {
        const auto result = decoder.decode(text.substr(at, slice),
                                           [&](std::string_view piece) { out.body += piece; });
        out.consumed += result.consumed;
    }
    out.state = decoder.state();
    return out;
}

decoded decode_unsigned(std::string_view text, std::size_t slice = SIZE_MAX) {
    return decode(aws_chunked_decoder(payload_kind::streaming_unsigned_trailer), text, slice);
}

}  // namespace

TEST_CASE("aws_chunked_published_signed_body_verifies") {
    const std::string text = published_body();
    for (const std::size_t slice : {SIZE_MAX, std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
        const decoded out = decode(verifying(payload_kind::streaming_signed), text, slice);
        CHECK(out.state == aws_chunked_state::complete);
        CHECK(out.body == std::string(66560, 'a'));
        CHECK(out.consumed == text.size());
    }
    CHECK(text.size() == 66824);  // the Content-Length of the example
}

TEST_CASE("aws_chunked_published_signed_trailer_verifies") {
    // With the line ends of the example's text, and with those that clients send.
    for (const char* between : {"\n\r\n", "\r\n"}) {
        const std::string text = published_trailer_body(between);
        aws_chunked_decoder decoder = verifying(payload_kind::streaming_signed_trailer);
        decoder.decode(text, [](std::string_view) {});
        CHECK(decoder.state() == aws_chunked_state::complete);
        REQUIRE(decoder.trailers().size() == 1);
        CHECK(decoder.trailers()[0].name == "x-amz-checksum-crc32c");
        CHECK(decoder.trailers()[0].value == "sOO8/Q==");
    }
}

TEST_CASE("aws_chunked_changed_byte_is_a_bad_signature") {
    std::string text = published_body();
    REQUIRE(text[200] == 'a');
    text[200] = 'b';
    CHECK(decode(verifying(payload_kind::streaming_signed), text).state ==
          aws_chunked_state::bad_signature);
    text = published_trailer_body("\r\n");
    text.replace(text.find("sOO8"), 4, "sOO9");
    CHECK(decode(verifying(payload_kind::streaming_signed_trailer), text).state ==
          aws_chunked_state::bad_signature);
    text = published_trailer_body("\r\n");
    text.erase(text.find("x-amz-trailer-signature"), 24 + 64 + 2);
    CHECK(decode(verifying(payload_kind::streaming_signed_trailer), text + "\r\n").state !=
          aws_chunked_state::complete);
}

TEST_CASE("aws_chunked_unsigned_body_with_checksum_is_decoded_at_every_split") {
    const std::string text =
        "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32: DUoRhQ==\r\n\r\n";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        aws_chunked_decoder decoder(payload_kind::streaming_unsigned_trailer);
        std::string body;
        const auto keep = [&](std::string_view piece) { body += piece; };
        decoder.decode(text.substr(0, cut), keep);
        CHECK(decoder.state() ==
              (cut == text.size() ? aws_chunked_state::complete : aws_chunked_state::need_more));
        const auto rest = decoder.decode(text.substr(cut) + "next", keep);
        REQUIRE(rest.state == aws_chunked_state::complete);
        REQUIRE(rest.consumed == text.size() - cut);
        REQUIRE(body == "hello world");
        REQUIRE(decoder.trailers().size() == 1);
        REQUIRE(decoder.trailers()[0].value == "DUoRhQ==");
    }
}

TEST_CASE("aws_chunked_malformed_body_is_bad") {
    const std::string signature(64, 'a');
    for (const std::string& text : {
             std::string("\r\n"),
             std::string("g\r\n"),
             std::string("5\nhello\r\n"),
             std::string("5\r\nhelloX\r\n"),
             std::string("5\r\nhello\n0\r\n"),
             "5;chunk-signature=" + signature + "\r\n",
             std::string("1000000000000000\r\n"),
             std::string("0\r\nno colon\r\n"),
             std::string("0\r\n:v\r\n"),
             std::string("0\r\nx-amz-trailer-signature:") + signature + "\r\n",
             std::string(aws_chunked_decoder::max_line_bytes + 1, '0'),
         }) {
        CAPTURE(text);
        CHECK(decode_unsigned(text).state == aws_chunked_state::bad);
        CHECK(decode_unsigned(text, 1).state == aws_chunked_state::bad);
    }
    std::string many = "0\r\n";
    for (std::size_t i = 0; i <= aws_chunked_decoder::max_trailers; ++i)
        many += "a:b\r\n";
    CHECK(decode_unsigned(many).state == aws_chunked_state::bad);
    CHECK(decode(verifying(payload_kind::streaming_signed), "5\r\nhello\r\n").state ==
          aws_chunked_state::bad);
    CHECK(decode(verifying(payload_kind::streaming_signed), "5;chunk-signature=abc\r\n").state ==
          aws_chunked_state::bad);
}
