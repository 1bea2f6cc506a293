// Reading source pixels as float32, writing output pixels.
#ifndef MILLRACE_PIXEL_H
#define MILLRACE_PIXEL_H

#include "element.h"
#include "params.h"

/// Types that images rarely have: one copy of the code for all.
static __attribute__((noinline)) f32 load_any(u32 dtype, Origin from) {
    i64 integer[CHUNK];
    u64 natural[CHUNK];
    f64 real[CHUNK];
    switch (class_of(dtype)) {
    case SIGNED_CLASS: load_signed(dtype, from, 0, integer, 1); return (f32)integer[0];
    case UNSIGNED_CLASS: load_unsigned(dtype, from, 0, natural, 1); return (f32)natural[0];
    default: load_real(dtype, from, 0, real, 1); return (f32)real[0];
    }
}

INLINE f32 load_f32(u32 dtype, Origin from) {
    if (dtype == UINT8_TYPE) return (f32)*from;
    if (dtype == FLOAT32_TYPE) return *(const GLOBAL f32 *)from;
    return load_any(dtype, from);
}

/// To the nearest integer, ties to even. Adding 1.5 * 2^52 leaves no place for a fraction; larger numbers have none.
INLINE f64 nearest(f64 value) {
    const f64 rounded = (value + 0x1.8p52) - 0x1.8p52;
    return value < 0x1p51 && value > -0x1p51 ? rounded : value;
}

static __attribute__((noinline)) void store_any(u32 dtype, Target to, f32 value) {
    const f64 real = class_of(dtype) == REAL_CLASS || dtype == BOOL_TYPE ? (f64)value : nearest((f64)value);
    store_real(dtype, to, 0, &real, 1);
}

/// Integers get the nearest value in range, as OpenCV's saturate_cast; NaN becomes 0.
INLINE void store_f32(u32 dtype, Target to, f32 value) {
    if (dtype == FLOAT32_TYPE) {
        *(GLOBAL f32 *)to = value;
    } else if (dtype == UINT8_TYPE) {
        // The same trick with float32's 2^23.
        const f32 held = value > 0 ? value < 255 ? value : 255 : 0;
        *to = (u8)bits_of_f32(held + 0x1.8p23f);
    } else if (dtype == FLOAT16_TYPE) {
        *(GLOBAL u16 *)to = float16_from_f32(value);
    } else store_any(dtype, to, value);
}

INLINE void put_bits(u32 size, Target to, u64 bits) {
    switch (size) {
    case 1: *to = (u8)bits; break;
    case 2: *(GLOBAL u16 *)to = (u16)bits; break;
    case 4: *(GLOBAL u32 *)to = (u32)bits; break;
    default: *(GLOBAL u64 *)to = bits; break;
    }
}

#endif
