#include <pthread.h>

#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/trace/replay.hpp>
#include <chrono>
#include <cmath>

#include "reader.hpp"
#include "sort_window.hpp"

namespace chopsticks::trace {

namespace {

/// Operations kept back to be sorted, and of one second: 16 MiB each at most.
constexpr std::size_t sorted_most = 200'000;
/// How often the reader looks whether a full queue has room: a queue of 8192 is far ahead then.
constexpr auto full_pause = std::chrono::milliseconds(1);
/// Of an image: so much, at a multiple of it, is one core's. As much as an image's object usually
/// has.
constexpr std::uint64_t place_bytes = 4ULL << 20;

}  // namespace

void replay_lane::note_delivery(std::int64_t due_ns, std::int64_t now_ns) noexcept {
    starving_ = false;
    if (due_ns >= now_ns) return;
    ++late_;
    lateness_max_ns_ = std::max(lateness_max_ns_, now_ns - due_ns);
}

/// What the reading thread works with.
class replay_feed::reader {
  public:
    explicit reader(replay_feed& feed) : feed_(feed), options_(feed.options_), file_(options_) {
        figures.format = file_.format();
        figures.file_bytes = file_.file_bytes();
    }

    /// Reads the file once. False: told to stop.
    bool run_round();
    void publish_read() {
        figures.read = file_.figures();
        figures.problem = file_.problem();
    }
    bool failed() const { return !file_.problem().empty(); }
    /// When the last operation of any core is due.
    std::int64_t last_due_ns() const noexcept { return last_due_ns_; }

    replay_figures figures;

  private:
    void deal(const recorded_operation& op);
    unsigned core_of(const recorded_operation& op) noexcept;
    void hand_over(const planned_operation& op, unsigned core);

    replay_feed& feed_;
    const replay_options& options_;
    recording_reader file_;
    std::int64_t base_ns_ = 0;         ///< recorded time of the round's first operation
    std::int64_t round_start_ns_ = 0;  ///< when the round begins in the load
    std::int64_t last_due_ns_ = 0;
    std::uint64_t round_operations_ = 0;
    unsigned next_core_ = 0;
};

void replay_feed::reader::hand_over(const planned_operation& op, unsigned core) {
    // Of another process of the run, which reads the same recording.
    if (core < options_.first_core || core - options_.first_core >= feed_.lanes()) return;
    replay_lane& lane = feed_.lane(core);
    while (lane.full()) {
        feed_.primed_.store(true, std::memory_order_release);
        if (feed_.stop_.load(std::memory_order_relaxed)) return;
        std::this_thread::sleep_for(full_pause);
    }
    lane.push(op);
    ++figures.operations;
}

void replay_feed::reader::deal(const recorded_operation& op) {
    if (feed_.stop_.load(std::memory_order_relaxed)) return;
    if (round_operations_++ == 0) base_ns_ = op.time_ns;
    planned_operation out;
    out.due_ns =
        round_start_ns_ + std::llround(static_cast<double>(op.time_ns - base_ns_) / options_.speed);
    if (out.due_ns < last_due_ns_) {
        ++figures.out_of_order;
        out.due_ns = last_due_ns_;
    }
    last_due_ns_ = out.due_ns;
    out.key = op.key;
    out.size = op.size;
    out.offset = op.offset;
    out.length = op.length;
    out.kind = op.kind;
    hand_over(out, core_of(op));
}

unsigned replay_feed::reader::core_of(const recorded_operation& op) noexcept {
    const dealing dealt = options_.kinds[op.kind].dealt;
    if (dealt == dealing::in_turn) return next_core_++ % options_.cores;
    // A key is one core's business: cores share no objects. Images they do share.
    std::uint64_t number = options_.objects > 0 ? op.key % options_.objects : op.key;
    if (dealt != dealing::by_key && !options_.whole_images) number += op.offset / place_bytes;
    return static_cast<unsigned>(number % options_.cores);
}

bool replay_feed::reader::run_round() {
    ++figures.rounds;
    round_operations_ = 0;
    const auto give = [this](const recorded_operation& op) { deal(op); };
    second_spreader seconds(sorted_most, give);
    sort_window sorted(options_.sort_window_ns, sorted_most);
    const bool coarse = file_.format() == recording_format::s3_access_log;
    const auto settled = [&](bool flush) {
        recorded_operation op;
        while (sorted.pop(op, flush)) {
            if (coarse) {
                seconds.push(op);
            } else {
                deal(op);
            }
        }
    };
    recorded_operation op;
    while (file_.next(op)) {
        if (feed_.stop_.load(std::memory_order_relaxed)) return false;
        if (op.kind == not_replayed) {
            ++figures.unmapped;
            continue;
        }
        if (op.refused) {
            ++figures.refused;
            continue;
        }
        sorted.push(op);
        settled(false);
    }
    settled(true);
    seconds.flush();
    if (feed_.stop_.load(std::memory_order_relaxed)) return false;
    const std::int64_t span_ns = last_due_ns_ - round_start_ns_;
    if (figures.rounds == 1) figures.length_ns = span_ns;
    if (failed() || round_operations_ == 0) return false;
    // The next round begins one mean gap later; never at the same instant, or a recording of one
    // instant would be an endless one.
    const auto gaps = static_cast<std::int64_t>(std::max<std::uint64_t>(1, round_operations_ - 1));
    round_start_ns_ = last_due_ns_ + std::max<std::int64_t>(1000, span_ns / gaps);
    if (options_.loop) file_.go_to(0);
    return options_.loop;
}

replay_feed::replay_feed(const replay_options& options)
    : options_(options),
      lanes_(std::make_unique<replay_lane[]>(lanes())),
      reader_(std::make_unique<reader>(*this)) {
    CHOPSTICKS_ASSERT(options.cores > 0 && options.speed > 0);
    CHOPSTICKS_ASSERT(options.first_core + lanes() <= options.cores);
    CHOPSTICKS_ASSERT(options.kinds.size() < not_replayed);
}

replay_feed::~replay_feed() {
    stop();
}

void replay_feed::start() {
    thread_ = std::thread([this] { work(); });
}

void replay_feed::work() {
    ::pthread_setname_np(::pthread_self(), "replay");
    while (reader_->run_round()) {
    }
    const bool stopped = stop_.load(std::memory_order_relaxed);
    reader_->figures.complete = !stopped && !reader_->failed();
    // The end first: who sees that the lanes have ended may ask when.
    end_ns_.store(reader_->last_due_ns(), std::memory_order_release);
    for (unsigned i = 0; i < lanes(); ++i)
        lanes_[i].done_.store(true, std::memory_order_release);
    primed_.store(true, std::memory_order_release);
}

void replay_feed::stop() {
    stop_.store(true, std::memory_order_relaxed);
    if (thread_.joinable()) thread_.join();
}

replay_figures replay_feed::figures() const {
    reader_->publish_read();
    replay_figures out = reader_->figures;
    for (unsigned i = 0; i < lanes(); ++i) {
        out.late += lanes_[i].late_;
        out.moved += lanes_[i].moved_;
        out.lateness_max_ns = std::max(out.lateness_max_ns, lanes_[i].lateness_max_ns_);
    }
    return out;
}

}  // namespace chopsticks::trace
