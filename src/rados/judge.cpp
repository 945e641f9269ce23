#include "judge.hpp"

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/random.hpp>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdio>
#include <cstring>
#include <span>

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

void fill_data(flight& f, const rados_step& step, const engine::operation& op,
               const load::content& content) {
    take_range(f, step, op);
    f.data.reserve(std::max<std::uint64_t>(f.length, 1));
    content.fill({op.object, op.version}, f.offset, std::span<char>(f.data.data(), f.length));
}

/// Names of `count` keys from a drawn one on, in the arrays that librados takes.
std::uint64_t choose_keys(flight& f, const rados_step& step, std::uint64_t draw) {
    const std::uint64_t first = mix64(draw, f.object) % step.of;
    f.keys.resize(step.keys);
    f.key_pointers.resize(step.keys);
    f.key_lengths.resize(step.keys);
    for (std::uint64_t n = 0; n < step.keys; ++n) {
        f.keys[n] = map_key(first + n);
        f.key_pointers[n] = f.keys[n].data();
        f.key_lengths[n] = f.keys[n].size();
    }
    return first;
}

void add_map_values(flight& f, const rados_step& step, const load::content& content,
                    std::uint64_t draw) {
    const std::uint64_t first = choose_keys(f, step, draw);
    f.value_bytes.resize(step.keys * step.value_bytes);
    f.value_pointers.resize(step.keys);
    f.value_lengths.assign(step.keys, step.value_bytes);
    for (std::uint64_t n = 0; n < step.keys; ++n) {
        char* const at = f.value_bytes.data() + n * step.value_bytes;
        f.value_pointers[n] = at;
        content.fill(map_content(f.object, first + n), 0, std::span<char>(at, step.value_bytes));
    }
    rados_write_op_omap_set2(f.writes.get(), f.key_pointers.data(), f.value_pointers.data(),
                             f.key_lengths.data(), f.value_lengths.data(), step.keys);
}

void add_attribute(flight& f, const rados_step& step, const load::content& content) {
    std::vector<char> value(step.value_bytes);
    content.fill(attribute_content(f.object), 0, value);
    rados_write_op_setxattr(f.writes.get(), attribute_name, value.data(), value.size());
}

