//! A shared library with one function that does nothing: what `dlopen` itself costs.
export fn nothing() void {}
