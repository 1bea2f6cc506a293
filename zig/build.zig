const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.option(std.builtin.OptimizeMode, "optimize", "Debug turns all safety checks on") orelse .ReleaseFast;
    const ptx = kernelsForGpus(b);
    const root = module(b, "abi.zig", target, optimize);
    addKernels(b, root, ptx);

    const library = b.addLibrary(.{ .name = "millrace", .linkage = .dynamic, .root_module = root, .use_llvm = llvm(optimize) });
    b.installArtifact(library);

    // The simulated device driver: a library of its own, so that what uses it goes through the same door as to a real one.
    const simulator = b.addLibrary(.{ .name = "millrace-sim-poplar", .linkage = .dynamic, .root_module = module(b, "sim_poplar.zig", target, optimize), .use_llvm = llvm(optimize) });
    b.installArtifact(simulator);

    const simulated = module(b, "sim_cuda.zig", target, optimize);
    addKernels(b, simulated, ptx);
    const simulated_cuda = b.addLibrary(.{ .name = "millrace-sim-cuda", .linkage = .dynamic, .root_module = simulated, .use_llvm = llvm(optimize) });
    b.installArtifact(simulated_cuda);

    // A program, since it is also for machines that have a GPU and nothing to build with.
    const compared = module(b, "cuda_conformance.zig", target, optimize);
    addKernels(b, compared, ptx);
    const conformance = b.addExecutable(.{ .name = "cuda-conformance", .linkage = .dynamic, .root_module = compared, .use_llvm = llvm(optimize) });
    b.installArtifact(conformance);
    const conform = b.addRunArtifact(conformance);
    if (b.option([]const u8, "driver", "The CUDA driver that test-cuda is about (the simulated one)")) |path| conform.addArg(path) else conform.addFileArg(simulated_cuda.getEmittedBin());
    conform.has_side_effects = true;
    b.step("test-cuda", "Compare a CUDA driver with what is relied on").dependOn(&conform.step);

    const generator = b.addExecutable(.{
        .name = "generate",
        .root_module = b.createModule(.{ .root_source_file = b.path("abi/generate.zig"), .target = b.graph.host, .optimize = .Debug }),
    });
    const reflected = module(b, "abi.zig", b.graph.host, .Debug);
    addKernels(b, reflected, ptx);
    generator.root_module.addImport("abi", reflected);
    const generate = b.step("generate", "Build the generator of bindings and error reference");
    generate.dependOn(&b.addInstallArtifact(generator, .{}).step);

    const tested = module(b, "test.zig", target, .Debug);
    addKernels(b, tested, ptx);
    const tests = b.addTest(.{ .root_module = tested, .use_llvm = true });
    const run_tests = b.addRunArtifact(tests);
    const native_tests = b.step("test", "Run the native tests");
    native_tests.dependOn(&run_tests.step);
    native_tests.dependOn(&b.addRunArtifact(definedKernels(b, target)).step);

    const schedules = b.addTest(.{ .root_module = module(b, "schedules.zig", target, .ReleaseFast), .use_llvm = true });
    b.step("test-schedules", "Run the ring under every schedule of three operations a side").dependOn(&b.addRunArtifact(schedules).step);

    // Zig's own backend ignores the sanitizer.
    const watched = module(b, "threads.zig", target, .Debug);
    watched.sanitize_thread = true;
    addKernels(b, watched, ptx);
    const threads = b.addTest(.{ .name = "threads", .root_module = watched, .use_llvm = true });
    const run_threads = b.addRunArtifact(threads);
    const racing = module(b, "ring/racy.zig", target, .Debug);
    racing.sanitize_thread = true;
    const race = b.addRunArtifact(b.addExecutable(.{ .name = "racy", .root_module = racing, .use_llvm = true }));
    // What the sanitizer exits with when it has reported.
    race.setEnvironmentVariable("TSAN_OPTIONS", "exitcode=66");
    race.expectExitCode(66);
    race.addCheck(.{ .expect_stderr_match = "WARNING: ThreadSanitizer: data race" });
    const tsan = b.step("test-tsan", "Run the native tests under ThreadSanitizer, and a race that it must report");
    tsan.dependOn(&run_threads.step);
    tsan.dependOn(&race.step);
}

/// Debug builds are left to the compiler's own backend where it has one: a fifth of the time.
fn llvm(optimize: std.builtin.OptimizeMode) ?bool {
    return if (optimize == .Debug) null else true;
}

fn module(b: *std.Build, path: []const u8, target: std.Build.ResolvedTarget, optimize: std.builtin.OptimizeMode) *std.Build.Module {
    return b.createModule(.{
        .root_source_file = b.path(path),
        .target = target,
        .optimize = optimize,
        .link_libc = true,
        .strip = optimize != .Debug,
    });
}

const kernel_headers = [_][]const u8{ "element.h", "floats.h", "params.h", "pixel.h", "platform.h", "region.h", "tap.h", "walk.h" };
const kernel_sources = [_][]const u8{ "arithmetic.c", "cast.c", "copy.c", "fill.c", "sample.c" };
/// Each operation is rounded as it is written, so that a GPU and a host give the same bits.
const kernel_flags = [_][]const u8{ "-std=c11", "-Wall", "-Werror", "-ffp-contract=off", "-fno-strict-aliasing", "-Wno-unused-command-line-argument", "-Wno-unused-function" };

/// The kernels as PTX of an old version, which drivers of the last years all take.
fn kernelsForGpus(b: *std.Build) std.Build.LazyPath {
    const compile = b.addSystemCommand(&.{ b.graph.zig_exe, "cc", "-target", "nvptx64-cuda", "-mcpu=sm_75", "-S", "-g0", "-O3" });
    compile.addArgs(&kernel_flags);
    // A GPU's thread has one element, and no use for strides along a row.
    compile.addArg("-Wno-unused-variable");
    compile.addFileArg(b.path("kernels/kernels.c"));
    for (kernel_headers ++ kernel_sources) |name| compile.addFileInput(b.path(b.fmt("kernels/{s}", .{name})));
    compile.addArg("-o");
    return compile.addOutputFileArg("kernels.ptx");
}

/// The kernels' host build, and their PTX as `kernels.ptx`.
fn addKernels(b: *std.Build, into: *std.Build.Module, ptx: std.Build.LazyPath) void {
    // The sanitizer's checks in loops this small take the compiler minutes.
    const level = if (into.optimize == .Debug) "-O1" else "-O3";
    into.addCSourceFile(.{ .file = b.path("kernels/kernels.c"), .flags = &(kernel_flags ++ [_][]const u8{ "-fvisibility=hidden", "-fno-sanitize=undefined", level }) });
    into.addAnonymousImport("kernels.ptx", .{ .root_source_file = ptx });
}

/// The kernels with a check of everything that C leaves undefined.
fn definedKernels(b: *std.Build, target: std.Build.ResolvedTarget) *std.Build.Step.Compile {
    const checked = b.createModule(.{ .target = target, .optimize = .Debug, .link_libc = true, .sanitize_c = .full });
    checked.addCSourceFile(.{ .file = b.path("kernels/undefined.c"), .flags = &(kernel_flags ++ [_][]const u8{"-fsanitize=float-cast-overflow"}) });
    return b.addExecutable(.{ .name = "defined-kernels", .root_module = checked });
}
