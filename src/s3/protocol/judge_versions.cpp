// What is asked of answers about versions that are named, and about uploads that are under way.

#include <algorithm>
#include <chopsticks/s3/protocol/multipart.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstdio>

#include "judge.hpp"

namespace chopsticks::s3 {

namespace {

/// Parts that a page of ListParts has at most.
constexpr std::size_t listed_parts_most = 1000;

/// Whether the answer is about the version that was named.
bool is_of_version(const asked& what, const answer& a, failure& out) {
    if (a.version_size > 0 && a.version_text() == what.version_id) return true;
    char text[sizeof failure::text];
    const unsigned long long object = what.object;
    if (a.version_size == 0) {
        std::snprintf(text, sizeof text,
                      "object %llu: the answer names no version where one was asked for: the "
                      "service took the latest",
                      object);
        out.set(op_status::bad_response, "VersionIgnored", text);
    } else {
        std::snprintf(text, sizeof text, "object %llu: an answer about the version %.*s, not %.*s",
                      object, static_cast<int>(std::min<std::size_t>(a.version_size, 32)),
                      a.version,
                      static_cast<int>(std::min<std::size_t>(what.version_id.size(), 32)),
                      what.version_id.data());
        out.set(op_status::corrupt, "WrongVersion", text);
    }
    return false;
}

}  // namespace

std::uint64_t judge_get_version(const operation_row& row, const asked& what, const answer& a,
                                etag_memory& etags, failure& out) {
    if (is_of_version(what, a, out)) return judge_get(row, what, a, etags, out);
    return a.received;
}

std::uint64_t judge_head_version(const operation_row& row, const asked& what, const answer& a,
                                 etag_memory& etags, failure& out) {
    if (is_of_version(what, a, out)) judge_head(row, what, a, etags, out);
    return 0;
}

std::uint64_t judge_version_removed(const operation_row& row, const asked& what, const answer& a,
                                    etag_memory&, failure& out) {
    if (succeeded(row, a, out)) is_of_version(what, a, out);
    return 0;
}

std::uint64_t judge_marker(const operation_row& row, const asked&, const answer& a, etag_memory&,
                           failure& out) {
    if (!succeeded(row, a, out) || (a.is_marker && a.version_size > 0)) return 0;
    out.set(op_status::bad_response, "NoMarker",
            "the delete made no delete marker: the bucket keeps no versions");
    return 0;
}

std::uint64_t judge_copied_part(const operation_row& row, const asked&, const answer& a,
                                etag_memory&, failure& out) {
    if (!is_document(row, a, out)) return 0;
    if (copied_part_tag(a.text).size == 0) {
        out.set(op_status::bad_response, "NoETag",
                "the answer to a copied part has no ETag to complete the upload with");
    }
    return 0;
}

std::uint64_t judge_piece(const operation_row& row, const asked& what, const answer& a,
                          etag_memory&, failure& out) {
    return succeeded(row, a, out) ? what.part_bytes() : 0;
}

std::uint64_t judge_parts_listed(const operation_row& row, const asked& what, const answer& a,
                                 etag_memory&, failure& out) {
    if (!is_document(row, a, out)) return 0;
    std::string_view left = find_xml_root(a.text).inside;
    std::size_t parts = 0;
    while (take_element(left, "Part"))
        ++parts;
    const std::size_t wanted = std::min<std::size_t>(what.parts, listed_parts_most);
    if (parts == wanted) return 0;
    char text[sizeof failure::text];
    std::snprintf(text, sizeof text, "the upload has %zu parts listed where %u were sent", parts,
                  what.parts);
    out.set(op_status::bad_response, "PartsMissing", text);
    return 0;
}

}  // namespace chopsticks::s3
