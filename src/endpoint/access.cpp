#include "access.hpp"

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <utility>

#include "xml_text.hpp"

namespace chopsticks::endpoint {

namespace {

struct permission_name {
    permission what;
    std::string_view name;   ///< in documents
    std::string_view field;  ///< of a request
};
constexpr std::array<permission_name, 5> permission_names = {{
    {may_read, "READ", "x-amz-grant-read"},
    {may_write, "WRITE", "x-amz-grant-write"},
    {may_read_acl, "READ_ACP", "x-amz-grant-read-acp"},
    {may_write_acl, "WRITE_ACP", "x-amz-grant-write-acp"},
    {may_all, "FULL_CONTROL", "x-amz-grant-full-control"},
}};

constexpr std::array<std::string_view, 3> ownership_names = {"ObjectWriter", "BucketOwnerPreferred",
                                                             "BucketOwnerEnforced"};

/// Lists by name that need what is not here: an archive of logs, and machine images.
constexpr std::array<std::string_view, 2> unserved_canned = {"log-delivery-write", "aws-exec-read"};

constexpr std::size_t grants_max = 100;

bool is_group(std::string_view grantee) noexcept {
    return grantee == all_users || grantee == signed_users;
}

s3_refusal check_group(std::string_view uri) {
    if (is_group(uri)) return {};
    if (uri.ends_with("/s3/LogDelivery")) {
        return {s3_code::not_implemented, "Not implemented here: grants to the group LogDelivery"};
    }
    return {s3_code::invalid_argument, "Invalid group uri"};
}

s3_refusal unknown_user() {
    return {s3_code::invalid_argument, "Invalid id"};
}

/// Users here have no mail addresses.
s3_refusal unknown_address() {
    return {s3_code::unresolvable_address, {}};
}

/// The list of that name; nothing if there is none.
s3_refusal read_canned(std::string_view canned, const list_subject& of, access_list& out) {
    out.owner = of.owner;
    // Groups come first, as the answers of Ceph have it; the order means nothing.
    const bool shared = !of.of_bucket && of.bucket_owner != of.owner;
    if (canned == "public-read" || canned == "public-read-write") {
        out.grants.push_back({std::string(all_users), may_read});
        if (canned == "public-read-write")
            out.grants.push_back({std::string(all_users), may_write});
    } else if (canned == "authenticated-read") {
        out.grants.push_back({std::string(signed_users), may_read});
    } else if (canned == "bucket-owner-read") {
        if (shared) out.grants.push_back({of.bucket_owner, may_read});
    } else if (canned == "bucket-owner-full-control") {
        if (shared) out.grants.push_back({of.bucket_owner, may_all});
    } else if (std::find(unserved_canned.begin(), unserved_canned.end(), canned) !=
               unserved_canned.end()) {
        return {s3_code::not_implemented,
                "Not implemented here: the header x-amz-acl: " + std::string(canned)};
    } else if (canned != "private") {
        return {s3_code::invalid_argument, "The canned access control list is none that S3 knows"};
    }
    out.grants.push_back({of.owner, may_all});
    return {};
}

/// One grantee of a field: id="...", uri="..." or emailAddress="...".
s3_refusal read_grantee(std::string_view text, permission what, const user_known& known,
                        access_list& out) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
        return {s3_code::invalid_argument, "Argument format not recognized"};
    }
    const std::string_view kind = trimmed(text.substr(0, equals));
    const std::string_view value = unquoted(text.substr(equals + 1));
    if (same_name(kind, "emailAddress")) return unknown_address();
    if (same_name(kind, "uri")) {
        if (s3_refusal wrong = check_group(value)) return wrong;
    } else if (!same_name(kind, "id")) {
        return {s3_code::invalid_argument, "Argument format not recognized"};
    } else if (!known(value)) {
        return unknown_user();
    }
    out.grants.push_back({std::string(value), what});
    return {};
}

s3_refusal read_grant(const pugi::xml_node& node, const user_known& known, access_list& out) {
    const std::string_view what = node.child_value("Permission");
    const auto named = std::find_if(permission_names.begin(), permission_names.end(),
                                    [&](const permission_name& n) { return n.name == what; });
    const auto grantee = node.child("Grantee");
    if (named == permission_names.end() || !grantee) return {s3_code::malformed_xml, {}};
    if (grantee.child("EmailAddress")) return unknown_address();
    const bool group = grantee.child("URI");
    const std::string_view to = grantee.child_value(group ? "URI" : "ID");
    if (to.empty()) return {s3_code::malformed_xml, {}};
    if (group) {
        if (s3_refusal wrong = check_group(to)) return wrong;
    } else if (!known(to)) {
        return unknown_user();
    }
    out.grants.push_back({std::string(to), named->what});
    return {};
}

void append_grant(xml_text& xml, const grant& g) {
    const bool group = is_group(g.to);
    xml.open("Grant");
    xml.raw("<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"");
    xml.raw(group ? "Group\">" : "CanonicalUser\">");
    if (group) {
        xml.element("URI", g.to);
    } else {
        xml.element("ID", g.to);
        xml.element("DisplayName", g.to);
    }
    xml.close("Grantee");
    for (const permission_name& n : permission_names) {
        if (n.what == g.what) xml.element("Permission", n.name);
    }
    xml.close("Grant");
}

}  // namespace

