#pragma once
/// \file
/// What is answered to whom: no I/O.

#include <chopsticks/live/monitor.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace chopsticks::live {

struct page_request {
    std::string method;
    std::string target;  ///< path and query
    std::string host;    ///< header fields; empty: absent
    std::string origin;
    std::string accept;
    std::string token;    ///< X-Chopsticks-Token
    bool marked = false;  ///< has X-Chopsticks, which a form or a link cannot send
};

struct page_answer {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
    bool is_metrics = false;  ///< has figures
    bool is_state = false;
};

/// What one address serves.
struct served {
    bool metrics = false;
    bool page = false;
    std::string token;  ///< of the page; empty: it is on the loopback
};

page_answer answer(const page_request& request, const served& what, const run_monitor& monitor,
                   const std::function<void()>& stop);

/// Takes the same time whatever differs.
bool is_same_secret(std::string_view a, std::string_view b) noexcept;

/// The page as one file, its script and style within.
std::string page_html();
/// The Content-Security-Policy of every answer: no script but the page's own.
std::string page_policy();

}  // namespace chopsticks::live
