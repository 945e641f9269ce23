// What drivers read of a step.

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <utility>

namespace chopsticks::scenario {

namespace {

template <typename Values>
auto& value_of(Values& values, std::string_view parameter) {
    const auto found = std::find_if(values.begin(), values.end(),
                                    [&](const driver_parameter& p) { return p.name == parameter; });
    CHOPSTICKS_ASSERT(found != values.end());
    return found->value;
}

template <typename Value>
const Value& value_as(const step& s, std::string_view parameter) {
    const auto* const value = std::get_if<Value>(&value_of(s.values, parameter));
    CHOPSTICKS_ASSERT(value != nullptr);
    return *value;
}

}  // namespace

bool step::flag(std::string_view parameter) const {
    return value_as<bool>(*this, parameter);
}

std::uint64_t step::number(std::string_view parameter) const {
    return value_as<std::uint64_t>(*this, parameter);
}

const std::string& step::word(std::string_view parameter) const {
    return value_as<std::string>(*this, parameter);
}

void step::set(std::string_view parameter, driver_value value) {
    driver_value& to = value_of(values, parameter);
    CHOPSTICKS_ASSERT(to.index() == value.index());
    to = std::move(value);
}

}  // namespace chopsticks::scenario
