// SPDX-License-Identifier: MIT

#include "flow_table.h"

#include "atomic.h"

#include <algorithm>
#include <arpa/inet.h>
#include <ctime>
#include <iterator>
#include <random>

namespace bpf {

namespace {

// todrop_entry() of ip_vs_conn.c: a minute
constexpr uint32_t kIdleTicks = 60 * 1000000000ull >> FLOW_TICK_SHIFT;
// ip_vs_random_dropentry(): a thirty-second of the table
constexpr size_t kShedShare = 32;

/**
 * Whether no slot is taken, not even claimed: asked of all at once, without a branch a slot, because in a walk over a
 * table that is far from full most of the time goes to buckets that have nothing.
 */
bool IsEmpty(const flow_bucket &bucket) {
  uint64_t signatures = 0;
#pragma GCC unroll 8 // FLOW_WAYS; compilers do not do it by themselves where words are read atomically
  for (const flow_slot &slot : bucket.way)
    signatures |= Read(slot.signature);
  return signatures == 0;
}

void ForgetOverflow(flow_bucket &bucket) {
  uint64_t word = Read(bucket.way[0].word);
  if (word & FLOW_OVERFLOWED)
    Replace(bucket.way[0].word, word, word & ~FLOW_OVERFLOWED);
}

} // namespace

uint32_t CurrentTick() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  uint64_t nanoseconds = uint64_t(now.tv_sec) * 1000000000 + now.tv_nsec;
  return (nanoseconds >> FLOW_TICK_SHIFT) & FLOW_TICK_MASK;
}

FlowWord::FlowWord(uint64_t word)
    : server(word & FLOW_SERVER_MASK), tick((word >> FLOW_TICK_BIT) & FLOW_TICK_MASK),
      state((word >> FLOW_STATE_BIT) & FLOW_STATE_MASK), protocol((word >> FLOW_PROTOCOL_BIT) & FLOW_PROTOCOL_MASK),
      isReply(word & FLOW_REPLY), isMasqueraded(word & FLOW_MASQUERADE), keepsPort(word & FLOW_KEEPS_PORT),
      isEnded(word & FLOW_ENDED), isIpv6(word & FLOW_IPV6), isActive(load_is_active(word)) {}

uint32_t FlowWord::Age(uint32_t now) const {
  return TicksSince(tick, now);
}

bool FlowWord::IsHalfOpen() const {
  if (protocol == FLOW_SCTP)
    return state >= SCTP_STATE_INIT1 && state <= SCTP_STATE_COOKIE_ECHOED;
  return protocol == FLOW_TCP &&
         (state == TCP_STATE_SYN_SENT || state == TCP_STATE_SYN_RECV || state == TCP_STATE_SYNACK);
}

bool FlowWord::MayBeShed(uint32_t now) const {
  if (protocol == FLOW_TCP)
    return state == TCP_STATE_SYN_RECV || state == TCP_STATE_SYNACK;
  return protocol == FLOW_UDP && Age(now) >= kIdleTicks;
}

void ServerLoads::End(uint64_t word) const {
  uint32_t server = word & FLOW_SERVER_MASK;
  if (server >= count_)
    return;
  server_load &load = loads_[server];
  __atomic_fetch_sub(&load.word, load_of_flow(word), __ATOMIC_ACQ_REL);
  for (;;) { // as flag_load() in bpf/settle.h
    uint64_t before = Read(load.word);
    uint64_t after = load_flagged(before, load.upper, load.lower);
    if (after == before || Replace(load.word, before, after))
      return;
  }
}

std::optional<uint32_t> Controllers::Of(uint64_t slot, uint64_t word) const {
  bool isControlled = (word & (FLOW_PERSISTENT | FLOW_REPLY)) == FLOW_PERSISTENT;
  if (!isControlled || slot >= slots_)
    return std::nullopt;
  return static_cast<uint32_t>(__atomic_load_n(&templates_of_slots_[slot], __ATOMIC_RELAXED));
}

void Controllers::Release(uint32_t number) const {
  if (number / TEMPLATE_WAYS < count_)
    __atomic_fetch_sub(&buckets_[number / TEMPLATE_WAYS].word[number % TEMPLATE_WAYS], 1, __ATOMIC_ACQ_REL);
}

/** The first slot from `index` on that lies in a bucket that holds something. */
uint64_t FlowTable::NextTaken(uint64_t index) const {
  if (index % FLOW_WAYS != 0)
    return index;
  uint64_t bucket = index / FLOW_WAYS;
  while (bucket < count_ && IsEmpty(buckets_[bucket]))
    bucket++;
  return bucket * FLOW_WAYS;
}

void FlowTable::Clear(uint64_t index, uint64_t signature) const {
  flow_slot &slot = Slot(index);
  if (!Replace(slot.signature, signature, FLOW_CLAIMED))
    return;
  bool isEnded = Read(slot.word) & FLOW_ENDED;
  if (isEnded && flow_is_away(index, signature)) {
    flow_slot &home = Slot(index - index % FLOW_WAYS + flow_home(signature));
    __atomic_fetch_sub(&home.word, FLOW_AWAY_ONE, __ATOMIC_ACQ_REL);
  }
  __atomic_store_n(&slot.signature, isEnded ? 0 : signature, __ATOMIC_RELEASE);
}

