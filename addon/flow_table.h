// SPDX-License-Identifier: MIT
// Walks over the flow table, which XDP programs on other CPUs use at the same time: words are read and
// changed atomically, as bpf/flow.h does. No JavaScript here.

#pragma once

#define _Static_assert static_assert
#include "../bpf/flow_home.h"
#include "../bpf/load_word.h"
#include "../bpf/xdirector.h"
#undef _Static_assert

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace bpf {

/** settings.timeout: ticks without a packet until a flow expires. */
using Timeouts = uint32_t[FLOW_PROTOCOL_MAX][FLOW_STATE_MAX];

/** The table's clock, now. */
uint32_t CurrentTick();

/** `word` of a flow slot, taken apart. */
struct FlowWord {
  explicit FlowWord(uint64_t word);

  /** Ticks since its last packet. */
  uint32_t Age(uint32_t now) const;
  bool IsHalfOpen() const;
  /** Whether ip_vs_random_dropentry would take it; a flow's packets are not counted here, so TCP that is open stays. */
  bool MayBeShed(uint32_t now) const;

  uint32_t server;
  uint32_t tick;
  uint8_t state;
  uint8_t protocol; // enum flow_protocol
  bool isReply;
  bool isMasqueraded;
  bool keepsPort;
  bool isEnded;
  bool isIpv6;
  bool isActive;
};

struct FlowCounts {
  std::vector<uint32_t> active; // by server slot
  std::vector<uint32_t> inactive;
  uint32_t occupied = 0;
  uint32_t halfOpen = 0;
  uint32_t expired = 0;
};

/** The live counts of every server slot: map server_loads. */
class ServerLoads {
public:
  ServerLoads(server_load *loads, size_t count) : loads_(loads), count_(count) {}

  /** Takes a flow off its server's load. Only whoever set FLOW_ENDED in `word` may. */
  void End(uint64_t word) const;

private:
  server_load *loads_;
  size_t count_;
};

/** The templates that control flows: maps flow_templates and templates. Without them nobody is told. */
class Controllers {
public:
  Controllers() = default;
  Controllers(const uint64_t *templatesOfSlots, size_t slots, template_bucket *buckets, size_t count)
      : templates_of_slots_(templatesOfSlots), slots_(slots), buckets_(buckets), count_(count) {}

  /** Of the flow with this word in this slot; none of the reply's slot of a pair. */
  std::optional<uint32_t> Of(uint64_t slot, uint64_t word) const;

  /** One flow less. */
  void Release(uint32_t number) const;

private:
  /** The kernel rounds an array's values up to 8 bytes. */
  const uint64_t *templates_of_slots_ = nullptr;
  size_t slots_ = 0;
  template_bucket *buckets_ = nullptr;
  size_t count_ = 0;
};

/** Who is to know when a flow ends. */
struct FlowEnds {
  ServerLoads loads;
  Controllers controllers;
};

struct ListedFlow {
  union ip cip;
  union ip vip;
  uint16_t cport; // network order, as vport
  uint16_t vport;
  FlowWord word;
  uint32_t age;
  uint32_t timeout;
};

struct FlowList {
  std::vector<ListedFlow> flows;
  std::optional<uint64_t> next;
};

class FlowTable {
public:
  FlowTable(flow_bucket *buckets, size_t count) : buckets_(buckets), count_(count) {}

  /**
   * Frees expired flows and counts the others. A bucket that is found empty may forward statefully again,
   * so its FLOW_OVERFLOWED is taken back. Flows of server slots beyond `servers` count as occupied only.
   */
  FlowCounts Sweep(const FlowEnds &ends, const Timeouts &timeouts, uint32_t now, uint32_t servers) const;

  /** At most `limit` live flows from slot `cursor` on; `fars` is map flow_far. */
  FlowList List(const flow_far *fars, const Timeouts &timeouts, uint32_t now, uint64_t cursor, uint32_t limit) const;

  /** Frees every flow of a server slot; how many there were. */
  uint32_t Purge(const FlowEnds &ends, uint32_t server) const;

  /** Ends what may go under load, in randomly chosen buckets; how many flows that were. */
  uint32_t Shed(const FlowEnds &ends, uint32_t now) const;

private:
  /** Ends the flow unless a packet got there first. The word decides, so that only one counts it out. */
  bool End(uint64_t index, uint64_t signature, uint64_t word, const FlowEnds &ends) const;

  /**
   * Empties a slot whose flow has ended. Claimed in between: when the same tuple has begun a flow here since, that
   * one stays.
   */
  void Clear(uint64_t index, uint64_t signature) const;

  void EndReply(const FlowEnds &ends, uint64_t index) const;

  uint64_t NextTaken(uint64_t index) const;

  uint64_t Slots() const { return uint64_t(count_) * FLOW_WAYS; }

  flow_slot &Slot(uint64_t index) const { return buckets_[index / FLOW_WAYS].way[index % FLOW_WAYS]; }

  const flow_near &Near(uint64_t index) const { return buckets_[index / FLOW_WAYS].near[index % FLOW_WAYS]; }

  flow_bucket *buckets_;
  size_t count_;
};

} // namespace bpf
