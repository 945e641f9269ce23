#pragma once
/// \file
/// A worker's side of its talk with a Locust master, as a state machine: frames and times go in,
/// frames and orders come out. No I/O, no clock of its own.

#include <chopsticks/locust/message.hpp>
#include <chopsticks/locust/statistics.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chopsticks::locust {

using user_counts = std::map<std::string, std::uint64_t>;  ///< by user class

/// What the master wants, in the order in which it said so.
struct order {
    enum class kind : std::uint8_t {
        users,  ///< absolute: so many there are to be from now on; begins a load if there is none
        stop,   ///< the load is to end
        quit,   ///< the process is to end, with its load
        note,   ///< a message that is not Locust's own
        reopen  ///< the socket is to be closed and opened again
    };
    kind what = kind::note;
    user_counts users;
    message content;  ///< of a note
};

/// What of what came was not used.
struct refused_frames {
    std::uint64_t malformed = 0;  ///< no message
    std::uint64_t wrong = 0;      ///< a message of Locust's whose data is not what it has to be
    std::uint64_t stale = 0;  ///< out of place: a spawn that is older than the last, a second ack
    std::uint64_t of_others = 0;  ///< for another worker
};

/// One worker. All times are monotonic nanoseconds and do not go back. One thread at a time.
///
/// A master that was restarted knows no worker, and one that gets statistics or a
/// "spawning_complete" of a worker that it does not know may lose its listener: after each opening
/// of the connection "client_ready" is all that is sent, until it is acknowledged.
class session {
  public:
    static constexpr std::int64_t ready_every_ns = 5'000'000'000;
    static constexpr std::int64_t heartbeat_every_ns = 1'000'000'000;
    static constexpr std::int64_t statistics_every_ns = 3'000'000'000;
    /// A master that answers heartbeats and has not done so for that long is gone.
    static constexpr std::int64_t silence_most_ns = 60'000'000'000;
    /// Lines of the log that are kept until somebody takes them; further ones are not made.
    static constexpr std::size_t log_lines_most = 100;

    /// \param node the worker's name, which is its identity on the socket
    explicit session(std::string node) : node_(std::move(node)) {}

    /// \name What happens on the wire
    /// \{
    void connected(std::int64_t now_ns);
    void disconnected(std::int64_t now_ns);
    void receive(std::string_view frame, std::int64_t now_ns);
    void tick(std::int64_t now_ns);
    /// \}

    /// \name What the load does
    /// \{

    /// Users there are, of classes the master named. \param settled there will be no others, as
    /// long as no others are wanted
    void users_alive(const user_counts& alive, bool settled, std::int64_t now_ns);
    /// The CPU's share of the busiest core, in percent, and memory in bytes.
    void health(double cpu_percent, std::uint64_t memory_bytes) {
        cpu_percent_ = cpu_percent;
        memory_bytes_ = memory_bytes;
    }
    /// All operations of the load are over and counted. What was not reported goes out.
    void load_ended(std::int64_t now_ns);
    /// Nothing is left to be done for the last load: there may be another.
    void run_over(std::int64_t now_ns);
    /// A message that is not Locust's own. Kept while there is no master.
    void say(std::string_view type, const json& data);
    /// An error of this worker's, for the master's list of exceptions.
    void say_exception(const std::string& text);
    /// The process ends.
    void say_quit();
    statistics& figures() noexcept { return figures_; }
    /// \}

    /// The next frame to send; empty: none.
    std::string next_frame();
    /// The next order; false: none.
    bool next_order(order& out);
    bool has_orders() const noexcept { return !orders_.empty(); }
    /// When `tick` has something to do, at the latest.
    std::int64_t next_due_ns() const noexcept { return due_ns_; }
    /// What a person should know, and forgets it.
    std::vector<std::string> take_log() { return std::exchange(log_, {}); }

    bool acknowledged() const noexcept { return link_ == link::known; }
    /// Since when there has been no master; 0: there is one.
    std::int64_t lost_since_ns() const noexcept { return lost_since_ns_; }
    const refused_frames& refused() const noexcept { return refused_; }
    const user_counts& wanted() const noexcept { return wanted_; }
    const std::string& node() const noexcept { return node_; }

  private:
    enum class link : std::uint8_t { away, asking, known };
    enum class load : std::uint8_t {
        none,
        spawning,  ///< the users are not yet those that are wanted
        running,
        stopping,  ///< told to, and not ended yet
        over       ///< ended and told so; something is left to be done
    };

    void on_ack();
    void on_spawn(const json& data, std::int64_t now_ns);
    void on_stop(std::int64_t now_ns);
    void on_quit(std::int64_t now_ns);
    void see_users(std::int64_t now_ns);
    void send(std::string_view type, const json& data);
    void send_statistics(std::int64_t now_ns);
    void log(const std::string& line);
    void refuse(std::uint64_t& counter, const std::string& why);

    std::string node_;
    link link_ = link::away;
    load load_ = load::none;
    bool load_ended_ = false;
    double last_spawn_ = 0;
    user_counts wanted_;
    user_counts alive_;
    bool settled_ = false;
    double cpu_percent_ = 0;
    std::uint64_t memory_bytes_ = 0;
    std::int64_t next_ready_ns_ = 0;
    std::int64_t next_heartbeat_ns_ = 0;
    std::int64_t next_statistics_ns_ = 0;
    std::int64_t due_ns_ = 0;
    std::int64_t lost_since_ns_ = 0;
    std::int64_t heard_ns_ = 0;  ///< the last answer to a heartbeat; 0: this master gives none
    statistics figures_;
    refused_frames refused_;
    std::deque<std::string> frames_;
    std::deque<std::string> notes_;  ///< wait for a master
    std::deque<order> orders_;
    std::vector<std::string> log_;
};

}  // namespace chopsticks::locust
