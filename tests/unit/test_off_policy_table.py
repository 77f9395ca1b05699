"""Off-policy estimates of tables: what is read, which policies there are, what the command says and refuses."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from personalize.cli import main
from personalize.errors import EvidenceError
from personalize.learning.policies_table import judge, read_trial

OPTIONS = ["--arm", "mail", "--reward", "visit", "--propensity", "p"]


def mailing(n: int = 60_000, seed: int = 1) -> dict[str, np.ndarray]:
    """A randomised mailing: three arms with a third each; regulars visit more, and mail A suits them alone."""
    rng = np.random.default_rng(seed)
    regular, mail = rng.random(n) < 0.4, rng.integers(0, 3, n)
    chance = 0.1 + 0.1 * regular + np.where(mail == 0, np.where(regular, 0.1, -0.02), 0.0)
    return {"mail": np.array(["A", "B", "none"])[mail], "regular": regular.astype(int), "visit": rng.random(n) < chance}


def thinned(table: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The same, had a biased policy sent the mails: rows kept with a chance in proportion to that policy's."""
    regular = table["regular"] == 1
    p = np.select(
        [table["mail"] == "A", table["mail"] == "B"], [np.where(regular, 0.6, 0.15), np.where(regular, 0.2, 0.25)],
        np.where(regular, 0.2, 0.6),
    )  # fmt: skip
    kept = np.random.default_rng(seed).random(len(p)) < p / 0.6
    return {name: values[kept] for name, values in {**table, "p": p}.items()}


def written(path: Path, table: dict[str, np.ndarray]) -> Path:
    rows = zip(*(values.tolist() for values in table.values()), strict=True)
    lines = [",".join(table), *(",".join(str(int(v) if isinstance(v, bool) else v) for v in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def biased(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("tables") / "mails.csv", thinned(mailing(8_000), 0))


def test_a_thinned_trial_is_estimated_without_bias(tmp_path: Path) -> None:
    """Thirty worlds of their own: the truth is the population's, so coverage can be held to its level."""
    truth, errors, covered = {"A": 0.4 * 0.3 + 0.6 * 0.08, "B": 0.14}, [], []
    naive = []
    for seed in range(30):
        told = thinned(mailing(6_000, seed + 10), seed)
        trial = read_trial(written(tmp_path / "t.csv", told), "mail", "visit", "p")
        found = judge(trial, "A", "B", ["regular"])["estimates"]
        for method in ("ips", "snips", "dr"):
            one = found[method]["difference"]
            off = truth["A"] - truth["B"]
            errors.append(one["value"] - off)
            covered.append(one["interval"][0] <= off <= one["interval"][1])
        naive.append(told["visit"][told["mail"] == "A"].mean() - truth["A"])
    by_method = np.array(errors).reshape(30, 3)
    assert (np.abs(by_method.mean(axis=0)) < 3 * by_method.std(axis=0, ddof=1) / np.sqrt(30)).all()
    assert np.mean(covered) > 0.85
    assert np.mean(naive) > 5 * np.std(naive) / np.sqrt(30)  # what the mean of those who got it would say


def test_policies_by_name(biased: Path, tmp_path: Path) -> None:
    trial = read_trial(biased, "mail", "visit", "p")
    same = judge(trial, "logged", "logged")["estimates"]
    assert same["ips"]["policy"]["value"] == pytest.approx(trial.logged.reward.mean())
    assert same["dr"]["difference"]["interval"] == [0.0, 0.0]
    table = thinned(mailing(8_000), 0)
    table["learned"] = np.where(table["regular"] == 1, "A", "none")
    found = judge(read_trial(written(tmp_path / "l.csv", table), "mail", "visit", "p"), "learned", "uniform")
    assert found["estimates"]["dr"]["difference"]["interval"][0] > 0
    with pytest.raises(EvidenceError) as caught:
        judge(trial, "C", "A")
    assert caught.value.code == "POLICY_UNKNOWN"
    assert "A, B, none" in caught.value.message


def test_the_command(biased: Path, tmp_path: Path) -> None:
    packed = tmp_path / "mails.csv.gz"
    packed.write_bytes(gzip.compress(biased.read_bytes()))
    asked = ["evaluate", "--table", str(packed), *OPTIONS, "--policy", "A", "--against", "none", "--feature", "regular"]
    result = CliRunner().invoke(main, [*asked, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["policy"] == "A"
    assert set(found["estimates"]) == {"ips", "snips", "dr"}
    one = found["estimates"]["dr"]["difference"]
    assert one["interval"][0] < one["value"] < one["interval"][1]
    assert one["effective"] > 100
    assert "effective sample" in CliRunner().invoke(main, asked).output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--policy", "A"], "--against"),
        (["--policy", "A", "--against", "B"], "--events LOG or --table CSV"),
        (["--table", "T", "--policy", "A", "--against", "B"], "--arm, --reward and --propensity"),
        (["--table", "T", *OPTIONS[:-1], "q", "--policy", "A", "--against", "B"], "no column 'q'"),
        (["--table", "T", *OPTIONS, "--policy", "A", "--against", "B", "--feature", "x"], "no column 'x'"),
        (["--table", "T", *OPTIONS[:-1], "0.9", "--policy", "A", "--against", "B"], "PROPENSITIES_WRONG"),
        (["--events", "T", "--policy", "A", "--against", "shop_order"], "POLICY_UNKNOWN"),
        (["--events", "T", "--policy", "model", "--against", "shop_order"], "--model DIR"),
        (["--events", "T", "--policy", "random", "--against", "shop_order"], "NO_PROPENSITIES"),
        (["--events", "T"], "Missing option '--model'"),
        ([], "Missing option '--events'"),
    ],
)
def test_what_is_missing_or_wrong_is_named(biased: Path, options: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["evaluate", *(str(biased) if one == "T" else one for one in options)])
    assert result.exit_code != 0
    assert said in result.output + str(result.exception or "")


def test_a_table_too_small_is_refused(tmp_path: Path) -> None:
    small = {name: values[:250] for name, values in thinned(mailing(2_000), 0).items()}
    with pytest.raises(EvidenceError) as caught:
        judge(read_trial(written(tmp_path / "s.csv", small), "mail", "visit", "p"), "A", "B")
    assert caught.value.code == "SAMPLE_TOO_SMALL"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "TABLE_UNREADABLE"),
        ("mail,mail\n", "TABLE_UNREADABLE"),
        ("mail,visit,p\nA,1\n", "TABLE_UNREADABLE"),
        ("mail,visit,p\nA,yes,0.5\n", "TABLE_NUMBER"),
        ("mail,visit,p\nA,1,0\n", "EVIDENCE_PROPENSITY"),
        ("mail,visit,p\n" + "".join(f"{k},1,0.5\n" for k in range(60)), "TABLE_ARMS"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "t.csv").write_text(text, "utf-8")
    with pytest.raises(EvidenceError) as caught:
        read_trial(tmp_path / "t.csv", "mail", "visit", "p")
    assert caught.value.code == code
