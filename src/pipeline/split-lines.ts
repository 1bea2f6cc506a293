/** A line longer than this is handed on in parts, so that an operator without line ends cannot fill the memory. */
const longestLine = 65_536;

/** The lines of a UTF-8 byte stream, without their ends; the last one also when it has none. */
export async function* splitLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop()!;
    for (const part of parts) yield part.replace(/\r$/, "");
    if (rest.length > longestLine) {
      yield rest;
      rest = "";
    }
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
