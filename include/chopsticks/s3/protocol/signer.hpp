#pragma once
/// \file
/// The fast path of Signature Version 4: one credential on one core, time given by the caller.

#include <chopsticks/s3/protocol/sha256.hpp>
#include <chopsticks/s3/protocol/sigv4.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

/// Signs canonical requests. It keeps the signing key of the day, the hash state behind it, and the
/// hash state behind the first bytes of the string to sign, which stay the same for a second. One
/// object per core and credential: nothing is shared, so nothing is locked, and a key that was
/// derived for one credential can never be used for another. Allocates in the constructor only.
class signer {
  public:
    static constexpr std::size_t signature_size = 64;
    static constexpr std::size_t amz_date_size = 16;

    signer(const credentials& who, std::string_view region, std::string_view service = "s3");

    /// Sets the time of the following signatures. Cheap when the second did not change; derives a
    /// new signing key when the UTC date did. The clock may also go back.
    void set_time(std::int64_t wall_s) noexcept {
        if (wall_s != wall_s_) change_time(wall_s);
    }

    std::int64_t time() const noexcept { return wall_s_; }

    /// "20130524T000000Z"; its first eight characters are the date of the scope.
    std::string_view amz_date() const noexcept { return {amz_date_, amz_date_size}; }

    /// "20130524/us-east-1/s3/aws4_request"; its length never changes.
    std::string_view scope() const noexcept { return scope_; }

    const sha256_digest& key() const noexcept { return key_; }

    /// Writes the signature of a canonical request that names amz_date(): 64 hex digits at `out`.
    void sign(std::string_view canonical_request, char* out) const noexcept;

    /// The same of a text that is signed as it is: the policy of a form.
    void sign_text(std::string_view text, char* out) const noexcept;

  private:
    void change_time(std::int64_t wall_s) noexcept;

    std::string secret_;  // "AWS4" and the secret
    std::string region_;
    std::string service_;
    std::string scope_;
    std::string prefix_;  // of the string to sign, up to the hash of the canonical request
    std::int64_t wall_s_;
    char amz_date_[amz_date_size];
    sha256_digest key_;
    hmac_sha256_key mac_;
    sha256_stream primed_;  // the inner pad and prefix_
};

}  // namespace chopsticks::s3
