"""Texts of the public page that are not part of the survey, and the choice of its language."""
from collections.abc import Mapping, Sequence

from chassis.http.i18n import negotiate_language

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "send": "Send", "required": "required", "optional": "optional", "language": "Language",
        "answered_title": "Already answered", "answered": "This invitation has been answered. Thank you.",
        "expired_title": "Expired", "expired": "This invitation has expired; it can no longer be answered.",
        "unknown_title": "Not found",
        "unknown": "This link is not valid. Please use the whole link of your invitation.",
        "thanks_title": "Thank you", "thanks": "Thank you. Your answer has been recorded.",
        "faults": "Please look at these questions again:", "yes": "Yes", "no": "No",
    },
    "zh": {
        "send": "提交", "required": "必填", "optional": "选填", "language": "语言",
        "answered_title": "已回答", "answered": "此邀请已回答过，谢谢。",
        "expired_title": "已过期", "expired": "此邀请已过期，无法再回答。",
        "unknown_title": "未找到", "unknown": "此链接无效，请使用邀请中的完整链接。",
        "thanks_title": "谢谢", "thanks": "谢谢！您的回答已记录。",
        "faults": "请重新检查以下问题：", "yes": "是", "no": "否",
    },
}


def page_texts(language: str) -> Mapping[str, str]:
    return TEXTS.get(language, TEXTS["en"])


def page_language(languages: Sequence[str], requested: str | None, accepted: str | None) -> str:
    """The requested language, else the first that the browser accepts, else the survey's first."""
    if requested is not None and requested in languages:
        return requested
    return negotiate_language(accepted, languages)
