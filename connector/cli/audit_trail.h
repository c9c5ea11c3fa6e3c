// The audit log of commands that change files by themselves: the same lines as the connector's, from whoever types
// them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "connector/admin/audit.h"
#include "connector/store/store.h"

namespace adit::cli {

/// The user of this process, and who he was before sudo, by its own word.
status::Caller caller_of_process();

/// Lines go to the file of `admin.audit`. Without one they go to the system's log, as authpriv, and where there is none
/// to standard error: a command has no log of its own.
class AuditTrail {
  public:
    explicit AuditTrail(std::filesystem::path file) : file_(std::move(file)) {}
    /// An error means: do not make the change.
    Result<> write(const Change& change) const;

  private:
    std::filesystem::path file_;
};

/// Lets `act` change tunnels: with a line before each change, and another one when it then failed.
Result<TunnelRecord> change_tunnels(Store store, const AuditTrail& trail, const std::string& what,
                                    const std::function<Result<TunnelRecord>(Store&)>& act);

}  // namespace adit::cli
