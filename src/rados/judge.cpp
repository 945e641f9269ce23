#include "judge.hpp"

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/random.hpp>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdio>
#include <set>
#include <span>
#include <utility>

#include "names.hpp"

namespace chopsticks::rados {

namespace {

/// What rados_aio_cmpext counts down from where bytes differ.
constexpr std::int64_t errno_most = 4095;
constexpr const char* attribute_name = "chopsticks.value";
/// Versions of contents that are no object's bytes.
constexpr std::uint32_t of_map = 0xffff'fff0;
constexpr std::uint32_t of_attribute = 0xffff'fff1;

load::content_key map_content(std::uint64_t object, std::uint64_t number) noexcept {
    return {mix64(object, number), of_map};
}

load::content_key attribute_content(std::uint64_t object) noexcept {
    return {object, of_attribute};
}

void take_range(flight& f, const rados_step& step, const engine::operation& op) noexcept {
    f.offset = op.length > 0 ? op.offset / step.align * step.align : 0;
    f.length = op.length > 0 ? op.length : op.size;
}

/// A value of so many bytes of a content of its own.
librados::bufferlist value_of(const load::content& content, const load::content_key& key,
                              std::uint64_t bytes) {
    ::ceph::buffer::ptr memory(static_cast<unsigned>(bytes));
    content.fill(key, 0, std::span<char>(memory.c_str(), bytes));
    librados::bufferlist value;
    value.append(std::move(memory));
    return value;
}

std::uint64_t first_key(const flight& f, const rados_step& step, std::uint64_t draw) noexcept {
    return mix64(draw, f.object) % step.of;
}

void add_map_values(flight& f, const rados_step& step, const load::content& content,
                    std::uint64_t draw) {
    const std::uint64_t first = first_key(f, step, draw);
    named_values values;
    for (std::uint64_t n = 0; n < step.keys; ++n) {
        values.emplace(map_key(first + n),
                       value_of(content, map_content(f.object, first + n), step.value_bytes));
    }
    f.value_bytes = step.keys * step.value_bytes;
    f.writes->omap_set(values);
}

void add_attribute(flight& f, const rados_step& step, const load::content& content) {
    f.writes->setxattr(attribute_name,
                       value_of(content, attribute_content(f.object), step.value_bytes));
}

void add_keys_asked(flight& f, const rados_step& step, std::uint64_t draw) {
    const std::uint64_t first = first_key(f, step, draw);
    std::set<std::string> keys;
    for (std::uint64_t n = 0; n < step.keys; ++n)
        keys.insert(map_key(first + n));
    f.reads->omap_get_vals_by_keys(keys, &f.values, &f.part_result);
}

/// Where the list, which should be that content's bytes from `offset` on, first differs, or npos.
std::size_t mismatch(const load::content& content, const load::content_key& key,
                     std::uint64_t offset, const librados::bufferlist& list) {
    std::size_t at = 0;
    for (const auto& piece : list.buffers()) {
        const std::size_t found = content.mismatch(
            key, offset + at, std::span<const char>(piece.c_str(), piece.length()));
        if (found != load::content::npos) return at + found;
        at += piece.length();
    }
    return load::content::npos;
}

std::string_view verb_of(const rados_step& step) noexcept {
    return scenario::catalogue::operation_name(describe_workload(), step.code);
}

struct verdict {
    flight& f;
    const rados_step& step;
    const engine::operation& op;
    const load::content& content;
    const std::string& where;
    engine::outcome& out;

    void fail_corrupt(const char* code, const char* what, unsigned long long number) const {
        char text[sizeof out.example];
        const std::string_view verb = verb_of(step);
        std::snprintf(text, sizeof text, "%.*s of %s/%s: %s %llu", static_cast<int>(verb.size()),
                      verb.data(), where.c_str(), f.name.c_str(), what, number);
        out.fail(op_status::corrupt, code, text);
    }

    void judge_data() const {
        const std::uint64_t got = f.data.length();
        out.bytes += got;
        if (got != f.length) {
            fail_corrupt("short_read", "so many bytes came:", got);
            return;
        }
        if (!step.verify) return;
        const std::size_t at = mismatch(content, {op.object, op.version}, f.offset, f.data);
        if (at == load::content::npos) return;
        fail_corrupt("wrong_content", "differs from what was written at byte", f.offset + at);
    }

    void judge_map() const {
        for (const auto& [key, value] : f.values) {
            out.bytes += value.length();
            if (!step.verify) continue;
            const auto number = parse_map_key(key);
            if (number && mismatch(content, map_content(op.object, *number), 0, value) ==
                              load::content::npos) {
                continue;
            }
            fail_corrupt("wrong_content",
                         "a value of its map was not written so, of bytes:", value.length());
            return;
        }
    }

    void judge_attributes() const {
        const auto found = f.attributes.find(attribute_name);
        if (found == f.attributes.end()) return;
        const librados::bufferlist& value = found->second;
        out.bytes += value.length();
        if (!step.verify ||
            mismatch(content, attribute_content(op.object), 0, value) == load::content::npos) {
            return;
        }
        fail_corrupt("wrong_content",
                     "its attribute was not written so, of bytes:", value.length());
    }

