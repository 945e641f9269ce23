#include "bounded_json.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/text.hpp>
#include <vector>

#include "file_io.hpp"

namespace chopsticks::results {

namespace {

/// As much of what the file says as a message can take.
std::string shown(std::string_view text, std::size_t most = 60) {
    const std::string safe = printable(text);
    return columns(safe) <= most ? safe : std::string(cut(safe, most)) + "...";
}

/// Builds the document from the parser's events. An event that answers false ends the parsing;
/// `problem` then says why.
class bounded_builder final : public nlohmann::json_sax<json> {
  public:
    explicit bounded_builder(const interval_sink& sink) : sink_(sink) {}

    bool null() override { return put(nullptr) != nullptr; }
    bool boolean(bool value) override { return put(value) != nullptr; }
    bool number_integer(number_integer_t value) override { return put(value) != nullptr; }
    bool number_unsigned(number_unsigned_t value) override { return put(value) != nullptr; }
    bool number_float(number_float_t value, const string_t&) override {
        return put(value) != nullptr;
    }
    bool string(string_t& value) override { return put(std::move(value)) != nullptr; }
    bool binary(binary_t&) override { return fail("binary"); }

    bool start_object(std::size_t) override { return open(json::object()); }
    bool start_array(std::size_t) override { return open(json::array()); }
    bool key(string_t& name) override {
        level& top = open_.back();
        auto& members = top.holder->get_ref<json::object_t&>();
        members.emplace_back(std::move(name), nullptr);
        top.slot = &members.back().second;
        return true;
    }
    bool end_object() override {
        // Twice the same key is one value for one reader and another for the next.
        std::vector<std::string_view> keys;
        for (const auto& [key, value] : open_.back().holder->get_ref<const json::object_t&>())
            keys.push_back(key);
        std::sort(keys.begin(), keys.end());
        const auto twice = std::adjacent_find(keys.begin(), keys.end());
        if (twice != keys.end()) return fail("\"" + shown(*twice) + "\" is in it twice");
        open_.pop_back();
        hand_over();
        return true;
    }
    bool end_array() override {
        open_.pop_back();
        return true;
    }

    bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
        std::string_view what = error.what();
        if (const std::size_t head = what.find("] "); head != what.npos)
            what = what.substr(head + 2);
        const std::size_t at = what.find("at line ");
        if (at != what.npos && is_at_end(what)) {
            problem_ = "not JSON: it was cut short, it ends in the middle " +
                       shown(what.substr(at, what.find(": ", at) - at));
        } else if (at != what.npos) {
            problem_ = "not JSON: " + shown(what.substr(at), 160);
        } else {
            problem_ = "not JSON: " + shown(what, 160);
        }
        return false;
    }

    const std::string& problem() const noexcept { return problem_; }
    const json& root() const noexcept { return root_; }
    json take() { return std::move(root_); }

  private:
    struct level {
        json* holder;
        json* slot = nullptr;  ///< where the value of an object's last key goes
    };

    static bool is_at_end(std::string_view what) {
        return what.find("unexpected end of input") != what.npos ||
               what.find("missing closing quote") != what.npos;
    }

    bool fail(const std::string& why) {
        problem_ = place() + why;
        return false;
    }

    /// "run.phases: ", or nothing at the top.
    std::string place() const {
        std::string out;
        for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
            const json& holder = *open_[i].holder;
            if (!holder.is_object()) continue;
            const auto& last = holder.get_ref<const json::object_t&>().back();
            out += (out.empty() ? "" : ".") + shown(last.first);
        }
        return out.empty() ? out : out + ": ";
    }

    template <typename Value>
    json* put(Value&& value) {
        if (++values_ > values_max) {
            fail("more than " + std::to_string(values_max) + " values");
            return nullptr;
        }
        if (open_.empty()) {
            root_ = json(std::forward<Value>(value));
            return &root_;
        }
        const level& top = open_.back();
        if (top.holder->is_array()) {
            auto& elements = top.holder->get_ref<json::array_t&>();
            elements.emplace_back(std::forward<Value>(value));
            return &elements.back();
        }
        *top.slot = json(std::forward<Value>(value));
        return top.slot;
    }

    bool open(json&& empty) {
        if (open_.size() >= depth_max) {
            return fail("nested deeper than " + std::to_string(depth_max) + " levels");
        }
        json* const there = put(std::move(empty));
        if (there == nullptr) return false;
        open_.push_back({there});
        if (sink_ && open_.size() == 3 && are_intervals()) {
            outside_ = values_;
            values_ = 0;
        }
        return true;
    }

    /// Whether the second level is the top's member `intervals`.
    bool are_intervals() const {
        const json& top = *open_[0].holder;
        return top.is_object() && open_[1].holder->is_array() &&
               top.get_ref<const json::object_t&>().back().first == "intervals";
    }

    /// An element of the intervals that has just ended.
    void hand_over() {
        if (!sink_ || open_.size() != 2 || !are_intervals()) return;
        auto& elements = open_[1].holder->get_ref<json::array_t&>();
        json whole = std::move(elements.back());
        elements.pop_back();
        values_ = outside_;
        sink_(std::move(whole), intervals_++);
    }

    const interval_sink& sink_;
    json root_;
    std::vector<level> open_;
    std::size_t values_ = 0;
    std::size_t outside_ = 0;  ///< values before the interval that is being read
    std::size_t intervals_ = 0;
    std::string problem_;
};

}  // namespace

json parse_bounded(std::string_view text, const std::string& name, const interval_sink& sink) {
    if (text.size() > file_bytes_max) {
        throw config_error(name + ": larger than " + std::to_string(file_bytes_max >> 20) +
                           " MiB, no result of chopsticks is");
    }
    if (text.empty()) throw config_error(name + ": empty, not a result");
    bounded_builder builder(sink);
    if (json::sax_parse(text.begin(), text.end(), &builder)) return builder.take();
    // An interval stream is a document followed by more of them: the first one is whole.
    const json& root = builder.root();
    if (root.is_object() && root.value("kind", json()) == json("chopsticks-intervals")) {
        throw config_error(name +
                           ": an interval stream, not a result; the result is the .json file "
                           "beside it");
    }
    throw config_error(name + ": " + builder.problem());
}

namespace {

/// What a shell or a user hands over open: it has a writer.
bool is_handed_over(const std::string& path) {
    return path == "/dev/stdin" || path.starts_with("/dev/fd/") || path.starts_with("/proc/");
}

}  // namespace

void refuse_pipe(const std::string& path) {
    struct stat status;
    const bool known = ::stat(path.c_str(), &status) == 0;
    if (known && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !is_handed_over(path)) {
        throw config_error(path + ": a pipe or a device, not a file; give a file, or /dev/stdin");
    }
}

std::string read_bounded(const std::string& path, std::string_view verb) {
    refuse_pipe(path);
    std::string text;
    const int error = read_file(path, text, file_bytes_max);
    if (error == EFBIG) {
        throw config_error(path + ": larger than " + std::to_string(file_bytes_max >> 20) +
                           " MiB, no result of chopsticks is");
    }
    if (error != 0) throw config_error(failed_to(verb, path, error));
    return text;
}

}  // namespace chopsticks::results
