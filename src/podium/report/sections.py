"""The page's sections, each from facts to markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from podium.competition.eda import PLOTS
from podium.prose import prose
from podium.report.charts import bar, heat_map, score_chart
from podium.report.explain import errors
from podium.report.facts import PageFacts
from podium.report.figures import duration_text, few_of, metric_text, score_text
from podium.report.honesty import expected
from podium.report.html import EMPTY, Child, Html, element, join, section, table, text
from podium.report.lineage import drawing
from podium.report.probed import probes
from podium.report.seats import cost_text, fell_back_text
from podium.report.spent import spent
from podium.report.standing import state_text

MOST_LISTED = 200
ENDED = {
    "time": "its time was over", "experiments": "all experiments that it was given were run", "stopped": "as it was asked to",
    "plan_empty": "nothing untried paid, or fitted what was left",
}  # fmt: skip
NO_BLEND: Mapping[str, Any] = {"score": None, "stderr": None, "vault_score": None}
DESCRIBED = 4000  # characters of a description
ASKED = ("task_type", "target_columns", "id_column", "metric", "metric_direction", "submission_columns", "submission_kind",
         "classes", "group_column", "time_column", "label_side_columns", "cv_strategy", "cv_folds", "deadline",
         "max_submissions_per_day")  # fmt: skip


def heading(facts: PageFacts) -> Html:
    now, competition = facts.now, facts.now["competition"]
    kind = text(competition["task_type"] or "", 60).replace("_", " ")
    where = f"round {now['round']}, {now['phase']}" if now["phase"] else "not started"
    where = ENDED.get(now["ended_because"] or "", where)
    return join(
        (
            element("h1", text(competition["competition"] or "campaign", 120)),
            element(
                "p", f"{kind}, {metric_text(competition['metric_title'], competition['metric_direction'])}. Podium’s campaign is "
                f"{now['state']} ({where}).", class_="soft",
            ),
            _tiles(now),
        )
    )  # fmt: skip


def _tiles(now: Mapping[str, Any]) -> Html:
    clock = now["clock"]
    looks = [e["verdict"] or e["status"] for e in now["experiments"]]
    total = f" of {duration_text(clock['total_s'])}" if clock["total_s"] else ""
    over = now["standing"] is not None and now["ended_because"] is not None
    shown, whose = (now["standing"], "submitted") if over else (now["blend"] or NO_BLEND, "best blend")
    tiles = [
        (score_text(shown["score"], shown["stderr"]), f"{whose}, nested folds"),
        (score_text(shown["vault_score"]), f"{whose}, on the vault"),
        (now["champion"] or "–", "champion"),
        (str(len(now["experiments"])), f"experiments, {len(now['pool'])} in the pool"),
        (str(looks.count("killed") + looks.count("failed") + looks.count("invalid")), "killed, failed or invalid"),
        (duration_text(clock["alive_s"]), f"engine time{total}"),
        (duration_text(now["ledger"]["cpu_s"]), "CPU time of runs"),
        (str(len(now["submissions"])), "submissions"),
    ]
    items = (
        element("li", element("span", figure, class_="figure"), element("span", about, class_="about"))
        for figure, about in tiles
    )
    return element("ul", *items, class_="tiles")


def asked(facts: PageFacts) -> Html:
    """What intake understood, and why it believes it."""
    evidence: Mapping[str, Any] = facts.competition.get("evidence") or {}
    rows: list[Sequence[Child]] = []
    for key in ASKED:
        value, why = facts.competition.get(key), evidence.get(key) or evidence.get(key.removesuffix("s"))
        if value in (None, [], "") and why is None:
            continue
        spelled = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        reason, sure = ("", "") if why is None else (text(why.get("why", "")), f"{why.get('confidence', 0):.0%}")
        rows.append((key, text(spelled, 200), reason, sure))
    data = facts.data
    size = (
        f"{data.get('n_train', 0):,} training rows in {data.get('n_folds', 0)} folds, {data.get('n_vault', 0):,} in the vault, "
        f"{data.get('n_test', 0):,} to predict, {len(data.get('columns') or [])} features."
    )
    return section(
        "What was asked",
        _described(str(facts.competition.get("description") or "")),
        element("p", size),
        table(("key", "value", "evidence", "sure"), rows, kinds="kmtn"),
    )


def _described(description: str) -> Html:
    """The description's beginning as it was meant to look; the rest is in the campaign's folder."""
    if not description.strip():
        return EMPTY
    cut = description[:DESCRIBED]
    more = " …" if len(description) > DESCRIBED else ""
    return element("details", element("summary", text(description.strip().lstrip("# "), 160)), prose(cut + more, top=4))


def audited(facts: PageFacts) -> Html:
    order = {"block": 0, "warn": 1, "info": 2}
    findings = sorted(facts.audit, key=lambda f: order[f.severity])
    rows = (
        (element("span", f.severity, class_=f.severity), f.check, text(f.column or "", 80), text(f.message))
        for f in findings[:MOST_LISTED]
    )
    listed = table(("severity", "check", "column", "finding"), rows, kinds="kkmt")
    return section("What the audit saw", listed, *_pictures(facts))


def _pictures(facts: PageFacts) -> list[Html]:
    """Round 0's plots, inline: they were drawn as escaped markup, so they may stand here as they are."""
    seen: Mapping[str, Any] = next(
        (steps["eda"] for round_, steps in facts.texts if round_ == 0 and "eda" in steps), {}
    )
    plots = seen.get("plots") or {}
    return [element("figure", Html(plots[name]), style="max-width:46rem") for name in PLOTS if name in plots]


