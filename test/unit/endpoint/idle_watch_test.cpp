#include "idle_watch.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace chopsticks::endpoint;

namespace {

struct peer : watched {
    explicit peer(idle_watch& watch) : watched(watch) { begin_watch(); }
    bool has_begun() const noexcept override { return begun; }
    void expire() noexcept override { ++expired; }
    using watched::wait_for;
    using watched::waiting;

    bool begun = false;
    int expired = 0;
};

}  // namespace

TEST_CASE("idle_head_runs_out_from_its_first_byte") {
    idle_watch watch({30, 60});
    peer p(watch);
    watch.sweep(1000);
    p.wait_for(peer::waiting::head);
    // Between requests a peer may take its time.
    watch.sweep(5000);
    CHECK(p.expired == 0);
    p.begun = true;
    watch.sweep(5029);
    CHECK(p.expired == 0);
    watch.sweep(5030);
    CHECK(p.expired == 1);
    watch.sweep(9000);
    CHECK(p.expired == 1);
}

TEST_CASE("idle_body_runs_out_from_its_last_byte") {
    idle_watch watch({30, 60});
    peer p(watch);
    peer busy(watch);
    watch.sweep(1000);
    p.wait_for(peer::waiting::body);
    watch.sweep(1059);
    p.wait_for(peer::waiting::body);
    busy.wait_for(peer::waiting::nothing);
    watch.sweep(1118);
    CHECK(p.expired == 0);
    watch.sweep(1119);
    CHECK(p.expired == 1);
    CHECK(busy.expired == 0);
}

TEST_CASE("idle_peers_come_and_go_in_any_order") {
    idle_watch watch({30, 60});
    watch.sweep(1);
    auto a = std::make_unique<peer>(watch);
    auto b = std::make_unique<peer>(watch);
    auto c = std::make_unique<peer>(watch);
    for (peer* p : {a.get(), b.get(), c.get()})
        p->wait_for(peer::waiting::body);
    b.reset();
    watch.sweep(61);
    CHECK(a->expired == 1);
    CHECK(c->expired == 1);
    c.reset();
    a.reset();
    watch.sweep(1000);
    peer last(watch);
    last.wait_for(peer::waiting::body);
    watch.sweep(1060);
    CHECK(last.expired == 1);
}
