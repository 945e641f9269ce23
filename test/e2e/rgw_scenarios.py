"""What is run against a real RGW, as texts: some with places for what differs."""

mixed = """
name: mixed on rgw
groups:
  - workload: s3
    data: {prefix: mixed/, objects: 300, size: {uniform: [1KiB, 64KiB]}, verify: true}
    tasks:
      - {op: get, weight: 55}
      - {op: put, weight: 20}
      - {op: delete, weight: 15}
      - {op: head, weight: 5}
      - {op: list, weight: 5}
    load: {closed: {users: 16}}
phases: {prepare: true, warmup: 1s, measure: %s, drain: 20s, cleanup: %s}
timeouts: {connect: 2s, operation: 20s}
# The cluster takes its CPU time from the same machine, and so do other builds: both sides pause.
limits: {held_up: 100%%, held_up_longest: 20s, outage: 100%%}
"""

# What is read is verified: a part in the wrong place would be found.
multipart = """
name: parts on rgw
groups:
  - workload: s3
    data: {prefix: parts/, objects: 2, size: 12MiB, verify: true}
    tasks:
      - {op: multipart_put, part_size: 5MiB, concurrency: 3}
      - {op: get, range: 1MiB}
    load: {closed: {users: 2}}
phases: {warmup: 0s, measure: 60s, drain: 60s, cleanup: false}
stop: {operations: 16}
timeouts: {operation: 60s}
limits: {held_up: 100%, held_up_longest: 20s, outage: 100%}
"""

# What RGW 16.2 has; docs/reference/s3-operations.md says what it has not.
operations = """
name: operations on rgw
groups:
  - workload: s3
    data: {prefix: rows/, objects: 100, size: {uniform: [1KiB, 16KiB]}, verify: true}
    tasks:
      - {op: put, metadata: 40, tags: 3, acl: private, storage_class: STANDARD, weight: 8}
      - {op: put, conditional: true, weight: 2}
      - {op: put, overwrite: true}
      - {op: presigned_put, weight: 2}
      - {op: form_put, metadata: 9, weight: 2}
      - {op: form_put, overwrite: true}
      - {op: copy, metadata: 9, storage_class: STANDARD}
      - {op: multi_delete, batch: 4}
      - {op: delete, conditional: true}
      - {op: get, conditional: true}
      - {op: head, conditional: true}
      - {op: presigned_get, range: 1KiB}
      - {op: list, delimiter: true, pages: 0, max_keys: 50}
      - {op: list, start_after: true, fetch_owner: true, max_keys: 50, pages: 3}
      - {op: list_v1, pages: 0, max_keys: 50}
      - {op: list_v1, delimiter: true, pages: 0, max_keys: 50}
      - {op: list_versions, pages: 0, max_keys: 50}
      - {op: list_versions, delimiter: true, start_after: true}
      - {op: put_tagging, tags: 10}
      - {op: put_acl, acl: public-read}
      - get_unmodified
      - head_unmodified
      - get_unmatched
      - put_existing
      - get_tagging
      - delete_tagging
      - get_acl
      - list_buckets
      - get_bucket_acl
      - get_bucket_cors
      - get_bucket_lifecycle
      - get_bucket_location
      - get_bucket_logging
      - get_bucket_notification
      - get_bucket_object_lock
      - get_bucket_policy
      - get_bucket_policy_status
      - get_bucket_request_payment
      - get_bucket_tagging
      - get_bucket_versioning
    load: {closed: {users: 8}}
phases: {warmup: 0s, measure: 120s, drain: 60s, cleanup: false}
stop: {operations: 1200}
timeouts: {operation: 60s}
limits: {held_up: 100%, held_up_longest: 20s}
"""

named = """
name: named
groups:
  - workload: s3
    data: {objects: 20, size: {uniform: [1KiB, 32KiB]}, verify: true}
    tasks: %s
    load: {closed: {users: 4}}
phases: {warmup: 0s, measure: 60s}
stop: {operations: 400}
limits: {held_up: 100%%, held_up_longest: 1h, outage: 100%%}
seed: 5
"""

# The load of three workers of one Locust master.
shared = """
name: shared on rgw
groups:
  - name: g
    workload: s3
    data: {objects: 60, size: 4KiB, verify: true}
    tasks: [{op: get, weight: 4}, put, delete]
    load: {closed: {users: 6}}
phases: {measure: 1h, cleanup: false}
stop: {operations: 900}
timeouts: {operation: 60s}
limits: {held_up: 100%, held_up_longest: 1h, outage: 100%}
"""
