/// \file
/// Lines of the logs of RGW and of S3 servers.

#include <chopsticks/trace/recording.hpp>
#include <cstdlib>

using namespace chopsticks::trace;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
        if (first_object_bytes(line) > line.size()) std::abort();
        for (const auto parse : {parse_rgw_line, parse_s3_access_line}) {
            recorded_line out;
            if (parse(line, out) == line_verdict::operation && out.name.data() != nullptr &&
                out.name.size() > 32)
                std::abort();
        }
    }
    return 0;
}
