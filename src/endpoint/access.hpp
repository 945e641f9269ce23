#pragma once
// Who may do what to a bucket or an object: access control lists, ownership, and the block of
// public access. Plain values.
//
// Source: Amazon S3 User Guide, "Access control list (ACL) overview", "Controlling ownership of
// objects" and "Blocking public access".

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "request.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

/// What a grant allows; bits.
enum permission : std::uint8_t {
    may_nothing = 0,
    may_read = 1,
    may_write = 2,
    may_read_acl = 4,
    may_write_acl = 8,
    may_all = 15,
};

/// Everybody, and whoever signs.
constexpr std::string_view all_users = "http://acs.amazonaws.com/groups/global/AllUsers";
constexpr std::string_view signed_users =
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

/// The owner of what is written without a signature.
constexpr std::string_view nobody = "65a011a29cdf8ec533ec3d1ccaae921c";

struct grant {
    std::string to;  ///< a user's id, or one of the groups above
    permission what = may_nothing;
};

struct access_list {
    std::string owner;
    std::vector<grant> grants;
};

/// The owner's full control, and nothing else.
access_list private_to(std::string_view owner);

/// Whether any of its grants is to a group.
bool is_public(const access_list& list) noexcept;

/// Whether somebody may do all of `wanted`. `who` is a user's id; empty: nobody signed. The owner
/// may always read and write the list itself. `groups`: grants to them count.
bool allows(const access_list& list, std::string_view who, permission wanted, bool groups) noexcept;

/// Whose objects are that others write.
enum class ownership : std::uint8_t {
    object_writer,           ///< whoever writes them
    bucket_owner_preferred,  ///< the bucket's owner, if the writer grants the owner full control
    bucket_owner_enforced,   ///< the bucket's owner; lists have no effect
};

std::string_view name(ownership o) noexcept;
std::optional<ownership> ownership_named(std::string_view name) noexcept;

struct public_block {
    bool block_acls = false;   ///< lists that are public are refused
    bool ignore_acls = false;  ///< grants to groups do not count
    bool block_policy = false;
    bool restrict_buckets = false;
};

struct bucket_policy;

/// All that is said of a bucket's access.
struct bucket_access {
    access_list list;
    ownership owners = ownership::object_writer;
    std::optional<public_block> block;
    std::shared_ptr<const bucket_policy> policy = nullptr;  ///< null: none
};

/// Whether there is a user of that id.
using user_known = std::function<bool(std::string_view)>;

/// Whose list a request sets.
struct list_subject {
    std::string owner;
    std::string bucket_owner;
    bool of_bucket = false;
};

/// Whether a request has a field that sets a list.
bool names_list(const request& r) noexcept;

/// The list that x-amz-acl or x-amz-grant-* of a request say.
s3_refusal read_list(const request& r, const list_subject& of, const user_known& known,
                     access_list& out);

/// Documents <AccessControlPolicy>, <OwnershipControls> and <PublicAccessBlockConfiguration>.
s3_refusal read_list(std::string_view text, const list_subject& of, const user_known& known,
                     access_list& out);
std::string list_document(const access_list& list);
std::optional<ownership> read_ownership(std::string_view text);
std::string ownership_document(ownership o);
std::optional<public_block> read_block(std::string_view text);
std::string block_document(const public_block& b);

}  // namespace chopsticks::endpoint
