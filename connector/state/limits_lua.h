// Rate limits in Redis: GCRA as a leaky bucket, by the server's clock, so that clocks of connectors do not matter.
#pragma once

#include <string_view>

namespace adit::state::lua {

/// KEYS: the caller's row. ARGV: tokens that must be had, tokens that are welcome, refusals that ban (0: nobody is
/// banned; -1: who is stays so, but nobody was refused by this), ms of a ban, then of each window the nanoseconds of a
/// token and the nanoseconds of a full bucket.
/// Reply: {0 allowed | 1 refused | 2 banned, the window (from 0) with the fewest tokens left or the longest wait, its
/// tokens left, us until it is empty again, us until the same may be had, tokens had, 1 when a ban begins now}.
///
/// A row: t, when it was written (us); of window i its level (ns) as field i; refusals r, counted until u (us); banned
/// until b (us). Levels are whole nanoseconds and stay exact as doubles up to 104 days.
inline constexpr std::string_view kTake = R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local least, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local ban_after, ban = tonumber(ARGV[3]), tonumber(ARGV[4]) * 1000
local count = (#ARGV - 4) / 2
local fields = {'t', 'r', 'u', 'b'}
for i = 1, count do fields[4 + i] = tostring(i) end
local row = redis.call('HMGET', KEYS[1], unpack(fields))
local banned = tonumber(row[4] or 0)
if ban_after ~= 0 and banned > now then return {2, 0, 0, banned - now, banned - now, 0, 0} end
local passed = math.max(0, now - tonumber(row[1] or now)) * 1000
local levels, had, wait, window, longest = {}, most, 0, 1, 0
for i = 1, count do
  local token, full = tonumber(ARGV[3 + 2 * i]), tonumber(ARGV[4 + 2 * i])
  local level = math.max(0, math.min(tonumber(row[4 + i] or 0), full) - passed)
  levels[i] = level
  longest = math.max(longest, level)
  local over = level + math.min(token * least, full) - full
  if over > wait then wait, window = over, i end
  had = math.min(had, math.floor((full - level) / token))
end
if wait > 0 then
  local token, full = tonumber(ARGV[3 + 2 * window]), tonumber(ARGV[4 + 2 * window])
  local reply = {1, window - 1, math.floor((full - levels[window]) / token), math.ceil(levels[window] / 1000),
                 math.ceil(wait / 1000), 0, 0}
  if ban_after > 0 then
    local refusals, till = tonumber(row[2] or 0), tonumber(row[3] or 0)
    if till <= now then refusals, till = 0, now + ban end
    refusals = refusals + 1
    if refusals >= ban_after then
      redis.call('HSET', KEYS[1], 'b', now + ban, 'r', 0, 'u', 0)
      reply = {2, 0, 0, ban, ban, 0, 1}
    else
      redis.call('HSET', KEYS[1], 'r', refusals, 'u', till)
    end
    redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(longest / 1000000, ban / 1000)) + 1000)
  end
  return reply
end
had = math.max(had, least)
local few = nil
local reset = 0
local write = {'t', now}
longest = 0
for i = 1, count do
  local token, full = tonumber(ARGV[3 + 2 * i]), tonumber(ARGV[4 + 2 * i])
  levels[i] = levels[i] + math.min(token * had, full)
  longest = math.max(longest, levels[i])
  write[#write + 1] = tostring(i)
  write[#write + 1] = string.format('%.0f', levels[i])
  local left = math.floor((full - levels[i]) / token)
  if few == nil or left < few then few, window, reset = left, i, levels[i] end
end
redis.call('HSET', KEYS[1], unpack(write))
local keep = longest / 1000000
local till = math.max(tonumber(row[3] or 0), banned)
if till > now then keep = math.max(keep, (till - now) / 1000) end
redis.call('PEXPIRE', KEYS[1], math.ceil(keep) + 1000)
return {0, window - 1, few or 0, math.ceil(reset / 1000), 0, had, 0}
)";

/// KEYS: the caller's row. ARGV: tokens, then of each window the nanoseconds of a token and of a full bucket. What was
/// taken and not used lowers the levels; a row that is gone needs nothing.
inline constexpr std::string_view kRefund = R"(
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local tokens = tonumber(ARGV[1])
for i = 1, (#ARGV - 1) / 2 do
  local level = tonumber(redis.call('HGET', KEYS[1], tostring(i)) or 0)
  local back = math.min(tokens * tonumber(ARGV[2 * i]), tonumber(ARGV[1 + 2 * i]))
  redis.call('HSET', KEYS[1], tostring(i), string.format('%.0f', math.max(0, level - back)))
end
return 1
)";

}  // namespace adit::state::lua
