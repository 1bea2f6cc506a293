// Another process of the same user: connects to a wake socket, and tells when it is let go.
await Bun.connect({
  unix: `\0${process.argv[2]}`,
  socket: {
    open: () => void process.stdout.write("connected"),
    data: () => void process.stdout.write("was given a byte"),
    close: () => void process.stdout.write("turned away"),
  },
});

export {};
