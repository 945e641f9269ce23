#pragma once

#include <chopsticks/load/popularity.hpp>

namespace chopsticks::test {

inline load::popularity zipf(double s) {
    load::popularity p;
    p.kind = load::popularity_kind::zipf;
    p.zipf_exponent = s;
    return p;
}

}  // namespace chopsticks::test
