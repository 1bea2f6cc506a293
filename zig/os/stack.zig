/// Stack of a thread that does little. The C library takes the program's thread-local storage (256 KiB in debug builds)
/// out of it and refuses the thread when it does not fit; what is not touched costs nothing.
pub const small = 1 << 20;
