/// \file
/// Writes results and an interval stream as runs leave them: for result_schema_test.py.

#include <chopsticks/results/interval_stream.hpp>
#include <chopsticks/results/merge.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cstdio>

#include "cluster_sample.hpp"
#include "sample.hpp"

using namespace chopsticks::results;

namespace {

bool save(const std::string& path, const run_document& doc) {
    const written out = write_result(path, doc);
    if (!out.problem.empty()) std::fprintf(stderr, "%s\n", out.problem.c_str());
    return out.problem.empty();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: write_samples DIRECTORY\n");
        return 2;
    }
    const std::string directory = std::string(argv[1]) + "/";
    bool good = save(directory + "full.json", sample::document());

    // A run that was stopped before it measured anything, on a system that tells nothing.
    chopsticks::stats::layout names = sample::names();
    names.parts = {{"s3/put.last", 1}};
    run_document empty(names);
    empty.run.id = "1";
    empty.run.interrupted = true;
    empty.run.problem = "the target refused the key";
    empty.workload = echo_of(chopsticks::scenario::load_workload_config(""));
    empty.validity = {false, {"nothing was measured"}};
    good = save(directory + "empty.json", empty) && good;

    run_document watched = sample::document(100);
    sample::fill_cluster(watched);
    good = save(directory + "watched.json", watched) && good;
    interval_stream beside(directory + "watched.jsonl", watched.run, watched.scenario,
                           watched.layout);
    for (std::string line : watched.intervals) {
        line.pop_back();
        const json sample = sample::cluster_status(1, "HEALTH_OK");
        const bool first = line == watched.intervals.front().substr(0, line.size());
        line += ",\"cluster\":" + (first ? std::string("null") : dump(sample)) + "}";
        good = beside.write(line).empty() && good;
    }

    std::vector<result_file> parts;
    for (const char* const id : {"a", "b"}) {
        run_document part = sample::document(1000 + parts.size());
        part.run.id = id;
        if (parts.empty()) sample::fill_cluster(part);
        parts.push_back(parse_file(to_text(part), id));
    }
    good = write_file(directory + "merged.json", merge(parts).text).empty() && good;

    run_document full = sample::document(1000);
    full.run.warmup.steady = false;
    full.data.wrong = chopsticks::stats::wrong_data{3, 100, {"kept-0 offset 4096: a lost write"}};
    full.validity = {false, {"core 0 was 99% busy"}};
    good = save(directory + "invalid.json", full) && good;
    interval_stream stream(directory + "full.jsonl", full.run, full.scenario, full.layout);
    for (const std::string& line : full.intervals) {
        const std::string problem = stream.write(line);
        good = good && problem.empty();
    }
    return good ? 0 : 1;
}
