#include "endpoint_beside.hpp"

namespace chopsticks::cli {

void endpoint_beside::on_phase(engine::phase p) {
    if (!before_) {
        if (engine::is_of_load(p)) before_ = of_.count();
    } else if (!after_ && !engine::is_of_load(p) && p != engine::phase::drain) {
        after_ = of_.count();
    }
}

std::optional<results::endpoint_figures> endpoint_beside::figures() const {
    if (!before_ || !after_) return std::nullopt;
    results::endpoint_figures out;
    out.requests = after_->requests - before_->requests;
    for (const auto& [operation, count] : after_->by_operation) {
        const auto found = before_->by_operation.find(operation);
        const std::uint64_t more =
            count - (found == before_->by_operation.end() ? 0 : found->second);
        if (more > 0) out.by_operation[operation] = more;
    }
    return out;
}

}  // namespace chopsticks::cli
