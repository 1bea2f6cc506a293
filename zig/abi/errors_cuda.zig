//! Rows of the error table about CUDA: 160 to 179.
const errors = @import("errors.zig");
const row = errors.row;

pub const rows = [_]errors.Error{
    row(160, "cuda_missing", .not_found, false, "There is no CUDA driver, or no such GPU.", "Install NVIDIA's driver, name its library with MILLRACE_CUDA, or use simulate({ cuda: 1 }) of millrace/testing."),
    row(161, "cuda_error", .device, false, "The CUDA driver refused a call.", "The message carries the driver's words."),
    row(162, "device_lost", .device, true, "The GPU's context failed and cannot be used any more.", "Everything pending has failed. Close the device and do the work again in a new process: this one gets no other context."),
    row(163, "cuda_out_of_memory", .capacity, true, "The GPU's memory is full.", "Close what is not needed, trim the pool, or ask for less."),
    row(164, "pool_limit", .capacity, true, "The pool's limit does not allow so much.", "Close memory of the pool, or raise its limitBytes."),
    row(165, "not_simulated", .device, false, "The simulator does not know this kernel.", "It runs Millrace's own kernels only; others need a GPU."),
    row(166, "not_ready", .state, true, "What the event stands for has not happened yet.", "Synchronize with the event first."),
    row(167, "no_timing", .argument, false, "The event was not recorded, or takes no time.", "Create both events with timing, and record them."),
    row(168, "wrong_device", .argument, false, "Objects of different devices do not work together.", "Use the stream, memory and events of one CudaDevice."),
    row(169, "backlog_full", .capacity, true, "As many commands wait for the device as fit.", "Synchronize now and then."),
    row(170, "cannot_pin", .argument, false, "This memory cannot be page-locked.", "Use allocatePinned, or memory of whole pages."),
    row(171, "not_shareable", .argument, false, "This memory or event cannot be shared between processes.", "Memory: allocate it without a stream or pool. Events: create them with interprocess."),
    row(172, "owner_lost", .not_found, true, "The process that published this GPU tensor has ended, and the tensor with it.", "Start the producer again, and get the tensor anew."),
    row(173, "gpu_tensor", .argument, false, "What is published under this name lies on a GPU.", "Fetch it with CudaDevice.get(job, name)."),
    row(174, "host_tensor", .argument, false, "What is published under this name lies in host memory.", "Fetch it with FastIOContext.get(name)."),

    // Arrays
    row(180, "not_contiguous", .state, false, "The elements do not lie in row-major order without gaps.", "Take toHost(), or the data of a copy()."),
    row(181, "division_by_zero", .argument, false, "An array was to be divided by the number 0.", "Divide by another number; an array's elements may be 0."),
};
