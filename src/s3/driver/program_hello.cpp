#include <chopsticks/process/messages.hpp>
#include <chopsticks/s3/driver/program.hpp>
#include <string_view>

namespace chopsticks::s3 {

namespace {

class hello_text {
  public:
    void add_text(std::string_view name, std::string_view text) {
        begin(name);
        process::append_json_text(text_, text);
    }
    void add_number(std::string_view name, std::int64_t number) {
        begin(name);
        text_ += std::to_string(number);
    }
    void add_flag(std::string_view name, bool flag) {
        begin(name);
        text_ += flag ? "true" : "false";
    }
    std::string line() const { return text_ + "}\n"; }

  private:
    void begin(std::string_view name) {
        text_.append(text_.empty() ? "{\"" : ",\"").append(name).append("\":");
    }
    std::string text_;
};

}  // namespace

std::string program_hello::line() const {
    constexpr std::int64_t ms = 1'000'000;
    hello_text out;
    out.add_number("hello", process::protocol_version);
    out.add_text("workload", "s3");
    out.add_text("endpoint", endpoint);
    out.add_text("bucket", bucket);
    out.add_text("region", region);
    out.add_text("addressing", virtual_host ? "virtual" : "path");
    out.add_flag("tls_verify", tls_verify);
    out.add_text("ca_file", ca_file);
    out.add_number("retries", retries);
    out.add_number("connect_ms", connect_ns / ms);
    out.add_number("operation_ms", operation_ns / ms);
    out.add_text("read", reads_bytes ? "bytes" : "length");
    out.add_number("in_flight", in_flight);
    return out.line();
}

void give_credentials(process::child_plan& to, const std::string& access_key,
                      const std::string& secret_key, const std::string& session_token) {
    to.environment = {{"AWS_ACCESS_KEY_ID", access_key},
                      {"AWS_SECRET_ACCESS_KEY", secret_key},
                      {"AWS_EC2_METADATA_DISABLED", "true"}};
    if (!session_token.empty()) to.environment.emplace_back("AWS_SESSION_TOKEN", session_token);
    to.without = {"AWS_PROFILE",         "AWS_SESSION_TOKEN",  "AWS_ENDPOINT_URL",
                  "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION", "AWS_REGION"};
}

}  // namespace chopsticks::s3
