"""The accuracy of the committed digits.onnx on the committed heldout.bin, by Python's onnxruntime: what the demo should print.

It reads the file by the layout in README.md and not through train.py, so that a mistake in the writer shows here.
"""

from pathlib import Path

import numpy as np
import onnxruntime as ort

HERE = Path(__file__).resolve().parent

data = (HERE / "heldout.bin").read_bytes()
assert data[:8] == b"MRDIGIT1", f"heldout.bin begins with {data[:8]!r}, expected b'MRDIGIT1'"
count, rows, columns, largest = np.frombuffer(data, "<u4", 4, offset=8).tolist()
size = 24 + count * (rows * columns + 1)
assert len(data) == size, f"heldout.bin has {len(data)} bytes, its header says {size}"
pixels = np.frombuffer(data, np.uint8, count * rows * columns, offset=24).reshape(count, 1, rows, columns)
labels = np.frombuffer(data, np.uint8, count, offset=24 + pixels.size)
image = pixels.astype(np.float32) / largest

session = ort.InferenceSession(HERE / "digits.onnx", providers=["CPUExecutionProvider"])
together = session.run(["logits"], {"image": image})[0].argmax(1)
alone = np.array([session.run(["logits"], {"image": one[None]})[0].argmax() for one in image])
assert (together == alone).all(), "an image alone and the same image in a batch get different answers"

confusion = np.zeros((10, 10), int)
np.add.at(confusion, (labels, together), 1)
right = int(confusion.trace())
print("rows: the digit, columns: the prediction", *("".join(f"{cell:4d}" for cell in row) for row in confusion), sep="\n")
print(f"{right} of {count} right, accuracy: {100 * right / count:.1f} %")
