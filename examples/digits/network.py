"""The network of the digits example in NumPy: 3x3 convolutions, ReLU, 2x2 max pooling, one dense layer; and its ONNX graph.

Arrays are float32, images [N, channels, rows, columns] as in ONNX. Each layer keeps what its backward pass needs.
"""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper


class Conv:
    """3x3 convolution, padding 1. Kernels [out, in, 3, 3], bias [out]; He initialisation."""

    def __init__(self, rng, channels_in, channels_out):
        scale = np.sqrt(2 / (9 * channels_in))
        kernels = rng.standard_normal((channels_out, channels_in, 3, 3)) * scale
        self.params = [kernels.astype(np.float32), np.zeros(channels_out, np.float32)]

    def forward(self, x, training):
        kernels, bias = self.params
        n, channels, rows, columns = x.shape
        self.shape = x.shape
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        self.patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * rows * columns, channels * 9)
        y = self.patches @ kernels.reshape(len(bias), -1).T + bias
        return y.reshape(n, rows, columns, len(bias)).transpose(0, 3, 1, 2)

    def backward(self, dy):
        kernels, bias = self.params
        n, channels, rows, columns = self.shape
        flat = dy.transpose(0, 2, 3, 1).reshape(-1, len(bias))
        self.grads = [(flat.T @ self.patches).reshape(kernels.shape), flat.sum(0)]
        patches = (flat @ kernels.reshape(len(bias), -1)).reshape(n, rows, columns, channels, 3, 3)
        dx = np.zeros((n, channels, rows + 2, columns + 2), np.float32)
        for i in range(3):
            for j in range(3):
                dx[:, :, i:i + rows, j:j + columns] += patches[..., i, j].transpose(0, 3, 1, 2)
        return dx[:, :, 1:-1, 1:-1]

    def node(self, x, y, weights):
        return helper.make_node("Conv", [x, *weights], [y], kernel_shape=[3, 3], pads=[1, 1, 1, 1])


class Relu:
    params = ()

    def forward(self, x, training):
        self.positive = x > 0
        return x * self.positive

    def backward(self, dy):
        return dy * self.positive

    def node(self, x, y, weights):
        return helper.make_node("Relu", [x], [y])


class MaxPool:
    """2x2, stride 2. Of equal maxima in a square each gets the gradient's share."""

    params = ()

    def forward(self, x, training):
        n, channels, rows, columns = x.shape
        squares = x.reshape(n, channels, rows // 2, 2, columns // 2, 2)
        y = squares.max(axis=(3, 5), keepdims=True)
        chosen = (squares == y).astype(np.float32)
        self.share = chosen / chosen.sum(axis=(3, 5), keepdims=True)
        self.shape = x.shape
        return y[:, :, :, 0, :, 0]

    def backward(self, dy):
        return (dy[:, :, :, None, :, None] * self.share).reshape(self.shape)

    def node(self, x, y, weights):
        return helper.make_node("MaxPool", [x], [y], kernel_shape=[2, 2], strides=[2, 2])


class Flatten:
    params = ()

    def forward(self, x, training):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy):
        return dy.reshape(self.shape)

    def node(self, x, y, weights):
        return helper.make_node("Flatten", [x], [y], axis=1)


class Dropout:
    """Only while training; leaves no trace in the ONNX graph."""

    params = ()

    def __init__(self, rng, rate):
        self.rng, self.rate = rng, rate

    def forward(self, x, training):
        if training:
            self.kept = (self.rng.random(x.shape) >= self.rate).astype(np.float32) / np.float32(1 - self.rate)
            return x * self.kept
        return x

    def backward(self, dy):
        return dy * self.kept

    def node(self, x, y, weights):
        return None


class Dense:
    def __init__(self, rng, features_in, features_out):
        weights = rng.standard_normal((features_in, features_out)) * np.sqrt(1 / features_in)
        self.params = [weights.astype(np.float32), np.zeros(features_out, np.float32)]

    def forward(self, x, training):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dy):
        self.grads = [self.x.T @ dy, dy.sum(0)]
        return dy @ self.params[0].T

    def node(self, x, y, weights):
        return helper.make_node("Gemm", [x, *weights], [y])


class Network:
    """8x8 images with values 0..1 to ten logits."""

    def __init__(self, rng):
        self.layers = [Conv(rng, 1, 16), Relu(), Conv(rng, 16, 32), Relu(), MaxPool(), Conv(rng, 32, 32), Relu(), MaxPool(),
                       Flatten(), Dropout(rng, 0.3), Dense(rng, 128, 10)]

    def forward(self, x, training=False):
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, dlogits):
        for layer in reversed(self.layers):
            dlogits = layer.backward(dlogits)

    def parameters(self):
        return [p for layer in self.layers for p in layer.params]

    def gradients(self):
        return [g for layer in self.layers if len(layer.params) for g in layer.grads]

    def to_onnx(self):
        """The serialised model: `image` float32 [batch,1,8,8] to `logits` float32 [batch,10]; opset 17, IR version 8."""
        nodes, initializers, value = [], [], "image"
        for index, layer in enumerate(self.layers):
            output = "logits" if layer is self.layers[-1] else f"layer{index}"
            weights = [f"layer{index}.{part}" for part in ("weight", "bias")[: len(layer.params)]]
            made = layer.node(value, output, weights)
            if made is None:
                continue
            nodes.append(made)
            initializers += [numpy_helper.from_array(p, name) for p, name in zip(layer.params, weights, strict=True)]
            value = output
        graph = helper.make_graph(
            nodes, "digits",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])], initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                                  producer_name="millrace-examples-digits")
        checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)
