#include "operation_use.hpp"

#include <chopsticks/core/assert.hpp>
#include <chopsticks/scenario/catalogue.hpp>

namespace chopsticks::engine {

namespace catalogue = scenario::catalogue;

object_use use_of(std::string_view workload, const scenario::step& s) {
    if (workload == "rbd") {
        return s.code == catalogue::rbd_flush ? object_use::device : object_use::block;
    }
    CHOPSTICKS_ASSERT(workload == "s3");
    switch (s.code) {
        case catalogue::s3_put:
            return s.overwrite ? object_use::rewrite : object_use::make;
        case catalogue::s3_get:
        case catalogue::s3_head:
            return object_use::read;
        case catalogue::s3_delete:
            return object_use::remove;
        case catalogue::s3_create_bucket:
            return object_use::make_container;
        case catalogue::s3_delete_bucket:
            return object_use::remove_container;
        default:
            return object_use::none;
    }
}

std::uint16_t put_code(std::string_view workload) {
    return workload == "rbd" ? static_cast<std::uint16_t>(catalogue::rbd_write)
                             : static_cast<std::uint16_t>(catalogue::s3_put);
}
std::uint16_t delete_code(std::string_view) {
    return catalogue::s3_delete;
}
std::uint16_t delete_container_code(std::string_view) {
    return catalogue::s3_delete_bucket;
}

}  // namespace chopsticks::engine
