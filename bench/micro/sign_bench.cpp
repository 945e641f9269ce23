// Question: what does one S3 request cost before its first byte is sent, and its response head
// after the last one arrived? Prints ns and allocations per call, each the best of several rounds,
// and a hash of what was computed. Not measured: sockets, TLS, bodies. Arguments: --tiny runs each
// case a few hundred times, to show that it still works.

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <atomic>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/http/chunked.hpp>
#include <chopsticks/http/response_head.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

namespace {
std::uint64_t allocations = 0;
}

// GCC 12 inlines one of the three and then takes it for a mismatch with the others.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* p = std::malloc(size)) return p;
    std::abort();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}

namespace {

using namespace chopsticks;

std::uint64_t sink = 0;
std::uint64_t calls_per_round = 200'000;
int rounds = 7;

void consume(std::string_view text) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + text.size() / 2, std::min<std::size_t>(8, text.size() / 2));
    sink = mix64(sink, word);
}

template <typename Call>
void measure(const char* name, Call&& call, std::uint64_t slower = 1) {
    const std::uint64_t calls = std::max<std::uint64_t>(1, calls_per_round / slower);
    for (std::uint64_t i = 0; i < calls / 10; ++i)
        call(i);
    double best = 1e30;
    const std::uint64_t before = allocations;
    for (int round = 0; round < rounds; ++round) {
        const std::int64_t start = monotonic_ns();
        for (std::uint64_t i = 0; i < calls; ++i)
            call(i);
        best = std::min(best,
                        static_cast<double>(monotonic_ns() - start) / static_cast<double>(calls));
    }
    const double each =
        static_cast<double>(allocations - before) / (static_cast<double>(calls) * rounds);
    std::printf("%-58s %9.1f ns %6.2f allocs\n", name, best, each);
}

s3::request_options options() {
    s3::request_options out;
    out.who = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
    out.host = "rgw.example.net:8000";
    out.bucket = "chopsticks";
    out.bucket_stem = "chopsticks-20260101t000000z-0-";
    out.key_prefix = "chopsticks/20260101-000000/";
    return out;
}

constexpr std::int64_t now_s = 1'369'353'600;

constexpr std::string_view canonical =
    "GET\n/chopsticks/chopsticks/20260101-000000/a3/000000000000002a\n\nhost:rgw.example.net:8000\n"
    "x-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20130524T000000Z\n\n"
    "host;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD";

void measure_hashes() {
    std::string text(320, 'x');
    unsigned char digest[32];
    unsigned size = 0;
    const auto touch = [&](std::uint64_t i) { std::memcpy(text.data(), &i, sizeof i); };
    measure("sha256 320 B: SHA256_* (in use)", [&](std::uint64_t i) {
        touch(i);
        sink ^= s3::sha256(text)[0];
    });
    EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_DigestInit_ex2(context, md, nullptr);
    measure("sha256 320 B: EVP, fetched once, reused context", [&](std::uint64_t i) {
        touch(i);
        EVP_DigestInit_ex2(context, nullptr, nullptr);
        EVP_DigestUpdate(context, text.data(), text.size());
        EVP_DigestFinal_ex(context, digest, &size);
        sink ^= digest[0];
    });
    measure("sha256 320 B: EVP_Digest(EVP_sha256())", [&](std::uint64_t i) {
        touch(i);
        EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
        sink ^= digest[0];
    });
    EVP_MD_CTX_free(context);

    std::string message(140, 'm');
    const s3::hmac_sha256_key key("0123456789abcdef0123456789abcdef");
    measure("hmac 140 B: pads hashed once (in use)", [&](std::uint64_t i) {
        std::memcpy(message.data(), &i, sizeof i);
        sink ^= key.sign(message)[0];
    });
    EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    EVP_MAC_CTX* const keyed = EVP_MAC_CTX_new(mac);
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", name, 0),
                                     OSSL_PARAM_construct_end()};
    const auto* secret = reinterpret_cast<const unsigned char*>("0123456789abcdef0123456789abcdef");
    EVP_MAC_init(keyed, secret, 32, parameters);
    measure("hmac 140 B: EVP_MAC, fetched once, reused context", [&](std::uint64_t i) {
        std::memcpy(message.data(), &i, sizeof i);
        std::size_t written = 0;
        EVP_MAC_init(keyed, nullptr, 0, nullptr);
        EVP_MAC_update(keyed, reinterpret_cast<const unsigned char*>(message.data()),
                       message.size());
        EVP_MAC_final(keyed, digest, &written, sizeof digest);
        sink ^= digest[0];
    });
    EVP_MAC_CTX_free(keyed);
    EVP_MAC_free(mac);
    EVP_MD_free(md);
}

