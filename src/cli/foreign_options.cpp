// Options of other load generators, and what does the same here.

#include <algorithm>
#include <iterator>

#include "usage.hpp"

namespace chopsticks::cli {

namespace {

constexpr const char* one_process = "one process uses all cores; there are no workers to start";
constexpr const char* of_leader = "of many machines: chopsticks leader, or run --leader";
constexpr const char* of_worker = "of many machines: chopsticks worker, or run --worker";
constexpr const char* no_web = "there is no web page; progress is on the terminal";
constexpr const char* result_file =
    "every run writes one JSON result with its intervals beside it; name it with --output FILE";
constexpr const char* no_log = "there is no log; standard error has what there is to say";
constexpr const char* mix =
    "the mix is the weights of `tasks` in the scenario: --set "
    "groups.0.tasks.get.weight=70";
constexpr const char* object_size = "--set groups.0.data.size=10MiB";
constexpr const char* image_pattern =
    "the pattern is the scenario's: -f rbd_random_read, rbd_sequential_write, ... (chopsticks "
    "list)";

struct hint {
    std::string_view option;
    const char* use;
};

constexpr hint hints[] = {
    // Locust
    {"--autoquit", "a run ends by itself"},
    {"--autostart", "a run starts by itself"},
    {"--config", "options stand on the command line, the rest in -f and --workload-config"},
    {"--csv", result_file},
    {"--csv-full-history", result_file},
    {"--exclude-tags", "take tasks out of the scenario, or make another one"},
    {"--exit-code-on-error", "the exit status is 1 above the scenario's `error_limit`"},
    {"--expect-workers", of_leader},
    {"--html", result_file},
    {"--json", result_file},
    {"--logfile", no_log},
    {"--loglevel", no_log},
    {"--master", of_leader},
    {"--master-bind-host", of_leader},
    {"--master-bind-port", of_leader},
    {"--master-host", of_worker},
    {"--master-port", of_worker},
    {"--only-summary", "--quiet prints problems only"},
    {"--print-stats", "the report is printed at the end of each run"},
    {"--processes", "--cores N; the default is all there are"},
    {"--reset-stats",
     "what comes before the measure phase is in no figure: --set phases.warmup=10s"},
    {"--skip-log-setup", no_log},
    {"--stop-timeout", "--set phases.drain=30s"},
    {"--tags", "take tasks out of the scenario, or make another one"},
    {"--web-host", no_web},
    {"--web-port", no_web},
    {"--worker", of_worker},
    // warp
    {"--analyze.dur", "the result has figures of the whole measure phase and of each second"},
    {"--autoterm", "--until-confident 1%"},
    {"--autoterm.dur", "--until-confident 1%"},
    {"--autoterm.pct", "--until-confident 1%"},
    {"--benchdata", result_file},
    {"--concurrent", "-u N, --users N"},
    {"--delete-distrib", mix},
    {"--disable-multipart", "a put is always one request"},
    {"--get-distrib", mix},
    {"--insecure", "--set workload.tls.verify=false"},
    {"--lookup", "--set workload.addressing=path, or virtual"},
    {"--noclear", "--set phases.cleanup=false"},
    {"--obj.generator",
     "--set 'groups.0.data.content={compressible: 2}'; the default is incompressible"},
    {"--obj.randsize", "--set 'groups.0.data.size={uniform: [1KiB, 1MiB]}'"},
    {"--obj.size", object_size},
    {"--objects", "--set groups.0.data.objects=2500"},
    {"--prefix", "--set groups.0.data.prefix=bench/"},
    {"--put-distrib", mix},
    {"--region", "--set workload.region=us-east-1"},
    {"--rps-limit", "--rate N, which is an open loop"},
    {"--stat-distrib", mix},
    {"--tls", "--endpoint https://host:port"},
    {"--warp-client", one_process},
    // fio
    {"--blocksize", "--set groups.0.tasks.0.block=4KiB"},
    {"--bs", "--set groups.0.tasks.0.block=4KiB"},
    {"--clientname", "--set workload.rbd.client=admin"},
    {"--direct", "the library's cache is off unless --set workload.rbd.cache=true"},
    {"--filename", "--set 'workload.rbd.images=[name]'; load goes to images, not to files"},
    {"--group_reporting", "figures are always by operation, with a total"},
    {"--ioengine", "the driver is the workload's: s3, or rbd through librbd"},
    {"--iodepth", "-u N, --users N: users in flight over all images"},
    {"--numjobs", "-u N users on --cores N"},
    {"--output-format", result_file},
    {"--pool", "--set workload.rbd.pool=rbd"},
    {"--ramp_time", "--set phases.warmup=10s"},
    {"--rate_iops", "--rate N, which is an open loop"},
    {"--rbdname", "--set 'workload.rbd.images=[name]'"},
    {"--readwrite", image_pattern},
    {"--runtime", "-t TIME, --duration TIME"},
    {"--rw", image_pattern},
    {"--rwmixread", "the weights of `tasks` in the scenario: -f rbd_mixed_70_30"},
    {"--size",
     "--set groups.0.data.size=10MiB of objects, --set groups.0.blocks.extent=1GiB of "
     "images"},
    {"--thinktime", "--set groups.0.load.closed.think_time=10ms"},
    {"--time_based", "runs end by time unless `stop` in the scenario says otherwise"},
    {"--verify",
     "--set groups.0.data.verify=true of objects, --set groups.0.blocks.verify=true of images"},
};

}  // namespace

std::string_view foreign_option_hint(std::string_view option) noexcept {
    const auto* const found = std::find_if(std::begin(hints), std::end(hints),
                                           [&](const hint& h) { return h.option == option; });
    return found == std::end(hints) ? std::string_view() : std::string_view(found->use);
}

}  // namespace chopsticks::cli
