#include <chopsticks/scenario/text.hpp>
#include <cmath>

#include "parse_parts.hpp"

namespace chopsticks::scenario {

namespace {

using load::size_distribution;

// S3 keys have at most 1024 bytes. The run adds its own name (at most 64) and 20 for the object.
constexpr std::size_t max_prefix_bytes = 1024 - 64 - 20;

// More than any store holds; keeps index arithmetic far from overflow.
constexpr std::uint64_t max_objects = 1'000'000'000'000;

const char* const size_example =
    "write `size: 64KiB`, `size: {uniform: [4KiB, 1MiB]}`, "
    "`size: {lognormal: {median: 64KiB, sigma: 1.5}}` or `size: {table: {4KiB: 30, 1MiB: 70}}`";

/// The one key of a map that names a kind.
field only_entry(const field& f, const std::vector<std::string_view>& kinds,
                 const std::string& example) {
    if (!f.raw().is_map() || f.raw().entries.size() != 1) f.wrong("one kind", example);
    const auto& e = f.raw().entries.front();
    for (const std::string_view kind : kinds) {
        if (e.key == kind) return field(e.content, f.name() + "." + e.key);
    }
    fail(e.where, "unknown kind \"" + e.key + "\" of `" + f.name() + "`", suggestion(e.key, kinds));
}

bool is_kind(const field& f, std::string_view kind) {
    return f.raw().entries.front().key == kind;
}

std::pair<std::uint64_t, std::uint64_t> read_range(const field& f, const std::string& example) {
    const auto [low, high] = f.pair(example);
    const std::uint64_t min = low.size();
    const std::uint64_t max = high.size();
    if (min > max) f.refuse("has its bounds in the wrong order", "write the smaller one first");
    return {min, max};
}

double read_weight(const field& f) {
    const double weight = f.number(0, 1e12);
    if (weight == 0) f.refuse("must be more than 0", "remove it if it shall never be chosen");
    return weight;
}

size_distribution read_lognormal(const field& f) {
    map_reader m(f, "write {median: 64KiB, sigma: 1.5, min: 1, max: 16MiB}");
    const field median = m.require("median", "add for example `median: 64KiB`");
    const field sigma_field = m.require("sigma", "add for example `sigma: 1.5`");
    const std::uint64_t middle = median.size(1);
    const double sigma = sigma_field.number(0, 20);
    const auto min_field = m.find("min");
    const auto max_field = m.find("max");
    m.finish();
    const std::uint64_t min = min_field ? min_field->size() : 1;
    // Unbounded, one object in a billion would be of absurd size: by default the tail ends at six
    // deviations, at most 5 GiB, which is the largest single put that S3 allows.
    constexpr double put_limit = 5.0 * (1ULL << 30);
    const double tail = std::min(static_cast<double>(middle) * std::exp(6 * sigma), put_limit);
    const std::uint64_t max =
        max_field ? max_field->size(1)
                  : std::max<std::uint64_t>(middle, static_cast<std::uint64_t>(tail));
    if (min > max) f.refuse("has a `min` above its `max`", "swap them");
    return size_distribution::lognormal(middle, sigma, min, max);
}

size_distribution read_table(const field& f) {
    const char* const example = "write {4KiB: 30, 1MiB: 70}: sizes and their weights";
    if (!f.raw().is_map() || f.raw().entries.empty()) f.wrong("a map of sizes", example);
    std::vector<size_distribution::weighted_size> sizes;
    for (const auto& e : f.raw().entries) {
        value key;
        key.what = value::kind::scalar;
        key.where = e.where;
        key.text = e.key;
        const std::uint64_t bytes = field(key, "a size of " + f.name()).size();
        sizes.push_back({bytes, read_weight(field(e.content, f.name() + "." + e.key))});
    }
    return size_distribution::table(std::move(sizes));
}

size_distribution read_mix(const field& f) {
    const char* const example = "write [{range: [4KiB, 64KiB], weight: 9}, ...]";
    std::vector<size_distribution::weighted_range> ranges;
    for (const field& item : f.list(example)) {
        map_reader m(item, example);
        const auto [min, max] = read_range(m.require("range", example), example);
        const auto weight = m.find("weight");
        m.finish();
        ranges.push_back({min, max, weight ? read_weight(*weight) : 1});
    }
    if (ranges.empty()) f.wrong("a list of ranges", example);
    return size_distribution::mix(std::move(ranges));
}

std::string read_prefix(const field& f) {
    std::string prefix = f.text();
    if (prefix.back() != '/') prefix += '/';
    if (prefix.front() == '/') {
        f.refuse("must not begin with '/'",
                 "keys of S3 have no root; write for example chopsticks/");
    }
    if (has_control_characters(prefix)) f.refuse("contains a control character", "remove it");
    if (prefix.size() > max_prefix_bytes) {
        f.refuse("is too long: " + std::to_string(prefix.size()) + " bytes",
                 "at most " + std::to_string(max_prefix_bytes) +
                     " leave room for the rest of a key of 1024");
    }
    for (std::size_t start = 0; start < prefix.size();) {
        const std::size_t end = prefix.find('/', start);
        const std::string part = prefix.substr(start, end - start);
        if (part.empty() || part == "." || part == "..") {
            f.refuse("has a part \"" + part + "\"",
                     "servers and proxies would normalise it away; name all parts");
        }
        start = end + 1;
    }
    return prefix;
}

std::string read_reuse(const field& f) {
    const std::string name = f.text();
    const bool plain = name.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                       std::string::npos;
    if (!plain || name.size() > 64 || name.front() == '.') {
        f.refuse("must be a name of at most 64 letters, digits, '.', '_' and '-', not " +
                     f.raw().found(),
                 "");
    }
    return name;
}

}  // namespace

content_options read_content(const field& f) {
    const char* const example = "write `content: incompressible` or `content: {compressible: 2.0}`";
    content_options out;
    if (f.raw().is_scalar()) {
        if (f.raw().text != "incompressible") f.wrong("a kind of content", example);
        return out;
    }
    out.compression_ratio = only_entry(f, {"compressible"}, example).number(1, 100);
    return out;
}

load::size_distribution read_size_distribution(const field& f) {
    if (f.raw().is_scalar()) return size_distribution::fixed(f.size());
    const field kind =
        only_entry(f, {"fixed", "uniform", "lognormal", "table", "mix"}, size_example);
    if (is_kind(f, "fixed")) return size_distribution::fixed(kind.size());
    if (is_kind(f, "uniform")) {
        const auto [min, max] = read_range(kind, "write [4KiB, 1MiB]");
        return size_distribution::uniform(min, max);
    }
    if (is_kind(f, "lognormal")) return read_lognormal(kind);
    if (is_kind(f, "table")) return read_table(kind);
    return read_mix(kind);
}

load::popularity read_popularity(const field& f) {
    const char* const example =
        "write uniform, sequential, {zipf: 0.99} or {hot_set: {fraction: 0.1, share: 0.9}}";
    load::popularity out;
    if (f.raw().is_scalar()) {
        if (f.raw().text == "uniform") return out;
        if (f.raw().text != "sequential") f.wrong("a kind of popularity", example);
        out.kind = load::popularity_kind::sequential;
        return out;
    }
    const field kind = only_entry(f, {"zipf", "hot_set"}, example);
    if (is_kind(f, "zipf")) {
        out.kind = load::popularity_kind::zipf;
        out.zipf_exponent = kind.number(0, 20);
        if (out.zipf_exponent == 0) kind.refuse("must be more than 0", "0 is `uniform`");
        return out;
    }
    out.kind = load::popularity_kind::hot_set;
    map_reader m(kind, "write {fraction: 0.1, share: 0.9}");
    if (const auto fraction = m.find("fraction")) {
        out.hot_fraction = fraction->share();
        if (out.hot_fraction == 0) fraction->refuse("must be more than 0", "");
    }
    if (const auto share = m.find("share")) out.hot_share = share->share();
    m.finish();
    return out;
}

data_set read_data(const field& f) {
    data_set out;
    map_reader m(f, "write {prefix: chopsticks/, objects: 1000, size: 64KiB}");
    if (const auto prefix = m.find("prefix")) out.prefix = read_prefix(*prefix);
    if (const auto objects = m.find("objects")) out.objects = objects->count(0, max_objects);
    if (const auto size = m.find("size")) out.size = read_size_distribution(*size);
    if (const auto popularity = m.find("popularity")) out.popularity = read_popularity(*popularity);
    if (const auto content = m.find("content")) out.content = read_content(*content);
    if (const auto verify = m.find("verify")) out.verify = verify->boolean();
    if (const auto reuse = m.find("reuse")) {
        out.reuse = read_reuse(*reuse);
        if (out.objects == 0) reuse->refuse("names a data set of 0 objects", "set `objects`");
    }
    m.finish();
    return out;
}

}  // namespace chopsticks::scenario
