// Buckets themselves: made, told of, versioned, removed; and deletes of many objects at once.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <pugixml.hpp>

#include "service.hpp"
#include "tags.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::size_t delete_keys_max = 1000;

void append_error(xml_text& out, std::string_view key, std::string_view version,
                  std::string_view code, std::string_view message) {
    out.open("Error");
    out.element("Key", key);
    if (!version.empty()) out.element("VersionId", version);
    out.element("Code", code);
    out.element("Message", message);
    out.close("Error");
}

}  // namespace

void service::create_bucket(exchange& x) {
    if (!x.text_.empty()) {
        pugi::xml_document document;
        const auto parsed = document.load_buffer(x.text_.data(), x.text_.size());
        const auto configuration = document.child("CreateBucketConfiguration");
        if (!parsed || !configuration) return refuse(x, s3_code::malformed_xml);
        const std::string_view location = configuration.child_value("LocationConstraint");
        if (!location.empty() && location != options_.region) {
            return refuse(x, s3_code::location_constraint);
        }
    }
    const std::string_view locks = x.head.header_or("x-amz-bucket-object-lock-enabled", "false");
    if (!same_name(locks, "true") && !same_name(locks, "false")) {
        return refuse(x, s3_code::invalid_argument,
                      "x-amz-bucket-object-lock-enabled is true or false");
    }
    std::optional<bucket_access> access;
    if (const s3_refusal wrong = access_of_new(x, access)) return refuse(x, wrong.code, wrong.text);
    const s3_code code = store_.create({x.head.bucket, owner_of(x), wall_ns()});
    // To Ceph it is made already, and as it was.
    const bool again =
        code == s3_code::bucket_already_owned_by_you && options_.answers == dialect::ceph;
    if (code != s3_code::none && !again) return refuse(x, code);
    if (again) {
        // Nothing of what the request says is done to it.
    } else if (const auto made = store_.find(x.head.bucket)) {
        if (same_name(locks, "true")) {
            made->set_versions(versioning::enabled);
            made->set_lock({});
        }
        if (access) made->set_access([&](bucket_access& a) { a = std::move(*access); });
    }
    x.answer.field("Location", "/" + x.head.bucket);
}

void service::head_bucket(exchange& x) {
    x.answer.field("x-amz-bucket-region", options_.region);
    // As Ceph tells them.
    x.answer.field("x-rgw-object-count", std::to_string(x.bucket_->objects()));
    x.answer.field("x-rgw-bytes-used", std::to_string(x.bucket_->object_bytes()));
    x.answer.body_follows = false;
}

void service::delete_bucket(exchange& x) {
    const s3_code code = store_.remove(x.head.bucket);
    if (code != s3_code::none) return refuse(x, code);
    x.answer.status = 204;
    x.answer.body_follows = false;
}

void service::get_location(exchange& x) {
    std::string xml(xml_declaration);
    xml += "<LocationConstraint";
    xml += s3_namespace;
    xml += ">";
    // Of all regions this one is spelt as nothing.
    if (options_.region != "us-east-1") xml += options_.region;
    xml += "</LocationConstraint>";
    x.answer.xml(std::move(xml));
}

void service::bucket_property(exchange& x) {
    const request& r = x.head;
    const auto asked = [&](std::string_view name) { return r.parameter(name) != nullptr; };
    if (asked("policy") || asked("policyStatus")) return get_policy(x);
    if (asked("replication")) {
        return refuse(x, 404, "ReplicationConfigurationNotFoundError",
                      "The replication configuration was not found");
    }
    if (asked("cors")) {
        const auto rules = x.bucket_->cors();
        if (!rules) return refuse(x, s3_code::no_such_cors);
        return x.answer.xml(cors_document(*rules));
    }
    if (asked("encryption")) {
        const encryption_ref by_default = x.bucket_->encrypted();
        if (!by_default) return refuse(x, s3_code::no_such_encryption);
        return x.answer.xml(default_document(*by_default));
    }
    if (asked("lifecycle")) return refuse(x, s3_code::no_such_lifecycle);
    if (asked("object-lock")) {
        const auto rule = x.bucket_->lock();
        if (!rule) return refuse(x, s3_code::no_such_object_lock);
        return x.answer.xml(configuration_document(*rule));
    }
    if (asked("website")) return refuse(x, s3_code::no_such_website);
    if (asked("tagging")) {
        const tag_set tags = x.bucket_->tags();
        if (tags.empty()) return refuse(x, s3_code::no_such_tag_set);
        return x.answer.xml(tag_document(tags));
    }
    if (asked("versioning")) {
        xml_text xml("VersioningConfiguration");
        const versioning now = x.bucket_->versions();
        if (now != versioning::never) {
            xml.element("Status", now == versioning::enabled ? "Enabled" : "Suspended");
        }
        return x.answer.xml(xml.finish());
    }
    if (asked("ownershipControls")) {
        return x.answer.xml(
            ownership_document(x.access_ ? x.access_->owners : ownership::object_writer));
    }
    if (asked("publicAccessBlock")) {
        if (!x.access_ || !x.access_->block) return refuse(x, s3_code::no_such_public_block);
        return x.answer.xml(block_document(*x.access_->block));
    }
    if (asked("requestPayment")) {
        xml_text xml("RequestPaymentConfiguration");
        xml.element("Payer", "BucketOwner");
        return x.answer.xml(xml.finish());
    }
    if (asked("notification")) return x.answer.xml(xml_text("NotificationConfiguration").finish());
    if (asked("accelerate")) return x.answer.xml(xml_text("AccelerateConfiguration").finish());
    if (asked("logging")) return x.answer.xml(xml_text("BucketLoggingStatus").finish());
    refuse(x, s3_code::not_implemented);
}

