// Events of a select: whole ones are read at any cut, broken ones never count as done.

#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/select_scanner.hpp>
#include <string>

#include "../../support/select_events.hpp"
#include "rows.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::s3;
using namespace chopsticks::test;

/// What a select of a table of 1000 rows makes of an answer.
struct judged_select {
    explicit judged_select(bool all = false) {
        what.object = 7;
        what.rows = 1000;
        what.all_rows = all;
    }
    std::string code_of(const std::string& text, std::size_t cut = 0) {
        select_scanner events;
        events.feed(std::string_view(text).substr(0, cut));
        events.feed(std::string_view(text).substr(cut));
        answer a;
        a.status = 200;
        a.events = &events;
        a.received = text.size();
        why = failure();
        etag_memory etags;
        bytes = judge(row_of("select_rows"), what, a, etags, why);
        return why ? why.code : "ok";
    }
    asked what;
    failure why;
    std::uint64_t bytes = 0;
};

std::string table() {
    judged_select of;
    std::string body;
    row_of("put_table").request.write_body(body, of.what);
    return body;
}

TEST_CASE("select_is_done_with_the_right_records_and_an_end_wherever_it_is_cut") {
    judged_select count;
    const std::string whole = event_of("Cont") + event_of("Records", "10") +
                              event_of("Progress", "<a/>") + event_of("Records", "00\n") +
                              event_stats(5) + event_of("End");
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        CHECK(count.code_of(whole, cut) == "ok");
        CHECK(count.bytes == 5);
    }
    // Statistics are not sent by all.
    CHECK(count.code_of(event_of("Records", "1000") + event_of("End")) == "ok");
    for (std::size_t end = 0; end < whole.size(); ++end) {
        const std::string code = count.code_of(whole.substr(0, end));
        CHECK(code == "NoEnd");
    }
    CHECK(count.code_of(whole + "x") == "BadEvents");
    CHECK(count.code_of(whole + event_of("Records", "1")) == "BadEvents");
}

TEST_CASE("select_with_a_wrong_bit_anywhere_is_not_done") {
    judged_select count;
    const std::string whole = event_of("Records", "1000\n") + event_stats(5) + event_of("End");
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string wrong = whole;
            wrong[at] = static_cast<char>(wrong[at] ^ (1 << bit));
            CHECK(count.code_of(wrong) != "ok");
        }
    }
}

TEST_CASE("select_of_all_rows_returns_the_table_and_nothing_else") {
    judged_select all(true);
    const std::string rows = table();
    CHECK(rows.size() == 26'000);
    CHECK(rows[25] == '\n');
    CHECK(rows.find(",00000999\n") == rows.size() - 10);
    const std::string end = event_of("End");
    CHECK(all.code_of(event_of("Records", rows) + end) == "ok");
    CHECK(all.bytes == 26'000);
    CHECK(all.code_of(event_of("Records", rows.substr(0, 9)) + event_of("Records", rows.substr(9)) +
                      event_stats(26'000) + end) == "ok");
    CHECK(all.code_of(event_of("Records", rows.substr(26)) + end) == "WrongRecords");
    CHECK(all.code_of(event_of("Records", rows.substr(26) + rows.substr(0, 26)) + end) ==
          "WrongRecords");
    CHECK(all.code_of(event_of("Records", rows) + event_stats(25'999) + end) == "WrongStats");
    judged_select count;
    CHECK(count.code_of(event_of("Records", "999\n") + end) == "WrongRecords");
    CHECK(count.code_of(event_of("Records", "10000") + end) == "WrongRecords");
    CHECK(count.code_of(end) == "WrongRecords");
}

TEST_CASE("select_errors_are_told_by_their_code") {
    judged_select count;
    const std::string begun = event_of("Records", "10");
    CHECK(count.code_of(begun + event_error("InternalError")) == "InternalError");
    CHECK(count.why.status == op_status::server_error);
    CHECK(std::string(count.why.text).find("told so") != std::string::npos);
    CHECK(count.code_of(event_error("SlowDown")) == "SlowDown");
    CHECK(count.why.status == op_status::slow_down);
    CHECK(count.code_of(event_error("InvalidTextEncoding")) == "InvalidTextEncoding");
    CHECK(count.why.status == op_status::bad_response);
    for (const std::string& code : {std::string(), std::string("a\nb"), std::string(65, 'a')})
        CHECK(count.code_of(event_error(code)) == "ErrorInSuccess");
}

TEST_CASE("select_answers_that_are_no_events_are_told_apart") {
    judged_select count;
    CHECK(count.code_of("") == "NoEnd");
    CHECK(count.code_of("<Error><Code>InternalError</Code></Error>") == "BadEvents");
    CHECK(count.code_of(event_message({}, "")) == "BadEvents");
    CHECK(count.code_of(event_message({{":message-type", "event"}}, "")) == "BadEvents");
    CHECK(count.code_of(event_message({{":message-type", "other"}, {":event-type", "End"}}, "")) ==
          "BadEvents");
    CHECK(count.code_of(event_message({{"x", std::string(3000, 'x')}}, "")) == "BadEvents");
    // Lengths that are more than there is, or more than may be, with a right checksum.
    for (const std::uint64_t all : {0ULL, 15ULL, 20ULL, 1ULL << 24 | 1ULL, 0xffffffffULL}) {
        const std::string prelude = big_endian(all, 4) + big_endian(8, 4);
        CHECK(count.code_of(prelude + sum_of(prelude) + std::string(64, '\0')) == "BadEvents");
    }
    // A header that goes on behind the last byte.
    for (const std::string& head :
         {std::string("\x01"), std::string("\x01x\x07"), std::string("\x01x\x07\x00\x02y", 6),
          std::string("\x01x\x06\x00\x01y", 6), std::string("\x00\x07\x00\x00", 4)}) {
        std::string text = big_endian(16 + head.size(), 4) + big_endian(head.size(), 4);
        text += sum_of(text) + head;
        CHECK(count.code_of(text + sum_of(text) + event_of("End")) == "BadEvents");
    }
}

}  // namespace
