#pragma once
/// \file
/// One asynchronous operation on an object, with all that must stay alive until librados has ended
/// it.

#include <chopsticks/ceph/channel.hpp>
#include <chopsticks/engine/driver.hpp>
#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <rados/librados.hpp>
#include <string>

#include "sent_bytes.hpp"

namespace chopsticks::rados {

struct world;
struct flight;
using channel = ceph::channel_of<flight>;
/// Keys of an object's map, or names of its attributes, with what they hold.
using named_values = std::map<std::string, librados::bufferlist>;

struct flight final : ceph::flight {
    void settle() override;
    /// Ends what was built for one operation; the memory of what is sent stays.
    void clear() noexcept {
        writes.reset();
        reads.reset();
        data.clear();
        values.clear();
        attributes.clear();
    }

    std::string name;          ///< of the object
    std::uint64_t object = 0;  ///< its number
    std::uint64_t offset = 0;  ///< of the bytes in `data`
    std::uint64_t length = 0;
    sent_bytes memory;          ///< of what is written or compared
    librados::bufferlist data;  ///< what is written, read or compared
    std::optional<librados::ObjectWriteOperation> writes;
    std::optional<librados::ObjectReadOperation> reads;
    named_values values;
    named_values attributes;
    std::uint64_t value_bytes = 0;                  ///< of the values that are set
    std::uint64_t size = 0;                         ///< stat: of the object
    std::time_t modified = 0;                       ///< stat
    int part_result = 0;                            ///< of parts whose own result nobody asks for
    bool more = false;                              ///< omap_list: there are further keys
    librados::AioCompletion* completion = nullptr;  ///< while it is with librados
};

}  // namespace chopsticks::rados