def scores(facts: PageFacts) -> Html:
    now = facts.now
    baselines = {k: v for k, v in now["baseline"].items() if isinstance(v, (int, float))}
    pick = max if now["competition"]["metric_direction"] == "higher" else min
    best = pick(baselines.values()) if baselines else None
    chart = score_chart(now["experiments"], facts.blends, text(now["competition"]["metric_title"] or "score", 40), best)
    plain = ", ".join(f"{text(name, 40)} {score_text(value)}" for name, value in baselines.items())
    rows = (
        (str(b["round"]), score_text(b["score"], b["stderr"]), score_text(b["vault_score"]), _members(b["weights"]))
        for b in list(reversed(facts.blends))[:MOST_LISTED]
    )
    return section(
        "Scores by round",
        chart,
        element("p", f"Plain baselines: {plain}.", class_="soft") if plain else EMPTY,
        element(
            "details", element("summary", "The blends as a table"),
            table(("round", "nested score", "vault", "weights"), rows, kinds="nnnt"),
        ),
    )  # fmt: skip


def _members(weights: Mapping[str, float]) -> str:
    return ", ".join(
        f"{id_} {weight:.2f}" for id_, weight in sorted(weights.items(), key=lambda p: -p[1]) if weight > 0
    )


def blend(facts: PageFacts) -> Html:
    now = facts.now
    named = {e["id"]: e for e in now["experiments"]}
    weights = {} if now["blend"] is None else now["blend"]["weights"]
    chosen = sorted((id_ for id_ in weights if weights[id_] > 0), key=lambda id_: -weights[id_])
    if now["champion"] and now["champion"] not in chosen:
        chosen.append(now["champion"])
    rows = []
    for id_ in chosen:
        e = named.get(id_)
        if e is None:
            continue
        weight = weights.get(id_, 0.0)
        cell = element("span", bar(weight), f"{weight:.2f}")
        look = element("span", e["verdict"] or "", class_=e["verdict"])
        rows.append((id_, text(e["name"], 100), e["family"], score_text(e["score"], e["stderr"]), look, cell))
    best = now["blend"]
    where = "" if best is None else f"Combined in the space of {text(best['space'], 30)}, in round {best['round']}."
    if by := now["competition"].get("surrogate"):
        where += f" Compared by {text(by, 30)}: {text(now['competition']['metric'], 60)} hides how sure a model is."
    return section(
        "Champion and blend",
        element("p", where, class_="soft") if where else EMPTY,
        table(("id", "experiment", "family", "OOF score", "verdict", "weight"), rows, kinds="kmknkk"),
    )


