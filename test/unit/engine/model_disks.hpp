#pragma once
// Images in memory behind the driver contract that note which core touched which bytes: what the
// engine's choice of blocks is held against.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/engine/run.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

struct disk_access {
    std::uint16_t code = 0;
    unsigned core = 0;  ///< among those of its process
    std::uint64_t image = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint32_t version = 0;
    std::uint32_t pieces = 0;
};

struct model_disks {
    std::vector<std::uint64_t> images;
    bool data_ready = false;
    std::vector<std::string> notes;
    /// Called before each access; true: it fails with this.
    std::function<bool(const chopsticks::engine::operation&, chopsticks::engine::outcome&)> fail;
    std::mutex mutex;
    std::vector<disk_access> before_load;  ///< until seal_data, or the first read
    std::vector<disk_access> accesses;
    bool sealed = false;
    std::uint64_t out_of_bounds = 0;
};

class disk_driver final : public chopsticks::engine::driver {
  public:
    explicit disk_driver(model_disks& disks) : disks_(disks) {}
    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    bool shares_target() const noexcept override { return true; }
    std::unique_ptr<chopsticks::engine::core_driver> make_core(chopsticks::runtime::reactor& loop,
                                                               unsigned core) override;

  private:
    model_disks& disks_;
    std::vector<std::string> endpoints_{"disks"};
};
