#pragma once
/// \file
/// What `driver_options` say to a driver of S3 that runs a program for each operation: which, and
/// with what arguments. A value; any core.

#include <array>
#include <chopsticks/scenario/command_template.hpp>
#include <chopsticks/scenario/settings.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chopsticks::s3 {

/// What placeholders stand for, in the order of their names.
enum class exec_word : std::uint8_t {
    // What is the same in each command.
    endpoint,  ///< "http://host:port"
    scheme,    ///< "http" or "https"
    host,      ///< "host:port", the port unless it is the default
    bucket,
    region,
    retries,   ///< attempts beyond the first
    attempts,  ///< all of them
    config,    ///< the path under which the program reads the text `config`
    tls,       ///< "true" or "false", as the next
    verify,    ///< the server's certificate is checked
    ca_file,   ///< empty: the system's
    // Of one operation.
    key,
    size,
    offset,
    length,
    last,    ///< offset of the last byte of a part
    prefix,  ///< of a listing
    // Of nothing that others can read: not in commands.
    access_key,
    secret_key,
    session_token,
};
constexpr std::size_t exec_word_count = 20;
using exec_values = std::array<std::string, exec_word_count>;

/// Operations that a command can be given for, as the workload calls them; get_range is a get of a
/// part.
enum class exec_operation : std::uint8_t { put, get, get_range, head, remove, list, head_bucket };
constexpr std::size_t exec_operation_count = 7;
/// Its key among the options.
std::string_view name(exec_operation operation) noexcept;

/// A tool whose commands are known.
struct exec_tool {
    std::string_view name;
    std::string_view program;  ///< on PATH
    std::string_view install;  ///< what to do to have it
    std::string_view version;  ///< arguments with which it does nothing
    std::string_view says;     ///< is in the line it then writes; others have the name too
    /// Arguments by operation; empty: it cannot do it through its pipes.
    std::array<std::string_view, exec_operation_count> arguments;
    std::string_view size_after;  ///< what stands before the size in its answer to a head
    std::string_view unverified;  ///< arguments where certificates are not checked
    std::string_view config;      ///< a text that it reads; empty: none
    std::vector<std::pair<std::string_view, std::string_view>> environment;
};
/// Constant; any thread.
std::span<const exec_tool> exec_tools();

struct exec_options {
    std::string name;     ///< for people: of the tool, or of the program
    std::string program;  ///< of the tool
    std::string install;  ///< empty: it is the user's own
    std::string says;     ///< is in the first line of its version; empty: anything may be
    std::string size_after;
    scenario::text_template config;
    bool has_config = false;
    std::vector<std::pair<std::string, scenario::text_template>> environment;
    std::uint32_t in_flight = 16;  ///< programs at a time on each core
    std::int64_t timeout_ns = 0;   ///< that each has; 0: what the operation has
    bool is_tool = false;

    bool has(exec_operation operation) const noexcept {
        return !commands[static_cast<std::size_t>(operation)].arguments.is_empty();
    }
    /// \param values by exec_word
    std::vector<std::string> command(exec_operation operation, const exec_values& values) const;
    /// What the tool is run with to see that it can be; empty: nobody knows.
    std::vector<std::string> version_command() const;
    /// The programs that commands name.
    std::vector<std::string> programs() const;

    struct one_command {
        scenario::command_template arguments;
        bool is_whole = false;  ///< names its program itself
    };
    std::array<one_command, exec_operation_count> commands;
    std::vector<std::string> beginning;  ///< of those that are not whole
    std::vector<std::string> version;
};

/// config_error for what they do not understand. \param driver `exec`, or the name of a tool
exec_options read_exec_options(const scenario::workload_settings& of, std::string_view driver);

}  // namespace chopsticks::s3
