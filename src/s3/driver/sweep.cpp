#include "sweep.hpp"

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/inventory.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <optional>

#include "explain.hpp"
#include "patience.hpp"
#include "unlock.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::size_t page_entries = 1000;
/// Whether there is no DeleteObjects here, rather than that it failed: what may help to repeat was
/// repeated, what is forbidden or gone stays so.
bool has_no_delete_objects(const control_reply& reply) noexcept {
    if (is_unserved(reply)) return true;
    return reply.problem.empty() && reply.status >= 400 && reply.status < 500 &&
           reply.status != 403 && reply.status != 404 && reply.status != 408 && reply.status != 429;
}

bool is_gone(const control_reply& reply) noexcept {
    return reply.problem.empty() && (reply.status < 300 || reply.status == 404);
}

/// One sweep: where it is in the listing, what it has found.
class sweeper {
  public:
    sweeper(s3_session& session, const sweep_job& job, const std::string& endpoint,
            sweep_figures& figures)
        : session_(session),
          job_(job),
          endpoint_(endpoint),
          found_(figures),
          patience_(job.patience_ns, job.stopped) {}

    runtime::task<void> go();

  private:
    runtime::task<control_reply> ask_for_page(const version_page& last);
    runtime::task<void> go_through_versions();
    runtime::task<void> go_through_uploads();
    /// Counts it; true: it is the run's.
    bool take(const std::string& key, std::int64_t time_ns);
    bool take(const stored_version& entry, bool has_versions);
    runtime::task<void> remove(const std::vector<stored_version>& entries);
    runtime::task<void> remove_one_by_one(const std::vector<stored_version>& entries);
    /// Of a page that is not the last: empty, or why the listing is taken for one without an end.
    struct page_print {
        std::string first;      // entry; empty: it has none
        std::string token;      // empty: it names none
        std::size_t below = 0;  // entries below the folder, whosever
    };
    std::string judge_page(listing_progress& progress, const page_print& page);
    void note(const std::string& problem) {
        if (found_.problem.empty()) found_.problem = problem;
    }
    bool stopped() const { return patience_.stopped(); }
    /// Nothing has got through for as long as the job's patience is: nothing more is removed.
    void give_up();
    void got_on() noexcept {
        patience_.renew();
        session_.core().waits.got_on();
    }

    s3_session& session_;
    const sweep_job& job_;
    const std::string& endpoint_;
    sweep_figures& found_;
    bool plain_ = false;       // no versions here
    bool one_by_one_ = false;  // no DeleteObjects here
    bool gave_up_ = false;
    patience patience_;
};

void sweeper::give_up() {
    gave_up_ = true;
    found_.problem += (found_.problem.empty() ? endpoint_ + ": " : "; ") +
                      "nothing got through for " + format_duration(patience_.most_ns());
}

std::string sweeper::judge_page(listing_progress& progress, const page_print& page) {
    using found = listing_progress::found;
    switch (progress.page(page.first, page.token, page.below)) {
        case found::no_token:
        case found::same_token:
            return " says that there is more and not where";
        case found::same_page:
            return " shows the same again: it would never end";
        case found::empty_pages:
            return " goes on for thousands of pages and shows nothing";
        case found::goes_on:
            break;
    }
    // New markers alone are no progress: they need not ever come to an end.
    if (page.below > 0) got_on();
    if (!patience_.is_over()) return {};
    return " has gone on for " + format_duration(patience_.most_ns()) + " and shows nothing below";
}

runtime::task<control_reply> sweeper::ask_for_page(const version_page& last) {
    control_request ask;
    ask.method = "GET";
    const auto parameter = [&ask](const char* name, const std::string& value) {
        ask.query.push_back(name_value{name, value});
    };
    parameter("prefix", job_.folder);
    parameter("max-keys", std::to_string(page_entries));
    parameter("encoding-type", "url");
    if (plain_) {
        parameter("list-type", "2");
        if (!last.key_marker.empty()) parameter("continuation-token", last.key_marker);
    } else {
        parameter("versions", "");
        if (!last.key_marker.empty()) parameter("key-marker", last.key_marker);
        if (!last.version_marker.empty()) parameter("version-id-marker", last.version_marker);
    }
    const control_reply reply = co_await control_patiently(session_, ask, patience_);
    co_return reply;
}

