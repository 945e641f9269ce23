// What locks say of buckets and versions. That they hold is the bucket's matter.

#include <chopsticks/core/clock.hpp>

#include "object_lock.hpp"
#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::string_view no_lock = "Bucket is missing Object Lock Configuration";

}  // namespace

bool service::apply_lock(exchange& x, object_state& made) const {
    const bool named = names_lock(x.head);
    const auto rule = x.bucket_->lock();
    if (!rule) {
        if (named) refuse(x, s3_code::invalid_request, no_lock);
        return !named;
    }
    const std::int64_t now = wall_ns();
    object_lock said;
    if (const s3_refusal wrong = read_lock(x.head, now, said)) {
        refuse(x, wrong.code, wrong.text);
        return false;
    }
    if (said.mode == retention_mode::none) {
        const object_lock by_default = rule->at(now);
        said.mode = by_default.mode;
        said.until_ns = by_default.until_ns;
    }
    made.lock = said;
    return true;
}

void service::say_lock(exchange& x, const object_lock& lock) const {
    if (lock.mode != retention_mode::none) {
        x.answer.field("x-amz-object-lock-mode", name(lock.mode));
        x.answer.field("x-amz-object-lock-retain-until-date", format_utc(lock.until_ns));
    }
    if (lock.has_hold) x.answer.field("x-amz-object-lock-legal-hold", lock.hold ? "ON" : "OFF");
}

void service::set_lock_rule(exchange& x) {
    default_retention rule;
    if (const s3_refusal wrong = read_configuration(x.text_, rule)) {
        return refuse(x, wrong.code, wrong.text);
    }
    if (x.bucket_->versions() != versioning::enabled) {
        return refuse(x, s3_code::invalid_bucket_state,
                      "Versioning must be 'Enabled' on the bucket to apply a Object Lock "
                      "configuration");
    }
    x.bucket_->set_lock(rule);
}

std::shared_ptr<const object> service::lockable(exchange& x) const {
    if (x.bucket_->lock()) return find_version(x);
    refuse(x, s3_code::invalid_request, no_lock);
    return nullptr;
}

void service::get_retention(exchange& x) {
    const auto found = lockable(x);
    if (!found) return;
    if (found->lock.mode == retention_mode::none) return refuse(x, s3_code::no_such_object_lock_of);
    x.answer.xml(retention_document(found->lock));
}

void service::get_hold(exchange& x) {
    const auto found = lockable(x);
    if (!found) return;
    if (!found->lock.has_hold) return refuse(x, s3_code::no_such_object_lock_of);
    x.answer.xml(hold_document(found->lock));
}

void service::set_retention(exchange& x) {
    if (!lockable(x)) return;
    object_lock said;
    const std::int64_t now = wall_ns();
    if (const s3_refusal wrong = read_retention(x.text_, now, said)) {
        return refuse(x, wrong.code, wrong.text);
    }
    const bool bypass = bypasses(x.head);
    bool changed = false;
    const s3_code code = x.bucket_->change(x.head.key, x.version_, [&](object_state& o) {
        // Under the bucket's lock: what is judged is what is changed.
        changed = may_change(o.lock, said.mode, said.until_ns, bypass, now);
        if (!changed) return;
        o.lock.mode = said.mode;
        o.lock.until_ns = said.until_ns;
    });
    if (code != s3_code::none) return refuse(x, code);
    if (!changed) refuse(x, s3_code::object_locked);
}

void service::set_hold(exchange& x) {
    if (!lockable(x)) return;
    bool on = false;
    if (const s3_refusal wrong = read_hold(x.text_, on)) return refuse(x, wrong.code, wrong.text);
    const s3_code code = x.bucket_->change(x.head.key, x.version_, [&](object_state& o) {
        o.lock.has_hold = true;
        o.lock.hold = on;
    });
    if (code != s3_code::none) refuse(x, code);
}

}  // namespace chopsticks::endpoint
