#include <algorithm>
#include <chopsticks/ceph/beside/buckets.hpp>
#include <chopsticks/core/units.hpp>
#include <string_view>

namespace chopsticks::ceph::beside {

namespace {

using results::json;

/// Kinds of what is left that are no entry of a bucket's index, or that RGW does not count.
constexpr std::string_view not_counted[] = {"bucket", "delete marker"};

/// What is counted beyond what was said: below 0 is missing.
std::int64_t beyond(std::int64_t more, std::uint64_t least,
                    const std::optional<std::uint64_t>& most) {
    if (more < static_cast<std::int64_t>(least)) return more - static_cast<std::int64_t>(least);
    if (most && more > static_cast<std::int64_t>(*most))
        return more - static_cast<std::int64_t>(*most);
    return 0;
}

std::string change_text(std::int64_t more, const std::string& what) {
    const auto n = static_cast<std::uint64_t>(more < 0 ? -more : more);
    if (n == 0) return "as many " + what + "s as before the run";
    return counted(n, what) + (more < 0 ? " fewer" : " more") + " than before the run";
}

json state_json(const std::optional<bucket_state>& state) {
    if (!state) return nullptr;
    return {{"exists", state->exists},
            {"owner", state->owner.empty() ? json(nullptr) : json(state->owner)},
            {"objects", state->objects},
            {"bytes", state->bytes},
            {"uploads", state->uploads}};
}

}  // namespace

left_in_buckets left_in_buckets_of(const std::vector<stats::leftover>& left) {
    left_in_buckets out;
    std::string text;
    const auto add_most = [&out](std::uint64_t n) {
        if (out.objects_most) *out.objects_most += n;
    };
    for (const stats::leftover& one : left) {
        if (std::find(std::begin(not_counted), std::end(not_counted), one.kind) !=
            std::end(not_counted))
            continue;
        text += (text.empty() ? "" : ", ") + std::string(one.exact ? "" : "at most ") +
                counted(one.count, one.kind);
        if (one.kind == "unfinished upload") {
            // Each of its parts is an object to RGW, and nobody counted those.
            out.objects_most.reset();
            if (one.exact && out.uploads) {
                *out.uploads += one.count;
            } else {
                out.uploads.reset();
            }
            continue;
        }
        // Others may have been there before, or be none of the run's.
        const bool ours = one.kind != "other thing";
        if (one.exact && ours) out.objects_least += one.count;
        add_most(one.count);
    }
    if (!text.empty()) out.text = text;
    return out;
}

bool bucket_account::agrees() const {
    return beyond(objects_more, said.objects_least, said.objects_most) == 0 &&
           (!said.uploads || uploads_more == static_cast<std::int64_t>(*said.uploads));
}

std::string bucket_account::sentence() const {
    std::string counts = change_text(objects_more, "object");
    if (uploads_more != 0) counts += " and " + change_text(uploads_more, "unfinished upload");
    std::string out = "RGW counts " + counts + " in the load's buckets, and the run says that it " +
                      "left " + said.text + ": ";
    const std::int64_t objects = beyond(objects_more, said.objects_least, said.objects_most);
    if (objects < 0) {
        const auto n = static_cast<std::uint64_t>(-objects);
        return out + counted(n, "object") + (n == 1 ? " is" : " are") +
               " missing (lost, or removed by somebody else)";
    }
    if (objects > 0) {
        const auto n = static_cast<std::uint64_t>(objects);
        return out + counted(n, "object") +
               " that it does not know of (not removed, of a "
               "write that it gave up, or of somebody else)";
    }
    const std::int64_t uploads = uploads_more - static_cast<std::int64_t>(said.uploads.value_or(0));
    const auto n = static_cast<std::uint64_t>(uploads < 0 ? -uploads : uploads);
    return out + counted(n, "unfinished upload") +
           (uploads < 0 ? (n == 1 ? " is" : " are") + std::string(" missing")
                        : " that it does not know of");
}

std::optional<bucket_account> account_of(const std::vector<watched_bucket>& buckets,
                                         const left_in_buckets& said) {
    bucket_account out;
    out.said = said;
    for (const watched_bucket& one : buckets) {
        if (!one.before || !one.after) return std::nullopt;
        out.objects_more += static_cast<std::int64_t>(one.after->objects) -
                            static_cast<std::int64_t>(one.before->objects);
        out.uploads_more += static_cast<std::int64_t>(one.after->uploads) -
                            static_cast<std::int64_t>(one.before->uploads);
    }
    return out;
}

json buckets_json(const std::vector<watched_bucket>& buckets) {
    json out = json::array();
    for (const watched_bucket& one : buckets) {
        out.push_back({{"name", one.name},
                       {"before", state_json(one.before)},
                       {"after", state_json(one.after)}});
    }
    return out;
}

json account_json(const std::optional<bucket_account>& account) {
    if (!account) return nullptr;
    const left_in_buckets& said = account->said;
    return {{"agrees", account->agrees()},
            {"objects_more", account->objects_more},
            {"uploads_more", account->uploads_more},
            {"left_least", said.objects_least},
            {"left_most", said.objects_most ? json(*said.objects_most) : json(nullptr)},
            {"left_uploads", said.uploads ? json(*said.uploads) : json(nullptr)},
            {"left", said.text}};
}

}  // namespace chopsticks::ceph::beside
