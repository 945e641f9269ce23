"""The module table: who may include whom, and who may use which library.

docs/explanation/architecture.md shows the same table to people, with the reasons; the test
compares the two.
"""

# Module -> modules whose contract (include/chopsticks/<module>/) it may include besides its own.
# A module of two words is a folder inside another; the longest match counts.
may_include = {
    "core": set(),
    "stats": {"core"},
    "load": {"core"},
    "http": {"core"},
    "trace": {"core"},
    "runtime": {"core"},
    "scenario": {"core", "load"},
    "engine": {"core", "stats", "load", "runtime", "scenario", "trace"},
    "process": {"core", "stats", "load", "runtime"},
    "plugin": {"core", "engine", "runtime", "scenario"},
    "s3/workload": {"core", "scenario"},
    "s3/protocol": {"core", "http"},
    "s3/driver": {"core", "load", "http", "runtime", "scenario", "engine", "process",
                  "s3/workload", "s3/protocol"},
    "ceph/access": {"core", "scenario"},
    "ceph": {"core", "runtime", "scenario", "engine", "ceph/access"},
    "ceph/beside": {"core", "stats", "http", "scenario", "s3/protocol", "telemetry", "results",
                    "ceph/access", "ceph"},
    "rbd/workload": {"core", "scenario", "ceph/access"},
    "rbd": {"core", "load", "runtime", "scenario", "engine", "ceph/access", "ceph",
            "rbd/workload"},
    "rados/workload": {"core", "scenario", "ceph/access"},
    "rados": {"core", "load", "runtime", "scenario", "engine", "ceph/access", "ceph",
              "rados/workload"},
    "telemetry": {"core", "stats", "runtime"},
    "results": {"core", "stats", "scenario", "search"},
    "exports": {"core", "stats", "scenario", "trace", "results"},
    "search": {"core"},
    "compare": {"core", "stats", "results"},
    "report": {"core", "stats", "results"},
    "endpoint": {"core", "http", "runtime", "s3/protocol"},
    "live": {"core", "stats", "runtime", "results", "report"},
    "locust": {"core", "stats"},
    "cli": {"core", "stats", "load", "live", "locust", "http", "trace", "runtime", "scenario",
            "engine", "process", "s3/workload", "s3/protocol", "s3/driver", "ceph/access",
            "ceph", "ceph/beside", "rbd/workload", "rbd", "rados/workload", "rados", "telemetry",
            "results", "exports", "search", "compare", "report", "endpoint", "plugin"},
}

# First part of an include -> modules that may use that library. What is not listed is free
# (the standard library, boost/system).
library_users = {
    "boost/asio": {"runtime", "s3/driver", "rbd", "endpoint", "live", "cli"},
    "boost/math": {"stats", "compare"},
    "boost/beast": {"http", "runtime", "s3/driver", "endpoint", "live", "cli"},
    "openssl": {"runtime", "s3/protocol", "s3/driver", "endpoint", "telemetry", "live", "cli"},
    "curl": {"s3/driver"},
    "yaml-cpp": {"scenario"},
    "CLI": {"cli"},
    "nlohmann": {"results", "trace", "endpoint", "locust", "cli"},
    "pugixml": {"s3/protocol", "endpoint"},
    "zlib": {"stats"},
    "rbd": {"rbd"},
    "zmq": {"locust"},
    "rados": {"ceph", "ceph/beside", "rbd", "rados"},
}

# Meson dependency -> module. Every other *_dep names a library.
module_of_dependency = {name.replace("/", "_") + "_dep": name for name in may_include}


def module_of(parts):
    """The module that a path below src/ or include/chopsticks/ belongs to, or None."""
    for length in (2, 1):
        # A module whose contract is one header has it beside its folder: s3/driver.hpp.
        name = "/".join(parts[:length]).removesuffix(".hpp")
        whole = len(parts) > length or (parts and parts[-1] == name.split("/")[-1] + ".hpp")
        if whole and name in may_include:
            return name
    return None


def library_of(include):
    for name in library_users:
        if include == name or include.startswith((name + "/", name + ".")):
            return name
    if include == "zlib.h":
        return "zlib"
    return None
