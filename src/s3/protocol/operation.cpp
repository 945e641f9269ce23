#include <algorithm>
#include <chopsticks/core/hex.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <iterator>
#include <string>

#include "judge.hpp"

namespace chopsticks::s3 {

namespace {

void write_range(request_text& to, const asked& what) {
    if (what.length == 0) return;
    to << "Range: bytes=" << what.offset << "-" << what.offset + what.length - 1 << "\r\n";
}

void write_list_query(request_text& to, const asked& what, std::string_view prefix) {
    // In the order of their names, as the canonical form wants them.
    if (!what.token.empty()) {
        to << "continuation-token=";
        to.encoded(what.token) << "&";
    }
    to << "list-type=2&max-keys=" << std::uint64_t{what.max_keys} << "&prefix=" << prefix;
    if (const auto directory = what.directory()) {
        const char name[] = {hex_digits[*directory >> 4], hex_digits[*directory & 15]};
        to << std::string_view(name, sizeof name) << "%2F";
    }
}

void write_part_query(request_text& to, const asked& what, std::string_view) {
    to << "partNumber=" << std::uint64_t{what.part_number} << "&uploadId=";
    to.encoded(what.upload_id);
}

void write_upload_query(request_text& to, const asked& what, std::string_view) {
    to << "uploadId=";
    to.encoded(what.upload_id);
}

/// Empty in us-east-1; names the region elsewhere.
std::string location_of(const request_options& options) {
    if (options.region == "us-east-1") return {};
    return "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
           "<LocationConstraint>" +
           xml_escape(options.region) + "</LocationConstraint></CreateBucketConfiguration>";
}

/// RGW can be told to answer a put with any of the three.
constexpr operation_row rows[] = {
    {.name = "put",
     .request = {.method = "PUT", .sends = request_body::content},
     .gives = answer_body::text,
     .names_etag = true,
     .writes = true,
     .makes_object = true,
     .judge = judge_put,
     .successes = {200, 201, 204}},
    {.name = "get",
     .request = {.method = "GET", .write_fields = write_range},
     .gives = answer_body::content,
     .names_etag = true,
     .judge = judge_get,
     .successes = {200, 206}},
    {.name = "head",
     .request = {.method = "HEAD"},
     .gives = answer_body::none,
     .names_etag = true,
     .judge = judge_head,
     .successes = {200}},
    {.name = "delete",
     .request = {.method = "DELETE"},
     .gives = answer_body::text,
     .writes = true,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "list",
     .request = {.method = "GET",
                 .target = request_target::bucket,
                 .write_query = write_list_query},
     .parameters = {{.name = "max_keys", .count = &asked::max_keys},
                    {.name = "pages", .count = &asked::pages},
                    {.name = "directory", .flag = &asked::one_directory}},
     .gives = answer_body::listing,
     .judge = judge_list,
     .successes = {200}},
    {.name = "create_bucket",
     .request = {.method = "PUT",
                 .target = request_target::made_bucket,
                 .sends = request_body::rendered,
                 .body = location_of},
     .gives = answer_body::text,
     .buckets = bucket_effect::makes,
     .judge = judge_plain,
     .successes = {200, 201, 204}},
    {.name = "head_bucket",
     .request = {.method = "HEAD", .target = request_target::bucket},
     .gives = answer_body::none,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "delete_bucket",
     .request = {.method = "DELETE", .target = request_target::made_bucket},
     .gives = answer_body::text,
     .buckets = bucket_effect::removes,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "create_upload",
     .request = {.method = "POST", .query = "uploads="},
     .gives = answer_body::text,
     .judge = judge_upload_begun,
     .successes = {200}},
    {.name = "upload_part",
     .request = {.method = "PUT", .sends = request_body::content, .write_query = write_part_query},
     .gives = answer_body::text,
     .names_etag = true,
     .judge = judge_part,
     .successes = {200}},
    {.name = "complete_upload",
     .request = {.method = "POST", .sends = request_body::given, .write_query = write_upload_query},
     .gives = answer_body::text,
     .writes = true,
     .makes_object = true,
     .judge = judge_upload_completed,
     .successes = {200}},
    {.name = "abort_upload",
     .request = {.method = "DELETE", .write_query = write_upload_query},
     .gives = answer_body::text,
     .judge = judge_plain,
     .successes = {200, 204}},
};

/// A row that leaves something out is no row. Of an answer whose body nobody sees, an error in it
/// would count as success.
constexpr bool is_whole(const operation_row& row) {
    const request_form& r = row.request;
    return !row.name.empty() && !r.method.empty() && row.judge != nullptr &&
           row.successes[0] != 0 && (row.gives == answer_body::none) == r.is_head() &&
           (r.body != nullptr) == (r.sends == request_body::rendered);
}
static_assert(std::all_of(std::begin(rows), std::end(rows), is_whole));

}  // namespace

std::span<const operation_row> all_rows() noexcept {
    return rows;
}

const operation_row* find_row(std::string_view name) noexcept {
    const auto* const found = std::find_if(std::begin(rows), std::end(rows),
                                           [=](const operation_row& r) { return r.name == name; });
    return found != std::end(rows) ? found : nullptr;
}

}  // namespace chopsticks::s3
