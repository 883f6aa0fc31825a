"""Sending a file: a place to upload is asked for, the bytes are put there, and then one request makes them a submission."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from podium.errors import Refused, UserError
from podium.platforms.kaggle import failures, tags
from podium.platforms.kaggle.client import Client
from podium.platforms.platform import AmbiguousSend, RemoteSubmission, Unreachable

TOO_LARGE = 413


def send(client: Client, file: Path, tag: str, message: str) -> RemoteSubmission:
    """Raises Unreachable (nothing became a submission), Refused, UserError, and AmbiguousSend after the last request."""
    if not file.is_file():
        raise UserError(f"no file {file} to submit")
    place = client.call(
        "start_submission_upload", "announcing the upload", step="prepare", competition_name=client.slug, file_name=file.name,
        content_length=file.stat().st_size, last_modified_epoch_seconds=int(file.stat().st_mtime),
    )  # fmt: skip
    _upload(client, file, place.create_url)
    client.hang_up()  # the upload may have taken minutes
    answer = client.call(
        "create_submission", "submitting", step="send", competition_name=client.slug, blob_file_tokens=place.token,
        submission_description=tags.described(tag, message),
    )  # fmt: skip
    return sent(client, answer, tag)


def send_version(client: Client, kernel: str, version: int, file_name: str, tag: str, message: str) -> RemoteSubmission:
    """For a code competition: the output file of a version of a kernel (OWNER/SLUG) becomes a submission."""
    owner, _, slug = kernel.partition("/")
    answer = client.call(
        "create_code_submission", "submitting a notebook's version", step="send", competition_name=client.slug,
        kernel_owner=owner, kernel_slug=slug, kernel_version=version, file_name=file_name,
        submission_description=tags.described(tag, message),
    )  # fmt: skip
    return sent(client, answer, tag)


def sent(client: Client, answer: Any, tag: str) -> RemoteSubmission:
    if not answer.ref:  # a proxy's page, or a client that cannot read the answer
        raise AmbiguousSend("Kaggle's answer has no number of a submission")
    return RemoteSubmission(str(answer.ref), tag, client.now().isoformat(), "pending")


def _upload(client: Client, file: Path, url: str) -> None:
    import requests

    from podium.platforms.kaggle import wire

    try:
        with wire.plain(client.settings) as storage, file.open("rb") as data:
            # an empty file would be sent in chunks, without a length
            answer = storage.put(url, data=data if file.stat().st_size else b"")
    except requests.exceptions.RequestException as problem:
        raise failures.translated(problem, "uploading", client.slug, "prepare") from None
    if answer.status_code == TOO_LARGE:
        raise Refused(f"the file is too large for Kaggle ({file.stat().st_size} bytes)")
    if answer.status_code not in (200, 201):
        raise Unreachable(f"the upload failed (status {answer.status_code})", failures.retry_after_s(answer))
