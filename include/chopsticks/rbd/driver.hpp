#pragma once
/// \file
/// The RBD drivers: `librbd` does asynchronous block I/O on images of a Ceph cluster, `dummy`
/// answers at once. An operation's `object` is the number of the image, its `offset` and `length`
/// are bytes within it; the engine keeps the ranges that two cores work on apart.

#include <chopsticks/engine/driver_request.hpp>
#include <chopsticks/rbd/workload/settings.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::rbd {

/// What a driver of one group needs. Referred-to objects outlive the driver.
struct driver_options {
    const settings* config = nullptr;
    const scenario::group* group = nullptr;
    scenario::timeouts timeout;
    std::string run_id;           ///< marks images that this run made
    std::uint64_t data_seed = 0;  ///< of contents
    unsigned cores = 1;           ///< of the run's world
    bool prepares = true;         ///< the run fills the images before its load
    bool cleans = true;           ///< the run removes what it made at its end
};

/// True if this program was built with librbd.
bool librbd_built_in() noexcept;

/// Whether an operation counts its length as bytes: read, write, compare_and_write. The others send
/// a length (or a pattern) and no body, so that bytes per second stay what a network carries.
bool carries_data(std::uint16_t code) noexcept;

/// One line about the library ("librbd 1.16.0"), for results and `list`; empty without it.
std::string librbd_version();

/// The driver `librbd`. Throws config_error: without the library in one line what to install, or
/// where options contradict each other. Nothing is connected before open_target.
std::unique_ptr<engine::driver> make_librbd_driver(const driver_options& options);

/// The driver `dummy`: images of the configured number and size that exist nowhere; every operation
/// succeeds at once after one turn of the loop.
std::unique_ptr<engine::driver> make_dummy_driver(const driver_options& options);

/// Any of them, by its name. As those above.
std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted);

/// What `list` says behind a driver's description: the library's version, or that it is not there.
std::string driver_note(std::string_view driver);

}  // namespace chopsticks::rbd
