// From any element type to any other: see `src/tensor/convert.ts` for the rules. The pairs that models need have loops of
// their own; the others go through 64-bit integers or float64, whichever holds every value of the source.
#include "element.h"
#include "walk.h"

#define THROUGH(Held, load, store)                                                                                     \
    do {                                                                                                               \
        Held held[CHUNK];                                                                                              \
        for (u64 at = 0; at < n; at += CHUNK) {                                                                        \
            const u64 some = least(n - at, CHUNK);                                                                     \
            load(p->a_dtype, a + (i64)at * sa, sa, held, some);                                                        \
            store(p->dtype, dst + (i64)at * sd, sd, held, some);                                                       \
        }                                                                                                              \
    } while (0)

#define PAIR(from, to) ((from) << 8 | (to))

INLINE void cast_row(const struct mr_elementwise *p, Target dst, Origin a, Origin b, u64 n) {
    const i64 sd = row_stride(p, &p->dst), sa = row_stride(p, &p->a);
    switch (PAIR(p->a_dtype, p->dtype)) {
    case PAIR(UINT8_TYPE, FLOAT32_TYPE): ROW(f32, dst, sd, u8, a, sa, n, x); return;
    case PAIR(FLOAT32_TYPE, UINT8_TYPE): ROW(u8, dst, sd, f32, a, sa, n, SATURATE_REAL(u8, 0, 255, 256, x)); return;
    case PAIR(FLOAT32_TYPE, FLOAT16_TYPE): ROW(u16, dst, sd, f32, a, sa, n, float16_from_f32(x)); return;
    case PAIR(FLOAT16_TYPE, FLOAT32_TYPE): ROW(f32, dst, sd, u16, a, sa, n, f32_from_float16(x)); return;
    case PAIR(FLOAT32_TYPE, BFLOAT16_TYPE): ROW(u16, dst, sd, f32, a, sa, n, bfloat16_from_f32(x)); return;
    case PAIR(BFLOAT16_TYPE, FLOAT32_TYPE): ROW(f32, dst, sd, u16, a, sa, n, f32_from_bfloat16(x)); return;
    }
    switch (class_of(p->a_dtype)) {
    case SIGNED_CLASS: THROUGH(i64, load_signed, store_signed); break;
    case UNSIGNED_CLASS: THROUGH(u64, load_unsigned, store_unsigned); break;
    default: THROUGH(f64, load_real, store_real); break;
    }
}

ELEMENTWISE(cast, cast_row)
