#include "cors.hpp"

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <utility>

#include "request.hpp"
#include "xml_text.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::size_t cors_rules_max = 100;
constexpr std::size_t cors_bytes_max = 64 << 10;
constexpr std::size_t cors_id_max = 255;
constexpr std::array<std::string_view, 5> cors_methods = {"GET", "PUT", "POST", "DELETE", "HEAD"};

s3_refusal invalid_cors(std::string text) {
    return {s3_code::invalid_request, std::move(text)};
}

/// `pattern` has one "*" at most.
bool fits_pattern(std::string_view pattern, std::string_view text) noexcept {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == text;
    const std::string_view tail = pattern.substr(star + 1);
    return text.size() + 1 >= pattern.size() && text.starts_with(pattern.substr(0, star)) &&
           text.ends_with(tail);
}

bool fits_any_pattern(const std::vector<std::string>& patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& p) { return fits_pattern(p, text); });
}

/// Calls `each` with every name of a list with commas.
template <typename Each>
bool all_named(std::string_view list, const Each& each) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        const std::string_view one = trimmed(list.substr(0, comma));
        if (!one.empty() && !each(one)) return false;
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return true;
}

bool has_controls(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; });
}

s3_refusal read_cors_texts(const pugi::xml_node& rule, const char* element,
                           std::vector<std::string>& out) {
    for (const auto& node : rule.children(element)) {
        std::string text = node.child_value();
        // They become fields of answers.
        if (text.empty() || has_controls(text)) return {s3_code::malformed_xml, {}};
        if (std::count(text.begin(), text.end(), '*') > 1) {
            return invalid_cors(std::string(element) + " \"" + text +
                                "\" can not have more than one wildcard.");
        }
        out.push_back(std::move(text));
    }
    return {};
}

s3_refusal read_cors_rule(const pugi::xml_node& node, cors_rule& out) {
    out.id = node.child_value("ID");
    if (out.id.size() > cors_id_max) {
        return {s3_code::invalid_argument, "The ID of a rule has 255 characters at most"};
    }
    for (const auto& [element, into] :
         {std::pair{"AllowedHeader", &out.headers}, std::pair{"AllowedMethod", &out.methods},
          std::pair{"AllowedOrigin", &out.origins}, std::pair{"ExposeHeader", &out.exposed}}) {
        if (s3_refusal wrong = read_cors_texts(node, element, *into)) return wrong;
    }
    if (out.methods.empty() || out.origins.empty()) return {s3_code::malformed_xml, {}};
    for (const std::string& method : out.methods) {
        if (std::find(cors_methods.begin(), cors_methods.end(), method) == cors_methods.end()) {
            return invalid_cors(
                "Found unsupported HTTP method in CORS config. Unsupported method is " + method);
        }
    }
    for (const std::string& name : out.exposed) {
        if (name.find('*') != std::string::npos) {
            return invalid_cors(
                "ExposeHeader \"" + name +
                "\" contains wildcard. We currently do not support wildcard for ExposeHeader.");
        }
    }
    if (!node.child("MaxAgeSeconds")) return {};
    out.max_age_s = parse_number(trimmed(node.child_value("MaxAgeSeconds")));
    if (!out.max_age_s || *out.max_age_s > 0x7fffffff) return {s3_code::malformed_xml, {}};
    return {};
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words)
        out.append(out.empty() ? "" : ", ").append(word);
    return out;
}

}  // namespace

s3_refusal read_cors(std::string_view text, cors_rules& out) {
    if (text.size() > cors_bytes_max) {
        return invalid_cors("A CORS configuration has 64 KB at most");
    }
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    const auto root = document.child("CORSConfiguration");
    if (!parsed || !root.child("CORSRule")) return {s3_code::malformed_xml, {}};
    for (const auto& node : root.children("CORSRule")) {
        if (out.size() == cors_rules_max) {
            return invalid_cors(
                "The number of CORS rules should not exceed allowed limit of 100 rules.");
        }
        if (s3_refusal wrong = read_cors_rule(node, out.emplace_back())) return wrong;
    }
    return {};
}

std::string cors_document(const cors_rules& rules) {
    xml_text xml("CORSConfiguration");
    for (const cors_rule& rule : rules) {
        xml.open("CORSRule");
        if (!rule.id.empty()) xml.element("ID", rule.id);
        for (const std::string& origin : rule.origins)
            xml.element("AllowedOrigin", origin);
        for (const std::string& method : rule.methods)
            xml.element("AllowedMethod", method);
        for (const std::string& header : rule.headers)
            xml.element("AllowedHeader", header);
        for (const std::string& header : rule.exposed)
            xml.element("ExposeHeader", header);
        if (rule.max_age_s) xml.element("MaxAgeSeconds", *rule.max_age_s);
        xml.close("CORSRule");
    }
    return xml.finish();
}

const cors_rule* allowing(const cors_rules& rules, const cors_request& asked) {
    const auto allows = [&](const cors_rule& rule) {
        if (std::find(rule.methods.begin(), rule.methods.end(), asked.method) ==
                rule.methods.end() ||
            !fits_any_pattern(rule.origins, asked.origin)) {
            return false;
        }
        return all_named(asked.headers, [&](std::string_view name) {
            const std::string lowered = lower(name);
            return std::any_of(rule.headers.begin(), rule.headers.end(), [&](const std::string& p) {
                return fits_pattern(lower(p), lowered);
            });
        });
    };
    const auto found = std::find_if(rules.begin(), rules.end(), allows);
    return found == rules.end() ? nullptr : &*found;
}

std::string cors_fields(const cors_rule& rule, const cors_request& asked) {
    std::string out;
    const auto field = [&](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    const bool anybody =
        std::find(rule.origins.begin(), rule.origins.end(), "*") != rule.origins.end();
    field("Access-Control-Allow-Origin", anybody ? "*" : asked.origin);
    field("Access-Control-Allow-Methods", joined(rule.methods));
    if (!asked.headers.empty()) {
        std::vector<std::string> names;
        all_named(asked.headers, [&](std::string_view name) {
            names.push_back(lower(name));
            return true;
        });
        field("Access-Control-Allow-Headers", joined(names));
    }
    if (!rule.exposed.empty()) field("Access-Control-Expose-Headers", joined(rule.exposed));
    if (rule.max_age_s) field("Access-Control-Max-Age", std::to_string(*rule.max_age_s));
    // Not beside "*", for which no browser sends credentials.
    if (!anybody) field("Access-Control-Allow-Credentials", "true");
    field("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
    return out;
}

}  // namespace chopsticks::endpoint
