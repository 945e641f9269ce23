// Questions by way of librados.

#include <rados/librados.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/ceph/beside/watch.hpp>
#include <chopsticks/ceph/connect.hpp>
#include <chopsticks/core/waiting_note.hpp>
#include <string>
#include <utility>

#include "answers.hpp"

namespace chopsticks::ceph::beside {

namespace {

class rados_asker final : public asker {
  public:
    explicit rados_asker(access to) : to_(std::move(to)) {
        // Its own perf counters are of no interest, and the socket may be one that the load's
        // connections want to have.
        to_.options["admin_socket"] = "";
    }

    ~rados_asker() override { shut_down(); }

    std::string connect() override {
        shut_down();
        waiting_note nobody;
        std::string problem =
            ceph::connect(to_, common_options(to_, {}), "librados", nullptr, nobody, cluster_);
        if (!problem.empty()) shut_down();
        return problem;
    }

    answer ask(const question& q) override {
        const std::string text = q.command();
        const char* command[] = {text.c_str()};
        char* body = nullptr;
        char* words = nullptr;
        std::size_t body_bytes = 0;
        std::size_t words_bytes = 0;
        const auto call = q.to_manager ? rados_mgr_command : rados_mon_command;
        const int failed =
            call(cluster_, command, 1, "", 0, &body, &body_bytes, &words, &words_bytes);
        answer out;
        if (failed >= 0 && body != nullptr && body_bytes <= answer_bytes_max)
            out.body.assign(body, body_bytes);
        if (failed < 0) {
            out.problem = failed == -ETIMEDOUT ? "no answer in time" : explain_refusal(failed);
            if (words != nullptr && words_bytes > 0)
                out.problem += ": " + std::string(words, std::min<std::size_t>(words_bytes, 200));
        }
        if (body != nullptr) rados_buffer_free(body);
        if (words != nullptr) rados_buffer_free(words);
        return out;
    }

    std::string library_version() const override {
        int major = 0;
        int minor = 0;
        int extra = 0;
        rados_version(&major, &minor, &extra);
        return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(extra);
    }

    std::vector<std::string> client_sockets() const override { return admin_sockets(); }

  private:
    std::string explain_refusal(int failed) const {
        return explain(to_.who() + " is refused", failed);
    }
    void shut_down() {
        if (cluster_ != nullptr) rados_shutdown(std::exchange(cluster_, nullptr));
    }

    access to_;
    rados_t cluster_ = nullptr;
};

}  // namespace

bool can_ask() noexcept {
    return true;
}

std::unique_ptr<asker> make_rados_asker(const access& to) {
    return std::make_unique<rados_asker>(to);
}

}  // namespace chopsticks::ceph::beside
