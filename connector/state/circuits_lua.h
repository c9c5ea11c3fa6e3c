// Circuits in Redis: failures counted together, one state, one connector that probes.
#pragma once

#include <string_view>

namespace adit::state::lua {

/// KEYS: the fleet's version of its circuits, which grows with each change of any; then circuits. ARGV: who asks, then
/// kCircuitArguments for each circuit, in the order of `names` below. Reply: {the version, then for each circuit
/// {generation, state (as resilience::CircuitState), ms until it may be probed, 1 when the probes are ours, why,
/// forced ('' when nobody has said), when that was said (us, 0: never), openings in a row}}.
///
/// Every change has a generation; what somebody says of an older one counts for nothing, neither a change of his nor
/// calls that he has counted. A row that is gone (a Redis that was started anew) is what the first one to come knows.
/// What an operator has said is known by its time, so that it is news after a row has expired, too; and while he forces
/// a circuit its row does not expire.
///
/// A row: g generation, s state, e when it may be probed (us), y why, r openings in a row, o cooldown (ms) and z end of
/// the last opening (us), p who probes and q until when (us), c failures in a row and x when they began (us), bN of
/// each tenth of the window: its number and its calls, failures, slow calls; f forced, n when that was said (us).
inline constexpr int kCircuitArguments = 24;
inline constexpr std::string_view kCircuits = R"(
local names = {'known', 'event', 'ms', 'why', 'wants', 'calls', 'failures', 'slow', 'trailing', 'success', 'window',
               'consecutive', 'failures_most', 'failure_rate', 'slow_rate', 'minimum', 'cooldown', 'cooldown_most',
               'lease', 'recovery', 'state', 'left', 'force', 'last'}
local texts = {event = true, why = true, force = true, last = true}
local CLOSED, OPEN, HALF, RECOVERING = 0, 1, 2, 3
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local me = ARGV[1]
local changes = 0

local function read(key, a)
  local row, flat = {}, redis.call('HGETALL', key)
  for i = 1, #flat, 2 do row[flat[i]] = tonumber(flat[i + 1]) or flat[i + 1] end
  if not row.g then
    row = {g = math.max(1, a.known), s = a.state == HALF and OPEN or a.state, e = now + a.left * 1000, y = a.why, r = 0,
           o = 0, z = 0, p = '', q = 0, c = 0, n = 0}
    if a.known == 0 then a.known = 1 end
    row.new = true
  end
  return row
end

local function enter(row, state, why)
  row.s, row.y, row.g, row.c, row.dirty = state, why, row.g + 1, 0, true
  for i = 0, 9 do row['b' .. i] = nil end
  row.clear = true
  changes = changes + 1
end

-- `ms`: what he makes of it who says so, by the openings that he knows of, give or take a tenth; 0: we say so.
local function open(row, a, ms, why)
  local again = row.s ~= CLOSED or (row.o > 0 and now < row.z + row.o * 1000)
  row.r = again and row.r + 1 or 0
  local doubled = math.min(math.max(a.cooldown, a.cooldown_most), a.cooldown * 2 ^ math.min(row.r, 20))
  if ms < doubled * 0.85 then ms = math.floor(doubled) end
  row.o, row.z, row.e, row.p, row.q = ms, now + ms * 1000, now + ms * 1000, '', 0
  enter(row, OPEN, why)
end

local function apply_event(row, a)
  local ours = row.s == HALF and row.p == me
  -- While nobody could be asked, whoever found the time over has probed alone.
  local over = (row.s == OPEN and now >= row.e) or (row.s == HALF and now >= row.q)
  if a.event == 'open' and row.s ~= OPEN and (row.s ~= HALF or ours) then
    open(row, a, a.ms, a.why)
  elseif a.event == 'recovering' and (ours or over) then
    enter(row, RECOVERING, a.why)
    row.e = now + a.recovery * 1000
  elseif a.event == 'closed' and (row.s == RECOVERING or ours or over) then
    row.z = now
    enter(row, CLOSED, a.why)
  end
end

-- As Circuit::force(): beneath what is forced the state is the one in which it goes on, and one that was open begins
-- with probes.
local function force(row, a)
  local before = row.f or 'no'
  if a.force ~= 'no' or before ~= 'no' then
    local opens = a.force == 'open' or (a.force == 'no' and before == 'open')
    row.e, row.p, row.q = now, '', 0
    enter(row, opens and OPEN or CLOSED, a.why)
  end
  row.f, row.n, row.dirty = a.force, math.max(now, row.n + 1), true
  changes = changes + 1
end

local function count(row, a)
  local step = math.floor(now / (a.window * 100))
  local name = 'b' .. step % 10
  local function bucket(text)
    local s, c, f, l = string.match(text or '', '^(%d+) (%d+) (%d+) (%d+)$')
    return tonumber(s or -1), tonumber(c or 0), tonumber(f or 0), tonumber(l or 0)
  end
  local s, c, f, l = bucket(row[name])
  if s ~= step then c, f, l = 0, 0, 0 end
  row[name] = string.format('%.0f %.0f %.0f %.0f', step, c + a.calls, f + a.failures, l + a.slow)
  -- A success ends a run of failures, unless it was before that began: words of others may be up to a poll late.
  local ends = a.success >= 0 and (row.c == 0 or now - a.success * 1000 >= (row.x or 0))
  local run = ends and 0 or row.c
  if run == 0 and a.trailing > 0 then row.x = now end
  row.c = run + a.trailing
  row.dirty = true
  local calls, failures, slow = 0, 0, 0
  for i = 0, 9 do
    s, c, f, l = bucket(row['b' .. i])
    if s > step - 10 then calls, failures, slow = calls + c, failures + f, slow + l end
  end
  local least = math.max(a.minimum, 1)
  if row.s == RECOVERING then least = math.min(least, 3) end
  local last = a.last ~= '' and ', the last one: ' .. a.last or ''
  if a.consecutive > 0 and row.c >= a.consecutive then
    open(row, a, 0, string.format('%d failures in a row in all connectors%s', row.c, last))
  elseif (a.failures_most > 0 and failures >= a.failures_most) or
         (a.failure_rate > 0 and calls >= least and failures * 100 >= a.failure_rate * calls) then
    open(row, a, 0, string.format('%d of %d calls of all connectors failed%s', failures, calls, last))
  elseif a.slow_rate > 0 and calls >= least and slow * 100 >= a.slow_rate * calls then
    open(row, a, 0, string.format('%d of %d calls of all connectors were slow', slow, calls))
  end
end

local function grant(row, a)
  if a.wants == 2 and row.s == HALF and row.p == me then row.q, row.dirty = now + a.lease * 1000, true end
  local free = (row.s == OPEN and now >= row.e) or (row.s == HALF and now >= row.q)
  if a.wants == 0 or not free then return end  -- who probes already, alone, goes on
  row.p, row.q = me, now + a.lease * 1000
  enter(row, HALF, row.y)
end

local function write(key, row, a)
  if not (row.dirty or row.new) then return end
  local forced = row.f and row.f ~= 'no'
  if row.clear or forced then redis.call('DEL', key) end  -- its end as well
  local flat = {}
  for name, value in pairs(row) do
    if name ~= 'dirty' and name ~= 'new' and name ~= 'clear' then
      flat[#flat + 1] = name
      flat[#flat + 1] = type(value) == 'number' and string.format('%.0f', value) or value
    end
  end
  redis.call('HSET', key, unpack(flat))
  if not forced then redis.call('PEXPIRE', key, math.max(600000, 4 * a.cooldown_most, 2 * a.window)) end
end

local reply = {0}
for k = 2, #KEYS do
  local a = {}
  for i, name in ipairs(names) do
    local word = ARGV[1 + (k - 2) * #names + i]
    a[name] = texts[name] and word or tonumber(word)
  end
  local row = read(KEYS[k], a)
  if a.known == row.g then
    if a.event ~= '' then apply_event(row, a) end
    if a.known == row.g and a.calls > 0 and (row.s == CLOSED or row.s == RECOVERING) then count(row, a) end
  end
  if a.force ~= '' then force(row, a) end
  grant(row, a)
  write(KEYS[k], row, a)
  local left = row.s == OPEN and row.e - now or row.s == HALF and row.q - now or 0
  reply[k] = {row.g, row.s, math.max(0, math.ceil(left / 1000)), (row.s == HALF and row.p == me) and 1 or 0,
              row.y or '', row.f or '', row.n, row.r}
end
if changes > 0 then
  reply[1] = redis.call('INCR', KEYS[1])
  redis.call('PEXPIRE', KEYS[1], 86400000)
else
  reply[1] = tonumber(redis.call('GET', KEYS[1]) or 0)
end
return reply
)";

/// What connectors advise each other: KEYS: circuits. ARGV: who asks, then for each circuit the ms for which his own is
/// open, 0 when it is not, -1 when he has said so already. Reply: for each the ms for which another one's is open.
inline constexpr std::string_view kAdvice = R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local reply = {}
for k = 1, #KEYS do
  local ms = tonumber(ARGV[1 + k])
  if ms > 0 then
    redis.call('HSET', KEYS[k], ARGV[1], now + ms * 1000)
    redis.call('PEXPIRE', KEYS[k], math.max(600000, 2 * ms))
  elseif ms == 0 then
    redis.call('HDEL', KEYS[k], ARGV[1])
  end
  local longest, flat = 0, redis.call('HGETALL', KEYS[k])
  for i = 1, #flat, 2 do
    if flat[i] ~= ARGV[1] then longest = math.max(longest, tonumber(flat[i + 1]) - now) end
  end
  reply[k] = math.ceil(math.max(0, longest) / 1000)
end
return reply
)";

}  // namespace adit::state::lua
