// Entry point of the timed tests: doctest inside sc_main. SystemC elaborates once per process, so
// each test case runs in a process of its own (CMake's doctest_discover_tests).
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <systemc>

int sc_main(int argc, char** argv) {
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  return doctest::Context(argc, argv).run();
}
