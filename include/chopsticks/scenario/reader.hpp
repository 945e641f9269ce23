#pragma once
/// \file
/// From values of the tree to typed values, each with a message that says what was wanted. All of
/// it throws config_error, with the place; a field and a reader refer to the tree, which outlives
/// them.

#include <chopsticks/core/suggest.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/scenario/document.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chopsticks::scenario {

/// A value together with what it is called in messages, e.g. "data.objects".
class field {
  public:
    field(const value& v, std::string name) : value_(&v), name_(std::move(name)) {}

    const value& raw() const { return *value_; }
    const std::string& name() const { return name_; }
    const place& where() const { return value_->where; }

    /// A text, at least one character.
    std::string text() const;
    bool boolean() const;
    std::uint64_t count(std::uint64_t min = 0,
                        std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) const;
    std::uint32_t count32(std::uint32_t min, std::uint32_t max) const;
    std::uint64_t size(std::uint64_t min = 0) const;
    std::int64_t duration(std::int64_t min_ns = 0) const;
    double number(double min, double max) const;
    /// "0.1%" or 0.001, in [0, 1].
    double share() const;
    /// Position in the list of words.
    std::size_t word(const std::vector<std::string_view>& words) const;
    /// Exactly two items.
    std::pair<field, field> pair(const std::string& example) const;
    std::vector<field> list(const std::string& example) const;

    /// "`name` must be <wanted>, not <found>; <example>"
    [[noreturn]] void wrong(const std::string& wanted, const std::string& example) const;
    /// "`name` <problem>; <mend>"
    [[noreturn]] void refuse(const std::string& problem, const std::string& mend) const;

  private:
    const value* value_;
    std::string name_;
};

/// The keys of a map. Each is asked for by name; finish() then refuses those that nobody asked for.
class map_reader {
  public:
    /// An absent or null map reads as an empty one. \param name for messages; empty for the root
    map_reader(const value* v, std::string name, const std::string& example);
    explicit map_reader(const field& f, const std::string& example = {})
        : map_reader(&f.raw(), f.name(), example) {}

    /// The value of a key, if it is there and not null.
    std::optional<field> find(std::string_view key);
    /// What stands there, null or not; a null pointer where nothing does.
    const value* look(std::string_view key) const;
    /// config_error if it is not there. \param mend e.g. "add `rate: 1000`"
    field require(std::string_view key, const std::string& mend);

    void finish() const;

    const place& where() const { return where_; }
    const std::string& name() const { return name_; }
    /// "name.key"
    std::string path(std::string_view key) const;
    bool empty() const { return map_ == nullptr || map_->entries.empty(); }

  private:
    const value* map_ = nullptr;
    std::string name_;
    place where_;
    std::vector<std::string_view> known_;
};

}  // namespace chopsticks::scenario
