#include "sweep.hpp"

#include <cerrno>
#include <chopsticks/ceph/connect.hpp>
#include <deque>
#include <utility>

#include "names.hpp"

namespace chopsticks::rados {

namespace {

/// Removals on their way at a time.
constexpr std::size_t removals_most = 64;

/// What a run names so below its prefix.
bool is_of_run(std::string_view suffix) {
    return parse_suffix(suffix).has_value() || is_log_suffix(suffix) || suffix == "probe";
}

/// Removals that are under way, the oldest first.
class removals {
  public:
    removals(rados_ioctx_t at, sweep_figures& to) : at_(at), to_(to) {}
    ~removals() {
        while (!under_way_.empty())
            end_first();
    }
    removals(const removals&) = delete;
    removals& operator=(const removals&) = delete;

    void begin(const std::string& name) {
        if (under_way_.size() == removals_most) end_first();
        rados_completion_t completion = nullptr;
        rados_aio_create_completion2(nullptr, nullptr, &completion);
        const int failed = rados_aio_remove(at_, name.c_str(), completion);
        if (failed < 0) {
            rados_aio_release(completion);
            note(failed);
            return;
        }
        under_way_.push_back(completion);
    }

  private:
    void end_first() {
        rados_completion_t completion = under_way_.front();
        under_way_.pop_front();
        rados_aio_wait_for_complete(completion);
        note(rados_aio_get_return_value(completion));
        rados_aio_release(completion);
    }
    void note(int result) {
        if (result >= 0 || result == -ENOENT) {
            ++to_.removed;
        } else if (to_.problem.empty()) {
            to_.problem = ceph::explain("an object cannot be removed", result);
        }
    }

    rados_ioctx_t at_;
    sweep_figures& to_;
    std::deque<rados_completion_t> under_way_;
};

}  // namespace

int list_names(rados_ioctx_t at, std::string_view prefix,
               const std::function<bool(const std::string& name)>& found) {
    rados_list_ctx_t listing = nullptr;
    int failed = rados_nobjects_list_open(at, &listing);
    if (failed < 0) return failed;
    const char* name = nullptr;
    std::string one;
    while ((failed = rados_nobjects_list_next(listing, &name, nullptr, nullptr)) == 0) {
        if (!std::string_view(name).starts_with(prefix)) continue;
        one = name;
        if (!found(one)) break;
    }
    rados_nobjects_list_close(listing);
    return failed == -ENOENT ? 0 : failed;
}

void sweep_figures::add(const sweep_figures& more) {
    found += more.found;
    removed += more.removed;
    foreign += more.foreign;
    if (foreign_example.empty()) foreign_example = more.foreign_example;
    if (problem.empty()) problem = more.problem;
}

sweep_figures sweep(rados_ioctx_t at, const std::string& prefix, bool remove,
                    const sweep_stop& stop) {
    sweep_figures all;
    int failed = 0;
    {
        removals under_way(at, all);
        failed = list_names(at, prefix, [&](const std::string& name) {
            if (stop(all)) return false;
            const std::string_view suffix = std::string_view(name).substr(prefix.size());
            if (!is_of_run(suffix)) {
                ++all.foreign;
                if (all.foreign_example.empty()) all.foreign_example = name;
                return true;
            }
            ++all.found;
            if (remove) under_way.begin(name);
            return true;
        });
    }
    if (failed < 0 && all.problem.empty()) {
        all.problem = ceph::explain("the objects of the pool cannot be listed", failed);
    }
    return all;
}

}  // namespace chopsticks::rados
