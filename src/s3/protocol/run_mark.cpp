#include <chopsticks/core/hex.hpp>
#include <chopsticks/s3/protocol/run_mark.hpp>
#include <cstdint>
#include <utility>
#include <vector>

namespace chopsticks::s3 {

namespace {

constexpr std::string_view marks_name = "runs/";
constexpr std::string_view mark_ending = ".json";
constexpr std::string_view maker = "chopsticks";
constexpr std::string_view format = "1";

void append_text(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += hex_digits[byte >> 4];
            out += hex_digits[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

/// Reads what append_text writes; not all that JSON may have.
class reader {
  public:
    explicit reader(std::string_view text) : rest_(text) {}

    bool take(char c) {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n'))
            rest_.remove_prefix(1);
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool text(std::string& out) {
        out.clear();
        if (!take('"')) return false;
        while (!rest_.empty()) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') return true;
            if (c != '\\') {
                out += c;
            } else if (!escaped(out)) {
                return false;
            }
        }
        return false;
    }

    bool at_end() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n'))
            rest_.remove_prefix(1);
        return rest_.empty();
    }

  private:
    bool escaped(std::string& out) {
        if (rest_.empty()) return false;
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '"' || c == '\\') {
            out += c;
            return true;
        }
        if (c != 'u' || rest_.size() < 4 || !rest_.starts_with("00")) return false;
        unsigned value = 0;
        for (const char digit : rest_.substr(2, 2)) {
            if (digit >= '0' && digit <= '9') {
                value = value * 16 + static_cast<unsigned>(digit - '0');
            } else if (digit >= 'a' && digit <= 'f') {
                value = value * 16 + static_cast<unsigned>(digit - 'a') + 10;
            } else {
                return false;
            }
        }
        rest_.remove_prefix(4);
        out += static_cast<char>(value);
        return value < 0x20;
    }

    std::string_view rest_;
};

using fields = std::vector<std::pair<std::string, std::string>>;

bool read_fields(std::string_view body, fields& out) {
    reader in(body);
    if (!in.take('{')) return false;
    do {
        std::string name;
        std::string value;
        if (!in.text(name) || !in.take(':') || !in.text(value)) return false;
        for (const auto& [known, text] : out) {
            if (known == name) return false;
        }
        out.emplace_back(std::move(name), std::move(value));
    } while (in.take(','));
    return in.take('}') && in.at_end();
}

/// Empty where there is none.
std::string find(const fields& in, std::string_view name) {
    for (const auto& [known, value] : in) {
        if (known == name) return value;
    }
    return {};
}

}  // namespace

std::string run_marks_folder(std::string_view prefix, std::string_view run) {
    std::string out(prefix);
    out += marks_name;
    if (!run.empty()) out.append(run).append("/");
    return out;
}

std::string run_mark_key(std::string_view prefix, std::string_view run, std::string_view group) {
    return run_marks_folder(prefix, run).append(group).append(mark_ending);
}

std::string run_folder(std::string_view prefix, std::string_view run, std::string_view group) {
    std::string out(prefix);
    out.append(run).append("/");
    if (!group.empty()) out.append(group).append("/");
    return out;
}

std::string write_run_mark(const run_mark& mark) {
    std::string out = "{";
    const auto field = [&out](std::string_view name, std::string_view value) {
        out += out.size() == 1 ? "\n  " : ",\n  ";
        append_text(out, name);
        out += ": ";
        append_text(out, value);
    };
    field("made_by", maker);
    field("format", format);
    field("run", mark.run);
    field("group", mark.group);
    field("folder", mark.folder);
    field("bucket_stem", mark.bucket_stem);
    field("bucket_created", mark.bucket_created);
    if (!mark.kept.empty()) field("kept", mark.kept);
    if (mark.locks) field("locks", "set");
    field("started", mark.started);
    field("state", mark.ended ? "ended" : "running");
    out += "\n}\n";
    return out;
}

std::optional<run_mark> parse_run_mark(std::string_view prefix, std::string_view key,
                                       std::string_view body) {
    fields in;
    if (!read_fields(body, in)) return std::nullopt;
    if (find(in, "made_by") != maker || find(in, "format") != format) return std::nullopt;
    run_mark out;
    out.run = find(in, "run");
    out.group = find(in, "group");
    out.folder = find(in, "folder");
    out.bucket_stem = find(in, "bucket_stem");
    out.bucket_created = find(in, "bucket_created");
    out.kept = find(in, "kept");
    out.locks = find(in, "locks") == "set";
    out.started = find(in, "started");
    out.ended = find(in, "state") == "ended";
    if (out.run.empty() || out.run.find('/') != std::string::npos) return std::nullopt;
    if (out.group.empty() || key != run_mark_key(prefix, out.run, out.group)) return std::nullopt;
    if (out.folder != run_folder(prefix, out.run) &&
        out.folder != run_folder(prefix, out.run, out.group)) {
        return std::nullopt;
    }
    if (!out.kept.empty()) {
        const std::string sets = std::string(prefix).append("kept/");
        if (!out.kept.starts_with(sets) || out.kept.size() < sets.size() + 2 ||
            out.kept.find('/', sets.size()) != out.kept.size() - 1) {
            return std::nullopt;
        }
    }
    return out;
}

}  // namespace chopsticks::s3
