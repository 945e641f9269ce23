// What is known of tools that do one operation and end.

#include <chopsticks/s3/workload/exec_options.hpp>

namespace chopsticks::s3 {

namespace {

// A body goes through the pipes; what a tool cannot do so it does not do at all.
const exec_tool known_tools[] = {
    {.name = "s5cmd",
     .program = "s5cmd",
     .install = "download it from https://github.com/peak/s5cmd/releases (2.1 or newer)",
     .version = "version",
     .says = "",
     .arguments = {"--log error --endpoint-url {endpoint} --retry-count {retries} pipe "
                   "s3://{bucket}/{key}",
                   "--log error --endpoint-url {endpoint} --retry-count {retries} cat "
                   "s3://{bucket}/{key}",
                   "", "--endpoint-url {endpoint} --retry-count {retries} head s3://{bucket}/{key}",
                   "--log error --endpoint-url {endpoint} --retry-count {retries} rm "
                   "s3://{bucket}/{key}",
                   "--endpoint-url {endpoint} --retry-count {retries} ls s3://{bucket}/{prefix}*",
                   ""},
     .size_after = "\"size\":",
     .unverified = "--no-verify-ssl",
     .config = "",
     .environment = {}},
    {.name = "aws",
     .program = "aws",
     .install = "install awscli",
     .version = "--version",
     .says = "",
     .arguments = {"--endpoint-url {endpoint} s3 cp --only-show-errors - s3://{bucket}/{key}",
                   "--endpoint-url {endpoint} s3 cp --only-show-errors s3://{bucket}/{key} -", "",
                   "--endpoint-url {endpoint} --output json s3api head-object --bucket {bucket} "
                   "--key {key}",
                   "--endpoint-url {endpoint} s3 rm --only-show-errors s3://{bucket}/{key}",
                   "--endpoint-url {endpoint} --output text s3api list-objects-v2 --bucket "
                   "{bucket} --prefix {prefix} --query Contents[].[Key]",
                   "--endpoint-url {endpoint} s3api head-bucket --bucket {bucket}"},
     .size_after = "\"ContentLength\":",
     .unverified = "--no-verify-ssl",
     .config = "",
     .environment = {{"AWS_MAX_ATTEMPTS", "{attempts}"},
                     {"AWS_RETRY_MODE", "standard"},
                     {"AWS_PAGER", ""}}},
    {.name = "s3cmd",
     .program = "s3cmd",
     .install = "install s3cmd",
     .version = "--version",
     .says = "",
     .arguments = {"-c {config} -q put - s3://{bucket}/{key}",
                   "-c {config} -q get s3://{bucket}/{key} -", "",
                   "-c {config} info s3://{bucket}/{key}", "-c {config} -q del s3://{bucket}/{key}",
                   "-c {config} ls -r s3://{bucket}/{prefix}", ""},
     .size_after = "File size:",
     .unverified = "",
     .config = "[default]\n"
               "access_key = {access_key}\n"
               "secret_key = {secret_key}\n"
               "access_token = {session_token}\n"
               "host_base = {host}\n"
               "host_bucket = {host}\n"
               "bucket_location = {region}\n"
               "use_https = {tls}\n"
               "check_ssl_certificate = {verify}\n"
               "check_ssl_hostname = {verify}\n"
               "ca_certs_file = {ca_file}\n"
               "progress_meter = false\n",
     .environment = {}},
    {.name = "rclone",
     .program = "rclone",
     .install = "install rclone",
     .version = "version",
     .says = "",
     .arguments = {"-q rcat :s3:{bucket}/{key}", "-q cat :s3:{bucket}/{key}",
                   "-q cat --offset {offset} --count {length} :s3:{bucket}/{key}",
                   "-q lsjson --stat :s3:{bucket}/{key}", "-q deletefile :s3:{bucket}/{key}",
                   "-q lsf -R --files-only :s3:{bucket}/{prefix}", ""},
     .size_after = "\"Size\":",
     .unverified = "--no-check-certificate",
     .config = "",
     .environment = {{"RCLONE_CONFIG", "/dev/null"},
                     {"RCLONE_S3_PROVIDER", "Other"},
                     {"RCLONE_S3_ENDPOINT", "{endpoint}"},
                     {"RCLONE_S3_REGION", "{region}"},
                     {"RCLONE_S3_ACCESS_KEY_ID", "{access_key}"},
                     {"RCLONE_S3_SECRET_ACCESS_KEY", "{secret_key}"},
                     {"RCLONE_S3_SESSION_TOKEN", "{session_token}"},
                     {"RCLONE_S3_NO_CHECK_BUCKET", "true"},
                     {"RCLONE_CA_CERT", "{ca_file}"},
                     {"RCLONE_RETRIES", "1"},
                     {"RCLONE_LOW_LEVEL_RETRIES", "{retries}"}}},
    {.name = "mc",
     .program = "mc",
     .install = "MinIO's client: https://min.io/docs/minio/linux/reference/minio-mc.html (Debian's "
                "package mc is another program; `program` names any path)",
     .version = "--version",
     .says = "mc version",
     .arguments = {"--quiet pipe chopsticks/{bucket}/{key}",
                   "--quiet cat chopsticks/{bucket}/{key}", "",
                   "--json stat chopsticks/{bucket}/{key}", "--quiet rm chopsticks/{bucket}/{key}",
                   "--quiet ls --recursive chopsticks/{bucket}/{prefix}", ""},
     .size_after = "\"size\":",
     .unverified = "--insecure",
     .config = "",
     // Where nothing stands for a token, mc has none.
     .environment = {{"MC_HOST_chopsticks",
                      "{scheme}://{access_key}:{secret_key}:{session_token}@{host}"},
                     {"SSL_CERT_FILE", "{ca_file}"}}},
};

}  // namespace

std::span<const exec_tool> exec_tools() {
    return known_tools;
}

}  // namespace chopsticks::s3
