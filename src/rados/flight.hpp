#pragma once
/// \file
/// One asynchronous operation on an object, with all that must stay alive until librados has ended
/// it.

#include <rados/librados.h>

#include <chopsticks/ceph/channel.hpp>
#include <chopsticks/engine/driver.hpp>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace chopsticks::rados {

struct world;
struct flight;
using channel = ceph::channel_of<flight>;

/// A write or read operation of several parts; released with its owner. Move-only.
template <typename Handle, void (*release)(Handle)>
class compound {
  public:
    compound() = default;
    ~compound() { reset(); }
    compound(const compound&) = delete;
    compound& operator=(const compound&) = delete;

    Handle get() const noexcept { return handle_; }
    void reset(Handle to = nullptr) noexcept {
        if (handle_ != nullptr) release(handle_);
        handle_ = to;
    }
    /// For functions that fill a handle in; an earlier one must have been released.
    Handle* fill() noexcept { return &handle_; }

  private:
    Handle handle_ = nullptr;
};

using write_steps = compound<rados_write_op_t, rados_release_write_op>;
using read_steps = compound<rados_read_op_t, rados_release_read_op>;
using map_values = compound<rados_omap_iter_t, rados_omap_get_end>;
using attribute_values = compound<rados_xattrs_iter_t, rados_getxattrs_end>;

struct flight final : ceph::flight {
    void settle() override;
    /// Ends what was built for one operation; buffers stay.
    void clear() noexcept {
        writes.reset();
        reads.reset();
        values.reset();
        attributes.reset();
    }

    std::string name;          ///< of the object
    std::uint64_t object = 0;  ///< its number
    std::uint64_t offset = 0;  ///< of the bytes in `data`
    std::uint64_t length = 0;
    ceph::io_buffer data;  ///< what is written, read or compared
    write_steps writes;
    read_steps reads;
    map_values values;
    attribute_values attributes;
    std::uint64_t size = 0;      ///< stat: of the object
    std::time_t modified = 0;    ///< stat
    std::size_t bytes_read = 0;  ///< of a compound read
    int part_result = 0;         ///< of parts whose own result nobody asks for
    // Keys and values of a map, and the arrays that librados takes them in.
    std::vector<std::string> keys;
    std::vector<char> value_bytes;
    std::vector<const char*> key_pointers;
    std::vector<const char*> value_pointers;
    std::vector<std::size_t> key_lengths;
    std::vector<std::size_t> value_lengths;
    unsigned char more = 0;  ///< omap_list: there are further keys
};

}  // namespace chopsticks::rados
