"""Where the results go: checked before anything is read, so that nothing is lost for them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, same_file

PICTURES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
"""What the annotated picture may be."""


class Targets:
    """The CSV, its description and the picture."""

    def __init__(self, readings: Path, picture: Path | None = None) -> None:
        """FerdeskError for names that can never be right."""
        self.readings = readings
        self.picture = picture
        special = readings.exists() and not readings.is_file()
        self.description = None if special else readings.with_suffix(".json")
        """None for a device or pipe, beside which nothing can lie."""
        if same_file(readings, readings.with_suffix(".json")):
            raise FerdeskError(
                f"--out names the CSV file, and '{readings.name}' is kept for the description "
                "beside it; end the name in .csv."
            )
        if picture is not None and picture.suffix.lower() not in PICTURES:
            raise FerdeskError(
                f"'{picture}' is no picture that can be written; end its name in "
                f"{', '.join(PICTURES[:-1])} or {PICTURES[-1]}."
            )
        for option, path in self._named():
            if path.is_dir():
                raise FerdeskError(
                    f"{option} '{path}' is a folder; name a file, for example "
                    f"'{path / ('readings.csv' if option == '--out' else 'annotated.png')}'."
                )
            others = [other for name, other in self._named() if name != option]
            if any(same_file(path, other) for other in others):
                raise FerdeskError(f"--out and --picture are one file: '{path}'; name two.")

    def spare(self, files: Iterable[Path], what: str) -> None:
        """FerdeskError when a result would take the place of one of the `files`, by any name."""
        for file in files:
            for option, path in self._named():
                if same_file(path, file):
                    raise FerdeskError(
                        f"{option} '{path}' is {what}, which would be overwritten; "
                        "choose another name."
                    )

    def prepare(self, overwrite: bool) -> None:
        """Make the folders. FerdeskError for results that are there already, unless they are to be
        overwritten, and for folders that cannot be written."""
        for _, path in self._named():
            if path.is_file() and not overwrite:
                raise FerdeskError(
                    f"'{path}' exists already; add --overwrite to replace it, or choose another "
                    "name."
                )
        for _, path in self._named():
            make_folder(path.parent)
            if not os.access(path.parent, os.W_OK):
                raise FerdeskError(
                    f"The folder '{path.parent}' may not be written; allow it or choose another "
                    "one."
                )

    def incomplete(self) -> tuple[Path, Path]:
        """Names for readings that were cut off and their description; nothing has them yet."""
        number = 1
        while True:
            ending = ".incomplete" if number == 1 else f".incomplete-{number}"
            readings = self.readings.with_name(
                f"{self.readings.stem}{ending}{self.readings.suffix}"
            )
            description = readings.with_suffix(".json")
            if not readings.exists() and not description.exists():
                return readings, description
            number += 1

    def _named(self) -> list[tuple[str, Path]]:
        """Option and file."""
        named = [("--out", self.readings)]
        if self.description is not None:
            named.append(("The description of --out", self.description))
        if self.picture is not None:
            named.append(("--picture", self.picture))
        return named
