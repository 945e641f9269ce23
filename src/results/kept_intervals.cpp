#include <chopsticks/results/kept_intervals.hpp>
#include <iterator>

#include "bounded_json.hpp"
#include "joined_interval.hpp"

namespace chopsticks::results {

namespace {

/// In messages about lines of our own, which cannot be wrong.
const std::string own = "the intervals of this run";

}  // namespace

kept_intervals::kept_intervals(const stats::layout& names, double interval_s, std::size_t most,
                               std::size_t bytes_most)
    : names_(names), interval_s_(interval_s), most_(most), bytes_most_(bytes_most) {}

kept_intervals::~kept_intervals() = default;

kept_intervals::span kept_intervals::span_of(const std::string& phase, double t_s) const noexcept {
    return {phase, span_number(t_s, interval_s_ * joined_)};
}

interval_figures kept_intervals::read(const std::string& line) const {
    return read_interval(parse_bounded(line, own), place{}, own);
}

void kept_intervals::add(const interval& one, std::string line) {
    join_halves(2);
    if (joined_ == 1) {
        keep(std::move(line));
    } else {
        const span where = span_of(one.phase, one.t_s);
        if (open_ != nullptr && !(where == open_span_)) close();
        if (open_ == nullptr) begin(where);
        open_->add(one);
    }
    const bool full = lines_.size() >= most_ || (bytes_ > bytes_most_ && lines_.size() > 1);
    if (halves_.empty() && full) widen();
}

void kept_intervals::keep(std::string line) {
    bytes_ += line.size();
    (halves_.empty() ? lines_ : later_).push_back(std::move(line));
}

void kept_intervals::begin(const span& where) {
    open_ = std::make_unique<joined_interval>(names_);
    open_span_ = where;
    if (!begins_wide_) return;
    begins_wide_ = false;
    // The last one of half the length may be the first part of this one.
    if (next_half_ >= halves_.size()) return;
    const interval_figures last = read(halves_.back());
    if (!(span_of(last.phase, last.t_s) == where)) return;
    open_->add(last, own);
    halves_.pop_back();
}

void kept_intervals::close() {
    if (open_ == nullptr) return;
    keep(dump(open_->as_json()));
    open_.reset();
}

void kept_intervals::widen() {
    halves_ = std::move(lines_);
    lines_.clear();
    bytes_ = 0;
    next_half_ = 0;
    joined_ *= 2;
    begins_wide_ = true;
    if (open_ == nullptr) return;
    const interval_figures begun = read(dump(open_->as_json()));
    begin(span_of(begun.phase, begun.t_s));
    open_->add(begun, own);
}

void kept_intervals::join_halves(std::size_t pairs) {
    if (halves_.empty()) return;
    const auto join = [this](std::string line) {
        bytes_ += line.size();
        lines_.push_back(std::move(line));
    };
    for (; pairs > 0 && next_half_ < halves_.size(); --pairs) {
        std::string line = std::move(halves_[next_half_++]);
        if (next_half_ == halves_.size()) {
            join(std::move(line));
            break;
        }
        const interval_figures first = read(line);
        const interval_figures second = read(halves_[next_half_]);
        if (!(span_of(first.phase, first.t_s) == span_of(second.phase, second.t_s))) {
            join(std::move(line));
            continue;
        }
        joined_interval both(names_);
        both.add(first, own);
        both.add(second, own);
        join(dump(both.as_json()));
        std::string().swap(halves_[next_half_++]);
    }
    if (next_half_ < halves_.size()) return;
    halves_ = {};
    lines_.insert(lines_.end(), std::make_move_iterator(later_.begin()),
                  std::make_move_iterator(later_.end()));
    later_ = {};
}

std::vector<std::string> kept_intervals::take() {
    close();
    join_halves(halves_.size());
    return std::exchange(lines_, {});
}

}  // namespace chopsticks::results
