// What differs between the two machines that the kernels are compiled for. A kernel's body handles a row of elements: one
// element in a GPU's thread, as many as lie in a row on a host.
#ifndef MILLRACE_PLATFORM_H
#define MILLRACE_PLATFORM_H

typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long long i64;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

#define INLINE static inline __attribute__((always_inline))

#ifdef __NVPTX__

// Loads and stores that name their address space are shorter than generic ones.
#define GLOBAL __attribute__((address_space(1)))
/// Elements that a body handles at a time.
#define CHUNK 1

/// A kernel that walks `items` with as many threads as it was given, in any grid of one dimension.
#define KERNEL(name, Params, items, step)                                                                              \
    __attribute__((nvptx_kernel)) void mr_##name(const struct Params p) {                                              \
        const u64 threads = (u64)__nvvm_read_ptx_sreg_nctaid_x() * __nvvm_read_ptx_sreg_ntid_x();                      \
        u64 i = (u64)__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x();    \
        for (; i < (items); i += threads) step(&p, i, 1);                                                              \
    }

#else

#define GLOBAL
#define CHUNK 256

/// The same over the items from `begin` to `end`, so that several threads can share them. `step` returns how many of
/// them it did.
#define KERNEL(name, Params, items, step)                                                                              \
    void mr_##name(const struct Params *params, u64 begin, u64 end) {                                                  \
        const struct Params p = *params;                                                                               \
        if (end > (items)) end = (items);                                                                              \
        while (begin < end) begin += step(&p, begin, end - begin);                                                     \
    }

#endif

typedef GLOBAL u8 *Target;
typedef const GLOBAL u8 *Origin;

INLINE u64 least(u64 a, u64 b) { return a < b ? a : b; }

/// Most numbers here fit 32 bits, whose division takes a GPU a fifth of the time.
INLINE u64 divide(u64 a, u64 b) {
    return (a | b) >> 32 == 0 ? (u32)a / (u32)b : a / b;
}

#endif
