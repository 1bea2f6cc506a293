// One pass from images to images: crop, resize or letterbox, colour, scale and shift by channel, cast, layout. What a
// step by step pipeline would round between its steps is not rounded here.
#include "pixel.h"
#include "region.h"
#include "tap.h"

/// Output channels at most.
#define CHANNELS 4

INLINE void pad_row(const struct mr_sample *p, Target to, u64 n) {
    for (u64 k = 0; k < n; k++, to += p->dst_strides[2])
#pragma clang loop unroll(full)
        for (u32 c = 0; c < CHANNELS; c++) {
            if (c >= p->channels) continue;
            Target element = to + (i64)c * p->dst_strides[3];
            if (p->exact) put_bits(p->element, element, p->padding_bits);
            else store_f32(p->dst_dtype, element, p->padding * p->scale[c] + p->bias[c]);
        }
}

/// The four pixels around a position, of one channel or of three that are weighed.
struct corners {
    Origin a, b, c, d;
    f32 x, y;
};

INLINE f32 blend(u32 dtype, const struct corners *at, i64 offset, const u32 bilinear) {
    const f32 a = load_f32(dtype, at->a + offset);
    if (!bilinear) return a;
    const f32 b = load_f32(dtype, at->b + offset);
    const f32 c = load_f32(dtype, at->c + offset), d = load_f32(dtype, at->d + offset);
    // This form keeps what is constant constant.
    const f32 upper = a + (b - a) * at->x, lower = c + (d - c) * at->x;
    return upper + (lower - upper) * at->y;
}

INLINE f32 channel_of(const struct mr_sample *p, u32 dtype, const struct corners *at, i32 from, const u32 bilinear) {
    const i64 stride = p->src_strides[3];
    if (from >= 0) return blend(dtype, at, from * stride, bilinear);
    return p->weights[0] * blend(dtype, at, 0, bilinear) + p->weights[1] * blend(dtype, at, stride, bilinear) +
           p->weights[2] * blend(dtype, at, 2 * stride, bilinear);
}

/// A pixel is read whole before it is written, so that channels can be swapped in place.
INLINE void put_pixel(const struct mr_sample *p, u32 dtype, Target to, const struct corners *at, const u32 bilinear) {
    f32 values[CHANNELS];
#pragma clang loop unroll(full)
    for (u32 c = 0; c < CHANNELS; c++)
        if (c < p->channels) values[c] = channel_of(p, dtype, at, p->map[c], bilinear) * p->scale[c] + p->bias[c];
#pragma clang loop unroll(full)
    for (u32 c = 0; c < CHANNELS; c++)
        if (c < p->channels) store_f32(p->dst_dtype, to + (i64)c * p->dst_strides[3], values[c]);
}

INLINE void move_pixel(const struct mr_sample *p, Target to, Origin from) {
    u64 values[CHANNELS];
#pragma clang loop unroll(full)
    for (u32 c = 0; c < CHANNELS; c++) {
        if (c >= p->channels) continue;
        Origin element = from + p->map[c] * p->src_strides[3];
        switch (p->element) {
        case 1: values[c] = *element; break;
        case 2: values[c] = *(const GLOBAL u16 *)element; break;
        case 4: values[c] = *(const GLOBAL u32 *)element; break;
        default: values[c] = *(const GLOBAL u64 *)element; break;
        }
    }
#pragma clang loop unroll(full)
    for (u32 c = 0; c < CHANNELS; c++)
        if (c < p->channels) put_bits(p->element, to + (i64)c * p->dst_strides[3], values[c]);
}

INLINE void nearest_row(const struct mr_sample *p, u32 dtype, Target to, Origin line, struct tap tap, u64 n) {
    for (u64 k = 0; k < n; k++, to += p->dst_strides[2], tap_next(&tap)) {
        const struct corners at = {.a = line + tap.whole * p->src_strides[2]};
        put_pixel(p, dtype, to, &at, 0);
    }
}

INLINE void bilinear_row(const struct mr_sample *p, u32 dtype, Target to, Origin upper, Origin lower, f32 y, struct tap tap, u64 n) {
    const i64 stride = p->src_strides[2];
    for (u64 k = 0; k < n; k++, to += p->dst_strides[2], tap_next(&tap)) {
        const struct between x = tap_between(&tap);
        const struct corners at = {
            upper + x.low * stride, upper + x.high * stride, lower + x.low * stride, lower + x.high * stride, x.share, y,
        };
        put_pixel(p, dtype, to, &at, 1);
    }
}

/// `n` pixels of the part's row `row`, from its column `column` on.
INLINE void inner_row(const struct mr_sample *p, const struct region *r, Target to, u64 row, u64 column, u64 n) {
    const struct tap vertical = tap_at(row, r->height, r->inner_height, p->bilinear);
    struct tap tap = tap_at(column, r->width, r->inner_width, p->bilinear);
    if (p->bilinear) {
        const struct between y = tap_between(&vertical);
        Origin upper = r->source + y.low * p->src_strides[1], lower = r->source + y.high * p->src_strides[1];
        if (p->src_dtype == UINT8_TYPE) bilinear_row(p, UINT8_TYPE, to, upper, lower, y.share, tap, n);
        else if (p->src_dtype == FLOAT32_TYPE) bilinear_row(p, FLOAT32_TYPE, to, upper, lower, y.share, tap, n);
        else bilinear_row(p, p->src_dtype, to, upper, lower, y.share, tap, n);
        return;
    }
    Origin line = r->source + vertical.whole * p->src_strides[1];
    if (p->exact) {
        for (u64 k = 0; k < n; k++, to += p->dst_strides[2], tap_next(&tap))
            move_pixel(p, to, line + tap.whole * p->src_strides[2]);
    } else if (p->src_dtype == UINT8_TYPE) nearest_row(p, UINT8_TYPE, to, line, tap, n);
    else nearest_row(p, p->src_dtype, to, line, tap, n);
}

/// As many pixels of a row as are of one kind, from pixel `i` of all on.
INLINE u64 sample_step(const struct mr_sample *p, u64 i, u64 most) {
    const u64 line = divide(i, p->width);
    const u64 image = divide(line, p->height);
    const u64 x = i - line * p->width, y = line - image * p->height;
    const struct region r = region_of(p, image);
    Target to = (Target)(p->dst + (u64)((i64)image * p->dst_strides[0] + (i64)y * p->dst_strides[1] + (i64)x * p->dst_strides[2]));
    const u32 outside = r.empty || y < r.top || y - r.top >= r.inner_height;
    const u64 right = r.left + r.inner_width;
    const u32 inside = !outside && x >= r.left && x < right;
    const u64 end = inside ? right : !outside && x < r.left ? r.left : p->width;
    const u64 n = CHUNK == 1 ? 1 : least(end - x, most);
    if (inside) inner_row(p, &r, to, y - r.top, x - r.left, n);
    else pad_row(p, to, n);
    return n;
}

KERNEL(sample, mr_sample, p.images * p.height * p.width, sample_step)
