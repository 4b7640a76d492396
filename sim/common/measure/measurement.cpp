#include "common/measure/measurement.h"

namespace nestwalk {

const char* name(PointKind kind) {
  switch (kind) {
    case PointKind::chase:
      return "chase";
    case PointKind::lines:
      return "lines";
    case PointKind::stream:
      return "stream";
    case PointKind::touch:
      return "touch";
  }
  return "";
}

const char* name(Hypervisor hypervisor) {
  switch (hypervisor) {
    case Hypervisor::no:
      return "no";
    case Hypervisor::yes:
      return "yes";
    case Hypervisor::unknown:
      return "unknown";
  }
  return "";
}

}  // namespace nestwalk
