#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/search/max_rate.hpp>
#include <cmath>

namespace chopsticks::search {

namespace {

constexpr unsigned failures_most = 2;
constexpr unsigned probes_most = 2;
/// In usual trials.
constexpr double longest_trial = 10;
/// Of what a closed loop reaches. Open loop at that rate an M/M/1 queue has a mean response time of
/// twice the service time: often good, seldom far off.
constexpr double start_share = 0.5;
/// Trials at rates this far below the lower bound say nothing of those near it.
constexpr double near_share = 0.8;
constexpr std::size_t memories_least = 3;
/// So many longer trials must have a place in the budget.
constexpr double retrials = 3;

}  // namespace

const char* name(trial_kind k) noexcept {
    switch (k) {
        case trial_kind::probe:
            return "probe";
        case trial_kind::search:
            return "search";
        case trial_kind::validation:
            return "validation";
    }
    return "?";
}

const char* name(rate_class c) noexcept {
    switch (c) {
        case rate_class::open:
            return "open";
        case rate_class::lower:
            return "lower";
        case rate_class::upper:
            return "upper";
        case rate_class::undecided:
            return "undecided";
        case rate_class::invalid:
            return "invalid";
    }
    return "?";
}

const char* name(finish f) noexcept {
    switch (f) {
        case finish::running:
            return "running";
        case finish::found:
            return "found";
        case finish::undecided:
            return "undecided";
        case finish::generator_limit:
            return "generator_limit";
        case finish::rate_limit:
            return "rate_limit";
        case finish::none:
            return "none";
        case finish::budget:
            return "budget";
        case finish::failed:
            return "failed";
    }
    return "?";
}

max_rate_search::max_rate_search(const max_rate_options& options, std::vector<objective> objectives)
    : options_(options),
      objectives_(std::move(objectives)),
      start_rate_(std::min(options.start_rate, options.rate_most)) {
    CHOPSTICKS_ASSERT(!objectives_.empty());
    CHOPSTICKS_ASSERT(options.width > 0 && options.expansion > 1 && options.trial_s > 0);
}

tried_rate& max_rate_search::at(double rate) {
    const auto place =
        std::lower_bound(rates_.begin(), rates_.end(), rate,
                         [](const tried_rate& r, double value) { return r.rate < value; });
    if (place != rates_.end() && place->rate == rate) return *place;
    tried_rate fresh;
    fresh.rate = rate;
    fresh.batches.resize(objectives_.size());
    return *rates_.insert(place, std::move(fresh));
}

verdict max_rate_search::judge_all(const std::vector<std::vector<batch>>& batches, care how) const {
    bool all_met = true;
    for (std::size_t i = 0; i < objectives_.size(); ++i) {
        const verdict v = judge(batches[i], objectives_[i], options_.confidence, how);
        if (v == verdict::missed) return v;
        all_met = all_met && v == verdict::met;
    }
    return all_met ? verdict::met : verdict::open;
}

void max_rate_search::classify(tried_rate& r) const {
    if (r.growing) {
        r.what = rate_class::upper;
        return;
    }
    if (r.trials == 0) {
        // Where a higher rate went well the generator can do this one too: something came between.
        const bool can = std::any_of(rates_.begin(), rates_.end(), [&](const tried_rate& other) {
            return other.rate > r.rate && other.trials > 0;
        });
        if (r.invalid < options_.invalid_most) {
            r.what = rate_class::open;
        } else {
            r.what = can ? rate_class::undecided : rate_class::invalid;
        }
        return;
    }
    switch (judge_all(r.batches, r.validating ? care::strict : care::first_look)) {
        case verdict::met:
            r.what = rate_class::lower;
            return;
        case verdict::missed:
            r.what = rate_class::upper;
            return;
        case verdict::open:
            break;
    }
    const bool enough = r.trials >= options_.trials_most ||
                        r.trials + r.invalid >= options_.trials_most + options_.invalid_most;
    r.what = enough ? rate_class::undecided : rate_class::open;
}

std::optional<double> max_rate_search::upper() const {
    for (const tried_rate& r : rates_) {
        if (r.what == rate_class::upper) return r.rate;
    }
    return std::nullopt;
}

std::optional<double> max_rate_search::upper_or_limit() const {
    std::optional<double> bound = upper();
    if (generator_limit_ && (!bound || *generator_limit_ < *bound)) bound = generator_limit_;
    return bound;
}

std::optional<double> max_rate_search::lower() const {
    const std::optional<double> above = upper_or_limit();
    std::optional<double> best;
    for (const tried_rate& r : rates_) {
        if (above && r.rate >= *above) break;
        if (r.what == rate_class::lower) best = r.rate;
    }
    return best;
}

bool max_rate_search::validated() const {
    return validated_ && lower() == validated_;
}

std::optional<trial_plan> max_rate_search::plan(trial_kind kind, double rate, double load_s) {
    if (spent_s_ + load_s + overhead_s_ > options_.budget_s) {
        finish_ = finish::budget;
        return std::nullopt;
    }
    current_ = {kind, rate, load_s, ++trials_};
    return current_;
}

/// Whether trials were long against how long the target's queues take to come and go.
bool max_rate_search::has_settled() const {
    const double low = lower().value_or(0);
    const double high = upper().value_or(INFINITY);
    double sum = 0;
    std::size_t n = 0;
    for (const memory& m : memories_) {
        if (m.rate < near_share * low || m.rate >= high) continue;
        sum += m.persistence;
        ++n;
    }
    // Where shorter ones were too short already, one that may be as well is enough.
    const std::size_t least = stretch_ > 1 ? 1 : memories_least;
    return n < least || sum <= persistence_most * static_cast<double>(n);
}

/// Makes trials twice as long. What shorter ones found too good is forgotten; what they found bad
/// would only be worse. False: they are as long as they may be, or as the budget allows if a lower
/// bound is to be found again and confirmed.
bool max_rate_search::lengthen() {
    const std::optional<double> low = lower();
    settled_ = false;
    if (!low || stretch_ * 2 > options_.stretch_most) return false;
    const double again_s = 2 * (retrials * load_for(*low) + validation_for(*low));
    if (spent_s_ + again_s + (retrials + 1) * overhead_s_ > options_.budget_s) return false;
    settled_ = true;
    stretch_ *= 2;
    memories_.clear();
    validated_.reset();
    std::erase_if(rates_, [&](const tried_rate& r) {
        return r.rate >= near_share * *low && r.what != rate_class::upper &&
               r.what != rate_class::invalid;
    });
    at(*low);
    pending_ = low;
    return true;
}

double max_rate_search::validation_for(double rate) const {
    return std::max(options_.validation_s * stretch_,
                    load_for(rate) * options_.validation_s / options_.trial_s);
}

std::optional<trial_plan> max_rate_search::validate_or(finish reason) {
    const std::optional<double> low = lower();
    if (!low || validated() || options_.validation_s <= 0) {
        finish_ = low ? reason : finish::none;
        return std::nullopt;
    }
    if (!has_settled() && lengthen()) return plan(trial_kind::search, *low, load_for(*low));
    std::optional<trial_plan> out = plan(trial_kind::validation, *low, validation_for(*low));
    if (out) at(*low).validating = true;
    return out;
}

/// Longer trials where those of the usual length could not see enough operations in all.
double max_rate_search::load_for(double rate) const {
    double needed_s = 0;
    for (std::size_t i = 0; i < objectives_.size(); ++i) {
        if (!objectives_[i].share || objectives_[i].limit <= 0) continue;
        // Operations of the objective per task, as far as is known.
        double whole = 0;
        double tasks = 0;
        for (const tried_rate& r : rates_) {
            tasks += r.rate * r.load_s;
            for (const batch& b : r.batches[i])
                whole += b.whole;
        }
        const double per_s = rate * (tasks > 0 ? whole / tasks : 1);
        if (per_s > 0) needed_s = std::max(needed_s, shares_least / objectives_[i].limit / per_s);
    }
    const double half = needed_s / std::max(1.0, options_.trials_most / 2.0);
    return std::clamp(half, stretch_ * options_.trial_s, longest_trial * options_.trial_s);
}

std::optional<double> max_rate_search::bisect(double low, double high) {
    // Rates in between that stayed open divide the gap into what is left to search.
    double first = high;
    double last = low;
    for (const tried_rate& r : rates_) {
        if (r.what != rate_class::undecided || r.rate <= low || r.rate >= high) continue;
        first = std::min(first, r.rate);
        last = std::max(last, r.rate);
    }
    if (last == low) return std::sqrt(low * high);
    if (std::max(first / low, high / last) <= 1 + options_.width / 2) return std::nullopt;
    return first / low >= high / last ? std::sqrt(low * first) : std::sqrt(last * high);
}

/// The rate to try next; none with `finish_` set, or still running when only validation is left.
std::optional<double> max_rate_search::choose() {
    const std::optional<double> high = upper_or_limit();
    const std::optional<double> low = lower();
    if (!high && !low && rates_.empty()) return start_rate_;
    if (!high) {
        const double top = rates_.back().rate;
        if (top >= options_.rate_most) return std::nullopt;
        return std::min(top * options_.expansion, options_.rate_most);
    }
    if (!low) {
        // Rates that stayed open below the upper bound are no lower bounds.
        const double bottom = rates_.front().rate;
        const double next = bottom / (options_.expansion * options_.expansion);
        if (next < options_.rate_least) return std::nullopt;
        return next;
    }
    if (*high / *low <= 1 + options_.width) return std::nullopt;
    return bisect(*low, *high);
}

std::optional<trial_plan> max_rate_search::next() {
    if (finish_ != finish::running) return std::nullopt;
    if (failures_ >= failures_most) {
        finish_ = finish::failed;
        return std::nullopt;
    }
    if (start_rate_ <= 0) {
        if (probes_ >= probes_most) {
            finish_ = finish::failed;
            return std::nullopt;
        }
        ++probes_;
        return plan(trial_kind::probe, 0, options_.trial_s / 2);
    }
    if (pending_) {
        const tried_rate& r = at(*pending_);
        if (r.what == rate_class::open) {
            return plan(trial_kind::search, r.rate, load_for(r.rate));
        }
        pending_.reset();
    }
    if (const std::optional<double> rate = choose()) {
        pending_ = rate;
        std::optional<trial_plan> out = plan(trial_kind::search, *rate, load_for(*rate));
        if (out) at(*rate);
        return out;
    }
    const std::optional<double> high = upper_or_limit();
    const std::optional<double> low = lower();
    if (!high) return validate_or(finish::rate_limit);
    if (!low) return validate_or(finish::none);
    if (upper() != high) return validate_or(finish::generator_limit);
    return validate_or(*high / *low <= 1 + options_.width ? finish::found : finish::undecided);
}

void max_rate_search::report(const trial_report& r) {
    spent_s_ += r.elapsed_s;
    if (r.failed) {
        ++failures_;
        return;
    }
    failures_ = 0;
    overhead_s_ = std::max(overhead_s_, r.elapsed_s - r.load_s);
    if (current_.kind == trial_kind::probe) {
        start_rate_ = std::min(r.rate_per_s * start_share, options_.rate_most);
        return;
    }
    tried_rate& tried = at(current_.rate);
    if (r.generator_limited) {
        // What the generator did says nothing of the target, whatever the figures are.
        ++tried.invalid;
        classify(tried);
        const bool worn_out = tried.invalid >= options_.invalid_most;
        if (tried.what == rate_class::invalid &&
            (!generator_limit_ || tried.rate < *generator_limit_)) {
            generator_limit_ = tried.rate;
        }
        if (current_.kind == trial_kind::validation) {
            if (worn_out) {
                // A lower bound stays one, though nobody could confirm it.
                tried.what = rate_class::lower;
                finish_ = finish::generator_limit;
            } else if (tried.what == rate_class::open) {
                // By the strict verdict of a validation; what was measured before is not enough.
                pending_ = tried.rate;
            }
        }
        return;
    }
    ++tried.trials;
    tried.load_s += r.load_s;
    tried.growing = tried.growing || r.growing;
    for (std::size_t i = 0; i < objectives_.size() && i < r.batches.size(); ++i) {
        tried.batches[i].insert(tried.batches[i].end(), r.batches[i].begin(), r.batches[i].end());
    }
    if (!r.outstanding.empty()) memories_.push_back({current_.rate, persistence(r.outstanding)});
    classify(tried);
    if (current_.kind == trial_kind::validation) {
        // What is quoted is this run: all trials together may not outvote it.
        bool alone = true;
        for (std::size_t i = 0; i < objectives_.size() && i < r.batches.size(); ++i)
            alone = alone && t_of(merged(r.batches[i], batches_most), objectives_[i]) < 0;
        if (tried.what == rate_class::lower && !alone) {
            tried.what = rate_class::undecided;
        } else if (tried.what == rate_class::lower) {
            validated_ = tried.rate;
        } else if (tried.what == rate_class::open) {
            pending_ = tried.rate;
        }
    }
}

bool max_rate_search::is_settled(const trial_report& so_far) const {
    if (current_.kind == trial_kind::probe || so_far.load_s <= 0) return false;
    if (so_far.growing) return true;
    std::vector<std::vector<batch>> all;
    for (const tried_rate& r : rates_) {
        if (r.rate == current_.rate) all = r.batches;
    }
    all.resize(objectives_.size());
    for (std::size_t i = 0; i < objectives_.size() && i < so_far.batches.size(); ++i) {
        double before = 0;
        for (const batch& b : all[i])
            before += b.whole;
        double seen = 0;
        for (const batch& b : so_far.batches[i])
            seen += b.whole;
        if (seen <= 0) continue;
        all[i].insert(all[i].end(), so_far.batches[i].begin(), so_far.batches[i].end());
        // If the rest adds nothing to the part, the ratio falls by as much as the whole grows.
        objective o = objectives_[i];
        const double planned = seen * std::max(1.0, current_.load_s / so_far.load_s);
        o.limit *= (before + planned) / (before + seen);
        if (o.limit > 0 && (!o.share || o.limit < 1) &&
            judge(all[i], o, options_.confidence) == verdict::missed) {
            return true;
        }
    }
    return false;
}

}  // namespace chopsticks::search
