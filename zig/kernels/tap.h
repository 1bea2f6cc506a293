// Which source pixels an output pixel is made of, along one axis. In integers: no size, however large, loses a pixel to
// rounding, and along a row each position follows from the one before without a division.
#ifndef MILLRACE_TAP_H
#define MILLRACE_TAP_H

#include "platform.h"

/// Position `whole + rest / denominator` on a source axis of `size` pixels, and the step to the next output pixel.
struct tap {
    i64 whole, step_whole;
    u64 rest, step_rest, denominator;
    u64 size;
    f32 inverse;
};

/// Output pixel `at` of `out`, over `size` source pixels. Nearest: floor(at * size / out). Bilinear: pixel centres at
/// halves, so (at + 1/2) * size / out - 1/2. Sizes are below 2^30: nothing overflows.
INLINE struct tap tap_at(u64 at, u64 size, u64 out, u32 bilinear) {
    const u64 denominator = bilinear ? 2 * out : out;
    const u64 step = bilinear ? 2 * size : size;
    struct tap tap = {.denominator = denominator, .size = size, .inverse = 1.0f / (f32)denominator};
    u64 position = at * step;
    i64 before = 0;
    if (bilinear) {
        // Shifted by a whole pixel, so that the division is of a positive number.
        position += size + denominator - out;
        before = 1;
    }
    const u64 whole = size == out && !bilinear ? at : divide(position, denominator);
    tap.whole = (i64)whole - before;
    tap.rest = position - whole * denominator;
#ifndef __NVPTX__
    tap.step_whole = (i64)divide(step, denominator);
    tap.step_rest = step - (u64)tap.step_whole * denominator;
#endif
    return tap;
}

INLINE void tap_next(struct tap *tap) {
    tap->whole += tap->step_whole;
    tap->rest += tap->step_rest;
    const u32 carry = tap->rest >= tap->denominator;
    tap->whole += carry;
    tap->rest -= carry ? tap->denominator : 0;
}

/// The two pixels around a bilinear position and the second one's share. At the edges both are the edge's.
struct between {
    i64 low, high;
    f32 share;
};

INLINE struct between tap_between(const struct tap *tap) {
    const i64 last = (i64)tap->size - 1;
    if (tap->whole < 0) return (struct between){0, 0, 0};
    if (tap->whole >= last) return (struct between){last, last, 0};
    return (struct between){tap->whole, tap->whole + 1, (f32)tap->rest * tap->inverse};
}

#endif
