// All kernels: compiled to PTX for GPUs, and to a host's code for arrays in its memory and for the simulated GPU.
#include "arithmetic.c"
#include "cast.c"
#include "copy.c"
#include "fill.c"
#include "sample.c"
