#pragma once
#include <map>
#include <poplar/StringRef.hpp>

namespace poplar {

class OptionFlags {
public:
  using Values = std::map<std::string, std::string>;

  void set(StringRef name, StringRef value) { values_[name] = std::string(value); }
  Values::const_iterator begin() const { return values_.begin(); }
  Values::const_iterator end() const { return values_.end(); }

private:
  Values values_;
};

} // namespace poplar
