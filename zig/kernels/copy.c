// Elements of one type from any strides to any others. Only their size matters.
#include "element.h"
#include "walk.h"

typedef u64 __attribute__((vector_size(16))) u128;

INLINE void copy_row(const struct mr_elementwise *p, Target dst, Origin a, Origin b, u64 n) {
    const i64 sd = row_stride(p, &p->dst), sa = row_stride(p, &p->a);
#ifndef __NVPTX__
    if (sd == (i64)p->width && sa == (i64)p->width) {
        // The same bytes twice is an array copied onto itself.
        __builtin_memmove(dst, a, n * p->width);
        return;
    }
#endif
    switch (p->width) {
    case 1: ROW(u8, dst, sd, u8, a, sa, n, x); break;
    case 2: ROW(u16, dst, sd, u16, a, sa, n, x); break;
    case 4: ROW(u32, dst, sd, u32, a, sa, n, x); break;
    case 8: ROW(u64, dst, sd, u64, a, sa, n, x); break;
    default: ROW(u128, dst, sd, u128, a, sa, n, x); break;
    }
}

ELEMENTWISE(copy, copy_row)
