"""A dossier says what is known of a model; whoever changes a byte of it is found out."""

import json
import os
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from iris_ml.base.errors import IrisError
from iris_ml.trust.signature import SIGNATURE, SUMS, check_signature, find_changes, make_key, write_sums
from tests.fork_server import FORKED_PYTHON


def typed(folder, *words):
    """Type a command in a folder; gives its exit code and what it said."""
    program = "from iris_ml.cli.entry import main; main()"
    around = os.environ | {"IRIS_ML_PROGRESS": "false"}
    ended = subprocess.run([*FORKED_PYTHON, "-c", program, *words], cwd=folder, env=around, capture_output=True, text=True)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A folder with a trained model, a key pair and a signed dossier."""
    folder = tmp_path_factory.mktemp("handed")
    for words in ("run", "--quiet"), ("compile",), ("key", "team"), ("dossier", "--key", "team"):
        code, said = typed(folder, *words)
        assert code == 0, said
    return folder


@pytest.fixture
def dossier(signed, tmp_path):
    """A copy of the dossier that a test may change."""
    shutil.copytree(signed / "dossier", tmp_path / "dossier")
    return tmp_path / "dossier"


def test_a_dossier_that_nobody_changed_is_verified_and_says_who_signed_it(signed):
    assert typed(signed, "verify", "dossier", "--key", "team.pub") == (
        0,
        "All 9 files are as they were made, and signed by the owner of this key.\n",
    )
    signature = json.loads((signed / "dossier" / SIGNATURE).read_text())
    subjects = json.loads(b64decode(signature["dsseEnvelope"]["payload"]))["subject"]
    assert [each["name"] for each in subjects] == ["dossier"]
    code, said = typed(signed, "verify", "dossier", "--key", "none.pub")
    assert (code, said) == (
        2,
        "iris_ml: none.pub: it cannot be read: No such file or directory; name the file that ends in .pub.\n",
    )


def test_every_figure_names_the_result_that_it_follows_from(signed):
    card = json.loads((signed / "dossier" / "card.json").read_text())
    record = json.loads((signed / "dossier" / "record.json").read_text())
    figures = {each["name"]: each for each in card["figures"]}
    assert figures["accuracy"]["value"] == record["scores"]["accuracy"]
    assert figures["accuracy"]["key"] == record["steps"]["scores"]["key"]
    assert all(each["key"] for each in figures.values())
    page = (signed / "dossier" / "index.html").read_text()
    assert all(text in page for text in ("petal_width", record["id"], record["commit"], "onnxruntime"))


def test_the_packages_are_those_of_the_run(signed):
    bill = json.loads((signed / "dossier" / "packages.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    found = {each["name"].lower(): each["version"] for each in bill["components"]}
    assert {"pandas", "scikit_learn"} <= found.keys()


def test_every_flipped_byte_is_found_and_its_file_is_named(dossier):
    for file in sorted(dossier.iterdir()):
        content = file.read_bytes()
        for place in (0, len(content) // 2, len(content) - 1):
            file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            found = find_changes(dossier)
            assert found, (file.name, place)
            assert [*found] == [file.name], found
        file.write_bytes(content)
    assert not find_changes(dossier)


def test_new_digests_do_not_make_a_changed_file_right(dossier, signed):
    for file in sorted(dossier.iterdir()):
        if file.name in {SUMS, SIGNATURE}:
            continue
        content = file.read_bytes()
        file.write_bytes(content + b" ")
        write_sums(dossier)
        assert find_changes(dossier) == {file.name: "differs"}, "its signature says so without the key"
        with pytest.raises(IrisError, match=f"another {file.name}"):
            check_signature(dossier, signed / "team.pub")
        file.write_bytes(content)
    check_signature(dossier, signed / "team.pub")


@pytest.mark.parametrize("how", ["added", "a device", "two lines", "removed", "linked", "unsigned", "signed by somebody else"])
def test_what_happened_to_a_folder_is_said(dossier, signed, how, tmp_path):
    if how == "added":
        (dossier / "more.txt").touch()
        expected = "more.txt was added"
    elif how == "a device":
        os.mkfifo(dossier / "pipe")
        expected = "pipe was added"
    elif how == "two lines":
        (dossier / "more\nAll 7 files are as they were made").touch()
        expected = "more�All 7 files are as they were made was added"
    elif how == "removed":
        (dossier / "record.json").unlink()
        expected = "record.json is missing"
    elif how == "linked":
        (dossier / "notes.md").rename(tmp_path / "notes.md")
        (dossier / "notes.md").symlink_to(tmp_path / "notes.md")
        expected = "notes.md differs"
    elif how == "unsigned":
        (dossier / SIGNATURE).unlink()
        write_sums(dossier)
        expected = "it is not signed"
    else:
        make_key(tmp_path / "other")
        shutil.copy(tmp_path / "other.pub", tmp_path / "team.pub")
        expected = "no signature of these files by this key"
    key = tmp_path / "team.pub" if how == "signed by somebody else" else signed / "team.pub"
    code, said = typed(tmp_path, "verify", "dossier", "--key", str(key))
    assert (code, expected in said) == (2 if "signed" in how else 1, True), said


@pytest.mark.parametrize("how", ["the page is edited", "notes are a folder", "no key"])
def test_what_would_be_lost_is_said_and_kept(dossier, signed, how):
    to = signed / "kept"
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(dossier, to)
    words = ["dossier", "--to", "kept", "--key", "team"]
    if how == "the page is edited":
        (to / "index.html").write_text("<p>Seen by the board.</p>")
        expected = "kept: somebody changed index.html; move it away; only what is in notes.md stays"
    elif how == "notes are a folder":
        (to / "notes.md").unlink()
        (to / "notes.md").mkdir()
        (to / "notes.md" / "part.md").touch()
        expected = "kept/notes.md: it is a folder; move it away; notes are one file"
    else:
        del words[3:]
        expected = "kept: it is signed, and would not be any more; add --key, or remove signature.json first"
    before = sorted(to.rglob("*"))
    code, said = typed(signed, *words)
    assert (code, expected in said) == (2, True), said
    assert sorted(to.rglob("*")) == before


@pytest.mark.parametrize("content", [b"", b"0123", b"\0" * 100])
def test_broken_digests_are_said(dossier, content):
    (dossier / SUMS).write_bytes(content)
    assert find_changes(dossier) == {SUMS: "differs"}


def test_what_a_person_wrote_stays_and_the_folder_is_never_half_made(dossier, signed):
    shutil.rmtree(signed / "again", ignore_errors=True)
    shutil.copytree(dossier, signed / "again")
    (signed / "again" / "notes.md").write_text("## What it is for\n\nFor lessons, <b>not</b> for sales.\n")
    code, said = typed(signed, "dossier", "--to", "again", "--key", "team")
    assert code == 0, said
    page = (signed / "again" / "index.html").read_text()
    assert "For lessons, &lt;b&gt;not&lt;/b&gt; for sales." in page
    assert (signed / "again" / "notes.md").read_text().endswith("for sales.\n")
    (signed / "again" / "notes.md").write_bytes(b"\xff\xfe")
    code, said = typed(signed, "dossier", "--to", "again", "--key", "team")
    assert (code, "notes.md: it is no text in UTF-8" in said) == (2, True), said
    (signed / "again" / "photo.jpg").touch()
    before = sorted((signed / "again").iterdir())
    code, said = typed(signed, "dossier", "--to", "again", "--key", "team")
    assert (code, "another file, photo.jpg" in said, sorted((signed / "again").iterdir())) == (2, True, before)


def test_a_secret_key_stays_out_of_a_repository_and_nothing_is_replaced(tmp_path):
    subprocess.run(["git", "init", "--quiet", tmp_path / "code"], check=True)
    code, said = typed(tmp_path / "code", "key", "keys/team")
    assert (code, "does not belong in a repository" in said) == (2, True)
    assert not (tmp_path / "code" / "keys").exists()
    assert typed(tmp_path, "key", "team")[0] == 0
    secret = Path(tmp_path, "team").read_bytes()
    code, said = typed(tmp_path, "key", "team")
    assert (code, "there is a file already" in said, Path(tmp_path, "team").read_bytes()) == (2, True, secret)


def test_a_folder_that_is_none_and_a_model_that_is_none_are_sentences(tmp_path):
    for words in ("verify", "."), ("key", "."), ("dossier",), ("dossier", "nowhere.skops"):
        code, said = typed(tmp_path, *words)
        assert (code, said.count("\n")) == (2, 1), said
    assert not (tmp_path / "dossier").exists()
