// Which part of which source image becomes which part of an output image.
#ifndef MILLRACE_REGION_H
#define MILLRACE_REGION_H

#include "params.h"

struct region {
    /// Of the part's first pixel.
    Origin source;
    u64 width, height;
    /// Where it goes: the rest of the output image is padding.
    u64 left, top, inner_width, inner_height;
    /// The box or the index names no pixels: all is padding.
    u32 empty;
};

/// Keeps the ratio: scale = min(out / in) of both axes, inner sizes rounded down (one pixel at least), the border's first
/// half rounded down.
INLINE void letterbox(const struct mr_sample *p, struct region *region) {
    const u64 by_width = p->width * region->height, by_height = p->height * region->width;
    if (by_width <= by_height) region->inner_height = divide(by_width, region->width);
    else region->inner_width = divide(by_height, region->height);
    if (region->inner_width == 0) region->inner_width = 1;
    if (region->inner_height == 0) region->inner_height = 1;
    region->left = (p->width - region->inner_width) / 2;
    region->top = (p->height - region->inner_height) / 2;
}

INLINE struct region region_of(const struct mr_sample *p, u64 image) {
    struct region region = {
        .width = p->src_width,
        .height = p->src_height,
        .inner_width = p->width,
        .inner_height = p->height,
    };
    i64 from = (i64)image;
    if (p->indices != 0) from = *(const GLOBAL i32 *)(p->indices + (u64)((i64)image * p->index_stride));
    i64 x = 0, y = 0;
    if (p->boxes != 0) {
        const u64 box = p->boxes + (u64)((i64)image * p->box_strides[0]);
        const u64 next = (u64)p->box_strides[1];
        x = *(const GLOBAL i32 *)box;
        y = *(const GLOBAL i32 *)(box + next);
        const i64 right = *(const GLOBAL i32 *)(box + 2 * next), bottom = *(const GLOBAL i32 *)(box + 3 * next);
        region.empty = x < 0 || y < 0 || x >= right || y >= bottom || right > (i64)p->src_width || bottom > (i64)p->src_height;
        region.width = (u64)(right - x);
        region.height = (u64)(bottom - y);
    }
    // Nothing is read for an index or a box that is wrong, not even its sizes.
    if (from < 0 || from >= (i64)p->src_images) region.empty = 1;
    if (region.empty) return region;
    region.source = (Origin)(p->src + (u64)(from * p->src_strides[0] + y * p->src_strides[1] + x * p->src_strides[2]));
    if (p->letterbox) letterbox(p, &region);
    return region;
}

#endif
