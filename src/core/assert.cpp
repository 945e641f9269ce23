#include <chopsticks/core/assert.hpp>
#include <cstdio>
#include <cstdlib>

namespace chopsticks {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr,
                 "chopsticks: a bug: assertion `%s` failed at %s:%d; please report it with the "
                 "command line\n",
                 condition, file, line);
    std::abort();
}

}  // namespace chopsticks
