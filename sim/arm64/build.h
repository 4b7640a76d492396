// Builds what a TranslationSpec asks for: an engine with its registers set, and empty tables in the
// formats that it walks. The host's tables come first where there are any; then one set of guest
// tables for each address space.
#pragma once
#include <memory>
#include <string>

#include "arm64/engine.h"
#include "arm64/translation_spec.h"
#include "common/paging/page_tables.h"

namespace nestwalk::arm64 {

// What makes a spec illegal, in words that name what is allowed; empty: it is legal.
std::string why_illegal(const TranslationSpec& spec);

// The registers of a legal spec, without table addresses. MAIR's attribute 0 is Normal Write-Back.
Registers build_registers(const TranslationSpec& spec);
// An engine whose registers are those of the spec; no tables yet.
std::unique_ptr<Engine> build_engine(const TranslationSpec& spec);

// Empty stage-1 tables of one address space, for the lower half. They lie in intermediate addresses
// (physical ones without stage 2): give their root to Engine::set_space_root. `contiguous`: whole
// runs are marked (Stage1Spec).
std::unique_ptr<PageTables> build_guest_tables(const Engine& engine, TableIo& io,
                                               bool contiguous = false);
// Empty stage-2 tables, in physical addresses.
std::unique_ptr<PageTables> build_host_tables(const Engine& engine, TableIo& io,
                                              bool contiguous = false);
// Makes the engine use the stage-2 tables at `root`: VTTBR_EL2.
void use_host_tables(Engine& engine, std::uint64_t root);

}  // namespace nestwalk::arm64
