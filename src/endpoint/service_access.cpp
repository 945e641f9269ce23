// Who may do what, and what changes it.

#include <algorithm>

#include "access.hpp"
#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

bool only_owner(const access_list& list) {
    return list.grants.size() == 1 && list.grants.front().to == list.owner &&
           list.grants.front().what == may_all;
}

bool ignores_groups(const bucket_access* access) {
    return access != nullptr && access->block && access->block->ignore_acls;
}

bool enforces_owner(const bucket_access* access) {
    return access != nullptr && access->owners == ownership::bucket_owner_enforced;
}

/// Lists that only the owner's full control is in have no need to be kept.
std::shared_ptr<const access_list> kept(access_list list, const std::string& bucket_owner) {
    if (list.owner == bucket_owner && only_owner(list)) return nullptr;
    return std::make_shared<const access_list>(std::move(list));
}

/// What a bucket says to a list that somebody wants to set.
s3_refusal check_list(const bucket_access* access, const access_list& list,
                      const std::string& bucket_owner) {
    if (enforces_owner(access)) {
        const bool of_owner =
            std::all_of(list.grants.begin(), list.grants.end(), [&](const grant& g) {
                return g.what == may_all && (g.to == bucket_owner || g.to == list.owner);
            });
        if (!of_owner) return {s3_code::acl_not_supported, {}};
    }
    if (access != nullptr && access->block && access->block->block_acls && is_public(list)) {
        return {s3_code::access_denied, "Public access control lists are blocked by the bucket"};
    }
    return {};
}

}  // namespace

bool service::user_exists(std::string_view id) const {
    return id == options_.access_key ||
           std::any_of(options_.more_users.begin(), options_.more_users.end(),
                       [&](const endpoint_user& u) { return u.access_key == id; });
}

bool service::may_use(const exchange& x, permission what) const {
    const std::string& who = x.auth.claims.access_key;
    if (!x.access_ || what == may_nothing || enforces_owner(x.access_.get())) {
        return who == x.bucket_->facts().owner;
    }
    return allows(x.access_->list, who, what, !ignores_groups(x.access_.get()));
}

bool service::may_use(const exchange& x, const bucket& in, const object_state& o,
                      permission what) const {
    const std::string& who = x.auth.claims.access_key;
    if (!o.access) return who == in.facts().owner;
    const auto access = in.access();
    if (enforces_owner(access.get())) return who == in.facts().owner;
    return allows(*o.access, who, what, !ignores_groups(access.get()));
}

const std::string& service::owner_of(const bucket& in, const object_state& o) const {
    return o.access && !enforces_owner(in.access().get()) ? o.access->owner : in.facts().owner;
}

bool service::apply_access(exchange& x, object_state& made) const {
    const std::string& bucket_owner = x.bucket_->facts().owner;
    const bool named = names_list(x.head);
    if (!named && x.auth.claims.access_key == bucket_owner) return true;
    const std::string who = owner_of(x);
    const auto access = x.bucket_->access();
    access_list list = private_to(who);
    if (named) {
        list = {};
        s3_refusal wrong = read_list(
            x.head, {who, bucket_owner, false},
            [this](std::string_view id) { return user_exists(id); }, list);
        if (!wrong) wrong = check_list(access.get(), list, bucket_owner);
        if (wrong) {
            refuse(x, wrong.code, wrong.text);
            return false;
        }
    }
    if (enforces_owner(access.get())) return true;
    const bool handed_over =
        access && access->owners == ownership::bucket_owner_preferred &&
        trimmed(x.head.header_or("x-amz-acl", "")) == "bucket-owner-full-control";
    if (!handed_over) made.access = kept(std::move(list), bucket_owner);
    return true;
}

s3_refusal service::access_of_new(const exchange& x, std::optional<bucket_access>& out) const {
    const std::string* said = x.head.header("x-amz-object-ownership");
    const bool named = names_list(x.head);
    if (said == nullptr && !named) return {};
    const std::string who = owner_of(x);
    out = bucket_access{private_to(who), {}, {}};
    if (said != nullptr) {
        const auto owners = ownership_named(trimmed(*said));
        if (!owners) return {s3_code::invalid_argument, "Invalid x-amz-object-ownership header"};
        out->owners = *owners;
    }
    if (!named) return {};
    out->list = {};
    s3_refusal wrong = read_list(
        x.head, {who, who, true}, [this](std::string_view id) { return user_exists(id); },
        out->list);
    if (!wrong && out->owners == ownership::bucket_owner_enforced && !only_owner(out->list)) {
        wrong = {s3_code::acl_with_ownership, {}};
    }
    return wrong;
}

void service::bucket_acl(exchange& x) {
    const std::string& owner = x.bucket_->facts().owner;
    const bool has = x.access_ && !enforces_owner(x.access_.get());
    x.answer.xml(list_document(has ? x.access_->list : private_to(owner)));
}

void service::object_acl(exchange& x) {
    const auto found = find_version(x);
    if (!found) return;
    say_version(x, *found);
    const bool has = found->access && !enforces_owner(x.access_.get());
    x.answer.xml(list_document(has ? *found->access : private_to(x.bucket_->facts().owner)));
}

void service::grant_access(exchange& x) {
    const std::string& bucket_owner = x.bucket_->facts().owner;
    std::shared_ptr<const object> found;
    if (!x.head.key.empty()) {
        found = find_version(x);
        if (!found) return;
    }
    const list_subject of{found ? owner_of(*x.bucket_, *found) : bucket_owner, bucket_owner,
                          !found};
    const auto known = [this](std::string_view id) { return user_exists(id); };
    access_list list;
    s3_refusal wrong = names_list(x.head) ? read_list(x.head, of, known, list)
                                          : read_list(x.text_, of, known, list);
    if (!wrong) wrong = check_list(x.access_.get(), list, bucket_owner);
    if (wrong) return refuse(x, wrong.code, wrong.text);
    if (!found) return x.bucket_->set_access([&](bucket_access& a) { a.list = std::move(list); });
    const auto made = kept(std::move(list), bucket_owner);
    std::string version;
    const s3_code code = x.bucket_->change(x.head.key, x.version_, [&](object_state& o) {
        o.access = made;
        version = o.version_name();
    });
    if (code != s3_code::none) return refuse(x, code);
    if (x.bucket_->versions() != versioning::never) x.answer.field("x-amz-version-id", version);
}

void service::set_ownership(exchange& x) {
    ownership owners = ownership::object_writer;
    if (x.head.method == "PUT") {
        const auto said = read_ownership(x.text_);
        if (!said) return refuse(x, s3_code::malformed_xml);
        owners = *said;
    }
    bool fits = true;
    x.bucket_->set_access([&](bucket_access& a) {
        fits = owners != ownership::bucket_owner_enforced || only_owner(a.list);
        if (fits) a.owners = owners;
    });
    if (!fits) return refuse(x, s3_code::acl_with_ownership);
    if (x.head.method == "DELETE") no_content(x);
}

void service::set_public_block(exchange& x) {
    std::optional<public_block> block;
    if (x.head.method == "PUT") {
        block = read_block(x.text_);
        if (!block) return refuse(x, s3_code::malformed_xml);
    }
    x.bucket_->set_access([&](bucket_access& a) { a.block = block; });
    if (x.head.method == "DELETE") no_content(x);
}

void service::delete_absent_setup(exchange& x) {
    no_content(x);
}

void service::no_content(exchange& x) {
    x.answer.status = 204;
    x.answer.body_follows = false;
}

}  // namespace chopsticks::endpoint