access_list private_to(std::string_view owner) {
    return {std::string(owner), {{std::string(owner), may_all}}};
}

bool is_public(const access_list& list) noexcept {
    return std::any_of(list.grants.begin(), list.grants.end(),
                       [](const grant& g) { return is_group(g.to); });
}

bool allows(const access_list& list, std::string_view who, permission wanted,
            bool groups) noexcept {
    unsigned may = may_nothing;
    if (!who.empty() && who == list.owner) may = may_read_acl | may_write_acl;
    for (const grant& g : list.grants) {
        const bool meant = g.to == all_users      ? groups
                           : g.to == signed_users ? groups && !who.empty()
                                                  : !who.empty() && g.to == who;
        if (meant) may |= g.what;
    }
    return (may & wanted) == wanted;
}

std::string_view name(ownership o) noexcept {
    return ownership_names[static_cast<std::size_t>(o)];
}

std::optional<ownership> ownership_named(std::string_view name) noexcept {
    const auto found = std::find(ownership_names.begin(), ownership_names.end(), name);
    if (found == ownership_names.end()) return std::nullopt;
    return static_cast<ownership>(found - ownership_names.begin());
}

bool names_list(const request& r) noexcept {
    return std::any_of(r.headers.begin(), r.headers.end(), [](const s3::name_value& h) {
        const std::string_view field = h.name;
        constexpr std::size_t first = 6;  // behind x-amz-
        if (field.size() <= first + 2) return false;
        const char c = lower_char(field[first]);
        if (c != 'a' && c != 'g') return false;
        return same_name(field, "x-amz-acl") ||
               (field.size() > 12 && same_name(field.substr(0, 12), "x-amz-grant-"));
    });
}

s3_refusal read_list(const request& r, const list_subject& of, const user_known& known,
                     access_list& out) {
    const std::string* canned = r.header("x-amz-acl");
    for (const permission_name& n : permission_names) {
        const std::string* field = r.header(n.field);
        if (field == nullptr) continue;
        if (canned != nullptr) {
            return {s3_code::invalid_request,
                    "Specifying both Canned ACLs and Header Grants is not allowed"};
        }
        std::string_view left = *field;
        while (!left.empty()) {
            const std::size_t comma = left.find(',');
            if (s3_refusal wrong = read_grantee(left.substr(0, comma), n.what, known, out)) {
                return wrong;
            }
            left = comma == std::string_view::npos ? std::string_view() : left.substr(comma + 1);
        }
    }
    if (canned != nullptr) return read_canned(trimmed(*canned), of, out);
    out.owner = of.owner;
    return {};
}

s3_refusal read_list(std::string_view text, const list_subject& of, const user_known& known,
                     access_list& out) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    const auto policy = document.child("AccessControlPolicy");
    const auto list = policy.child("AccessControlList");
    if (!parsed || !list) return {s3_code::malformed_xml, {}};
    const std::string_view owner = policy.child("Owner").child_value("ID");
    // A list does not give away what it is of.
    if (!owner.empty() && owner != of.owner) return {s3_code::access_denied, {}};
    out.owner = of.owner;
    for (const auto& node : list.children("Grant")) {
        if (out.grants.size() == grants_max) return {s3_code::malformed_xml, {}};
        if (s3_refusal wrong = read_grant(node, known, out)) return wrong;
    }
    return {};
}

std::string list_document(const access_list& list) {
    xml_text xml("AccessControlPolicy");
    xml.open("Owner");
    xml.element("ID", list.owner);
    xml.element("DisplayName", list.owner);
    xml.close("Owner");
    xml.open("AccessControlList");
    for (const grant& g : list.grants)
        append_grant(xml, g);
    xml.close("AccessControlList");
    return xml.finish();
}

std::optional<ownership> read_ownership(std::string_view text) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    const auto rule = document.child("OwnershipControls").child("Rule");
    if (!parsed || !rule) return std::nullopt;
    return ownership_named(rule.child_value("ObjectOwnership"));
}

std::string ownership_document(ownership o) {
    xml_text xml("OwnershipControls");
    xml.open("Rule");
    xml.element("ObjectOwnership", name(o));
    xml.close("Rule");
    return xml.finish();
}

std::optional<public_block> read_block(std::string_view text) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    const auto root = document.child("PublicAccessBlockConfiguration");
    if (!parsed || !root) return std::nullopt;
    const auto set = [&](const char* element) {
        return same_name(trimmed(root.child_value(element)), "true");
    };
    return public_block{set("BlockPublicAcls"), set("IgnorePublicAcls"), set("BlockPublicPolicy"),
                        set("RestrictPublicBuckets")};
}

std::string block_document(const public_block& b) {
    xml_text xml("PublicAccessBlockConfiguration");
    xml.element("BlockPublicAcls", b.block_acls);
    xml.element("IgnorePublicAcls", b.ignore_acls);
    xml.element("BlockPublicPolicy", b.block_policy);
    xml.element("RestrictPublicBuckets", b.restrict_buckets);
    return xml.finish();
}

}  // namespace chopsticks::endpoint
