// Elements of every type, read and written in rows. Types are told apart once for a row, not once for an element.
#ifndef MILLRACE_ELEMENT_H
#define MILLRACE_ELEMENT_H

#include "floats.h"

/// ONNX's numbers, as everywhere on the boundary.
enum {
    FLOAT32_TYPE = 1,
    UINT8_TYPE = 2,
    INT8_TYPE = 3,
    UINT16_TYPE = 4,
    INT16_TYPE = 5,
    INT32_TYPE = 6,
    INT64_TYPE = 7,
    BOOL_TYPE = 9,
    FLOAT16_TYPE = 10,
    FLOAT64_TYPE = 11,
    UINT32_TYPE = 12,
    UINT64_TYPE = 13,
    BFLOAT16_TYPE = 16,
    E4M3FN_TYPE = 17,
    E4M3FNUZ_TYPE = 18,
    E5M2_TYPE = 19,
    E5M2FNUZ_TYPE = 20,
};

/// What holds every value of a type: signed or unsigned integers of 64 bits, or a float64.
enum { SIGNED_CLASS, UNSIGNED_CLASS, REAL_CLASS };

INLINE u32 class_of(u32 dtype) {
    switch (dtype) {
    case INT8_TYPE: case INT16_TYPE: case INT32_TYPE: case INT64_TYPE: return SIGNED_CLASS;
    case UINT8_TYPE: case UINT16_TYPE: case UINT32_TYPE: case UINT64_TYPE: case BOOL_TYPE: return UNSIGNED_CLASS;
    default: return REAL_CLASS;
    }
}

/// Instructions on vectors gain nothing where elements lie apart.
#define SCALAR_LOOP _Pragma("clang loop vectorize(disable) unroll(disable)")

/// Of rows: on a host a function of its own, a GPU's thread has no use for one.
#ifdef __NVPTX__
#define ROWS INLINE
#else
#define ROWS static __attribute__((noinline))
#endif

/// `to(k)` = EXPRESSION of `x`, the source's element k. Dense rows have a loop of their own, which the host's compiler
/// turns into vector instructions; a GPU's thread has one element.
#ifdef __NVPTX__
#define ROW(To, to, to_stride, From, from, from_stride, n, EXPRESSION)                                                 \
    do {                                                                                                               \
        const From x = *(const GLOBAL From *)(from);                                                                   \
        *(GLOBAL To *)(to) = (To)(EXPRESSION);                                                                         \
    } while (0)
#define LOAD_ROW(To, to, From, from, from_stride, n, EXPRESSION)                                                       \
    do {                                                                                                               \
        const From x = *(const GLOBAL From *)(from);                                                                   \
        *(to) = (To)(EXPRESSION);                                                                                      \
    } while (0)
#define STORE_ROW(To, to, to_stride, From, from, n, EXPRESSION)                                                        \
    do {                                                                                                               \
        const From x = *(from);                                                                                        \
        *(GLOBAL To *)(to) = (To)(EXPRESSION);                                                                         \
    } while (0)
#else
#define ROW(To, to, to_stride, From, from, from_stride, n, EXPRESSION)                                                 \
    do {                                                                                                               \
        if ((to_stride) == sizeof(To) && (from_stride) == sizeof(From)) {                                              \
            To *const row_to = (To *)(to);                                                                             \
            const From *const row_from = (const From *)(from);                                                         \
            for (u64 k = 0; k < (n); k++) {                                                                            \
                const From x = row_from[k];                                                                            \
                row_to[k] = (To)(EXPRESSION);                                                                          \
            }                                                                                                          \
        } else                                                                                                         \
            SCALAR_LOOP for (u64 k = 0; k < (n); k++) {                                                                \
                const From x = *(const From *)((from) + (i64)k * (from_stride));                                       \
                *(To *)((to) + (i64)k * (to_stride)) = (To)(EXPRESSION);                                               \
            }                                                                                                          \
    } while (0)
#define LOAD_ROW(To, to, From, from, from_stride, n, EXPRESSION)                                                       \
    ROW(To, (u8 *)(to), (i64)sizeof(To), From, from, from_stride, n, EXPRESSION)
#define STORE_ROW(To, to, to_stride, From, from, n, EXPRESSION)                                                        \
    ROW(To, to, to_stride, From, (const u8 *)(from), (i64)sizeof(From), n, EXPRESSION)
#endif

/// The float64 with the odd last bit next to an integer that is none: rounding that again rounds once in all. (Boldo and
/// Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd".)
INLINE f64 odd_from_unsigned(u64 value) {
    if (value >> 53 == 0) return (f64)value;
    return (f64)(value >> 11 | ((value & 0x7ff) != 0)) * 0x1p11;
}
INLINE f64 odd_from_signed(i64 value) {
    return value < 0 ? -odd_from_unsigned(0 - (u64)value) : odd_from_unsigned((u64)value);
}

