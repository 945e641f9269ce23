#pragma once
/// \file
/// What of an operation's request is not the same each time, or depends on the options; rows of the
/// table of operations name these.

#include <chopsticks/s3/protocol/request_form.hpp>
#include <string>

namespace chopsticks::s3 {

void write_range(request_text& to, const asked& what);
void write_list_query(request_text& to, const asked& what, std::string_view prefix);
void write_list_v1_query(request_text& to, const asked& what, std::string_view prefix);
void write_list_versions_query(request_text& to, const asked& what, std::string_view prefix);
void write_part_query(request_text& to, const asked& what, std::string_view);
void write_upload_query(request_text& to, const asked& what, std::string_view);
void write_version_query(request_text& to, const asked& what, std::string_view);
void write_part_number(request_text& to, const asked& what, std::string_view);
void write_list_uploads_query(request_text& to, const asked& what, std::string_view prefix);
void write_acl(request_text& to, const asked& what, const request_place&);
void write_storage_class(request_text& to, const asked& what, const request_place&);
void write_metadata(request_text& to, const asked& what, const request_place&);
void write_tagging(request_text& to, const asked& what, const request_place&);
void write_copy_source(request_text& to, const asked& what, const request_place& place);
/// The object's other name.
void write_rename_source(request_text& to, const asked& what, const request_place& place);
/// Of a part of an object; of a whole one nothing.
void write_copy_range(request_text& to, const asked& what, const request_place&);
// How an object is encrypted.

void write_encryption(request_text& to, const asked& what, const request_place&);
void write_kms_key(request_text& to, const asked& what, const request_place&);
void write_customer_algorithm(request_text& to, const asked& what, const request_place&);
void write_customer_key(request_text& to, const asked& what, const request_place& place);
void write_customer_key_md5(request_text& to, const asked& what, const request_place& place);
void write_restore_status(request_text& to, const asked& what, const request_place&);
/// Where what is sent goes behind what is there: as RGW wants it, or as S3 does.
void write_append_query(request_text& to, const asked& what, std::string_view);
void write_append_offset(request_text& to, const asked& what, const request_place&);
/// Of a bucket that can lock objects.
void write_object_lock(request_text& to, const asked& what, const request_place&);
void write_retention_body(std::string& to, const asked& what);
void write_legal_hold_body(std::string& to, const asked& what);
void write_delete_body(std::string& to, const asked& what);
std::string location_of(const request_options& options);
std::string bucket_tags(const request_options&);
std::string versioning_enabled(const request_options&);

// How made buckets are set up (bucket_documents.cpp).

std::string versioning_suspended(const request_options&);
std::string bucket_lifecycle(const request_options&);
std::string bucket_encryption(const request_options&);
std::string public_access_block(const request_options&);
std::string ownership_controls(const request_options&);
std::string bucket_cors(const request_options&);
std::string bucket_object_lock(const request_options&);
/// JSON; names asked::bucket.
void write_bucket_policy(std::string& to, const asked& what);

}  // namespace chopsticks::s3
