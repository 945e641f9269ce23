#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/endpoint/faults.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "operation.hpp"

namespace chopsticks::endpoint {

namespace {

using nlohmann::json;

struct kind_name {
    fault_kind kind;
    std::string_view name;
};

constexpr kind_name kinds[] = {
    {fault_kind::latency, "latency"},
    {fault_kind::queue, "queue"},
    {fault_kind::error, "error"},
    {fault_kind::stall, "stall"},
    {fault_kind::stall_head, "stall_head"},
    {fault_kind::stall_body, "stall_body"},
    {fault_kind::reset, "reset"},
    {fault_kind::reset_body, "reset_body"},
    {fault_kind::hang_up, "hang_up"},
    {fault_kind::truncate, "truncate"},
    {fault_kind::corrupt, "corrupt"},
    {fault_kind::stale, "stale"},
    {fault_kind::length, "length"},
    {fault_kind::garbage, "garbage"},
    {fault_kind::close, "close"},
    {fault_kind::redirect, "redirect"},
    {fault_kind::continue_never, "continue_never"},
    {fault_kind::continue_twice, "continue_twice"},
    {fault_kind::drip, "drip"},
    {fault_kind::stall_accept, "stall_accept"},
    {fault_kind::reset_accept, "reset_accept"},
};

template <typename Range, typename Name>
std::string all_names(const Range& range, Name name_of) {
    std::string out;
    for (const auto& item : range) {
        if (!out.empty()) out += ", ";
        out += name_of(item);
    }
    return out;
}

[[noreturn]] void refuse(std::size_t rule, const std::string& what) {
    throw config_error("faults: rule " + std::to_string(rule + 1) + ": " + what);
}

/// One rule while it is read: its keys with values as JSON, struck off as they are used.
class rule_reader {
  public:
    rule_reader(std::size_t number, const json& keys) : number_(number), keys_(keys) {
        if (!keys_.is_object()) refuse(number_, "a rule is an object with a \"kind\"");
    }

    fault read() {
        fault f;
        f.kind = kind(text("kind", ""));
        f.operation = text("op", text("operation", ""));
        if (!f.operation.empty() &&
            std::find(op_names.begin(), op_names.end(), f.operation) == op_names.end()) {
            refuse(number_, "unknown operation \"" + f.operation + "\"; there are " +
                                all_names(op_names, [](auto o) { return std::string(o); }));
        }
        f.rate = number("rate", 1, 0, 1);
        f.every = count("every");
        f.after = count("after");
        f.limit = count("limit");
        if (f.kind == fault_kind::latency || f.kind == fault_kind::drip ||
            f.kind == fault_kind::queue) {
            f.delay = delay(f.kind);
        }
        if (f.kind == fault_kind::queue) {
            f.servers = static_cast<std::uint32_t>(number("servers", 1, 1, 1'000'000));
        }
        if (f.kind == fault_kind::error) {
            f.status = static_cast<int>(number("status", 503, 300, 599));
            f.code = text("code", f.status == 503 ? "SlowDown" : "InternalError");
        }
        if (f.kind == fault_kind::length) f.bytes = bytes("bytes", 1, -(1LL << 40));
        if (f.kind == fault_kind::garbage) f.bytes = bytes("bytes", 256, 1);
        if (f.kind == fault_kind::drip) f.bytes = bytes("bytes", 1, 1);
        if (f.kind == fault_kind::redirect) f.location = text("location", "");
        for (const auto& [key, value] : keys_.items()) {
            if (std::find(used_.begin(), used_.end(), key) == used_.end()) {
                refuse(number_, "\"" + key + "\" has no meaning for the kind \"" +
                                    std::string(name(f.kind)) + "\"; remove it");
            }
        }
        return f;
    }

  private:
    const json* find(const std::string& key) {
        const auto found = keys_.find(key);
        used_.push_back(key);
        return found == keys_.end() ? nullptr : &*found;
    }

    std::string text(const std::string& key, const std::string& otherwise) {
        const json* value = find(key);
        if (value == nullptr) return otherwise;
        if (value->is_number()) return value->dump();
        if (!value->is_string()) refuse(number_, "\"" + key + "\" must be a text");
        return value->get<std::string>();
    }

