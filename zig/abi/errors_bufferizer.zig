//! Rows of the error table about bufferizers: 190 to 199.
const errors = @import("errors.zig");
const row = errors.row;

pub const rows = [_]errors.Error{
    row(190, "buffer_full", .capacity, true, "The buffer has no room for what is appended.", "Flush or take it, append less at once, or choose another fullPolicy; appendAsync waits where the policy does."),
    row(191, "buffer_busy", .capacity, true, "The buffer's memory is with its consumer.", "Close the batch that was taken, wait for the hook's promise, or use fullPolicy \"swap\"."),
    row(192, "buffer_empty", .state, true, "The buffer has no elements.", "Append first, or look at length."),
};
