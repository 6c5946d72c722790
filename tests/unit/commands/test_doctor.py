"""The doctor's judgement, and that it survives its patients."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from ferdesk.commands import doctor
from ferdesk.commands.doctor import Check, Report, Section, Status, checks, probes
from ferdesk.errors import FerdeskError

CONTRIB = {"opencv-contrib-python": "5.0.0.93"}


def report(*statuses: Status) -> Report:
    found = tuple(Check(f"check {i}", status, "said") for i, status in enumerate(statuses))
    return Report((Section("Things", found),))


# --- the report ---------------------------------------------------------------------------------


def test_only_a_failure_fails() -> None:
    assert not report(Status.OK, Status.WARN).failed
    assert report(Status.OK, Status.FAIL).failed


def test_text_has_a_line_for_every_check() -> None:
    text = doctor.format_report(report(Status.OK, Status.WARN, Status.FAIL))
    assert [line.split() for line in text.splitlines()[:4]] == [
        ["Things"],
        ["ok", "check", "0", "said"],
        ["warn", "check", "1", "said"],
        ["FAIL", "check", "2", "said"],
    ]
    assert text.endswith("ok: 1, warnings: 1, failures: 1")


@pytest.mark.parametrize(("status", "code"), [(Status.WARN, 0), (Status.FAIL, 1)])
def test_exit_code(
    status: Status,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(doctor, "collect", lambda: report(status))
    assert doctor.main() == code
    assert "Things" in capsys.readouterr().out
    assert doctor.main(json=True) == code
    data = json.loads(capsys.readouterr().out)
    assert data["failed"] is bool(code)
    assert data["sections"][0]["checks"] == [
        {"name": "check 0", "status": str(status), "message": "said"}
    ]


# --- judgements ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "python", "status"),
    [
        ("6.11.3", (3, 11), Status.OK),
        ("6.12.0", (3, 11), Status.FAIL),
        ("6.12.0", (3, 12), Status.OK),
        ("7.0.0", (3, 11), Status.FAIL),
    ],
)
def test_pyside_pin(version: str, python: tuple[int, int], status: Status) -> None:
    assert checks.judge_pyside(version, python).status is status


@pytest.mark.parametrize(
    ("versions", "status"),
    [
        (CONTRIB, Status.OK),
        ({**CONTRIB, "opencv-python": "5.0.0.93"}, Status.WARN),
        ({**CONTRIB, "opencv-python": "4.14.0.94"}, Status.FAIL),
        ({}, Status.FAIL),
    ],
)
def test_cv2_providers(versions: dict[str, str], status: Status) -> None:
    assert checks.judge_cv2_providers(versions).status is status


@pytest.mark.parametrize(
    ("loaded", "status"),
    [("5.0.0", Status.OK), ("5.0.0.93", Status.OK), ("4.14.0", Status.FAIL), ("5.0", Status.OK)],
)
def test_cv2_that_loads_is_the_one_installed(loaded: str, status: Status) -> None:
    assert checks.judge_cv2_loaded(loaded, CONTRIB).status is status


def test_cv2_version_is_compared_by_its_parts() -> None:
    assert checks.judge_cv2_loaded("5.0.1", {"opencv-python": "5.0.10.1"}).status is Status.FAIL


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = dict.fromkeys((*checks.PACKAGES, "opencv-contrib-python"), "6.11.0")
    without = {k: v for k, v in everything.items() if k not in {"torch", "openvino"}}
    monkeypatch.setattr(
        checks, "installed", lambda names: {n: without[n] for n in names if n in without}
    )
    found = {check.name: check.status for check in checks.packages()}
    assert found["torch"] is Status.FAIL
    assert found["openvino"] is Status.WARN


def test_no_display_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert checks.display().status is Status.WARN
    monkeypatch.setenv("DISPLAY", ":7")
    assert checks.display().message == "DISPLAY=:7"


def test_altered_landmark_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "face_landmarker.task"
    fake.write_bytes(b"something else")
    monkeypatch.setattr(checks, "asset", lambda name: fake)
    with pytest.raises(FerdeskError, match="altered"):
        checks.task_file()


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (None, Status.OK, "none yet"),
        ("{}", Status.OK, "can be read"),
        ('{"theme": "dark"}', Status.OK, "can be read"),
        ('{"theme": 3}', Status.WARN, "theme"),
        ("{", Status.WARN, "cannot be read"),
        ("[]", Status.WARN, "not a settings file"),
    ],
)
def test_settings_file(tmp_path: Path, text: str | None, status: Status, said: str) -> None:
    path = tmp_path / "settings.json"
    if text is not None:
        path.write_text(text)
    check = checks.settings_file(path)
    assert check.status is status
    assert said in check.message
    assert path.exists() is (text is not None)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        checks.folder("state folder", tmp_path / "file" / "state")
    assert checks.folder("state folder", tmp_path / "new").status is Status.OK


def test_sentences() -> None:
    assert checks.sentence(FerdeskError("It is broken.")) == "It is broken."
    assert checks.sentence(OSError("no\n such thing")) == "OSError: no such thing"
    assert checks.sentence(RuntimeError()) == "RuntimeError"


# --- probes -------------------------------------------------------------------------------------


def test_a_check_that_raises_is_a_failed_check() -> None:
    def broken() -> tuple[Check, ...]:
        raise FerdeskError("The thing is broken.")

    assert doctor._guard("thing", broken) == (Check("thing", Status.FAIL, "The thing is broken."),)


@pytest.mark.parametrize(
    ("code", "timeout", "said"),
    [
        ("import os; os.abort()", 60, "crashed with SIGABRT"),
        ("import sys; sys.stderr.write('no such luck'); sys.exit(3)", 60, "code 3: no such luck"),
        ("import time; time.sleep(60)", 2, "did not answer within 2 s"),
    ],
)
def test_a_dying_process_is_one_line(
    code: str, timeout: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found before the end stays in the report."""
    check = '{"name": "first", "status": "ok", "message": "fine"}'
    head = f"print('{probes._MARK}{check}', flush=True); "
    run = probes._process
    monkeypatch.setattr(
        probes, "_process", lambda _, changes, timeout: run(["-c", head + code], changes, timeout)
    )
    first, last = probes.run("thing", timeout=timeout)
    assert first == Check("first", Status.OK, "fine")
    assert (last.name, last.status) == ("thing", Status.FAIL)
    assert said in last.message