bool sweeper::take(const std::string& key, std::int64_t time_ns) {
    if (job_.exact) return key == job_.folder;
    if (!job_.spared.empty() && key == job_.spared) return false;
    const bool form = is_made_key(job_.folder, key);
    if (form && time_ns >= job_.not_before_ns && time_ns > 0) return true;
    // A server that ignores the prefix shows the whole bucket: that is nobody's business here.
    if (key.starts_with(job_.folder)) {
        ++found_.foreign;
        if (found_.foreign_example.empty()) found_.foreign_example = key;
    }
    return false;
}

bool sweeper::take(const stored_version& entry, bool has_versions) {
    if (!take(entry.key, entry.modified_ns)) return false;
    if (entry.delete_marker) {
        ++found_.markers;
    } else if (has_versions && !entry.latest) {
        ++found_.versions;
    } else {
        ++found_.objects;
    }
    found_.bytes += entry.size;
    return true;
}

runtime::task<void> sweeper::go_through_versions() {
    version_page page;
    listing_progress progress;
    for (;;) {
        if (stopped()) co_return;
        const control_reply reply = co_await ask_for_page(page);
        // Servers without versions say so, or answer as if nobody had asked for them.
        // Whoever may list objects need not be allowed to list versions.
        const bool refused = reply.problem.empty() && reply.status == 403;
        if (!plain_ && (refused || is_unserved(reply))) {
            plain_ = true;
            found_.versions_refused = refused;
            continue;
        }
        // Where there is no bucket, there is nothing in it.
        if (reply.problem.empty() && reply.status == 404 &&
            parse_error(reply.body).code == "NoSuchBucket") {
            co_return;
        }
        const std::string problem = explain(reply, session_.core(), endpoint_);
        if (!problem.empty()) {
            note(problem);
            co_return;
        }
        auto next = parse_versions(reply.body);
        if (!next) {
            note(endpoint_ + ": the listing of versions cannot be read");
            co_return;
        }
        if (!plain_ && !next->has_versions) {
            // Its tokens belong to the other listing: from the beginning, as that.
            plain_ = true;
            page = version_page();
            progress.reset();
            continue;
        }
        found_.had_versions = next->has_versions;
        std::vector<stored_version> ours;
        page_print print;
        for (const stored_version& entry : next->entries) {
            if (print.first.empty()) print.first = entry.key + ' ' + entry.version_id;
            if (entry.key.starts_with(job_.folder)) ++print.below;
            if (take(entry, next->has_versions)) ours.push_back(entry);
        }
        const std::uint64_t removed = found_.removed;
        if (job_.remove && !ours.empty()) {
            got_on();
            co_await remove(ours);
            if (gave_up_) co_return;
        }
        if (!next->is_truncated) co_return;
        if (!next->key_marker.empty()) print.token = next->key_marker + ' ' + next->version_marker;
        const std::string endless = judge_page(progress, print);
        if (!endless.empty()) {
            note(endpoint_ + ": the listing" + endless);
            co_return;
        }
        // A server may begin anew where the key it is to go on from is gone.
        if (found_.removed > removed) progress.reset();
        page.key_marker = next->key_marker;
        page.version_marker = next->version_marker;
    }
}

