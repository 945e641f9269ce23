#include "select.hpp"

#include <algorithm>
#include <boost/crc.hpp>
#include <chopsticks/core/hex.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/select_scanner.hpp>
#include <cstdio>
#include <span>

#include "judge.hpp"
#include "text.hpp"

namespace chopsticks::s3 {

namespace {

/// "0123456789abcdef,00000042\n"
constexpr std::size_t table_row_bytes = 26;

void write_table_row(std::uint64_t object, std::uint32_t number, char* to) noexcept {
    std::uint64_t bits = mix64(mix64(object) + number);
    for (int i = 15; i >= 0; --i, bits >>= 4)
        to[i] = hex_digits[bits & 15];
    to[16] = ',';
    for (int i = 24; i > 16; --i, number /= 10)
        to[i] = static_cast<char>('0' + number % 10);
    to[25] = '\n';
}

std::uint32_t checksum_of_table(const asked& what) noexcept {
    boost::crc_32_type sum;
    char row[table_row_bytes];
    for (std::uint32_t i = 0; i < what.rows; ++i) {
        write_table_row(what.object, i, row);
        sum.process_bytes(row, sizeof row);
    }
    return sum.checksum();
}

bool has_right_records(const asked& what, const select_scanner& events) {
    if (!what.all_rows) return trimmed(events.first_records()) == std::to_string(what.rows);
    return events.record_bytes() == what.rows * table_row_bytes &&
           events.record_checksum() == checksum_of_table(what);
}

/// An error's code, if it is one.
std::string_view select_code_of(const select_scanner& events) {
    const std::string_view code = events.error_code();
    const bool is_code =
        !code.empty() && code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        });
    return is_code ? code : "ErrorInSuccess";
}

void judge_events(const asked& what, const select_scanner& events, failure& out) {
    using state = select_scanner::state;
    char text[sizeof out.text];
    if (events.current() == state::bad) {
        out.set(op_status::bad_response, "BadEvents",
                "the answer to the select is no row of events, or one of them is broken");
    } else if (events.current() == state::failed) {
        char said[100] = {};
        said[write_plain_text(events.error_message(), std::span(said).first(sizeof said - 1))] =
            '\0';
        const std::string_view code = select_code_of(events);
        std::snprintf(text, sizeof text, "HTTP 200, and then the error %.*s: %s",
                      static_cast<int>(code.size()), code.data(), said);
        out.set(classify_in_success(code), code, text);
    } else if (events.current() != state::complete) {
        out.set(op_status::bad_response, "NoEnd",
                "the events do not end with End: records may be missing");
    } else if (events.has_stats() && events.bytes_returned() != events.record_bytes()) {
        std::snprintf(text, sizeof text, "%llu bytes of records where the statistics say %llu",
                      static_cast<unsigned long long>(events.record_bytes()),
                      static_cast<unsigned long long>(events.bytes_returned()));
        out.set(op_status::corrupt, "WrongStats", text);
    } else if (!has_right_records(what, events)) {
        std::snprintf(text, sizeof text, "%llu bytes of records, which are not those of the table",
                      static_cast<unsigned long long>(events.record_bytes()));
        out.set(op_status::corrupt, "WrongRecords", text);
    }
}

}  // namespace

void write_table_body(std::string& to, const asked& what) {
    to.resize(what.rows * table_row_bytes);
    for (std::uint32_t i = 0; i < what.rows; ++i)
        write_table_row(what.object, i, to.data() + i * table_row_bytes);
}

void write_select_body(std::string& to, const asked& what) {
    to.assign(
        "<SelectObjectContentRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Expression>SELECT ");
    to.append(what.all_rows ? "*" : "COUNT(*)");
    to.append(
        " FROM S3Object</Expression><ExpressionType>SQL</ExpressionType><InputSerialization>"
        "<CSV><FileHeaderInfo>NONE</FileHeaderInfo></CSV></InputSerialization>"
        "<OutputSerialization><CSV /></OutputSerialization></SelectObjectContentRequest>");
}

std::uint64_t judge_select(const operation_row& row, const asked& what, const answer& a,
                           etag_memory&, failure& out) {
    if (!succeeded(row, a, out)) return 0;
    if (a.events == nullptr) {
        out.set(op_status::bad_response, "BadEvents", "the answer to the select has no events");
        return 0;
    }
    judge_events(what, *a.events, out);
    return a.events->record_bytes();
}

}  // namespace chopsticks::s3
