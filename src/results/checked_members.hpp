#pragma once
/// \file
/// Members of a document that somebody else wrote, each read as the type it has to have.

#include <chopsticks/results/json.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::results {

/// Where in a document something stands: on the stack of those that read it, and text only for a
/// message.
struct place {
    const place* within = nullptr;
    std::string_view key = {};  ///< empty: an element
    std::size_t index = 0;      ///< of an element

    /// "intervals[7].operations.s3/get"
    std::string text() const;
};

/// The members of one object. Its functions throw config_error with file and place. What is absent
/// or null is the default, unless it is required.
class checked_members {
  public:
    /// Throws if the value is no object.
    checked_members(const json& object, const place& at, const std::string& file);

    /// 0 to count_max.
    std::uint64_t count(std::string_view key) const;
    std::uint64_t required_count(std::string_view key) const;
    /// 0 to 2^64 - 1.
    std::uint64_t any_unsigned(std::string_view key) const;
    /// A signed count of nanoseconds, or a small number; to 2^62 in size.
    std::int64_t integer(std::string_view key) const;
    /// Nanoseconds, 0 to one hour.
    std::int64_t latency_ns(std::string_view key) const;
    /// Finite, as JSON has nothing else, and at most 1e18 in size.
    double number(std::string_view key) const;
    double required_number(std::string_view key) const;
    bool flag(std::string_view key, bool otherwise = false) const;
    std::string text(std::string_view key) const;
    std::string required_text(std::string_view key) const;
    std::vector<std::string> texts(std::string_view key) const;
    std::vector<double> numbers(std::string_view key) const;

    /// The member as it is; null where it is absent.
    const json& any(std::string_view key) const;

    /// Of a member that is a list or an object, calls visit(value, place of it, its key or ""), in
    /// the document's order.
    template <typename Visit>
    void each(std::string_view key, Visit visit) const {
        const json& all = any(key);
        if (all.is_null()) return;
        if (!all.is_structured()) fail(key, "is not a list or an object");
        const place here{&at_, key};
        std::size_t index = 0;
        for (const auto& [name, value] : all.items()) {
            const std::string_view named = all.is_object() ? std::string_view(name) : "";
            visit(value, place{&here, named, index++}, named);
        }
    }

    [[noreturn]] void fail(std::string_view key, const std::string& what) const;

    const place& at() const noexcept { return at_; }
    const std::string& file() const noexcept { return file_; }

  private:
    const json& required(std::string_view key) const;
    std::uint64_t unsigned_of(const json& value, std::string_view key, std::uint64_t most) const;
    double number_of(const json& value, std::string_view key) const;

    const json& object_;
    const place& at_;
    const std::string& file_;
};

}  // namespace chopsticks::results
