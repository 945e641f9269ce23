#include "work_source.hpp"

#include <chopsticks/core/assert.hpp>

#include "extents_source.hpp"
#include "objects_source.hpp"

namespace chopsticks::engine {

std::unique_ptr<work_source> make_work_source(const source_options& options) {
    switch (options.plan->shape) {
        case scenario::subject_shape::objects:
            return std::make_unique<objects_source>(options);
        case scenario::subject_shape::extents:
            return std::make_unique<extents_source>(options);
    }
    CHOPSTICKS_ASSERT(!"a shape that the parser knows");
    return nullptr;
}

std::string source_problem(const scenario::group& g, const target_state& found, unsigned cores) {
    if (g.shape != scenario::subject_shape::extents) return {};
    return extents_problem(g, found.extents, cores);
}

}  // namespace chopsticks::engine
