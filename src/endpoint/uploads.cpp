#include "uploads.hpp"

#include <algorithm>

#include "digest.hpp"

namespace chopsticks::endpoint {

namespace {

s3_refusal wrong_request(std::string text) {
    return {s3_code::invalid_request, std::move(text)};
}

s3_refusal check_sums(const upload& u, const completion& wanted) {
    if (wanted.composite && (!u.sums || u.sums->composite != *wanted.composite)) {
        return wrong_request(
            "The x-amz-checksum-type of the completion is not that of the upload.");
    }
    if (wanted.kind && u.sums && u.sums->kind != *wanted.kind) {
        return wrong_request("The upload was created using a " +
                             std::string(describe(u.sums->kind).name) +
                             " checksum, the completion has one of another kind.");
    }
    if (!u.sums) return {};
    for (const part_claim& claim : wanted.parts) {
        if (!claim.sum.empty() && claim.kind != u.sums->kind) return {s3_code::invalid_part, {}};
        if (claim.sum.empty() && u.sums->composite) {
            return wrong_request("The upload was created using a " +
                                 std::string(describe(u.sums->kind).name) +
                                 " checksum. The complete request must include the checksum for "
                                 "each part. It was missing for part " +
                                 std::to_string(claim.number) + " in the request.");
        }
    }
    return {};
}

/// "abc=-2" is how the checksum of parts comes; some clients leave the number out.
bool same_sum(std::string_view given, const checksum& have) {
    return given == have.value ||
           (have.composite &&
            given == std::string_view(have.value).substr(0, have.value.find('-')));
}

}  // namespace

s3_refusal assemble(const upload& u, const completion& wanted, object_state& out) {
    if (wanted.parts.empty()) return {s3_code::malformed_xml, {}};
    for (std::size_t i = 1; i < wanted.parts.size(); ++i) {
        if (wanted.parts[i].number <= wanted.parts[i - 1].number) {
            return {s3_code::invalid_part_order, {}};
        }
    }
    if (s3_refusal wrong = check_sums(u, wanted)) return wrong;
    out = u.begun;
    std::string part_hashes;
    std::vector<checked_part> sums;
    const std::lock_guard lock(u.mutex);
    for (const part_claim& claim : wanted.parts) {
        const auto found = u.parts.find(claim.number);
        if (found == u.parts.end() || found->second.etag != claim.etag) {
            return {s3_code::invalid_part, {}};
        }
        const part& p = found->second;
        if (u.sums && !claim.sum.empty() && claim.sum != p.sum) return {s3_code::invalid_part, {}};
        if (p.content.size < upload::part_bytes_min && &claim != &wanted.parts.back()) {
            return {s3_code::entity_too_small, {}};
        }
        out.content.append(p.content);
        out.parts.push_back({claim.number, p.content.size, p.sum});
        sums.push_back({p.sum, p.content.size});
        part_hashes += from_hex(std::string_view(p.etag).substr(0, 32)).value_or("");
    }
    if (wanted.size_bytes && *wanted.size_bytes != out.content.size) {
        return wrong_request(
            "The provided 'x-amz-mp-object-size' header value " +
            std::to_string(*wanted.size_bytes) +
            " does not match what was computed: " + std::to_string(out.content.size));
    }
    // S3 makes the ETag of the parts' MD5s; with fast ETags it is as opaque as theirs.
    out.etag = to_hex(digest_of(digest_kind::md5, part_hashes)) + "-" +
               std::to_string(wanted.parts.size());
    if (u.sums) {
        out.sum = checksum_of_parts(u.sums->kind, u.sums->composite, sums);
    } else if (wanted.kind) {
        // The upload was begun without any.
        out.sum = checksum{*wanted.kind, false, to_base64(digest_of(*wanted.kind, out.content))};
    }
    if (!wanted.sum.empty() && out.sum && !same_sum(wanted.sum, *out.sum)) {
        return {s3_code::bad_digest, "The " + std::string(describe(out.sum->kind).name) +
                                         " you specified did not match the calculated checksum."};
    }
    return {};
}

void upload_table::add(std::shared_ptr<upload> started) {
    const std::lock_guard lock(mutex_);
    std::string id = started->id;
    open_.emplace(std::move(id), std::move(started));
}

std::shared_ptr<upload> upload_table::find(std::string_view id, std::string_view key) const {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(id);
    return found == open_.end() || found->second->begun.key != key ? nullptr : found->second;
}

bool upload_table::take(const upload& u) {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(u.id);
    if (found == open_.end() || found->second.get() != &u) return false;
    open_.erase(found);
    return true;
}

void upload_table::remember(const std::string& id, completed_upload done) {
    const std::lock_guard lock(mutex_);
    completed_.emplace_back(id, std::move(done));
    if (completed_.size() > completed_max) completed_.pop_front();
}

std::optional<completed_upload> upload_table::completed(std::string_view id,
                                                        std::string_view key) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [its_id, done] : completed_) {
        if (its_id == id && done.key == key) return done;
    }
    return std::nullopt;
}

std::vector<std::shared_ptr<upload>> upload_table::list() const {
    std::vector<std::shared_ptr<upload>> out;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, u] : open_)
            out.push_back(u);
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
        return a->begun.key != b->begun.key ? a->begun.key < b->begun.key : a->id < b->id;
    });
    return out;
}

std::size_t upload_table::size() const {
    const std::lock_guard lock(mutex_);
    return open_.size();
}

}  // namespace chopsticks::endpoint