runtime::task<void> sweeper::go_through_uploads() {
    upload_page page;
    listing_progress progress;
    for (;;) {
        if (stopped()) co_return;
        control_request ask;
        ask.method = "GET";
        ask.query.push_back(name_value{"prefix", job_.folder});
        ask.query.push_back(name_value{"uploads", ""});
        ask.query.push_back(name_value{"encoding-type", "url"});
        if (!page.key_marker.empty()) {
            ask.query.push_back(name_value{"key-marker", page.key_marker});
            ask.query.push_back(name_value{"upload-id-marker", page.upload_marker});
        }
        const control_reply reply = co_await control_patiently(session_, ask, patience_);
        // Most loads leave none.
        const bool has_none = reply.problem.empty() && (reply.status == 403 || reply.status == 404);
        found_.uploads_refused = reply.status == 403 || lists_no_uploads(reply);
        if (has_none || lists_no_uploads(reply)) co_return;
        const std::string problem = explain(reply, session_.core(), endpoint_);
        if (!problem.empty()) {
            note(problem);
            co_return;
        }
        auto next = parse_uploads(reply.body);
        if (!next) {
            note(endpoint_ + ": the listing of uploads cannot be read");
            co_return;
        }
        page_print print;
        for (const stored_upload& upload : next->entries) {
            if (print.first.empty()) print.first = upload.key + ' ' + upload.upload_id;
            if (upload.key.starts_with(job_.folder)) ++print.below;
            if (!take(upload.key, upload.initiated_ns)) continue;
            ++found_.uploads;
            if (!job_.remove || stopped()) continue;
            control_request abort;
            abort.method = "DELETE";
            abort.key = upload.key;
            abort.query.push_back(name_value{"uploadId", upload.upload_id});
            const control_reply gone = co_await control_patiently(session_, abort, patience_);
            if (is_gone(gone)) {
                ++found_.removed;
            } else {
                note(explain(gone, session_.core(), endpoint_));
            }
            if (may_help_to_repeat(gone)) {
                give_up();
                co_return;
            }
            got_on();
        }
        if (!next->is_truncated) co_return;
        if (!next->key_marker.empty()) print.token = next->key_marker + ' ' + next->upload_marker;
        const std::string endless = judge_page(progress, print);
        if (!endless.empty()) {
            note(endpoint_ + ": the listing of uploads" + endless);
            co_return;
        }
        page.key_marker = next->key_marker;
        page.upload_marker = next->upload_marker;
    }
}

runtime::task<void> sweeper::remove(const std::vector<stored_version>& entries) {
    if (one_by_one_) {
        co_await remove_one_by_one(entries);
        co_return;
    }
    // A page may have more than was asked for.
    for (std::size_t at = 0; at < entries.size() && !stopped(); at += page_entries) {
        const std::size_t count = std::min(page_entries, entries.size() - at);
        const std::span<const stored_version> some(entries.data() + at, count);
        const deletion what = make_deletion(some);
        control_request ask;
        ask.method = "POST";
        ask.query.push_back(name_value{"delete", ""});
        ask.headers.push_back(name_value{"Content-MD5", what.content_md5});
        ask.body = what.body;
        const control_reply reply = co_await control_patiently(session_, ask, patience_);
        if (has_no_delete_objects(reply)) {
            one_by_one_ = true;
            const std::vector<stored_version> rest(
                entries.begin() + static_cast<std::ptrdiff_t>(at), entries.end());
            co_await remove_one_by_one(rest);
            co_return;
        }
        const std::string problem = explain(reply, session_.core(), endpoint_);
        if (!problem.empty()) {
            note(problem);
            if (may_help_to_repeat(reply)) give_up();
            co_return;
        }
        const auto failures = parse_deletion(reply.body);
        if (!failures) {
            note(endpoint_ + ": the answer to DeleteObjects cannot be read");
            co_return;
        }
        got_on();
        found_.removed += count - std::min(failures->size(), count);
        if (failures->empty()) continue;
        if (job_.unlocks) {
            std::vector<stored_version> locked;
            for (const deletion_failure& one : *failures) {
                const auto same =
                    std::find_if(some.begin(), some.end(), [&](const stored_version& entry) {
                        return entry.key == one.key && entry.version_id == one.version_id;
                    });
                if (same != some.end()) locked.push_back(*same);
            }
            co_await remove_one_by_one(locked);
            if (gave_up_) co_return;
            continue;
        }
        const deletion_failure& first = failures->front();
        note("\"" + first.key + "\": " + first.code +
             (first.message.empty() ? "" : " (" + short_text(first.message) + ")"));
    }
}

