"""Trains digits.onnx and writes heldout.bin. Not needed to run the demo; README.md has the commands.

The same seeds give the same split everywhere, and the same model on the same machine: BLAS is held to one thread, because
with several the order of additions, and so the last bit, may differ.
"""

import struct
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, train_test_split
from threadpoolctl import threadpool_limits

from network import Network

HERE = Path(__file__).resolve().parent
HELD_OUT = 450  # of 1,797; stratified, chosen once by SPLIT_SEED
SPLIT_SEED = 0
TRAIN_SEED = 1
EPOCHS = 60
BATCH = 64
RATE = 3e-3
WEIGHT_DECAY = 1e-3


def load():
    """Images uint8 [1797,8,8] with values 0..16, and their digits uint8 [1797]."""
    digits = load_digits()
    return digits.images.astype(np.uint8), digits.target.astype(np.uint8)


def split(images, labels):
    return train_test_split(images, labels, test_size=HELD_OUT, stratify=labels, random_state=SPLIT_SEED)


def scaled(images):
    return (images.astype(np.float32) / 16)[:, None]


def shifted(rng, x):
    """Each image moved by -1, 0 or 1 columns, the empty column filled with zeros. Digits fill all rows, so none up or down."""
    padded = np.pad(x, ((0, 0), (0, 0), (0, 0), (1, 1)))
    columns = rng.choice([0, 1, 2], size=len(x), p=[0.15, 0.7, 0.15])[:, None] + np.arange(8)
    return padded[np.arange(len(x))[:, None], 0, :, columns].transpose(0, 2, 1)[:, None]


def train(images, labels):
    """Adam with decoupled weight decay, cross-entropy, cosine learning rate."""
    rng = np.random.default_rng(TRAIN_SEED)
    network = Network(rng)
    x, targets = scaled(images), np.eye(10, dtype=np.float32)[labels]
    means = [np.zeros_like(p) for p in network.parameters()]
    squares = [np.zeros_like(p) for p in network.parameters()]
    step, steps = 0, EPOCHS * -(-len(x) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            rows = order[start:start + BATCH]
            logits = network.forward(shifted(rng, x[rows]), training=True)
            exponentials = np.exp(logits - logits.max(1, keepdims=True))
            network.backward((exponentials / exponentials.sum(1, keepdims=True) - targets[rows]) / len(rows))
            step += 1
            rate = RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            for p, g, m, s in zip(network.parameters(), network.gradients(), means, squares, strict=True):
                m += 0.1 * (g - m)
                s += 0.001 * (g * g - s)
                p -= (rate * (m / (1 - 0.9**step) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8) + WEIGHT_DECAY * p)).astype(np.float32)
    return network


def accuracy(network, images, labels):
    return float((network.forward(scaled(images)).argmax(1) == labels).mean())


def pack(images, labels):
    """The layout in README.md: a header of 24 bytes, the pixels, the labels."""
    count, rows, columns = images.shape
    return struct.pack("<8s4I", b"MRDIGIT1", count, rows, columns, 16) + images.tobytes() + labels.tobytes()


def cross_validate(images, labels, folds=4):
    """What the settings above were judged by: the held-out images take no part in it."""
    scores = []
    for fit, judge in StratifiedKFold(folds, shuffle=True, random_state=5).split(images, labels):
        scores.append(accuracy(train(images[fit], labels[fit]), images[judge], labels[judge]))
        print(f"fold {len(scores)} of {folds}: {scores[-1]:.2%}")
    print(f"mean: {np.mean(scores):.2%}")


def main():
    train_images, heldout_images, train_labels, heldout_labels = split(*load())
    if "--cross-validate" in sys.argv[1:]:
        with threadpool_limits(1):
            cross_validate(train_images, train_labels)
        return
    with threadpool_limits(1):
        network = train(train_images, train_labels)
        print(f"training set: {accuracy(network, train_images, train_labels):.2%} of {len(train_labels)}")
        print(f"held out: {accuracy(network, heldout_images, heldout_labels):.2%} of {len(heldout_labels)}")
    (HERE / "digits.onnx").write_bytes(network.to_onnx())
    (HERE / "heldout.bin").write_bytes(pack(heldout_images, heldout_labels))


if __name__ == "__main__":
    main()
