#include "ask_bucket.hpp"

#include <chopsticks/s3/protocol/sigv4.hpp>
#include <vector>

#include "http_get.hpp"

namespace chopsticks::ceph::beside {

namespace {

/// RGW takes any; this is the one that clients send who know of none.
constexpr const char* region = "us-east-1";

/// More than JSON's readers have exactly: a count that went below 0 is told as nearly 2^64.
constexpr std::uint64_t count_limit = std::uint64_t{1} << 53;

/// A count that is to be believed. False: it is none.
bool read_count(const json& category, const char* key, std::uint64_t& into) {
    const json& value = member(category, key);
    if (value.is_null()) return true;
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0) return false;
    const auto count = value.get<std::uint64_t>();
    if (count >= count_limit) return false;
    into = count;
    return true;
}

/// "403 AccessDenied"
std::string refusal_of(const http_answer& got) {
    const std::string code = text_at(parse_answer(got.body), "Code", 60);
    return std::to_string(got.status) + (code.empty() ? "" : " " + code);
}

}  // namespace

std::optional<bucket_state> read_bucket(const json& answer, const std::string& bucket,
                                        std::string& problem) {
    if (!answer.is_object() || text_at(answer, "bucket") != bucket) {
        problem = "its answer is not about the bucket " + bucket;
        return std::nullopt;
    }
    const json& usage = member(answer, "usage");
    bucket_state out;
    out.exists = true;
    out.owner = text_at(answer, "owner", 120);
    // A bucket to which nothing was ever written has none of these.
    const json& objects = member(usage, "rgw.main");
    const bool is_right = usage.is_object() && (objects.is_null() || objects.is_object()) &&
                          read_count(objects, "num_objects", out.objects) &&
                          read_count(objects, "size", out.bytes) &&
                          read_count(member(usage, "rgw.multimeta"), "num_objects", out.uploads);
    if (is_right) return out;
    problem = "what it counts in the bucket " + bucket + " cannot be";
    return std::nullopt;
}

std::optional<bucket_state> ask_bucket(const rgw_admin& of, const std::string& bucket,
                                       std::int64_t wall_s, std::int64_t timeout_ns,
                                       std::string& problem) {
    http_place at = *parse_http_place(of.endpoint);
    const std::string path = of.path + "/bucket";
    const std::vector<s3::name_value> query = {
        {"bucket", of.tenant.empty() ? bucket : of.tenant + "/" + bucket},
        {"format", "json"},
        {"stats", "true"}};
    const std::string date = s3::amz_date(wall_s);
    const std::string payload(s3::payload_hash_unsigned);
    const std::vector<s3::name_value> headers = {
        {"host", host_field(at)}, {"x-amz-content-sha256", payload}, {"x-amz-date", date}};
    const std::string signature = s3::authorization_header(
        {of.access_key, of.secret_key, {}}, region, "GET", path, query, headers, payload);
    at.path = path + "?" + s3::canonical_query(query);
    const std::string fields = "x-amz-content-sha256: " + payload + "\r\nx-amz-date: " + date +
                               "\r\nAuthorization: " + signature + "\r\n";
    const std::optional<http_answer> got = http_ask(at, fields, timeout_ns, problem);
    if (!got) return std::nullopt;
    const json answer = parse_answer(got->body);
    const std::string who = of.endpoint + ": ";
    if (got->status == 404 && text_at(answer, "Code") == "NoSuchBucket") return bucket_state();
    if (got->status != 200) {
        problem = who + "answered with status " + refusal_of(*got);
        if (got->status == 403) {
            problem += "; its user needs: radosgw-admin caps add --uid=USER --caps=buckets=read";
        }
        return std::nullopt;
    }
    std::string why;
    auto out = read_bucket(answer, bucket, why);
    if (!out) problem = who + why;
    return out;
}

}  // namespace chopsticks::ceph::beside
