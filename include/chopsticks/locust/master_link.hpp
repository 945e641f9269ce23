#pragma once
/// \file
/// A worker's connection to its master: a thread of its own around a socket of ZeroMQ and the
/// session.

#include <chopsticks/locust/session.hpp>
#include <functional>
#include <memory>
#include <string>

namespace chopsticks::locust {

struct link_options {
    std::string host;
    unsigned port = 5557;
    std::string node;  ///< the worker's name
};

/// Called on the link's thread, one call at a time; nothing in it may wait long.
struct listener {
    virtual ~listener() = default;
    virtual void on_order(const order& what) = 0;
    /// What a person should know.
    virtual void on_log(const std::string& line) = 0;
    /// A few times a second: the session may be told of users and health. It must not ask for
    /// `with_session`.
    virtual void on_turn(session& talk) = 0;
};

/// Whoever lets others speak with a session that has a thread of its own.
struct session_access {
    virtual ~session_access() = default;
    /// Does it to the session, between two steps of its thread. Any thread.
    virtual void with_session(
        const std::function<void(session& talk, std::int64_t now_ns)>& what) = 0;
};

/// Connects in the background, and again whenever the connection is gone. The destructor sends what
/// there is, for at most half a second.
class master_link final : public session_access {
  public:
    /// Throws config_error where there is no socket to be had. \param to outlives it
    master_link(const link_options& options, listener& to);
    ~master_link() override;
    master_link(const master_link&) = delete;
    master_link& operator=(const master_link&) = delete;

    void with_session(const std::function<void(session& talk, std::int64_t now_ns)>& what) override;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace chopsticks::locust
