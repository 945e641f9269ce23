#pragma once
/// \file
/// A recorded load as a schedule. A thread reads the file ahead of time, puts operations that stand
/// a little out of place in order, and deals them to bounded queues, one per core; the file is
/// never held in memory. What cannot be replayed is counted, never silently left out.

#include <atomic>
#include <chopsticks/trace/recording.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace chopsticks::trace {

enum class recording_format : std::uint8_t { automatic, chopsticks, rgw, s3_access_log };

/// "auto", "chopsticks", "rgw", "s3_access_log".
std::string_view name(recording_format format) noexcept;

/// What reading a file found; counts since its start, over all rounds.
struct reading_figures {
    static constexpr std::size_t lines_kept = 5;

    std::uint64_t lines = 0;      ///< lines, or records of an operation log
    std::uint64_t malformed = 0;  ///< lines that are no record; damaged blocks of an operation log
    std::vector<std::uint64_t> malformed_lines;  ///< numbers of the first of them, from 1
    bool truncated = false;  ///< an operation log that ends before its end: read to its last block
};

/// How operations are dealt to the cores: what they work on is one core's business.
enum class dealing : std::uint8_t {
    in_turn,    ///< any core can do it
    by_key,     ///< the core that has the object
    by_place,   ///< a place of an image: without one, or without bytes, it cannot be repeated
    by_extent,  ///< an image as a whole: without one it cannot be repeated
};

/// Recorded operations that a replay repeats.
struct replay_kind {
    std::string name;  ///< as the recording calls them: "get", "write"
    dealing dealt = dealing::in_turn;
};

struct replay_options {
    std::string file;
    recording_format format = recording_format::automatic;
    double speed = 1;                ///< gaps are divided by it
    bool loop = false;               ///< begin again at the end
    std::string group;               ///< operation logs: only operations of this group; empty: all
    unsigned cores = 1;              ///< that it is dealt to
    unsigned first_core = 0;         ///< of those that are here; what the others get is left out
    unsigned own_cores = 0;          ///< how many these are; 0: all
    std::uint64_t objects = 0;       ///< (or images) that keys stand for; 0: none
    bool whole_images = false;       ///< all I/O on an image belongs to one core
    std::vector<replay_kind> kinds;  ///< all others are left out, and counted
    std::int64_t sort_window_ns = 10'000'000'000;  ///< of recorded time
};

/// One operation that is due.
struct planned_operation {
    std::int64_t due_ns = 0;  ///< since the start of the load
    /// The object is number key % objects; core c has those with % cores = c. So is the image, but
    /// its bytes are dealt to all cores.
    std::uint64_t key = 0;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint16_t kind = not_replayed;  ///< index into replay_options::kinds
};

/// What came of a replay.
struct replay_figures {
    reading_figures read;
    recording_format format = recording_format::automatic;
    std::uint64_t file_bytes = 0;
    std::uint64_t operations = 0;    ///< handed to the cores that are here
    std::uint64_t unmapped = 0;      ///< of a kind (or group) that the replay does not have
    std::uint64_t refused = 0;       ///< not replayed: the recorded target had refused them (4xx)
    std::uint64_t out_of_order = 0;  ///< too late in the file for the sort window: moved later
    std::uint64_t rounds = 0;        ///< of the file, begun
    std::uint64_t moved = 0;         ///< did not fit into the images as recorded
    std::uint64_t late = 0;          ///< handed over when they were already due
    std::int64_t lateness_max_ns = 0;
    std::int64_t length_ns =
        0;                  ///< from the first to the last operation of the first round, at speed
    std::string problem;    ///< not empty: why the file could not be read further
    bool complete = false;  ///< the file was read to its end
};

/// One core's queue. The reader writes, the core reads; neither ever waits for a lock.
class alignas(64) replay_lane {
  public:
    static constexpr std::size_t capacity = 8192;

    replay_lane() : ring_(std::make_unique<planned_operation[]>(capacity)) {}