bool FlowTable::End(uint64_t index, uint64_t signature, uint64_t word, const FlowEnds &ends) const {
  flow_slot &slot = Slot(index);
  std::optional<uint32_t> controller = ends.controllers.Of(index, word); // asked while the slot is this flow's
  if (!Replace(slot.word, word, word | FLOW_ENDED))
    return false;
  ends.loads.End(word);
  if (controller)
    ends.controllers.Release(*controller);
  Clear(index, signature);
  return true;
}

FlowCounts FlowTable::Sweep(const FlowEnds &ends, const Timeouts &timeouts, uint32_t now, uint32_t servers) const {
  FlowCounts counts;
  counts.active.resize(servers);
  counts.inactive.resize(servers);
  for (size_t bucket = 0; bucket < count_; bucket++) {
    if (IsEmpty(buckets_[bucket])) {
      ForgetOverflow(buckets_[bucket]);
      continue;
    }
    for (uint32_t way = 0; way < FLOW_WAYS; way++) {
      flow_slot &slot = buckets_[bucket].way[way];
      uint64_t signature = Read(slot.signature);
      if (signature <= FLOW_CLAIMED)
        continue;
      uint64_t raw = Read(slot.word);
      FlowWord word(raw);
      if (word.isEnded) { // by a sweep that was killed
        Clear(bucket * FLOW_WAYS + way, signature);
        continue;
      }
      bool isOver = word.Age(now) >= timeouts[word.protocol][word.state];
      if (isOver && End(bucket * FLOW_WAYS + way, signature, raw, ends)) {
        counts.expired += !word.isReply;
        continue;
      }
      counts.occupied++;
      if (word.isReply)
        continue; // the other slot of its pair counts
      counts.halfOpen += word.IsHalfOpen();
      if (word.server < servers)
        (word.isActive ? counts.active : counts.inactive)[word.server]++;
    }
  }
  return counts;
}

namespace {

/** An address of a flow, whose last word is near. */
union ip AddressOf(const FlowWord &flow, const __be32 (&first)[3], __be32 last) {
  union ip ip = {};
  if (flow.isIpv6)
    std::copy(std::begin(first), std::end(first), ip.words);
  else
    ip.words[2] = htonl(0xffff); // ::ffff:a.b.c.d
  ip.words[3] = last;
  return ip;
}

} // namespace

FlowList FlowTable::List(const flow_far *fars, const Timeouts &timeouts, uint32_t now, uint64_t cursor,
                         uint32_t limit) const {
  FlowList list;
  for (uint64_t index = NextTaken(cursor); index < Slots(); index = NextTaken(index + 1)) {
    if (list.flows.size() == limit) {
      list.next = index;
      return list;
    }
    flow_slot &slot = Slot(index);
    uint64_t signature = Read(slot.signature);
    if (signature <= FLOW_CLAIMED)
      continue;
    FlowWord word(Read(slot.word));
    if (word.isReply || word.isEnded)
      continue;
    uint32_t age = word.Age(now), timeout = timeouts[word.protocol][word.state];
    flow_tuple near = Near(index).tuple;
    flow_tuple_rest far = fars[index].tuple;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (age >= timeout || Read(slot.signature) != signature)
      continue; // expired, or another flow's by now
    union ip cip = AddressOf(word, far.cip, near.cip), vip = AddressOf(word, far.vip, near.vip);
    list.flows.push_back({cip, vip, near.cport, near.vport, word, age, timeout});
  }
  return list;
}

uint32_t FlowTable::Purge(const FlowEnds &ends, uint32_t server) const {
  uint32_t purged = 0;
  for (uint64_t index = NextTaken(0); index < Slots(); index = NextTaken(index + 1)) {
    flow_slot &slot = Slot(index);
    uint64_t signature = Read(slot.signature);
    if (signature <= FLOW_CLAIMED)
      continue;
    for (uint64_t raw = Read(slot.word); !(raw & FLOW_ENDED) && FlowWord(raw).server == server; raw = Read(slot.word)) {
      if (!End(index, signature, raw, ends))
        continue; // a packet stamped it: once more
      purged++;
      break;
    }
  }
  return purged;
}

/** The other slot of a masqueraded flow, unless it went to another flow since. */
void FlowTable::EndReply(const FlowEnds &ends, uint64_t index) const {
  uint64_t peer = Near(index).tuple.peer;
  if (peer >= Slots())
    return;
  flow_slot &slot = Slot(peer);
  uint64_t signature = Read(slot.signature), raw = Read(slot.word); // first, lest they be another flow's by then
  FlowWord word(raw);
  if (signature > FLOW_CLAIMED && word.isReply && !word.isEnded && Near(peer).reply.peer == index)
    End(peer, signature, raw, ends);
}

uint32_t FlowTable::Shed(const FlowEnds &ends, uint32_t now) const {
  if (count_ == 0)
    return 0;
  std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<uint64_t> anyBucket(0, count_ - 1);
  uint32_t shed = 0;
  for (size_t round = 0; round < (count_ + kShedShare - 1) / kShedShare; round++) {
    uint64_t first = anyBucket(random) * FLOW_WAYS;
    for (uint64_t index = first; index < first + FLOW_WAYS; index++) {
      flow_slot &slot = Slot(index);
      uint64_t signature = Read(slot.signature), raw = Read(slot.word);
      FlowWord word(raw);
      if (signature <= FLOW_CLAIMED || word.isReply || word.isEnded || !word.MayBeShed(now))
        continue;
      if (!End(index, signature, raw, ends))
        continue;
      shed++;
      if (word.isMasqueraded)
        EndReply(ends, index);
    }
  }
  return shed;
}

} // namespace bpf
