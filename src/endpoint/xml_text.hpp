#pragma once
// XML documents as S3 answers with them.

#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::endpoint {

constexpr std::string_view xml_declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view s3_namespace = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

/// "<ETag>&quot;...&quot;</ETag>" and its like: an element with escaped text.
void append_element(std::string& out, std::string_view name, std::string_view value);

/// One document, from its declaration on.
class xml_text {
  public:
    /// `encode_keys`: the client asked for keys that XML can carry.
    explicit xml_text(std::string_view root, bool encode_keys = false);

    void open(std::string_view name);
    void close(std::string_view name);
    void element(std::string_view name, std::string_view value);
    void element(std::string_view name, std::uint64_t value);
    void element(std::string_view name, bool value);
    /// Without it a text would be taken for true.
    void element(std::string_view name, const char* value) {
        element(name, std::string_view(value));
    }
    /// A key, or a piece of one.
    void key(std::string_view name, std::string_view value);
    /// As it is.
    void raw(std::string_view text) { text_ += text; }
    void reserve(std::size_t bytes) { text_.reserve(bytes); }

    /// The whole document; nothing is added afterwards.
    std::string finish();

  private:
    std::string root_;
    bool encode_keys_;
    std::string text_;
};

}  // namespace chopsticks::endpoint
