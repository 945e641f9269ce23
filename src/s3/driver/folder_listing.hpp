#pragma once
/// \file
/// A folder listed in whole, in memory, outside of the load.

#include <chopsticks/s3/protocol/inventory.hpp>
#include <string>
#include <vector>

#include "patience.hpp"
#include "session.hpp"

namespace chopsticks::s3 {

/// A listing in whole, as a plain listing shows it.
struct folder_listing {
    std::string problem;
    std::vector<stored_version> keys;
    std::vector<std::string> folders;
    std::int64_t now_ns = 0;  ///< by the server's clock; 0: it does not say
};

/// With a delimiter only what lies right below is listed. Session and endpoint outlive it.
runtime::task<folder_listing> list_folder(s3_session& session, const std::string& endpoint,
                                          std::string folder, std::string delimiter, patience how);

}  // namespace chopsticks::s3
