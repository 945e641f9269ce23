#pragma once
/// \file
/// The operation log: one record per operation of a run, in a compact file whose format
/// docs/reference/operation-log.md describes. Cores fill blocks and hand them over; a thread of the
/// log's own encodes and writes them. A core never waits for it: when the disk is so far behind
/// that no block is free, records are dropped and counted.

#include <atomic>
#include <chopsticks/core/error.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace chopsticks::trace {

/// One operation. In the writer times are monotonic_ns; read back they are since the log's start.
struct op_record {
    std::int64_t intended_ns = 0;
    std::int64_t sent_ns = 0;  ///< 0: nothing was sent
    std::int64_t done_ns = 0;
    std::uint64_t object = 0;  ///< index of the object, if `has_object`
    std::uint64_t size = 0;    ///< bytes of the whole object
    std::uint64_t offset = 0;  ///< of a part
    std::uint64_t length = 0;  ///< of a part; 0 = the whole object
    native_code native;        ///< of failures only; values up to 65535
    std::uint16_t op = 0;      ///< index into op_log_header::operations
    std::uint16_t endpoint = 0;
    std::uint16_t core = 0;
    op_status status = op_status::ok;
    bool has_object = false;
};

/// What the log says of itself.
struct op_log_header {
    std::string scenario;
    std::string run_id;
    std::int64_t started_wall_ns = 0;  ///< when time 0 of the log was, since the Unix epoch
    std::uint64_t seed = 0;
    unsigned cores = 1;
    std::vector<std::string> operations;  ///< "<group>/<op>"
    std::vector<std::string> endpoints;
};

/// What came of a log.
struct op_log_figures {
    std::uint64_t records = 0;  ///< written
    std::uint64_t dropped = 0;  ///< lost because the disk was too slow, or full
    std::uint64_t bytes = 0;    ///< of the file
    std::string problem;        ///< not empty: why writing ended early
};

/// Records per block; a block is handed over when it is full, and at every interval's end.
inline constexpr std::size_t op_log_block_records = 1024;

struct op_log_block {
    unsigned core = 0;
    std::size_t count = 0;
    op_record records[op_log_block_records];
};

class op_log_writer;

/// One core's end of the log. Belongs to that core.
class op_log_lane {
  public:
    /// Takes a record. No allocation; once per block a lock that nobody holds for long.
    void add(const op_record& record) noexcept {
        if (block_ == nullptr && !take_block()) {
            ++dropped_;
            return;
        }
        op_record& to = block_->records[block_->count];
        to = record;
        to.core = static_cast<std::uint16_t>(core_);
        if (++block_->count == op_log_block_records) hand_over();
    }

    /// Hands over what there is, also if the block is not full.
    void hand_over() noexcept;

  private:
    friend class op_log_writer;
    bool take_block() noexcept;

    op_log_writer* owner_ = nullptr;
    unsigned core_ = 0;
    std::unique_ptr<op_log_block> block_;
    std::uint64_t dropped_ = 0;
};

/// The log of a run. Made and finished by the main thread; the lanes belong to the cores between.
class op_log_writer {
  public:
    /// Makes the file, which must not exist: config_error with the way to mend it.
    /// \param memory_bytes of blocks, per core: what the disk may be behind
    op_log_writer(const std::string& path, unsigned cores,
                  std::size_t memory_bytes = std::size_t{16} << 20);
    ~op_log_writer();
    op_log_writer(const op_log_writer&) = delete;
    op_log_writer& operator=(const op_log_writer&) = delete;

    /// Before the first record: writes the header and starts the thread.
    /// \param start_ns time 0 of the log, monotonic_ns
    void begin(const op_log_header& header, std::int64_t start_ns);

    op_log_lane& lane(unsigned core) noexcept { return lanes_[core]; }

    /// After the cores' last hand-over: writes what is left, then the end with its counts.
    op_log_figures finish();

    const std::string& path() const noexcept { return path_; }

  private:
    friend class op_log_lane;
    std::unique_ptr<op_log_block> take_empty() noexcept;
    void give(std::unique_ptr<op_log_block> block) noexcept;
    void work();
    void write(std::string_view bytes);

    std::string path_;
    int fd_ = -1;
    std::vector<op_log_lane> lanes_;
    std::int64_t start_ns_ = 0;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::unique_ptr<op_log_block>> inbox_;  ///< a ring: nothing is allocated to give
    std::size_t inbox_head_ = 0;
    std::size_t inbox_count_ = 0;
    std::vector<std::unique_ptr<op_log_block>> empty_;
    bool finishing_ = false;

    op_log_figures figures_;  ///< of the thread until it was joined
    bool begun_ = false;
    bool finished_ = false;
    std::thread thread_;
};

/// A block as bytes of the file; for tests and the writer. Times of the records minus `start_ns`.
void encode_block(const op_log_block& block, std::int64_t start_ns, std::string& out);
std::string encode_header(const op_log_header& header);
std::string encode_end(const op_log_figures& figures);

/// Reads a log as it comes, in pieces of any size. Damage costs the block it is in; a log that ends
/// in the middle is read up to its last whole block. Memory: one block.
class op_log_decoder {
  public:
    enum class step : std::uint8_t {
        record,  ///< `next` filled the record
        more,    ///< needs more bytes
        end,     ///< the log's end was read
        foreign  ///< this is no operation log, or one of a later version: see problem()
    };

    void push(std::string_view bytes);
    step next(op_record& out);

    /// Known once `next` has returned anything but `more` or `foreign`.
    const op_log_header& header() const noexcept { return header_; }
    bool has_header() const noexcept { return have_header_; }
    /// What the end of the log says; valid after step::end.
    const op_log_figures& end() const noexcept { return end_; }
    std::uint64_t damaged_blocks() const noexcept { return damaged_; }
    const std::string& problem() const noexcept { return problem_; }

  private:
    step read_header();
    bool read_block(bool& starved);
    bool decode_records(std::string_view payload, std::uint32_t count, std::uint16_t core,
                        std::int64_t base_ns);

    std::string buffer_;
    std::size_t at_ = 0;
    op_log_header header_;
    bool have_header_ = false;
    bool ended_ = false;
    std::string problem_;
    op_log_figures end_;
    std::uint64_t damaged_ = 0;
    bool damage_counted_ = false;      ///< of the place that is being left behind
    std::vector<op_status> statuses_;  ///< by their number in the file
    std::vector<op_record> records_;   ///< of the current block
    std::size_t record_at_ = 0;
};

}  // namespace chopsticks::trace
