"""The submenus in which one of several values is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QMenu

from ferdesk.ui.background import Jobs
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.settings import Settings, choices_of
from ferdesk.ui.window.menus import ChoiceMenu

if TYPE_CHECKING:
    from ferdesk.model.devices import DeviceInfo

_MENUS = {
    "Smoothing": "smoothing_seconds",
    "Faces": "max_faces",
    "Device": "device",
    "Colour scheme": "theme",
}


class OptionMenus:
    """Shows settings as submenus; what cannot be chosen says why."""

    def __init__(
        self,
        menus: dict[str, QMenu],
        store: SettingsStore,
        jobs: Jobs,
        warn: Callable[[str], None],
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._warn = warn
        self._choices: dict[str, ChoiceMenu] = {}
        for title, setting in _MENUS.items():
            menu = ChoiceMenu(menus[title], self._setter(setting))
            entries = [(value, text, "") for value, text in choices_of(setting).items()]
            menu.fill(entries, getattr(store.value, setting))
            self._choices[setting] = menu
        self._asked = False
        menus["Device"].aboutToShow.connect(self._ask_devices)

    def _setter(self, setting: str) -> Callable[[Any], None]:
        return lambda value: self._store.update(**{setting: value})

    def show(self, settings: Settings) -> None:
        """Mark what is chosen."""
        for setting, menu in self._choices.items():
            menu.set_current(getattr(settings, setting))

    def _ask_devices(self) -> None:
        """Find out once, when somebody wants to know, which devices there are: it takes torch."""
        if self._asked:
            return
        self._asked = True
        texts = choices_of("device")
        current = self._store.value.device
        wait = "looking for devices …"
        self._choices["device"].fill(
            [(key, text, "" if key in ("auto", current) else wait) for key, text in texts.items()],
            current,
        )
        self._jobs.run(
            _devices, self._show_devices, lambda error: self._warn(str(error)), self._store
        )

    def _show_devices(self, devices: tuple[DeviceInfo, ...]) -> None:
        entries: list[tuple[Any, str, str]] = [("auto", choices_of("device")["auto"], "")]
        entries += [
            (device.key, device.name, "" if device.available else device.reason or "not found")
            for device in devices
        ]
        self._choices["device"].fill(entries, self._store.value.device)


def _devices() -> tuple[DeviceInfo, ...]:
    from ferdesk.model.devices import available_devices

    return available_devices()
