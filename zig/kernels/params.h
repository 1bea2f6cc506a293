// What a kernel is given, by value. The same structs, field for field, are in params.zig; both sides assert the layout.
#ifndef MILLRACE_PARAMS_H
#define MILLRACE_PARAMS_H

#include "platform.h"

#define AXES 8

/// An operand of an elementwise kernel: the address of its first element, the bytes between neighbours along each axis.
struct mr_operand {
    u64 address;
    i64 strides[AXES];
};

/// Copy, cast, fill, arithmetic. The axes are those of `frame.zig`: at least one, none of size 0.
struct mr_elementwise {
    u64 count;
    u64 shape[AXES];
    struct mr_operand dst, a, b;
    u32 ndim;
    /// Of `dst`, and of both sources of arithmetic.
    u32 dtype;
    u32 a_dtype;
    /// Bytes of an element that is copied or filled: 1, 2, 4, 8 or 16.
    u32 width;
    u32 op;
    /// Where arithmetic's second argument comes from: SECOND_*.
    u32 second;
    /// The scalars of arithmetic.
    f64 x, y;
    /// The bits of a filled element, or of an integer scalar.
    u64 bits;
};

enum { SECOND_OPERAND = 0, SECOND_SCALAR = 1, SECOND_REAL = 2 };

/// An image operation: one pass from images to images. Axes: image, row, column, channel; strides in bytes.
struct mr_sample {
    u64 dst;
    i64 dst_strides[4];
    u64 src;
    i64 src_strides[4];
    u64 images, height, width;
    u64 src_images, src_height, src_width;
    /// Rows of x1, y1, x2, y2 (int32) for each output image; address 0: the whole image.
    u64 boxes;
    i64 box_strides[2];
    /// The source of each output image (int32); address 0: the image of the same number.
    u64 indices;
    i64 index_stride;
    /// What is written where there is no source, when `exact`.
    u64 padding_bits;
    u32 dst_dtype, src_dtype;
    u32 channels, src_channels;
    u32 bilinear, letterbox;
    /// Elements are moved as they are: nearest, same type, no arithmetic. Then `element` is their size.
    u32 exact, element;
    /// Source channel of each output channel; -1: the weighted sum of the first three.
    i32 map[4];
    f32 weights[4];
    f32 scale[4];
    f32 bias[4];
    f32 padding;
    u32 reserved;
};

#define AT(type, field, offset) _Static_assert(__builtin_offsetof(struct type, field) == offset, #field)
_Static_assert(sizeof(struct mr_elementwise) == 336, "mr_elementwise");
AT(mr_elementwise, shape, 8);
AT(mr_elementwise, dst, 72);
AT(mr_elementwise, b, 216);
AT(mr_elementwise, ndim, 288);
AT(mr_elementwise, second, 308);
AT(mr_elementwise, x, 312);
AT(mr_elementwise, bits, 328);
_Static_assert(sizeof(struct mr_sample) == 280, "mr_sample");
AT(mr_sample, src, 40);
AT(mr_sample, images, 80);
AT(mr_sample, boxes, 128);
AT(mr_sample, indices, 152);
AT(mr_sample, padding_bits, 168);
AT(mr_sample, dst_dtype, 176);
AT(mr_sample, map, 208);
AT(mr_sample, scale, 240);
AT(mr_sample, padding, 272);

#endif
