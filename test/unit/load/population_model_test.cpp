// A population against a perfect server: whatever is begun, ended, fails or half fails, every read
// must find exactly the version it was promised, and cleanup must leave nothing behind.

#include <doctest/doctest.h>

#include <chopsticks/load/population.hpp>
#include <set>
#include <unordered_map>
#include <vector>

using chopsticks::random_stream;
using namespace chopsticks::load;

namespace {

enum class kind { read, put, overwrite, remove, own };

struct plan {
    const char* name;
    std::uint64_t objects;
    std::uint64_t protected_objects;
    std::uint32_t max_in_flight;
    double failures;    ///< share of mutations that report failure
    double weights[5];  ///< by kind
    popularity_kind keys;
    double begin_bias = 0.5;  ///< > 0.5: as many in flight as allowed most of the time
};

class checker {
  public:
    checker(const plan& how, std::uint64_t seed)
        : plan_(how), random_(seed), objects_(options(how, seed)) {}

    void prepare() {
        object_ref r;
        while (objects_.begin_prepare(r)) {
            const bool ok = !fails();
            if (ok || random_.unit() < 0.5) server_[r.index] = r.version;
            objects_.end_put(r, ok);
        }
        REQUIRE(objects_.remaining_to_prepare() == 0);
        REQUIRE(objects_.alive() == server_.size());
    }

    void step() {
        if (random_.unit() < plan_.begin_bias) {
            if (in_flight_.size() < plan_.max_in_flight) begin_any();
        } else if (!in_flight_.empty()) {
            end_one(random_.below(in_flight_.size()));
        }
        REQUIRE(objects_.in_flight() == in_flight_.size());
        REQUIRE(objects_.exceptions() <= objects_.capacity());
        most_exceptions_ = std::max(most_exceptions_, objects_.exceptions());
    }

    void finish() {
        while (!in_flight_.empty())
            end_one(in_flight_.size() - 1);
        // Once nothing is in flight and nothing fails, all that is owed can be done.
        plan_.failures = 0;
        object_ref r;
        for (std::uint32_t i = 0; i < objects_.capacity() && objects_.exceptions() > 0; ++i) {
            // Repetitions come every other time at least.
            for (int twice = 0; twice < 2; ++twice) {
                if (plan_.weights[1] > 0) single(kind::put);
                if (plan_.weights[2] > 0) single(kind::overwrite);
                if (plan_.weights[3] > 0) single(kind::remove);
                if (plan_.weights[4] > 0) single(kind::own);
            }
        }
        CHECK(objects_.exceptions() == 0);
        CHECK(objects_.alive() == server_.size());

        const auto promised = objects_.leftovers();
        std::uint64_t given = 0;
        while (objects_.next_leftover(r)) {
            REQUIRE(r.index >= plan_.protected_objects);
            ++given;
            server_.erase(r.index);
        }
        CHECK(given == promised);
        CHECK(server_.size() == plan_.protected_objects);
    }

    /// Cleanup while operations are in flight and owed, instead of finish().
    void abandon() {
        object_ref r;
        while (objects_.next_leftover(r))
            server_.erase(r.index);
        // A mutation in flight may still be carried out by the server; not our doing.
        CHECK(server_.size() == plan_.protected_objects);
    }

    void set_failures(double share) { plan_.failures = share; }
    std::uint64_t count(kind k) const { return counts_[static_cast<int>(k)]; }
    std::uint32_t most_exceptions() const { return most_exceptions_; }

  private:
    struct operation {
        kind what;
        object_ref object;
    };

    static population_options options(const plan& how, std::uint64_t seed) {
        population_options o;
        o.core = 1;
        o.cores = 2;
        o.initial_objects = how.objects * 2;
        o.protected_objects = how.protected_objects * 2;
        o.max_in_flight = how.max_in_flight;
        o.keys.kind = how.keys;
        o.seed = seed;
        return o;
    }

    bool fails() { return random_.unit() < plan_.failures; }

    void begin_any() {
        double x = random_.unit();
        int k = 0;
        while (k < 4 && (x -= plan_.weights[k]) >= 0)
            ++k;
        begin(static_cast<kind>(k));
    }

    bool begin(kind k) {
        operation op{k, {}};
        bool begun = false;
        switch (k) {
            case kind::read:
                begun = objects_.begin_read(random_, op.object);
                break;
            case kind::put:
                begun = objects_.begin_put(op.object);
                break;
            case kind::overwrite:
                begun = objects_.begin_overwrite(op.object);
                break;
            case kind::remove:
                begun = objects_.begin_delete(op.object);
                break;
            case kind::own:
                begun = objects_.begin_own(op.object);
                break;
        }
        if (!begun) return false;
        ++counts_[static_cast<int>(k)];
        const std::uint64_t index = op.object.index;
        REQUIRE((index % 2 == 1 || k == kind::read));
        if (k == kind::read) {
            check_read(op.object);
            REQUIRE(mutated_.count(index) == 0);
            ++readers_[index];
        } else {
            REQUIRE(index / 2 >= plan_.protected_objects);
            REQUIRE(mutated_.insert(index).second);
            REQUIRE(readers_.count(index) == 0);
        }
        // The server may carry it out at any moment between begin and end; here is one of them.
        if (k == kind::put || k == kind::overwrite || k == kind::own) {
            if (random_.unit() < 0.5) server_[index] = op.object.version;
        } else if (k == kind::remove) {
            // Only what exists is deleted, unless a delete of it has failed before.
            REQUIRE((server_.count(index) == 1 || delete_failed_.count(index) == 1));
            if (random_.unit() < 0.5) server_.erase(index);
        }
        in_flight_.push_back(op);
        return true;
    }

    void single(kind k) {
        if (begin(k)) end_one(in_flight_.size() - 1);
    }

