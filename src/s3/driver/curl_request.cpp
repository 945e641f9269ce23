#include "curl_request.hpp"

#include <algorithm>
#include <cstring>

namespace chopsticks::s3 {

/// "METHOD target HTTP/1.1", then fields, each of which becomes a text of its own.
void curl_request::cut(std::string_view head) {
    lines_.assign(head);
    fields_.clear();
    const std::size_t first_end = lines_.find("\r\n");
    const std::size_t method_end = lines_.find(' ');
    const std::size_t target_end = lines_.find(' ', method_end + 1);
    lines_[method_end] = lines_[target_end] = '\0';
    method_ = lines_.data();
    asked_ = lines_.data() + method_end + 1;
    for (std::size_t at = first_end + 2;;) {
        const std::size_t line_end = lines_.find("\r\n", at);
        if (line_end == at || line_end == std::string::npos) break;
        lines_[line_end] = '\0';
        // One without a value libcurl would leave out.
        const std::size_t colon = lines_.find(':', at);
        if (lines_.find_first_not_of(' ', colon + 1) == line_end) {
            lines_[colon] = ';';
            lines_[colon + 1] = '\0';
        }
        fields_.push_back({lines_.data() + at, nullptr});
        at = line_end + 2;
    }
}

void curl_request::compose(CURL* handle, const exchange_job& job, std::string_view origin) {
    cut(job.head);
    // What libcurl would say of its own accord.
    static char no_accept[] = "Accept:";
    static char no_expect[] = "Expect:";
    fields_.push_back({no_accept, nullptr});
    if (!job.expects_continue) fields_.push_back({no_expect, nullptr});
    for (std::size_t i = 1; i < fields_.size(); ++i)
        fields_[i - 1].next = &fields_[i];
    if (!origin.empty()) {
        target_.assign(origin);
        target_ += asked_;
        asked_ = target_.c_str();
    }
    front_.assign(job.body);
    key_ = job.key;
    content_offset_ = job.content_offset;
    content_end_ = front_.size() + job.content_bytes;
    tail_.assign(job.tail);
    all_ = job.body_bytes();
    given_ = 0;

    ::curl_easy_setopt(handle, CURLOPT_NOBODY, job.head_request ? 1L : 0L);
    if (all_ > 0) {
        ::curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
        ::curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(all_));
    } else if (!job.head_request) {
        ::curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
    }
    ::curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method_);
    ::curl_easy_setopt(handle, CURLOPT_REQUEST_TARGET, asked_);
    ::curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields_.data());
}

std::size_t curl_request::give(char* to, std::size_t room, const load::content& content) {
    const std::uint64_t began = given_;
    const auto take = [&](std::uint64_t end, const auto& fill) {
        if (given_ >= end || room == 0) return;
        const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(room, end - given_));
        fill(bytes);
        given_ += bytes;
        to += bytes;
        room -= bytes;
    };
    take(front_.size(), [&](std::size_t n) { std::memcpy(to, front_.data() + given_, n); });
    take(content_end_, [&](std::size_t n) {
        content.fill(key_, content_offset_ + given_ - front_.size(), {to, n});
    });
    take(all_, [&](std::size_t n) { std::memcpy(to, tail_.data() + given_ - content_end_, n); });
    return static_cast<std::size_t>(given_ - began);
}

}  // namespace chopsticks::s3
