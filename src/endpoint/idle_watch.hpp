#pragma once
// Ends what peers leave lying: a head that never becomes whole, a body of which nothing more comes.
// No I/O and no clock of its own.

#include <cstdint>

namespace chopsticks::endpoint {

struct idle_limits {
    /// From the first byte of a head to its last, and for a TLS handshake.
    std::int64_t head_ns = 30'000'000'000;
    /// Between two bytes of a body.
    std::int64_t body_ns = 60'000'000'000;
};

class idle_watch;

/// Something that waits for its peer. Belongs to one watch, which outlives it, and to the watch's
/// thread from begin_watch on; what makes it may be another.
class watched {
  public:
    watched(const watched&) = delete;
    watched& operator=(const watched&) = delete;
    virtual ~watched();

  protected:
    enum class waiting : std::uint8_t {
        nothing,  ///< the peer is not waited for, or may take its time
        head,     ///< time runs once has_begun
        body,     ///< time runs since the last call of wait_for
    };

    explicit watched(idle_watch& watch) noexcept : watch_(watch) {}

    /// Once, before the first wait.
    void begin_watch() noexcept;

    /// Costs two stores: it is called for each piece that arrives.
    void wait_for(waiting what) noexcept;

    /// Whether a byte of what is waited for has come.
    virtual bool has_begun() const noexcept = 0;

    /// The time is over. Told once per wait_for.
    virtual void expire() noexcept = 0;

  private:
    friend class idle_watch;

    idle_watch& watch_;
    waiting waiting_ = waiting::nothing;
    std::int64_t since_ns_ = 0;
    bool is_watched_ = false;
    watched* previous_ = nullptr;
    watched* next_ = nullptr;
};

/// All that one thread watches. What is told is as late as sweep is called rarely.
class idle_watch {
  public:
    explicit idle_watch(idle_limits limits = {}) noexcept : limits_(limits) {}
    idle_watch(const idle_watch&) = delete;
    idle_watch& operator=(const idle_watch&) = delete;

    void sweep(std::int64_t now_ns) noexcept;

  private:
    friend class watched;

    const idle_limits limits_;
    std::int64_t now_ns_ = 0;  // of the last sweep
    watched* first_ = nullptr;
};

}  // namespace chopsticks::endpoint
