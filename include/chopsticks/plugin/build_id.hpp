#pragma once
/// \file
/// What has to be the same in a program and in its plug-ins. Objects of the contract cross the
/// border as they are in memory, so it is the version of the contract, and whatever else two C++
/// objects must agree in: the compiler's ABI, its library, the layouts of what is handed over.

#include <array>
#include <boost/version.hpp>
#include <chopsticks/engine/cleanup.hpp>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/engine/driver_request.hpp>
#include <chopsticks/plugin/version.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/scenario/target.hpp>
#include <chopsticks/scenario/workload.hpp>
#include <cstdint>
#include <string_view>

namespace chopsticks::plugin {

/// Raised by whoever changes what a plug-in sees: a virtual function, a member, a meaning.
inline constexpr std::uint32_t contract_version = 2;

/// "chopstik", read as a number.
inline constexpr std::uint64_t declaration_magic = 0x63686f707374696bULL;

struct build_fact {
    char what[40];  ///< for people
    std::uint64_t value;
};

/// Size and alignment as one number.
template <typename T>
constexpr std::uint64_t layout() {
    return sizeof(T) * 1000 + alignof(T);
}

inline constexpr std::size_t build_fact_count = 20;

/// Plain bytes: of another build's no more is read than they hold.
struct build_id {
    std::uint32_t contract = contract_version;
    std::uint32_t fact_count = build_fact_count;
    char chopsticks[24] = CHOPSTICKS_VERSION;
    std::array<build_fact, build_fact_count> facts{{
        {"ABI of the compiler", __GXX_ABI_VERSION},
#ifdef _GLIBCXX_RELEASE
        {"version of libstdc++", _GLIBCXX_RELEASE},
        {"ABI of its strings", _GLIBCXX_USE_CXX11_ABI},
#else
        {"version of libstdc++", 0},
        {"ABI of its strings", 0},
#endif
        {"version of Boost", BOOST_VERSION},
        {"C++ standard", __cplusplus},
        {"size of a pointer", sizeof(void*)},
        {"layout of engine::operation", layout<engine::operation>()},
        {"layout of engine::outcome", layout<engine::outcome>()},
        {"layout of engine::target_state", layout<engine::target_state>()},
        {"layout of engine::driver_counters", layout<engine::driver_counters>()},
        {"layout of engine::wrong_data", layout<engine::wrong_data>()},
        {"layout of engine::driver_request", layout<engine::driver_request>()},
        {"layout of engine::cleanup_request", layout<engine::cleanup_request>()},
        {"layout of scenario::group", layout<scenario::group>()},
        {"layout of scenario::step", layout<scenario::step>()},
        {"layout of scenario settings", layout<scenario::workload_settings>()},
        {"layout of scenario::target_rule", layout<scenario::target_rule>()},
        {"layout of a workload's description", layout<scenario::catalogue::workload>()},
        {"layout of an operation's row", layout<scenario::catalogue::operation>()},
        {"layout of runtime::reactor", layout<runtime::reactor>()},
    }};
};

}  // namespace chopsticks::plugin