    void check_read(const object_ref& object) {
        if (object.index % 2 == 0) {
            // Another core's, which that core has made and nobody changes.
            REQUIRE(object.index < plan_.protected_objects * 2);
            REQUIRE(object.version == 0);
            return;
        }
        const auto found = server_.find(object.index);
        REQUIRE(found != server_.end());
        REQUIRE(found->second == object.version);
    }

    void end_one(std::size_t position) {
        const operation op = in_flight_[position];
        in_flight_[position] = in_flight_.back();
        in_flight_.pop_back();
        const std::uint64_t index = op.object.index;
        const bool ok = !fails();
        if (op.what == kind::read) {
            check_read(op.object);
            if (--readers_[index] == 0) readers_.erase(index);
            objects_.end_read(op.object);
            // A sequence goes on with the same object where it may.
            if (random_.unit() < 0.2 && objects_.begin_read_again(op.object)) {
                check_read(op.object);
                objects_.end_read(op.object);
            }
            return;
        }
        mutated_.erase(index);
        switch (op.what) {
            case kind::put:
                if (ok) server_[index] = op.object.version;
                objects_.end_put(op.object, ok);
                break;
            case kind::overwrite:
                if (ok) server_[index] = op.object.version;
                objects_.end_overwrite(op.object, ok);
                break;
            case kind::remove:
                if (ok) {
                    server_.erase(index);
                    delete_failed_.erase(index);
                } else {
                    delete_failed_.insert(index);
                }
                objects_.end_delete(op.object, ok);
                break;
            case kind::own:
                if (ok) server_.erase(index);
                objects_.end_own(op.object, ok);
                break;
            case kind::read:
                break;
        }
    }

    plan plan_;
    random_stream random_;
    population objects_;
    std::unordered_map<std::uint64_t, std::uint32_t> server_;
    std::unordered_map<std::uint64_t, int> readers_;
    std::set<std::uint64_t> mutated_;
    std::set<std::uint64_t> delete_failed_;
    std::vector<operation> in_flight_;
    std::uint64_t counts_[5]{};
    std::uint32_t most_exceptions_ = 0;
};

const plan plans[] = {
    // name, objects, protected, in flight, failures, {read put overwrite remove own}
    {"reads_only", 100, 0, 16, 0, {1, 0, 0, 0, 0}, popularity_kind::zipf},
    {"churn", 200, 0, 16, 0.05, {0.5, 0.25, 0, 0.25, 0}, popularity_kind::zipf},
    {"churn_of_few", 3, 0, 16, 0.1, {0.5, 0.25, 0, 0.25, 0}, popularity_kind::uniform, 0.7},
    {"rewrites", 100, 0, 16, 0.1, {0.6, 0, 0.4, 0, 0}, popularity_kind::hot_set},
    {"rewrites_of_few", 2, 0, 32, 0.2, {0.6, 0, 0.4, 0, 0}, popularity_kind::sequential, 0.8},
    {"everything", 50, 10, 24, 0.2, {0.4, 0.2, 0.15, 0.2, 0.05}, popularity_kind::sequential},
    {"everything_of_few", 1, 0, 64, 0.3, {0.3, 0.2, 0.2, 0.25, 0.05}, popularity_kind::zipf, 0.8},
    {"everything_fails", 30, 0, 8, 0.9, {0.2, 0.25, 0.25, 0.25, 0.05}, popularity_kind::uniform},
    {"one_at_a_time", 10, 0, 1, 0.3, {0.3, 0.25, 0.15, 0.25, 0.05}, popularity_kind::uniform},
    {"deletes_prevail", 300, 0, 16, 0.1, {0.4, 0.1, 0.1, 0.4, 0}, popularity_kind::zipf},
};

}  // namespace

TEST_CASE("population_against_a_perfect_server_never_promises_what_is_not_there") {
    std::uint64_t steps = 0;
    for (const plan& how : plans) {
        CAPTURE(how.name);
        for (const std::uint64_t seed : {1ULL, 2ULL}) {
            checker c(how, seed);
            if (how.failures < 0.5) c.prepare();
            for (int i = 0; i < 60'000; ++i, ++steps)
                c.step();
            for (int k = 0; k < 5; ++k) {
                // No kind starves.
                if (how.weights[k] > 0 && how.failures < 0.5) {
                    CHECK(c.count(static_cast<kind>(k)) > 100);
                }
            }
            if (how.failures < 0.5) c.finish();
        }
    }
    CHECK(steps >= 1'000'000);
}

TEST_CASE("population_cleanup_amid_operations_leaves_nothing_on_the_server") {
    for (const plan& how : plans) {
        CAPTURE(how.name);
        for (int steps : {10, 1000, 20'001}) {
            checker c(how, 5);
            if (how.failures < 0.5) {
                c.prepare();
            } else if (how.protected_objects > 0) {
                continue;
            }
            for (int i = 0; i < steps; ++i)
                c.step();
            c.abandon();
        }
    }
}

TEST_CASE("population_memory_does_not_grow_with_objects") {
    population_options few;
    few.initial_objects = 10;
    few.max_in_flight = 100;
    population_options many = few;
    many.initial_objects = 10'000'000'000;
    CHECK(population(few).capacity() == population(many).capacity());

    // Every operation fails for ever: what is owed stays bounded too.
    plan dead{"dead", 1000, 0, 32, 0.0, {0.2, 0.25, 0.25, 0.25, 0.05}, popularity_kind::uniform,
              0.9};
    checker c(dead, 3);
    c.prepare();
    c.set_failures(1.0);
    for (int i = 0; i < 200'000; ++i)
        c.step();
    CHECK(c.most_exceptions() > 32);
    CHECK(c.most_exceptions() <= 11 * 32);
}
