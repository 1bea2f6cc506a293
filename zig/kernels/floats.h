// Floats that C has no portable type for: float16, bfloat16 and the four 8-bit formats, by their bits. One rounding, to
// nearest, ties to even, as `src/tensor/convert.ts` says.
#ifndef MILLRACE_FLOATS_H
#define MILLRACE_FLOATS_H

#include "platform.h"

INLINE u64 bits_of(f64 value) { return __builtin_bit_cast(u64, value); }
INLINE u32 bits_of_f32(f32 value) { return __builtin_bit_cast(u32, value); }
INLINE f64 f64_of(u64 bits) { return __builtin_bit_cast(f64, bits); }
INLINE f32 f32_of(u32 bits) { return __builtin_bit_cast(f32, bits); }

/// A format of `mantissa` bits and an exponent of the given bias. `sign` is its sign bit.
struct format {
    u32 mantissa;
    i32 bias;
    u32 sign;
    /// Patterns without sign: the largest finite value, what larger ones become, infinity, NaN.
    u32 largest, beyond, infinity, nan;
    /// No negative zero, whose pattern is the only NaN.
    u32 unsigned_zero;
};

#define FLOAT16 ((struct format){10, 15, 0x8000, 0x7bff, 0x7c00, 0x7c00, 0x7e00, 0})
#define BFLOAT16 ((struct format){7, 127, 0x8000, 0x7f7f, 0x7f80, 0x7f80, 0x7fc0, 0})
#define E4M3FN ((struct format){3, 7, 0x80, 0x7e, 0x7e, 0x7e, 0x7f, 0})
#define E5M2 ((struct format){2, 15, 0x80, 0x7b, 0x7b, 0x7c, 0x7e, 0})
#define E4M3FNUZ ((struct format){3, 8, 0x80, 0x7f, 0x7f, 0x7f, 0x80, 1})
#define E5M2FNUZ ((struct format){2, 16, 0x80, 0x7f, 0x7f, 0x7f, 0x80, 1})

/// The value's pattern. It is scaled by a power of two to steps of the format's grid, which is exact, so there is one
/// rounding; a carry out of the mantissa runs into the exponent by itself.
INLINE u32 encode(f64 value, const struct format format) {
    if (value != value) return format.nan;
    const u64 bits = bits_of(value);
    const u32 sign = bits >> 63 ? format.sign : 0;
    const f64 magnitude = f64_of(bits & 0x7fffffffffffffff);
    if (magnitude == __builtin_inf()) return sign | format.infinity;
    const i32 smallest = 1 - format.bias;
    i32 exponent = (i32)(bits >> 52 & 0x7ff) - 1023;
    if (exponent > 127) return sign | format.beyond;
    if (exponent < smallest) exponent = smallest;
    const f64 scaled = magnitude * f64_of((u64)(1023 + (i32)format.mantissa - exponent) << 52);
    // Adding 2^52 leaves no place for a fraction: the addition itself rounds to even.
    const u32 steps = (u32)((scaled + 0x1p52) - 0x1p52);
    const u32 pattern = steps + ((u32)(exponent - smallest) << format.mantissa);
    if (pattern > format.largest) return sign | format.beyond;
    return pattern == 0 && format.unsigned_zero ? 0 : sign | pattern;
}

/// The value of a pattern; exact in float32.
INLINE f32 decode(u32 pattern, const struct format format) {
    const u32 magnitude = pattern & (format.sign - 1);
    const u32 negative = pattern & format.sign;
    if (format.unsigned_zero && pattern == format.sign) return __builtin_nanf("");
    if (magnitude > format.largest) {
        if (magnitude != format.infinity) return __builtin_nanf("");
        return negative ? -__builtin_inff() : __builtin_inff();
    }
    const u32 exponent = magnitude >> format.mantissa;
    const u32 fraction = magnitude & ((1u << format.mantissa) - 1);
    const f32 significand = (f32)(exponent == 0 ? fraction : fraction + (1u << format.mantissa));
    const i32 power = (i32)(exponent == 0 ? 1 : exponent) - format.bias - (i32)format.mantissa;
    const f32 value = significand * f32_of((u32)(127 + power) << 23);
    return negative ? -value : value;
}

INLINE f32 f32_from_bfloat16(u16 bits) { return f32_of((u32)bits << 16); }

INLINE u16 bfloat16_from_f32(f32 value) {
    const u32 bits = bits_of_f32(value);
    // Half of the last kept bit, less one where that bit is 0, so that a tie carries only from odd.
    const u16 rounded = (u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    return value != value ? 0x7fc0 : rounded;
}

#ifdef __NVPTX__

INLINE f32 f32_from_float16(u16 bits) { return (f32)__builtin_bit_cast(_Float16, bits); }
INLINE u16 float16_from_f32(f32 value) { return __builtin_bit_cast(u16, (_Float16)value); }

#else

// Without branches, so that loops over them become vector instructions.
INLINE f32 f32_from_float16(u16 bits) {
    const u32 magnitude = bits & 0x7fff;
    // The bits in float32's places are the value with the wrong bias; infinity and NaN have an exponent of their own.
    const u32 finite = bits_of_f32(f32_of(magnitude << 13) * 0x1p112f);
    const u32 special = 0x7f800000 | magnitude << 13;
    return f32_of((magnitude >= 0x7c00 ? special : finite) | (u32)(bits & 0x8000) << 16);
}

INLINE u16 float16_from_f32(f32 value) {
    const u32 bits = bits_of_f32(value);
    const u32 magnitude = bits & 0x7fffffff;
    const u32 normal = (magnitude + 0xfff + (magnitude >> 13 & 1) - (112u << 23)) >> 13;
    // Subnormal: in 0.5 the last bit counts 2^-24, as float16's smallest step does.
    const u32 subnormal = bits_of_f32(f32_of(magnitude) + 0.5f) - 0x3f000000;
    u32 pattern = magnitude < 0x38800000 ? subnormal : normal;
    pattern = magnitude >= 0x47800000 ? 0x7c00 : pattern;
    pattern = magnitude > 0x7f800000 ? 0x7e00 : pattern;
    return (u16)(pattern | (bits >> 16 & 0x8000));
}

#endif
#endif
