#pragma once
#include <poplar/StringRef.hpp>

namespace poplar {

StringRef packageHash();
StringRef versionString();

} // namespace poplar
