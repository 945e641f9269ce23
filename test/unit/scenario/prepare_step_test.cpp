// What a group's initial objects are made with.

#include <doctest/doctest.h>

#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/scenario/prepare_step.hpp>

using namespace chopsticks;
using namespace chopsticks::scenario;

namespace {

step made_for(const std::string& workload, const std::string& tasks) {
    return prepare_step(parse_scenario("groups: [{workload: " + workload + ", tasks: " + tasks +
                                           ", load: {closed: {users: 1}}}]\n",
                                       "s.yaml")
                            .groups.front());
}

std::string encryption_for(const std::string& tasks) {
    const step made = made_for("s3", tasks);
    CHECK(made.op == "put");
    CHECK(made.use == subject_use::make);
    // Of nothing else that reads say.
    CHECK_FALSE(made.flag("conditional"));
    CHECK(made.word("acl") == "none");
    CHECK(made.word("kms_key") == "none");
    return made.word("encryption");
}

}  // namespace

TEST_CASE("prepare_step_writes_with_the_key_that_reads_send") {
    for (const char* read :
         {"get", "head", "presigned_get", "get_version", "head_version", "get_part",
          "get_unmodified", "head_unmodified", "get_unmatched", "get_attributes"}) {
        CAPTURE(read);
        const std::string with_key = "{op: " + std::string(read) + ", encryption: customer}";
        CHECK(encryption_for("[" + with_key + "]") == "customer");
        CHECK(encryption_for("[put, get, " + with_key + "]") == "customer");
        CHECK(encryption_for("[{steps: [head, " + with_key + "]}]") == "customer");
        CHECK(encryption_for("[" + std::string(read) + "]") == "none");
    }
    CHECK(encryption_for("[{op: get, encryption: customer, conditional: true, range: 1KiB}]") ==
          "customer");
}

TEST_CASE("prepare_step_is_plain_where_reads_are_of_what_the_task_wrote") {
    const std::string behind = ", {op: get, encryption: customer}]}, get]";
    CHECK(encryption_for("[{steps: [{op: put, encryption: customer}" + behind) == "none");
    CHECK(encryption_for("[{steps: [{op: put, overwrite: true, encryption: customer}" + behind) ==
          "none");
    CHECK(encryption_for("[{steps: [{op: multipart_put, encryption: customer}" + behind) == "none");
}

TEST_CASE("prepare_step_takes_nothing_of_what_does_not_read") {
    CHECK(encryption_for("[{op: put, encryption: AES256}, {op: copy, encryption: kms}, get]") ==
          "none");
}

TEST_CASE("prepare_step_of_other_workloads_is_their_own") {
    CHECK(made_for("rados", "[read]").op == "write_full");
    CHECK(made_for("rbd", "[read]").op == "write");
}
