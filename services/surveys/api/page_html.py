"""The public page as HTML: one form, no script, no external resources; every variable text is escaped."""
import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import Response

from services.surveys.api.page_texts import page_texts
from services.surveys.definitions import QuestionDefinition, SurveyDefinition, Titles
from services.surveys.state.respondent import AnswerError

STYLE = """
:root{color-scheme:light dark;font:100%/1.5 system-ui,sans-serif}
body{background:Canvas;color:CanvasText;margin:0 auto;max-width:42rem;padding:1.5rem}
h1{font-size:1.5rem}fieldset{border:1px solid #8888;border-radius:.5rem;margin:1.5rem 0;padding:1rem}
legend{font-weight:600;padding:0 .25rem}small{font-weight:400;opacity:.75}.marks{display:flex;flex-wrap:wrap;gap:.5rem}
.marks label{border:1px solid #8888;border-radius:.5rem;padding:.5rem .75rem;min-width:1.5rem}
.ends{display:flex;justify-content:space-between;margin:.5rem 0 0}
textarea{box-sizing:border-box;font:inherit;width:100%}
button{background:#0b5cad;border:0;border-radius:.5rem;color:#fff;font:inherit;padding:.75rem 2rem}
[role=alert]{border-left:.25rem solid #b3261e;padding-left:1rem}
:focus-visible{outline:3px solid #0b5cad;outline-offset:2px}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
                               "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


def in_language(titles: Titles, language: str) -> str:
    return titles.get(language) or next(iter(titles.values()), "")


def html_page(content: str, title: str, language: str, status: int = 200) -> Response:
    page = (f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{content}</main></body></html>")
    return Response(page, status, {**HEADERS, "Content-Language": language}, "text/html; charset=utf-8")


def notice_page(what: str, language: str, status: int, text: str | None = None) -> Response:
    """One of: answered, expired, unknown, thanks."""
    title = page_texts(language)[f"{what}_title"]
    content = f"<h1>{escape(title)}</h1><p>{escape(text or page_texts(language)[what])}</p>"
    return html_page(content, title, language, status)


def form_page(
    survey: SurveyDefinition, language: str, *, faults: Sequence[AnswerError] = (),
    answers: Mapping[str, Any] | None = None,
) -> Response:
    title, texts, given = in_language(survey.title, language), page_texts(language), answers or {}
    questions = "".join(_question(q, language, given.get(q.id)) for q in survey.questions)
    intro = f"<p>{escape(in_language(survey.intro, language))}</p>" if survey.intro else ""
    content = (f"{_languages(survey, language)}<h1>{escape(title)}</h1>{intro}{_alert(survey, language, faults)}"
               f'<form method="post" action="{_query(language)}" accept-charset="utf-8">{questions}'
               f'<button type="submit">{escape(texts["send"])}</button></form>')
    return html_page(content, title, language, 422 if faults else 200)


def _languages(survey: SurveyDefinition, language: str) -> str:
    if len(survey.languages) < 2:
        return ""
    links = " · ".join(_language(name, name == language) for name in survey.languages)
    return f'<nav aria-label="{escape(page_texts(language)["language"])}">{links}</nav>'


def _language(name: str, current: bool) -> str:
    safe = escape(name)
    if current:
        return f'<span aria-current="true" lang="{safe}">{safe}</span>'
    return f'<a href="{_query(name)}" hreflang="{safe}" lang="{safe}">{safe}</a>'


def _query(language: str) -> str:
    return "?" + escape(urlencode({"lang": language}))


def _alert(survey: SurveyDefinition, language: str, faults: Sequence[AnswerError]) -> str:
    if not faults:
        return ""
    ids = [f.pointer.removeprefix("/answers/") for f in faults]
    titles = [in_language(q.title, language) for q in survey.questions if q.id in ids]
    items = "".join(f"<li>{escape(title)}</li>" for title in titles)
    return f'<div role="alert"><p>{escape(page_texts(language)["faults"])}</p><ul>{items}</ul></div>'


def _question(question: QuestionDefinition, language: str, value: Any) -> str:
    texts = page_texts(language)
    hint = texts["required"] if question.required else texts["optional"]
    legend = f"<legend>{escape(in_language(question.title, language))} <small>({escape(hint)})</small></legend>"
    return f"<fieldset>{legend}{_field(question, language, value)}</fieldset>"


def _field(question: QuestionDefinition, language: str, value: Any) -> str:
    name = escape(question.id)
    if question.kind == "text":
        label = escape(in_language(question.title, language))
        return (f'<textarea name="{name}" aria-label="{label}" rows="4" maxlength="{question.max_length}"'
                f"{_required(question)}>{escape(str(value or ''))}</textarea>")
    kind = "checkbox" if question.multiple else "radio"
    chosen = [str(v) for v in (value if isinstance(value, list | tuple) else [value])]
    must = "" if question.multiple else _required(question)
    marks = "".join(
        f'<label><input type="{kind}" name="{name}" value="{escape(mark)}"{" checked" if mark in chosen else ""}{must}>'
        f" {escape(text)}</label>" for mark, text in _marks(question, language))
    return f'<div class="marks">{marks}</div>{_ends(question, language)}'


def _marks(question: QuestionDefinition, language: str) -> list[tuple[str, str]]:
    if question.scale is not None:
        return [(str(n), str(n)) for n in range(question.scale[0], question.scale[1] + 1)]
    if question.kind == "boolean":
        return [("true", page_texts(language)["yes"]), ("false", page_texts(language)["no"])]
    return [(name, in_language(title, language)) for name, title in question.choices]


def _ends(question: QuestionDefinition, language: str) -> str:
    if question.ends is None or question.scale is None:
        return ""
    low, high = (escape(in_language(end, language)) for end in question.ends)
    return f'<p class="ends"><span>{question.scale[0]}: {low}</span><span>{question.scale[1]}: {high}</span></p>'


def _required(question: QuestionDefinition) -> str:
    return " required" if question.required else ""


# --- form data -------------------------------------------------------------------------------------------------------


def from_form(survey: SurveyDefinition, body: bytes) -> dict[str, Any]:
    """Answers with the types of their questions; a text that does not fit stays a text, and validation reports it."""
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=1000)
    return {id: _typed(survey.question(id), values) for id, values in fields.items()}


def _typed(question: QuestionDefinition | None, values: list[str]) -> Any:
    text = values[-1]
    if question is None:
        return text
    if question.multiple:
        return tuple(values)
    if question.scale is not None:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else text
    if question.kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text.replace("\r\n", "\n")
