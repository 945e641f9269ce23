#pragma once
/// \file
/// The ledger of one image in the cluster: RADOS objects beside the image, and metadata of the
/// image (`chopsticks.ledger`) that names them. docs/reference/ledger.md has the layout. All
/// functions block, and are called by one thread at a time.

#include <rados/librados.h>
#include <rbd/librbd.h>

#include <chopsticks/load/ledger.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace chopsticks::rbd {

constexpr const char* ledger_key = "chopsticks.ledger";
/// Objects of ledgers begin so, and go on with the image's id, a generation and a number.
constexpr const char* ledger_prefix = "chopsticks_ledger.";

class ledger_log {
  public:
    /// Neither is owned; both outlive the log. `image` is open.
    ledger_log(rados_ioctx_t pool, rbd_image_t image);

    /// Whether the image's metadata names a ledger of this image. Copies carry another's.
    bool there() const { return named().has_value(); }

    /// Reads the ledger that the image's metadata names. Empty, or why it cannot be used; without a
    /// name in the metadata nothing is read and the book has not begun.
    std::string read(load::ledger_book& book);

    /// Begins a new generation that holds `book`, lets the metadata name it and removes the old
    /// one. Empty, or what failed.
    std::string rewrite(const load::ledger_book& book, bool goes_on);
    /// Writes what `more` holds behind it and drops that from `more`. 0, or -errno: then nothing
    /// was dropped, and it may be tried again.
    int append(load::ledger_writer& more);
    /// Removes all of it, and its name from the metadata. Empty, or what failed.
    std::string forget();

    /// Bytes of the generation, and of what it began with.
    std::uint64_t bytes() const noexcept { return bytes_; }
    std::uint64_t begun_with() const noexcept { return begun_with_; }

  private:
    struct name_in_image {
        std::uint64_t generation = 0;
        std::optional<std::uint64_t> bytes;  ///< of a ledger that is complete
    };
    std::optional<name_in_image> named() const;
    std::string object(std::uint64_t generation, std::uint64_t number) const;
    int put(std::uint64_t at, const std::string& data) const;
    void remove(std::uint64_t generation) const;

    rados_ioctx_t pool_;
    rbd_image_t image_;
    std::string id_;
    std::uint64_t generation_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t begun_with_ = 0;
};

}  // namespace chopsticks::rbd