/// Toward zero, then to the nearer end of the range; NaN becomes 0. `end`: the first value beyond the largest.
#define SATURATE_REAL(T, min, max, end, x) ((x) >= (f64)(end) ? (T)(max) : (x) > (f64)(min) ? (T)(x) : (x) <= (f64)(min) ? (T)(min) : (T)0)
#define SATURATE(T, min, max, x) ((x) > (max) ? (T)(max) : (x) < (min) ? (T)(min) : (T)(x))
#define AT_MOST(T, max, x) ((x) > (max) ? (T)(max) : (T)(x))

#define I64_MAX 0x7fffffffffffffffLL
#define I64_MIN (-I64_MAX - 1)
#define U64_MAX 0xffffffffffffffffULL
#define I32_MAX 0x7fffffffLL
#define I32_MIN (-I32_MAX - 1)
#define U32_MAX 0xffffffffLL

ROWS void load_signed(u32 dtype, Origin from, i64 stride, i64 *to, u64 n) {
    switch (dtype) {
    case INT8_TYPE: LOAD_ROW(i64, to, i8, from, stride, n, x); break;
    case INT16_TYPE: LOAD_ROW(i64, to, i16, from, stride, n, x); break;
    case INT32_TYPE: LOAD_ROW(i64, to, i32, from, stride, n, x); break;
    default: LOAD_ROW(i64, to, i64, from, stride, n, x); break;
    }
}

ROWS void load_unsigned(u32 dtype, Origin from, i64 stride, u64 *to, u64 n) {
    switch (dtype) {
    case UINT8_TYPE: LOAD_ROW(u64, to, u8, from, stride, n, x); break;
    case UINT16_TYPE: LOAD_ROW(u64, to, u16, from, stride, n, x); break;
    case UINT32_TYPE: LOAD_ROW(u64, to, u32, from, stride, n, x); break;
    case BOOL_TYPE: LOAD_ROW(u64, to, u8, from, stride, n, x != 0); break;
    default: LOAD_ROW(u64, to, u64, from, stride, n, x); break;
    }
}

ROWS void load_real(u32 dtype, Origin from, i64 stride, f64 *to, u64 n) {
    switch (dtype) {
    case FLOAT32_TYPE: LOAD_ROW(f64, to, f32, from, stride, n, x); break;
    case FLOAT16_TYPE: LOAD_ROW(f64, to, u16, from, stride, n, f32_from_float16(x)); break;
    case BFLOAT16_TYPE: LOAD_ROW(f64, to, u16, from, stride, n, f32_from_bfloat16(x)); break;
    case E4M3FN_TYPE: LOAD_ROW(f64, to, u8, from, stride, n, decode(x, E4M3FN)); break;
    case E4M3FNUZ_TYPE: LOAD_ROW(f64, to, u8, from, stride, n, decode(x, E4M3FNUZ)); break;
    case E5M2_TYPE: LOAD_ROW(f64, to, u8, from, stride, n, decode(x, E5M2)); break;
    case E5M2FNUZ_TYPE: LOAD_ROW(f64, to, u8, from, stride, n, decode(x, E5M2FNUZ)); break;
    default: LOAD_ROW(f64, to, f64, from, stride, n, x); break;
    }
}

ROWS void store_small_float(u32 dtype, Target to, i64 stride, const f64 *from, u64 n) {
    switch (dtype) {
    case FLOAT16_TYPE: STORE_ROW(u16, to, stride, f64, from, n, encode(x, FLOAT16)); break;
    case BFLOAT16_TYPE: STORE_ROW(u16, to, stride, f64, from, n, encode(x, BFLOAT16)); break;
    case E4M3FN_TYPE: STORE_ROW(u8, to, stride, f64, from, n, encode(x, E4M3FN)); break;
    case E4M3FNUZ_TYPE: STORE_ROW(u8, to, stride, f64, from, n, encode(x, E4M3FNUZ)); break;
    case E5M2_TYPE: STORE_ROW(u8, to, stride, f64, from, n, encode(x, E5M2)); break;
    case E5M2FNUZ_TYPE: STORE_ROW(u8, to, stride, f64, from, n, encode(x, E5M2FNUZ)); break;
    }
}

