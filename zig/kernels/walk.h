// Where the elements of an elementwise kernel are.
#ifndef MILLRACE_WALK_H
#define MILLRACE_WALK_H

#include "params.h"

struct place {
    Target dst;
    Origin a, b;
    /// How many of the row follow, this one included.
    u64 left;
};

/// The operands' elements number `i`, in row-major order of the axes.
INLINE struct place locate(const struct mr_elementwise *p, u64 i) {
    i64 dst = 0, a = 0, b = 0;
    u64 left = 0;
    u64 rest = i;
#pragma clang loop unroll(full)
    for (u32 axis = AXES - 1; axis > 0; axis--) {
        if (axis >= p->ndim) continue;
        const u64 above = divide(rest, p->shape[axis]);
        const i64 index = (i64)(rest - above * p->shape[axis]);
        if (axis == p->ndim - 1) left = p->shape[axis] - (u64)index;
        dst += index * p->dst.strides[axis];
        a += index * p->a.strides[axis];
        b += index * p->b.strides[axis];
        rest = above;
    }
    if (p->ndim == 1) left = p->shape[0] - rest;
    dst += (i64)rest * p->dst.strides[0];
    a += (i64)rest * p->a.strides[0];
    b += (i64)rest * p->b.strides[0];
    return (struct place){
        (Target)(p->dst.address + (u64)dst),
        (Origin)(p->a.address + (u64)a),
        (Origin)(p->b.address + (u64)b),
        left,
    };
}

/// Along the last axis, which rows run along.
INLINE i64 row_stride(const struct mr_elementwise *p, const struct mr_operand *operand) {
#ifdef __NVPTX__
    // A row has one element, and an index that is not known would move the parameters to slow memory.
    return 0;
#else
    return operand->strides[p->ndim - 1];
#endif
}

/// An elementwise kernel out of what it does to a row.
#define ELEMENTWISE(name, row)                                                                                         \
    INLINE u64 name##_step(const struct mr_elementwise *p, u64 i, u64 most) {                                          \
        const struct place place = locate(p, i);                                                                       \
        const u64 n = CHUNK == 1 ? 1 : least(place.left, most);                                                        \
        row(p, place.dst, place.a, place.b, n);                                                                        \
        return n;                                                                                                      \
    }                                                                                                                  \
    KERNEL(name, mr_elementwise, p.count, name##_step)

#endif
