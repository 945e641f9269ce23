#pragma once
/// \file
/// Fields and parameters that several rows of the table of operations have.

#include <chopsticks/s3/protocol/operation.hpp>

#include "request_parts.hpp"

namespace chopsticks::s3 {

inline constexpr signed_field acl_field{
    .name = "x-amz-acl", .write = write_acl, .may_be_absent = true};
inline constexpr signed_field metadata_field{
    .name = "x-amz-meta-chopsticks", .write = write_metadata, .may_be_absent = true};
inline constexpr signed_field storage_class_field{
    .name = "x-amz-storage-class", .write = write_storage_class, .may_be_absent = true};
inline constexpr signed_field tagging_field{
    .name = "x-amz-tagging", .write = write_tagging, .may_be_absent = true};

inline constexpr signed_field encryption_field{
    .name = "x-amz-server-side-encryption", .write = write_encryption, .may_be_absent = true};
inline constexpr signed_field kms_key_field{.name = "x-amz-server-side-encryption-aws-kms-key-id",
                                            .write = write_kms_key,
                                            .may_be_absent = true};
inline constexpr signed_field customer_algorithm_field{
    .name = "x-amz-server-side-encryption-customer-algorithm",
    .write = write_customer_algorithm,
    .may_be_absent = true};
inline constexpr signed_field customer_key_field{
    .name = "x-amz-server-side-encryption-customer-key",
    .write = write_customer_key,
    .may_be_absent = true};
inline constexpr signed_field customer_key_md5_field{
    .name = "x-amz-server-side-encryption-customer-key-md5",
    .write = write_customer_key_md5,
    .may_be_absent = true};

inline constexpr asked_parameter with_encryption{.name = "encryption",
                                                 .text = &object_fields::encryption};
inline constexpr asked_parameter with_kms_key{.name = "kms_key", .text = &object_fields::kms_key};
inline constexpr asked_parameter is_conditional{.name = "conditional", .flag = &asked::conditional};
inline constexpr asked_parameter with_acl{.name = "acl", .text = &object_fields::acl};
inline constexpr asked_parameter with_metadata{.name = "metadata",
                                               .filler = &object_fields::metadata};
inline constexpr asked_parameter with_storage_class{.name = "storage_class",
                                                    .text = &object_fields::storage_class};
inline constexpr asked_parameter with_tags{.name = "tags", .number = &object_fields::tags};
inline constexpr asked_parameter with_max_keys{.name = "max_keys", .count = &asked::max_keys};
inline constexpr asked_parameter with_pages{.name = "pages", .count = &asked::pages};
inline constexpr asked_parameter of_directory{.name = "directory", .flag = &asked::one_directory};
inline constexpr asked_parameter is_delimited{.name = "delimiter", .flag = &asked::delimited};
inline constexpr asked_parameter behind_a_key{.name = "start_after", .flag = &asked::behind_a_key};

inline constexpr expected_refusal not_met{412, "PreconditionFailed"};

}  // namespace chopsticks::s3
