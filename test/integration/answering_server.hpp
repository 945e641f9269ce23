#pragma once
// A server that gives its answers in turn, and spoils one where it is told.

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "../support/canned_s3.hpp"

namespace chopsticks::test {

/// How the next answer is spoilt; set between operations.
struct damage {
    enum class kind { none, split, close, reset };
    std::atomic<kind> how{kind::none};
    std::atomic<std::size_t> at{0};
    std::atomic<std::size_t> answer{0};  // which of an operation's answers
};

/// Answers requests in turn, the last answer of an operation being followed by its first.
struct answering_server {
    explicit answering_server(std::vector<std::string> a)
        : answers(std::move(a)), server([this](canned_connection& c) { serve(c); }) {}

    void serve(canned_connection& c) {
        for (std::size_t i = 0;; i = (i + 1) % answers.size()) {
            const canned_request r = c.read_request();
            if (!r.came()) return;
            {
                const std::lock_guard lock(mutex);
                seen = r;
            }
            const std::string& all = answers[i];
            const bool spoil = i == broken.answer;
            switch (spoil ? broken.how.load() : damage::kind::none) {
                case damage::kind::none:
                    c.send(all);
                    break;
                case damage::kind::split:
                    c.send_split(all, broken.at);
                    break;
                case damage::kind::close:
                    c.send(std::string_view(all).substr(0, broken.at));
                    return;
                case damage::kind::reset:
                    c.send(std::string_view(all).substr(0, broken.at));
                    c.reset();
                    return;
            }
        }
    }
    canned_request last() {
        const std::lock_guard lock(mutex);
        return seen;
    }

    std::vector<std::string> answers;
    damage broken;
    std::mutex mutex;
    canned_request seen;
    canned_s3 server;  // last: its threads use all above
};

}  // namespace chopsticks::test
