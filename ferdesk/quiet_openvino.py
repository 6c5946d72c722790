"""OpenVINO without its telemetry package.

Importing openvino loads `openvino_telemetry`, which reports to Google Analytics unless told not to.
OpenVINO has a stub for when that package is absent; so it is made to look absent.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402

__all__ = ["ov"]
