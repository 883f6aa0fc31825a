"""competitions.CompetitionApiService: each call is a function of (account's server, request) to JSON."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from podium.testing.fake_kaggle.answers import Json, competition, leaderboard, moment, page, submission
from podium.testing.fake_kaggle.state import Denied, Upload

if TYPE_CHECKING:
    from podium.testing.fake_kaggle.server import FakeKaggle


def list_competitions(fake: FakeKaggle, request: Json) -> Json:
    wanted = str(request.get("search") or "").lower()
    entered = "ENTERED" in str(request.get("group") or "")
    found = [
        competition(fake.state, one)
        for one in fake.state.contests.values()
        if wanted in f"{one.slug} {one.title}".lower() and (one.entered or not entered)
    ]
    items, token = page(found, request)
    return {"competitions": items, "nextPageToken": token}


def get_competition(fake: FakeKaggle, request: Json) -> Json:
    return competition(fake.state, fake.state.contest(request.get("competitionName")))


def list_pages(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"))
    pages = [{"name": name, "content": text, "isPublished": True} for name, text in contest.pages.items()]
    return {"pages": pages}


def list_files(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"), entered=True)
    at = moment(fake.started_at)
    files = [{"ref": name, "name": name, "totalBytes": len(data), "creationDate": at}
             for name, data in contest.files.items()]  # fmt: skip
    items, token = page(files, request)
    return {"files": items, "nextPageToken": token}


def limits(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"), entered=True)
    return {
        "numToday": len(fake.state.today(contest.slug)),
        "numTotal": len(fake.state.of(contest.slug)),
        "numAllowedNow": fake.state.left(contest),
        "limitedByTotal": contest.total is not None,
    }


def start_upload(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"), entered=True)
    if contest.code_only:
        raise Denied(400, "This competition only accepts Submissions from Notebooks.")
    token = uuid.uuid4().hex
    with fake.state.lock:
        fake.state.uploads[token] = Upload(str(request.get("fileName", "")), int(request.get("contentLength", 0)))
    return {"token": token, "createUrl": f"{fake.url}/upload/{token}"}


def create_submission(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"), entered=True)
    upload = fake.state.uploads.get(str(request.get("blobFileTokens")))
    if upload is None or upload.data is None:
        raise Denied(400, "The uploaded file was not found.")
    description = str(request.get("submissionDescription") or "")
    one = fake.state.accept(contest, upload.file_name, upload.data, description)
    return {"message": f"Successfully submitted to {contest.title}", "ref": one.ref}


def create_code_submission(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"), entered=True)
    kernel = fake.state.kernels.get(f"{request.get('kernelOwner')}/{request.get('kernelSlug')}")
    number = int(request.get("kernelVersion") or 0)
    version = next((one for one in kernel.versions if one.number == number), None) if kernel else None
    if version is None or version.error:
        raise Denied(404, "The notebook's version was not found or did not finish.")
    if version.request.get("enableInternet"):
        raise Denied(400, "Your Notebook cannot use internet access in this competition.")
    name = str(request.get("fileName") or "submission.csv")
    if name not in version.files:
        raise Denied(400, f"The notebook's output has no file {name}.")
    one = fake.state.accept(contest, name, version.files[name], str(request.get("submissionDescription") or ""))
    return {"message": f"Successfully submitted to {contest.title}", "ref": one.ref}


def list_submissions(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"), entered=True)
    found = fake.state.listed(contest)
    if "SELECTED" in str(request.get("group") or ""):
        found = [one for one in found if one.ref in fake.state.selected]
    items, token = page([submission(fake.state, contest, one, fake.username) for one in found], request)
    return {"submissions": items, "nextPageToken": token}


def get_submission(fake: FakeKaggle, request: Json) -> Json:
    one = next((one for one in fake.state.accepted if one.ref == request.get("ref")), None)
    if one is None:
        raise Denied(404, "Submission not found")
    return submission(fake.state, fake.state.contests[one.contest], one, fake.username)


def get_leaderboard(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"))
    items, token = page(leaderboard(fake.state, contest, fake.username), request)
    return {"submissions": items, "nextPageToken": token}


def list_topics(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"))
    topics = [
        {"id": number, "title": one.title, "topicUrl": f"/competitions/{contest.slug}/discussion/{number}",
         "authorName": "someone", "commentCount": len(one.comments), "votes": one.votes,
         "postDate": moment(fake.started_at)}
        for number, one in enumerate(contest.topics, 1)
    ]  # fmt: skip
    number = int(request.get("page") or 1)
    return {"topics": topics[(number - 1) * 20 : number * 20], "totalCount": len(topics)}


def list_messages(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competitionName"))
    number = int(request.get("topicId") or 0)
    if not 1 <= number <= len(contest.topics):
        raise Denied(404, "Topic not found")
    topic, at = contest.topics[number - 1], moment(fake.started_at)
    texts = [("someone", topic.text), *topic.comments]
    messages = [
        {"id": place, "postDate": at, "content": f"<p>{text}</p>", "rawMarkdown": text, "authorName": author}
        for place, (author, text) in enumerate(texts)
    ]
    return {"messages": messages}


CALLS = {
    "ListCompetitions": list_competitions,
    "GetCompetition": get_competition,
    "ListCompetitionPages": list_pages,
    "ListDataFiles": list_files,
    "GetSubmissionLimits": limits,
    "StartSubmissionUpload": start_upload,
    "CreateSubmission": create_submission,
    "CreateCodeSubmission": create_code_submission,
    "ListSubmissions": list_submissions,
    "GetSubmission": get_submission,
    "GetLeaderboard": get_leaderboard,
    "ListCompetitionTopics": list_topics,
    "ListTopicMessages": list_messages,
}
