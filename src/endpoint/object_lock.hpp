#pragma once
// Retention and legal holds: what keeps a version from being deleted. Plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "request.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

enum class retention_mode : std::uint8_t {
    none,
    governance,  ///< whoever asks to bypass it may
    compliance,  ///< nobody may, until it is over
};

/// As documents and headers say it.
std::string_view name(retention_mode mode) noexcept;

struct object_lock {
    retention_mode mode = retention_mode::none;
    std::int64_t until_ns = 0;
    bool has_hold = false;  ///< a hold was set once, on or off
    bool hold = false;

    bool retained(std::int64_t now_ns) const noexcept {
        return mode != retention_mode::none && now_ns < until_ns;
    }
};

/// What new versions of a bucket get that say nothing themselves.
struct default_retention {
    retention_mode mode = retention_mode::none;
    int days = 0;
    int years = 0;

    object_lock at(std::int64_t now_ns) const noexcept;
};

/// Whether a version may be deleted now.
bool may_delete(const object_lock& lock, bool bypass, std::int64_t now_ns) noexcept;

/// Whether its retention may be changed to another.
bool may_change(const object_lock& lock, retention_mode mode, std::int64_t until_ns, bool bypass,
                std::int64_t now_ns) noexcept;

/// Whether a request says that it means to pass by a governance.
bool bypasses(const request& r) noexcept;

/// Whether a request says anything of locks with its object.
bool names_lock(const request& r) noexcept;

/// What it says.
s3_refusal read_lock(const request& r, std::int64_t now_ns, object_lock& out);

/// Documents <Retention>, <LegalHold> and <ObjectLockConfiguration>.
s3_refusal read_retention(std::string_view text, std::int64_t now_ns, object_lock& out);
s3_refusal read_hold(std::string_view text, bool& out);
s3_refusal read_configuration(std::string_view text, default_retention& out);
std::string retention_document(const object_lock& lock);
std::string hold_document(const object_lock& lock);
std::string configuration_document(const default_retention& retention);

/// "2030-01-01T00:00:00Z", with or without a fraction; nanoseconds.
std::optional<std::int64_t> parse_iso_date(std::string_view text) noexcept;

}  // namespace chopsticks::endpoint
