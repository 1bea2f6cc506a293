// Rows of one channel's pixels: read from where an output row's columns come from, written to where they go.
#ifndef MILLRACE_PIXEL_H
#define MILLRACE_PIXEL_H

#include "element.h"
#include "tap.h"

/// Where a column's source pixels are in a line of them, in bytes, and the second one's share.
struct column {
    i64 low, high;
    f32 share;
};

INLINE void columns_from(struct tap *tap, u32 bilinear, i64 stride, struct column *columns, u64 n) {
    for (u64 k = 0; k < n; k++, tap_next(tap)) {
        if (bilinear) {
            const struct between at = tap_between(tap);
            columns[k] = (struct column){at.low * stride, at.high * stride, at.share};
        } else columns[k] = (struct column){tap->whole * stride, 0, 0};
    }
}

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

// Blending in this form keeps what is constant constant.
#define READ_ROW(T, LOAD)                                                                                              \
    if (step != 0)                                                                                                     \
        LOAD_ROW(f32, values, T, upper + columns[0].low, step, n, x);                                                  \
    else if (!bilinear)                                                                                                \
        for (u64 k = 0; k < n; k++) values[k] = LOAD(upper + columns[k].low);                                          \
    else                                                                                                               \
        for (u64 k = 0; k < n; k++) {                                                                                  \
            const f32 a = LOAD(upper + columns[k].low), b = LOAD(upper + columns[k].high);                             \
            const f32 c = LOAD(lower + columns[k].low), d = LOAD(lower + columns[k].high);                             \
            const f32 above = a + (b - a) * columns[k].share, below = c + (d - c) * columns[k].share;                  \
            values[k] = above + (below - above) * share;                                                               \
        }

#define LOAD_U8(from) ((f32) * (from))
#define LOAD_F32(from) (*(const GLOBAL f32 *)(from))
#define LOAD_ANY(from) load_any(dtype, from)

/// Between two lines of pixels; `share` is the lower one's. `step`: bytes from column to column, where nothing is blended and
/// they are evenly apart; otherwise 0.
ROWS void read_row(u32 dtype, u32 bilinear, i64 step, Origin upper, Origin lower, f32 share, const struct column *columns, f32 *values, u64 n) {
    switch (dtype) {
    case UINT8_TYPE: READ_ROW(u8, LOAD_U8) break;
    case FLOAT32_TYPE: READ_ROW(f32, LOAD_F32) break;
    default:
        step = 0;
        READ_ROW(u8, LOAD_ANY) break;
    }
}

/// To the nearest integer, ties to even. Adding 1.5 * 2^52 leaves no place for a fraction; larger numbers have none.
INLINE f64 nearest(f64 value) {
    const f64 rounded = (value + 0x1.8p52) - 0x1.8p52;
    return value < 0x1p51 && value > -0x1p51 ? rounded : value;
}

/// The same trick with float32's 2^23. NaN becomes 0.
INLINE u8 nearest_u8(f32 value) {
    const f32 held = value > 0 ? value < 255 ? value : 255 : 0;
    return (u8)bits_of_f32(held + 0x1.8p23f);
}

static __attribute__((noinline)) void store_any(u32 dtype, Target to, f32 value) {
    const f64 real = class_of(dtype) == REAL_CLASS || dtype == BOOL_TYPE ? (f64)value : nearest((f64)value);
    store_real(dtype, to, 0, &real, 1);
}

/// Integers get the nearest value in range, as OpenCV's saturate_cast.
ROWS void write_row(u32 dtype, Target to, i64 stride, const f32 *values, u64 n) {
    switch (dtype) {
    case UINT8_TYPE: STORE_ROW(u8, to, stride, f32, values, n, nearest_u8(x)); break;
    case FLOAT32_TYPE: STORE_ROW(f32, to, stride, f32, values, n, x); break;
    case FLOAT16_TYPE: STORE_ROW(u16, to, stride, f32, values, n, float16_from_f32(x)); break;
    default:
        for (u64 k = 0; k < n; k++) store_any(dtype, to + (i64)k * stride, values[k]);
    }
}

/// Elements as they are, of 1, 2, 4 or 8 bytes.
ROWS void read_bits(u32 size, Origin line, const struct column *columns, u64 *held, u64 n) {
    switch (size) {
    case 1: for (u64 k = 0; k < n; k++) held[k] = line[columns[k].low]; break;
    case 2: for (u64 k = 0; k < n; k++) held[k] = *(const GLOBAL u16 *)(line + columns[k].low); break;
    case 4: for (u64 k = 0; k < n; k++) held[k] = *(const GLOBAL u32 *)(line + columns[k].low); break;
    default: for (u64 k = 0; k < n; k++) held[k] = *(const GLOBAL u64 *)(line + columns[k].low); break;
    }
}

ROWS void write_bits(u32 size, Target to, i64 stride, const u64 *held, u64 n) {
    switch (size) {
    case 1: STORE_ROW(u8, to, stride, u64, held, n, x); break;
    case 2: STORE_ROW(u16, to, stride, u64, held, n, x); break;
    case 4: STORE_ROW(u32, to, stride, u64, held, n, x); break;
    default: STORE_ROW(u64, to, stride, u64, held, n, x); break;
    }
}

#endif
