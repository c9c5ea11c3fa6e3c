// Words of device kinds.
#include "common/wireguard/device_kind.h"

#include <doctest/doctest.h>

using namespace adit::wireguard;

TEST_CASE("a device kind is known by its word and by no other") {
    for (const auto kind : {DeviceKind::automatic, DeviceKind::user_space, DeviceKind::kernel, DeviceKind::existing}) {
        CHECK(parse_device_kind(device_kind_text(kind)) == kind);
    }
    CHECK(device_kind_text(DeviceKind::user_space) == "user-space");
    CHECK_FALSE(parse_device_kind("userspace"));
    CHECK_FALSE(parse_device_kind(""));
}
