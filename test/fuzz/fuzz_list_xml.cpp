/// \file
/// Listings, events of selects and the other XML of a server, and answers of all operations. The
/// first byte says where the input is cut in two.

#include <chopsticks/s3/protocol/inventory.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/select_scanner.hpp>
#include <cstdlib>

using namespace chopsticks::s3;

namespace {

void scan(std::string_view body, std::size_t cut, list_kind kind) {
    list_scanner at_once;
    at_once.reset(kind);
    at_once.feed(body);
    list_scanner in_two;
    in_two.reset(kind);
    in_two.feed(body.substr(0, cut));
    in_two.feed(body.substr(cut));
    if (in_two.current() != at_once.current() || in_two.entries() != at_once.entries()) {
        std::abort();
    }
    if (at_once.current() == list_scanner::state::complete &&
        (in_two.first_key() != at_once.first_key() || in_two.token() != at_once.token() ||
         in_two.version_token() != at_once.version_token()))
        std::abort();
}

void select_from(std::string_view body, std::size_t cut) {
    select_scanner at_once;
    at_once.feed(body);
    select_scanner in_two;
    in_two.feed(body.substr(0, cut));
    in_two.feed(body.substr(cut));
    if (in_two.current() != at_once.current() || in_two.record_bytes() != at_once.record_bytes() ||
        in_two.record_checksum() != at_once.record_checksum() ||
        in_two.error_code() != at_once.error_code()) {
        std::abort();
    }
}

void judge_as(const operation_row& row, std::string_view body) {
    if (row.gives != answer_body::text) return;
    subject some[] = {{7}, {8}};
    asked what;
    what.object = 7;
    what.size = 100;
    what.prefix = "p/";
    what.subjects = some;
    for (const int status : {200, 404, 412}) {
        answer a;
        a.status = status;
        a.text = body;
        a.received = body.size();
        static etag_memory etags;
        chopsticks::s3::failure why;
        judge(row, what, a, etags, why);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    for (const list_kind kind : {list_kind::v2, list_kind::v1, list_kind::versions})
        scan(body, body.size() * data[0] / 256, kind);
    select_from(body, body.size() * data[0] / 256);
    for (const operation_row& row : all_rows())
        judge_as(row, body);
    (void)parse_list(body);
    (void)parse_versions(body);
    (void)parse_uploads(body);
    (void)parse_bucket_page(body);
    (void)parse_deletion(body);
    bucket_rules rules;
    (void)parse_versioning(body, rules);
    (void)parse_object_lock(body, rules);
    return 0;
}
