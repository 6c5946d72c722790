"""ferdesk: live facial-expression reading that says how far it can be trusted.

As a library (docs/library.md): ``from ferdesk import Reader, Reading, Session``. Importing ferdesk
loads nothing else; each of these names is loaded when it is first used.
"""

import importlib

__version__ = "0.1.0"

_MODULES = {
    "Baseline": "ferdesk.pipeline.baseline",
    "BLENDSHAPES": "ferdesk.vision.blendshapes",
    "EXPRESSIONS": "ferdesk.model.labels",
    "FaceReading": "ferdesk.pipeline.types",
    "FerdeskError": "ferdesk.errors",
    "Reader": "ferdesk.reader",
    "Reading": "ferdesk.pipeline.types",
    "Session": "ferdesk.session.session",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'ferdesk' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
