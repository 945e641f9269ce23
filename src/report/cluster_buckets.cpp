#include <chopsticks/core/units.hpp>
#include <chopsticks/results/json_reading.hpp>

#include "cluster.hpp"
#include "describing.hpp"

namespace chopsticks::report {

namespace {

using results::json;
using results::member;

/// Of a table that nobody reads to its end.
constexpr std::size_t buckets_most = 100;

/// "12 -> 57"; "12" where nothing changed.
cell before_and_after(const json& bucket, const char* key, bool as_bytes) {
    const auto side = [&](const char* when) -> std::string {
        const json& state = member(bucket, when);
        if (!state.is_object()) return "not known";
        if (member(state, "exists") == json(false)) return "no bucket";
        const std::uint64_t n = results::count(state, key);
        return as_bytes ? format_size(n) : results::whole(n);
    };
    const std::string before = side("before");
    const std::string after = side("after");
    return words(before == after ? after : before + " -> " + after);
}

}  // namespace

table buckets_table(const json& cluster) {
    table out{.caption = "Buckets of the load, before and after the run, as RGW counts them",
              .header = {"Bucket", "owner", "objects", "bytes", "unfinished uploads"}};
    for (const json& one : member(cluster, "buckets")) {
        if (out.rows.size() == buckets_most) break;
        std::string owner = text_of(member(one, "after"), "owner");
        if (owner.empty()) owner = text_of(member(one, "before"), "owner");
        out.rows.push_back({{.text = text_of(one, "name")},
                            words(owner.empty() ? "-" : owner),
                            before_and_after(one, "objects", false),
                            before_and_after(one, "bytes", true),
                            before_and_after(one, "uploads", false)});
    }
    return out;
}

std::string bucket_account_text(const json& cluster) {
    if (const std::string problem = text_of(cluster, "bucket_problem"); !problem.empty())
        return "How full the buckets are is not known: " + problem;
    const json& account = member(cluster, "bucket_account");
    if (!account.is_object()) return {};
    const std::string left = text_of(account, "left");
    if (results::flag(account, "agrees"))
        return "RGW's counts agree with what the run says that it left there: " + left + ".";
    return "RGW's counts do not agree with what the run says that it left there (" + left +
           "): see the finding.";
}

}  // namespace chopsticks::report
