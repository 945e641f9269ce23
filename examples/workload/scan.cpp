#include "scan.hpp"

#include <chopsticks/core/clock.hpp>
#include <cstring>

namespace redis_example {

using namespace chopsticks;

namespace {

/// What begins so, for MATCH.
std::string pattern_of(std::string_view prefix) {
    std::string out;
    for (const char c : prefix) {
        if (std::strchr("*?[]\\", c) != nullptr) out += '\\';
        out += c;
    }
    return out + "*";
}

failure no_list() {
    return {op_status::bad_response, "OtherReply", "the reply to SCAN is no list of keys"};
}

}  // namespace

runtime::task<failure> scan(connection& link, std::string_view prefix, std::int64_t until_ns,
                            const key_seen& seen) {
    const std::string pattern = pattern_of(prefix);
    std::string cursor = "0";
    do {
        if (monotonic_ns() > until_ns) {
            co_return failure{op_status::timeout, "Timeout", "listing keys took too long"};
        }
        failure why = co_await link.open();
        if (!why.is_ok()) co_return why;
        begin_command(link.command(), 6);
        const std::string_view words[] = {"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"};
        for (const std::string_view word : words)
            add_word(link.unsent(), word);
        reply part;
        std::int64_t sent_ns = 0;
        std::int64_t first_byte_ns = 0;
        why = co_await link.exchange(part, sent_ns, first_byte_ns);
        if (!why.is_ok()) co_return why;
        if (part.what != reply::kind::array || part.number != 2) co_return no_list();
        why = co_await link.next(part);
        if (!why.is_ok()) co_return why;
        if (part.what != reply::kind::text) co_return no_list();
        cursor = part.text;
        why = co_await link.next(part);
        if (!why.is_ok()) co_return why;
        if (part.what != reply::kind::array) co_return no_list();
        for (std::int64_t i = part.number; i > 0; --i) {
            reply key;
            why = co_await link.next(key);
            if (!why.is_ok()) co_return why;
            if (key.what != reply::kind::text) co_return no_list();
            seen(key.text);
        }
    } while (cursor != "0");
    co_return failure();
}

}  // namespace redis_example
