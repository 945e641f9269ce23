#include "session.hpp"

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdio>
#include <utility>

#include "judge.hpp"
#include "names.hpp"

namespace chopsticks::rados {

namespace {

using ending = ceph::flight_wait::ending;

/// Numbers of users' own objects lie above those of all others.
constexpr std::uint64_t log_numbers = 1ULL << 62;
/// What truncate makes of an object that has too little to cut off, in its own measure.
constexpr std::uint64_t log_growth = 16;

/// On a thread of librados's: what must be known is noted, the rest is the core's.
void on_end(librados::completion_t, void* argument) {
    flight& f = *static_cast<flight*>(argument);
    f.done_ns = monotonic_ns();
    f.result = f.completion->get_return_value();
    std::exchange(f.completion, nullptr)->release();
    f.home->push(f);
}

bool is_of_log(std::uint16_t code) noexcept {
    return code == object_append || code == object_truncate || code == object_zero;
}

void add(std::atomic<std::uint64_t>& to) noexcept {
    to.store(to.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

std::vector<char> bytes_of(const std::string& hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
    std::vector<char> out;
    for (std::size_t n = 0; n + 1 < hex.size(); n += 2)
        out.push_back(static_cast<char>(digit(hex[n]) << 4 | digit(hex[n + 1])));
    return out;
}

connection& connection_of(world& w, unsigned core, std::uint64_t session) {
    if (w.config.connections == connection_sharing::per_core) {
        return w.connections[core % w.connections.size()];
    }
    return w.connections[(session * w.cores + core) % w.connections.size()];
}

}  // namespace

void flight::settle() {
    clear();
    static_cast<channel*>(home)->give_back(*this);
}

rados_step::rados_step(const scenario::step& what, bool verifies)
    : code(what.code), use(what.use), verify(verifies) {
    for (const scenario::driver_parameter& p : what.values) {
        if (p.name == "data") data = what.flag(p.name);
        if (p.name == "xattr") attribute = what.flag(p.name);
        if (p.name == "align") align = what.number(p.name);
        if (p.name == "keys") keys = what.number(p.name);
        if (p.name == "of") of = what.number(p.name);
        if (p.name == "value") value_bytes = what.number(p.name);
        if (p.name == "bytes") bytes = what.number(p.name);
        if (p.name == "limit") limit = what.number(p.name);
        if (p.name == "input") input = bytes_of(what.word(p.name));
        if (p.name != "call") continue;
        const std::string& call = what.word(p.name);
        object_class = call.substr(0, call.find('.'));
        method = call.substr(call.find('.') + 1);
    }
}

librados_session::librados_session(core_state& core)
    : core_(core), wait_(*core.loop), number_(core.sessions++) {}

void librados_session::load_log(flight& f, const rados_step& step) {
    world& w = *core_.shared;
    if (log_ == nullptr) {
        log_ = std::make_shared<user_log>();
        const std::uint64_t number = core_.logs++;
        log_->number = log_numbers + (std::uint64_t{core_.core} << 40) + number;
        log_->name = w.run_prefix + log_suffix(core_.core, number);
        log_->place = w.place_of(log_->number);
        const std::lock_guard lock(w.logs_mutex);
        w.logs.push_back(log_);
    }
    user_log& log = *log_;
    f.object = log.number;
    f.name = log.name;
    const std::uint64_t unit = std::max<std::uint64_t>(w.places[log.place].append_bytes, 1);
    const std::uint64_t bytes = (step.bytes + unit - 1) / unit * unit;
    if (step.code == object_append) {
        const bool anew = !log.known || log.size + bytes > std::max(step.limit, bytes);
        if (anew) ++log.version;
        f.offset = anew ? 0 : log.size;
        f.length = bytes;
        fill_data(f, {log.number, log.version}, *core_.content);
        if (anew) f.writes.emplace().write_full(f.data);
        log_size_ = f.offset + bytes;
    } else {
        f.writes.emplace();
        const bool grows = !log.known || log.size <= bytes;
        log_size_ = grows ? log_growth * bytes : log.size;
        if (step.code == object_truncate && !grows) log_size_ -= bytes;
        if (grows) f.writes->create(false);
        if (grows || step.code == object_truncate) f.writes->truncate(log_size_);
        // Zeros up to the end would be a truncation to the OSD.
        if (step.code == object_zero) f.writes->zero(0, bytes);
    }
    log.begun = true;
    log.known = false;
}

void librados_session::end_log(bool done) {
    log_->known = done;
    if (done) log_->size = log_size_;
}

runtime::task<bool> librados_session::fly(flight& f, const rados_step& step, std::size_t at,
                                          engine::outcome& out) {
    f.completion = librados::Rados::aio_create_completion(&f, on_end);
    out.sent_ns = monotonic_ns();
    wait_.begin(f, out.sent_ns + core_.timeout_ns);
    connection& to = connection_of(*core_.shared, core_.core, number_);
    const int failed = launch(f, step, to.data_places[at]);
    if (failed < 0) {
        std::exchange(f.completion, nullptr)->release();
        wait_.call_off();
        f.result = failed;
        f.done_ns = monotonic_ns();
        co_return true;
    }
    const ending how = co_await wait_.end();
    if (how == ending::came) co_return true;
    char what[sizeof out.example];
    const std::string_view verb =
        scenario::catalogue::operation_name(describe_workload(), step.code);
    std::snprintf(what, sizeof what, "%.*s in %s", static_cast<int>(verb.size()), verb.data(),
                  core_.shared->places[at].text().c_str());
    ceph::conclude_abandoned(how, what, core_.counters, out);
    co_return false;
}

runtime::task<void> librados_session::execute(const engine::operation& op, engine::outcome& out) {
    const auto& step = static_cast<const rados_step&>(*op.step);
    const world& w = *core_.shared;
    flight& f = core_.home->take();
    const bool of_log = is_of_log(step.code);
    std::size_t at = 0;
    if (of_log) {
        load_log(f, step);
        at = log_->place;
    } else {
        f.object = op.object;
        w.name_object(op.object, f.name);
        at = w.place_of(op.object);
        load_up(f, step, op, *core_.content, ++core_.draws);
    }
    const bool landed = co_await fly(f, step, at, out);
    const bool makes = step.use == scenario::subject_use::make && !w.is_kept(op.object);
    if (!landed) {
        if (makes) add(core_.account->doubtful);
        // What was not answered may be carried out at any time: on an object that is not used any
        // more.
        if (of_log) log_ = nullptr;
        co_return;
    }
    conclude(f, step, op, *core_.content, w.places[at].text(), out);
    const bool done = out.status == op_status::ok;
    if (of_log) end_log(done);
    if (makes) add(done ? core_.account->made : core_.account->doubtful);
    if (step.code == object_remove && (done || f.result == -ENOENT)) add(core_.account->removed);
    out.done_ns = f.done_ns;
    out.first_byte_ns = f.done_ns;
    f.settle();
}

}  // namespace chopsticks::rados
