#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <chopsticks/core/error.hpp>
#include <chopsticks/endpoint/certificate.hpp>
#include <cstring>
#include <memory>

namespace chopsticks::endpoint {

namespace {

template <auto Free>
struct freed_by {
    template <typename T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

template <typename T, auto Free>
using owned = std::unique_ptr<T, freed_by<Free>>;

void require(bool done, const std::string& what) {
    if (!done) throw config_error("cannot make a certificate: " + what);
}

void add_extension(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const owned<X509_EXTENSION, X509_EXTENSION_free> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    require(extension != nullptr, "the extension \"" + value + "\" is refused by OpenSSL");
    require(X509_add_ext(certificate, extension.get(), -1) == 1, "out of memory");
}

/// Replaces the file, so that a key that others could read before is not written into.
void write_file(const std::string& path, std::string_view text, mode_t mode) {
    ::unlink(path.c_str());
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    require(fd >= 0, path + ": " + std::strerror(errno));
    const ssize_t written = ::write(fd, text.data(), text.size());
    const int failed = errno;
    ::close(fd);
    require(written == static_cast<ssize_t>(text.size()), path + ": " + std::strerror(failed));
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

certificate_files make_self_signed(const std::string& directory,
                                   const std::vector<std::string>& names, int days) {
    require(!names.empty(), "it needs at least one name");
    const owned<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
    const owned<X509, X509_free> certificate(X509_new());
    require(key != nullptr && certificate != nullptr, "OpenSSL has no P-256");
    X509* c = certificate.get();
    unsigned char serial[16];
    require(RAND_bytes(serial, sizeof serial) == 1, "no random numbers");
    serial[0] &= 0x7f;
    const owned<BIGNUM, BN_free> number(BN_bin2bn(serial, sizeof serial, nullptr));
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(c));
    X509_set_version(c, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(c), -3600);
    X509_gmtime_adj(X509_getm_notAfter(c), 86400L * days);
    X509_set_pubkey(c, key.get());
    X509_NAME* subject = X509_get_subject_name(c);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>("chopsticks"), -1, -1, 0);
    X509_set_issuer_name(c, subject);
    std::string alternatives;
    for (const std::string& name : names) {
        error_code not_numeric;
        boost::asio::ip::make_address(name, not_numeric);
        if (!alternatives.empty()) alternatives += ',';
        alternatives += (not_numeric ? "DNS:" : "IP:") + name;
    }
    add_extension(c, NID_subject_alt_name, alternatives);
    add_extension(c, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(c, NID_subject_key_identifier, "hash");
    require(X509_sign(c, key.get(), EVP_sha256()) > 0, "OpenSSL cannot sign it");

    const owned<BIO, BIO_free_all> certificate_text(BIO_new(BIO_s_mem()));
    const owned<BIO, BIO_free_all> key_text(BIO_new(BIO_s_secmem()));
    require(PEM_write_bio_X509(certificate_text.get(), c) == 1, "out of memory");
    require(PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                     nullptr) == 1,
            "out of memory");
    certificate_files files{directory + "/cert.pem", directory + "/key.pem"};
    write_file(files.certificate, text_of(certificate_text.get()), 0644);
    write_file(files.key, text_of(key_text.get()), 0600);
    return files;
}

}  // namespace chopsticks::endpoint
