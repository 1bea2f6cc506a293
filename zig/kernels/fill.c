// One value everywhere.
#include "walk.h"

#ifdef __NVPTX__
#define FILL_ROW(T) *(GLOBAL T *)dst = (T)p->bits
#else
#define FILL_ROW(T)                                                                                                    \
    if (sd == (i64)sizeof(T))                                                                                          \
        for (u64 k = 0; k < n; k++) ((T *)dst)[k] = (T)p->bits;                                                        \
    else                                                                                                               \
        for (u64 k = 0; k < n; k++) *(T *)(dst + (i64)k * sd) = (T)p->bits
#endif

INLINE void fill_row(const struct mr_elementwise *p, Target dst, Origin a, Origin b, u64 n) {
    const i64 sd = row_stride(p, &p->dst);
    switch (p->width) {
    case 1: FILL_ROW(u8); break;
    case 2: FILL_ROW(u16); break;
    case 4: FILL_ROW(u32); break;
    default: FILL_ROW(u64); break;
    }
}

ELEMENTWISE(fill, fill_row)
