#pragma once
/// \file
/// Keeps the ledgers of a run's images while the run writes: takes acknowledgements from the cores
/// and puts them into the cluster, a second late at most. A thread of its own, so that no core
/// waits for the cluster.

#include <array>
#include <atomic>
#include <chopsticks/load/ledger.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ack_ring.hpp"
#include "ledger_log.hpp"

namespace chopsticks::rbd {

class block_table;

class ledger_keeper : public std::enable_shared_from_this<ledger_keeper> {
  public:
    explicit ledger_keeper(unsigned cores);

    /// Where a core pushes. Its place never changes.
    ack_ring& ring(unsigned core) noexcept { return *rings_[core]; }

    /// Begins the ledger of an image that this run may write: what is known so far, and this run.
    /// `number` is its place in the run's list; `table` outlives the keeper. Empty, or what failed.
    /// Blocks; before start().
    std::string begin(std::uint32_t number, rados_ioctx_t pool, rbd_image_t image,
                      load::ledger_book known, const load::ledger_run& run,
                      const block_table& table);
    bool keeps_any() const noexcept { return !ledgers_.empty(); }

    /// Starts the thread. What it uses must stay until it has ended.
    void start();
    /// Tells the thread to end, and waits for that. False: it has not within `seconds`.
    bool stop(int seconds);
    /// Writes all that is known now, by the tables too, as ledgers of a run that ended well. After
    /// stop(), when nothing writes any more. Empty, or what failed. Blocks.
    std::string finish();

  private:
    struct one_ledger {
        std::uint32_t number = 0;
        std::uint32_t run = 0;
        ledger_log log;
        load::ledger_book book;
        load::ledger_writer pending;
        const block_table* table = nullptr;
    };
    void work();
    void drain();
    void write_pending();

    std::vector<std::unique_ptr<ack_ring>> rings_;
    std::vector<one_ledger> ledgers_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stop_ = false;
    bool running_ = false;
};

}  // namespace chopsticks::rbd
