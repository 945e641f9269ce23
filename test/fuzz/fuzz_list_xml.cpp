/// \file
/// Listings and the other XML of a server. The first byte says where the input is cut in two.

#include <chopsticks/s3/protocol/inventory.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <cstdlib>

using namespace chopsticks::s3;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    list_scanner at_once;
    at_once.feed(body);
    list_scanner in_two;
    const std::size_t cut = body.size() * data[0] / 256;
    in_two.feed(body.substr(0, cut));
    in_two.feed(body.substr(cut));
    if (in_two.current() != at_once.current() || in_two.keys() != at_once.keys()) std::abort();
    if (at_once.current() == list_scanner::state::complete &&
        (in_two.first_key() != at_once.first_key() || in_two.token() != at_once.token()))
        std::abort();
    (void)parse_list(body);
    (void)parse_versions(body);
    (void)parse_uploads(body);
    (void)parse_bucket_page(body);
    (void)parse_deletion(body);
    bucket_rules rules;
    (void)parse_versioning(body, rules);
    (void)parse_object_lock(body, rules);
    return 0;
}
