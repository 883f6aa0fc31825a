"""One's own submissions: sending a file, what became of each, and which are the final ones."""

from __future__ import annotations

from fastapi import Request

from podium.arena.pages.frame import hidden, moment
from podium.arena.pages.leaderboard import column, score
from podium.arena.views import ContestView, QuotaView, SubmissionView
from podium.markup import EMPTY, Html, element


def submissions(request: Request, one: ContestView, sent: tuple[SubmissionView, ...], quota: QuotaView) -> Html:
    return element("div", _upload(request, one, quota), _sent(request, one, sent))


def taken(one: SubmissionView) -> Html:
    """What is said right after a file was received."""
    return element("p", f"Received as {one.id}; it is being scored.", class_="taken", role="status")


def refusal(text: str) -> Html:
    return element("p", text, class_="refused", role="alert")


def _upload(request: Request, one: ContestView, quota: QuotaView) -> Html:
    if one.ended:
        return element("p", "The contest has ended: nothing is taken any more.", class_="soft")
    left = "As many as you like." if quota.left is None else f"{quota.left} of {quota.limit} left today."
    renewed = EMPTY if quota.left is None else element("span", " Renewed ", moment(quota.resets_at), class_="resets")
    form = element(
        "form",
        hidden(request),
        element("label", "File (CSV, also as .gz or .zip)", for_="file"),
        element("input", id="file", type="file", name="file", required=""),
        element("label", "Note to yourself", for_="message"),
        element("input", id="message", type="text", name="message", maxlength="300", autocomplete="off"),
        element("button", "Submit", type="submit"),
        method="post", enctype="multipart/form-data", action=f"/contests/{one.slug}/submissions", class_="upload",
    )  # fmt: skip
    return element("section", element("p", element("span", left, class_="left"), renewed), form)


def _sent(request: Request, one: ContestView, sent: tuple[SubmissionView, ...]) -> Html:
    if not sent:
        return element("p", "Nothing was sent yet.", class_="soft")
    private = any(row.private_score is not None for row in sent)
    names = ["Final", "Public", *(["Private"] if private else []), "State", "Note", "Sent", "Id"]
    head = element("thead", element("tr", *(column(name) for name in names)))
    body = element("tbody", *(_row(row, one.ended, private) for row in reversed(sent)))
    table = element("div", element("table", head, body, class_="sent"), class_="scroll")
    if one.ended or not any(row.status == "complete" for row in sent):
        return table
    choose = element("button", f"Make these final (at most {one.final_selections})", type="submit")
    return element(
        "form", hidden(request), table, choose, method="post", action=f"/contests/{one.slug}/select", class_="select"
    )


def _row(row: SubmissionView, ended: bool, private: bool) -> Html:
    public = "" if row.public_score is None else score(row.public_score)
    state = f"error: {row.error}" if row.status == "error" else row.status
    cells = [element("td", _final(row, ended)), element("td", public, class_="score number")]
    if private:
        cells.append(element("td", "" if row.private_score is None else score(row.private_score), class_="number"))
    cells += [
        element("td", state, class_=f"status {row.status}"),
        element("td", row.message or row.file_name, class_="message"),
        element("td", moment(row.at)),
        element("td", row.id, class_="id"),
    ]
    return element("tr", *cells)


def _final(row: SubmissionView, ended: bool) -> Html:
    if ended or row.status != "complete":
        return Html("✓") if row.selected else EMPTY
    checked = "" if row.selected else None
    return element("input", type="checkbox", name="ids", value=row.id, aria_label=f"final: {row.id}", checked=checked)
