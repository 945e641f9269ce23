#include <chopsticks/s3/driver/features.hpp>

namespace chopsticks::s3 {

namespace {

constexpr driver_feature features[] = {
    {"sends requests, over HTTP and HTTPS", true, true, false},
    {"resumes TLS sessions", true, true, false},
    {"waits for 100 Continue", true, true, false},
    {"hashes payloads", true, true, false},
    {"verifies contents and ETags", true, true, false},
    {"hears an early answer to a put", true, true, false},
    {"drops bodies in the kernel", true, false, false},
    {"allocates nothing per request", true, false, true},
};

}  // namespace

std::span<const driver_feature> driver_features() noexcept {
    return features;
}

}  // namespace chopsticks::s3
