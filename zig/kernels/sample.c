// One pass from images to images: crop, resize or letterbox, colour, scale and shift by channel, cast, layout. What a
// step by step pipeline would round between its steps is not rounded here.
#include "pixel.h"
#include "region.h"

/// Output channels at most.
#define CHANNELS 4
#define EACH_CHANNEL(p)                                                                                                \
    _Pragma("clang loop unroll(full)") for (u32 c = 0; c < CHANNELS; c++) if (c < (p)->channels)

INLINE void pad_row(const struct mr_sample *p, Target to, u64 n) {
    EACH_CHANNEL(p) {
        f32 values[CHUNK];
        u64 held[CHUNK];
        for (u64 k = 0; k < least(n, CHUNK); k++) {
            values[k] = p->padding * p->scale[c] + p->bias[c];
            held[k] = p->padding_bits;
        }
        for (u64 at = 0; at < n; at += CHUNK) {
            Target part = to + (i64)at * p->dst_strides[2] + (i64)c * p->dst_strides[3];
            if (p->exact) write_bits(p->element, part, p->dst_strides[2], held, least(n - at, CHUNK));
            else write_row(p->dst_dtype, part, p->dst_strides[2], values, least(n - at, CHUNK));
        }
    }
}

/// The source lines of an output row.
struct lines {
    Origin upper, lower;
    f32 share;
    /// From column to column, if it is always the same.
    i64 step;
};

INLINE struct lines lines_of(const struct mr_sample *p, const struct region *r, u64 row) {
    const struct tap tap = tap_at(row, r->height, r->inner_height, p->bilinear);
    const i64 stride = p->src_strides[1];
    if (!p->bilinear) {
        Origin line = r->source + tap.whole * stride;
        return (struct lines){line, line, 0, 0};
    }
    const struct between at = tap_between(&tap);
    return (struct lines){r->source + at.low * stride, r->source + at.high * stride, at.share, 0};
}

/// An output channel before it is scaled: one of the source, or the weighted sum of its first three.
INLINE void read_channel(const struct mr_sample *p, const struct lines *lines, const struct column *columns, i32 from, f32 *values, u64 n) {
    const i32 first = from < 0 ? 0 : from, count = from < 0 ? 3 : 1;
    for (i32 i = 0; i < count; i++) {
        f32 source[CHUNK];
        const i64 offset = (first + i) * p->src_strides[3];
        read_row(p->src_dtype, p->bilinear, lines->step, lines->upper + offset, lines->lower + offset, lines->share, columns, source, n);
        for (u64 k = 0; k < n; k++) {
            if (from >= 0) values[k] = source[k];
            else values[k] = p->weights[i] * source[k] + (i == 0 ? 0 : values[k]);
        }
    }
}

/// All channels are read before any is written, so that they can be swapped in place.
INLINE void blend_pixels(const struct mr_sample *p, const struct lines *lines, const struct column *columns, Target to, u64 n) {
    f32 values[CHANNELS][CHUNK];
    EACH_CHANNEL(p) {
        read_channel(p, lines, columns, p->map[c], values[c], n);
        for (u64 k = 0; k < n; k++) values[c][k] = values[c][k] * p->scale[c] + p->bias[c];
    }
    EACH_CHANNEL(p) write_row(p->dst_dtype, to + (i64)c * p->dst_strides[3], p->dst_strides[2], values[c], n);
}

INLINE void move_pixels(const struct mr_sample *p, Origin line, const struct column *columns, Target to, u64 n) {
    u64 held[CHANNELS][CHUNK];
    EACH_CHANNEL(p) read_bits(p->element, line + p->map[c] * p->src_strides[3], columns, held[c], n);
    EACH_CHANNEL(p) write_bits(p->element, to + (i64)c * p->dst_strides[3], p->dst_strides[2], held[c], n);
}

/// `n` pixels of the part's row `row`, from its column `column` on.
INLINE void inner_row(const struct mr_sample *p, const struct region *r, Target to, u64 row, u64 column, u64 n) {
    struct lines lines = lines_of(p, r, row);
    struct tap tap = tap_at(column, r->width, r->inner_width, p->bilinear);
    if (!p->bilinear && tap.step_rest == 0) lines.step = tap.step_whole * p->src_strides[2];
    for (u64 at = 0; at < n; at += CHUNK) {
        struct column columns[CHUNK];
        const u64 some = least(n - at, CHUNK);
        Target part = to + (i64)at * p->dst_strides[2];
        if (lines.step == 0 || p->exact || at == 0) columns_from(&tap, p->bilinear, p->src_strides[2], columns, some);
        else columns[0].low += (i64)CHUNK * lines.step;
        if (p->exact) move_pixels(p, lines.upper, columns, part, some);
        else blend_pixels(p, &lines, columns, part, some);
    }
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
