#include <chopsticks/s3/protocol/signer.hpp>
#include <cstring>
#include <limits>

namespace chopsticks::s3 {

namespace {

constexpr std::string_view algorithm_line = "AWS4-HMAC-SHA256\n";
constexpr std::size_t scope_date_size = 8;

}  // namespace

signer::signer(const credentials& who, std::string_view region, std::string_view service)
    : secret_("AWS4" + who.secret_key),
      region_(region),
      service_(service),
      scope_(credential_scope("00000000", region, service)),
      prefix_(std::string(algorithm_line) + "00000000T000000Z\n" + scope_ + "\n"),
      wall_s_(std::numeric_limits<std::int64_t>::min()) {
    change_time(0);
}

void signer::change_time(std::int64_t wall_s) noexcept {
    wall_s_ = wall_s;
    write_amz_date(wall_s, amz_date_);
    if (std::memcmp(scope_.data(), amz_date_, scope_date_size) != 0) {
        std::memcpy(scope_.data(), amz_date_, scope_date_size);
        sha256_digest step = hmac_sha256_key(secret_).sign({amz_date_, scope_date_size});
        step = hmac_sha256_key(as_text(step)).sign(region_);
        step = hmac_sha256_key(as_text(step)).sign(service_);
        key_ = hmac_sha256_key(as_text(step)).sign("aws4_request");
        mac_.set(as_text(key_));
    }
    char* const date = prefix_.data() + algorithm_line.size();
    std::memcpy(date, amz_date_, amz_date_size);
    std::memcpy(date + amz_date_size + 1, amz_date_, scope_date_size);
    primed_ = mac_.begin();
    primed_.update(prefix_);
}

void signer::sign(std::string_view canonical_request, char* out) const noexcept {
    sha256_stream request;
    request.update(canonical_request);
    char hash[signature_size];
    request.finish_hex(hash);
    sha256_stream message = primed_;
    message.update({hash, sizeof hash});
    const sha256_digest signature = mac_.finish(message);
    write_hex(signature, out);
}

void signer::sign_text(std::string_view text, char* out) const noexcept {
    write_hex(mac_.sign(text), out);
}

}  // namespace chopsticks::s3
