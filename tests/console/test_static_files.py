"""Serving the built console: caching, compression, fallback to the page, path traversal, security policy."""
import gzip
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from chassis.http.problems import ProblemError
from services.gateway.console import serve

PAGE = "<!doctype html><title>console</title>" + " " * 2000


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "assets" / "index-abc.js").write_text("let a = 1;" * 500)
    (tmp_path.parent / "secret.txt").write_text("secret")
    return tmp_path


def respond(path: str, built: Path, **headers: str) -> Response:
    named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return serve(path, Request({"type": "http", "method": "GET", "path": f"/{path}", "headers": named}), built)


@pytest.mark.parametrize("path", ["", "process/board", "process/deals/lead.L1", "no/such/page"])
def test_an_address_without_a_file_returns_the_page(built: Path, path: str) -> None:
    answer = respond(path, built)
    assert answer.status_code == 200 and bytes(answer.body).decode() == PAGE
    assert answer.headers["cache-control"] == "no-cache" and answer.headers["content-type"].startswith("text/html")


def test_a_hashed_file_is_immutable_and_one_of_another_build_is_not_found(built: Path) -> None:
    answer = respond("assets/index-abc.js", built, accept_encoding="gzip, br")
    assert "immutable" in answer.headers["cache-control"] and answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body).startswith(b"let a = 1;")
    assert answer.headers["content-type"].startswith("text/javascript")
    with pytest.raises(ProblemError) as problem:
        respond("assets/index-old.js", built)
    assert problem.value.status == 404


def test_a_matching_etag_returns_not_modified(built: Path) -> None:
    tag = respond("", built).headers["etag"]
    again = respond("", built, if_none_match=tag)
    assert again.status_code == 304 and not again.body


@pytest.mark.parametrize("path", ["../secret.txt", "assets/../../secret.txt", "/etc/passwd", "assets/\0"])
def test_files_outside_the_build_are_not_served(built: Path, path: str) -> None:
    try:
        assert bytes(respond(path, built).body).decode() == PAGE
    except ProblemError as problem:
        assert problem.status == 404


def test_the_content_security_policy_allows_no_other_host_and_no_framing(built: Path) -> None:
    policy = dict(part.strip().split(" ", 1) for part in
                  respond("", built).headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert not [words for words in policy.values() if "http" in words or "*" in words]


def test_without_a_build_the_page_explains_how_to_build_it(tmp_path: Path) -> None:
    answer = respond("", tmp_path)
    assert answer.status_code == 503 and b"make console" in answer.body
