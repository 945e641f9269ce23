#pragma once
/// \file
/// Rows of the workload's description, a file for each kind, and what they share.

#include <chopsticks/scenario/workload.hpp>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

/// On versions that are named and parts of objects, and copies under a condition.
std::vector<scenario::catalogue::operation> version_operations();
/// Uploads in parts that are no plain put.
std::vector<scenario::catalogue::operation> upload_operations();
/// Locks of objects.
std::vector<scenario::catalogue::operation> lock_operations();
/// Objects in an archive.
std::vector<scenario::catalogue::operation> archive_operations();
/// How buckets that create_bucket made are set up.
std::vector<scenario::catalogue::operation> bucket_operations();

/// One request about an object, or about nothing that the engine knows; it carries no content and
/// can be repeated from a recording.
scenario::catalogue::operation plain(std::string_view name, std::string_view description,
                                     scenario::subject_use use,
                                     std::vector<std::string_view> aliases,
                                     std::vector<scenario::catalogue::parameter> with = {});
scenario::catalogue::parameter range_parameter();
scenario::catalogue::parameter overwrite_parameter();
/// Of what is read: the other ways to encrypt need nothing for it.
scenario::catalogue::parameter customer_key_parameter();
std::vector<scenario::catalogue::parameter> multipart_parameters();

}  // namespace chopsticks::s3
