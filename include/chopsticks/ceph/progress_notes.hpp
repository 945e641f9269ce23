#pragma once
/// \file
/// What the control thread tells others while its calls block: what it waits for, and what this run
/// made that is still there.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/waiting_note.hpp>
#include <chopsticks/engine/driver.hpp>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace chopsticks::ceph {

/// One wait; ends with its scope. It is told on one line of 80 columns: few words.
class waiting_for {
  public:
    /// \param at_most_ns 0: the wait has no bound of its own
    waiting_for(waiting_note& note, std::string what, std::int64_t at_most_ns) : note_(note) {
        note_.set(std::move(what), at_most_ns == 0 ? 0 : monotonic_ns() + at_most_ns);
    }
    ~waiting_for() { note_.clear(); }
    waiting_for(const waiting_for&) = delete;
    waiting_for& operator=(const waiting_for&) = delete;

  private:
    waiting_note& note_;
};

/// Any thread.
class made_things {
  public:
    void add(engine::leftover made) {
        const std::lock_guard lock(mutex_);
        all_.push_back(std::move(made));
    }
    void gone(const std::string& kind, const std::string& name) {
        const std::lock_guard lock(mutex_);
        std::erase_if(all_, [&](const auto& one) { return one.kind == kind && one.name == name; });
    }
    /// Another thing is in its place; without one of that name it is added.
    void replace(const std::string& kind, const std::string& name, engine::leftover by) {
        const std::lock_guard lock(mutex_);
        const auto found = find(kind, name);
        if (found == all_.end()) {
            all_.push_back(std::move(by));
        } else {
            *found = std::move(by);
        }
    }
    /// Whether it is known to be there: not while an operation that makes or removes it is under
    /// way, which the cluster may carry out or not.
    void certain(const std::string& kind, const std::string& name, bool exact) {
        const std::lock_guard lock(mutex_);
        const auto found = find(kind, name);
        if (found != all_.end()) found->exact = exact;
    }
    void removed_by(const std::string& kind, const std::string& name, std::string command) {
        const std::lock_guard lock(mutex_);
        const auto found = find(kind, name);
        if (found != all_.end()) found->remove_with = std::move(command);
    }
    /// In the order in which they can be removed: clones, the snapshot, its image.
    std::vector<engine::leftover> all() const {
        const std::lock_guard lock(mutex_);
        const auto snapshot = std::find_if(all_.begin(), all_.end(),
                                           [](const auto& one) { return one.kind == "snapshot"; });
        if (snapshot == all_.end()) return all_;
        // What was made before it is its image, what was made after it are its clones.
        std::vector<engine::leftover> out(snapshot + 1, all_.end());
        out.push_back(*snapshot);
        out.insert(out.end(), all_.begin(), snapshot);
        return out;
    }

  private:
    std::vector<engine::leftover>::iterator find(const std::string& kind, const std::string& name) {
        return std::find_if(all_.begin(), all_.end(),
                            [&](const auto& one) { return one.kind == kind && one.name == name; });
    }

    mutable std::mutex mutex_;
    std::vector<engine::leftover> all_;
};

}  // namespace chopsticks::ceph
