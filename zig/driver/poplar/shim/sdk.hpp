// The SDK's headers, and what differs between its versions, settled by what they declare when this is compiled.
#pragma once

#include <poplar/Device.hpp>
#include <poplar/DeviceManager.hpp>
#include <poplar/Engine.hpp>
#include <poplar/Executable.hpp>
#include <poplar/Graph.hpp>
#include <poplar/IPUModel.hpp>
#include <poplar/OptionFlags.hpp>
#include <poplar/StreamCallback.hpp>
#include <poplar/Target.hpp>
#include <poplar/TargetType.hpp>
#include <poplar/exceptions.hpp>

#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace shim {

template <class...> using Void = void;

// Whether the package hash can be left unchecked.
template <class E, class = void> struct ChecksHashOnDemand : std::false_type {};
template <class E>
struct ChecksHashOnDemand<E, Void<decltype(E::deserialize(std::declval<std::istream &>(), true))>> : std::true_type {};

// An executable that reads its bytes as it needs them takes the stream over.
template <class E, class = void> struct TakesStream : std::false_type {};
template <class E>
struct TakesStream<E, Void<decltype(E::deserialize(std::declval<std::unique_ptr<std::istream>>(), true))>> : std::true_type {};

template <class E> E deserialize(std::unique_ptr<std::istream> bytes, bool check_hash) {
  if constexpr (TakesStream<E>::value) return E::deserialize(std::move(bytes), check_hash);
  else if constexpr (ChecksHashOnDemand<E>::value) return E::deserialize(*bytes, check_hash);
  else return E::deserialize(*bytes); // which always checks it
}

// What an engine is made of: a copy where copies share what they are made of, as in later versions; else `ready` goes.
template <class E> E takenFrom(std::optional<E> &ready) {
  if constexpr (std::is_copy_constructible_v<E>) {
    return *ready;
  } else {
    E taken = std::move(*ready);
    ready.reset();
    return taken;
  }
}

// Later versions are asked for children of one size at a time, which are sizes that devices have: 1, 2, 4, … IPUs.
template <class M, class = void> struct AsksForSize : std::false_type {};
template <class M> struct AsksForSize<M, Void<decltype(std::declval<const M &>().getChildDeviceIds(0u, 1u))>> : std::true_type {};

// Devices that are parts of device `id`, which has so many IPUs; smaller ones first.
template <class M> std::vector<unsigned> childrenOf(const M &manager, unsigned id, unsigned ipus) {
  if constexpr (AsksForSize<M>::value) {
    std::vector<unsigned> children;
    for (unsigned size = 1; size < ipus; size *= 2) {
      const std::vector<unsigned> some = manager.getChildDeviceIds(id, size);
      children.insert(children.end(), some.begin(), some.end());
    }
    return children;
  } else {
    return manager.getChildDeviceIds(id);
  }
}

// Early versions cannot stop a run; it ends when the program does, whose streams are then no longer served.
template <class E, class = void> struct CanStop : std::false_type {};
template <class E> struct CanStop<E, Void<decltype(std::declval<E &>().stop())>> : std::true_type {};

template <class E> void stop(E &engine) {
  if constexpr (CanStop<E>::value) engine.stop();
  else static_cast<void>(engine);
}

// A text class of Poplar's, or std::string: both convert.
inline std::string textOf(const std::string &text) { return text; }

// "ipu2", "ipu21"; -1 when the name is another.
inline int architectureOf(const std::string &name) {
  if (name.size() < 4 || name.size() > 8 || name.compare(0, 3, "ipu") != 0) return -1;
  if (name.find_first_not_of("0123456789", 3) != std::string::npos) return -1;
  return std::stoi(name.substr(3));
}

} // namespace shim