    void judge_failure() const {
        const auto number = static_cast<int>(-f.result);
        if (step.code == object_cmpext && number >= errno_most) {
            fail_corrupt("mismatch", "differs from what was written at byte",
                         f.offset + static_cast<std::uint64_t>(number - errno_most));
            return;
        }
        if (number == ENOENT && step.verify && step.use == scenario::subject_use::read) {
            fail_corrupt("lost", "is not there; it was acknowledged with bytes:", op.size);
            out.native = native_code::of_errno(number);
            return;
        }
        char text[sizeof out.example];
        const std::string_view verb = verb_of(step);
        std::snprintf(text, sizeof text, "%.*s of %s/%s", static_cast<int>(verb.size()),
                      verb.data(), where.c_str(), f.name.c_str());
        ceph::fail_with_errno(out, number, text);
    }
};

}  // namespace

void fill_data(flight& f, const load::content_key& key, const load::content& content) {
    content.fill(key, f.offset, f.memory.room(f.length));
    f.data = f.memory.share();
}

void load_up(flight& f, const rados_step& step, const engine::operation& op,
             const load::content& content, std::uint64_t draw) {
    const load::content_key key{op.object, op.version};
    switch (step.code) {
        case object_write_full:
        case object_write:
        case object_cmpext:
            take_range(f, step, op);
            fill_data(f, key, content);
            break;
        case object_read:
            take_range(f, step, op);
            break;
        case object_omap_set:
            f.writes.emplace();
            f.writes->assert_exists();
            add_map_values(f, step, content, draw);
            break;
        case object_xattr_set:
            f.writes.emplace();
            f.writes->assert_exists();
            add_attribute(f, step, content);
            break;
        case object_omap_get:
            f.reads.emplace();
            add_keys_asked(f, step, draw);
            break;
        case object_omap_list:
            f.reads.emplace();
            f.reads->omap_get_vals2(map_key(first_key(f, step, draw)), step.keys, &f.values,
                                    &f.more, &f.part_result);
            break;
        case object_xattr_get:
            f.reads.emplace();
            f.reads->getxattrs(&f.attributes, &f.part_result);
            break;
        case object_compound_write:
            f.writes.emplace();
            f.writes->assert_exists();
            f.length = 0;
            f.value_bytes = 0;
            if (step.data) {
                take_range(f, step, op);
                fill_data(f, key, content);
                f.writes->write(f.offset, f.data);
            }
            if (step.keys > 0) add_map_values(f, step, content, draw);
            if (step.attribute) add_attribute(f, step, content);
            break;
        case object_compound_read:
            f.reads.emplace();
            f.reads->assert_exists();
            if (step.data) {
                take_range(f, step, op);
                f.reads->read(f.offset, f.length, &f.data, &f.part_result);
            }
            if (step.keys > 0) add_keys_asked(f, step, draw);
            if (step.attribute) f.reads->getxattrs(&f.attributes, &f.part_result);
            break;
        default:
            break;
    }
}

int launch(flight& f, const rados_step& step, librados::IoCtx& at) {
    if (f.writes) return at.aio_operate(f.name, f.completion, &*f.writes);
    if (f.reads) return at.aio_operate(f.name, f.completion, &*f.reads, nullptr);
    switch (step.code) {
        case object_write_full:
            return at.aio_write_full(f.name, f.completion, f.data);
        case object_read:
            return at.aio_read(f.name, f.completion, &f.data, f.length, f.offset);
        case object_stat:
            return at.aio_stat(f.name, f.completion, &f.size, &f.modified);
        case object_remove:
            return at.aio_remove(f.name, f.completion);
        case object_write:
            return at.aio_write(f.name, f.completion, f.data, f.length, f.offset);
        case object_cmpext:
            return at.aio_cmpext(f.name, f.completion, f.offset, f.data);
        case object_append:
            return at.aio_append(f.name, f.completion, f.data, f.length);
        case object_exec: {
            librados::bufferlist input;
            input.append(step.input.data(), static_cast<unsigned>(step.input.size()));
            return at.aio_exec(f.name, f.completion, step.object_class.c_str(), step.method.c_str(),
                               input, &f.data);
        }
        default:
            return -EOPNOTSUPP;
    }
}

void conclude(flight& f, const rados_step& step, const engine::operation& op,
              const load::content& content, const std::string& where, engine::outcome& out) {
    const verdict v{f, step, op, content, where, out};
    if (f.result < 0) {
        v.judge_failure();
        return;
    }
    switch (step.code) {
        case object_write_full:
        case object_write:
        case object_cmpext:
        case object_append:
            out.bytes = f.length;
            break;
        case object_read:
            v.judge_data();
            break;
        case object_stat:
            if (f.size != op.size) {
                v.fail_corrupt("wrong_size", "has not the size that was written, but", f.size);
            }
            break;
        case object_omap_set:
            out.bytes = f.value_bytes;
            break;
        case object_xattr_set:
            out.bytes = step.value_bytes;
            break;
        case object_omap_get:
        case object_omap_list:
            v.judge_map();
            break;
        case object_xattr_get:
            v.judge_attributes();
            break;
        case object_exec:
            out.bytes = f.data.length();
            break;
        case object_compound_write:
            out.bytes = f.length + f.value_bytes + (step.attribute ? step.value_bytes : 0);
            break;
        case object_compound_read:
            if (step.data) v.judge_data();
            if (step.keys > 0 && out.status == op_status::ok) v.judge_map();
            if (step.attribute && out.status == op_status::ok) v.judge_attributes();
            break;
        default:
            break;
    }
}

}  // namespace chopsticks::rados