def correlations(facts: PageFacts) -> Html:
    return section("How alike the pool is", heat_map(facts.compared, facts.correlations))


def families(facts: PageFacts) -> Html:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for e in facts.now["experiments"]:
        groups.setdefault(e["family"], []).append(e)
    pick = max if facts.now["competition"]["metric_direction"] == "higher" else min
    most = max((len(group) for group in groups.values()), default=1)
    rows = []
    for family, group in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        valid = [e["score"] for e in group if e["verdict"] in ("pooled", "champion") and e["score"] is not None]
        count = element("span", bar(len(group) / most), str(len(group)))
        ended = [sum(e["status"] == s for e in group) for s in ("killed", "failed")]
        cost = duration_text(sum(e["cost_s"] for e in group))
        rows.append((text(family, 60), count, len(valid), *ended, score_text(pick(valid) if valid else None), cost))
    heads = ("family", "experiments", "valid", "killed", "failed", "best score", "CPU")
    return section("Families tried", table(heads, rows, kinds="kknnnnn"))


def experiments(facts: PageFacts) -> Html:
    listed = facts.now["experiments"][-MOST_LISTED:]
    rows = []
    for e in reversed(listed):
        look = e["verdict"] or e["status"]
        parents = few_of(e["parents"])
        rows.append(
            (e["id"], e["round"], text(e["name"], 100), e["operator"], score_text(e["score"], e["stderr"]),
             element("span", look, class_=look), parents, duration_text(e["cost_s"] or None))
        )  # fmt: skip
    note = f"The newest {len(listed)} of {len(facts.now['experiments'])}, newest first."
    heads = ("id", "round", "experiment", "operator", "OOF score", "verdict", "parents", "CPU")
    return section("Experiments", element("p", note, class_="soft"), table(heads, rows, kinds="knmknkmn"))


def descent(facts: PageFacts) -> Html:
    """What descends from what, and whose ideas the blend's weight rests on."""
    found = facts.lineage
    if not found.nodes:
        return EMPTY
    owed = [(f"{one.share:.1%}", one.kind, text(one.source, 160)) for one in found.credits]
    note = "A member’s weight is split evenly over the sources of it and of its ancestors."
    return section(
        "Lineage and credits",
        table(("share", "kind", "source"), owed, kinds="nkt"),
        element("p", note, class_="soft") if owed else EMPTY,
        element("details", element("summary", "The graph"), element("div", drawing(found), class_="scroll")),
    )


def stopped(facts: PageFacts) -> Html:
    """Everything that did not make it, and why."""
    rows = []
    for e in facts.now["experiments"]:
        look = e["verdict"] if e["verdict"] == "invalid" else e["status"]
        if look not in ("invalid", "killed", "failed"):
            continue
        alarms = "; ".join(str(a.get("message") or a.get("name") or a) for a in facts.alarms.get(e["id"], ()))
        why = text("; ".join(filter(None, (e["message"], alarms))), 500)
        rows.append((e["id"], text(e["name"], 80), element("span", look, class_=look), why))
    attempts = [
        (text(a["folder"], 80), text(a["outcome"], 20), duration_text(a["wall_s"]), text(a["message"] or "", 300))
        for a in facts.attempts
    ]
    return section(
        "What was stopped, and why",
        table(("id", "experiment", "end", "reason"), rows[-MOST_LISTED:], kinds="kmkt"),
        element("h3", "Runs that did not finish"),
        table(("run", "outcome", "after", "message"), attempts, kinds="mknt"),
    )


