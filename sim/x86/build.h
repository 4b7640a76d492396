// Builds what a TranslationSpec asks for: an engine with its registers set, and tables in the
// formats that it walks. The host's tables come first where there are any; then one set of guest
// tables for each address space.
#pragma once
#include <memory>

#include "common/paging/page_tables.h"
#include "x86/engine.h"
#include "x86/translation_spec.h"

namespace nestwalk::x86 {

// An engine whose registers are those of the spec; no tables yet.
std::unique_ptr<Engine> build_engine(const TranslationSpec& spec,
                                     std::shared_ptr<Ep4taIds> ids = std::make_shared<Ep4taIds>());

// Empty stage-1 tables of one address space, in the engine's guest format. They lie in intermediate
// addresses (physical ones without a hypervisor): give their root to Engine::set_space_root.
std::unique_ptr<PageTables> build_guest_tables(const Engine& engine, TableIo& io);
// Empty stage-2 tables (EPT or NPT), in physical addresses.
std::unique_ptr<PageTables> build_host_tables(const Engine& engine, TableIo& io);
// Makes the engine use the stage-2 tables at `root`: the EPT pointer or N_CR3.
void use_host_tables(Engine& engine, std::uint64_t root);

}  // namespace nestwalk::x86
