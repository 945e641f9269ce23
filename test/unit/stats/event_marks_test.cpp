#include <doctest/doctest.h>

#include <chopsticks/stats/event_marks.hpp>

using namespace chopsticks::stats;

namespace {

event_mark at(double start_s, const std::string& text = "x") {
    return {start_s, {}, event_source::annotate, text};
}

}  // namespace

TEST_CASE("event_source_has_a_name_of_its_own_for_each") {
    for (const event_source one :
         {event_source::annotate, event_source::signal, event_source::phase, event_source::ceph,
          event_source::finding, event_source::steering})
        CHECK(event_source_named(name(one)) == one);
    CHECK_FALSE(event_source_named("rumour"));
}

TEST_CASE("event_marks_are_ordered_by_when_they_began") {
    event_marks marks;
    for (const double t : {3.0, -1.0, 2.0})
        marks.add(at(t));
    REQUIRE(marks.list().size() == 3);
    CHECK(marks.list()[0].start_s == -1);
    CHECK(marks.list()[2].start_s == 3);
}

TEST_CASE("event_marks_beyond_their_bound_are_counted_whatever_the_order") {
    const int extra = 40;
    const int all = static_cast<int>(event_marks::most) + extra;
    event_marks up;
    event_marks down;
    for (int i = 0; i < all; ++i) {
        up.add(at(i));
        down.add(at(all - 1 - i));
    }
    CHECK(up.list().size() == event_marks::most);
    CHECK(up.dropped() == extra);
    CHECK(up.list() == down.list());
    CHECK(down.dropped() == extra);
    CHECK(up.list().back().start_s == event_marks::most - 1);
}

TEST_CASE("event_marks_of_another_run_are_moved_onto_its_axis") {
    event_marks marks;
    event_marks other;
    other.add({1, 2.5, event_source::ceph, "osd.3 down"});
    other.add(at(4));
    other.add_dropped(2);
    marks.add(at(3));
    marks.add(other, 0.5);
    REQUIRE(marks.list().size() == 3);
    CHECK(marks.list()[0] == event_mark{1.5, 3.0, event_source::ceph, "osd.3 down"});
    CHECK(marks.list()[2].start_s == 4.5);
    CHECK(marks.dropped() == 2);
}

TEST_CASE("event_mark_text_is_cut_between_characters") {
    event_marks marks;
    std::string text(event_marks::text_bytes_max - 1, 'x');
    marks.add(at(0, text + "\xc3\xa4"));
    CHECK(marks.list()[0].text == text);
    marks.add(at(1, text + "yz"));
    CHECK(marks.list()[1].text == text + "y");
}