def submissions(facts: PageFacts) -> Html:
    now = facts.now
    stands = "" if now["standing"] is None else now["standing"]["tag"]
    rows = (
        (s["round"], text(s["file"], 120), _said(s, now["platform"], s["tag"] == stands),
         score_text(s["expected"], s["stderr"]), score_text(s["public_score"]),
         score_text(s["private_score"]), s["at"].replace("T", " ").replace("+00:00", " UTC"))
        for s in reversed(now["submissions"][-MOST_LISTED:])
    )  # fmt: skip
    heads = ("sent in round", "file", "state", "out of fold", "public", "private", "at")
    return section("Submissions", *_what_to_do(now), table(heads, rows, kinds="nmknnnk"))


def _said(submission: Mapping[str, Any], platform: str, stands: bool) -> str:
    purpose = "" if submission["purpose"] == "best" else submission["purpose"]
    return ", ".join(filter(None, (state_text(submission, platform), purpose, "stands" if stands else "")))


def _what_to_do(now: Mapping[str, Any]) -> list[Html]:
    """Why this one stands, where it is not the leader; what a person has to do with it."""
    standing, lines = now["standing"], []
    if standing is None:
        return []
    if standing["because"]:
        lines.append(element("p", f"What stands: {text(standing['because'], 300)}."))
    sent = next((one for one in now["submissions"] if one["tag"] == standing["tag"]), None)
    if sent is None:
        lines.append(element("p", f"{text(standing['file'], 120)} waits to be sent."))
    elif state_text(sent, now["platform"]) == "written":
        lines.append(
            element(
                "p", f"Nothing was uploaded: the competition is a folder here. Upload outbox/{sent['tag']}.csv, then bring the "
                "score back: ", element("code", f"podium submit {text(now['campaign'], 300)} --tag {sent['tag']} --score S"), ".",
            )
        )  # fmt: skip
    return lines


def brought(facts: PageFacts) -> Html:
    """Notices, the untrusted pool beside the honest estimate, and how the proxy of an unknown score tracks it."""
    now = facts.now
    if not now["notices"] and not now["imported"] and not now["proxy"]:
        return EMPTY
    lines = element("ul", *(element("li", text(notice)) for notice in now["notices"])) if now["notices"] else EMPTY
    return section("Good to know", lines, _imported(now), _tracking(now))


def _imported(now: Mapping[str, Any]) -> Html:
    pool = now["imported"]
    if not pool:
        return EMPTY
    beside, honest = pool["blend"], now["blend"]
    weights = {} if beside is None else beside["weights"]
    rows = [
        (
            m["id"],
            text(m["name"], 80),
            m["state"],
            score_text(m["score"], m["stderr"]),
            f"{weights.get(m['id'], 0.0):.2f}",
        )
        for m in pool["members"]
    ]
    words = "" if beside is None or honest is None else (
        f"The honest estimate, of trusted members alone, is {score_text(honest['score'], honest['stderr'])}; with this pool "
        f"the blend shows {score_text(beside['score'], beside['stderr'])}, which nobody can vouch for."
    )  # fmt: skip
    return join(
        (
            element("h3", "Imported predictions (untrusted)"),
            element("p", words) if words else EMPTY,
            table(("id", "file", "state", "score on our folds", "weight"), rows, kinds="kmknn"),
        )
    )


def _tracking(now: Mapping[str, Any]) -> Html:
    found = now["proxy"]
    if not found:
        return EMPTY
    rows = [
        (t["proxy"], f"{t['tau']:.2f}", f"{t['low']:.2f} to {t['high']:.2f}", mark)
        for t, mark in [(found["current"], "optimised"), *((other, "") for other in found["others"])]
    ]
    heads = ("proxy", "Kendall’s tau with the score", "95 %", "")
    return join(
        (
            element("h3", f"How proxies rank the {found['n']} submissions whose score came back"),
            table(heads, rows, kinds="knnk"),
        )
    )


def learnings(facts: PageFacts) -> Html:
    rows = (
        (learning.id, text(learning.rule), text(learning.evidence), text(learning.applies_to, 60),
         "brought along" if round_ == 0 else f"round {round_}", f"{learning.support} : {learning.contradicted}")
        for round_, learning in facts.learnings[:MOST_LISTED]
    )  # fmt: skip
    heads = ("id", "rule", "evidence", "applies to", "from", "for : against")
    return section("Learnings", table(heads, rows, kinds="kttkkn"))


