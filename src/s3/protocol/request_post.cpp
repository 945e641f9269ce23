// Requests that put an object with a form, as browsers do (Amazon S3 API Reference, "POST Object").

// As etag.cpp has it, which may be compiled together with this.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>

#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <cstdio>

#include "request_fields.hpp"

namespace chopsticks::s3 {

namespace {

// In no content: contents are drawn, and none would have a text of this length by chance.
#define CHOPSTICKS_FORM_BOUNDARY "chopsticks-7d1c5e0a94b24f6bb8a3-e6f02d57c9184a3d9b61"
constexpr std::string_view form_begin = "--" CHOPSTICKS_FORM_BOUNDARY "\r\n";
constexpr std::string_view form_tail = "\r\n--" CHOPSTICKS_FORM_BOUNDARY "--\r\n";
constexpr std::string_view form_type =
    "Content-Type: multipart/form-data; boundary=" CHOPSTICKS_FORM_BOUNDARY "\r\n";
#undef CHOPSTICKS_FORM_BOUNDARY
constexpr std::string_view content_part =
    "Content-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n"
    "Content-Type: application/octet-stream\r\n\r\n";

/// A text of JSON. Control characters are in none of ours.
void write_json(request_text& to, std::string_view text) noexcept {
    to << "\"";
    for (;;) {
        const std::size_t at = text.find_first_of("\"\\");
        to << text.substr(0, at);
        if (at == std::string_view::npos) break;
        to << "\\" << text.substr(at, 1);
        text.remove_prefix(at + 1);
    }
    to << "\"";
}

void write_condition(request_text& to, std::string_view name, std::string_view value) noexcept {
    to << "{";
    write_json(to, name);
    to << ": ";
    write_json(to, value);
    to << "}";
}

void write_form_field(request_text& to, std::string_view name, std::string_view value) noexcept {
    to << form_begin << "Content-Disposition: form-data; name=\"" << name << "\"\r\n\r\n"
       << value << "\r\n";
}

std::string_view write_base64(request_text& to, std::string_view bytes) noexcept {
    const std::size_t size = 4 * ((bytes.size() + 2) / 3);
    CHOPSTICKS_ASSERT(size < static_cast<std::size_t>(to.end() - to.at()));  // a NUL behind it
    ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(to.at()),
                      reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()));
    return {to.at(), size};
}

}  // namespace

whole_request request_writer::posted(const form& of, const asked& what,
                                     std::int64_t wall_s) noexcept {
    signer_.set_time(wall_s);
    const written_fields fields = write_fields(of, what, {}, {});
    request_text room(target_);
    char suffix[key_suffix_size];
    write_key_suffix(what.object, suffix);
    room << options_.key_prefix << std::string_view(suffix, sizeof suffix);
    const std::string_view key = room.text();
    request_text behind_key(room.at(), room.end());
    behind_key << options_.who.access_key << "/" << signer_.scope();
    const std::string_view credential = behind_key.text();

    // What is in the form, and nothing else, is what the policy allows.
    request_text wire(wire_);
    request_text policy(canonical_);
    const civil_time until = to_civil(wall_s + std::int64_t{signed_ahead_s});
    char date[32];
    std::snprintf(date, sizeof date, "%04d-%02d-%02dT%02d:%02d:%02dZ", until.year, until.month,
                  until.day, until.hour, until.minute, until.second);
    policy << "{\"expiration\": \"" << std::string_view(date) << "\", \"conditions\": [";
    std::string_view between;
    const auto allow = [&](std::string_view name, std::string_view value) {
        policy << between;
        write_condition(policy, name, value);
        between = ", ";
    };
    const auto add = [&](std::string_view name, std::string_view value) {
        write_form_field(wire, name, value);
        allow(name, value);
    };
    for (std::size_t i = 0; i < fields.count; ++i)
        add(fields.names[i], fields.values[i]);
    allow("bucket", options_.bucket);
    add("key", key);
    add("x-amz-algorithm", "AWS4-HMAC-SHA256");
    add("x-amz-credential", credential);
    add("x-amz-date", signer_.amz_date());
    if (!options_.who.session_token.empty()) {
        add("x-amz-security-token", options_.who.session_token);
    }
    policy << "]}";
    request_text encoded(query_);
    const std::string_view signed_text = write_base64(encoded, policy.text());
    char signature[signer::signature_size];
    signer_.sign_text(signed_text, signature);
    write_form_field(wire, "policy", signed_text);
    write_form_field(wire, "x-amz-signature", {signature, sizeof signature});
    wire << form_begin << content_part;

    request_text head(wire.at(), wire.end());
    head << "POST /";
    if (options_.style == addressing::path) head << encoded_bucket_;
    head << " HTTP/1.1\r\nHost: " << host_ << "\r\n"
         << user_agent << form_type << "Content-Length: "
         << std::uint64_t{wire.text().size() + what.part_bytes() + form_tail.size()} << "\r\n";
    if (what.expects_continue) head << "Expect: 100-continue\r\n";
    head << "\r\n";
    return {head.text(), wire.text(), form_tail};
}

}  // namespace chopsticks::s3