void measure_signatures() {
    s3::signer signer(options().who, "us-east-1");
    signer.set_time(now_s);
    char out[64];
    std::string request(canonical);
    measure("signature of a canonical request", [&](std::uint64_t i) {
        std::memcpy(request.data() + request.size() - 8, &i, 8);
        signer.sign(request, out);
        consume({out, sizeof out});
    });
    measure("signature, the second changed", [&](std::uint64_t i) {
        signer.set_time(now_s + static_cast<std::int64_t>(i & 1));
        signer.sign(request, out);
        consume({out, sizeof out});
    });
    const std::vector<s3::name_value> headers{{"host", "rgw.example.net:8000"},
                                              {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"},
                                              {"x-amz-date", "20130524T000000Z"}};
    measure(
        "signature, the plain reference",
        [&](std::uint64_t) {
            consume(s3::authorization_header(options().who, "us-east-1", "GET", "/chopsticks/key",
                                             {}, headers, "UNSIGNED-PAYLOAD"));
        },
        10);
}

void measure_requests() {
    s3::request_writer writer(options());
    s3::request_options hashed_options = options();
    hashed_options.payload = s3::payload_mode::hashed;
    s3::request_writer hashed(hashed_options);
    const std::string hash(s3::empty_sha256_hex);
    const auto render = [](s3::request_writer& with, const char* name, s3::asked what) {
        return [&with, what, row = s3::find_row(name)](std::uint64_t i) mutable {
            what.object = i;
            consume(with.write(*row, what, now_s + (what.token.empty() ? 0 : i & 1)).head);
        };
    };
    s3::asked part;
    part.length = 4096;
    s3::asked put;
    put.size = 65536;
    s3::asked put_hashed = put;
    put_hashed.payload_hash = hash;
    s3::asked page;
    page.max_keys = 1000;
    page.one_directory = true;
    page.token = hash;
    measure("render and sign: get", render(writer, "get", {}));
    measure("render and sign: get range", render(writer, "get", part));
    measure("render and sign: put, unsigned payload", render(writer, "put", put));
    measure("render and sign: put, hash given", render(hashed, "put", put_hashed));
    measure("render and sign: list with a token", render(writer, "list", page));
    measure("render and sign: head bucket", render(writer, "head_bucket", {}));
}

void measure_heads() {
    std::string head =
        "HTTP/1.1 200 OK\r\nx-amz-id-2: eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDN"
        "EHGran\r\nx-amz-request-id: 318BC8BC148832E5\r\nDate: Mon, 28 Oct 2024 00:00:00 GMT\r\n"
        "Last-Modified: Sun, 1 Jan 2024 12:00:00 GMT\r\nETag: "
        "\"fba9dede5f27731c9771645a39863328\"\r\n"
        "Accept-Ranges: bytes\r\nContent-Type: binary/octet-stream\r\nContent-Length: 65536\r\n"
        "Server: AmazonS3\r\nConnection: keep-alive\r\n\r\n";
    measure("response head of 10 fields", [&](std::uint64_t i) {
        head[11] = static_cast<char>('0' + (i & 7));
        http::response_head out;
        sink ^= static_cast<std::uint64_t>(http::parse_head(head, out)) + out.content_length;
    });
}

void measure_bodies() {
    std::string list =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult "
        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>chopsticks</Name>";
    for (std::uint64_t i = 0; i < 1000; ++i) {
        list += "<Contents><Key>" + s3::object_key("chopsticks/20260101-000000/", i) +
                "</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                "<ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>65536</Size>"
                "<StorageClass>STANDARD</StorageClass></Contents>";
    }
    list += "<IsTruncated>false</IsTruncated></ListBucketResult>";
    s3::list_scanner scanner;
    measure(
        "list of 1000 keys, counted",
        [&](std::uint64_t) {
            scanner.reset();
            for (std::size_t at = 0; at < list.size(); at += 16384) {
                scanner.feed(std::string_view(list).substr(at, 16384));
            }
            sink ^= scanner.keys() + static_cast<std::uint64_t>(scanner.current());
        },
        1000);

    std::string body;
    for (int i = 0; i < 16; ++i)
        body += "1000\r\n" + std::string(4096, 'b') + "\r\n";
    body += "0\r\n\r\n";
    measure(
        "chunked body of 16 x 4 KiB",
        [&](std::uint64_t) {
            http::chunked_decoder decoder;
            decoder.decode(body, [](std::string_view piece) { sink ^= piece.size(); });
            sink ^= static_cast<std::uint64_t>(decoder.state());
        },
        10);
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--tiny") == 0) {
            calls_per_round = 200;
            rounds = 2;
        } else {
            std::fprintf(stderr, "usage: bench_sign [--tiny]\n");
            return 2;
        }
    }
    measure_hashes();
    measure_signatures();
    measure_requests();
    measure_heads();
    measure_bodies();
    std::printf("hash %016llx\n", static_cast<unsigned long long>(sink));
    return 0;
}
