#pragma once
// A librados that lies when it is told to: the functions of the library that the driver calls, on
// objects in memory. A program that links it has them in the library's place.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace chopsticks::test {

enum class lie : std::uint8_t {
    none,
    short_read,     ///< half of what was asked for
    no_effect,      ///< writes are acknowledged, and not done
    stale,          ///< reads give what an object held before it was last written
    flipped_bit,    ///< one bit of what is read
    no_answer,      ///< operations do not end until `answer_all`
    try_again,      ///< EAGAIN
    wrong_compare,  ///< cmpext finds no difference
    sends_again,    ///< what was written is on its way once more after it was answered
};

struct stored_object {
    std::vector<char> data;
    std::vector<char> before;  ///< what it held before it was last written
    std::map<std::string, std::string> attributes;
    std::map<std::string, std::string> map;
};

/// Told to the library from now on.
void tell_lie(lie which);
/// Ends the operations that had no answer, and returns when they have.
void answer_all();

/// How many lists of bytes are on their way once more.
std::size_t sent_once_more();
/// They have gone. Ends the program, as any answer does, if the driver has changed
/// what was.
void end_sent_again();

/// As `ceph osd pool create` would; `append_bytes`: of an erasure-coded pool without overwrites.
void make_pool(const std::string& name, std::uint64_t append_bytes = 0);
/// "pool/namespace/object" -> object. A copy.
std::map<std::string, stored_object> stored();
/// Changes an object behind everybody's back.
void store(const std::string& path, stored_object object);
void lose(const std::string& path);
/// Forgets all pools, objects and lies.
void begin_anew();
/// What rados_connect returns from now on.
void refuse_connections(int error);
std::uint64_t connections();

}  // namespace chopsticks::test