def test_unknown_qt_platform_is_reported() -> None:
    check = probes.qt("no-such-platform")
    assert check.status is Status.FAIL
    assert "crashed" in check.message or "ended with" in check.message


def test_whole_examination() -> None:
    """On a machine that passes the tests nothing may fail, whatever hardware it lacks."""
    found = doctor.collect()
    assert [s.title for s in found.sections] == [
        "System",
        "Packages",
        "Window",
        "Faces",
        "Model",
        "Cameras",
        "Files",
        "Streams",
    ]
    failures = [c for s in found.sections for c in s.checks if c.status is Status.FAIL]
    assert not failures
    messages = {c.name: c.message for s in found.sections for c in s.checks}
    assert "finds the face" in messages["landmarker"]
    assert "follows the face" in messages["videos"]
    assert "reads" in messages["CPU (torch)"]
    assert "telemetry" not in messages


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not published here")
def test_faces_that_openvino_cannot_follow_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no such plugin")

    monkeypatch.setattr("ferdesk.vision.face_models.compiled", fails)
    found = {check.name: check for check in probes.PROBES["landmarker"]()}
    assert found["landmarker"].status is Status.OK
    assert found["videos"].status is Status.WARN
    assert found["videos"].message.startswith("MediaPipe follows the face in ")
    assert "install ferdesk again" in found["videos"].message


# --- streams ------------------------------------------------------------------------------------


def test_what_streams_need(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {check.name: check for check in probes.run("streams")}
    assert set(found) == {"OSC", "WebSocket", "LSL"}
    assert Status.FAIL not in {check.status for check in found.values()}
    monkeypatch.setattr(checks, "installed", lambda names: {})
    absent = list(probes.PROBES["streams"]())
    assert {check.status for check in absent} == {Status.OK}, "nobody has to have them"
    assert all("ferdesk[stream]" in check.message for check in absent)


def test_lsl_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    from ferdesk.streams import lsl
    from ferdesk.streams.outlet import StreamError

    def refuse() -> None:
        raise StreamError("it needs glibc 2.35 or newer")

    monkeypatch.setattr(checks, "installed", lambda names: {"pylsl": "1.18.6"})
    monkeypatch.setattr(lsl, "import_pylsl", refuse)
    found = {check.name: check for check in probes.PROBES["streams"]()}
    assert found["LSL"].status is Status.WARN
    assert "glibc" in found["LSL"].message