def seats(facts: PageFacts) -> Html:
    """Who played what; nothing where the built-in team played all of it."""
    rows = [
        (seat["role"], text(seat["seat"], 80), seat["briefs"], fell_back_text(seat) or "none", cost_text(seat))
        for seat in facts.now["seats"]
    ]
    heads = ("role", "seat", "briefs", "played by the built-in seat instead", "cost")
    return section("Who played", table(heads, rows, kinds="kmntt")) if rows else EMPTY


def estimate(facts: PageFacts) -> Html:
    """How much the figures can be trusted, and why."""
    data, competition = facts.data, facts.competition
    vault = f"{data.get('n_vault', 0):,} rows were held out from every role and every solution"
    tracked = facts.now["cv_vault"]
    reads = _reads([str(one["what"]) for one in facts.vault_reads])
    runs = ", ".join(f"{n} runs at level {text(level, 20)}" for level, n in facts.sandbox_levels.items())
    strategy = text(competition.get("cv_strategy") or "?", 40)
    paragraphs = [
        f"Each experiment’s score is out of fold: {data.get('n_folds', 0)} folds ({strategy}), dealt and "
        "scored by the engine; no process that ran a solution held a label of a row it was scored on. Decisions "
        "(thresholds, clipping, calibration) were fitted on the other folds.",
        "The blend’s score is nested: for each fold, weights were chosen on the other folds alone. The standard error is of that "
        "score on these rows; what the draw of the private test rows adds is in the expected private score’s interval.",
        f"Vault: {vault}. {reads}" if data.get("n_vault") else "Vault: none was cut, the data are too few.",
        f"CV and the vault: {text(tracked['message'], 300)}." if tracked else "CV and the vault: not compared yet.",
        f"Sandbox: {runs or 'no runs yet'}; this machine gives {facts.now['sandbox_level'] or 'an unmeasured level'}.",
    ]
    return section("How the estimate was made", *(element("p", paragraph) for paragraph in paragraphs))


def _reads(whats: Sequence[str]) -> str:
    """What the vault's labels were read for."""
    if not whats:
        return "They were not read yet."
    asked = sum(what == "blend" or what.startswith("choice") for what in whats)
    others = len(whats) - asked
    chosen = (
        f"{asked} finalists were scored there for one choice, the only decision that rests on them" if asked else ""
    )
    watched = f"{others} more reads watch whether out of fold tracks them, and decide nothing" if others else ""
    return f"Recorded reads: {len(whats)}. {'; '.join(filter(None, (chosen, watched)))}."


def rounds(facts: PageFacts) -> Html:
    fields = {"eda": "text", "research": "brief", "plan": "text", "review": "text", "revise": "text", "learn": "text",
              "retro": "text"}  # fmt: skip
    blocks = []
    for round_, steps in facts.texts:
        parts = []
        for phase, field in fields.items():
            found = steps.get(phase)
            if isinstance(found, dict) and isinstance(found.get(field), str) and found[field].strip():
                parts += [element("h3", phase), element("pre", found[field][:8000])]
        sent = steps.get("submit")
        if isinstance(sent, dict) and sent.get("reason"):
            parts += [
                element("h3", "what the engine sent"),
                element("pre", f"{sent.get('tag') or 'nothing'}: {sent['reason']}"),
            ]
        if parts:
            blocks.append(element("details", element("summary", f"Round {round_}"), *parts))
    return section("Rounds in the team’s words", *(blocks or [element("p", "None yet.", class_="soft")]))


def footer(facts: PageFacts) -> Html:
    return element("footer", f"Made by Podium from the registry of {text(facts.now['campaign'], 300)}.")


ALL: tuple[Callable[[PageFacts], Html], ...] = (
    heading, expected, scores, blend, asked, audited, families, correlations, errors, experiments,
    probes, descent, stopped, submissions, brought, learnings, seats, spent,
    estimate, rounds, footer,
)  # fmt: skip
