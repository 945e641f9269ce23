#include "answer_sink.hpp"

#include <algorithm>

namespace chopsticks::s3 {

namespace {

const asked nothing_asked;

}  // namespace

void answer_sink::begin(const operation_row& row, const asked& what, const load::content* content) {
    row_ = &row;
    what_ = &what;
    content_ = content;
    reply_ = nullptr;
    answer_ = answer();
    keep_most_ = row.is_long ? keep_long : keep_refusal;
    kept_.clear();
    switch (row.gives) {
        case answer_body::none:
            to_ = use::drop;
            break;
        case answer_body::content:
            to_ = content != nullptr ? use::verify : use::drop;
            break;
        case answer_body::listing:
            to_ = use::list;
            if (!scanner_) scanner_ = std::make_unique<list_scanner>();
            scanner_->reset(row.lists);
            answer_.page = scanner_.get();
            break;
        case answer_body::events:
            to_ = use::select;
            if (!events_) events_ = std::make_unique<select_scanner>();
            events_->reset();
            answer_.events = events_.get();
            break;
        case answer_body::text:
            to_ = use::keep;
            break;
    }
}

void answer_sink::begin(control_reply& reply) {
    row_ = nullptr;
    what_ = &nothing_asked;
    reply_ = &reply;
    answer_ = answer();
    keep_most_ = keep_whole;
    kept_.clear();
    to_ = use::keep;
}

void answer_sink::head(const http::response_head& head) {
    note_head(head, row_, *what_, answer_);
    if (reply_ != nullptr) {
        reply_->region = head.bucket_region;
        reply_->server = head.server;
        reply_->location = head.location;
        reply_->date_s = http::parse_http_date(head.date);
    }
    if (head.status >= 300) to_ = use::keep;
}

void answer_sink::take(std::string_view piece) {
    switch (to_) {
        case use::drop:
            break;
        case use::verify:
            if (answer_.mismatch == answer::right) {
                const std::uint64_t at = what_->offset + answer_.received;
                const std::size_t bad =
                    content_->mismatch(load::content_key{what_->object, what_->version}, at, piece);
                if (bad != load::content::npos) answer_.mismatch = at + bad;
            }
            break;
        case use::list:
            scanner_->feed(piece);
            break;
        case use::select:
            events_->feed(piece);
            break;
        case use::keep:
            kept_.append(piece.substr(0, std::min(piece.size(), keep_most_ - kept_.size())));
            break;
    }
    answer_.received += piece.size();
}

}  // namespace chopsticks::s3