    double number(const std::string& key, double otherwise, double least, double most) {
        const json* value = find(key);
        if (value == nullptr) return otherwise;
        double out = std::nan("");
        if (value->is_number()) out = value->get<double>();
        if (value->is_string()) {
            const std::string s = value->get<std::string>();
            char* end = nullptr;
            out = std::strtod(s.c_str(), &end);
            if (end == s.c_str() || *end != '\0') out = std::nan("");
        }
        if (!(out >= least && out <= most)) {
            refuse(number_, "\"" + key + "\" must be a number from " + json(least).dump() + " to " +
                                json(most).dump());
        }
        return out;
    }

    std::uint64_t count(const std::string& key) {
        const double out = number(key, 0, 0, 1e15);
        if (out != std::floor(out)) refuse(number_, "\"" + key + "\" must be a whole number");
        return static_cast<std::uint64_t>(out);
    }

    std::int64_t bytes(const std::string& key, std::int64_t otherwise, std::int64_t least) {
        const json* value = find(key);
        if (value == nullptr) return otherwise;
        const bool quoted = value->is_string();
        std::string s = quoted ? value->get<std::string>() : value->dump();
        const bool negative = s.starts_with('-');
        const auto size = parse_size(std::string_view(s).substr(negative ? 1 : 0));
        if (!size || *size > (1ULL << 40)) {
            refuse(number_, "\"" + key + "\" must be a size such as 100 or 4KiB");
        }
        const auto out =
            negative ? -static_cast<std::int64_t>(*size) : static_cast<std::int64_t>(*size);
        if (out < least) {
            refuse(number_, "\"" + key + "\" must be at least " + std::to_string(least));
        }
        return out;
    }

    bool duration(const std::string& key, std::int64_t& out) {
        const json* value = find(key);
        if (value == nullptr) return false;
        const auto parsed =
            parse_duration(value->is_string() ? value->get<std::string>() : value->dump());
        if (!parsed) refuse(number_, "\"" + key + "\" must be a duration such as 5ms");
        constexpr std::int64_t hour_ns = 3'600'000'000'000;
        if (*parsed > hour_ns) refuse(number_, "\"" + key + "\" must be at most 1h");
        out = *parsed;
        return true;
    }

    delay_distribution delay(fault_kind of) {
        delay_distribution d;
        int given = 0;
        if (duration("fixed", d.mean_ns)) {
            d.kind = delay_kind::fixed;
            ++given;
        }
        if (duration("exponential", d.mean_ns) ||
            (of == fault_kind::queue && duration("mean", d.mean_ns))) {
            d.kind = delay_kind::exponential;
            ++given;
        }
        if (duration("median", d.mean_ns)) {
            d.kind = delay_kind::lognormal;
            d.sigma = number("sigma", 1, 0, 10);
            ++given;
        }
        const bool min = duration("min", d.min_ns);
        const bool max = duration("max", d.max_ns);
        if (min || max) {
            d.kind = delay_kind::uniform;
            if (d.max_ns < d.min_ns) refuse(number_, "\"max\" must not be less than \"min\"");
            ++given;
        }
        if (given == 0 && of == fault_kind::drip) {
            d.mean_ns = 10'000'000;
            return d;
        }
        if (given != 1) {
            refuse(number_,
                   "give its delay in one way: \"fixed\", \"exponential\" (its mean), "
                   "\"median\" and \"sigma\" (lognormal), or \"min\" and \"max\"");
        }
        return d;
    }

    fault_kind kind(const std::string& text) const {
        for (const auto& k : kinds) {
            if (k.name == text) return k.kind;
        }
        refuse(number_, (text.empty() ? "it has no kind" : "unknown kind \"" + text + "\"") +
                            "; there are " +
                            all_names(kinds, [](const auto& k) { return std::string(k.name); }));
    }

    std::size_t number_;
    const json& keys_;
    std::vector<std::string> used_;
};

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n'))
        text.remove_suffix(1);
    return text;
}

/// Cuts off what comes before `separator`, which may be missing.
std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view head = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return trim(head);
}

