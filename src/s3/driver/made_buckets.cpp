#include "made_buckets.hpp"

#include <algorithm>

namespace chopsticks::s3 {

namespace {

/// Whether a failure leaves open if the bucket was made.
bool may_have_made(const engine::outcome& out) noexcept {
    switch (out.status) {
        case op_status::ok:
        case op_status::client_error:
        case op_status::redirect:
        case op_status::slow_down:
        case op_status::connect_failed:
            return false;
        default:
            return true;
    }
}

}  // namespace

void made_buckets::created(std::uint64_t number, const engine::outcome& out) {
    const bool refused = out.native == native_code::of_http(409);
    // Of repeated attempts only the last one's answer is known.
    const bool unanswered = may_have_made(out) || (refused && out.retries > 0);
    if (!refused && !unanswered) return;
    const auto found = std::find_if(doubts_.begin(), doubts_.end(),
                                    [&](const doubt& d) { return d.number == number; });
    if (found == doubts_.end()) {
        doubts_.push_back(doubt{number, unanswered, refused});
        return;
    }
    found->unanswered |= unanswered;
    found->refused |= refused;
}

made_buckets::claim made_buckets::whose(const doubt& d) noexcept {
    if (!d.refused) return claim::ours;
    return d.unanswered ? claim::unclear : claim::foreign;
}

made_buckets::claim made_buckets::whose(std::uint64_t number) const noexcept {
    for (const doubt& d : doubts_) {
        if (d.number == number) return whose(d);
    }
    return claim::ours;
}

std::uint64_t made_buckets::count(claim what) const noexcept {
    return static_cast<std::uint64_t>(std::count_if(
        doubts_.begin(), doubts_.end(), [&](const doubt& d) { return whose(d) == what; }));
}

}  // namespace chopsticks::s3
