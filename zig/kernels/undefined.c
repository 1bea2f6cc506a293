// Every kernel over every type and the worst values, for a compiler that checks that nothing undefined happens: part of
// `zig build test`. What comes out is checked elsewhere.
#include "kernels.c"

enum { WORDS = 4096, COUNT = 300 };

static u64 a[WORDS], b[WORDS], out[WORDS];
static const u32 types[] = {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20};
static const u32 sizes[] = {4, 1, 1, 2, 2, 4, 8, 1, 2, 8, 4, 8, 2, 1, 1, 1, 1};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

static u32 state = 1;

static u64 random_bits(void) {
    u64 bits = 0;
    for (u32 i = 0; i < 4; i++) {
        state = state * 1664525u + 1013904223u;
        bits = bits << 16 | state >> 16;
    }
    return bits;
}

static struct mr_operand row(const u64 *words, u32 stride) {
    return (struct mr_operand){(u64)words, {stride}};
}

static void cast_all(void) {
    for (u32 from = 0; from < TYPES; from++)
        for (u32 to = 0; to < TYPES; to++)
            for (u32 gap = 1; gap < 3; gap++) {
                struct mr_elementwise p = {.count = COUNT, .shape = {COUNT}, .ndim = 1, .dtype = types[to], .a_dtype = types[from]};
                p.dst = row(out, gap * sizes[to]);
                p.a = row(a, gap * sizes[from]);
                mr_cast(&p, 0, COUNT);
            }
}

static void compute_all(f64 x, f64 y) {
    for (u32 type = 0; type < TYPES; type++) {
        if (types[type] == BOOL_TYPE || types[type] > BFLOAT16_TYPE) continue;
        for (u32 op = ADD; op <= SCALE; op++)
            for (u32 second = op == SCALE ? SECOND_REAL : SECOND_OPERAND; second <= SECOND_REAL; second++) {
                struct mr_elementwise p = {.count = COUNT, .shape = {COUNT}, .ndim = 1, .dtype = types[type]};
                p.op = op, p.second = second, p.x = x, p.y = y, p.bits = b[3];
                p.dst = row(out, sizes[type]), p.a = row(a, sizes[type]), p.b = row(b, sizes[type]);
                mr_arithmetic(&p, 0, COUNT);
            }
    }
}

static void sample_all(const i32 *boxes) {
    for (u32 from = 0; from < TYPES; from++)
        for (u32 to = 0; to < TYPES; to++)
            for (u32 mode = 0; mode < 8; mode++) {
                struct mr_sample p = {.images = 4, .height = 7, .width = 9, .src_images = 4, .src_height = 5, .src_width = 5,
                                      .channels = 3, .src_channels = 3, .map = {2, -1, 0}, .weights = {.3f, .5f, .2f},
                                      .scale = {1, 2, 3}, .bias = {0, 1, 2}, .padding = 3};
                p.dst = (u64)out, p.src = (u64)a, p.dst_dtype = types[to], p.src_dtype = types[from];
                for (u32 axis = 0; axis < 4; axis++) {
                    p.dst_strides[axis] = sizes[to] * (i64[]){7 * 9 * 3, 9 * 3, 3, 1}[axis];
                    p.src_strides[axis] = sizes[from] * (i64[]){0, 5 * 3, 3, 1}[axis];
                }
                p.bilinear = mode & 1, p.letterbox = mode >> 1 & 1;
                if (mode & 4) p.boxes = (u64)boxes, p.box_strides[0] = 16, p.box_strides[1] = 4;
                mr_sample(&p, 0, 4 * 7 * 9);
            }
}

int main(void) {
    const i32 lowest = -2147483647 - 1, highest = 2147483647;
    const i32 boxes[16] = {0, 0, 5, 5, -1, 2, 3, 4, 2, 2, 3, 3, lowest, 0, highest, 1};
    for (u32 round = 0; round < 12; round++) {
        for (u32 i = 0; i < WORDS; i++) {
            a[i] = round == 0 ? ~0ULL : round == 1 ? 1ULL << 63 : random_bits();
            b[i] = round == 1 ? ~0ULL : round == 2 ? 0 : random_bits();
        }
        cast_all();
        compute_all(-0.3, 3);
        compute_all(1e300, -1e300);
        sample_all(boxes);
    }
    return 0;
}