/// The short form as the JSON it stands for.
json expand(std::string_view text) {
    json out{{"rules", json::array()}};
    while (!trim(text).empty()) {
        std::string_view rule = take_until(text, ';');
        if (rule.empty()) continue;
        if (rule.starts_with("seed=")) {
            std::uint64_t seed = 0;
            const auto parsed = parse_size(rule.substr(5));
            if (!parsed) throw config_error("faults: \"seed\" must be a whole number");
            seed = *parsed;
            out["seed"] = seed;
            continue;
        }
        json keys{{"kind", take_until(rule, ':')}};
        while (!rule.empty()) {
            std::string_view pair = take_until(rule, ',');
            const std::string key(take_until(pair, '='));
            if (key.empty() || trim(pair).empty()) {
                refuse(out["rules"].size(), "expected key=value after the kind");
            }
            if (keys.contains(key)) refuse(out["rules"].size(), "\"" + key + "\" is given twice");
            keys[key] = trim(pair);
        }
        out["rules"].push_back(std::move(keys));
    }
    return out;
}

std::string ns(std::int64_t value) {
    return std::to_string(value) + "ns";
}

json delay_json(const delay_distribution& d) {
    switch (d.kind) {
        case delay_kind::fixed:
            return {{"fixed", ns(d.mean_ns)}};
        case delay_kind::exponential:
            return {{"exponential", ns(d.mean_ns)}};
        case delay_kind::lognormal:
            return {{"median", ns(d.mean_ns)}, {"sigma", d.sigma}};
        case delay_kind::uniform:
            return {{"min", ns(d.min_ns)}, {"max", ns(d.max_ns)}};
    }
    return {};
}

}  // namespace

std::string_view name(fault_kind kind) noexcept {
    for (const auto& k : kinds) {
        if (k.kind == kind) return k.name;
    }
    return "unknown";
}

faults parse_faults(std::string_view text) {
    text = trim(text);
    faults out;
    if (text.empty()) return out;
    json document;
    if (text.front() == '{') {
        document = json::parse(text, nullptr, false);
        if (document.is_discarded()) {
            throw config_error("faults: not valid JSON; expected {\"rules\": [{\"kind\": ...}]}");
        }
    } else {
        document = expand(text);
    }
    for (const auto& [key, value] : document.items()) {
        if (key == "seed") {
            if (!value.is_number_unsigned()) {
                throw config_error("faults: \"seed\" must be a whole number");
            }
            out.seed = value.get<std::uint64_t>();
        } else if (key == "rules") {
            if (!value.is_array()) throw config_error("faults: \"rules\" must be an array");
        } else {
            throw config_error("faults: unknown key \"" + key +
                               "\"; there are \"seed\" and \"rules\"");
        }
    }
    if (!document.contains("rules")) throw config_error("faults: \"rules\" is missing");
    for (const json& rule : document["rules"]) {
        out.rules.push_back(rule_reader(out.rules.size(), rule).read());
    }
    return out;
}

std::string to_json(const faults& f) {
    json rules = json::array();
    for (const fault& r : f.rules) {
        json keys{{"kind", name(r.kind)}};
        if (!r.operation.empty()) keys["op"] = r.operation;
        if (r.every != 0) keys["every"] = r.every;
        if (r.every == 0) keys["rate"] = r.rate;
        if (r.after != 0) keys["after"] = r.after;
        if (r.limit != 0) keys["limit"] = r.limit;
        switch (r.kind) {
            case fault_kind::queue:
                keys["servers"] = r.servers;
                [[fallthrough]];
            case fault_kind::latency:
                keys.update(delay_json(r.delay));
                break;
            case fault_kind::error:
                keys["status"] = r.status;
                keys["code"] = r.code;
                break;
            case fault_kind::drip:
                keys.update(delay_json(r.delay));
                [[fallthrough]];
            case fault_kind::length:
                [[fallthrough]];
            case fault_kind::garbage:
                keys["bytes"] = r.bytes;
                break;
            case fault_kind::redirect:
                if (!r.location.empty()) keys["location"] = r.location;
                break;
            default:
                break;
        }
        rules.push_back(std::move(keys));
    }
    return json{{"seed", f.seed}, {"rules", std::move(rules)}}.dump();
}

}  // namespace chopsticks::endpoint
