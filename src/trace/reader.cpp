#include "reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chopsticks/core/error.hpp>
#include <cstring>

namespace chopsticks::trace {

namespace {

constexpr std::size_t chunk_bytes = 256 * 1024;
/// A line that is longer is malformed: keys have at most 1024 bytes.
constexpr std::size_t line_most_bytes = 128 * 1024;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
    throw config_error("recording " + path + ": " + why);
}

}  // namespace

std::string_view name(recording_format format) noexcept {
    switch (format) {
        case recording_format::automatic:
            return "auto";
        case recording_format::chopsticks:
            return "chopsticks";
        case recording_format::rgw:
            return "rgw";
        case recording_format::s3_access_log:
            return "s3_access_log";
    }
    return "?";
}

recording_reader::recording_reader(const replay_options& options)
    : options_(options), format_(options.format) {
    const std::string& path = options_.file;
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) refuse(path, std::string("cannot be read: ") + std::strerror(errno));
    struct stat about{};
    const bool regular = ::fstat(fd_, &about) == 0 && S_ISREG(about.st_mode);
    try {
        if (!regular)
            refuse(path, "is no file; a recording is read more than once, so write it to one");
        file_bytes_ = static_cast<std::uint64_t>(about.st_size);
        settle_format();
    } catch (...) {
        ::close(fd_);
        throw;
    }
    ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

recording_reader::~recording_reader() {
    ::close(fd_);
}

void recording_reader::settle_format() {
    fill();
    if (!problem_.empty()) refuse(options_.file, problem_);
    const std::size_t first = chunk_.find_first_not_of(" \t\r\n[,");
    if (first == std::string::npos) refuse(options_.file, "is empty");
    const bool is_log = std::string_view(chunk_).starts_with("CHOPOPL");
    if (format_ == recording_format::automatic) {
        const std::string_view line =
            std::string_view(chunk_).substr(first, chunk_.find('\n', first) - first);
        if (is_log) {
            format_ = recording_format::chopsticks;
        } else if (line.starts_with('{')) {
            format_ = recording_format::rgw;
        } else if (line.find(" [") != std::string_view::npos &&
                   line.find('"') != std::string_view::npos) {
            format_ = recording_format::s3_access_log;
        } else {
            const bool packed = std::string_view(chunk_).starts_with("\x1f\x8b");
            refuse(options_.file, packed
                                      ? "is compressed; unpack it first"
                                      : "is in none of the known formats; if it is, say which with "
                                        "`format`: chopsticks, rgw or s3_access_log");
        }
    }
    if (format_ == recording_format::chopsticks) {
        read_log_header();
    } else if (is_log) {
        refuse(options_.file, "is an operation log of chopsticks; write `format: chopsticks`");
    }
}

std::uint16_t recording_reader::kind_named(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < options_.kinds.size(); ++i) {
        if (options_.kinds[i].name == name) return static_cast<std::uint16_t>(i);
    }
    return not_replayed;
}

void recording_reader::read_log_header() {
    decoder_ = std::make_unique<op_log_decoder>();
    op_record ignored;
    for (;;) {
        decoder_->push(chunk_);
        log_head_ += chunk_;
        const op_log_decoder::step step = decoder_->next(ignored);
        if (step == op_log_decoder::step::foreign) refuse(options_.file, decoder_->problem());
        if (decoder_->has_header()) break;
        if (!fill()) refuse(options_.file, "ends within its header");
    }
    const op_log_header& header = decoder_->header();
    log_head_ = encode_header(header);
    for (const std::string& operation : header.operations) {
        const std::size_t slash = operation.rfind('/');
        const bool ours = options_.group.empty() || operation.substr(0, slash) == options_.group;
        kinds_.push_back(ours && slash != std::string::npos
                             ? kind_named(operation.substr(slash + 1))
                             : not_replayed);
    }
    go_to(0);
}

void recording_reader::go_to(std::uint64_t offset) {
    at_end_ = ::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0;
    position_ = offset;
    chunk_.clear();
    at_ = 0;
    skipping_line_ = offset > 0;
    within_line_ = false;
    line_ = 0;
    if (format_ != recording_format::chopsticks) return;
    decoder_ = std::make_unique<op_log_decoder>();
    damaged_before_ = 0;
    if (offset > 0) decoder_->push(log_head_);
}

