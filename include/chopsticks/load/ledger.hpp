#pragma once
/// \file
/// The ledger of acknowledged writes: what is known to stand at every place of a data set that
/// outlives a run, so that a later run can tell lost data from old data. Encoding, decoding and the
/// book that is kept while reading; docs/reference/ledger.md specifies the bytes. No I/O: where a
/// ledger is kept is the workload's business.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace chopsticks::load {

/// What stands at a place, as far as acknowledgements say.
enum class ledger_content : std::uint8_t {
    unknown,    ///< anything: not to be judged. With version 0: nothing was ever recorded
    untouched,  ///< nothing was acknowledged: as it was when the ledger began, which is empty
    written,    ///< the version, or a later write that nobody acknowledged
    emptied,    ///< nothing (zeros, no object), or a later write that nobody acknowledged
    either,     ///< as `written`, or nothing
};

/// What a ledger is about; its first record.
struct ledger_scope {
    std::uint64_t subject = 0;      ///< identity of the data set: an image, a population
    std::uint64_t places = 0;       ///< numbered from 0: blocks, objects
    std::uint64_t place_bytes = 0;  ///< size of each; 0 where they differ
    bool began_empty = false;       ///< nothing stood there when the ledger began; else: unknown
};

/// A run that may write. Recorded before its first write. Runs are numbered in this order, from 0.
struct ledger_run {
    std::uint64_t identity = 0;  ///< as it stands in the data
    bool may_empty = false;  ///< it deletes, discards or zeroes: which leaves no trace in the data
    bool may_spoil = false;  ///< it leaves data that cannot be judged, should it not end well
    std::string id;          ///< for people
};

/// Places [first, first + count) hold `content`. An acknowledgement of `version` says that no older
/// one stands there any more; versions count up per place and run.
struct ledger_entry {
    std::uint64_t first = 0;
    std::uint64_t count = 1;
    std::uint32_t run = 0;  ///< its number
    std::uint32_t version = 0;
    ledger_content content = ledger_content::written;
};

/// Encodes records behind each other. Belongs to one thread; memory is that of `bytes()`.
class ledger_writer {
  public:
    /// Fewer and larger records cost less; a record that is cut off costs all that it holds.
    static constexpr std::size_t record_bytes = 48 << 10;

    void begin(const ledger_scope& scope);
    void add(const ledger_run& run);
    void add(const ledger_entry& entry);
    /// The run ended well: all that it did is in the ledger.
    void end(std::uint32_t run);

    /// Complete records, with what was added last. Entries may be added again afterwards.
    const std::string& bytes();
    /// Forgets the first `count` bytes of bytes().
    void drop(std::size_t count);
    /// Bytes that are waiting in it.
    std::size_t size() const noexcept { return out_.size() + entries_.size(); }

  private:
    void close_entries();
    void put_record(std::string_view body);

    std::string out_;
    std::string entries_;  ///< body of the record that is being filled; empty: none
    std::uint32_t entries_run_ = 0;
    std::uint64_t next_first_ = 0;
    std::uint32_t last_version_ = 0;
};

/// What a ledger says. Memory: 8 bytes per place.
class ledger_book {
  public:
    /// Nothing is known before a scope was read.
    ledger_book() = default;

    /// Throws std::bad_alloc.
    void begin(const ledger_scope& scope);
    bool begun() const noexcept { return !places_.empty() || scope_.places > 0; }
    /// False: such a run cannot be (a number too many).
    bool add(const ledger_run& run);
    /// False: the entry is of no place or no run.
    bool add(const ledger_entry& entry);
    /// False: there is no such run.
    bool end(std::uint32_t run);
    /// No more records come: a run that has not ended well is reckoned with.
    void finish();

    std::uint64_t memory_bytes() const noexcept { return places_.size() * sizeof(place); }
    const ledger_scope& scope() const noexcept { return scope_; }
    const std::vector<ledger_run>& runs() const noexcept { return runs_; }
    /// True if the last run did not end well.
    bool cut_off() const noexcept { return cut_off_; }

    /// What is known of a place. `run` and `version` are 0 where nothing was written.
    ledger_entry at(std::uint64_t place) const noexcept;

    enum class judgement : std::uint8_t {
        fine,
        older,    ///< replaced, by what was acknowledged
        missing,  ///< nothing is there, and something was acknowledged
        foreign,  ///< of a run that never wrote here
    };
    judgement judge_nothing(std::uint64_t place) const noexcept;
    judgement judge(std::uint64_t place, std::uint64_t run_identity,
                    std::uint32_t version) const noexcept;

    /// All that is known, as a new and shorter ledger; runs that ended badly are reckoned with.
    /// With `goes_on` the last run has not ended, and entries of it may follow.
    void write_to(ledger_writer& out, bool goes_on = false) const;

  private:
    struct place {
        std::uint32_t version = 0;
        std::uint16_t run = 0;
        ledger_content content = ledger_content::unknown;
    };
    void run_was_cut_off();

    ledger_scope scope_;
    std::vector<ledger_run> runs_;
    std::vector<place> places_;
    bool open_ = false;  ///< the last run has not ended
    bool cut_off_ = false;
};

/// Reads a ledger piece by piece into a book.
class ledger_reader {
  public:
    explicit ledger_reader(ledger_book& book) : book_(book) {}

    /// The next bytes, cut anywhere. False: damaged, and what follows is not read.
    bool feed(std::span<const char> bytes);

    enum class ending : std::uint8_t {
        whole,
        torn,     ///< the last record is not complete; all before it counts
        damaged,  ///< something before the end is not what was written
    };
    /// No more bytes come.
    ending finish();

    /// Why it is damaged, for a person.
    const std::string& problem() const noexcept { return problem_; }
    /// Bytes of complete records.
    std::uint64_t good_bytes() const noexcept { return good_bytes_; }

  private:
    bool take(std::span<const char> body);
    bool take_entries(std::span<const char> body);
    bool damaged(std::string why);

    ledger_book& book_;
    std::string pending_;
    bool suspect_ = false;  ///< the last record was not right; it may be the torn end
    std::string problem_;
    std::uint64_t good_bytes_ = 0;
};

}  // namespace chopsticks::load
