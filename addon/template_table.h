// SPDX-License-Identifier: MIT
// Walks over the templates of persistence, which XDP programs use at the same time: words are read and changed
// atomically, as bpf/template.h does. No JavaScript here.

#pragma once

#include "flow_table.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace bpf {

struct TemplateCounts {
  std::vector<uint32_t> servers; // by server slot
  uint32_t occupied = 0;
  uint32_t expired = 0;
};

struct ListedTemplate {
  template_entry entry;
  uint64_t word;
  uint32_t age;     // ticks
  uint32_t timeout; // ticks
  bool isUsable;
};

struct TemplateList {
  std::vector<ListedTemplate> templates;
  std::optional<uint64_t> next;
};

class TemplateTable {
public:
  TemplateTable(template_bucket *buckets, size_t count) : buckets_(buckets), count_(count) {}

  /**
   * Frees templates whose time is over and that control no flow, prolongs those that do, counts all that are left.
   * Templates of server slots beyond `servers` count as occupied only.
   */
  TemplateCounts Sweep(uint32_t now, uint32_t servers) const;

  /** At most `limit` live templates from way `cursor` on. */
  TemplateList List(uint32_t now, uint64_t cursor, uint32_t limit) const;

private:
  template_bucket *buckets_;
  size_t count_;
};

} // namespace bpf
