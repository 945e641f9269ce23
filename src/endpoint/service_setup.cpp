// How buckets are set up, where that needs nothing here: what is so anyway can be asked for, and
// what is never there can be removed.

#include <pugixml.hpp>

#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

bool blocks_all(const pugi::xml_node& root) {
    for (const char* name :
         {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}) {
        if (std::string_view(root.child_value(name)) != "true") return false;
    }
    return true;
}

}  // namespace

void service::confirm_setup(exchange& x) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(x.text_.data(), x.text_.size());
    const auto block = document.child("PublicAccessBlockConfiguration");
    const auto owners = document.child("OwnershipControls");
    const bool of_block = x.head.parameter("publicAccessBlock") != nullptr;
    if (!parsed || (of_block ? !block : !owners)) return refuse(x, s3_code::malformed_xml);
    if (of_block && !blocks_all(block)) {
        return refuse(x, s3_code::not_implemented,
                      "Not implemented here: public access, which is always blocked");
    }
    const std::string_view owner = owners.child("Rule").child_value("ObjectOwnership");
    if (!of_block && owner != "BucketOwnerEnforced") {
        return refuse(x, s3_code::not_implemented,
                      "Not implemented here: objects of others than the bucket's owner");
    }
}

void service::delete_absent_setup(exchange& x) {
    x.answer.status = 204;
    x.answer.body_follows = false;
}

}  // namespace chopsticks::endpoint
