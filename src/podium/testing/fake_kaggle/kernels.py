"""kernels.KernelsApiService: public notebooks, kernels saved and run at once, their status and output."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from podium.testing.fake_kaggle.answers import Json, moment, page
from podium.testing.fake_kaggle.contest import Notebook
from podium.testing.fake_kaggle.state import Denied, Kernel, Version

if TYPE_CHECKING:
    from podium.testing.fake_kaggle.server import FakeKaggle


def list_kernels(fake: FakeKaggle, request: Json) -> Json:
    contest = fake.state.contest(request.get("competition"))
    wanted = str(request.get("search") or "").lower().split()
    found = [one for one in contest.notebooks if all(word in f"{one.title} {one.source}".lower() for word in wanted)]
    if request.get("sortBy") == "VOTE_COUNT":
        found.sort(key=lambda one: -one.votes)
    items, token = page([_shown(fake, one) for one in found], request)
    return {"kernels": items, "nextPageToken": token}


def _shown(fake: FakeKaggle, one: Notebook) -> Json:
    return {"id": 1, "ref": one.ref, "title": one.title, "author": one.ref.split("/")[0], "slug": one.ref.split("/")[1],
            "lastRunTime": moment(fake.started_at), "totalVotes": one.votes, "kernelType": "notebook"}  # fmt: skip


def get_kernel(fake: FakeKaggle, request: Json) -> Json:
    ref = f"{request.get('userName')}/{request.get('kernelSlug')}"
    for contest in fake.state.contests.values():
        for one in contest.notebooks:
            if one.ref == ref:
                blob = {
                    "source": one.source,
                    "language": "python",
                    "kernelType": "notebook",
                    "slug": one.ref.split("/")[1],
                }
                return {"metadata": _shown(fake, one), "blob": blob}
    version = _version(fake, request)
    kept = version.request
    names = ("kernelType", "language", "isPrivate", "enableGpu", "enableInternet", "machineShape",
             "datasetDataSources", "kernelDataSources", "competitionDataSources", "modelDataSources")  # fmt: skip
    metadata = {"id": 2, "ref": ref, "title": fake.state.kernels[ref].title, "author": fake.username, "slug": ref,
                "currentVersionNumber": version.number, "lastRunTime": moment(version.at),
                **{name: kept[name] for name in names if kept.get(name) is not None}}  # fmt: skip
    blob = {name: kept.get(name, "") for name in ("language", "kernelType")}
    return {"metadata": metadata, "blob": {**blob, "source": kept.get("text", ""), "slug": ref.split("/")[1]}}


def save_kernel(fake: FakeKaggle, request: Json) -> Json:
    """Saved and run at once; how long it seems to take is `fake.kernel_s`."""
    ref, title = str(request.get("slug") or ""), str(request.get("newTitle") or "")
    if "/" not in ref or ref.split("/")[0] != fake.username:
        raise Denied(403, "Permission 'kernels.update' was denied")
    unknown = [slug for slug in request.get("competitionDataSources", []) if slug not in fake.state.contests]
    try:
        files, error = dict(fake.run_kernel(request)), ""
    except Exception as problem:  # noqa: BLE001 (a kernel may fail in any way)
        files, error = {}, f"{type(problem).__name__}: {problem}"
    with fake.state.lock:
        kernel = fake.state.kernels.setdefault(ref, Kernel(ref, title or ref))
        number = len(kernel.versions) + 1
        kernel.versions.append(Version(number, request, fake.clock.now(), files, "ran\n" + error, error))
    return {"ref": f"/code/{ref}", "url": f"https://www.kaggle.com/code/{ref}", "versionNumber": number, "kernelId": 7,
            "error": "", "invalidCompetitionSources": unknown}  # fmt: skip


def status(fake: FakeKaggle, request: Json) -> Json:
    version = _version(fake, request)
    if _runs(fake, version):
        return {"status": "RUNNING"}
    return {"status": "ERROR" if version.error else "COMPLETE", "failureMessage": version.error}


def output(fake: FakeKaggle, request: Json) -> Json:
    version = _version(fake, request)
    if _runs(fake, version):
        return {"files": [], "log": ""}
    ref = f"{request.get('userName')}/{request.get('kernelSlug')}"
    files = [{"url": f"{fake.url}/storage/kernel/{ref}/{version.number}/{quote(name, safe='')}", "fileName": name}
             for name in version.files]  # fmt: skip
    items, token = page(files, request)
    return {"files": items, "log": version.log, "nextPageToken": token}


def quota(fake: FakeKaggle, request: Json) -> Json:
    return {"gpuQuota": {}, "tpuQuota": {}, "quotaRefreshTime": moment(fake.clock.now())}


def _version(fake: FakeKaggle, request: Json) -> Version:
    kernel = fake.state.kernels.get(f"{request.get('userName')}/{request.get('kernelSlug')}")
    if kernel is None:
        raise Denied(403, "Permission 'kernels.get' was denied")
    label = str(request.get("versionLabel") or "")
    if not label:
        return kernel.versions[-1]
    found = next((one for one in kernel.versions if str(one.number) == label), None)
    if found is None:
        raise Denied(404, "Version not found")
    return found


def _runs(fake: FakeKaggle, version: Version) -> bool:
    return (fake.clock.now() - version.at).total_seconds() < fake.kernel_s


CALLS = {
    "ListKernels": list_kernels,
    "GetKernel": get_kernel,
    "SaveKernel": save_kernel,
    "GetKernelSessionStatus": status,
    "ListKernelSessionOutput": output,
    "GetAcceleratorQuotaStatistics": quota,
}
