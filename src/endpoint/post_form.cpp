#include "post_form.hpp"

#include <algorithm>

#include "request.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::size_t part_head_bytes_max = 4096;
constexpr std::size_t boundary_bytes_max = 70;  // RFC 2046

/// The value of a parameter of a field: name="value" or name=value.
std::optional<std::string> field_parameter(std::string_view field, std::string_view name) {
    std::size_t at = field.find(';');
    while (at != std::string_view::npos) {
        field = trimmed(field.substr(at + 1));
        const std::size_t equals = field.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const std::string_view key = trimmed(field.substr(0, equals));
        std::string_view rest = trimmed(field.substr(equals + 1));
        std::string value;
        std::size_t end = 0;
        if (rest.starts_with('"')) {
            for (end = 1; end < rest.size() && rest[end] != '"'; ++end) {
                if (rest[end] == '\\' && end + 1 < rest.size() &&
                    (rest[end + 1] == '"' || rest[end + 1] == '\\')) {
                    ++end;
                }
                value += rest[end];
            }
        } else {
            end = std::min(rest.find(';'), rest.size());
            value = trimmed(rest.substr(0, end));
        }
        if (same_name(key, name)) return value;
        field = rest;
        at = field.find(';', end);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> form_boundary(std::string_view content_type) {
    const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
    if (!same_name(type, "multipart/form-data")) return std::nullopt;
    auto boundary = field_parameter(content_type, "boundary");
    if (boundary && (boundary->empty() || boundary->size() > boundary_bytes_max))
        return std::nullopt;
    return boundary;
}

// The first delimiter needs no line end before it.
form_reader::form_reader(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)), buffer_("\r\n") {}

const std::string* form_reader::field(std::string_view name) const noexcept {
    for (const s3::name_value& f : fields_) {
        if (same_name(f.name, name)) return &f.value;
    }
    return nullptr;
}

void form_reader::refuse(s3_code code) noexcept {
    fault_ = code;
    state_ = state::done;
}

void form_reader::feed(std::string_view bytes, const receiver& file) {
    size_ += bytes.size();
    if (state_ == state::done) return;
    buffer_ += bytes;
    while (state_ != state::done && step(file)) {
    }
    if (state_ == state::done) buffer_ = {};
}

/// One piece of it. False: more bytes are needed.
bool form_reader::step(const receiver& file) {
    if (state_ == state::delimited) {
        if (buffer_.size() < 2) return false;
        if (buffer_.compare(0, 2, "\r\n") == 0) {
            // It stays, as the first line end of the head.
            state_ = state::head;
        } else {
            // The end, and there was no file.
            refuse(s3_code::malformed_post);
        }
        return true;
    }
    if (state_ == state::head) return read_head(file);
    const std::size_t at = buffer_.find(delimiter_);
    // What may be the beginning of a delimiter waits.
    const std::size_t sure = at != std::string::npos ? at
                             : buffer_.size() < delimiter_.size()
                                 ? 0
                                 : buffer_.size() - delimiter_.size() + 1;
    const std::string_view content(buffer_.data(), sure);
    if (state_ == state::file) {
        if (!content.empty()) file.piece(content);
    } else {
        fields_bytes_ += content.size();
        if (fields_bytes_ > fields_bytes_max) {
            refuse(s3_code::field_too_long);
            return true;
        }
        if (state_ == state::field) value_ += content;
    }
    if (at == std::string::npos) {
        buffer_.erase(0, sure);
        return false;
    }
    if (state_ == state::field) fields_.push_back({std::move(name_), std::move(value_)});
    value_.clear();
    buffer_.erase(0, at + delimiter_.size());
    state_ = state_ == state::file ? state::done : state::delimited;
    return true;
}

bool form_reader::read_head(const receiver& file) {
    const std::size_t end = buffer_.find("\r\n\r\n");
    if (end == std::string::npos) {
        if (buffer_.size() > part_head_bytes_max) refuse(s3_code::malformed_post);
        return state_ == state::done;
    }
    std::optional<std::string> name;
    std::string filename;
    std::string_view head(buffer_.data(), end);
    while (!head.empty()) {
        head.remove_prefix(2);
        const std::string_view line = head.substr(0, head.find("\r\n"));
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos &&
            same_name(trimmed(line.substr(0, colon)), "Content-Disposition")) {
            name = field_parameter(line.substr(colon + 1), "name");
            filename = field_parameter(line.substr(colon + 1), "filename").value_or("");
        }
        head = head.substr(line.size());
    }
    if (!name || end > part_head_bytes_max) {
        refuse(s3_code::malformed_post);
        return true;
    }
    fields_bytes_ += end;
    buffer_.erase(0, end + 4);
    if (same_name(*name, "file")) {
        filename_ = std::move(filename);
        file.begin();
        state_ = state::file;
    } else {
        name_ = std::move(*name);
        state_ = state::field;
    }
    return true;
}

}  // namespace chopsticks::endpoint