bool recording_reader::fill() {
    chunk_.erase(0, at_);
    at_ = 0;
    const std::size_t kept = chunk_.size();
    chunk_.resize(kept + chunk_bytes);
    ssize_t got = 0;
    do {
        got = ::read(fd_, chunk_.data() + kept, chunk_bytes);
    } while (got < 0 && errno == EINTR);
    if (got < 0) problem_ = std::string("cannot be read: ") + std::strerror(errno);
    chunk_.resize(kept + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got <= 0) at_end_ = true;
    position_ += static_cast<std::uint64_t>(got > 0 ? got : 0);
    return got > 0;
}

void recording_reader::malformed() {
    ++figures_.malformed;
    if (figures_.malformed_lines.size() < reading_figures::lines_kept) {
        figures_.malformed_lines.push_back(line_);
    }
}

bool recording_reader::next(recorded_operation& out) {
    return format_ == recording_format::chopsticks ? next_record(out) : next_line(out);
}

bool recording_reader::next_line(recorded_operation& out) {
    recorded_line line;
    for (;;) {
        std::size_t end = chunk_.find('\n', at_);
        if (end == std::string::npos) {
            if (chunk_.size() - at_ > line_most_bytes) {
                // Malformed, whatever follows.
                if (!skipping_line_) {
                    ++line_;
                    ++figures_.lines;
                    malformed();
                }
                skipping_line_ = true;
                at_ = chunk_.size();
            }
            if (!at_end_ && fill()) continue;
            if (at_ == chunk_.size()) return false;
            end = chunk_.size();  // the last line, without its end
        }
        std::string_view text = std::string_view(chunk_).substr(at_, end - at_);
        if (skipping_line_) {
            at_ = std::min(end + 1, chunk_.size());
            skipping_line_ = within_line_ = false;
            continue;
        }
        if (!within_line_) ++line_;
        if (format_ == recording_format::rgw) text = text.substr(0, first_object_bytes(text));
        within_line_ = text.size() < end - at_;
        at_ = within_line_ ? at_ + text.size() : std::min(end + 1, chunk_.size());
        const line_verdict verdict = format_ == recording_format::rgw
                                         ? parse_rgw_line(text, line)
                                         : parse_s3_access_line(text, line);
        if (verdict == line_verdict::blank) continue;
        ++figures_.lines;
        if (verdict == line_verdict::operation) {
            out = line;
            out.kind = kind_named(line.name);
            return true;
        }
        malformed();
    }
}

bool recording_reader::next_record(recorded_operation& out) {
    op_record r;
    for (;;) {
        const op_log_decoder::step step = decoder_->next(r);
        for (; damaged_before_ < decoder_->damaged_blocks(); ++damaged_before_) {
            line_ = figures_.lines + 1;
            malformed();
        }
        if (step == op_log_decoder::step::record) break;
        if (step == op_log_decoder::step::more && !at_end_) {
            if (fill()) {
                decoder_->push(chunk_);
                at_ = chunk_.size();
            }
            continue;
        }
        figures_.truncated |= step == op_log_decoder::step::more;
        return false;
    }
    ++figures_.lines;
    out = {};
    out.time_ns = r.intended_ns;
    out.key = r.object;
    out.size = r.size;
    out.offset = r.offset;
    out.length = r.length;
    out.kind = kinds_[r.op];
    if (out.kind != not_replayed) {
        // What names no image, or no byte of it, is no I/O that could be repeated.
        const dealing dealt = options_.kinds[out.kind].dealt;
        const bool no_bytes = dealt == dealing::by_place && r.length == 0;
        const bool of_extents = dealt == dealing::by_place || dealt == dealing::by_extent;
        if (no_bytes || (of_extents && !r.has_object)) out.kind = not_replayed;
    }
    out.refused = r.status == op_status::client_error || r.status == op_status::unsupported ||
                  r.status == op_status::cancelled;
    return true;
}

}  // namespace chopsticks::trace
