#include <algorithm>
#include <chopsticks/s3/protocol/operation.hpp>
#include <iterator>

#include "judge.hpp"

namespace chopsticks::s3 {

namespace {

whole_request render_put(request_writer& with, const asked& what, std::int64_t wall_s) {
    return {with.put(what.object, what.size, what.payload_hash, what.expects_continue, wall_s), {}};
}

whole_request render_get(request_writer& with, const asked& what, std::int64_t wall_s) {
    if (what.length == 0) return {with.get(what.object, wall_s), {}};
    return {with.get_range(what.object, what.offset, what.offset + what.length - 1, wall_s), {}};
}

whole_request render_head(request_writer& with, const asked& what, std::int64_t wall_s) {
    return {with.head(what.object, wall_s), {}};
}

whole_request render_remove(request_writer& with, const asked& what, std::int64_t wall_s) {
    return {with.remove(what.object, wall_s), {}};
}

whole_request render_list(request_writer& with, const asked& what, std::int64_t wall_s) {
    return {with.list(what.directory, what.max_keys, what.token, wall_s), {}};
}

whole_request render_create_bucket(request_writer& with, const asked& what, std::int64_t wall_s) {
    return with.create_bucket(what.object, wall_s);
}

whole_request render_head_bucket(request_writer& with, const asked&, std::int64_t wall_s) {
    return {with.head_bucket(request_writer::own_bucket, wall_s), {}};
}

whole_request render_remove_bucket(request_writer& with, const asked& what, std::int64_t wall_s) {
    return {with.remove_bucket(what.object, wall_s), {}};
}

/// By code. RGW can be told to answer a put with any of the three.
constexpr operation_row rows[] = {
    {.code = operation_code::put,
     .sends = request_body::content,
     .gives = answer_body::text,
     .names_etag = true,
     .writes = true,
     .render = render_put,
     .judge = judge_put,
     .successes = {200, 201, 204}},
    {.code = operation_code::get,
     .sends = request_body::none,
     .gives = answer_body::content,
     .names_etag = true,
     .render = render_get,
     .judge = judge_get,
     .successes = {200, 206}},
    {.code = operation_code::head,
     .sends = request_body::none,
     .gives = answer_body::none,
     .head_request = true,
     .names_etag = true,
     .render = render_head,
     .judge = judge_head,
     .successes = {200}},
    {.code = operation_code::remove,
     .sends = request_body::none,
     .gives = answer_body::text,
     .writes = true,
     .render = render_remove,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.code = operation_code::list,
     .sends = request_body::none,
     .gives = answer_body::listing,
     .render = render_list,
     .judge = judge_list,
     .successes = {200}},
    {.code = operation_code::create_bucket,
     .sends = request_body::rendered,
     .gives = answer_body::text,
     .render = render_create_bucket,
     .judge = judge_plain,
     .successes = {200, 201, 204}},
    {.code = operation_code::head_bucket,
     .sends = request_body::none,
     .gives = answer_body::none,
     .head_request = true,
     .render = render_head_bucket,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.code = operation_code::remove_bucket,
     .sends = request_body::none,
     .gives = answer_body::text,
     .render = render_remove_bucket,
     .judge = judge_plain,
     .successes = {200, 204}},
};

constexpr bool are_in_order() {
    std::uint16_t at = 0;
    for (const operation_row& row : rows) {
        if (static_cast<std::uint16_t>(row.code) != at++) return false;
        if (row.render == nullptr || row.judge == nullptr || row.successes[0] == 0) return false;
    }
    return true;
}
static_assert(are_in_order());

/// Of an answer whose body nobody sees, an error in it would count as success.
constexpr bool are_looked_at() {
    return std::all_of(std::begin(rows), std::end(rows), [](const operation_row& row) {
        return row.gives != answer_body::none || row.head_request;
    });
}
static_assert(are_looked_at());

}  // namespace

const operation_row* find_row(std::uint16_t code) noexcept {
    return code < std::size(rows) ? &rows[code] : nullptr;
}

}  // namespace chopsticks::s3