runtime::task<void> sweeper::remove_one_by_one(const std::vector<stored_version>& entries) {
    std::vector<const stored_version*> rest;
    for (const stored_version& entry : entries)
        rest.push_back(&entry);
    growing_pause pause;
    // What may help to repeat is come back to: one object that fails for good keeps none of the
    // others, and all together have one patience.
    while (!rest.empty()) {
        std::vector<const stored_version*> again;
        for (const stored_version* entry : rest) {
            if (stopped()) co_return;
            if (patience_.is_over()) {
                give_up();
                co_return;
            }
            control_request ask;
            ask.method = "DELETE";
            ask.key = entry->key;
            if (!entry->version_id.empty()) {
                ask.query.push_back(name_value{"versionId", entry->version_id});
            }
            control_reply reply = co_await session_.control(ask, patience_.until_ns());
            if (job_.unlocks && reply.problem.empty() && reply.status == 403) {
                reply = co_await remove_locked(session_, ask, patience_);
            }
            if (is_gone(reply)) {
                ++found_.removed;
                got_on();
                pause.reset();
                continue;
            }
            note(explain(reply, session_.core(), endpoint_));
            if (!may_help_to_repeat(reply)) {
                got_on();
                continue;
            }
            if (session_.is_given_up()) co_return;
            again.push_back(entry);
            co_await pause.wait(session_, ask, reply, patience_.until_ns());
        }
        rest = std::move(again);
    }
}

runtime::task<void> sweeper::go() {
    co_await go_through_versions();
    if (!found_.problem.empty() && !job_.remove) co_return;
    got_on();
    if (!job_.exact && !gave_up_) co_await go_through_uploads();
    found_.complete = found_.problem.empty() && !stopped();
}

}  // namespace

runtime::task<sweep_figures> sweep(s3_session& session, const sweep_job& job,
                                   const std::string& endpoint, sweep_figures* progress) {
    sweep_figures own;
    sweep_figures& figures = progress != nullptr ? *progress : own;
    figures = sweep_figures();
    sweeper work(session, job, endpoint, figures);
    co_await work.go();
    co_return figures;
}

runtime::task<sweep_figures> sweep_clean(s3_session& session, sweep_job job,
                                         const std::string& endpoint, sweep_figures* progress) {
    sweep_figures left;
    for (bool is_first = true;; is_first = false) {
        job.remove = true;
        const sweep_figures gone = co_await sweep(session, job, endpoint, progress);
        if (is_first && gone.found() == 0) co_return gone;
        // What the server said of each is one thing, what it shows afterwards is another.
        job.remove = false;
        const std::uint64_t removed = left.removed + gone.removed;
        left = co_await sweep(session, job, endpoint);
        left.removed = removed;
        if (left.problem.empty() && left.found() > 0) left.problem = gone.problem;
        // Where nobody refused anything RGW may show what was hidden by what is gone: once more.
        const bool refused = !left.problem.empty() || !left.complete;
        if (!is_first || refused || left.found() == 0) co_return left;
    }
}

std::string describe(const sweep_figures& figures) {
    std::vector<std::string> parts;
    if (figures.objects > 0) parts.push_back(counted(figures.objects, "object"));
    if (figures.versions > 0) parts.push_back(counted(figures.versions, "older version"));
    if (figures.markers > 0) parts.push_back(counted(figures.markers, "delete marker"));
    if (figures.uploads > 0) parts.push_back(counted(figures.uploads, "unfinished upload"));
    if (parts.empty()) return "nothing";
    std::string text = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i)
        text += (i + 1 == parts.size() ? " and " : ", ") + parts[i];
    return text;
}

}  // namespace chopsticks::s3
