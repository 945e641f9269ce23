#include "events_json.hpp"

#include "json_text.hpp"

namespace chopsticks::results {

void put_events(json& document, const stats::event_marks& events) {
    json list = json::array();
    for (const stats::event_mark& mark : events.list()) {
        json one;
        one["start_s"] = rounded(mark.start_s);
        if (mark.end_s) one["end_s"] = rounded(*mark.end_s);
        one["source"] = name(mark.source);
        one["text"] = mark.text;
        list.push_back(std::move(one));
    }
    document["events"] = std::move(list);
    document["events_dropped"] = events.dropped();
}

stats::event_marks read_events(const checked_members& document) {
    stats::event_marks out;
    std::size_t count = 0;
    document.each("events", [&](const json& one, const place& there, std::string_view) {
        const checked_members event(one, there, document.file());
        if (++count > stats::event_marks::most) {
            document.fail("events",
                          "has more than " + std::to_string(stats::event_marks::most) + " members");
        }
        stats::event_mark mark;
        mark.start_s = event.required_number("start_s");
        if (!event.any("end_s").is_null()) {
            mark.end_s = event.number("end_s");
            if (*mark.end_s < mark.start_s) event.fail("end_s", "is before start_s");
        }
        const auto source = stats::event_source_named(event.required_text("source"));
        if (!source) event.fail("source", "is none that this version of chopsticks knows");
        mark.source = *source;
        mark.text = event.required_text("text");
        out.add(std::move(mark));
    });
    out.add_dropped(document.count("events_dropped"));
    return out;
}

}  // namespace chopsticks::results
