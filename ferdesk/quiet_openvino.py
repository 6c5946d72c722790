"""OpenVINO without its telemetry package, and how we let it compile.

Importing openvino loads `openvino_telemetry`, which reports to Google Analytics unless told not to.
OpenVINO has a stub for when that package is absent; so it is made to look absent.
"""

import sys
from typing import Any

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402

__all__ = ["cpu_settings", "ov"]


def cpu_settings(threads: int, streams: int, precision: str) -> dict[str, Any]:
    """For a model on the CPU: `streams` requests at once share the threads; `precision` ("f32",
    "bf16", "f16") is that of the multiplications."""
    return {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": precision,
        # Pinned threads wake up later beside MediaPipe's.
        "ENABLE_CPU_PINNING": False,
    }