void service::set_versioning(exchange& x) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(x.text_.data(), x.text_.size());
    const auto root = document.child("VersioningConfiguration");
    const std::string_view status = root.child_value("Status");
    if (!parsed || (status != "Enabled" && status != "Suspended")) {
        return refuse(x, s3_code::malformed_xml);
    }
    if (std::string_view(root.child_value("MfaDelete")) == "Enabled") {
        return refuse(x, s3_code::not_implemented, "Not implemented here: MfaDelete");
    }
    if (status == "Suspended" && x.bucket_->lock()) {
        return refuse(x, s3_code::invalid_bucket_state,
                      "An Object Lock configuration is present on this bucket, so the versioning "
                      "state cannot be changed.");
    }
    x.bucket_->set_versions(status == "Enabled" ? versioning::enabled : versioning::suspended);
}

void service::set_bucket_tags(exchange& x) {
    tag_set tags;
    if (const s3_refusal wrong = read_tag_document(x.text_, bucket_tags_max, tags)) {
        return refuse(x, wrong.code, wrong.text);
    }
    x.bucket_->set_tags(std::move(tags));
    x.answer.status = 204;
    x.answer.body_follows = false;
}

void service::delete_bucket_tags(exchange& x) {
    x.bucket_->set_tags({});
    no_content(x);
}

void service::set_bucket_encryption(exchange& x) {
    encryption_ref by_default;
    if (const s3_refusal wrong = read_default(x.text_, by_default)) {
        return refuse(x, wrong.code, wrong.text);
    }
    x.bucket_->set_encrypted(std::move(by_default));
}

void service::delete_bucket_encryption(exchange& x) {
    x.bucket_->set_encrypted(nullptr);
    no_content(x);
}

void service::delete_one(exchange& x, const pugi::xml_node& item, bool quiet, xml_text& out) {
    const std::string_view key = item.child_value("Key");
    removal what;
    what.version = item.child_value("VersionId");
    what.if_match = unquoted(item.child_value("ETag"));
    what.now_ns = wall_ns();
    what.bypass = bypasses(x.head);
    const auto failed = [&](s3_code code, std::string_view message) {
        const s3_error_text& text = describe(code, options_.answers);
        append_error(out, key, what.version, text.code, message.empty() ? text.message : message);
    };
    if (item.child("LastModifiedTime") || item.child("Size")) {
        return failed(s3_code::not_implemented, "Only an ETag can be a condition here");
    }
    if (!what.version.empty() && what.version != null_version && !is_opaque_id(what.version)) {
        return failed(s3_code::no_such_version, {});
    }
    // Of versions the bucket's owner disposes alone.
    const bool one_version = !what.version.empty();
    if (!permitted(x, one_version ? "s3:DeleteObjectVersion" : "s3:DeleteObject", key,
                   one_version ? may_nothing : may_write)) {
        return failed(s3_code::access_denied, {});
    }
    const removed done = x.bucket_->remove(key, what);
    if (done.code != s3_code::none) return failed(done.code, {});
    if (quiet) return;
    out.open("Deleted");
    out.element("Key", key);
    if (!what.version.empty()) out.element("VersionId", what.version);
    const auto& marker = done.marker ? done.marker : done.gone;
    if (marker && marker->is_marker) {
        out.element("DeleteMarker", true);
        out.element("DeleteMarkerVersionId", marker->version_name());
    }
    out.close("Deleted");
}

void service::delete_objects(exchange& x) {
    pugi::xml_document document;
    // A key may be blank, or hold line ends; both are content here.
    const auto parsed = document.load_buffer(
        x.text_.data(), x.text_.size(),
        (pugi::parse_default | pugi::parse_ws_pcdata_single) & ~unsigned{pugi::parse_eol});
    const auto root = document.child("Delete");
    if (!parsed || !root) return refuse(x, s3_code::malformed_xml);
    const bool quiet = std::string_view(root.child_value("Quiet")) == "true";
    std::size_t count = 0;
    for (const auto& item : root.children("Object")) {
        if (!item.child("Key") || ++count > delete_keys_max) {
            return refuse(x, s3_code::malformed_xml);
        }
    }
    if (count == 0) return refuse(x, s3_code::malformed_xml);
    xml_text xml("DeleteResult");
    for (const auto& item : root.children("Object"))
        delete_one(x, item, quiet, xml);
    x.answer.xml(xml.finish());
}

}  // namespace chopsticks::endpoint