ROWS void store_real(u32 dtype, Target to, i64 stride, const f64 *from, u64 n) {
    switch (dtype) {
    case BOOL_TYPE: STORE_ROW(u8, to, stride, f64, from, n, x != 0); break;
    case UINT8_TYPE: STORE_ROW(u8, to, stride, f64, from, n, SATURATE_REAL(u8, 0, 255, 256, x)); break;
    case UINT16_TYPE: STORE_ROW(u16, to, stride, f64, from, n, SATURATE_REAL(u16, 0, 65535, 65536, x)); break;
    case UINT32_TYPE: STORE_ROW(u32, to, stride, f64, from, n, SATURATE_REAL(u32, 0, U32_MAX, 0x1p32, x)); break;
    case UINT64_TYPE: STORE_ROW(u64, to, stride, f64, from, n, SATURATE_REAL(u64, 0, U64_MAX, 0x1p64, x)); break;
    case INT8_TYPE: STORE_ROW(i8, to, stride, f64, from, n, SATURATE_REAL(i8, -128, 127, 128, x)); break;
    case INT16_TYPE: STORE_ROW(i16, to, stride, f64, from, n, SATURATE_REAL(i16, -32768, 32767, 32768, x)); break;
    case INT32_TYPE: STORE_ROW(i32, to, stride, f64, from, n, SATURATE_REAL(i32, I32_MIN, I32_MAX, 0x1p31, x)); break;
    case INT64_TYPE: STORE_ROW(i64, to, stride, f64, from, n, SATURATE_REAL(i64, I64_MIN, I64_MAX, 0x1p63, x)); break;
    case FLOAT32_TYPE: STORE_ROW(f32, to, stride, f64, from, n, x); break;
    case FLOAT64_TYPE: STORE_ROW(f64, to, stride, f64, from, n, x); break;
    default: store_small_float(dtype, to, stride, from, n);
    }
}

ROWS void store_signed(u32 dtype, Target to, i64 stride, const i64 *from, u64 n) {
    f64 odd[CHUNK];
    switch (dtype) {
    case BOOL_TYPE: STORE_ROW(u8, to, stride, i64, from, n, x != 0); break;
    case UINT8_TYPE: STORE_ROW(u8, to, stride, i64, from, n, SATURATE(u8, 0, 255, x)); break;
    case UINT16_TYPE: STORE_ROW(u16, to, stride, i64, from, n, SATURATE(u16, 0, 65535, x)); break;
    case UINT32_TYPE: STORE_ROW(u32, to, stride, i64, from, n, SATURATE(u32, 0, U32_MAX, x)); break;
    case UINT64_TYPE: STORE_ROW(u64, to, stride, i64, from, n, x < 0 ? 0 : x); break;
    case INT8_TYPE: STORE_ROW(i8, to, stride, i64, from, n, SATURATE(i8, -128, 127, x)); break;
    case INT16_TYPE: STORE_ROW(i16, to, stride, i64, from, n, SATURATE(i16, -32768, 32767, x)); break;
    case INT32_TYPE: STORE_ROW(i32, to, stride, i64, from, n, SATURATE(i32, I32_MIN, I32_MAX, x)); break;
    case INT64_TYPE: STORE_ROW(i64, to, stride, i64, from, n, x); break;
    case FLOAT32_TYPE: STORE_ROW(f32, to, stride, i64, from, n, x); break;
    case FLOAT64_TYPE: STORE_ROW(f64, to, stride, i64, from, n, x); break;
    default:
        for (u64 k = 0; k < n; k++) odd[k] = odd_from_signed(from[k]);
        store_small_float(dtype, to, stride, odd, n);
    }
}

ROWS void store_unsigned(u32 dtype, Target to, i64 stride, const u64 *from, u64 n) {
    f64 odd[CHUNK];
    switch (dtype) {
    case BOOL_TYPE: STORE_ROW(u8, to, stride, u64, from, n, x != 0); break;
    case UINT8_TYPE: STORE_ROW(u8, to, stride, u64, from, n, AT_MOST(u8, 255, x)); break;
    case UINT16_TYPE: STORE_ROW(u16, to, stride, u64, from, n, AT_MOST(u16, 65535, x)); break;
    case UINT32_TYPE: STORE_ROW(u32, to, stride, u64, from, n, AT_MOST(u32, U32_MAX, x)); break;
    case UINT64_TYPE: STORE_ROW(u64, to, stride, u64, from, n, x); break;
    case INT8_TYPE: STORE_ROW(i8, to, stride, u64, from, n, AT_MOST(i8, 127, x)); break;
    case INT16_TYPE: STORE_ROW(i16, to, stride, u64, from, n, AT_MOST(i16, 32767, x)); break;
    case INT32_TYPE: STORE_ROW(i32, to, stride, u64, from, n, AT_MOST(i32, I32_MAX, x)); break;
    case INT64_TYPE: STORE_ROW(i64, to, stride, u64, from, n, AT_MOST(i64, I64_MAX, x)); break;
    case FLOAT32_TYPE: STORE_ROW(f32, to, stride, u64, from, n, x); break;
    case FLOAT64_TYPE: STORE_ROW(f64, to, stride, u64, from, n, x); break;
    default:
        for (u64 k = 0; k < n; k++) odd[k] = odd_from_unsigned(from[k]);
        store_small_float(dtype, to, stride, odd, n);
    }
}

#endif
