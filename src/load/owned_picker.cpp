#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/owned_picker.hpp>
#include <cmath>
#include <numeric>

namespace chopsticks::load {

namespace {

/// Ranks given out one by one. Beyond them ranks next to each other differ by less than a
/// thousandth in weight.
constexpr std::uint64_t head_most = 1024;

bool is_harmonic(double s) noexcept {
    return std::abs(s - 1) < 1e-9;
}

/// Weight of the ranks [head, world), as the integral by midpoints: right to s / (24 head^2).
double tail_weight(std::uint64_t head, std::uint64_t world, double s) noexcept {
    if (head >= world) return 0;
    const double from = static_cast<double>(head) + 0.5;
    const double to = static_cast<double>(world) + 0.5;
    if (is_harmonic(s)) return std::log(to / from);
    return (std::pow(to, 1 - s) - std::pow(from, 1 - s)) / (1 - s);
}

}  // namespace

owned_picker::owned_picker(popularity how, std::uint64_t seed, unsigned core,
                           std::vector<double> shares)
    : how_(how),
      core_(core),
      shares_(std::move(shares)),
      plain_(how, seed),
      counts_(shares_.size()),
      taken_(shares_.size()),
      masses_(shares_.size()) {
    CHOPSTICKS_ASSERT(core < shares_.size());
    if (how.kind == popularity_kind::zipf && !is_plain()) own_.reserve(head_most);
}

bool owned_picker::is_plain() const noexcept {
    return shares_.size() == 1 || how_.kind == popularity_kind::uniform ||
           how_.kind == popularity_kind::sequential;
}

std::uint64_t owned_picker::pick(random_stream& random, std::uint64_t n,
                                 std::uint64_t world) noexcept {
    if (is_plain()) return plain_.pick(random, n);
    if (n != n_ || world != world_) {
        for (std::size_t c = 0; c < counts_.size(); ++c)
            counts_[c] = dealt_share(world, c, counts_.size());
        counts_[core_] = n;
        prepare();
        world_ = world;
    }
    return pick_own(random);
}

void owned_picker::set_counts(std::vector<std::uint64_t> counts) {
    CHOPSTICKS_ASSERT(counts.size() == counts_.size());
    counts_ = std::move(counts);
    prepare();
}

std::uint64_t owned_picker::pick(random_stream& random) noexcept {
    return is_plain() ? plain_.pick(random, n_) : pick_own(random);
}

std::vector<double> owned_picker::masses() const {
    std::vector<double> out = masses_;
    const double all = std::accumulate(out.begin(), out.end(), 0.0);
    for (double& mass : out)
        mass = all > 0 ? mass / all : 0;
    return out;
}

void owned_picker::prepare() noexcept {
    n_ = counts_[core_];
    world_ = std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
    std::fill(taken_.begin(), taken_.end(), 0);
    if (how_.kind == popularity_kind::zipf && !is_plain()) {
        prepare_zipf();
    } else if (how_.kind == popularity_kind::hot_set && !is_plain()) {
        prepare_hot_set();
    } else {
        for (std::size_t c = 0; c < counts_.size(); ++c)
            masses_[c] = static_cast<double>(counts_[c]);
    }
}

void owned_picker::prepare_zipf() noexcept {
    const double s = how_.zipf_exponent;
    const double first_tail = tail_weight(std::min(world_, head_most), world_, s);
    // What the cold ranks will be, for a start: where cores choose unlike often, the hot ones make
    // up for it.
    for (std::size_t c = 0; c < counts_.size(); ++c) {
        masses_[c] = first_tail * static_cast<double>(counts_[c]) / static_cast<double>(world_);
    }
    double own = 0;
    own_.clear();
    head_ = std::min(world_, head_most);
    for (std::uint64_t rank = 0; rank < head_; ++rank) {
        std::size_t to = counts_.size();
        for (std::size_t c = 0; c < counts_.size(); ++c) {
            if (taken_[c] == counts_[c] || shares_[c] <= 0) continue;
            if (to == counts_.size() || masses_[c] * shares_[to] < masses_[to] * shares_[c]) to = c;
        }
        if (to == counts_.size()) {
            // Only cores that never choose have room.
            head_ = rank;
            break;
        }
        const double weight = std::pow(static_cast<double>(rank + 1), -s);
        masses_[to] += weight;
        ++taken_[to];
        if (to == core_) own_.push_back(own += weight);
    }
    for (std::size_t c = 0; c < counts_.size(); ++c) {
        masses_[c] -= first_tail * static_cast<double>(counts_[c]) / static_cast<double>(world_);
    }
    const std::uint64_t rest = world_ - head_;
    const double tail = tail_weight(head_, world_, s);
    for (std::size_t c = 0; c < counts_.size(); ++c) {
        const auto left = static_cast<double>(counts_[c] - taken_[c]);
        const double part = rest > 0 ? tail * left / static_cast<double>(rest) : 0;
        masses_[c] += part;
        if (c == core_) tail_ = part;
    }
}

void owned_picker::prepare_hot_set() noexcept {
    const auto world = static_cast<double>(world_);
    const std::uint64_t hot = std::clamp<std::uint64_t>(
        static_cast<std::uint64_t>(std::round(how_.hot_fraction * world)), 1, world_);
    std::uint64_t given = 0;
    double share = 0;
    for (std::size_t c = 0; c < counts_.size(); ++c) {
        share += shares_[c];
        const bool last = c + 1 == counts_.size();
        const std::uint64_t until =
            last ? hot
                 : std::min(hot, static_cast<std::uint64_t>(share * static_cast<double>(hot)));
        taken_[c] = std::min(until > given ? until - given : 0, counts_[c]);
        given += taken_[c];
    }
    for (std::size_t c = 0; c < counts_.size() && given < hot; ++c) {
        const std::uint64_t more = std::min(hot - given, counts_[c] - taken_[c]);
        taken_[c] += more;
        given += more;
    }
    const bool all_hot = hot == world_;
    const double hot_weight = (all_hot ? 1 : how_.hot_share) / static_cast<double>(hot);
    const double cold_weight =
        all_hot ? 0 : (1 - how_.hot_share) / static_cast<double>(world_ - hot);
    for (std::size_t c = 0; c < counts_.size(); ++c) {
        const double of_hot = hot_weight * static_cast<double>(taken_[c]);
        masses_[c] = of_hot + cold_weight * static_cast<double>(counts_[c] - taken_[c]);
        if (c == core_) hot_choice_ = masses_[c] > 0 ? of_hot / masses_[c] : 0;
    }
}

/// The inverse of tail_weight, which is as exact.
std::uint64_t owned_picker::rank_behind(double u) const noexcept {
    const double s = how_.zipf_exponent;
    const double from = static_cast<double>(head_) + 0.5;
    const double to = static_cast<double>(world_) + 0.5;
    double x = 0;
    if (is_harmonic(s)) {
        x = from * std::exp(u * std::log(to / from));
    } else {
        const double low = std::pow(from, 1 - s);
        x = std::pow(low + u * (std::pow(to, 1 - s) - low), 1 / (1 - s));
    }
    // Rank r, from 0, has the weight of r + 1, which stands for [r + 0.5, r + 1.5).
    const double rank =
        std::clamp(x - 0.5, static_cast<double>(head_), static_cast<double>(world_ - 1));
    return static_cast<std::uint64_t>(rank);
}

std::uint64_t owned_picker::pick_own(random_stream& random) noexcept {
    CHOPSTICKS_ASSERT(n_ > 0);
    const std::uint64_t taken = taken_[core_];
    const std::uint64_t left = n_ - taken;
    std::uint64_t rank = 0;
    if (how_.kind == popularity_kind::hot_set) {
        const bool hot = left == 0 || (taken > 0 && random.unit() < hot_choice_);
        rank = hot ? random.below(taken) : taken + random.below(left);
    } else {
        const double head = own_.empty() ? 0 : own_.back();
        const double at = random.unit() * (head + tail_);
        if (at < head) {
            rank = static_cast<std::uint64_t>(std::upper_bound(own_.begin(), own_.end(), at) -
                                              own_.begin());
        } else if (left == 0) {
            rank = taken - 1;
        } else {
            // An even selection of the ranks behind the head.
            const std::uint64_t behind =
                head_ < world_ ? rank_behind(random.unit()) - head_ : random.below(left);
            __extension__ using wide = unsigned __int128;
            const std::uint64_t rest = std::max<std::uint64_t>(world_ - head_, left);
            rank = taken + static_cast<std::uint64_t>(static_cast<wide>(behind) * left / rest);
        }
    }
    return plain_.position_of_rank(rank, n_);
}

}  // namespace chopsticks::load