void add_keys_asked(flight& f, const rados_step& step, std::uint64_t draw) {
    choose_keys(f, step, draw);
    rados_read_op_omap_get_vals_by_keys2(f.reads.get(), f.key_pointers.data(), step.keys,
                                         f.key_lengths.data(), f.values.fill(), &f.part_result);
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

    void judge_data(std::uint64_t got) const {
        out.bytes += got;
        if (got != f.length) {
            fail_corrupt("short_read", "so many bytes came:", got);
            return;
        }
        if (!step.verify) return;
        const std::size_t at = content.mismatch({op.object, op.version}, f.offset,
                                                std::span<const char>(f.data.data(), got));
        if (at == load::content::npos) return;
        fail_corrupt("wrong_content", "differs from what was written at byte", f.offset + at);
    }

    void judge_map() const {
        char* key = nullptr;
        char* value = nullptr;
        std::size_t key_bytes = 0;
        std::size_t bytes = 0;
        while (rados_omap_get_next2(f.values.get(), &key, &value, &key_bytes, &bytes) == 0 &&
               key != nullptr) {
            out.bytes += bytes;
            const auto number = parse_map_key(std::string_view(key, key_bytes));
            if (!step.verify) continue;
            if (!number ||
                content.mismatch(map_content(op.object, *number), 0,
                                 std::span<const char>(value, bytes)) != load::content::npos) {
                fail_corrupt("wrong_content",
                             "a value of its map was not written so, of bytes:", bytes);
                return;
            }
        }
    }

    void judge_attributes() const {
        const char* name = nullptr;
        const char* value = nullptr;
        std::size_t bytes = 0;
        while (rados_getxattrs_next(f.attributes.get(), &name, &value, &bytes) == 0 &&
               name != nullptr) {
            if (std::strcmp(name, attribute_name) != 0) continue;
            out.bytes += bytes;
            if (!step.verify) continue;
            if (content.mismatch(attribute_content(op.object), 0,
                                 std::span<const char>(value, bytes)) == load::content::npos) {
                continue;
            }
            fail_corrupt("wrong_content", "its attribute was not written so, of bytes:", bytes);
            return;
        }
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

void load_up(flight& f, const rados_step& step, const engine::operation& op,
             const load::content& content, std::uint64_t draw) {
    switch (step.code) {
        case object_write_full:
        case object_write:
        case object_cmpext:
            fill_data(f, step, op, content);
            break;
        case object_read:
            take_range(f, step, op);
            f.data.reserve(std::max<std::uint64_t>(f.length, 1));
            break;
        case object_omap_set:
            f.writes.reset(rados_create_write_op());
            rados_write_op_assert_exists(f.writes.get());
            add_map_values(f, step, content, draw);
            break;
        case object_xattr_set:
            f.writes.reset(rados_create_write_op());
            rados_write_op_assert_exists(f.writes.get());
            add_attribute(f, step, content);
            break;
        case object_omap_get:
            f.reads.reset(rados_create_read_op());
            add_keys_asked(f, step, draw);
            break;
        case object_omap_list:
            f.reads.reset(rados_create_read_op());
            rados_read_op_omap_get_vals2(f.reads.get(),
                                         map_key(mix64(draw, f.object) % step.of).c_str(), "",
                                         step.keys, f.values.fill(), &f.more, &f.part_result);
            break;
        case object_xattr_get:
            f.reads.reset(rados_create_read_op());
            rados_read_op_getxattrs(f.reads.get(), f.attributes.fill(), &f.part_result);
            break;
        case object_compound_write:
            f.writes.reset(rados_create_write_op());
            rados_write_op_assert_exists(f.writes.get());
            f.length = 0;
            if (step.data) {
                fill_data(f, step, op, content);
                rados_write_op_write(f.writes.get(), f.data.data(), f.length, f.offset);
            }
            if (step.keys > 0) add_map_values(f, step, content, draw);
            if (step.attribute) add_attribute(f, step, content);
            break;
        case object_compound_read:
            f.reads.reset(rados_create_read_op());
            rados_read_op_assert_exists(f.reads.get());
            if (step.data) {
                take_range(f, step, op);
                f.data.reserve(std::max<std::uint64_t>(f.length, 1));
                rados_read_op_read(f.reads.get(), f.offset, f.length, f.data.data(), &f.bytes_read,
                                   &f.part_result);
            }
            if (step.keys > 0) add_keys_asked(f, step, draw);
            if (step.attribute) {
                rados_read_op_getxattrs(f.reads.get(), f.attributes.fill(), &f.part_result);
            }
            break;
        case object_exec:
            f.data.reserve(4096);
            break;
        default:
            break;
    }
}

int launch(flight& f, const rados_step& step, rados_ioctx_t at, rados_completion_t completion) {
    const char* const name = f.name.c_str();
    if (f.writes.get() != nullptr) {
        return rados_aio_write_op_operate(f.writes.get(), at, completion, name, nullptr, 0);
    }
    if (f.reads.get() != nullptr) {
        return rados_aio_read_op_operate(f.reads.get(), at, completion, name, 0);
    }
    switch (step.code) {
        case object_write_full:
            return rados_aio_write_full(at, name, completion, f.data.data(), f.length);
        case object_read:
            return rados_aio_read(at, name, completion, f.data.data(), f.length, f.offset);
        case object_stat:
            return rados_aio_stat(at, name, completion, &f.size, &f.modified);
        case object_remove:
            return rados_aio_remove(at, name, completion);
        case object_write:
            return rados_aio_write(at, name, completion, f.data.data(), f.length, f.offset);
        case object_cmpext:
            return rados_aio_cmpext(at, name, completion, f.data.data(), f.length, f.offset);
        case object_append:
            return rados_aio_append(at, name, completion, f.data.data(), f.length);
        case object_exec:
            return rados_aio_exec(at, name, completion, step.object_class.c_str(),
                                  step.method.c_str(), step.input.data(), step.input.size(),
                                  f.data.data(), f.data.capacity());
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
            v.judge_data(static_cast<std::uint64_t>(f.result));
            break;
        case object_stat:
            if (f.size != op.size) {
                v.fail_corrupt("wrong_size", "has not the size that was written, but", f.size);
            }
            break;
        case object_omap_set:
            out.bytes = f.value_bytes.size();
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
            out.bytes = static_cast<std::uint64_t>(f.result);
            break;
        case object_compound_write:
            out.bytes = f.length + (step.keys > 0 ? f.value_bytes.size() : 0) +
                        (step.attribute ? step.value_bytes : 0);
            break;
        case object_compound_read:
            if (step.data) v.judge_data(f.bytes_read);
            if (step.keys > 0 && out.status == op_status::ok) v.judge_map();
            if (step.attribute && out.status == op_status::ok) v.judge_attributes();
            break;
        default:
            break;
    }
}

}  // namespace chopsticks::rados
