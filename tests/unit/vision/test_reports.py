"""Blocking MediaPipe's reports leaves everybody else's connections as they were."""

from __future__ import annotations

import pytest

from ferdesk.vision.reports import NOWHERE, block_reports


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"https_proxy": "http://proxy:3128"}, {}),
        ({"no_proxy": "localhost, .googleapis.com,10.0.0.1"}, {"no_proxy": "localhost,10.0.0.1"}),
        ({"NO_PROXY": "play.googleapis.com"}, {"NO_PROXY": ""}),
        ({"no_proxy": "com,*.googleapis.com,apis.com"}, {"no_proxy": "apis.com"}),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "cam"}, None),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "*"}, {"no_proxy": ""}),
    ],
)
def test_only_https_proxies_and_exceptions_for_google_change(
    before: dict[str, str], after: dict[str, str] | None
) -> None:
    environment = dict(before)
    block_reports(environment)
    assert environment.pop("https_proxy") == NOWHERE
    assert environment == (before if after is None else after)
