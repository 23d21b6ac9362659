// SPDX-License-Identifier: MIT

#include "template_table.h"

#include "atomic.h"

#include <cstring>

namespace bpf {

namespace {

bool IsTaken(uint64_t signature, uint64_t word) {
  return signature != 0 && signature != TEMPLATE_CLAIMED && !(word & TEMPLATE_GONE);
}

uint32_t TickOf(uint64_t word) {
  return (word >> TEMPLATE_TICK_BIT) & FLOW_TICK_MASK;
}

uint32_t TimeoutOf(const template_entry &entry, uint64_t word) {
  return word & TEMPLATE_PROLONGED ? TEMPLATE_PROLONGATION : entry.timeout;
}

/** The word as its timer leaves it, which went off while flows remained: `age` ticks ago it was armed. */
uint64_t Prolonged(uint64_t word, uint32_t age, uint32_t timeout) {
  uint32_t periods = (age - timeout) / TEMPLATE_PROLONGATION;
  uint64_t tick = (TickOf(word) + timeout + periods * TEMPLATE_PROLONGATION) & FLOW_TICK_MASK;
  return (word & ~(FLOW_TICK_MASK << TEMPLATE_TICK_BIT)) | tick << TEMPLATE_TICK_BIT | TEMPLATE_PROLONGED;
}

/** Whether the template is still there. A packet that arms it meanwhile wins. */
bool Fire(template_bucket &bucket, uint32_t way, uint64_t word, uint32_t age, uint32_t timeout) {
  if (word & TEMPLATE_FLOWS_MASK) {
    Replace(bucket.word[way], word, Prolonged(word, age, timeout));
    return true;
  }
  if (!Replace(bucket.word[way], word, word | TEMPLATE_GONE))
    return true;
  __atomic_store_n(&bucket.signature[way], 0, __ATOMIC_RELEASE);
  return false;
}

} // namespace

TemplateCounts TemplateTable::Sweep(uint32_t now, uint32_t servers) const {
  TemplateCounts counts;
  counts.servers.resize(servers);
  for (size_t index = 0; index < count_; index++) {
    template_bucket &bucket = buckets_[index];
    for (uint32_t way = 0; way < TEMPLATE_WAYS; way++) {
      uint64_t signature = Read(bucket.signature[way]), word = Read(bucket.word[way]);
      if (!IsTaken(signature, word))
        continue;
      const template_entry &entry = bucket.entry[way];
      uint32_t age = TicksSince(TickOf(word), now), timeout = TimeoutOf(entry, word);
      if (age >= timeout && !Fire(bucket, way, word, age, timeout)) {
        counts.expired++;
        continue;
      }
      counts.occupied++;
      if (entry.server < servers)
        counts.servers[entry.server]++;
    }
  }
  return counts;
}

TemplateList TemplateTable::List(uint32_t now, uint64_t cursor, uint32_t limit) const {
  TemplateList list;
  for (uint64_t number = cursor; number < uint64_t(count_) * TEMPLATE_WAYS; number++) {
    if (list.templates.size() == limit) {
      list.next = number;
      return list;
    }
    template_bucket &bucket = buckets_[number / TEMPLATE_WAYS];
    uint32_t way = number % TEMPLATE_WAYS;
    uint64_t signature = Read(bucket.signature[way]), word = Read(bucket.word[way]);
    if (!IsTaken(signature, word))
      continue;
    template_entry entry;
    memcpy(&entry, &bucket.entry[way], sizeof(entry));
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    uint32_t age = TicksSince(TickOf(word), now), timeout = TimeoutOf(entry, word);
    bool isOver = age >= timeout && !(word & TEMPLATE_FLOWS_MASK);
    if (isOver || Read(bucket.signature[way]) != signature)
      continue;
    list.templates.push_back({entry, word, age, timeout, signature != TEMPLATE_UNUSABLE});
  }
  return list;
}

} // namespace bpf
