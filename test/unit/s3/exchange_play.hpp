#pragma once
// Plays the connection for an exchange: everything is a literal, nothing waits.

#include <algorithm>
#include <chopsticks/s3/protocol/exchange.hpp>
#include <string>

namespace exchange_play {

using namespace chopsticks::s3;

constexpr std::size_t all = std::string::npos;

/// What the connection does.
struct script {
    exchange_request request = {20, 0, false, false};
    std::string answer;
    std::size_t read_bytes = all;  ///< that one read brings
    std::size_t cut = 0;           ///< one read ends here
    std::size_t send_bytes = all;  ///< that are taken at once
    /// So many bytes of the request are taken, then the answer comes, and what follows.
    std::size_t answers_after = all;
    bool answers_expect = false;  ///< the answer comes where "100 Continue" is awaited
    enum class after { silence, close, reset, cancel } then = after::silence;
    bool plain = true;            ///< not TLS
    bool breaks_sending = false;  ///< after answers_after sending fails, what came before is there
};

/// What came of it.
struct played {
    exchange_fault fault = exchange_fault::none;
    bool must_close = false;
    int status = 0;  ///< of the head that was given out; 0: none was
    std::string body;
    std::uint64_t sent = 0;
    unsigned waits = 0;  ///< for "100 Continue"
    exchange_ending ending;
};

class peer {
  public:
    peer(exchange& with, const script& how)
        : with_(with), how_(how), scratch_(how.answer.size(), '#') {}

    played play() {
        with_.begin(how_.request);
        for (;;) {
            switch (with_.next()) {
                case exchange_step::send:
                    send();
                    break;
                case exchange_step::listen:
                    if (!come()) with_.nothing_came();
                    break;
                case exchange_step::await_continue:
                    ++out_.waits;
                    if (!how_.answers_expect || !come()) end_or_wait();
                    break;
                case exchange_step::receive:
                    if (!come()) end();
                    break;
                case exchange_step::head:
                    out_.status = with_.head().status;
                    break;
                case exchange_step::body:
                    out_.body += with_.piece();
                    break;
                case exchange_step::finish:
                    out_.fault = with_.fault();
                    out_.must_close = with_.must_close();
                    out_.sent = with_.sent();
                    out_.ending = with_.ending(how_.plain);
                    return out_;
            }
        }
    }

  private:
    void send() {
        const std::uint64_t sent = with_.sent();
        if (sent < how_.answers_after) {
            with_.sent(std::min<std::uint64_t>(
                {how_.send_bytes, with_.send_until() - sent, how_.answers_after - sent}));
        } else if (how_.breaks_sending) {
            with_.send_failed(32);
        } else if (!come()) {
            end();
        }
    }

    /// False: nothing is left.
    bool come() {
        const std::size_t left = how_.answer.size() - at_;
        if (left == 0) return false;
        std::size_t size = std::min<std::uint64_t>({how_.read_bytes, left, with_.room()});
        if (at_ < how_.cut) size = std::min(size, how_.cut - at_);
        // As a driver's buffer: what was in it before is gone.
        std::fill(scratch_.begin(), scratch_.end(), '#');
        how_.answer.copy(scratch_.data(), size, at_);
        at_ += size;
        with_.received(std::string_view(scratch_).substr(0, size));
        return true;
    }

    void end_or_wait() {
        if (how_.answers_expect && how_.then != script::after::silence) return end();
        with_.waited();
    }

    void end() {
        switch (how_.then) {
            case script::after::silence:
                return with_.timed_out();
            case script::after::close:
                return with_.closed(0);
            case script::after::reset:
                return with_.closed(104);
            case script::after::cancel:
                return with_.cancelled();
        }
    }

    exchange& with_;
    const script& how_;
    std::string scratch_;
    std::size_t at_ = 0;
    played out_;
};

inline played play(exchange& with, const script& how) {
    return peer(with, how).play();
}

inline played play(const script& how) {
    exchange fresh;
    return play(fresh, how);
}

}  // namespace exchange_play