    /// On the core: the next operation, or null if there is none (yet). \param now_ns since the
    /// start of the load
    const planned_operation* front(std::int64_t now_ns) noexcept {
        if (head_ == seen_tail_) {
            seen_tail_ = tail_.load(std::memory_order_acquire);
            if (head_ == seen_tail_) {
                starving_ = true;
                return nullptr;
            }
        }
        const planned_operation& next = ring_[head_ % capacity];
        if (starving_) note_delivery(next.due_ns, now_ns);
        return &next;
    }
    /// On the core, after front() gave one.
    void pop() noexcept { popped_.store(++head_, std::memory_order_release); }

    /// On the core: an I/O went to another place than recorded, or is shorter.
    void note_moved() noexcept { ++moved_; }

    /// On the core: nothing is left and nothing will come.
    bool ended() const noexcept {
        return done_.load(std::memory_order_acquire) &&
               tail_.load(std::memory_order_acquire) == head_;
    }

  private:
    friend class replay_feed;
    void note_delivery(std::int64_t due_ns, std::int64_t now_ns) noexcept;

    // The reader's.
    bool full() const noexcept {
        return tail_.load(std::memory_order_relaxed) - popped_.load(std::memory_order_acquire) ==
               capacity;
    }
    void push(const planned_operation& op) noexcept {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        ring_[tail % capacity] = op;
        tail_.store(tail + 1, std::memory_order_release);
    }

    std::unique_ptr<planned_operation[]> ring_;
    alignas(64) std::atomic<std::uint64_t> tail_{0};
    std::atomic<bool> done_{false};
    alignas(64) std::atomic<std::uint64_t> popped_{0};
    std::uint64_t head_ = 0;
    std::uint64_t seen_tail_ = 0;
    bool starving_ = false;
    std::uint64_t late_ = 0;
    std::int64_t lateness_max_ns_ = 0;
    std::uint64_t moved_ = 0;
};

/// A recording that is replayed. Made, started and stopped by the main thread.
class replay_feed {
  public:
    /// Opens the file and finds out its format: config_error.
    explicit replay_feed(const replay_options& options);
    ~replay_feed();
    replay_feed(const replay_feed&) = delete;
    replay_feed& operator=(const replay_feed&) = delete;

    const replay_options& options() const noexcept { return options_; }

    /// Starts reading ahead.
    void start();
    /// The queues are as full as they get before the load begins.
    bool primed() const noexcept { return primed_.load(std::memory_order_acquire); }
    /// When the last operation is due, since the start of the load; -1 while that is not known.
    std::int64_t end_ns() const noexcept { return end_ns_.load(std::memory_order_acquire); }
    /// \param core one of those that are here, by its number among all
    replay_lane& lane(unsigned core) noexcept { return lanes_[core - options_.first_core]; }

    /// Ends reading. Afterwards, when the cores have ended too, figures() may be read.
    void stop();
    replay_figures figures() const;

  private:
    class reader;
    void work();
    unsigned lanes() const noexcept {
        return options_.own_cores > 0 ? options_.own_cores : options_.cores;
    }

    replay_options options_;
    std::unique_ptr<replay_lane[]> lanes_;
    std::unique_ptr<reader> reader_;
    std::atomic<bool> primed_{false};
    std::atomic<bool> stop_{false};
    std::atomic<std::int64_t> end_ns_{-1};
    std::thread thread_;
};

/// A look at a recording before the run: all of a small file, both ends of a large one.
struct recording_survey {
    recording_format format = recording_format::automatic;
    std::uint64_t file_bytes = 0;
    bool whole = true;             ///< all of it was read; otherwise counts are those of both ends
    std::uint64_t operations = 0;  ///< that a replay would issue; estimated unless `whole`
    double length_s = 0;           ///< of the replay, at its speed
    std::vector<std::uint64_t> by_kind;  ///< read, by replay_options::kinds; without refused ones
    std::uint64_t unmapped = 0;
    std::uint64_t refused = 0;
    reading_figures read;
};

/// config_error if the file cannot be read, or has nothing to replay.
recording_survey survey(const replay_options& options);

}  // namespace chopsticks::trace
