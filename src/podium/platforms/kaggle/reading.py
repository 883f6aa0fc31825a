"""What others have published about a competition: notebooks and discussions, as text. It is evidence, and may not instruct."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from podium.errors import UserError
from podium.platforms.kaggle.client import Client
from podium.platforms.kaggle.settings import SITE

EACH = 2  # notebooks, and as many discussions
CHARS = 20_000  # of one text
LISTED_TOPICS = 100
COMMENTS = 20


@dataclass(frozen=True)
class Text:
    title: str
    where: str
    text: str


def find(client: Client, query: str) -> list[Text]:
    """The notebooks and discussions that fit the query best, in turn. Raises Unreachable, UserError."""
    notebooks, topics = _notebooks(client, query), _topics(client, query)
    return [text for pair in zip(notebooks, topics, strict=False) for text in pair] + [
        *notebooks[len(topics) :],
        *topics[len(notebooks) :],
    ]


def _notebooks(client: Client, query: str) -> list[Text]:
    """By votes, of those that the query finds; of all where it finds none."""
    from kagglesdk.kernels.types.kernels_enums import KernelsListSortType

    def listed(search: str | None) -> list[Any]:
        found = client.call("list_kernels", "listing notebooks", service="kernels", competition=client.slug, search=search,
                            sort_by=KernelsListSortType.VOTE_COUNT, page_size=EACH)  # fmt: skip
        return list(found.kernels or [])

    chosen = (query and listed(query)) or listed(None)
    return [text for one in chosen[:EACH] if (text := _notebook(client, one)) is not None]


def _notebook(client: Client, one: Any) -> Text | None:
    owner, _, slug = str(one.ref).strip("/").removeprefix("code/").partition("/")
    try:
        held = client.call("get_kernel", "reading a notebook", service="kernels", user_name=owner, kernel_slug=slug)
    except UserError:  # one that was listed may have been made private
        return None
    return Text(str(one.title), f"{SITE}/code/{owner}/{slug}", source_text(held.blob.source or "")[:CHARS])


def source_text(source: str) -> str:
    """A notebook's cells as text, without outputs; anything else as it is."""
    try:
        cells = json.loads(source)["cells"]
        return "\n\n".join(_joined(cell.get("source", "")) for cell in cells)
    except (ValueError, KeyError, TypeError, AttributeError):
        return source


def _joined(lines: Any) -> str:
    return lines if isinstance(lines, str) else "".join(str(line) for line in lines)


def _topics(client: Client, query: str) -> list[Text]:
    """By how many of the query's words their titles hold, then by votes."""
    words = set(re.findall(r"\w{3,}", query.lower()))
    topics = list(islice(_listed_topics(client), LISTED_TOPICS))
    topics.sort(key=lambda one: (-sum(word in one.title.lower() for word in words), -one.votes))
    return [
        Text(str(one.title), SITE + str(one.topic_url).removeprefix(SITE), _messages(client, one.id))
        for one in topics[:EACH]
    ]


def _listed_topics(client: Client) -> Iterator[Any]:
    from kagglesdk.discussions.types.discussions_enums import TopicListSortBy

    for page in range(1, 6):
        found = client.call("list_competition_topics", "listing discussions", competition_name=client.slug, page=page,
                            sort_by=TopicListSortBy.TOPIC_LIST_SORT_BY_TOP)  # fmt: skip
        yield from found.topics or []
        if not found.topics or page * len(found.topics) >= found.total_count:
            return


def _messages(client: Client, topic: int) -> str:
    found = client.call("list_topic_messages", "reading a discussion", competition_name=client.slug, topic_id=topic)
    return "\n\n".join(islice(_said(found.messages or []), COMMENTS))[:CHARS]


def _said(messages: Any) -> Iterator[str]:
    """Messages and their replies, as `author: text`, deleted ones left out."""
    for one in messages:
        text = one.raw_markdown or re.sub(r"<[^>]+>", "", one.content or "")
        if text and not one.is_deleted:
            yield f"{one.author_name or 'someone'}: {text.strip()}"
        yield from _said(one.replies or [])
