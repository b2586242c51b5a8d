"""From trained weights to the files the package ships: `python -m training.export --weights DIR --out DIR`.

The graph is built operator by operator; no torch is needed. Block matrices become `MatMulNBits` with
4-bit (or 8-bit) blocks, computed with 8-bit integer activations; attention is one
`GroupQueryAttention` per layer, which rotates queries and keys, appends to the cache in place and
takes a length per row, so that a batch may hold sequences of any lengths. The tied embedding is stored once,
in 8-bit blocks, and serves both the look-up and the output projection.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.checkpoint import load
from training.shape import BLOCK, Shape, quantise

ACCURACY_INT8 = 4
"""`accuracy_level` of MatMulNBits at which activations are quantised to 8 bits per block."""
MICROSOFT = "com.microsoft"


class Graph:
    """Collects the nodes and initialisers of the model's graph.

    Args:
        shape: The model's dimensions.
        weights: Float32 weights by name, matrices stacked over layers.
        bits: Bits of the block matrices: 4, 8, or 32 for plain float matrices.
    """

    def __init__(self, shape: Shape, weights: dict[str, NDArray[np.float32]], bits: int) -> None:
        self.shape, self.weights, self.bits = shape, weights, bits
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add an initialiser and return its name."""
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(
        self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any
    ) -> str:
        """Add a node and return its first output."""
        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def blocks(self, name: str, weight: NDArray[np.float32], bits: int) -> tuple[str, str]:
        """Add a quantised matrix; return the names of its integers and its scales."""
        integers, scale = quantise(weight, bits)
        if bits == 4:
            # Two values share a byte, the first in the low half.
            integers = (integers[..., 0::2] | (integers[..., 1::2] << 4)).astype(np.uint8)
        return self.constant(f"{name}.blocks", integers), self.constant(f"{name}.scale", scale)

    def product(self, x: str, name: str, weight: NDArray[np.float32], bits: int) -> str:
        """Add x @ weight.T for a weight [outputs, inputs]; return the result's name."""
        outputs, inputs = weight.shape
        if bits == 32:
            return self.node("MatMul", [x, self.constant(f"{name}.weight", weight.T)], [f"{name}.y"])
        return self._product(x, name, *self.blocks(name, weight, bits), outputs, inputs, bits)

    def _product(
        self, x: str, name: str, blocks: str, scale: str, outputs: int, inputs: int, bits: int
    ) -> str:
        return self.node(
            "MatMulNBits", [x, blocks, scale], [f"{name}.y"], MICROSOFT,
            N=outputs, K=inputs, bits=bits, block_size=BLOCK, accuracy_level=ACCURACY_INT8,
        )  # fmt: skip

    def build(self) -> onnx.ModelProto:
        """Return the whole model.

        Inputs: `tokens` int64 [b, t], `last` int32 [b] (index of each row's last token), `total` int32
        scalar (longest row, in tokens), and per layer `key.i` and `value.i` float32
        [b, kv_heads, capacity, head size]. Outputs: `logits` float32 [b, t, vocabulary], and the
        caches, which must be bound to the same memory as the inputs.
        """
        shape, weights = self.shape, self.weights
        self._declare("tokens", TensorProto.INT64, ["b", "t"])
        self._declare("last", TensorProto.INT32, ["b"])
        self._declare("total", TensorProto.INT32, [])
        half = shape.head_size // 2
        angles = np.outer(np.arange(shape.context), shape.theta ** (-np.arange(half) / half))
        self.constant("cos", np.cos(angles).astype(np.float32))
        self.constant("sin", np.sin(angles).astype(np.float32))
        x, table = self._embedding()
        y = self.node(
            "SimplifiedLayerNormalization", [x, self.constant("norm.0", weights["norm_attention"][0])], ["y.0"],
            epsilon=shape.epsilon, axis=-1,
        )  # fmt: skip
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", "t", shape.vocabulary])]
        for layer in range(shape.layers):
            mixed = self._attention(y, layer, outputs)
            x, y = self._add_norm(x, mixed, f"mlp.{layer}", weights["norm_mlp"][layer])
            gate = self.product(y, f"gate.{layer}", weights["wg"][layer], self.bits)
            gate = self.node("QuickGelu", [gate], [f"silu.{layer}"], MICROSOFT, alpha=1.0)
            up = self.product(y, f"up.{layer}", weights["wu"][layer], self.bits)
            inner = self.node("Mul", [gate, up], [f"gated.{layer}"])
            down = self.product(inner, f"down.{layer}", weights["wd"][layer], self.bits)
            final = layer + 1 == shape.layers
            following = weights["norm_final"] if final else weights["norm_attention"][layer + 1]
            x, y = self._add_norm(x, down, f"block.{layer}", following)
        if self.bits == 32:
            self.node("MatMul", [y, self.constant("head", weights["embedding"].T)], ["logits"])
        else:
            self._product(y, "logits", *table, shape.vocabulary, shape.width, 8)
            self.nodes[-1].output[0] = "logits"
        graph = helper.make_graph(self.nodes, "embedded", self.inputs, outputs, self.initialisers)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="agot")

    def _declare(self, name: str, kind: int, dimensions: list[int | str]) -> None:
        self.inputs.append(helper.make_tensor_value_info(name, kind, dimensions))

    def _embedding(self) -> tuple[str, tuple[str, str]]:
        """Add the look-up; return its result and the names of the quantised table."""
        shape, weight = self.shape, self.weights["embedding"]
        if self.bits == 32:
            return self.node("Gather", [self.constant("embedding", weight), "tokens"], ["x.0"]), ("", "")
        table = self.blocks("embedding", weight, 8)
        whole = self.node(
            "Cast", [self.node("Gather", [table[0], "tokens"], ["e.0"])], ["e.1"], to=TensorProto.FLOAT
        )
        centred = self.node("Sub", [whole, self.constant("middle", np.array(128, np.float32))], ["e.2"])
        scale = self.node("Gather", [table[1], "tokens"], ["e.3"])
        scale = self.node("Unsqueeze", [scale, self.constant("axis", np.array([-1], np.int64))], ["e.4"])
        values = self.node("Mul", [centred, scale], ["e.5"])
        flat = self.constant("flat", np.array([0, 0, shape.width], np.int64))
        return self.node("Reshape", [values, flat], ["x.0"]), table

    def _attention(self, y: str, layer: int, outputs: list[onnx.ValueInfoProto]) -> str:
        shape, weights = self.shape, self.weights
        joined = np.concatenate([weights[name][layer] for name in ("wq", "wk", "wv")])
        mixed = self.product(y, f"qkv.{layer}", joined, self.bits)
        cache: list[int | str] = ["b", shape.kv_heads, "capacity", shape.head_size]
        for kind in ("key", "value"):
            self._declare(f"{kind}.{layer}", TensorProto.FLOAT, cache)
            outputs.append(helper.make_tensor_value_info(f"new_{kind}.{layer}", TensorProto.FLOAT, cache))
        mixed = self.node(
            "GroupQueryAttention",
            [mixed, "", "", f"key.{layer}", f"value.{layer}", "last", "total", "cos", "sin"],
            [f"attention.{layer}", f"new_key.{layer}", f"new_value.{layer}"], MICROSOFT,
            num_heads=shape.heads, kv_num_heads=shape.kv_heads, do_rotary=1, rotary_interleaved=0,
        )  # fmt: skip
        return self.product(mixed, f"out.{layer}", weights["wo"][layer], self.bits)

    def _add_norm(self, x: str, change: str, name: str, weight: NDArray[np.float32]) -> tuple[str, str]:
        """Add `change` to the residual stream; return the stream and its norm."""
        outputs = [f"{name}.norm", "", "", f"{name}.stream"]
        scale = self.constant(f"{name}.scale_norm", weight)
        self.node(
            "SkipSimplifiedLayerNormalization",
            [x, change, scale],
            outputs,
            MICROSOFT,
            epsilon=self.shape.epsilon,
        )
        return outputs[3], outputs[0]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def export(weights: Path, vocabulary: Path, out: Path, bits: int) -> dict[str, Any]:
    """Write model.onnx, vocab.json and card.json; return the card."""
    shape, values, record = load(weights)
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(Graph(shape, values, bits).build(), str(out / "model.onnx"))
    if vocabulary.resolve() != (out / "vocab.json").resolve():
        shutil.copyfile(vocabulary, out / "vocab.json")
    card = {
        "name": "embedded/pico", "shape": shape.to_dict(), "parameters": shape.parameters, "bits": bits,
        "block": BLOCK, "training": {key: record[key] for key in ("seed", "steps", "tokens", "seconds", "device")},
        "sha256": {name: digest(out / name) for name in ("model.onnx", "vocab.json")},
    }  # fmt: skip
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Export a trained model for the runtime.")
    parser.add_argument("--weights", type=Path, required=True, help="directory written by training.train")
    parser.add_argument("--vocabulary", type=Path, default=Path("training/vocab.json"))
    parser.add_argument("--out", type=Path, default=Path("agot/models/embedded/weights"))
    parser.add_argument("--bits", type=int, choices=(4, 8, 32), default=4)
    options = parser.parse_args()
    card = export(options.weights, options.vocabulary, options.out, options.bits)
    size = (options.out / "model.onnx").stat().st_size
    print(f"{card['parameters'] / 1e6:.1f}M parameters, model.onnx {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
